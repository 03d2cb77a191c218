/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A host that gets any frames, and fragments that are near to what is right: what it gives to the
 * application lies in the frame or is a whole datagram, with a right checksum; datagrams in the
 * making are bounded and end with time, and a datagram of which each byte came once is complete.
 *
 *     byte 0     options
 *     the rest   steps: what (modulo 8), and what belongs to it; of a fragment, identification,
 *                offset, length, more to come
 */
#include "fuzz.h"
#include "traffic/engine/udp/host.h"

#define BYTES 65536u
#define IDS   4

struct fuzzed {
	struct xd_udp_host host;
	uint64_t now;
	const uint8_t *frame;
	uint32_t frame_len;
	uint64_t taken;
	uint8_t data[BYTES]; /* of all datagrams' payloads behind IP */
};

static void
take_datagram(void *ctx, const struct xd_udp_datagram *d)
{
	struct fuzzed *f = ctx;
	uint64_t sum = 0;

	f->taken++;
	MUST(d->len <= xd_udp_max(d->route.v6));
	if (d->payload >= f->frame && d->payload < f->frame + f->frame_len)
		MUST(d->payload + d->len <= f->frame + f->frame_len);
	for (uint32_t i = 0; i < d->len; i++)
		sum += d->payload[i]; /* it can be read */
	MUST(sum <= (uint64_t)d->len * 255);
}

static bool
no_more(void *ctx, struct xd_udp_sending *s)
{
	(void)ctx;
	(void)s;
	return false;
}

/* From memory of just that length. */
static void
arrive(struct fuzzed *f, const uint8_t *bytes, uint32_t len, uint8_t flags)
{
	uint8_t *copy = malloc(len);
	struct xd_arrival arrival = {
		.data = copy, .len = len, .now = f->now, .header = {.flags = flags}};

	MUST(copy != NULL);
	memcpy(copy, bytes, len);
	f->frame = copy;
	f->frame_len = len;
	f->host.sink.take(f->host.sink.ctx, &arrival);
	free(copy);
	f->frame = NULL;
}

static void
arrive_any(struct fuzzed *f, struct input *in)
{
	uint8_t frame[14 + 256], flags = take_u8(in) & 3;
	const uint32_t len = 14 + take_u8(in);

	take(in, frame, len);
	if (flags & 1) /* for this host */
		memcpy(frame, f->host.station.host.mac, 6);
	arrive(f, frame, len, flags);
}

static void
arrive_fragment(struct fuzzed *f, struct input *in)
{
	static uint8_t frame[BYTES + 100];
	const uint8_t what = take_u8(in);
	struct xd_ip_route route = {.v6 = what & 1, .from = {10, 0, 0, 1}};
	const struct xd_ip_fragment fragment = {
		take_u8(in) % IDS, (uint32_t)take_u16(in) & 0xfff8u, what & 2};
	uint32_t bytes = take_u16(in) & (what & 4 ? 0x1ffu : 0xffffu), at;

	if (what & 2)
		bytes &= ~7u;
	if (fragment.offset + bytes > BYTES)
		bytes = BYTES - fragment.offset;
	if (bytes > XD_IP_MAX - XD_IP_V4)
		bytes = XD_IP_MAX - XD_IP_V4;
	memcpy(route.mac_to, f->host.station.host.mac, 6);
	MUST(xd_respond_host_first(&f->host.station.host, route.v6, route.to));
	at = xd_ip_write_fragment(&route, IPPROTO_UDP, &fragment, bytes, frame);
	memcpy(frame + at, f->data + fragment.offset, bytes);
	arrive(f, frame, at + bytes, 0);
}

/* All of a datagram, from the last to the first, of an identification that nothing has come of. */
static void
arrive_whole(struct fuzzed *f, struct input *in)
{
	const uint32_t len = take_u16(in) % XD_UDP_MAX_V4, piece = 8 + 8 * (uint32_t)take_u8(in);
	const uint64_t done = xd_fragments_counts(f->host.fragments)->done;
	static uint8_t frame[4096];
	struct xd_ip_route route = {.from = {10, 0, 0, 9}};
	uint32_t at, from = (XD_UDP_HEADER + len - 1) / piece * piece;

	memcpy(route.mac_to, f->host.station.host.mac, 6);
	MUST(xd_respond_host_first(&f->host.station.host, false, route.to));
	if (from == 0)
		return;
	for (uint32_t end = XD_UDP_HEADER + len;; end = from, from -= piece) {
		const struct xd_ip_fragment fragment = {77, from, end < XD_UDP_HEADER + len};

		at = xd_ip_write_fragment(&route, IPPROTO_UDP, &fragment, end - from, frame);
		memcpy(frame + at, f->data + from, end - from);
		arrive(f, frame, at + end - from, 0);
		if (from == 0)
			break;
	}
	MUST(xd_fragments_counts(f->host.fragments)->done == done + 1);
}

static void
step(struct fuzzed *f, struct input *in)
{
	switch (take_u8(in) % 8) {
	case 0:
	case 1:
		arrive_any(f, in);
		break;
	case 2:
		f->now += take_u16(in);
		break;
	case 3:
		arrive_whole(f, in);
		break;
	default:
		arrive_fragment(f, in);
	}
	MUST(xd_fragments_pending(f->host.fragments) <= XD_FRAGMENTS_PACKETS);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzzed f;
	struct input in = {data, size};
	struct xd_udp_host_opts opts = {.addresses = "10.0.0.2,fd00::2",
		.max_frame = 1514,
		.on_wire = 1514,
		.tsc_hz = 100,
		.app = {take_datagram, no_more, &f}};

	f.data[0] = take_u8(&in);
	if (xd_udp_host_init(&f.host, &opts, NULL)) {
		xd_udp_host_fini(&f.host);
		return 0;
	}
	f.now = 1000;
	for (unsigned i = 0; in.left && i < 200; i++)
		step(&f, &in);
	xd_fragments_expire(f.host.fragments, f.now + 6001); /* a minute, of this clock */
	MUST(xd_fragments_pending(f.host.fragments) == 0);
	xd_udp_host_fini(&f.host);
	return 0;
}

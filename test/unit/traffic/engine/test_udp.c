/* SPDX-License-Identifier: BSD-3-Clause */
/* Two hosts that send each other datagrams, frame by frame: cut and put together, with faults and
 * without, and what a host does not take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "traffic/engine/message/pattern.h"
#include "traffic/engine/udp/host.h"
#include "traffic/engine/udp/talk.h"
#include "traffic/host/tsc.h"

#define FRAME    1514u
#define TSC_HZ   1e9
#define WIRE_MAX 65600u

/* A host, and what becomes of its datagrams. */
struct end {
	struct xd_udp_host host;
	struct xd_udp_sending sending;
	uint32_t to_send;
	uint32_t came;
	struct xd_udp_datagram last; /* but for the payload, which is here: */
	uint8_t payload[WIRE_MAX];
};

struct rig {
	struct xd_message_pattern *pattern;
	struct end a, b;
	uint8_t frame[WIRE_MAX];
	uint32_t len;
	struct virtio_net_hdr_v1 header;
};

static void
take(void *ctx, const struct xd_udp_datagram *d)
{
	struct end *e = ctx;

	e->came++;
	e->last = *d;
	memcpy(e->payload, d->payload, d->len);
}

static bool
next(void *ctx, struct xd_udp_sending *s)
{
	struct end *e = ctx;

	if (!e->to_send)
		return false;
	e->to_send--;
	*s = e->sending;
	return true;
}

static void
set_up_end(struct end *e, unsigned number, const char *addresses, uint32_t on_wire, bool csum,
	const struct xd_impair *impair)
{
	struct xd_udp_host_opts opts = {.addresses = addresses,
		.number = number,
		.max_frame = FRAME,
		.on_wire = on_wire,
		.csum = csum,
		.impair = impair,
		.tsc_hz = TSC_HZ,
		.app = {take, next, e}};

	xd_udp_host_fini(&e->host);
	assert_int_equal(xd_udp_host_init(&e->host, &opts, NULL), 0);
}

static int
set_up(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	r->pattern = xd_message_pattern_create();
	set_up_end(&r->a, 0, "10.0.0.1,fd00::1", FRAME, false, NULL);
	set_up_end(&r->b, 1, "10.0.0.2,fd00::2", FRAME, false, NULL);
	*state = r;
	return 0;
}

static int
tear_down(void **state)
{
	struct rig *r = *state;

	xd_udp_host_fini(&r->a.host);
	xd_udp_host_fini(&r->b.host);
	free(r->pattern);
	free(r);
	return 0;
}

/* n datagrams from a to b. */
static void
send_some(struct rig *r, bool v6, uint32_t len, uint32_t head, uint32_t n)
{
	struct xd_udp_sending *s = &r->a.sending;

	*s = (struct xd_udp_sending){.route = {.v6 = v6},
		.from_port = 1000,
		.to_port = 2000,
		.len = len,
		.head_len = head < len ? head : len,
		.rest = r->pattern->bytes};
	memcpy(s->route.mac_from, r->a.host.station.host.mac, 6);
	memcpy(s->route.mac_to, r->b.host.station.host.mac, 6);
	assert_true(xd_respond_host_first(&r->a.host.station.host, v6, s->route.from));
	assert_true(xd_respond_host_first(&r->b.host.station.host, v6, s->route.to));
	memset(s->head, 0xa5, sizeof(s->head));
	r->a.to_send = n;
}

/* The next frame of a's; false: there is none. */
static bool
leaves(struct rig *r)
{
	struct xd_source *source = &r->a.host.source;

	if (!source->ready(source->ctx, 1))
		return false;
	memset(&r->header, 0, sizeof(r->header));
	r->len = source->write(source->ctx, r->frame, WIRE_MAX, &r->header);
	assert_in_range(r->len, 60, r->a.host.opts.on_wire);
	return true;
}

static void
comes(struct rig *r)
{
	uint8_t *copy = malloc(r->len); /* for a sanitizer to see what is read */
	struct xd_arrival arrival = {.data = copy, .len = r->len, .header = r->header};

	memcpy(copy, r->frame, r->len);
	r->b.host.sink.take(r->b.host.sink.ctx, &arrival);
	free(copy);
}

/* Up to 1000 frames of nothing, for one that is held to go on. */
static unsigned
pass_all(struct rig *r)
{
	unsigned frames = 0;

	for (unsigned idle = 0; idle < 1100; idle++)
		while (leaves(r)) {
			comes(r);
			frames++;
			idle = 0;
		}
	return frames;
}

static void
check_last(const struct rig *r, uint32_t len, uint32_t head)
{
	const struct end *b = &r->b;
	uint8_t own[XD_UDP_HEAD_MAX];

	head = head < len ? head : len;
	memset(own, 0xa5, sizeof(own));
	assert_int_equal(b->last.len, len);
	assert_int_equal(b->last.from_port, 1000);
	assert_int_equal(b->last.to_port, 2000);
	assert_memory_equal(b->last.route.from, r->a.sending.route.from, XD_IP_ADDRESS);
	assert_memory_equal(b->payload, own, head);
	assert_memory_equal(b->payload + head, r->pattern->bytes, len - head);
}

/* ---- Lengths ---- */

static void
lengths(struct rig *r, bool v6, uint32_t on_wire, bool csum)
{
	const uint32_t whole = on_wire - XD_IP_ETH - (v6 ? 40 : 20) - XD_UDP_HEADER;
	const uint32_t part = (on_wire - XD_IP_ETH - (v6 ? 48 : 20)) & ~7u;
	const uint32_t lens[] = {0, 1, 7, 20, 21, whole - 1, whole, whole + 1, 2 * part - 8,
		2 * part - 7, 20001, 65000, xd_udp_max(v6)};
	const uint32_t heads[] = {0, 1, 16, 17, XD_UDP_HEAD_MAX};

	set_up_end(&r->a, 0, "10.0.0.1,fd00::1", on_wire, csum, NULL);
	for (unsigned i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		for (unsigned k = 0; k < sizeof(heads) / sizeof(heads[0]); k++) {
			const uint32_t came = r->b.came;
			unsigned frames;

			if (lens[i] > xd_udp_max(v6))
				continue;
			send_some(r, v6, lens[i], heads[k], 1);
			frames = pass_all(r);
			assert_int_equal(r->b.came, came + 1);
			assert_int_equal(frames,
				lens[i] <= whole ? 1 : (lens[i] + XD_UDP_HEADER + part - 1) / part);
			check_last(r, lens[i], heads[k]);
		}
	assert_int_equal(r->b.host.counts.wrong, 0);
}

static void
test_lengths(void **state)
{
	for (unsigned v6 = 0; v6 < 2; v6++) {
		lengths(*state, v6, FRAME, false);
		lengths(*state, v6, FRAME, true);
		lengths(*state, v6, 128, false);
		lengths(*state, v6, 9014, false);
		lengths(*state, v6, 65549, true); /* 65535 behind the Ethernet header */
	}
}

/* ---- Requests that nobody answers ---- */

/* As lost counts what was asked since the counts began, and no more than was sent. */
static void
test_asked_before(void **state)
{
	struct rig *r = *state;
	struct xd_timers timers;
	struct xd_udp_talk talk;
	const struct xd_udp_talk_opts opts = {.role = XD_UDP_ASKS,
		.message_bytes = 100,
		.longest = 1000,
		.streams = 1,
		.wait_s = 1e-6,
		.pattern = r->pattern,
		.tsc_hz = TSC_HZ,
		.timers = &timers,
		.host = &r->a.host};
	const struct xd_ip_route route = {0};
	struct xd_udp_sending sending;

	xd_timers_init(&timers, xd_tsc(), NULL);
	assert_int_equal(xd_udp_talk_init(&talk, &opts, NULL), 0);
	assert_int_equal(xd_udp_talk_open(&talk, &route, 1000, 2000), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(talk.app.next(talk.app.ctx, &sending));
		assert_false(talk.app.next(talk.app.ctx, &sending));
		if (i == 0)
			xd_udp_talk_reset(&talk);
		for (uint64_t until = xd_tsc() + (uint64_t)(1e-5 * TSC_HZ); xd_tsc() < until;)
			;
		xd_timers_advance(&timers, xd_tsc());
		assert_int_equal(talk.counts.sent, i);
		assert_int_equal(talk.counts.lost, i);
	}
	xd_udp_talk_fini(&talk);
}

/* ---- Faults ---- */

static void
test_lost_and_twice(void **state)
{
	const struct xd_impair impair = {.loss = 0.002, .dup = 0.01, .reorder = 0.05, .seed = 3};
	struct rig *r = *state;
	const uint32_t n = 500, len = 30000;

	set_up_end(&r->a, 0, "10.0.0.1", FRAME, false, &impair);
	send_some(r, false, len, 16, n);
	pass_all(r);
	assert_in_range(r->b.came, n / 2, n - 1);
	check_last(r, len, 16);
	assert_int_equal(r->b.host.counts.wrong, 0);
	assert_true(r->a.host.outbox.lost && r->a.host.outbox.duplicated);
	assert_true(xd_fragments_counts(r->b.host.fragments)->again > 0);
	assert_int_equal(xd_fragments_counts(r->b.host.fragments)->overlaps, 0);
	assert_int_equal(xd_fragments_counts(r->b.host.fragments)->done, r->b.came);
}

/* The same in what is received. */
static void
test_faults_received(void **state)
{
	const struct xd_impair impair = {
		.loss = 0.002, .dup = 0.01, .reorder = 0.05, .seed = 3, .direction = XD_IMPAIR_RX};
	struct rig *r = *state;
	const uint32_t n = 500, len = 30000;

	set_up_end(&r->b, 1, "10.0.0.2", FRAME, false, &impair);
	send_some(r, false, len, 16, n);
	pass_all(r);
	assert_in_range(r->b.came, n / 2, n - 1);
	check_last(r, len, 16);
	assert_int_equal(r->b.host.counts.wrong, 0);
	assert_true(r->b.host.impaired.lost && r->b.host.impaired.duplicated);
	assert_true(r->b.host.impaired.reordered > 0);
	assert_int_equal(r->b.host.outbox.lost, 0);
}

/* A byte that is another one, wherever it is: the datagram does not come. */
static void
test_damage(void **state)
{
	struct rig *r = *state;

	for (unsigned v6 = 0; v6 < 2; v6++) {
		const uint32_t headers = v6 ? 54 : 34;

		for (uint32_t at = headers; at < headers + 8 + 40; at++) {
			send_some(r, v6, 40, 16, 1);
			assert_true(leaves(r));
			r->frame[at] ^= 0x10;
			comes(r);
		}
		send_some(r, v6, 5000, 16, 1);
		while (leaves(r)) {
			r->frame[r->len - 1] ^= 1;
			comes(r);
		}
	}
	assert_int_equal(r->b.came, 0);
	assert_int_equal(r->b.host.counts.wrong, 2 * 48 + 2);
}

static void
test_checksum(void **state)
{
	struct rig *r = *state;

	send_some(r, false, 40, 16, 3);
	assert_true(leaves(r));
	r->frame[40] = r->frame[41] = 0; /* none: of IPv4 that may be */
	comes(r);
	assert_int_equal(r->b.came, 1);
	assert_true(leaves(r));
	r->frame[40] ^= 1;
	r->header.flags = VIRTIO_NET_HDR_F_DATA_VALID; /* a device says that it is right */
	comes(r);
	assert_int_equal(r->b.came, 2);
	assert_true(leaves(r));
	r->frame[24] ^= 1; /* of the IPv4 header */
	comes(r);
	assert_int_equal(r->b.came, 2);
	send_some(r, true, 40, 16, 1);
	assert_true(leaves(r));
	r->frame[60] = r->frame[61] = 0; /* of IPv6 there has to be one */
	comes(r);
	assert_int_equal(r->b.came, 2);
	assert_int_equal(r->b.host.counts.wrong, 2);
}

/* ---- What is not a datagram for this host ---- */

static void
test_lengths_that_lie(void **state)
{
	struct rig *r = *state;

	for (uint32_t len = 0; len < 100; len++) {
		send_some(r, false, 40, 16, 1);
		assert_true(leaves(r));
		xd_put16(r->frame + 38, len);
		r->frame[40] = r->frame[41] = 0;
		comes(r);
	}
	assert_int_equal(r->b.came, 41); /* 8 to 48: what is behind it is padding */
	assert_int_equal(r->b.host.counts.wrong, 59);
	for (uint32_t len = 14; len < 82; len++) { /* cut off */
		send_some(r, false, 40, 16, 1);
		assert_true(leaves(r));
		r->len = len;
		comes(r);
	}
	assert_int_equal(r->b.came, 41);
}

static void
test_other_hosts(void **state)
{
	struct rig *r = *state;

	send_some(r, false, 40, 16, 1);
	r->a.sending.route.mac_to[0] ^= 2;
	pass_all(r);
	send_some(r, false, 40, 16, 1);
	r->a.sending.route.to[3] ^= 4;
	pass_all(r);
	send_some(r, true, 4000, 16, 1);
	r->a.sending.route.to[15] ^= 4;
	pass_all(r);
	assert_int_equal(r->b.came, 0);
	assert_int_equal(r->b.host.counts.wrong, 0);
	assert_int_equal(xd_fragments_pending(r->b.host.fragments), 0);
}

/* RFC 6946: a fragment that is all there is, also when one of its identification waits for others.
 */
static void
test_fragment_alone(void **state)
{
	struct rig *r = *state;
	uint8_t whole[200];
	uint32_t len;

	send_some(r, true, 40, 16, 1);
	assert_true(leaves(r));
	len = r->len + 8;
	memcpy(whole, r->frame, 54);
	memcpy(whole + 62, r->frame + 54, r->len - 54);
	memset(whole + 54, 0, 8);
	whole[54] = IPPROTO_UDP;
	whole[20] = IPPROTO_FRAGMENT;
	xd_put16(whole + 18, len - 54);
	send_some(r, true, 4000, 16, 1);
	assert_true(leaves(r));
	comes(r);
	memcpy(whole + 58, r->frame + 58, 4);
	memcpy(r->frame, whole, len);
	r->len = len;
	comes(r);
	assert_int_equal(r->b.came, 1);
	check_last(r, 40, 16);
	assert_int_equal(xd_fragments_pending(r->b.host.fragments), 1);
	pass_all(r);
	assert_int_equal(r->b.came, 2);
	check_last(r, 4000, 16);
}

static void
test_way_back(void **state)
{
	struct rig *r = *state;
	struct xd_ip_route back;

	send_some(r, true, 40, 16, 1);
	pass_all(r);
	xd_udp_host_way_back(&r->b.host, &r->b.last, &back);
	assert_true(back.v6);
	assert_memory_equal(back.to, r->a.sending.route.from, XD_IP_ADDRESS);
	assert_memory_equal(back.from, r->a.sending.route.to, XD_IP_ADDRESS);
	assert_memory_equal(back.mac_to, r->a.host.station.host.mac, 6);
	assert_memory_equal(back.mac_from, r->b.host.station.host.mac, 6);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(lengths),
		TEST(asked_before),
		TEST(lost_and_twice),
		TEST(faults_received),
		TEST(damage),
		TEST(checksum),
		TEST(lengths_that_lie),
		TEST(other_hosts),
		TEST(fragment_alone),
		TEST(way_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

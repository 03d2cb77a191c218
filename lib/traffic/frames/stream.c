/* SPDX-License-Identifier: BSD-3-Clause */
/* The synthetic stream is set up: the frame that all flows share, and which of its fields differ
 * from flow to flow. */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <linux/virtio_net.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "traffic/frames/stream.h"
#include "traffic/frames/sum.h"

#define ETH_BYTES  14
#define IP_BYTES   20
#define UDP_BYTES  8
#define HEAD_BYTES (ETH_BYTES + IP_BYTES + UDP_BYTES)
#define PORT       9 /* discard, RFC 863 */
#define UDP        17
#define TCP        6
#define UDP_CSUM   6 /* byte of the header */
#define TCP_CSUM   16
#define TCP_ACK    0x10

static_assert(sizeof(struct virtio_net_hdr_v1) == XD_VIRTIO_HEADER, "virtio 1.2, 5.1.6");

static void
put_mac(uint8_t *at, uint32_t low)
{
	at[0] = 0x02; /* locally administered, unicast */
	at[1] = 0x58;
	xd_put16(at + 2, low >> 16);
	xd_put16(at + 4, low);
}

static void
write_headers(const struct xd_stream_opts *opts, uint8_t *frame)
{
	uint8_t *ip = frame + ETH_BYTES;
	uint8_t *l4 = ip + IP_BYTES;

	if (opts->broadcast)
		memset(frame, 0xff, 6);
	else
		put_mac(frame, xd_stream_mac_low(opts->to, 0));
	put_mac(frame + 6, xd_stream_mac_low(opts->from, 0));
	xd_put16(frame + 12, 0x0800);
	ip[0] = 0x45;
	xd_put16(ip + 2, opts->size - ETH_BYTES);
	ip[6] = 0x40; /* don't fragment */
	ip[8] = 64;
	ip[9] = opts->offload.tso ? TCP : UDP;
	ip[12] = 10;
	ip[13] = opts->from;
	ip[16] = 10;
	ip[17] = opts->to;
	ip[19] = 1;
	xd_put16(l4 + 2, PORT);
	if (!opts->offload.tso) {
		xd_put16(l4 + 4, opts->size - ETH_BYTES - IP_BYTES);
		return;
	}
	/* The acknowledgement number is where UDP's payload begins: the mark. */
	l4[7] = 1;     /* sequence number */
	l4[12] = 0x50; /* 20 bytes of header */
	l4[13] = TCP_ACK;
	xd_put16(l4 + 14, 0xffff); /* window */
}

/* Sum of the pseudo header (RFC 768, RFC 9293), as in memory. */
static uint16_t
pseudo_sum(const struct xd_stream *s)
{
	const uint8_t *ip = s->frame + ETH_BYTES;
	uint32_t l4_bytes = s->size - ETH_BYTES - IP_BYTES;

	return xd_sum(ip + 12, 8, (uint32_t)htons(s->tcp ? TCP : UDP) + htons((uint16_t)l4_bytes));
}

/* Both checksums, once everything else is written. */
static void
write_checksums(struct xd_stream *s)
{
	uint8_t *ip = s->frame + ETH_BYTES;
	uint16_t sum = (uint16_t)~xd_sum(ip, IP_BYTES, 0);

	memcpy(ip + 10, &sum, sizeof(sum));
	sum = (uint16_t)~xd_sum(ip + IP_BYTES, s->size - ETH_BYTES - IP_BYTES, pseudo_sum(s));
	if (sum == 0) /* would say "no checksum" */
		sum = 0xffff;
	memcpy(ip + IP_BYTES + UDP_CSUM, &sum, sizeof(sum));
}

/* The IPv4 header's checksum alone, and a virtio-net header that says what is left to be done. */
static void
leave_checksum(struct xd_stream *s, const struct xd_stream_offload *offload)
{
	struct virtio_net_hdr_v1 header = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.csum_start = ETH_BYTES + IP_BYTES,
		.csum_offset = offload->tso ? TCP_CSUM : UDP_CSUM,
	};
	uint8_t *ip = s->frame + ETH_BYTES;
	uint16_t sum = (uint16_t)~xd_sum(ip, IP_BYTES, 0);

	memcpy(ip + 10, &sum, sizeof(sum));
	if (offload->tso && s->size > XD_STREAM_TCP_HEAD + (uint32_t)offload->mss) {
		header.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		header.gso_size = offload->mss;
		header.hdr_len = XD_STREAM_TCP_HEAD;
	}
	memcpy(s->header, &header, sizeof(header));
}

/* Zero where each frame's own fields are put in. */
static void
clear_what_varies(struct xd_stream *s)
{
	static const struct {
		uint8_t at, bytes;
	} l4[] = {{18, 2}, {28, 2}, {34, 2}, {46, 4}};
	bool unfinished = s->vary == XD_VARY_L4_UNFINISHED;

	if (s->vary == XD_VARY_MACS)
		memset(s->frame + 2, 0, 4);
	if (s->vary == XD_VARY_MACS || s->vary == XD_VARY_SOURCE_MAC)
		memset(s->frame + 8, 0, 4);
	for (unsigned i = 0; i < 3 && (s->vary == XD_VARY_L4 || unfinished); i++)
		memset(s->frame + l4[i].at, 0, l4[i].bytes);
	if (s->vary == XD_VARY_L4)
		memset(s->frame + l4[3].at, 0, l4[3].bytes);
	if (unfinished)
		memset(s->frame + ETH_BYTES + IP_BYTES + (s->tcp ? TCP_CSUM : UDP_CSUM), 0, 2);
}

static int
check(const struct xd_stream_opts *opts, struct xd_error *err)
{
	if (opts->size < XD_STREAM_MIN || opts->size > XD_STREAM_MAX)
		return xd_fail(err, -EINVAL, "size %u: frames have %u to %u bytes", opts->size,
			XD_STREAM_MIN, XD_STREAM_MAX);
	if (opts->flows == 0 || opts->flows > XD_STREAM_FLOWS_MAX)
		return xd_fail(err, -EINVAL, "flows %u: 1 to %u", opts->flows, XD_STREAM_FLOWS_MAX);
	return 0;
}

static enum xd_stream_vary
what_varies(const struct xd_stream_opts *opts)
{
	if (opts->flows == 1)
		return XD_VARY_NOTHING;
	if (opts->flow_kind == XD_FLOW_L4)
		return opts->offload.csum || opts->offload.tso ? XD_VARY_L4_UNFINISHED : XD_VARY_L4;
	return opts->broadcast ? XD_VARY_SOURCE_MAC : XD_VARY_MACS;
}

/* Payload, mark and headers, without what differs from flow to flow. */
static void
fill(struct xd_stream *s, const struct xd_stream_opts *opts)
{
	uint32_t magic = XD_STREAM_MAGIC;
	uint32_t payload = HEAD_BYTES + sizeof(magic);

	memcpy(s->frame + HEAD_BYTES, &magic, sizeof(magic));
	for (uint32_t i = s->tcp ? XD_STREAM_TCP_HEAD : payload; i < s->size; i++)
		s->frame[i] = (uint8_t)i;
	write_headers(opts, s->frame);
	s->vary = what_varies(opts);
}

int
xd_stream_init(struct xd_stream *s, const struct xd_stream_opts *opts, struct xd_error *err)
{
	int rc = check(opts, err);

	memset(s, 0, sizeof(*s));
	if (rc)
		return rc;
	s->size = opts->size;
	s->lines = xd_lines(opts->size);
	s->flows = opts->flows;
	s->tcp = opts->offload.tso;
	s->source_mac = xd_stream_mac_low(opts->from, 0);
	s->destination_mac = xd_stream_mac_low(opts->to, 0);
	/* A line more: payload alone is read in whole lines, too. */
	s->frame = aligned_alloc(XD_LINE, ((size_t)s->lines + 1) * XD_LINE);
	if (!s->frame)
		return xd_fail(err, -ENOMEM, "no memory for a frame of %u bytes", opts->size);
	memset(s->frame, 0, ((size_t)s->lines + 1) * XD_LINE);
	fill(s, opts);
	if (opts->offload.csum || opts->offload.tso) {
		s->pseudo = pseudo_sum(s);
		*(xd_line *)s->frame = xd_stream_first_line(s, 0, XD_VARY_L4_UNFINISHED);
		leave_checksum(s, &opts->offload);
	} else {
		memset(s->frame + 46, 0, 4);
		*(xd_line *)s->frame = xd_stream_first_line(s, 0, XD_VARY_L4);
		write_checksums(s);
	}
	clear_what_varies(s);
	return 0;
}

int
xd_stream_init_list(
	struct xd_stream *s, const struct xd_list_stream_opts *opts, struct xd_error *err)
{
	memset(s, 0, sizeof(*s));
	s->list = xd_list_stream_create(opts);
	return s->list ? 0 : xd_fail(err, -ENOMEM, "no memory for a stream's flows");
}

void
xd_stream_fini(struct xd_stream *s)
{
	xd_list_stream_destroy(s->list);
	free(s->frame);
	memset(s, 0, sizeof(*s));
}

uint32_t
xd_stream_write_any(struct xd_stream *s, uint8_t *dst, enum xd_touch touch)
{
	if (s->list)
		return xd_list_stream_write(s->list, &s->schedule, dst, touch == XD_TOUCH_FULL);
	xd_stream_write(s, dst, touch, s->vary);
	return s->size;
}

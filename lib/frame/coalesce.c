/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs of segments, each judged by the one before it, and what they come to. */
#include <rte_common.h>

#include "base/bytes.h"
#include "frame/coalesce.h"
#include "frame/copy.h"

#define IPV4_BYTES    20 /* without options */
#define IPV4_LENGTH   2  /* offsets in the headers */
#define IPV4_ID       4
#define IPV4_FRAGMENT 6
#define IPV4_CHECKSUM 10
#define IPV6_BYTES    40
#define IPV6_LENGTH   4
#define TCP_SEQUENCE  4
#define TCP_FLAGS     13

/* Bytes of headers that are compared; with two tags they have 122 at most. */
#define HEADERS_MAX (2u * XD_COPY_LINE)

#define IPV4_DF  0x40 /* in the first byte of fragment offset and flags */
#define FLAG_FIN 0x01
#define FLAG_PSH 0x08
#define FLAG_ACK 0x10
#define FLAG_ECE 0x40

/* Frames that follow each other. */
struct run {
	struct xd_frame *first;
	struct xd_frame *whole; /* NULL: there is but the first */
	struct xd_headers h;    /* the first's, and all others' */
	bool ended;             /* nothing continues it */
	bool summed;            /* the first one's checksums were found right, or need not be */
	bool fixed_id;          /* all have the first one's identification */
	uint8_t flags;          /* of all */
	uint16_t n;
	uint16_t ip_varies;        /* IPv4: varying_sum() */
	uint32_t size;             /* bytes of payload of all but the last */
	uint32_t len;              /* bytes of the whole */
	uint8_t mask[HEADERS_MAX]; /* bits of the headers that are the same; set from the second on
				    */
};

static uint8_t
flags_of(const struct run *run, const uint8_t *data)
{
	return data[run->h.l4 + TCP_FLAGS];
}

/* ---- Whether a frame can be one of several ---- */

/* Of an IPv4 header, the sum of what is not the same in all: where the rest is, equal sums are
 * equally right checksums. Sums that differ by 0xffff are equal: RFC 1071, 1. */
static uint16_t
varying_sum(const uint8_t *ip)
{
	return (uint16_t)(((uint32_t)xd_get16(ip + IPV4_LENGTH) + xd_get16(ip + IPV4_ID) +
				  xd_get16(ip + IPV4_CHECKSUM)) %
			  0xffff);
}

/* What is behind IP's length is no payload: padding of a short frame. */
static bool
is_length_right(const struct run *run, struct xd_frame *f)
{
	const uint8_t *ip = xd_frame_data(f) + run->h.l3;
	const uint32_t len = f->len - run->h.l3;

	return xd_headers_is_ipv6(&run->h) ? xd_get16(ip + IPV6_LENGTH) == len - IPV6_BYTES
					   : xd_get16(ip + IPV4_LENGTH) == len;
}

/* Its checksum is TCP's own and still to be finished; or there is nothing to be done. */
static bool
is_offload_plain(const struct run *run, const struct xd_frame *f)
{
	if (!(f->offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return true;
	return f->offload.gso_type == VIRTIO_NET_HDR_GSO_NONE && xd_offload_start(f) == run->h.l4 &&
	       f->offload.csum_offset == XD_TCP_CSUM_OFFSET;
}

static bool
is_checksum_right(const struct run *run, struct xd_frame *f)
{
	if (f->offload.flags)
		return true;
	return xd_frame_sum(f, run->h.l4, f->len - run->h.l4, xd_offload_pseudo(f, &run->h)) ==
	       0xffff;
}

/* Also IPv4's, by which those of the others are judged. */
static bool
is_first_right(const struct run *run)
{
	struct xd_frame *f = run->first;

	return (xd_headers_is_ipv6(&run->h) ||
		       xd_frame_sum(f, run->h.l3, IPV4_BYTES, 0) == 0xffff) &&
	       is_checksum_right(run, f);
}

/* Begins anew with a frame, which others may continue unless it says that the run has ended. */
static void
begin(struct run *run, struct xd_frame *f, const struct xd_coalesce_rules *rules)
{
	struct xd_headers *h = &run->h;
	uint8_t need, flags;
	bool ipv6;

	run->ended = true;
	run->whole = NULL;
	if (f->len > rules->max_frame || !xd_headers_parse_segment(f, h) || xd_headers_is_udp(h))
		return;
	ipv6 = xd_headers_is_ipv6(h);
	need = XD_OFFLOAD_CSUM | (ipv6 ? XD_OFFLOAD_TSO6 : XD_OFFLOAD_TSO4);
	flags = flags_of(run, xd_frame_data(f));
	if ((rules->takes & need) != need || h->l4 - h->l3 != (ipv6 ? IPV6_BYTES : IPV4_BYTES) ||
		h->payload > HEADERS_MAX || f->len < h->payload + (uint32_t)XD_GSO_SIZE_MIN ||
		!(flags & FLAG_ACK) ||
		flags & ~(FLAG_ACK | FLAG_ECE | (rules->pushed ? FLAG_PSH : 0)) ||
		!is_offload_plain(run, f) || !is_length_right(run, f))
		return;
	run->first = f;
	run->ended = run->summed = run->fixed_id = false;
	run->flags = flags;
	run->n = 1;
	run->size = f->len - h->payload;
	run->len = f->len;
	if (!ipv6)
		run->ip_varies = varying_sum(xd_frame_data(f) + h->l3);
}

/* ---- Whether it continues those before it ---- */

static void
make_mask(struct run *run)
{
	uint8_t *ip = run->mask + run->h.l3, *tcp = run->mask + run->h.l4;

	memset(run->mask, 0xff, run->h.payload);
	memset(run->mask + run->h.payload, 0, sizeof(run->mask) - run->h.payload);
	if (xd_headers_is_ipv6(&run->h)) {
		xd_put16(ip + IPV6_LENGTH, 0);
	} else {
		xd_put16(ip + IPV4_LENGTH, 0);
		xd_put16(ip + IPV4_ID, 0);
		xd_put16(ip + IPV4_CHECKSUM, 0);
	}
	xd_put32(tcp + TCP_SEQUENCE, 0);
	tcp[TCP_FLAGS] = (uint8_t) ~(FLAG_FIN | FLAG_PSH);
	xd_put16(tcp + XD_TCP_CSUM_OFFSET, 0);
}

/* Adds where two headers differ in a line from `at` on. */
static inline void
add_difference(
	xd_line *differs, const struct run *run, const uint8_t *a, const uint8_t *b, uint32_t at)
{
	*differs |= (*(const xd_line *)(a + at) ^ *(const xd_line *)(b + at)) &
		    *(const xd_line *)(run->mask + at);
}

static bool
are_headers_same(struct run *run, const uint8_t *a, const uint8_t *b)
{
	xd_line differs = {0};
	uint64_t any = 0;

	if (run->n == 1)
		make_mask(run);
	add_difference(&differs, run, a, b, 0);
	if (run->h.payload > XD_COPY_LINE)
		add_difference(&differs, run, a, b, run->h.payload - XD_COPY_LINE);
	for (unsigned i = 0; i < XD_COPY_LINE / 8; i++)
		any |= differs[i];
	return any == 0;
}

/* IPv4's checksum and identification. The second one says whether those count up or stay. */
static bool
follows_by_ip(struct run *run, const uint8_t *a, const uint8_t *b)
{
	const uint8_t *first = a + run->h.l3, *ip = b + run->h.l3;
	uint16_t by;

	if (xd_headers_is_ipv6(&run->h))
		return true;
	by = (uint16_t)(xd_get16(ip + IPV4_ID) - xd_get16(first + IPV4_ID));
	if (run->n == 1)
		run->fixed_id = by == 0 && (first[IPV4_FRAGMENT] & IPV4_DF);
	return by == (run->fixed_id ? 0 : run->n) && varying_sum(ip) == run->ip_varies;
}

static bool
continues(struct run *run, struct xd_frame *f)
{
	const uint8_t *a = xd_frame_data(run->first), *b = xd_frame_data(f);
	const uint32_t header = run->h.payload, payload = f->len - header;

	if (f->head_len < header || payload - 1 >= run->size ||
		run->len + payload > XD_COALESCED_MAX || !is_offload_plain(run, f))
		return false;
	if (xd_get32(b + run->h.l4 + TCP_SEQUENCE) !=
			xd_get32(a + run->h.l4 + TCP_SEQUENCE) + run->len - header ||
		!are_headers_same(run, a, b) || !is_length_right(run, f) ||
		!follows_by_ip(run, a, b))
		return false;
	run->summed = run->summed || is_first_right(run);
	return run->summed && is_checksum_right(run, f);
}

/* ---- The whole ---- */

/* Whether the whole has room for where its payload lies. */
static bool
has_room(const struct xd_coalesced *c, const struct run *run, const struct xd_frame *f)
{
	const unsigned before = run->whole ? run->whole->nb_segs : run->first->nb_segs;
	const unsigned need = f->nb_segs + 1;

	return before + need <= UINT8_MAX &&
	       c->nb_segs + need + (run->whole ? 0 : before) <= RTE_DIM(c->segs);
}

/* What of a frame lies behind its first bytes, behind what the whole has already. */
static void
add_segs(struct xd_coalesced *c, struct xd_frame *whole, struct xd_frame *f, uint32_t from)
{
	const uint16_t begin = c->nb_segs;

	if (f->head_len > from)
		c->segs[c->nb_segs++] =
			(struct xd_seg){xd_frame_data(f) + from, f->head_len - from};
	for (unsigned i = 0; i < f->nb_segs; i++)
		c->segs[c->nb_segs++] = f->segs[i];
	whole->nb_segs += (uint8_t)(c->nb_segs - begin);
}

/* The first, as it is but for what finish() writes. */
static void
begin_whole(struct xd_coalesced *c, struct run *run)
{
	struct xd_frame *f = run->first, *whole = &c->wholes[c->nb_wholes++];

	xd_frame_init(whole, f->len, f->head_len, 0);
	whole->start = f->start;
	whole->dirty = true;
	whole->route = f->route;
	whole->segs = &c->segs[c->nb_segs];
	memcpy(xd_frame_data(whole), xd_frame_data(f), f->head_len);
	add_segs(c, whole, f, f->head_len);
	run->whole = whole;
	c->frames[c->n - 1] = whole;
}

static bool
add(struct xd_coalesced *c, struct run *run, struct xd_frame *f)
{
	if (!has_room(c, run, f))
		return false;
	if (!run->whole)
		begin_whole(c, run);
	add_segs(c, run->whole, f, run->h.payload);
	run->n++;
	run->len += f->len - run->h.payload;
	run->flags |= flags_of(run, xd_frame_data(f));
	return true;
}

/* Headers and offload of a run that is a frame now. */
static void
finish(struct run *run)
{
	struct xd_frame *whole = run->whole;
	const uint16_t l3 = run->h.l3, l4 = run->h.l4;
	const bool ipv6 = xd_headers_is_ipv6(&run->h);
	uint8_t *data = xd_frame_data(whole);
	uint16_t sum;

	whole->len = run->len;
	if (ipv6) {
		xd_put16(data + l3 + IPV6_LENGTH, whole->len - l3 - IPV6_BYTES);
	} else {
		xd_put16(data + l3 + IPV4_LENGTH, whole->len - l3);
		xd_put16(data + l3 + IPV4_CHECKSUM, 0);
		sum = (uint16_t)~xd_frame_sum(whole, l3, IPV4_BYTES, 0);
		memcpy(data + l3 + IPV4_CHECKSUM, &sum, sizeof(sum));
	}
	data[l4 + TCP_FLAGS] = run->flags;
	sum = xd_offload_pseudo(whole, &run->h);
	memcpy(data + l4 + XD_TCP_CSUM_OFFSET, &sum, sizeof(sum));
	whole->offload.csum_start = (uint16_t)(l4 + whole->start - XD_HEADROOM);
	whole->offload.csum_offset = XD_TCP_CSUM_OFFSET;
	whole->offload.gso_size = (uint16_t)run->size;
	whole->offload.gso_type = ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
	whole->offload.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
}

/* Whether the frame that was added last is the last of its run. */
static bool
is_last(const struct run *run, const struct xd_frame *f, const struct xd_coalesce_rules *rules)
{
	return f->len - run->h.payload < run->size ||
	       run->flags & (FLAG_FIN | (rules->pushed ? 0 : FLAG_PSH));
}

void
xd_coalesce(struct xd_coalesced *c, struct xd_frame *const *frames, uint16_t n,
	const struct xd_coalesce_rules *rules)
{
	struct run run = {.ended = true};

	c->n = c->nb_wholes = c->nb_segs = 0;
	for (uint16_t i = 0; i < n; i++) {
		struct xd_frame *f = frames[i];

		if (!run.ended && continues(&run, f) && add(c, &run, f)) {
			run.ended = is_last(&run, f, rules);
			continue;
		}
		if (run.whole)
			finish(&run);
		c->first[c->n] = i;
		c->frames[c->n++] = f;
		begin(&run, f, rules);
	}
	if (run.whole)
		finish(&run);
}

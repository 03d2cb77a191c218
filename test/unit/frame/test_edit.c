/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes of frames: bounds of editing and looking, and checksums of what was rewritten against those
 * that are computed anew. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "frame/edit.h"
#include "frame/offload.h"
#include "frame/rewrite.h"

#define L3    14
#define BYTES 90

static void
fill(struct xd_frame *f, bool ipv6, uint8_t proto, uint32_t seed)
{
	uint8_t *d = f->buf + XD_HEADROOM;
	const uint16_t ip_len = ipv6 ? 40 : 20, payload = BYTES - L3 - ip_len;

	memset(f, 0, sizeof(*f));
	xd_frame_init(f, BYTES, BYTES, 0);
	srand(seed);
	for (unsigned i = 0; i < BYTES; i++)
		d[i] = (uint8_t)rand();
	d[12] = ipv6 ? 0x86 : 8;
	d[13] = ipv6 ? 0xdd : 0;
	if (ipv6) {
		d[L3] = 0x60;
		d[L3 + 4] = 0;
		d[L3 + 5] = (uint8_t)payload;
		d[L3 + 6] = proto;
	} else {
		d[L3] = 0x45;
		d[L3 + 2] = 0;
		d[L3 + 3] = BYTES - L3;
		d[L3 + 6] = d[L3 + 7] = 0;
		d[L3 + 9] = proto;
	}
	d[L3 + ip_len + 12] = 0x50; /* TCP: no options */
	if (proto == 17) {
		d[L3 + ip_len + 4] = 0;
		d[L3 + ip_len + 5] = (uint8_t)payload;
	}
}

static uint16_t
fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static void
put(uint8_t *at, uint16_t word)
{
	memcpy(at, &word, 2);
}

static unsigned
checksum_at(const struct xd_headers *h)
{
	return h->l4 + (h->l4_kind == XD_L4_TCP ? 16u : h->l4_kind == XD_L4_UDP ? 6u : 2u);
}

/* Of the pseudo-header: RFC 9293, 3.1; RFC 8200, 8.1. */
static uint32_t
pseudo(struct xd_frame *f, const struct xd_headers *h)
{
	const bool ipv6 = xd_headers_is_ipv6(h);
	const uint32_t tail = (uint32_t)(h->proto + f->len - h->l4) << 8;

	return xd_frame_sum(f, h->l3 + (ipv6 ? 8u : 12u), ipv6 ? 32 : 8, tail & 0xffff);
}

/* Both checksums, computed. */
static void
finish(struct xd_frame *f, const struct xd_headers *h, bool unfinished)
{
	uint8_t *d = xd_frame_data(f);

	if (!xd_headers_is_ipv6(h)) {
		put(d + h->l3 + 10, 0);
		put(d + h->l3 + 10, (uint16_t)~fold(xd_frame_sum(f, h->l3, 20, 0)));
	}
	put(d + checksum_at(h), 0);
	if (unfinished) {
		put(d + checksum_at(h), fold(pseudo(f, h)));
		return;
	}
	put(d + checksum_at(h),
		(uint16_t)~fold(xd_frame_sum(f, h->l4, f->len - h->l4, pseudo(f, h))));
	if (h->l4_kind == XD_L4_UDP && !d[checksum_at(h)] && !d[checksum_at(h) + 1])
		put(d + checksum_at(h), 0xffff);
}

/* What the rewriting is to come to, but for checksums. */
static void
write_plainly(struct xd_frame *f, const struct xd_headers *h, const struct xd_rewrite *r)
{
	const bool ipv6 = xd_headers_is_ipv6(h);
	const unsigned len = ipv6 ? 16 : 4;
	uint8_t *d = xd_frame_data(f), *src = d + L3 + (ipv6 ? 8 : 12);

	if (r->what & XD_REWRITE_SRC)
		memcpy(src, r->src, len);
	if (r->what & XD_REWRITE_DST)
		memcpy(src + len, r->dst, len);
	if (r->what & XD_REWRITE_SRC_PORT)
		put(d + h->l4, r->src_port);
	if (r->what & XD_REWRITE_DST_PORT)
		put(d + h->l4 + 2, r->dst_port);
	f->dirty = true;
}

/* All four of IPv4 at once, as another frame has them. */
static void
rewrite_whole(struct xd_frame *f, const struct xd_headers *h, struct xd_frame *like)
{
	uint64_t addresses;
	uint32_t ports;

	memcpy(&addresses, xd_frame_data(like) + L3 + 12, sizeof(addresses));
	memcpy(&ports, xd_frame_data(like) + h->l4, sizeof(ports));
	xd_frame_rewrite_ipv4(f, h, addresses, ports);
}

static void
rewrite_one(bool ipv6, uint8_t proto, bool unfinished, uint32_t what, uint32_t seed)
{
	struct xd_rewrite r = {.what = what, .src_port = (uint16_t)seed, .dst_port = 0x1234};
	struct xd_frame f, expected, whole;
	struct xd_headers h;

	fill(&f, ipv6, proto, seed);
	xd_headers_parse(&f, &h);
	assert_true(h.l4_kind == XD_L4_TCP || h.l4_kind == XD_L4_UDP || h.l4_kind == XD_L4_ICMPV6);
	for (unsigned i = 0; i < 16; i++) {
		r.src[i] = (uint8_t)rand();
		r.dst[i] = (uint8_t)(seed * i);
	}
	finish(&f, &h, unfinished);
	if (unfinished) {
		f.offload.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		f.offload.csum_start = h.l4;
		f.offload.csum_offset = (uint16_t)(checksum_at(&h) - h.l4);
	}
	expected = whole = f;
	assert_int_equal(xd_frame_rewrite(&f, &h, &r), 0);
	write_plainly(&expected, &h, &r);
	finish(&expected, &h, unfinished);
	assert_memory_equal(&f, &expected, sizeof(f));
	if (ipv6)
		return;
	rewrite_whole(&whole, &h, &expected);
	assert_memory_equal(&whole, &expected, sizeof(whole));
}

static void
rewrites_with_checksums(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed < 200; seed++) {
		for (unsigned kind = 0; kind < 8; kind++)
			rewrite_one(kind & 1, kind & 2 ? 17 : 6, kind & 4, seed % 16, seed);
		rewrite_one(true, 58, false, seed % 4, seed);
	}
}

/* A frame to be segmented: every segment of what was rewritten has its checksums right. */
static void
rewrites_what_is_to_be_segmented(void **state)
{
	static uint8_t body[5000];
	const struct xd_rewrite r = {
		.what = XD_REWRITE_SRC | XD_REWRITE_DST | XD_REWRITE_SRC_PORT | XD_REWRITE_DST_PORT,
		.src_port = 0x3412,
		.dst_port = 0x7856,
		.src = {10, 1, 2, 3, 99, 4, 7},
		.dst = {192, 0, 2, 77, 1, 2, 3, 4},
	};
	const struct xd_seg seg = {body, sizeof(body)};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const uint32_t ip_len = i ? 40 : 20, l4 = L3 + ip_len;
		const uint32_t addresses = i ? 32 : 8, at = L3 + (i ? 8 : 12);
		struct xd_offload_request request = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			.gso_type = i ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4,
			.gso_size = 1000,
			.csum_start = (uint16_t)l4,
			.csum_offset = XD_TCP_CSUM_OFFSET};
		struct xd_segmenter s;
		struct xd_headers h;
		struct xd_frame f, *part;
		uint32_t len;
		uint16_t sum;

		fill(&f, i, 6, 11);
		f.segs = &seg;
		f.nb_segs = 1;
		f.len += sizeof(body);
		len = f.len - l4;
		/* The pseudo-header's sum, as a sender leaves it. */
		sum = (uint16_t)xd_frame_sum(
			&f, at, addresses, (uint32_t)(6u << 8) + (uint16_t)(len >> 8 | len << 8));
		memcpy(f.buf + XD_HEADROOM + l4 + XD_TCP_CSUM_OFFSET, &sum, 2);
		assert_int_equal(xd_offload_check(&f, &request, UINT8_MAX), 0);
		xd_headers_parse(&f, &h);
		assert_int_equal(xd_frame_rewrite(&f, &h, &r), 0);
		assert_int_equal(xd_segment_begin(&s, &f), 0);
		assert_int_equal(s.nb_segments, 6);
		while ((part = xd_segment_next(&s))) {
			assert_memory_equal(xd_frame_data(part) + at, r.src, i ? 16 : 4);
			assert_memory_equal(xd_frame_data(part) + l4, &r.src_port, 2);
			if (!i)
				assert_int_equal(xd_frame_sum(part, L3, 20, 0), 0xffff);
			len = part->len - l4;
			sum = (uint16_t)xd_frame_sum(part, at, addresses,
				(uint32_t)(6u << 8) + (uint16_t)(len >> 8 | len << 8));
			assert_int_equal(xd_frame_sum(part, l4, len, sum), 0xffff);
		}
	}
}

static void
rewrites_what_there_is(void **state)
{
	static const uint8_t none[2];
	const struct xd_rewrite ports = {.what = XD_REWRITE_SRC_PORT},
				src = {.what = XD_REWRITE_SRC};
	struct xd_frame f;
	struct xd_headers h;

	(void)state;
	/* UDP without a checksum stays without. */
	fill(&f, false, 17, 1);
	xd_headers_parse(&f, &h);
	put(xd_frame_data(&f) + h.l4 + 6, 0);
	assert_int_equal(xd_frame_rewrite(&f, &h, &ports), 0);
	assert_memory_equal(xd_frame_data(&f) + h.l4 + 6, none, 2);
	/* A later fragment has addresses and no ports. */
	fill(&f, false, 17, 1);
	xd_frame_data(&f)[L3 + 7] = 8;
	xd_headers_parse(&f, &h);
	assert_int_equal(xd_frame_rewrite(&f, &h, &ports), -EINVAL);
	assert_int_equal(xd_frame_rewrite(&f, &h, &src), 0);
	assert_memory_equal(xd_frame_data(&f) + L3 + 12, src.src, 4);
	fill(&f, false, 132, 1);
	xd_headers_parse(&f, &h);
	assert_int_equal(xd_frame_rewrite(&f, &h, &ports), -ENOTSUP);
	xd_frame_data(&f)[12] = 0x88;
	xd_headers_parse(&f, &h);
	assert_int_equal(xd_frame_rewrite(&f, &h, &src), -EINVAL);
}

static void
stays_in_bounds(void **state)
{
	static const uint8_t one[] = {1, 2, 3}, two[] = {4, 5};
	const struct xd_seg segs[] = {{one, 3}, {two, 2}};
	struct xd_frame f;
	uint8_t to[8] = {0};

	(void)state;
	fill(&f, false, 6, 1);
	f.segs = segs;
	f.nb_segs = 2;
	f.len = BYTES + 5;
	assert_ptr_equal(xd_frame_edit(&f, BYTES - 4, 4), xd_frame_data(&f) + BYTES - 4);
	assert_true(f.dirty);
	assert_null(xd_frame_edit(&f, BYTES - 4, 5));
	assert_null(xd_frame_edit(&f, UINT32_MAX, 2));
	assert_null(xd_frame_edit(&f, 2, UINT32_MAX));
	assert_int_equal(xd_frame_peek(&f, BYTES - 1, to, 6), 0);
	assert_memory_equal(to + 1, "\1\2\3\4\5", 5);
	assert_int_equal(to[0], xd_frame_data(&f)[BYTES - 1]);
	assert_int_equal(xd_frame_peek(&f, BYTES + 3, to, 2), 0);
	assert_memory_equal(to, two, 2);
	assert_int_equal(xd_frame_peek(&f, BYTES + 3, to, 3), -EINVAL);
	assert_int_equal(xd_frame_peek(&f, UINT32_MAX, to, 2), -EINVAL);
	assert_int_equal(xd_frame_peek(&f, BYTES + 5, to, 0), 0);
}

static uint32_t
sum_before(const uint8_t *at, uint32_t len)
{
	uint32_t sum = 0;
	uint16_t word;

	for (uint32_t i = 0; i < len; i += 2) {
		word = at[i];
		if (i + 1 < len)
			memcpy(&word, at + i, 2);
		sum += word;
	}
	return fold(sum);
}

/* An ICMP error about UDP, or TCP, from 10.0.0.1 to 10.0.0.2, whose sender is translated: however
 * much of it lies in the snapshot, all that is needed or nothing is written. */
static void
rewrites_inside_icmp_errors(void **state)
{
	const struct xd_rewrite r = {.what = XD_REWRITE_SRC | XD_REWRITE_SRC_PORT,
		.src = {10, 9, 8, 7},
		.src_port = 0x1234};
	const struct xd_rewrite id = {.what = XD_REWRITE_ICMP_ID, .src_port = 0x1234};
	uint8_t before[BYTES];
	struct xd_headers h;
	struct xd_frame f;

	(void)state;
	for (uint8_t head = L3 + 28; head <= BYTES; head++) {
		for (unsigned proto = 0; proto < 256; proto++) {
			const bool whole = head >= L3 + 28 + 28 && (proto == 6 || proto == 17);
			uint8_t *d = f.buf + XD_HEADROOM, *inner = d + L3 + 28;

			fill(&f, false, 1, proto);
			d[L3 + 20] = 3;
			inner[0] = 0x45;
			inner[6] = inner[7] = 0;
			inner[9] = (uint8_t)proto;
			f.head_len = head;
			xd_headers_parse(&f, &h);
			memcpy(before, d, BYTES);
			assert_int_equal(xd_frame_rewrite_inner(&f, &h, &r), whole ? 0 : -EINVAL);
			assert_int_equal(xd_frame_rewrite(&f, &h, &id), -EINVAL);
			if (!whole) {
				assert_memory_equal(d, before, BYTES);
				continue;
			}
			assert_memory_equal(inner + 12, r.src, 4);
			assert_memory_equal(inner + 20, &r.src_port, 2);
			assert_memory_equal(d + head, before + head, BYTES - head);
			/* The error's checksum has moved by what has changed, and by no more. */
			assert_int_equal(
				fold(xd_frame_sum(&f, L3 + 20, head - L3 - 20u, 0)) % 0xffff,
				sum_before(before + L3 + 20, head - L3 - 20u) % 0xffff);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rewrites_with_checksums),
		cmocka_unit_test(rewrites_what_is_to_be_segmented),
		cmocka_unit_test(rewrites_what_there_is),
		cmocka_unit_test(rewrites_inside_icmp_errors),
		cmocka_unit_test(stays_in_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

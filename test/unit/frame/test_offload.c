/* SPDX-License-Identifier: BSD-3-Clause */
/* Checksums and segmentation in software, against a reference that goes byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bridge/vlan.h"
#include "frame/offload.h"

#define ROUNDS     400
#define FRAME_MAX  65550u
#define PIECES_MAX 255u
#define ALL                                                                                        \
	(XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4 | XD_OFFLOAD_TSO6 | XD_OFFLOAD_ECN | XD_OFFLOAD_USO4 |  \
		XD_OFFLOAD_USO6)

/* ---- The reference ---- */

/* RFC 1071 as it is written: words of two bytes, high byte first. */
static uint32_t
reference_sum(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void
put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static uint32_t
random_below(uint32_t n)
{
	return (uint32_t)(((uint64_t)random() << 20 ^ (uint64_t)random()) % n);
}

static void
random_bytes(uint8_t *p, size_t len)
{
	while (len-- != 0)
		*p++ = (uint8_t)random();
}

/* ---- Frames ---- */

/* What a frame is made of, as the test knows it without looking into it. */
struct shape {
	bool ipv6, udp;
	unsigned tags;
	unsigned ip_options;  /* bytes */
	bool hop_by_hop;      /* IPv6 extension headers */
	bool routing;         /* with an address still to be visited, which the checksum is over */
	unsigned dst_options; /* bytes */
	unsigned tcp_options;
	uint8_t tcp_flags;
	uint32_t payload;
};

struct sample {
	struct shape shape;
	uint16_t l3, l4, end; /* as the frame was received */
	uint32_t len;
	uint8_t *data; /* the whole frame */
	struct xd_seg segs[PIECES_MAX];
	struct xd_frame frame;
};

static uint32_t
pseudo_sum(const struct shape *shape, const uint8_t *ip, uint32_t l4_len)
{
	uint32_t sum = (shape->udp ? 17 : 6) + l4_len;

	if (!shape->ipv6)
		return reference_sum(ip + 12, 8, sum);
	sum = reference_sum(ip + 8, 16, sum);
	if (shape->routing)
		return reference_sum(ip + 40 + (shape->hop_by_hop ? 8 : 0) + 8, 16, sum);
	return reference_sum(ip + 24, 16, sum);
}

static unsigned
write_ipv4(const struct shape *shape, uint8_t *ip, uint32_t l4_len)
{
	unsigned bytes = 20 + shape->ip_options;

	random_bytes(ip, bytes);
	ip[0] = (uint8_t)(0x40 | bytes / 4);
	put16(ip + 2, bytes + l4_len);
	put16(ip + 6, 0x4000);
	ip[9] = shape->udp ? 17 : 6;
	put16(ip + 10, 0);
	put16(ip + 10, ~reference_sum(ip, bytes, 0));
	return bytes;
}

static unsigned
write_ipv6(const struct shape *shape, uint8_t *ip, uint32_t l4_len)
{
	uint8_t *next = ip + 6;
	unsigned at = 40;

	random_bytes(ip, 40);
	ip[0] = 0x60 | (ip[0] & 0x0f);
	if (shape->hop_by_hop) {
		random_bytes(ip + at, 8);
		*next = 0;
		next = ip + at;
		ip[at + 1] = 0;
		at += 8;
	}
	if (shape->routing) {
		random_bytes(ip + at, 24);
		*next = 43;
		next = ip + at;
		memcpy(ip + at + 1, "\x02\x02\x01", 3); /* RFC 6275, 6.4 */
		at += 24;
	}
	if (shape->dst_options != 0) {
		random_bytes(ip + at, shape->dst_options);
		*next = 60;
		next = ip + at;
		ip[at + 1] = (uint8_t)(shape->dst_options / 8 - 1);
		at += shape->dst_options;
	}
	*next = shape->udp ? 17 : 6;
	put16(ip + 4, at - 40 + l4_len);
	return at;
}

/* The frame in one piece, with the sum of its pseudo-header where its checksum will be. */
static void
write_frame(struct sample *s, const struct shape *shape)
{
	unsigned l4_bytes = shape->udp ? 8 : 20 + shape->tcp_options;
	uint32_t l4_len = l4_bytes + shape->payload;
	uint8_t *p, *l4;

	s->shape = *shape;
	s->data = malloc(200 + shape->payload);
	assert_non_null(s->data);
	p = s->data;
	random_bytes(p, 12);
	for (unsigned i = 0; i < shape->tags; i++) {
		put16(p + 12 + 4 * i, i + 1 == shape->tags ? 0x8100 : 0x88a8);
		random_bytes(p + 14 + 4 * i, 2);
	}
	s->l3 = (uint16_t)(14 + 4 * shape->tags);
	put16(p + s->l3 - 2, shape->ipv6 ? 0x86dd : 0x0800);
	s->l4 = (uint16_t)(s->l3 + (shape->ipv6 ? write_ipv6(shape, p + s->l3, l4_len)
						: write_ipv4(shape, p + s->l3, l4_len)));
	l4 = p + s->l4;
	random_bytes(l4, l4_len);
	if (shape->udp) {
		put16(l4 + 4, l4_len);
	} else {
		l4[12] = (uint8_t)(l4_bytes / 4 << 4 | (l4[12] & 0x0f));
		l4[13] = shape->tcp_flags;
	}
	put16(l4 + (shape->udp ? 6 : 16), pseudo_sum(shape, p + s->l3, l4_len));
	s->end = (uint16_t)(s->l4 + l4_bytes);
	s->len = s->end + shape->payload;
}

/* As a port would receive it: a snapshot, and pieces wherever they are. */
static void
lend(struct sample *s)
{
	uint32_t head = s->len < XD_HEAD ? s->len : XD_HEAD;
	uint32_t at = head, n = 0, mean = 1 + random_below(s->len);

	memset(&s->frame, 0x5a, sizeof(s->frame));
	for (; at < s->len && n < PIECES_MAX; n++) {
		uint32_t len = random_below(4) == 0 ? random_below(2) : 1 + random_below(mean);

		if (len > s->len - at || n + 1 == PIECES_MAX)
			len = s->len - at;
		s->segs[n] = (struct xd_seg){s->data + at, len};
		at += len;
	}
	assert_int_equal(at, s->len);
	xd_frame_init(&s->frame, s->len, (uint8_t)head, (uint8_t)n);
	memcpy(s->frame.buf + XD_HEADROOM, s->data, head);
	s->frame.segs = s->segs;
	s->frame.route = xd_frame_route(7, 5);
	s->frame.tagged = s->shape.tags != 0;
}

static struct sample *
make(const struct shape *shape)
{
	struct sample *s = aligned_alloc(64, (sizeof(*s) + 63) / 64 * 64);

	assert_non_null(s);
	write_frame(s, shape);
	lend(s);
	return s;
}

static void
discard(struct sample *s)
{
	free(s->data);
	free(s);
}

static struct xd_offload_request
request_of(const struct sample *s, uint16_t gso_size)
{
	struct xd_offload_request request = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_size = gso_size,
		.csum_start = s->l4,
		.csum_offset = s->shape.udp ? 6 : 16,
	};

	if (gso_size == 0)
		return request;
	request.gso_type = s->shape.udp    ? VIRTIO_NET_HDR_GSO_UDP_L4
			   : s->shape.ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6
					   : VIRTIO_NET_HDR_GSO_TCPV4;
	if (!s->shape.udp && s->shape.tcp_flags & 0x80)
		request.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	return request;
}

/* Of any kind whose headers lie in the head. */
static struct shape
random_shape(uint32_t payload_max)
{
	struct shape shape;

	do {
		shape = (struct shape){
			.ipv6 = random_below(2),
			.udp = random_below(2),
			.tags = random_below(3),
			.tcp_flags = (uint8_t)random(),
			.payload = random_below(payload_max),
		};
		if (!shape.udp)
			shape.tcp_options = 4 * random_below(11);
		if (!shape.ipv6)
			shape.ip_options = 4 * random_below(11);
		if (shape.ipv6 && random_below(2) == 0) {
			shape.hop_by_hop = random_below(2);
			shape.routing = random_below(2);
			shape.dst_options = 8 * random_below(3);
		}
	} while (14 + 4 * shape.tags + shape.ip_options + 20 + (shape.ipv6 ? 20 : 0) +
				 (shape.hop_by_hop ? 8 : 0) + (shape.routing ? 24 : 0) +
				 shape.dst_options + (shape.udp ? 8 : 20 + shape.tcp_options) >
			 XD_HEAD ||
		 shape.payload > FRAME_MAX - XD_HEAD);
	return shape;
}

/* What the bridge may do to a tag; returns the bytes that the headers moved by. */
static int
edit_tag(struct sample *s)
{
	switch (random_below(3)) {
	case 0:
		xd_vlan_push(&s->frame, 77);
		return 4;
	case 1:
		if (s->shape.tags == 0)
			return 0;
		xd_vlan_pop(&s->frame);
		return -4;
	default:
		return 0;
	}
}

static uint8_t *
gather(struct xd_frame *f)
{
	uint8_t *data = malloc(f->len);

	assert_non_null(data);
	xd_frame_gather(f, data);
	return data;
}

/* ---- Sums ---- */

static void
test_sum(void **state)
{
	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct shape shape = random_shape(round % 2 ? 300 : 20000);
		struct sample *s = make(&shape);
		uint32_t offset = random_below(s->len), len = random_below(s->len - offset + 1);
		uint32_t before = (uint32_t)random(), got, want;

		got = xd_frame_sum(&s->frame, offset, len, before);
		assert_true(got <= 0xffff);
		/* The reference is in the other byte order, which changes nothing else. */
		want = reference_sum(s->data + offset, len,
			__builtin_bswap16((uint16_t)before) +
				(uint32_t)__builtin_bswap16((uint16_t)(before >> 16)));
		assert_int_equal(__builtin_bswap16((uint16_t)got) % 0xffff, want % 0xffff);
		assert_int_equal(got == 0, want == 0);
		discard(s);
	}
}

/* Words of all ones carry the most. */
static void
test_sum_carries(void **state)
{
	static uint8_t ones[UINT16_MAX];
	struct xd_seg seg = {ones, sizeof(ones)};
	struct xd_frame f __attribute__((aligned(64))) = {.segs = &seg};

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	xd_frame_init(&f, sizeof(ones), 0, 1);
	assert_int_equal(xd_frame_sum(&f, 0, sizeof(ones) - 1, 0), 0xffff);
	assert_int_equal(xd_frame_sum(&f, 1, sizeof(ones) - 1, UINT32_MAX), 0xffff);
	assert_int_equal(xd_frame_sum(&f, 0, sizeof(ones), 0), 0x00ff);
	assert_int_equal(xd_frame_sum(&f, 0, 0, 0), 0);
	assert_int_equal(xd_frame_sum(&f, sizeof(ones), 10, 0), 0);
}

/* ---- Checksums ---- */

/* The checksum of a frame in one piece, over pseudo-header and all: 0xffff when it is right. */
static uint32_t
whole_sum(const struct sample *s, const uint8_t *data, uint32_t len, int moved)
{
	uint32_t l4_len = len - s->l4 - (uint32_t)moved;

	return reference_sum(
		data + s->l4 + moved, l4_len, pseudo_sum(&s->shape, data + s->l3 + moved, l4_len));
}

static void
test_finish(void **state)
{
	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct shape shape = random_shape(round % 2 ? 200 : FRAME_MAX);
		struct sample *s = make(&shape);
		struct xd_offload_request request = request_of(s, 0);
		struct xd_frame *f = &s->frame;
		uint32_t field = request.csum_start + request.csum_offset;
		uint8_t *data;
		int moved;

		assert_int_equal(xd_offload_check(f, &request, XD_OFFLOAD_CSUM), 0);
		assert_int_equal(f->offload.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
		assert_int_equal(xd_offload_needs(f->offload), XD_OFFLOAD_CSUM);
		moved = edit_tag(s);
		assert_int_equal(xd_offload_start(f), s->l4 + moved);
		assert_int_equal(xd_offload_header_bytes(f), s->l4 + moved);
		f->dirty = false;
		assert_int_equal(xd_frame_finish_checksum(f), 0);
		assert_true(f->dirty);
		assert_int_equal(f->offload.word, 0);
		assert_int_equal(f->len, s->len + (uint32_t)moved);
		data = gather(f);
		assert_int_equal(whole_sum(s, data, f->len, moved), 0xffff);
		/* Nothing else has changed. */
		memcpy(s->data + field, data + field + moved, 2);
		assert_memory_equal(data + s->l3 + moved, s->data + s->l3, s->len - s->l3);
		free(data);
		discard(s);
	}
}

/* A UDP checksum that comes out as zero is sent as all ones; a TCP checksum stays. */
static void
test_finish_zero(void **state)
{
	(void)state;
	for (unsigned udp = 0; udp < 2; udp++) {
		struct shape shape = {.udp = udp, .payload = 10};
		struct sample *s = make(&shape);
		struct xd_offload_request request = request_of(s, 0);
		uint32_t sum = reference_sum(s->data + s->l4, s->len - s->l4, 0);
		uint8_t *word = s->data + s->end, *field = s->data + s->l4 + (udp ? 6 : 16);

		put16(word, get16(word) + (0xffff - sum) +
				    (get16(word) + (0xffff - sum) > 0xffff ? 1 : 0));
		assert_int_equal(reference_sum(s->data + s->l4, s->len - s->l4, 0), 0xffff);
		lend(s);
		assert_int_equal(xd_offload_check(&s->frame, &request, ALL), 0);
		assert_int_equal(xd_frame_finish_checksum(&s->frame), 0);
		xd_frame_gather(&s->frame, s->data);
		assert_int_equal(get16(field), udp ? 0xffff : 0);
		discard(s);
	}
}

static void
test_finish_refused(void **state)
{
	struct shape shape = {.payload = 1000};
	struct sample *s = make(&shape);
	struct xd_offload_request request = request_of(s, 0);
	struct xd_frame *f = &s->frame, before;

	(void)state;
	request.csum_start = 100;
	request.csum_offset = XD_HEAD - 1 - 100; /* half of the field lies behind the head */
	assert_int_equal(xd_offload_check(f, &request, ALL), 0);
	before = *f;
	assert_int_equal(xd_frame_finish_checksum(f), -1);
	assert_memory_equal(f, &before, sizeof(before));
	request.csum_offset--;
	assert_int_equal(xd_offload_check(f, &request, ALL), 0);
	assert_int_equal(xd_frame_finish_checksum(f), 0);
	/* A frame to be segmented has no checksum of its own. */
	request = request_of(s, 100);
	assert_int_equal(xd_offload_check(f, &request, ALL), 0);
	before = *f;
	assert_int_equal(xd_frame_finish_checksum(f), -1);
	assert_memory_equal(f, &before, sizeof(before));
	/* Nor has one without offloads anything to be written. */
	f->offload = (union xd_offload){.flags = VIRTIO_NET_HDR_F_DATA_VALID};
	before = *f;
	assert_int_equal(xd_frame_finish_checksum(f), 0);
	assert_memory_equal(f, &before, sizeof(before));
	assert_int_equal(xd_offload_needs(f->offload), 0);
	assert_int_equal(xd_offload_header_bytes(f), 0);
	discard(s);
}

/* ---- Segments ---- */

static void
check_ip(const struct sample *s, const uint8_t *ip, const uint8_t *was, uint32_t len, uint32_t i)
{
	uint32_t bytes = s->l4 - s->l3;

	if (s->shape.ipv6) {
		assert_int_equal(get16(ip + 4), len - 40);
		assert_memory_equal(ip, was, 4);
		assert_memory_equal(ip + 6, was + 6, bytes - 6);
		return;
	}
	assert_int_equal(get16(ip + 2), len);
	assert_int_equal(get16(ip + 4), (uint16_t)(get16(was + 4) + i));
	assert_int_equal(reference_sum(ip, bytes, 0), 0xffff);
	assert_memory_equal(ip, was, 2);
	assert_memory_equal(ip + 6, was + 6, 4);
	assert_memory_equal(ip + 12, was + 12, bytes - 12);
}

static void
check_tcp(const struct sample *s, const uint8_t *tcp, uint32_t sent, bool first, bool last)
{
	const uint8_t *was = s->data + s->l4;
	uint8_t flags = was[13];

	if (!first)
		flags &= 0x7f;
	if (!last)
		flags &= 0xf6;
	assert_int_equal(get32(tcp + 4), get32(was + 4) + sent);
	assert_int_equal(tcp[13], flags);
	assert_memory_equal(tcp, was, 4);
	assert_memory_equal(tcp + 8, was + 8, 5);
	assert_memory_equal(tcp + 14, was + 14, 2);
	assert_memory_equal(tcp + 18, was + 18, s->end - s->l4 - 18u);
}

/* One segment in one piece. */
static void
check_segment(const struct sample *s, const uint8_t *data, uint32_t len, uint32_t i, uint32_t sent,
	uint32_t gso_size, int moved)
{
	const uint8_t *l4 = data + s->l4 + moved;
	uint32_t payload = len - s->end - (uint32_t)moved;
	bool last = sent + payload == s->shape.payload;

	assert_true(payload != 0);
	assert_true(payload == gso_size || (last && payload < gso_size));
	check_ip(s, data + s->l3 + moved, s->data + s->l3, len - s->l3 - (uint32_t)moved, i);
	if (s->shape.udp) {
		assert_int_equal(get16(l4 + 4), payload + 8);
		assert_int_not_equal(get16(l4 + 6), 0);
		assert_memory_equal(l4, s->data + s->l4, 4);
	} else {
		check_tcp(s, l4, sent, i == 0, last);
	}
	assert_int_equal(whole_sum(s, data, len, moved), 0xffff);
	assert_memory_equal(data + s->end + moved, s->data + s->end + sent, payload);
}

/* Cuts the frame and puts it together again. */
static void
expect_segmented(struct sample *s, uint32_t gso_size, int moved)
{
	struct xd_segmenter *segmenter = aligned_alloc(64, (sizeof(*segmenter) + 63) / 64 * 64);
	const struct xd_frame whole = s->frame;
	uint32_t nb = (s->shape.payload + gso_size - 1) / gso_size, sent = 0, i = 0;
	struct xd_frame *f;

	assert_non_null(segmenter);
	memset(segmenter, 0xa5, sizeof(*segmenter));
	assert_int_equal(xd_segment_begin(segmenter, &s->frame), 0);
	assert_int_equal(segmenter->header_bytes, s->end + moved);
	assert_int_equal(segmenter->nb_segments, nb);
	while ((f = xd_segment_next(segmenter)) != NULL) {
		uint8_t *data = gather(f);
		uint32_t in_pieces = 0;

		for (unsigned k = 0; k < f->nb_segs; k++)
			in_pieces += f->segs[k].len;
		assert_int_equal(f->head_len + in_pieces, f->len);
		assert_true(f->start + f->head_len <= (int)sizeof(f->buf));
		assert_int_equal(f->offload.word, 0);
		assert_true(f->dirty);
		assert_null(f->mbuf);
		assert_int_equal(f->route, whole.route);
		assert_memory_equal(
			data, whole.buf + whole.start, (size_t)(s->l3 + moved)); /* Ethernet */
		check_segment(s, data, f->len, i, sent, gso_size, moved);
		sent += f->len - s->end - (uint32_t)moved;
		i++;
		free(data);
		/* The receiver may do as it likes with a segment. */
		if (i % 3 == 0)
			xd_vlan_push(f, 9);
		if (i % 3 == 1)
			memset(f, 0xcc, sizeof(*f));
	}
	assert_int_equal(sent, s->shape.payload);
	assert_int_equal(i, nb);
	assert_null(xd_segment_next(segmenter));
	assert_memory_equal(&s->frame, &whole, sizeof(whole));
	free(segmenter);
}

static void
expect_cut(const struct shape *shape, uint16_t gso_size)
{
	struct sample *s = make(shape);
	struct xd_offload_request request = request_of(s, gso_size);
	int moved;

	assert_int_equal(xd_offload_check(&s->frame, &request, ALL), 0);
	moved = edit_tag(s);
	if (shape->payload <= gso_size) {
		assert_int_equal(s->frame.offload.gso_type, VIRTIO_NET_HDR_GSO_NONE);
		assert_int_equal(s->frame.offload.gso_size, 0);
		assert_int_equal(xd_offload_needs(s->frame.offload), XD_OFFLOAD_CSUM);
		assert_int_equal(xd_offload_header_bytes(&s->frame), s->l4 + moved);
	} else {
		assert_int_equal(s->frame.offload.gso_type, request.gso_type);
		assert_int_equal(xd_offload_header_bytes(&s->frame), s->end + moved);
		expect_segmented(s, gso_size, moved);
	}
	discard(s);
}

static void
test_segments(void **state)
{
	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint32_t payload_max = round % 4 == 0 ? FRAME_MAX : round % 4 == 1 ? 5000 : 500;
		struct shape shape = random_shape(payload_max);
		uint32_t least = shape.payload / (XD_SEGMENTS_MAX - 1) + 1;
		uint32_t gso_size = least + random_below(shape.payload + 2);

		if (gso_size < 8)
			gso_size = 8;
		expect_cut(&shape, (uint16_t)(gso_size > 65000 ? 65000 : gso_size));
	}
}

/* The ends of the ranges. */
static void
test_segment_limits(void **state)
{
	const struct {
		struct shape shape;
		uint16_t gso_size;
	} cases[] = {
		{{.payload = FRAME_MAX - 15 - 40}, 65000},
		{{.ipv6 = true, .payload = FRAME_MAX - 14 - 60}, 65000},
		{{.ipv6 = true, .udp = true, .tags = 2, .payload = FRAME_MAX - 22 - 48}, 65000},
		{{.payload = 8 * XD_SEGMENTS_MAX}, 8},
		{{.udp = true, .payload = 8 * XD_SEGMENTS_MAX}, 8},
		{{.payload = 9, .tcp_flags = 0xff}, 8},
		{{.payload = 1}, 8},
		{{.payload = 0}, 8},
		{{.payload = 1460}, 1460},
		{{.payload = 1461}, 1460},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned k = 0; k < 6; k++)
			expect_cut(&cases[i].shape, cases[i].gso_size);
	}
}

/* As many pieces as a frame can have, and bytes of payload in the head before them. */
static void
test_segments_of_many_pieces(void **state)
{
	struct shape shape = {.payload = XD_HEAD - 54 + PIECES_MAX + 1};
	struct sample *s = make(&shape);
	struct xd_offload_request request = request_of(s, (uint16_t)(shape.payload - 1));

	(void)state;
	for (uint32_t i = 0; i < PIECES_MAX; i++)
		s->segs[i] = (struct xd_seg){s->data + XD_HEAD + i, 1};
	s->segs[PIECES_MAX - 1].len = 2;
	s->frame.nb_segs = PIECES_MAX;
	assert_int_equal(xd_offload_check(&s->frame, &request, ALL), 0);
	expect_segmented(s, request.gso_size, 0);
	discard(s);
}

/* A UDP segment whose checksum comes out as zero. */
static void
test_segment_zero_checksum(void **state)
{
	struct shape shape = {.udp = true, .payload = 20};
	struct sample *s = make(&shape);
	struct xd_offload_request request = request_of(s, 10);
	struct xd_segmenter segmenter;
	uint8_t *l4 = s->data + s->l4, segment[18];
	uint32_t sum;

	(void)state;
	memcpy(segment, l4, sizeof(segment));
	put16(segment + 4, sizeof(segment));
	put16(segment + 6, 0);
	put16(segment + 8, 0);
	sum = reference_sum(
		segment, sizeof(segment), pseudo_sum(&shape, s->data + s->l3, sizeof(segment)));
	put16(l4 + 8, 0xffff - sum);
	lend(s);
	assert_int_equal(xd_offload_check(&s->frame, &request, ALL), 0);
	assert_int_equal(xd_segment_begin(&segmenter, &s->frame), 0);
	assert_non_null(xd_segment_next(&segmenter));
	assert_int_equal(get16(segmenter.frame.buf + XD_HEADROOM + s->l4 + 6), 0xffff);
	discard(s);
}

static void
test_cannot_be_cut(void **state)
{
	struct shape shape = {.payload = 8 * XD_SEGMENTS_MAX + 1};
	struct sample *s = make(&shape);
	struct xd_offload_request request = request_of(s, 8);
	struct xd_segmenter segmenter;

	(void)state;
	assert_int_equal(xd_offload_check(&s->frame, &request, ALL), 0);
	assert_int_equal(xd_segment_begin(&segmenter, &s->frame), -1);
	request.gso_size = 0;
	s->frame.offload.gso_size = 0;
	assert_int_equal(xd_segment_begin(&segmenter, &s->frame), -1);
	s->frame.offload.gso_type = 0;
	s->frame.offload.gso_size = 100;
	assert_int_equal(xd_segment_begin(&segmenter, &s->frame), -1);
	discard(s);

	/* More tags than a segment's headers have room for. */
	shape = (struct shape){.ip_options = 40, .tcp_options = 32, .payload = 2000};
	s = make(&shape);
	request = request_of(s, 1000);
	assert_int_equal(xd_offload_check(&s->frame, &request, ALL), 0);
	for (unsigned i = 0; i < (XD_SEGMENT_HEAD - 126) / 4; i++)
		xd_vlan_push(&s->frame, 1);
	assert_int_equal(xd_segment_begin(&segmenter, &s->frame), 0);
	assert_int_equal(segmenter.header_bytes, 158);
	xd_vlan_push(&s->frame, 1);
	assert_int_equal(xd_segment_begin(&segmenter, &s->frame), -1);
	discard(s);
}

/* ---- Requests ---- */

/* A case that is refused: a request that would pass, with one thing about it or its frame changed.
 */
struct refusal {
	const char *what;
	struct shape shape;
	uint8_t may; /* 0: all */
	void (*spoil)(struct sample *s, struct xd_offload_request *r);
	uint16_t gso_size;
};

#define SPOIL(name, ...)                                                                           \
	static void spoil_##name(struct sample *s, struct xd_offload_request *r)                   \
	{                                                                                          \
		uint8_t *ip = s->frame.buf + XD_HEADROOM + s->l3;                                  \
		uint8_t *l4 = s->frame.buf + XD_HEADROOM + s->l4;                                  \
                                                                                                   \
		(void)ip;                                                                          \
		(void)l4;                                                                          \
		(void)r;                                                                           \
		__VA_ARGS__;                                                                       \
	}

SPOIL(nothing, )
SPOIL(start_in_mac, r->csum_start = 13)
SPOIL(start_in_tag, r->csum_start = 17)
SPOIL(offset_past_end, r->csum_offset = (uint16_t)(s->len - s->l4 - 1))
SPOIL(start_past_end, r->csum_start = (uint16_t)s->len)
SPOIL(wrap, r->csum_start = 0xffff; r->csum_offset = 0xffff)
SPOIL(no_csum, r->flags = 0)
SPOIL(data_valid, r->flags = VIRTIO_NET_HDR_F_DATA_VALID)
SPOIL(only_ecn, r->gso_type = VIRTIO_NET_HDR_GSO_ECN)
SPOIL(ufo, r->gso_type = VIRTIO_NET_HDR_GSO_UDP)
SPOIL(unknown, r->gso_type = 2)
SPOIL(tcp4, r->gso_type = VIRTIO_NET_HDR_GSO_TCPV4)
SPOIL(tcp6, r->gso_type = VIRTIO_NET_HDR_GSO_TCPV6)
SPOIL(udp, r->gso_type = VIRTIO_NET_HDR_GSO_UDP_L4; r->csum_offset = 6)
SPOIL(with_ecn, r->gso_type |= VIRTIO_NET_HDR_GSO_ECN)
SPOIL(gso_size_7, r->gso_size = 7)
SPOIL(gso_size_0, r->gso_size = 0)
SPOIL(start_before, r->csum_start--)
SPOIL(start_behind, r->csum_start++)
SPOIL(offset_of_udp, r->csum_offset = 6)
SPOIL(offset_of_tcp, r->csum_offset = 16)
SPOIL(arp, put16(ip - 2, 0x0806))
SPOIL(other_ethertype, put16(ip - 2, s->shape.ipv6 ? 0x0800 : 0x86dd))
SPOIL(version_0, ip[0] &= 0x0f)
SPOIL(ihl_4, ip[0] = 0x44; r->csum_start -= 4; l4[8] = 0x50)
SPOIL(ihl_15, ip[0] = 0x4f)
SPOIL(more_fragments, put16(ip + 6, 0x2000))
SPOIL(fragment_offset, put16(ip + 6, 1))
SPOIL(sctp, ip[s->shape.ipv6 ? 6 : 9] = 132)
SPOIL(fragment_header, ip[6] = 44)
SPOIL(fragment_behind, ip[40] = 44)
SPOIL(no_next, ip[6] = 59)
SPOIL(extension_ff, ip[41] = 0xff)
SPOIL(extension_past_head, ip[41] = 15)
SPOIL(doff_4, l4[12] = 0x40)
SPOIL(short_head, s->frame.head_len = (uint8_t)(s->end - 1))
SPOIL(short_l4, s->frame.head_len = (uint8_t)(s->l4 + 7))
SPOIL(only_ethernet, s->frame.head_len = 14)

/* A frame whose options and tags leave no room for its TCP header in the head. */
#define LONG_HEADERS                                                                               \
	{                                                                                          \
		.tags = 2, .ip_options = 40, .tcp_options = 40, .payload = 3000                    \
	}
#define TCP4                                                                                       \
	{                                                                                          \
		.payload = 3000                                                                    \
	}
#define TCP6                                                                                       \
	{                                                                                          \
		.ipv6 = true, .payload = 3000                                                      \
	}
#define UDP4                                                                                       \
	{                                                                                          \
		.udp = true, .payload = 3000                                                       \
	}
#define UDP6                                                                                       \
	{                                                                                          \
		.ipv6 = true, .udp = true, .payload = 3000                                         \
	}

static const struct refusal refusals[] = {
	{"CSUM was not negotiated", TCP4, ALL & ~XD_OFFLOAD_CSUM, spoil_nothing, 0},
	{"csum_start in the addresses", TCP4, 0, spoil_start_in_mac, 0},
	{"csum_start in a tag", {.tags = 1, .payload = 3000}, 0, spoil_start_in_tag, 0},
	{"half of the field past the end", TCP4, 0, spoil_offset_past_end, 0},
	{"csum_start at the end", TCP4, 0, spoil_start_past_end, 0},
	{"start and offset wrap", TCP4, 0, spoil_wrap, 0},
	{"gso without NEEDS_CSUM", TCP4, 0, spoil_no_csum, 1000},
	{"gso with DATA_VALID instead", TCP4, 0, spoil_data_valid, 1000},
	{"gso type ECN alone", TCP4, 0, spoil_only_ecn, 1000},
	{"gso type UDP fragmentation", UDP4, 0, spoil_ufo, 1000},
	{"gso type unknown", TCP4, 0, spoil_unknown, 1000},
	{"TSO4 was not negotiated", TCP4, ALL & ~XD_OFFLOAD_TSO4, spoil_nothing, 1000},
	{"TSO6 was not negotiated", TCP6, ALL & ~XD_OFFLOAD_TSO6, spoil_nothing, 1000},
	{"USO4 was not negotiated", UDP4, ALL & ~XD_OFFLOAD_USO4, spoil_nothing, 1000},
	{"USO6 was not negotiated", UDP6, ALL & ~XD_OFFLOAD_USO6, spoil_nothing, 1000},
	{"ECN was not negotiated", TCP4, ALL & ~XD_OFFLOAD_ECN, spoil_with_ecn, 1000},
	{"ECN with UDP", UDP4, 0, spoil_with_ecn, 1000},
	{"gso_size too small", TCP4, 0, spoil_gso_size_7, 1000},
	{"gso_size zero", UDP6, 0, spoil_gso_size_0, 1000},
	{"csum_start before the TCP header", TCP4, 0, spoil_start_before, 1000},
	{"csum_start behind it", TCP6, 0, spoil_start_behind, 1000},
	{"csum_offset of UDP in TCP", TCP4, 0, spoil_offset_of_udp, 1000},
	{"csum_offset of TCP in UDP", UDP4, 0, spoil_offset_of_tcp, 1000},
	{"TCPV4 of IPv6", TCP6, 0, spoil_tcp4, 1000},
	{"TCPV6 of IPv4", TCP4, 0, spoil_tcp6, 1000},
	{"UDP_L4 of TCP", TCP4, 0, spoil_udp, 1000},
	{"TCPV4 of UDP", UDP4, 0, spoil_tcp4, 1000},
	{"ARP", TCP4, 0, spoil_arp, 1000},
	{"ethertype of IPv6, header of IPv4", TCP4, 0, spoil_other_ethertype, 1000},
	{"ethertype of IPv4, header of IPv6", TCP6, 0, spoil_other_ethertype, 1000},
	{"IP version 0", TCP4, 0, spoil_version_0, 1000},
	{"IPv6 version 0", TCP6, 0, spoil_version_0, 1000},
	{"IPv4 header of 16 bytes", TCP4, 0, spoil_ihl_4, 1000},
	{"IPv4 header longer than said by csum_start", TCP4, 0, spoil_ihl_15, 1000},
	{"first fragment", TCP4, 0, spoil_more_fragments, 1000},
	{"later fragment", UDP4, 0, spoil_fragment_offset, 1000},
	{"SCTP over IPv4", TCP4, 0, spoil_sctp, 1000},
	{"SCTP over IPv6", TCP6, 0, spoil_sctp, 1000},
	{"IPv6 fragment", TCP6, 0, spoil_fragment_header, 1000},
	{"IPv6 fragment behind options", {.ipv6 = true, .hop_by_hop = true, .payload = 3000}, 0,
		spoil_fragment_behind, 1000},
	{"IPv6 without a next header", TCP6, 0, spoil_no_next, 1000},
	{"extension header of 2048 bytes", {.ipv6 = true, .hop_by_hop = true, .payload = 3000}, 0,
		spoil_extension_ff, 1000},
	{"extension header past the head", {.ipv6 = true, .hop_by_hop = true, .payload = 3000}, 0,
		spoil_extension_past_head, 1000},
	{"TCP header of 16 bytes", TCP4, 0, spoil_doff_4, 1000},
	{"headers longer than the head", LONG_HEADERS, 0, spoil_nothing, 1000},
	{"the TCP header's last byte beyond the head", TCP4, 0, spoil_short_head, 1000},
	{"the TCP options beyond the head", {.tcp_options = 12, .payload = 3000}, 0,
		spoil_short_head, 1000},
	{"the UDP header beyond the head", UDP4, 0, spoil_short_l4, 1000},
	{"a head of an Ethernet header", TCP4, 0, spoil_only_ethernet, 1000},
	{"a head of a tag", {.tags = 1, .payload = 3000}, 0, spoil_only_ethernet, 1000},
	{"three tags", {.tags = 3, .payload = 3000}, 0, spoil_nothing, 1000},
	{"longer than IPv4 can be", {.payload = 65536 - 40}, 0, spoil_nothing, 1000},
	{"longer than IPv6 can be", {.ipv6 = true, .payload = 65536 - 20}, 0, spoil_nothing, 1000},
};

static void
test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];
		struct sample *s = make(&r->shape);
		struct xd_offload_request request = request_of(s, r->gso_size);

		/* It is the one thing that it is refused for. */
		if (r->spoil != spoil_nothing && xd_offload_check(&s->frame, &request, ALL) != 0)
			fail_msg("%s: refused before it is spoilt", r->what);
		r->spoil(s, &request);
		s->frame.offload.word = 1;
		if (xd_offload_check(&s->frame, &request, r->may ? r->may : ALL) != -1)
			fail_msg("%s: passes", r->what);
		discard(s);
	}
}

/* Each just needs what it is allowed. */
static void
test_allowed(void **state)
{
	const struct {
		struct shape shape;
		uint8_t may, needs;
	} cases[] = {
		{TCP4, XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4, XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4},
		{TCP6, XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO6, XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO6},
		{{.tcp_flags = 0x80, .payload = 3000},
			XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4 | XD_OFFLOAD_ECN,
			XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4 | XD_OFFLOAD_ECN},
		{UDP4, XD_OFFLOAD_CSUM | XD_OFFLOAD_USO4,
			XD_OFFLOAD_CSUM | XD_OFFLOAD_USO4 | XD_OFFLOAD_USO6},
		{UDP6, XD_OFFLOAD_CSUM | XD_OFFLOAD_USO6,
			XD_OFFLOAD_CSUM | XD_OFFLOAD_USO4 | XD_OFFLOAD_USO6},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sample *s = make(&cases[i].shape);
		struct xd_offload_request request = request_of(s, 1000);

		request.flags |= 0xfe; /* reserved bits */
		assert_int_equal(xd_offload_check(&s->frame, &request, cases[i].may), 0);
		assert_int_equal(xd_offload_needs(s->frame.offload), cases[i].needs);
		assert_int_equal(s->frame.offload.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
		assert_int_equal(s->frame.offload.gso_size, 1000);
		assert_int_equal(s->frame.offload.csum_start, s->l4);
		assert_int_equal(s->frame.offload.csum_offset, request.csum_offset);
		discard(s);
	}
}

/* Nothing asked for is nothing to be done, whatever the rest of the header says; nor is a sender
 * believed that its checksum is good. */
static void
test_nothing_asked(void **state)
{
	struct shape shape = TCP4;
	struct sample *s = make(&shape);
	struct xd_offload_request request = request_of(s, 0);

	(void)state;
	request.flags = 0xff & ~VIRTIO_NET_HDR_F_NEEDS_CSUM;
	request.gso_size = 1000;
	request.csum_start = 0xffff;
	s->frame.offload.word = UINT64_MAX;
	assert_int_equal(xd_offload_check(&s->frame, &request, 0), 0);
	assert_int_equal(s->frame.offload.word, 0);
	assert_int_equal(xd_offload_needs(s->frame.offload), 0);
	assert_int_equal(xd_offload_header_bytes(&s->frame), 0);
	xd_vlan_push(&s->frame, 1);
	assert_int_equal(xd_offload_header_bytes(&s->frame), 0);
	discard(s);
}

/* A head of any bytes: none is read that is not in it (sanitizers watch), and what is found lies in
 * it. */
static void
test_headers_of_noise(void **state)
{
	static const uint8_t likely[] = {0x08, 0x00, 0x81, 0x86, 0xdd, 0x45, 0x60, 6, 17, 43, 60};
	unsigned found = 0;

	(void)state;
	for (unsigned round = 0; round < 200000; round++) {
		struct shape shape = {.ipv6 = round % 2, .udp = round % 4 > 1, .payload = 300};
		struct xd_frame f __attribute__((aligned(64)));
		uint32_t head = 14 + random_below(XD_HEAD - 13);
		struct xd_headers h;

		random_bytes(f.buf, sizeof(f.buf));
		put16(f.buf + XD_HEADROOM + 12, shape.ipv6 ? 0x86dd : 0x0800);
		f.buf[XD_HEADROOM + 14] = shape.ipv6 ? 0x60 : (uint8_t)(0x45 + random_below(5));
		for (unsigned i = 0; i < 40; i++)
			f.buf[XD_HEADROOM + 15 + random_below(100)] =
				likely[random_below(sizeof(likely))];
		if (!shape.ipv6)
			put16(f.buf + XD_HEADROOM + 20, 0);
		xd_frame_init(&f, head, (uint8_t)head, 0);
		if (!xd_headers_parse_segment(&f, &h))
			continue;
		found++;
		assert_true(h.l3 >= 14 && h.l3 <= 22 && h.l4 >= h.l3 + 20 &&
			    h.payload >= h.l4 + (xd_headers_is_udp(&h) ? 8 : 20) &&
			    h.payload <= head);
	}
	assert_true(found > 100);
}

/* The quick way says what the thorough one says, of any request for a checksum. */
static void
test_take_is_check(void **state)
{
	unsigned taken = 0;

	(void)state;
	for (unsigned round = 0; round < 200000; round++) {
		struct xd_frame f __attribute__((aligned(64)));
		uint32_t head = 14 + random_below(XD_HEAD - 13);
		struct xd_offload_request request = {
			.flags = (uint8_t)random_below(4),
			.gso_type = (uint8_t)(round % 8 ? 0 : random_below(6)),
			.gso_size = (uint16_t)random_below(100),
			.csum_start = (uint16_t)random_below(60),
			.csum_offset = (uint16_t)random_below(60),
		};
		uint8_t may = round % 16 ? XD_OFFLOAD_CSUM : 0;
		union xd_offload offload;
		int checked;

		random_bytes(f.buf, sizeof(f.buf));
		/* Tags or not. */
		put16(f.buf + XD_HEADROOM + 12, random_below(2) ? 0x8100 : 0x0800);
		put16(f.buf + XD_HEADROOM + 16, random_below(2) ? 0x88a8 : 0x86dd);
		xd_frame_init(&f, head, (uint8_t)head, 0);
		checked = xd_offload_check(&f, &request, may);
		offload = f.offload;
		f.offload.word = 0;
		assert_int_equal(xd_offload_take(&f, &request, may), checked);
		assert_true(checked != 0 || f.offload.word == offload.word);
		taken += checked == 0 && offload.word != 0;
	}
	assert_true(taken > 1000);
}

static int
seed(void **state)
{
	(void)state;
	srandom(20);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup(f, seed)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sum),
		TEST(test_sum_carries),
		TEST(test_finish),
		TEST(test_finish_zero),
		TEST(test_finish_refused),
		TEST(test_segments),
		TEST(test_segment_limits),
		TEST(test_segments_of_many_pieces),
		TEST(test_segment_zero_checksum),
		TEST(test_cannot_be_cut),
		TEST(test_refused),
		TEST(test_allowed),
		TEST(test_nothing_asked),
		TEST(test_headers_of_noise),
		TEST(test_take_is_check),
	};

	return cmocka_run_group_tests_name("offload", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames that are nearly segments of one connection: whatever is made of them is segmented again,
 * and gives the frames that it was made of, in their order.
 *
 *     byte 0         what the receiver takes (XD_OFFLOAD_*)
 *     byte 1         MAKE_*
 *     byte 2         frames, less 2
 *     byte 3         bytes of each, less HEADERS
 *     4 for each     two bytes that are not as in the others: where, and which bits
 *     the rest       the first frame
 */
#include <arpa/inet.h>

#include "base/bytes.h"
#include "frame/coalesce.h"
#include "fuzz.h"

#define HEADERS    54
#define FRAMES_MAX 9
#define FRAME_MAX  (HEADERS + 255)

#define MAKE_IPV4       0x01 /* the frame is TCP over this; neither: it is what it is */
#define MAKE_IPV6       0x02
#define MAKE_CHECKSUMS  0x04 /* right ones, after what differs */
#define MAKE_UNFINISHED 0x08
#define MAKE_PUSHED     0x10 /* the rule */

struct frame {
	uint8_t bytes[FRAME_MAX];
	struct xd_seg seg;
	struct xd_frame frame;
};

static void
make_ip(uint8_t *p, uint32_t len, uint8_t how)
{
	uint8_t *ip = p + 14;

	if (how & MAKE_IPV4) {
		xd_put16(p + 12, 0x0800);
		ip[0] = 0x45;
		xd_put16(ip + 2, len - 14);
		xd_put16(ip + 6, 0x4000);
		ip[9] = 6;
		ip[20 + 12] = 5 << 4;
		ip[20 + 13] = 0x10;
	} else if (how & MAKE_IPV6 && len > 74) {
		xd_put16(p + 12, 0x86dd);
		ip[0] = 0x60;
		xd_put16(ip + 4, len - 54);
		ip[6] = 6;
		ip[40 + 12] = 5 << 4;
		ip[40 + 13] = 0x10;
	}
}

static void
make_frame(struct frame *f, uint32_t len, bool unfinished, const struct xd_headers *h)
{
	const uint32_t head = len < XD_HEAD ? len : XD_HEAD;

	xd_frame_init(&f->frame, len, (uint8_t)head, len > head);
	memcpy(f->frame.buf + XD_HEADROOM, f->bytes, head);
	f->seg = (struct xd_seg){f->bytes + head, len - head};
	f->frame.segs = &f->seg;
	f->frame.route = xd_frame_route(0, 0);
	if (unfinished && h->l4_kind == XD_L4_TCP) {
		f->frame.offload.csum_start = h->l4;
		f->frame.offload.csum_offset = XD_TCP_CSUM_OFFSET;
		f->frame.offload.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	}
}

/* The checksums of a frame that is TCP, in its bytes. */
static void
put_checksums(struct frame *f, uint32_t len)
{
	struct xd_headers h;
	uint16_t sum;

	make_frame(f, len, false, NULL);
	if (!xd_headers_parse_segment(&f->frame, &h) || h.l4_kind != XD_L4_TCP)
		return;
	if (h.l3_kind == XD_L3_IPV4) {
		xd_put16(f->frame.buf + XD_HEADROOM + h.l3 + 10, 0);
		sum = (uint16_t)~xd_frame_sum(&f->frame, h.l3, h.l4 - h.l3, 0);
		memcpy(f->bytes + h.l3 + 10, &sum, sizeof(sum));
	}
	xd_put16(f->frame.buf + XD_HEADROOM + h.l4 + XD_TCP_CSUM_OFFSET, 0);
	sum = (uint16_t)~xd_frame_sum(
		&f->frame, h.l4, len - h.l4, xd_offload_pseudo(&f->frame, &h));
	memcpy(f->bytes + h.l4 + XD_TCP_CSUM_OFFSET, &sum, sizeof(sum));
}

/* What may be another in a segment of a whole. */
static void
ignore(uint8_t *p, const struct xd_segmenter *s, uint8_t how)
{
	if (!s->ipv6 && (p[s->l3 + 6] & 0x40)) {
		xd_put16(p + s->l3 + 4, 0);
		xd_put16(p + s->l3 + 10, 0);
	}
	if (how & MAKE_PUSHED)
		p[s->l4 + 13] &= (uint8_t)~8;
	if (how & (MAKE_PUSHED | MAKE_UNFINISHED))
		xd_put16(p + s->l4 + XD_TCP_CSUM_OFFSET, 0);
}

static void
check_whole(struct xd_frame *whole, struct xd_frame *const *frames, uint16_t n, uint8_t how)
{
	static struct xd_segmenter s;
	static uint8_t got[FRAME_MAX], want[FRAME_MAX];

	MUST(xd_segment_begin(&s, whole) == 0 && s.nb_segments == n);
	for (uint16_t i = 0; i < n; i++) {
		struct xd_frame *segment = xd_segment_next(&s);

		MUST(segment && segment->len == frames[i]->len);
		xd_frame_gather(segment, got);
		xd_frame_gather(frames[i], want);
		ignore(got, &s, how);
		ignore(want, &s, how);
		MUST(memcmp(got, want, segment->len) == 0);
	}
	MUST(xd_segment_next(&s) == NULL);
}

/* The frames of an input; how many. */
static uint16_t
make_frames(struct input *in, struct frame *f, struct xd_frame **frames, uint8_t how)
{
	const uint16_t n = (uint16_t)(2 + take_u8(in) % (FRAMES_MAX - 1));
	const uint32_t len = HEADERS + (uint32_t)take_u8(in);
	uint8_t differs[FRAMES_MAX][4];
	struct xd_headers h;

	take(in, differs, n * sizeof(differs[0]));
	take(in, f[0].bytes, len);
	make_ip(f[0].bytes, len, how);
	make_frame(&f[0], len, false, NULL);
	xd_headers_parse(&f[0].frame, &h);
	for (uint16_t i = 0; i < n; i++) {
		uint8_t *p = f[i].bytes;

		memcpy(p, f[0].bytes, len);
		if (i && h.l4_kind == XD_L4_TCP)
			xd_put32(p + h.l4 + 4, xd_get32(p + h.l4 + 4) + i * (len - h.payload));
		if (i && h.l3_kind == XD_L3_IPV4)
			xd_put16(p + h.l3 + 4, xd_get16(p + h.l3 + 4) + (uint32_t)i);
	}
	for (uint16_t i = 0; i < n; i++) {
		f[i].bytes[differs[i][0] % len] ^= differs[i][1];
		f[i].bytes[differs[i][2] % len] ^= differs[i][3];
		if (how & MAKE_CHECKSUMS)
			put_checksums(&f[i], len);
		make_frame(&f[i], len, how & MAKE_UNFINISHED, &h);
		frames[i] = &f[i].frame;
	}
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct frame f[FRAMES_MAX];
	static struct xd_coalesced c;
	struct input in = {data, size};
	struct xd_coalesce_rules rules = {.max_frame = UINT16_MAX, .takes = take_u8(&in)};
	struct xd_frame *frames[FRAMES_MAX];
	const uint8_t how = take_u8(&in);
	uint16_t n, at = 0;

	rules.pushed = how & MAKE_PUSHED;
	n = make_frames(&in, f, frames, how);
	xd_coalesce(&c, frames, n, &rules);
	MUST(c.n > 0 && c.n <= n);
	for (uint16_t i = 0; i < c.n; i++) {
		const uint16_t next = i + 1 < c.n ? c.first[i + 1] : n;

		MUST(c.first[i] == at && next > at);
		if (next - at == 1) {
			MUST(c.frames[i] == frames[at]);
		} else {
			MUST(!(xd_offload_needs(c.frames[i]->offload) & ~rules.takes));
			check_whole(c.frames[i], frames + at, next - at, how);
		}
		at = next;
	}
	return 0;
}

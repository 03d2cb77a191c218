/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A frame of any bytes with any virtio-net header: what is accepted can be check-summed and
 * segmented, and what comes of it has right lengths and right checksums.
 *
 *     byte 0         what the sender may ask for (XD_OFFLOAD_*)
 *     bytes 1 to 8   flags, gso_type, gso_size, csum_start, csum_offset
 *     byte 9         times 256: bytes that are put behind the frame, all alike
 *     byte 10        into how many pieces what follows the head is cut
 *     the rest       the frame
 */
#include <arpa/inet.h>

#include "frame/offload.h"
#include "fuzz.h"

#define PIECES_MAX 16

/* The one's complement sum, plain and slow: RFC 1071. */
static uint32_t
sum(const uint8_t *p, size_t n, uint32_t s)
{
	for (size_t i = 0; i < n; i++)
		s += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

/* That of the pseudo header for so many bytes of TCP or UDP: RFC 9293, 3.1; RFC 8200, 8.1. */
static uint32_t
pseudo_sum(const uint8_t *frame, uint32_t l4_len, const struct xd_segmenter *s)
{
	uint8_t rest[8] = {(uint8_t)(l4_len >> 24), (uint8_t)(l4_len >> 16), (uint8_t)(l4_len >> 8),
		(uint8_t)l4_len, 0, 0, 0, s->udp ? 17 : 6};

	return sum(rest, sizeof(rest),
		s->ipv6 ? sum(frame + s->l3 + 8, 32, 0) : sum(frame + s->l3 + 12, 8, 0));
}

/* Cuts the frame; all of its payload must come out, in order, in good segments. */
static void
cut(struct xd_frame *whole, const uint8_t *bytes)
{
	static uint8_t out[XD_FRAME_MAX];
	static struct xd_segmenter s;
	uint16_t gso_size = whole->offload.gso_size, headers = xd_offload_header_bytes(whole);
	uint32_t at = headers, n = 0, field;
	bool seeded;
	struct xd_frame *f;

	MUST(headers <= whole->len);
	if (xd_segment_begin(&s, whole))
		return;
	MUST(s.nb_segments <= XD_SEGMENTS_MAX);
	/* The sender has left the pseudo header's sum where the checksum goes: if it is right, so
	 * is the checksum of every segment. */
	field = s.l4 + whole->offload.csum_offset;
	MUST(field + 2 <= headers);
	seeded = (uint32_t)(bytes[field] << 8 | bytes[field + 1]) ==
		 pseudo_sum(bytes, whole->len - s.l4, &s);
	while ((f = xd_segment_next(&s)) != NULL) {
		uint32_t payload = f->len - s.header_bytes;

		MUST(f->len >= s.header_bytes && payload <= gso_size && at + payload <= whole->len);
		xd_frame_gather(f, out);
		MUST(memcmp(out + s.header_bytes, bytes + at, payload) == 0);
		at += payload;
		n++;
		if (seeded)
			MUST(sum(out + s.l4, f->len - s.l4, pseudo_sum(out, f->len - s.l4, &s)) ==
				0xffff);
		if (!s.ipv6)
			MUST(sum(out + s.l3, (out[s.l3] & 15u) * 4, 0) == 0xffff);
	}
	MUST(n == s.nb_segments && at == whole->len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct xd_seg segs[PIECES_MAX];
	struct xd_offload_request request;
	struct input in = {data, size};
	uint8_t may = take_u8(&in), more, pieces, *bytes;
	struct xd_frame *f = aligned_alloc(64, sizeof(*f));
	uint32_t len, left, piece;

	MUST(f != NULL);
	/* One feature lets a sender ask for both (VIRTIO_NET_F_HOST_USO). */
	if (may & (XD_OFFLOAD_USO4 | XD_OFFLOAD_USO6))
		may |= XD_OFFLOAD_USO4 | XD_OFFLOAD_USO6;
	take(&in, &request, 8);
	more = take_u8(&in);
	pieces = (uint8_t)(1 + take_u8(&in) % PIECES_MAX);
	len = (uint32_t)(in.left + more * 256u);
	if (len < XD_FRAME_MIN || len > XD_FRAME_MAX) {
		free(f);
		return 0;
	}
	bytes = malloc(len);
	MUST(bytes != NULL);
	memset(bytes, 0xa5, len);
	take(&in, bytes, in.left);

	xd_frame_init(f, len, (uint8_t)(len < XD_HEAD ? len : XD_HEAD), 0);
	memcpy(f->buf + XD_HEADROOM, bytes, f->head_len);
	f->segs = segs;
	piece = (len - f->head_len) / pieces + 1;
	for (left = len - f->head_len; left; left -= segs[f->nb_segs++].len)
		segs[f->nb_segs] = (struct xd_seg){bytes + len - left, left < piece ? left : piece};

	if (xd_offload_check(f, &request, may) == 0) {
		MUST(!(xd_offload_needs(f->offload) & ~may));
		if (f->offload.gso_type)
			cut(f, bytes);
		else if (f->offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM &&
			 xd_frame_finish_checksum(f) == 0)
			MUST(f->offload.word == 0);
	}
	free(bytes);
	free(f);
	return 0;
}

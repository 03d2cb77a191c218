/* SPDX-License-Identifier: BSD-3-Clause */
/* Segmentation in software: one long frame of TCP or UDP into many. */
#include <arpa/inet.h>

#include <rte_common.h>

#include "base/bytes.h"
#include "frame/offload.h"

#define IPV4_LENGTH   2 /* offsets in the headers */
#define IPV4_ID       4
#define IPV4_CHECKSUM 10
#define IPV6_LENGTH   4
#define IPV6_BYTES    40
#define TCP_SEQUENCE  4
#define TCP_FLAGS     13
#define UDP_LENGTH    4

#define TCP_FIN 0x01
#define TCP_PSH 0x08
#define TCP_CWR 0x80

/* What all segments have in common goes into the header that each begins with. */
static void
prepare_header(struct xd_segmenter *s)
{
	struct xd_frame *whole = s->whole;
	uint8_t *field = s->header + s->l4 + (s->udp ? XD_UDP_CSUM_OFFSET : XD_TCP_CSUM_OFFSET);
	uint16_t sum;

	memcpy(s->header, xd_frame_data(whole), s->header_bytes);
	memcpy(&sum, field, sizeof(sum));
	s->pseudo = (uint32_t)sum + (uint16_t)~htons((uint16_t)(whole->len - s->l4));
	xd_put16(field, 0);
	if (!s->ipv6)
		xd_put16(s->header + s->l3 + IPV4_CHECKSUM, 0);
}

int
xd_segment_begin(struct xd_segmenter *s, struct xd_frame *whole)
{
	const uint32_t gso_size = whole->offload.gso_size;
	struct xd_headers h;
	uint32_t payload, n;

	if (whole->offload.gso_type == VIRTIO_NET_HDR_GSO_NONE || gso_size == 0 ||
		!xd_headers_parse_segment(whole, &h) || h.l4 != xd_offload_start(whole) ||
		h.payload > XD_SEGMENT_HEAD)
		return -1;
	payload = whole->len - h.payload;
	n = (payload + gso_size - 1) / gso_size;
	if (n > XD_SEGMENTS_MAX)
		return -1;
	s->whole = whole;
	s->header_bytes = h.payload;
	s->nb_segments = (uint16_t)n;
	s->next = 0;
	s->offset = h.payload;
	s->piece = 0;
	s->piece_offset = 0;
	s->l3 = h.l3;
	s->l4 = h.l4;
	s->ipv6 = xd_headers_is_ipv6(&h);
	s->udp = xd_headers_is_udp(&h);
	s->leave_checksums = false;
	prepare_header(s);
	return 0;
}

/* The next bytes of payload: those in the whole frame's head go behind the headers, where they have
 * room as they had in it, and of others is said where they lie. */
static void
take_payload(struct xd_segmenter *s, uint32_t bytes)
{
	const struct xd_frame *whole = s->whole;
	struct xd_frame *f = &s->frame;

	if (s->offset < whole->head_len) {
		uint32_t n = RTE_MIN(bytes, whole->head_len - s->offset);

		memcpy(xd_frame_data(f) + f->head_len, whole->buf + whole->start + s->offset, n);
		f->head_len += (uint8_t)n;
		s->offset += n;
		bytes -= n;
	}
	s->offset += bytes;
	while (bytes != 0 && s->piece < whole->nb_segs) {
		const struct xd_seg *piece = &whole->segs[s->piece];
		uint32_t n = RTE_MIN(bytes, piece->len - s->piece_offset);

		if (n == 0) {
			s->piece++;
			s->piece_offset = 0;
			continue;
		}
		s->segs[f->nb_segs++] = (struct xd_seg){piece->addr + s->piece_offset, n};
		s->piece_offset += n;
		bytes -= n;
	}
}

static void
write_ip(const struct xd_segmenter *s, struct xd_frame *f)
{
	uint8_t *ip = xd_frame_data(f) + s->l3;
	uint16_t checksum;

	if (s->ipv6) {
		xd_put16(ip + IPV6_LENGTH, f->len - s->l3 - IPV6_BYTES);
		return;
	}
	xd_put16(ip + IPV4_LENGTH, f->len - s->l3);
	xd_put16(ip + IPV4_ID, xd_get16(s->header + s->l3 + IPV4_ID) + (uint32_t)s->next);
	checksum = (uint16_t)~xd_frame_sum(f, s->l3, s->l4 - s->l3, 0);
	memcpy(ip + IPV4_CHECKSUM, &checksum, sizeof(checksum));
}

/* sent is how many bytes of payload the segments before it have. */
static void
write_tcp(const struct xd_segmenter *s, uint8_t *tcp, uint32_t sent)
{
	uint32_t sequence;

	memcpy(&sequence, tcp + TCP_SEQUENCE, sizeof(sequence));
	sequence = htonl(ntohl(sequence) + sent);
	memcpy(tcp + TCP_SEQUENCE, &sequence, sizeof(sequence));
	if (s->next != 0)
		tcp[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
	if (s->next + 1 != s->nb_segments)
		tcp[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
}

static void
write_l4(const struct xd_segmenter *s, struct xd_frame *f, uint32_t sent)
{
	const uint16_t field = s->udp ? XD_UDP_CSUM_OFFSET : XD_TCP_CSUM_OFFSET;
	uint8_t *l4 = xd_frame_data(f) + s->l4;
	uint32_t len = f->len - s->l4, pseudo = s->pseudo + htons((uint16_t)len);
	uint16_t checksum;

	if (s->udp)
		xd_put16(l4 + UDP_LENGTH, len);
	else
		write_tcp(s, l4, sent);
	if (s->leave_checksums) {
		checksum = (uint16_t)xd_frame_sum(f, s->l4, 0, pseudo);
		f->offload.csum_start = (uint16_t)(s->l4 + f->start - XD_HEADROOM);
		f->offload.csum_offset = field;
		f->offload.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	} else {
		checksum = (uint16_t)~xd_frame_sum(f, s->l4, len, pseudo);
		if (s->udp && checksum == 0)
			checksum = 0xffff;
	}
	memcpy(l4 + field, &checksum, sizeof(checksum));
}

struct xd_frame *
xd_segment_next(struct xd_segmenter *s)
{
	struct xd_frame *f = &s->frame;
	uint32_t sent = s->offset - s->header_bytes;
	uint32_t bytes;

	if (s->next == s->nb_segments)
		return NULL;
	bytes = RTE_MIN((uint32_t)s->whole->offload.gso_size, s->whole->len - s->offset);
	/* Anew each time: the receiver of the last one may have edited it. */
	xd_frame_init(f, s->header_bytes + bytes, (uint8_t)s->header_bytes, 0);
	f->start = s->whole->start;
	f->dirty = true;
	f->route = s->whole->route;
	f->segs = s->segs;
	memcpy(xd_frame_data(f), s->header, s->header_bytes);
	take_payload(s, bytes);
	write_ip(s, f);
	write_l4(s, f, sent);
	s->next++;
	return f;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What a sender asked for, checked against the frame. Everything is read from the snapshot. */
#include <arpa/inet.h>

#include "frame/offload.h"

#define IPV6_BYTES     40
#define UDP_BYTES      8
#define IPV4_ADDRESSES 12 /* offset in the header, of source and destination */
#define IPV6_ADDRESSES 8

/* A frame to be segmented. */
static int
check_gso(struct xd_frame *f, const struct xd_headers *h, const struct xd_offload_request *request,
	uint8_t may)
{
	const bool ecn = request->gso_type & VIRTIO_NET_HDR_GSO_ECN;
	const bool ipv6 = xd_headers_is_ipv6(h), udp = xd_headers_is_udp(h);
	uint8_t type, need;

	if (!xd_headers_is_segment(h))
		return -1;
	if (udp) {
		type = VIRTIO_NET_HDR_GSO_UDP_L4;
		need = ipv6 ? XD_OFFLOAD_USO6 : XD_OFFLOAD_USO4;
	} else {
		type = ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
		need = ipv6 ? XD_OFFLOAD_TSO6 : XD_OFFLOAD_TSO4;
	}
	if (ecn) {
		type |= VIRTIO_NET_HDR_GSO_ECN;
		need |= XD_OFFLOAD_ECN;
	}
	if (request->gso_type != type || (may & need) != need || (ecn && udp))
		return -1;
	if (request->gso_size < XD_GSO_SIZE_MIN || request->csum_start != h->l4 ||
		request->csum_offset != (udp ? XD_UDP_CSUM_OFFSET : XD_TCP_CSUM_OFFSET))
		return -1;
	/* What IP has 16 bits for, so that the length of no segment wraps. */
	if (f->len - h->l3 - (ipv6 ? IPV6_BYTES : 0) > UINT16_MAX)
		return -1;
	if (f->len - h->payload > request->gso_size) {
		f->offload.gso_size = request->gso_size;
		f->offload.gso_type = request->gso_type;
	}
	return 0;
}

int
xd_offload_check(struct xd_frame *f, const struct xd_offload_request *request, uint8_t may)
{
	struct xd_headers h;

	f->offload.word = 0;
	if (!(request->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return request->gso_type == VIRTIO_NET_HDR_GSO_NONE ? 0 : -1;
	if (!(may & XD_OFFLOAD_CSUM))
		return -1;
	xd_headers_parse(f, &h);
	if ((uint32_t)request->csum_start + request->csum_offset + 2 > f->len ||
		request->csum_start < h.l3)
		return -1;
	if (request->gso_type != VIRTIO_NET_HDR_GSO_NONE && check_gso(f, &h, request, may) != 0)
		return -1;
	f->offload.csum_start = request->csum_start;
	f->offload.csum_offset = request->csum_offset;
	f->offload.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	return 0;
}

uint16_t
xd_offload_pseudo(struct xd_frame *f, const struct xd_headers *h)
{
	const uint32_t sum = htons(h->proto) + (uint32_t)htons((uint16_t)(f->len - h->l4));

	return (uint16_t)(xd_headers_is_ipv6(h) ? xd_frame_sum(f, h->l3 + IPV6_ADDRESSES, 32, sum)
						: xd_frame_sum(f, h->l3 + IPV4_ADDRESSES, 8, sum));
}

void
xd_offload_guess(struct xd_frame *f)
{
	struct xd_headers h;
	uint16_t offset, sum;

	if (!xd_headers_parse_segment(f, &h))
		return;
	offset = xd_headers_is_udp(&h) ? XD_UDP_CSUM_OFFSET : XD_TCP_CSUM_OFFSET;
	memcpy(&sum, xd_frame_data(f) + h.l4 + offset, sizeof(sum));
	if (sum != xd_offload_pseudo(f, &h))
		return;
	f->offload.csum_start = h.l4;
	f->offload.csum_offset = offset;
	f->offload.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
}

uint8_t
xd_offload_needs(union xd_offload offload)
{
	uint8_t need = 0;

	if (offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		need |= XD_OFFLOAD_CSUM;
	if (offload.gso_type & VIRTIO_NET_HDR_GSO_ECN)
		need |= XD_OFFLOAD_ECN;
	switch (offload.gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return need | XD_OFFLOAD_TSO4;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return need | XD_OFFLOAD_TSO6;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return need | XD_OFFLOAD_USO4 | XD_OFFLOAD_USO6;
	default:
		return need;
	}
}

bool
xd_offload_is_plain(const struct xd_frame *f, const struct xd_headers *h)
{
	return xd_offload_start(f) == h->l4 &&
	       f->offload.csum_offset ==
		       (xd_headers_is_udp(h) ? XD_UDP_CSUM_OFFSET : XD_TCP_CSUM_OFFSET) &&
	       (!xd_headers_is_ipv6(h) || h->l4 - h->l3 == IPV6_BYTES);
}

uint16_t
xd_offload_header_bytes(const struct xd_frame *f)
{
	uint16_t l4 = xd_offload_start(f);

	if (!(f->offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return 0;
	if (f->offload.gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return l4;
	if (f->offload.gso_type == VIRTIO_NET_HDR_GSO_UDP_L4)
		return l4 + UDP_BYTES;
	/* In the head: checked when the frame came. */
	return (uint16_t)(l4 + (f->buf[f->start + l4 + 12] >> 4) * 4);
}

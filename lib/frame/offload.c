/* SPDX-License-Identifier: BSD-3-Clause */
/* What a sender asked for, checked against the frame. Everything is read from the snapshot. */
#include "frame/offload.h"

#define ETHERTYPE_OFFSET 12
#define ETHERTYPE_IPV4   0x0800
#define ETHERTYPE_IPV6   0x86dd
#define ETHERTYPE_VLAN   0x8100
#define ETHERTYPE_QINQ   0x88a8
#define TAG_BYTES        4
#define TAGS_MAX         2 /* that a sender may have put */

#define PROTO_TCP            6
#define PROTO_UDP            17
#define PROTO_HOP_BY_HOP     0 /* IPv6 extension headers: RFC 8200, 4 */
#define PROTO_ROUTING        43
#define PROTO_DST_OPTIONS    60
#define IPV4_BYTES           20
#define IPV4_MORE_AND_OFFSET 0x3fff
#define IPV6_BYTES           40
#define TCP_BYTES            20
#define UDP_BYTES            8

static uint16_t
be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* Where the layer 3 header begins, and its ethertype. Tags that the switch put in front or took
 * away since are reckoned with. */
static uint32_t
l3_of(const struct xd_frame *f, uint16_t *type)
{
	const uint8_t *data = f->buf + f->start;
	int tags = TAGS_MAX + (XD_HEADROOM - f->start) / TAG_BYTES;
	uint32_t at = ETHERTYPE_OFFSET;

	*type = be16(data + at);
	while ((*type == ETHERTYPE_VLAN || *type == ETHERTYPE_QINQ) && tags-- > 0 &&
		at + TAG_BYTES + 2 <= f->head_len) {
		at += TAG_BYTES;
		*type = be16(data + at);
	}
	return at + 2;
}

/* Bytes of the header and of all options; 0: none that is whole, or a fragment. room is how many
 * bytes may be looked at. */
static uint32_t
ipv4_bytes(const uint8_t *ip, uint32_t room, uint8_t *proto)
{
	uint32_t bytes;

	if (room < IPV4_BYTES || ip[0] >> 4 != 4)
		return 0;
	bytes = (ip[0] & 0x0fu) * 4;
	if (bytes < IPV4_BYTES || bytes > room || be16(ip + 6) & IPV4_MORE_AND_OFFSET)
		return 0;
	*proto = ip[9];
	return bytes;
}

/* The same, with extension headers. Each has 8 bytes at least, so room bounds the walk. Behind a
 * fragment header the protocol is none of ours. */
static uint32_t
ipv6_bytes(const uint8_t *ip, uint32_t room, uint8_t *proto)
{
	uint32_t at = IPV6_BYTES;

	if (room < IPV6_BYTES || ip[0] >> 4 != 6)
		return 0;
	*proto = ip[6];
	while (*proto == PROTO_HOP_BY_HOP || *proto == PROTO_ROUTING ||
		*proto == PROTO_DST_OPTIONS) {
		if (at + 8 > room)
			return 0;
		*proto = ip[at];
		at += (ip[at + 1] + 1u) * 8;
	}
	return at <= room ? at : 0;
}

/* Bytes of the TCP or UDP header; 0: not whole, or neither. */
static uint32_t
l4_bytes(const uint8_t *l4, uint32_t room, uint8_t proto)
{
	uint32_t bytes;

	if (proto == PROTO_UDP)
		return room >= UDP_BYTES ? UDP_BYTES : 0;
	if (proto != PROTO_TCP || room < TCP_BYTES)
		return 0;
	bytes = (l4[12] >> 4) * 4u;
	return bytes >= TCP_BYTES && bytes <= room ? bytes : 0;
}

int
xd_frame_headers(const struct xd_frame *f, struct xd_headers *h)
{
	const uint8_t *data = f->buf + f->start;
	uint32_t l3, l4, bytes;
	uint8_t proto = 0;
	uint16_t type;

	l3 = l3_of(f, &type);
	if (l3 > f->head_len)
		return -1;
	if (type == ETHERTYPE_IPV4)
		bytes = ipv4_bytes(data + l3, f->head_len - l3, &proto);
	else if (type == ETHERTYPE_IPV6)
		bytes = ipv6_bytes(data + l3, f->head_len - l3, &proto);
	else
		return -1;
	if (bytes == 0)
		return -1;
	l4 = l3 + bytes;
	bytes = l4_bytes(data + l4, f->head_len - l4, proto);
	if (bytes == 0)
		return -1;
	*h = (struct xd_headers){
		.l3 = (uint16_t)l3,
		.l4 = (uint16_t)l4,
		.end = (uint16_t)(l4 + bytes),
		.ipv6 = type == ETHERTYPE_IPV6,
		.udp = proto == PROTO_UDP,
	};
	return 0;
}

/* A frame to be segmented. */
static int
check_gso(struct xd_frame *f, const struct xd_offload_request *request, uint8_t may)
{
	const bool ecn = request->gso_type & VIRTIO_NET_HDR_GSO_ECN;
	struct xd_headers h;
	uint8_t type, need;

	if (xd_frame_headers(f, &h) != 0)
		return -1;
	if (h.udp) {
		type = VIRTIO_NET_HDR_GSO_UDP_L4;
		need = h.ipv6 ? XD_OFFLOAD_USO6 : XD_OFFLOAD_USO4;
	} else {
		type = h.ipv6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
		need = h.ipv6 ? XD_OFFLOAD_TSO6 : XD_OFFLOAD_TSO4;
	}
	if (ecn) {
		type |= VIRTIO_NET_HDR_GSO_ECN;
		need |= XD_OFFLOAD_ECN;
	}
	if (request->gso_type != type || (may & need) != need || (ecn && h.udp))
		return -1;
	if (request->gso_size < XD_GSO_SIZE_MIN || request->csum_start != h.l4 ||
		request->csum_offset != (h.udp ? XD_UDP_CSUM_OFFSET : XD_TCP_CSUM_OFFSET))
		return -1;
	/* What IP has 16 bits for, so that the length of no segment wraps. */
	if (f->len - h.l3 - (h.ipv6 ? IPV6_BYTES : 0) > UINT16_MAX)
		return -1;
	if (f->len - h.end > request->gso_size) {
		f->offload.gso_size = request->gso_size;
		f->offload.gso_type = request->gso_type;
	}
	return 0;
}

int
xd_offload_check(struct xd_frame *f, const struct xd_offload_request *request, uint8_t may)
{
	uint16_t type;

	f->offload.word = 0;
	if (!(request->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return request->gso_type == VIRTIO_NET_HDR_GSO_NONE ? 0 : -1;
	if (!(may & XD_OFFLOAD_CSUM))
		return -1;
	if ((uint32_t)request->csum_start + request->csum_offset + 2 > f->len ||
		request->csum_start < l3_of(f, &type))
		return -1;
	if (request->gso_type != VIRTIO_NET_HDR_GSO_NONE && check_gso(f, request, may) != 0)
		return -1;
	f->offload.csum_start = request->csum_start;
	f->offload.csum_offset = request->csum_offset;
	f->offload.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	return 0;
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

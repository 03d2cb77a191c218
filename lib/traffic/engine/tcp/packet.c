/* SPDX-License-Identifier: BSD-3-Clause */
/* A TCP segment with all that is around it: written with checksums, read with checks. */
#include <string.h>

#include "traffic/engine/tcp/packet.h"

#define READ_MAX                                                                                   \
	(XD_IP_ETH + XD_IP_V4_MAX + XD_TCP_HEADER_MAX) /* longest headers that are read            \
							*/
#define SUM_AT 16                                      /* in a TCP header */

/* ---- Reading ---- */

enum xd_tcp_packet_kind
xd_tcp_packet_read(struct xd_tcp_packet *p, const uint8_t *frame, uint32_t len, bool summed)
{
	uint8_t head[READ_MAX]; /* a copy of what lies before the payload */
	struct xd_ip_packet ip;
	enum xd_ip_kind kind;
	const uint8_t *tcp;
	uint32_t header;

	memcpy(head, frame, len < READ_MAX ? len : READ_MAX);
	kind = xd_ip_read(&ip, IPPROTO_TCP, head, len);
	p->route = ip.route;
	if (kind == XD_IP_OTHER || (kind == XD_IP_GOOD && ip.is_fragment))
		return XD_TCP_PACKET_OTHER;
	if (kind == XD_IP_WRONG)
		return XD_TCP_PACKET_WRONG;
	tcp = head + ip.at;
	header = xd_tcp_segment_read(&p->segment, tcp, ip.bytes);
	if (header == 0)
		return XD_TCP_PACKET_WRONG;
	p->from_port = xd_get16(tcp);
	p->to_port = xd_get16(tcp + 2);
	p->payload = frame + ip.at + header;
	if (summed)
		return XD_TCP_PACKET_GOOD;
	return xd_sum(p->payload, p->segment.len,
		       (uint64_t)xd_ip_pseudo_sum(&p->route, IPPROTO_TCP, ip.bytes) +
			       xd_sum(tcp, header, 0)) == 0xffff
		       ? XD_TCP_PACKET_GOOD
		       : XD_TCP_PACKET_WRONG;
}

/* ---- Writing ---- */

uint32_t
xd_tcp_packet_write(const struct xd_ip_route *route, uint16_t from_port, uint16_t to_port,
	const struct xd_tcp_segment *s, uint8_t *frame)
{
	const uint32_t at = xd_ip_headers(route);
	const uint32_t header = xd_tcp_segment_write(s, frame + at);
	const uint16_t sum = xd_ip_pseudo_sum(route, IPPROTO_TCP, header + s->len);

	xd_ip_write(route, IPPROTO_TCP, header + s->len, frame);
	xd_put16(frame + at, from_port);
	xd_put16(frame + at + 2, to_port);
	memcpy(frame + at + SUM_AT, &sum, sizeof(sum));
	return at + header;
}

void
xd_tcp_packet_sum(const struct xd_ip_route *route, uint8_t *frame, uint32_t len)
{
	const uint32_t at = xd_ip_headers(route);
	const uint16_t sum = (uint16_t)~xd_sum(frame + at, len - at, 0);

	memcpy(frame + at + SUM_AT, &sum, sizeof(sum));
}

void
xd_tcp_packet_offload(const struct xd_ip_route *route, const struct xd_tcp_segment *s,
	uint32_t payload, struct virtio_net_hdr_v1 *header)
{
	header->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	header->csum_start = (uint16_t)xd_ip_headers(route);
	header->csum_offset = SUM_AT;
	header->hdr_len = (uint16_t)payload;
	if (s->len <= s->piece_bytes)
		return;
	header->gso_type = route->v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
	header->gso_size = s->piece_bytes;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Ethernet and IP around a TCP segment: written with checksums, read with checks. */
#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/bytes.h"
#include "traffic/engine/tcp/packet.h"
#include "traffic/frames/sum.h"

#define IPV4_MAX  60                                          /* bytes, with options */
#define READ_MAX  (XD_TCP_ETH + IPV4_MAX + XD_TCP_HEADER_MAX) /* longest headers that are read */
#define SUM_AT    16                                          /* in a TCP header */
#define TTL       64
#define FRAGMENT  0x3fff /* more to come, or not the first */
#define DONT_FRAG 0x4000

/* Of the pseudo header: RFC 9293, section 3.1; RFC 8200, section 8.1. */
static uint16_t
pseudo_sum(const struct xd_tcp_route *route, uint32_t bytes)
{
	const uint32_t address = route->v6 ? 16 : 4;
	uint64_t sum = (uint64_t)htons(IPPROTO_TCP) + htonl(bytes);

	sum += xd_sum(route->from, address, 0);
	return xd_sum(route->to, address, sum);
}

/* ---- Reading ---- */

/* Copies of what lies before the payload. */
struct reader {
	uint8_t head[READ_MAX];
	uint32_t have, len; /* bytes in head, of the frame */
	uint32_t l4, l4_bytes;
};

static enum xd_tcp_packet_kind
read_ipv4(struct reader *r, struct xd_tcp_route *route)
{
	const uint8_t *ip = r->head + XD_TCP_ETH;
	uint32_t header, total;

	if (r->len < XD_TCP_ETH + XD_TCP_IPV4 || ip[0] >> 4 != 4 || ip[9] != IPPROTO_TCP ||
		(xd_get16(ip + 6) & FRAGMENT))
		return XD_TCP_PACKET_OTHER;
	header = (uint32_t)(ip[0] & 15) * 4;
	total = xd_get16(ip + 2);
	if (header < XD_TCP_IPV4 || total < header || total > r->len - XD_TCP_ETH ||
		xd_sum(ip, header, 0) != 0xffff)
		return XD_TCP_PACKET_WRONG;
	memcpy(route->from, ip + 12, 4);
	memcpy(route->to, ip + 16, 4);
	r->l4 = XD_TCP_ETH + header;
	r->l4_bytes = total - header;
	return XD_TCP_PACKET_GOOD;
}

static enum xd_tcp_packet_kind
read_ipv6(struct reader *r, struct xd_tcp_route *route)
{
	const uint8_t *ip = r->head + XD_TCP_ETH;
	uint32_t payload;

	if (r->len < XD_TCP_ETH + XD_TCP_IPV6 || ip[0] >> 4 != 6 || ip[6] != IPPROTO_TCP)
		return XD_TCP_PACKET_OTHER;
	payload = xd_get16(ip + 4);
	if (payload > r->len - XD_TCP_ETH - XD_TCP_IPV6)
		return XD_TCP_PACKET_WRONG;
	route->v6 = true;
	memcpy(route->from, ip + 8, 16);
	memcpy(route->to, ip + 24, 16);
	r->l4 = XD_TCP_ETH + XD_TCP_IPV6;
	r->l4_bytes = payload;
	return XD_TCP_PACKET_GOOD;
}

static enum xd_tcp_packet_kind
read_ip(struct reader *r, struct xd_tcp_route *route)
{
	memcpy(route->mac_to, r->head, 6);
	memcpy(route->mac_from, r->head + 6, 6);
	switch (xd_get16(r->head + 12)) {
	case ETHERTYPE_IP:
		return read_ipv4(r, route);
	case ETHERTYPE_IPV6:
		return read_ipv6(r, route);
	}
	return XD_TCP_PACKET_OTHER;
}

enum xd_tcp_packet_kind
xd_tcp_packet_read(struct xd_tcp_packet *p, const uint8_t *frame, uint32_t len, bool summed)
{
	struct reader r = {.have = len < READ_MAX ? len : READ_MAX, .len = len};
	enum xd_tcp_packet_kind kind;
	const uint8_t *tcp;
	uint32_t header;

	memset(&p->route, 0, sizeof(p->route));
	if (len < XD_TCP_ETH)
		return XD_TCP_PACKET_OTHER;
	memcpy(r.head, frame, r.have);
	kind = read_ip(&r, &p->route);
	if (kind != XD_TCP_PACKET_GOOD)
		return kind;
	tcp = r.head + r.l4;
	header = xd_tcp_segment_read(&p->segment, tcp, r.l4_bytes);
	if (header == 0)
		return XD_TCP_PACKET_WRONG;
	p->from_port = xd_get16(tcp);
	p->to_port = xd_get16(tcp + 2);
	p->payload = frame + r.l4 + header;
	if (summed)
		return XD_TCP_PACKET_GOOD;
	return xd_sum(p->payload, p->segment.len,
		       (uint64_t)pseudo_sum(&p->route, r.l4_bytes) + xd_sum(tcp, header, 0)) ==
			       0xffff
		       ? XD_TCP_PACKET_GOOD
		       : XD_TCP_PACKET_WRONG;
}

/* ---- Writing ---- */

static void
write_ipv4(const struct xd_tcp_route *route, uint32_t bytes, uint8_t *ip)
{
	uint16_t sum;

	memset(ip, 0, XD_TCP_IPV4);
	ip[0] = 0x45;
	xd_put16(ip + 2, (uint16_t)(XD_TCP_IPV4 + bytes));
	xd_put16(ip + 6, DONT_FRAG);
	ip[8] = TTL;
	ip[9] = IPPROTO_TCP;
	memcpy(ip + 12, route->from, 4);
	memcpy(ip + 16, route->to, 4);
	sum = (uint16_t)~xd_sum(ip, XD_TCP_IPV4, 0);
	memcpy(ip + 10, &sum, sizeof(sum));
}

static void
write_ipv6(const struct xd_tcp_route *route, uint32_t bytes, uint8_t *ip)
{
	memset(ip, 0, 8);
	ip[0] = 0x60;
	xd_put16(ip + 4, (uint16_t)bytes);
	ip[6] = IPPROTO_TCP;
	ip[7] = TTL;
	memcpy(ip + 8, route->from, 16);
	memcpy(ip + 24, route->to, 16);
}

static uint32_t
l4_at(const struct xd_tcp_route *route)
{
	return XD_TCP_ETH + (route->v6 ? XD_TCP_IPV6 : XD_TCP_IPV4);
}

uint32_t
xd_tcp_packet_write(const struct xd_tcp_route *route, uint16_t from_port, uint16_t to_port,
	const struct xd_tcp_segment *s, uint8_t *frame)
{
	const uint32_t at = l4_at(route);
	const uint32_t header = xd_tcp_segment_write(s, frame + at);
	const uint16_t sum = pseudo_sum(route, header + s->len);

	memcpy(frame, route->mac_to, 6);
	memcpy(frame + 6, route->mac_from, 6);
	xd_put16(frame + 12, route->v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	if (route->v6)
		write_ipv6(route, header + s->len, frame + XD_TCP_ETH);
	else
		write_ipv4(route, header + s->len, frame + XD_TCP_ETH);
	xd_put16(frame + at, from_port);
	xd_put16(frame + at + 2, to_port);
	memcpy(frame + at + SUM_AT, &sum, sizeof(sum));
	return at + header;
}

void
xd_tcp_packet_sum(const struct xd_tcp_route *route, uint8_t *frame, uint32_t len)
{
	const uint32_t at = l4_at(route);
	const uint16_t sum = (uint16_t)~xd_sum(frame + at, len - at, 0);

	memcpy(frame + at + SUM_AT, &sum, sizeof(sum));
}

void
xd_tcp_packet_offload(const struct xd_tcp_route *route, const struct xd_tcp_segment *s,
	uint32_t payload, struct virtio_net_hdr_v1 *header)
{
	header->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	header->csum_start = (uint16_t)l4_at(route);
	header->csum_offset = SUM_AT;
	header->hdr_len = (uint16_t)payload;
	if (s->len <= s->piece_bytes)
		return;
	header->gso_type = route->v6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
	header->gso_size = s->piece_bytes;
}

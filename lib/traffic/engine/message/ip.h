/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ethernet and IP around what a host sends: IPv4 and IPv6 headers, fragments and the pseudo header
 * (RFC 791; RFC 8200, sections 4.5 and 8.1). No tags, no IPv6 extension headers but the fragment
 * header: what has them is not read. Any thread.
 *
 * Inlined into whatever writes or reads a packet, whose protocol is a constant there.
 */
#ifndef XD_TRAFFIC_ENGINE_MESSAGE_IP_H
#define XD_TRAFFIC_ENGINE_MESSAGE_IP_H

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdbool.h>

#include "base/bytes.h"
#include "traffic/frames/sum.h"

#define XD_IP_ETH      14 /* bytes */
#define XD_IP_V4       20
#define XD_IP_V4_MAX   60 /* with options */
#define XD_IP_V6       40
#define XD_IP_FRAGMENT 8      /* an IPv6 fragment header */
#define XD_IP_MAX      65535u /* bytes of an IPv4 packet, and of an IPv6 payload */
#define XD_IP_ADDRESS  16
#define XD_IP_SHORTEST 60 /* bytes of a frame that is sent */
#define XD_IP_TTL      64

#define XD_IP_V4_MORE      0x2000u /* of its flags */
#define XD_IP_V4_DONT_FRAG 0x4000u
#define XD_IP_V4_OFFSET    0x1fffu /* in units of 8 bytes */

/* From whom to whom. An IPv4 address is the first four bytes, and zeroes. */
struct xd_ip_route {
	uint8_t mac_from[6], mac_to[6];
	bool v6;
	uint8_t tos; /* type of service, or traffic class: DSCP and ECN; of what is sent */
	uint8_t from[XD_IP_ADDRESS], to[XD_IP_ADDRESS];
};

/* Which part of a packet's payload a fragment is. */
struct xd_ip_fragment {
	uint32_t id;     /* of IPv4: 16 bits */
	uint32_t offset; /* bytes, a multiple of 8 */
	bool more;       /* it is not the last */
};

enum xd_ip_kind {
	XD_IP_OTHER, /* something else than the protocol that was asked for */
	XD_IP_WRONG, /* a checksum, or lengths that contradict each other */
	XD_IP_GOOD,
};

/* One that was read. */
struct xd_ip_packet {
	struct xd_ip_route route;
	uint32_t at, bytes; /* the payload, or the part of it that came */
	bool is_fragment;
	struct xd_ip_fragment fragment;
};

/* Bytes in front of a payload. */
static inline uint32_t
xd_ip_headers(const struct xd_ip_route *route)
{
	return XD_IP_ETH + (route->v6 ? XD_IP_V6 : XD_IP_V4);
}

/* From the one of these addresses that is a packet's, of the host with this MAC address, to where
 * it came from. */
static inline struct xd_ip_route
xd_ip_way_back(const struct xd_ip_route *came, const uint8_t *mac)
{
	struct xd_ip_route route = {.v6 = came->v6};

	memcpy(route.mac_from, mac, 6);
	memcpy(route.mac_to, came->mac_from, 6);
	memcpy(route.from, came->to, XD_IP_ADDRESS);
	memcpy(route.to, came->from, XD_IP_ADDRESS);
	return route;
}

/* Of the pseudo header of a payload of so many bytes: RFC 9293, section 3.1; RFC 8200, 8.1. */
static inline uint16_t
xd_ip_pseudo_sum(const struct xd_ip_route *route, uint8_t protocol, uint32_t bytes)
{
	const uint32_t address = route->v6 ? 16 : 4;
	uint64_t sum = (uint64_t)htons(protocol) + htonl(bytes);

	sum += xd_sum(route->from, address, 0);
	return xd_sum(route->to, address, sum);
}

/* ---- Reading ---- */

static inline enum xd_ip_kind
xd_ip_read_v4(struct xd_ip_packet *p, uint8_t protocol, const uint8_t *ip, uint32_t there)
{
	uint32_t header, total, flags;

	if (there < XD_IP_V4 || ip[0] >> 4 != 4 || ip[9] != protocol)
		return XD_IP_OTHER;
	header = (uint32_t)(ip[0] & 15) * 4;
	total = xd_get16(ip + 2);
	if (header < XD_IP_V4 || total < header || total > there || xd_sum(ip, header, 0) != 0xffff)
		return XD_IP_WRONG;
	memcpy(p->route.from, ip + 12, 4);
	memcpy(p->route.to, ip + 16, 4);
	p->at = XD_IP_ETH + header;
	p->bytes = total - header;
	flags = xd_get16(ip + 6);
	p->is_fragment = flags & (XD_IP_V4_MORE | XD_IP_V4_OFFSET);
	p->fragment = (struct xd_ip_fragment){
		xd_get16(ip + 4), (flags & XD_IP_V4_OFFSET) * 8, flags & XD_IP_V4_MORE};
	return XD_IP_GOOD;
}

static inline enum xd_ip_kind
xd_ip_read_v6(struct xd_ip_packet *p, uint8_t protocol, const uint8_t *ip, uint32_t there)
{
	const uint8_t *fragment = ip + XD_IP_V6;
	uint32_t header = XD_IP_V6, bytes, place;

	if (there < XD_IP_V6 || ip[0] >> 4 != 6)
		return XD_IP_OTHER;
	bytes = xd_get16(ip + 4);
	p->is_fragment = ip[6] == IPPROTO_FRAGMENT && there >= XD_IP_V6 + XD_IP_FRAGMENT;
	if ((p->is_fragment ? fragment[0] : ip[6]) != protocol)
		return XD_IP_OTHER;
	if (bytes > there - XD_IP_V6 || (p->is_fragment && bytes < XD_IP_FRAGMENT))
		return XD_IP_WRONG;
	p->route.v6 = true;
	memcpy(p->route.from, ip + 8, 16);
	memcpy(p->route.to, ip + 24, 16);
	if (p->is_fragment) {
		place = xd_get16(fragment + 2);
		p->fragment =
			(struct xd_ip_fragment){xd_get32(fragment + 4), place & 0xfff8u, place & 1};
		header += XD_IP_FRAGMENT;
		bytes -= XD_IP_FRAGMENT;
	}
	p->at = XD_IP_ETH + header;
	p->bytes = bytes;
	return XD_IP_GOOD;
}

/* Reads the headers of a frame of len bytes, of which head is a copy of the first, all of them or
 * XD_IP_ETH + XD_IP_V4_MAX. */
static inline enum xd_ip_kind
xd_ip_read(struct xd_ip_packet *p, uint8_t protocol, const uint8_t *head, uint32_t len)
{
	memset(&p->route, 0, sizeof(p->route));
	if (len < XD_IP_ETH)
		return XD_IP_OTHER;
	memcpy(p->route.mac_to, head, 6);
	memcpy(p->route.mac_from, head + 6, 6);
	switch (xd_get16(head + 12)) {
	case ETHERTYPE_IP:
		return xd_ip_read_v4(p, protocol, head + XD_IP_ETH, len - XD_IP_ETH);
	case ETHERTYPE_IPV6:
		return xd_ip_read_v6(p, protocol, head + XD_IP_ETH, len - XD_IP_ETH);
	}
	return XD_IP_OTHER;
}

/* ---- Writing ---- */

/* flags: with the offset. */
static inline void
xd_ip_write_v4(const struct xd_ip_route *route, uint8_t protocol, uint32_t id, uint32_t flags,
	uint32_t bytes, uint8_t *ip)
{
	uint16_t sum;

	memset(ip, 0, XD_IP_V4);
	ip[0] = 0x45;
	ip[1] = route->tos;
	xd_put16(ip + 2, XD_IP_V4 + bytes);
	xd_put16(ip + 4, id);
	xd_put16(ip + 6, flags);
	ip[8] = XD_IP_TTL;
	ip[9] = protocol;
	memcpy(ip + 12, route->from, 4);
	memcpy(ip + 16, route->to, 4);
	sum = (uint16_t)~xd_sum(ip, XD_IP_V4, 0);
	memcpy(ip + 10, &sum, sizeof(sum));
}

static inline void
xd_ip_write_v6(const struct xd_ip_route *route, uint8_t next, uint32_t bytes, uint8_t *ip)
{
	xd_put32(ip, 6u << 28 | (uint32_t)route->tos << 20);
	xd_put16(ip + 4, bytes);
	ip[6] = next;
	ip[7] = XD_IP_TTL;
	memcpy(ip + 8, route->from, 16);
	memcpy(ip + 24, route->to, 16);
}

static inline void
xd_ip_write_eth(const struct xd_ip_route *route, uint8_t *frame)
{
	memcpy(frame, route->mac_to, 6);
	memcpy(frame + 6, route->mac_from, 6);
	xd_put16(frame + 12, route->v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
}

/* Writes the headers of a payload of so many bytes; returns where that is. */
static inline uint32_t
xd_ip_write(const struct xd_ip_route *route, uint8_t protocol, uint32_t bytes, uint8_t *frame)
{
	xd_ip_write_eth(route, frame);
	if (route->v6)
		xd_ip_write_v6(route, protocol, bytes, frame + XD_IP_ETH);
	else
		xd_ip_write_v4(route, protocol, 0, XD_IP_V4_DONT_FRAG, bytes, frame + XD_IP_ETH);
	return xd_ip_headers(route);
}

/* The same of a fragment with so many bytes. */
static inline uint32_t
xd_ip_write_fragment(const struct xd_ip_route *route, uint8_t protocol,
	const struct xd_ip_fragment *f, uint32_t bytes, uint8_t *frame)
{
	uint8_t *fragment = frame + XD_IP_ETH + XD_IP_V6;

	xd_ip_write_eth(route, frame);
	if (!route->v6) {
		xd_ip_write_v4(route, protocol, f->id,
			f->offset / 8 | (f->more ? XD_IP_V4_MORE : 0), bytes, frame + XD_IP_ETH);
		return XD_IP_ETH + XD_IP_V4;
	}
	xd_ip_write_v6(route, IPPROTO_FRAGMENT, XD_IP_FRAGMENT + bytes, frame + XD_IP_ETH);
	fragment[0] = protocol;
	fragment[1] = 0;
	xd_put16(fragment + 2, f->offset | f->more);
	xd_put32(fragment + 4, f->id);
	return XD_IP_ETH + XD_IP_V6 + XD_IP_FRAGMENT;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* The parser of headers.h: layer by layer, each checked against what the snapshot holds. */
#include <string.h>

#include "base/bytes.h"
#include "frame/headers.h"

#define ETHERTYPE_OFFSET 12
#define ETHERTYPE_IPV4   0x0800
#define ETHERTYPE_ARP    0x0806
#define ETHERTYPE_VLAN   0x8100
#define ETHERTYPE_IPV6   0x86dd
#define ETHERTYPE_QINQ   0x88a8
#define TAG_BYTES        4

/* IANA's protocol numbers. */
#define PROTO_HOP_BY_HOP  0
#define PROTO_ICMP        1
#define PROTO_TCP         6
#define PROTO_UDP         17
#define PROTO_ROUTING     43
#define PROTO_FRAGMENT    44
#define PROTO_ICMPV6      58
#define PROTO_DST_OPTIONS 60
#define PROTO_SCTP        132

#define ARP_BYTES      28
#define IPV4_BYTES     20
#define IPV6_BYTES     40
#define EXTENSION_UNIT 8 /* bytes; no extension header is shorter */
#define TCP_BYTES      20
#define UDP_BYTES      8
#define SCTP_BYTES     12
#define ICMP_BYTES     8
#define ICMPV6_BYTES   4

/* Tags that the switch pushed or popped since the frame came are reckoned with, so that how many a
 * sender may have put does not depend on where the frame is looked at. */
static __attribute__((noinline)) void
parse_tags(const struct xd_frame *f, const uint8_t *data, struct xd_headers *h)
{
	int tags = XD_HEADERS_TAGS + (XD_HEADROOM - f->start) / TAG_BYTES;
	uint16_t at = ETHERTYPE_OFFSET;

	while ((h->type == ETHERTYPE_VLAN || h->type == ETHERTYPE_QINQ) && tags-- > 0 &&
		at + TAG_BYTES + 2 <= f->head_len) {
		if (h->nb_tags < XD_HEADERS_TAGS)
			h->tci[h->nb_tags++] = xd_get16(data + at + 2);
		at += TAG_BYTES;
		h->type = xd_get16(data + at);
	}
	h->l3 = at + 2;
}

static __attribute__((noinline)) enum xd_headers_end
parse_arp(const uint8_t *arp, uint32_t room, struct xd_headers *h)
{
	/* Ethernet, IPv4, and the lengths of their addresses. */
	static const uint8_t kinds[6] = {0, 1, 0x08, 0x00, 6, 4};

	if (room < ARP_BYTES)
		return XD_HEADERS_CUT;
	if (memcmp(arp, kinds, sizeof(kinds)))
		return XD_HEADERS_BAD;
	h->l3_kind = XD_L3_ARP;
	return XD_HEADERS_WHOLE;
}

static enum xd_headers_end
parse_ipv4(const uint8_t *ip, uint32_t room, struct xd_headers *h)
{
	uint16_t fragment;
	uint32_t bytes;

	if (room < IPV4_BYTES)
		return XD_HEADERS_CUT;
	bytes = (ip[0] & 0x0fu) * 4;
	if (ip[0] >> 4 != 4 || bytes < IPV4_BYTES)
		return XD_HEADERS_BAD;
	if (bytes > room)
		return XD_HEADERS_CUT;
	fragment = xd_get16(ip + 6);
	h->l3_kind = XD_L3_IPV4;
	h->proto = ip[9];
	h->fragment_offset = (uint16_t)((fragment & 0x1fff) * 8);
	h->fragment = (fragment & 0x3fff) != 0; /* an offset, or more of them */
	h->l4 = (uint16_t)(h->l3 + bytes);
	return XD_HEADERS_WHOLE;
}

/* An extension header at `at`, all of it in room. Returns its bytes. */
static uint32_t
pass_extension(const uint8_t *header, struct xd_headers *h)
{
	uint32_t bytes = EXTENSION_UNIT;

	if (h->proto == PROTO_FRAGMENT) {
		uint16_t fragment = xd_get16(header + 2);

		h->fragment_offset = fragment & 0xfff8;
		/* One that is all of its datagram is none: RFC 6946. */
		h->fragment = (fragment & 0xfff9) != 0;
	} else {
		bytes += header[1] * EXTENSION_UNIT;
	}
	h->proto = header[0];
	return bytes;
}

static bool
is_extension(uint8_t proto)
{
	return proto == PROTO_HOP_BY_HOP || proto == PROTO_ROUTING || proto == PROTO_DST_OPTIONS ||
	       proto == PROTO_FRAGMENT;
}

/* Each extension header has 8 bytes at least, so room bounds the walk. */
static __attribute__((noinline)) enum xd_headers_end
parse_ipv6(const uint8_t *ip, uint32_t room, struct xd_headers *h)
{
	uint32_t at = IPV6_BYTES;

	if (room < IPV6_BYTES)
		return XD_HEADERS_CUT;
	if (ip[0] >> 4 != 6)
		return XD_HEADERS_BAD;
	h->l3_kind = XD_L3_IPV6;
	h->proto = ip[6];
	/* What follows in a later fragment is payload, whatever its first byte looks like. */
	while (is_extension(h->proto) && h->fragment_offset == 0) {
		if (at + EXTENSION_UNIT > room)
			return XD_HEADERS_CUT;
		at += pass_extension(ip + at, h);
	}
	if (at > room)
		return XD_HEADERS_CUT;
	h->l4 = (uint16_t)(h->l3 + at);
	return XD_HEADERS_WHOLE;
}

static enum xd_headers_end
parse_l4(const uint8_t *l4, uint32_t room, struct xd_headers *h)
{
	static const struct {
		uint8_t kind, bytes;
	} known[256] = {
		[PROTO_ICMP] = {XD_L4_ICMP, ICMP_BYTES},
		[PROTO_TCP] = {XD_L4_TCP, TCP_BYTES},
		[PROTO_UDP] = {XD_L4_UDP, UDP_BYTES},
		[PROTO_ICMPV6] = {XD_L4_ICMPV6, ICMPV6_BYTES},
		[PROTO_SCTP] = {XD_L4_SCTP, SCTP_BYTES},
	};
	const uint8_t kind = known[h->proto].kind;
	uint32_t bytes = known[h->proto].bytes;

	/* Each ICMP has its own IP. */
	if (kind == XD_L4_NONE || h->fragment_offset != 0 ||
		(kind == XD_L4_ICMP && h->l3_kind != XD_L3_IPV4) ||
		(kind == XD_L4_ICMPV6 && h->l3_kind != XD_L3_IPV6))
		return XD_HEADERS_WHOLE;
	if (bytes > room)
		return XD_HEADERS_CUT;
	if (kind == XD_L4_TCP) {
		bytes = (l4[12] >> 4) * 4u;
		if (bytes < TCP_BYTES)
			return XD_HEADERS_BAD;
		if (bytes > room)
			return XD_HEADERS_CUT;
	}
	h->l4_kind = kind;
	h->payload = (uint16_t)(h->l4 + bytes);
	return XD_HEADERS_WHOLE;
}

/* What most frames are not is in functions of its own, for which they need not make room. */
static inline enum xd_headers_end
parse(const struct xd_frame *f, struct xd_headers *h)
{
	const uint8_t *data = f->buf + f->start;
	enum xd_headers_end end;
	uint32_t room;

	h->type = xd_get16(data + ETHERTYPE_OFFSET);
	h->l3 = ETHERTYPE_OFFSET + 2;
	if (h->type == ETHERTYPE_VLAN || h->type == ETHERTYPE_QINQ)
		parse_tags(f, data, h);
	room = f->head_len - h->l3;
	if (h->type == ETHERTYPE_ARP)
		return parse_arp(data + h->l3, room, h);
	if (h->type == ETHERTYPE_IPV4)
		end = parse_ipv4(data + h->l3, room, h);
	else if (h->type == ETHERTYPE_IPV6)
		end = parse_ipv6(data + h->l3, room, h);
	else
		return XD_HEADERS_WHOLE;
	return end == XD_HEADERS_WHOLE ? parse_l4(data + h->l4, f->head_len - h->l4, h) : end;
}

void
xd_headers_parse(const struct xd_frame *f, struct xd_headers *h)
{
	*h = (struct xd_headers){0};
	h->end = (uint8_t)parse(f, h);
}

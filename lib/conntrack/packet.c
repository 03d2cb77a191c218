/* SPDX-License-Identifier: BSD-3-Clause */
/* What of a frame tells its connection: a tuple in canonical order, and what TCP says. */
#include <string.h>

#include "base/bytes.h"
#include "conntrack/table.h"

#define IPV4_BYTES   20
#define IPV6_BYTES   40
#define ICMP_BYTES   8 /* before the packet that an error is about, of both ICMPs */
#define PROTO_TCP    6
#define PROTO_UDP    17
#define PROTO_ICMP   1
#define PROTO_ICMPV6 58
#define TCP_SYN      0x02
#define OPTION_END   0
#define OPTION_NOP   1
#define OPTION_SCALE 3  /* RFC 7323, 2.2 */
#define SCALE_MAX    14 /* likewise, 2.3 */

static inline void
put_key(uint64_t key[2], uint64_t first, uint64_t second, uint8_t proto, uint8_t class,
	uint16_t zone)
{
	key[0] = first | (uint64_t)proto << 48 | (uint64_t) class << 56;
	key[1] = second | (uint64_t)zone << 48;
}

bool
xd_ct_canonical(const struct ct_endpoints *e, uint64_t key[2], uint8_t addr[32])
{
	uint64_t src = (uint64_t)e->src_port << 32, dst = (uint64_t)e->dst_port << 32;
	uint32_t word;
	bool swapped;

	if (e->ipv6) {
		const int order = memcmp(e->src, e->dst, 16);

		swapped = order ? order > 0 : src > dst;
		memcpy(addr, swapped ? e->dst : e->src, 16);
		memcpy(addr + 16, swapped ? e->src : e->dst, 16);
	} else {
		memcpy(&word, e->src, 4);
		src |= word;
		memcpy(&word, e->dst, 4);
		dst |= word;
		swapped = src > dst;
	}
	put_key(key, swapped ? dst : src, swapped ? src : dst, e->proto,
		e->class | (e->ipv6 ? CT_CLASS_IPV6 : 0), e->zone);
	return swapped;
}

static void
set_key(struct xd_ct_packet *p, const struct ct_endpoints *e)
{
	p->swapped = xd_ct_canonical(e, p->key, p->addr);
}

/* The same of IPv4 with ports, which is what most frames are: both addresses, and both ports, lie
 * next to each other. */
static inline void
set_key_ipv4(struct xd_ct_packet *p, const uint8_t *ip, const uint8_t *l4, uint8_t proto)
{
	uint32_t addr[2];
	uint16_t port[2];
	uint64_t src, dst;

	memcpy(addr, ip + 12, sizeof(addr));
	memcpy(port, l4, sizeof(port));
	src = addr[0] | (uint64_t)port[0] << 32;
	dst = addr[1] | (uint64_t)port[1] << 32;
	p->swapped = src > dst;
	put_key(p->key, src > dst ? dst : src, src > dst ? src : dst, proto, 0, p->zone);
}

static uint16_t
port_at(const uint8_t *at)
{
	uint16_t port;

	memcpy(&port, at, 2);
	return port;
}

static void
set_ports(struct ct_endpoints *e, const uint8_t *l4)
{
	e->src_port = port_at(l4);
	e->dst_port = port_at(l4 + 2);
}

/* The pairs of a question and its answer. false: neither. */
static bool
is_query(bool ipv6, uint8_t type, uint8_t *class, bool *answer)
{
	/* RFC 792: echo, timestamp, information; RFC 950: mask. */
	static const uint8_t asks[4] = {8, 13, 15, 17}, answers[4] = {0, 14, 16, 18};

	if (ipv6) {
		*answer = type == 129;
		*class = 0;
		return type == 128 || type == 129;
	}
	for (uint8_t i = 0; i < 4; i++) {
		*answer = type == answers[i];
		*class = (uint8_t)(i << 1);
		if (type == asks[i] || type == answers[i])
			return true;
	}
	return false;
}

/* The lowest bit of the class says which endpoint asks: two hosts that ask each other under one
 * identifier are two connections. */
static void
set_query(struct xd_ct_packet *p, struct ct_endpoints *e, const uint8_t *l4, uint8_t class,
	bool answer)
{
	e->src_port = e->dst_port = port_at(l4 + 4);
	e->class = class;
	set_key(p, e);
	p->key[0] |= (uint64_t)(p->swapped != answer) << 56;
}

/* RFC 792 and 4443. Neighbour discovery and the like is for no router to forward. */
static bool
is_error(bool ipv6, uint8_t type)
{
	if (ipv6)
		return type >= 1 && type <= 4;
	return (type >= 3 && type <= 5) || type == 11 || type == 12;
}

/* The header of the packet that an error is about, and 8 bytes behind it; l4: NULL where they are
 * not in the snapshot. */
static const uint8_t *
inner_l4(const uint8_t *ip, uint32_t room, struct ct_endpoints *e)
{
	const uint32_t bytes = e->ipv6 ? IPV6_BYTES : room >= 1 ? (ip[0] & 0xfu) * 4 : 0;

	if (bytes < IPV4_BYTES || room < bytes + 8 || ip[0] >> 4 != (e->ipv6 ? 6 : 4))
		return NULL;
	e->proto = e->ipv6 ? ip[6] : ip[9];
	e->src = ip + (e->ipv6 ? 8 : 12);
	e->dst = e->src + (e->ipv6 ? 16 : 4);
	if (!e->ipv6 && (xd_get16(ip + 6) & 0x1fff) != 0)
		return NULL;
	return ip + bytes;
}

/* The tuple is the inner packet's, which goes to where the error comes from: turned round. */
static void
set_error(struct xd_ct_packet *p, const uint8_t *ip, uint32_t room, const uint8_t *outer_dst,
	bool ipv6)
{
	struct ct_endpoints e = {.ipv6 = ipv6, .zone = p->zone};
	const uint8_t *l4 = inner_l4(ip, room, &e);
	uint8_t class;
	bool answer;

	p->kind = CT_KIND_BAD;
	if (!l4 || memcmp(e.src, outer_dst, ipv6 ? 16 : 4) != 0)
		return;
	if (e.proto == (ipv6 ? PROTO_ICMPV6 : PROTO_ICMP)) {
		if (!is_query(ipv6, l4[0], &class, &answer))
			return;
		set_query(p, &e, l4, class, answer);
	} else {
		if (e.proto == PROTO_TCP || e.proto == PROTO_UDP)
			set_ports(&e, l4);
		set_key(p, &e);
	}
	p->swapped = !p->swapped;
	p->kind = CT_KIND_ERROR;
}

static void
set_icmp(struct xd_ct_packet *p, const uint8_t *data, uint32_t len, const struct xd_headers *h,
	struct ct_endpoints *e)
{
	const uint8_t *l4 = data + h->l4;
	uint8_t class;
	bool answer;

	if (len - h->l4 < ICMP_BYTES) {
		p->kind = CT_KIND_BAD;
	} else if (is_query(e->ipv6, l4[0], &class, &answer)) {
		p->kind = answer ? CT_KIND_ANSWER : CT_KIND_QUERY;
		set_query(p, e, l4, class, answer);
	} else if (is_error(e->ipv6, l4[0])) {
		set_error(p, l4 + ICMP_BYTES, len - h->l4 - ICMP_BYTES, e->dst, e->ipv6);
	} else {
		p->kind = e->ipv6 ? CT_KIND_NONE : CT_KIND_BAD;
	}
}

/* RFC 7323: 255 when the option is not there. */
static uint8_t
window_scale(const uint8_t *at, const uint8_t *end)
{
	while (at < end && *at != OPTION_END) {
		if (*at == OPTION_NOP) {
			at++;
			continue;
		}
		if (end - at < 2 || at[1] < 2 || at[1] > end - at)
			break;
		if (at[0] == OPTION_SCALE && at[1] == 3)
			return at[2] < SCALE_MAX ? at[2] : SCALE_MAX;
		at += at[1];
	}
	return UINT8_MAX;
}

static void
set_tcp(struct xd_ct_packet *p, const uint8_t *l4, const struct xd_headers *h, uint32_t ip_bytes)
{
	p->kind = CT_KIND_TCP;
	p->tcp_seq = xd_get32(l4 + 4);
	p->tcp_ack = xd_get32(l4 + 8);
	p->tcp_flags = l4[13] & 0x3f;
	p->tcp_window = xd_get16(l4 + 14);
	p->tcp_len = h->l3 + ip_bytes - h->payload;
	p->tcp_scale = UINT8_MAX;
	if (p->tcp_flags & TCP_SYN)
		p->tcp_scale = window_scale(l4 + 20, l4 + (h->payload - h->l4));
}

/* Of the IP packet, by its header; 0: it does not fit into the frame. */
static uint32_t
ip_bytes_of(const struct xd_frame *f, const uint8_t *ip, const struct xd_headers *h)
{
	const uint32_t room = f->len - h->l3;
	const uint32_t bytes =
		xd_headers_is_ipv6(h) ? IPV6_BYTES + xd_get16(ip + 4) : xd_get16(ip + 2);

	return bytes <= room && bytes >= (uint32_t)(h->l4 - h->l3) ? bytes : 0;
}

static inline bool
has_ports(const struct xd_headers *h)
{
	return h->l4_kind == XD_L4_TCP || h->l4_kind == XD_L4_UDP || h->l4_kind == XD_L4_SCTP;
}

/* Of IPv6, or without ports: apart, so that others do not make room for what it needs. */
static __attribute__((noinline)) void
set_unusual(struct xd_ct_packet *p, const uint8_t *data, uint32_t len, const struct xd_headers *h)
{
	const uint8_t *ip = data + h->l3;
	const bool ipv6 = xd_headers_is_ipv6(h);
	struct ct_endpoints e = {
		.ipv6 = ipv6, .zone = p->zone, .proto = h->proto, .src = ip + (ipv6 ? 8 : 12)};

	e.dst = e.src + (ipv6 ? 16 : 4);
	if (h->l4_kind == XD_L4_ICMP || h->l4_kind == XD_L4_ICMPV6) {
		set_icmp(p, data, len, h, &e);
		return;
	}
	if (has_ports(h))
		set_ports(&e, data + h->l4);
	set_key(p, &e);
}

static inline void
set_transport(struct xd_ct_packet *p, const uint8_t *data, uint32_t len, const struct xd_headers *h,
	uint32_t ip_bytes)
{
	p->kind = CT_KIND_OTHER;
	if (h->l4_kind == XD_L4_UDP)
		p->kind = CT_KIND_UDP;
	else if (h->l4_kind == XD_L4_TCP)
		set_tcp(p, data + h->l4, h, ip_bytes);
	if (h->l3_kind == XD_L3_IPV4 && has_ports(h))
		set_key_ipv4(p, data + h->l3, data + h->l4, h->proto);
	else
		set_unusual(p, data, len, h);
}

void
xd_ct_packet_init(
	struct xd_ct_packet *p, const struct xd_frame *f, const struct xd_headers *h, uint16_t zone)
{
	const uint8_t *data = f->buf + f->start;
	uint32_t ip_bytes;

	memset(p, 0, offsetof(struct xd_ct_packet, to));
	p->zone = zone;
	p->bytes = f->len;
	if (h->l3_kind != XD_L3_IPV4 && h->l3_kind != XD_L3_IPV6) {
		p->kind = h->type == 0x0800 || h->type == 0x86dd ? CT_KIND_BAD : CT_KIND_NONE;
		return;
	}
	ip_bytes = ip_bytes_of(f, data + h->l3, h);
	p->kind = CT_KIND_BAD;
	if (h->end != XD_HEADERS_WHOLE || ip_bytes == 0)
		return;
	if (h->fragment_offset != 0)
		p->kind = CT_KIND_FRAGMENT;
	else if (h->l4_kind == XD_L4_NONE || h->l3 + ip_bytes >= h->payload)
		set_transport(p, data, f->head_len, h, ip_bytes);
}

static void
set_endpoint(uint64_t word, const uint8_t *addr, bool ipv6, uint8_t *to, uint16_t *port)
{
	const uint32_t ipv4 = (uint32_t)word;

	if (ipv6)
		memcpy(to, addr, 16);
	else
		memcpy(to, &ipv4, 4);
	*port = (uint16_t)(word >> 32);
}

void
xd_ct_tuple_of(const uint64_t key[2], const uint8_t *addr, bool swapped, struct xd_ct_tuple *t)
{
	memset(t, 0, sizeof(*t));
	t->zone = ct_key_zone(key);
	t->proto = ct_key_proto(key);
	t->ipv6 = ct_key_is_ipv6(key);
	set_endpoint(key[swapped], addr + 16 * swapped, t->ipv6, t->src, &t->src_port);
	set_endpoint(key[!swapped], addr + 16 * !swapped, t->ipv6, t->dst, &t->dst_port);
}

void
xd_ct_packet_tuple(const struct xd_ct_packet *p, struct xd_ct_tuple *t)
{
	if (p->kind < CT_KIND_TCP)
		memset(t, 0, sizeof(*t));
	else
		xd_ct_tuple_of(p->key, p->addr, p->swapped, t);
}

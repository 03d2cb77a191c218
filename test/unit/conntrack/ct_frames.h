/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames for the tracker, with right checksums, and what it says of them. */
#ifndef CT_FRAMES_H
#define CT_FRAMES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "conntrack/conntrack.h"
#include "frame/offload.h"

#define L3 14
#define T0 1000000ull /* ms: when a test begins */

enum { P_ICMP = 1, P_TCP = 6, P_UDP = 17, P_ICMPV6 = 58 };
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

/* One end; of IPv4 four bytes. */
struct host {
	uint8_t addr[16];
	uint16_t port;
};

static inline struct host
host4(uint32_t addr, uint16_t port)
{
	struct host h = {.port = port};

	xd_put32(h.addr, addr);
	return h;
}

static inline struct host
host6(uint32_t last, uint16_t port)
{
	struct host h = {.addr = {0x20, 0x01, 0x0d, 0xb8}, .port = port};

	xd_put32(h.addr + 12, last);
	return h;
}

struct packet {
	struct xd_frame f;
	struct xd_headers h;
	struct xd_ct_packet p;
};

static inline uint32_t
ip_len(bool ipv6)
{
	return ipv6 ? 40 : 20;
}

static inline uint32_t
fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static inline uint32_t
sum_of(const uint8_t *at, uint32_t len)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < len; i++)
		sum += i & 1 ? at[i] : (uint32_t)at[i] << 8;
	return sum;
}

static inline uint32_t
checksum_offset(uint8_t proto)
{
	return proto == P_TCP ? 16 : proto == P_UDP ? 6 : 2;
}

/* The sum over a transport's bytes, which is 0xffff when its checksum is right. */
static inline uint32_t
transport_sum(const uint8_t *ip, bool ipv6, uint8_t proto, uint32_t len)
{
	const uint8_t *l4 = ip + ip_len(ipv6);
	uint32_t sum = sum_of(l4, len);

	if (proto != P_ICMP)
		sum += sum_of(ip + (ipv6 ? 8 : 12), ipv6 ? 32 : 8) + proto + len;
	return fold(sum);
}

/* An IP header and its checksums around len bytes behind it, which are there. */
static inline void
put_ip(uint8_t *ip, bool ipv6, uint8_t proto, const struct host *from, const struct host *to,
	uint32_t len)
{
	uint8_t *sum = ip + ip_len(ipv6) + checksum_offset(proto);

	memset(ip, 0, ip_len(ipv6));
	if (ipv6) {
		ip[0] = 0x60;
		xd_put16(ip + 4, len);
		ip[6] = proto;
		ip[7] = 64;
		memcpy(ip + 8, from->addr, 16);
		memcpy(ip + 24, to->addr, 16);
	} else {
		ip[0] = 0x45;
		xd_put16(ip + 2, 20 + len);
		ip[8] = 64;
		ip[9] = proto;
		memcpy(ip + 12, from->addr, 4);
		memcpy(ip + 16, to->addr, 4);
		xd_put16(ip + 10, ~fold(sum_of(ip, 20)) & 0xffff);
	}
	if (proto == P_TCP || proto == P_UDP || proto == P_ICMP || proto == P_ICMPV6) {
		xd_put16(sum, 0);
		xd_put16(sum, ~transport_sum(ip, ipv6, proto, len) & 0xffff);
	}
}

/* The frame of an IP packet whose bytes behind the IP header, len of them, are written. */
static inline void
finish(struct packet *k, bool ipv6, uint8_t proto, const struct host *from, const struct host *to,
	uint32_t len)
{
	uint8_t *d = k->f.buf + XD_HEADROOM;
	const uint32_t bytes = L3 + ip_len(ipv6) + len;

	memset(d, 0, 12);
	xd_put16(d + 12, ipv6 ? 0x86dd : 0x0800);
	put_ip(d + L3, ipv6, proto, from, to, len);
	xd_frame_init(&k->f, bytes, (uint8_t)bytes, 0);
	xd_headers_parse(&k->f, &k->h);
}

static inline uint8_t *
l4_of(struct packet *k, bool ipv6)
{
	return k->f.buf + XD_HEADROOM + L3 + ip_len(ipv6);
}

static inline void
put_udp(uint8_t *l4, const struct host *from, const struct host *to, uint32_t len)
{
	memset(l4, 0, 8);
	xd_put16(l4, from->port);
	xd_put16(l4 + 2, to->port);
	xd_put16(l4 + 4, len);
}

static inline void
make_udp(struct packet *k, bool ipv6, struct host from, struct host to)
{
	memset(k, 0, sizeof(*k));
	put_udp(l4_of(k, ipv6), &from, &to, 16);
	finish(k, ipv6, P_UDP, &from, &to, 16);
}

/* A segment with len bytes, and where scale is not negative that option. */
static inline void
make_tcp(struct packet *k, bool ipv6, struct host from, struct host to, uint8_t flags, uint32_t seq,
	uint32_t ack, uint16_t win, int scale, uint32_t len)
{
	const uint32_t header = scale >= 0 ? 24 : 20;
	uint8_t *l4 = l4_of(k, ipv6);

	memset(k, 0, sizeof(*k));
	xd_put16(l4, from.port);
	xd_put16(l4 + 2, to.port);
	xd_put32(l4 + 4, seq);
	xd_put32(l4 + 8, ack);
	l4[12] = (uint8_t)(header / 4 << 4);
	l4[13] = flags;
	xd_put16(l4 + 14, win);
	if (scale >= 0)
		memcpy(l4 + 20, (uint8_t[]){1, 3, 3, (uint8_t)scale}, 4);
	/* What does not fit into the snapshot is only said to be there. */
	finish(k, ipv6, P_TCP, &from, &to, header);
	if (ipv6)
		xd_put16(l4 - 36, header + len);
	else
		xd_put16(l4 - 18, 20 + header + len);
	k->f.len += len;
	xd_headers_parse(&k->f, &k->h);
}

/* type: of ICMP or ICMPv6, of a query or its answer. */
static inline void
make_query(struct packet *k, bool ipv6, struct host from, struct host to, uint8_t type, uint16_t id)
{
	uint8_t *l4 = l4_of(k, ipv6);

	memset(k, 0, sizeof(*k));
	l4[0] = type;
	xd_put16(l4 + 4, id);
	finish(k, ipv6, ipv6 ? P_ICMPV6 : P_ICMP, &from, &to, 16);
}

/* An error from a router about a UDP datagram that went from one to the other. */
static inline void
make_error(struct packet *k, bool ipv6, struct host router, struct host from, struct host to)
{
	uint8_t *l4 = l4_of(k, ipv6), *ip = l4 + 8;

	memset(k, 0, sizeof(*k));
	l4[0] = ipv6 ? 1 : 3;
	l4[1] = 1;
	put_udp(ip + ip_len(ipv6), &from, &to, 8);
	put_ip(ip, ipv6, P_UDP, &from, &to, 8);
	finish(k, ipv6, ipv6 ? P_ICMPV6 : P_ICMP, &router, &from, 8 + ip_len(ipv6) + 8);
}

static inline void
track(struct xd_ct *ct, struct packet *k, uint16_t zone, uint64_t now_ms)
{
	xd_ct_packet_init(&k->p, &k->f, &k->h, zone);
	xd_ct_track(ct, 0, &k->p, 1, now_ms);
}

static inline uint8_t
state_of(struct xd_ct *ct, struct packet *k, uint64_t now_ms)
{
	track(ct, k, 0, now_ms);
	return k->p.state;
}

/* Whether all checksums of a frame are right, those of a packet in an ICMP error too. */
static inline bool
is_right(struct packet *k)
{
	const uint8_t *ip = xd_frame_data(&k->f) + L3, *inner;
	const bool ipv6 = k->h.l3_kind == XD_L3_IPV6;
	const uint32_t len = k->f.len - L3 - ip_len(ipv6);
	const uint8_t proto = ipv6 ? ip[6] : ip[9];
	const bool error = (proto == P_ICMP && ip[20] == 3) || (proto == P_ICMPV6 && ip[40] == 1);

	if (!ipv6 && fold(sum_of(ip, 20)) != 0xffff)
		return false;
	if (transport_sum(ip, ipv6, proto, len) != 0xffff)
		return false;
	if (!error)
		return true;
	inner = ip + ip_len(ipv6) + 8;
	return (ipv6 || fold(sum_of(inner, 20)) == 0xffff) &&
	       transport_sum(inner, ipv6, P_UDP, 8) == 0xffff;
}

static inline struct xd_ct *
make_table(uint32_t max)
{
	struct xd_error err;
	struct xd_ct *ct = xd_ct_create(
		&(struct xd_ct_opts){
			.size = sizeof(struct xd_ct_opts), .max_connections = max, .node = -1},
		&err);

	assert_non_null(ct);
	return ct;
}

/* Accepts the connection that a tracked packet begins. */
static inline void
commit(struct xd_ct *ct, struct packet *k, uint64_t now_ms)
{
	assert_int_equal(k->p.state, XD_CT_NEW);
	assert_false(k->p.known);
	assert_int_equal(xd_ct_commit(ct, 0, &k->p, NULL, now_ms), 0);
	assert_true(k->p.known);
}

static inline uint32_t
connections(struct xd_ct *ct)
{
	struct xd_ct_stats stats;

	xd_ct_stats(ct, &stats);
	return stats.connections;
}

#endif

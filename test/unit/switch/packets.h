/* SPDX-License-Identifier: BSD-3-Clause */
/* Beside app_env.h: packets of TCP and UDP that ask for offloads, and three application ports that
 * they go between. */
#ifndef TEST_PACKETS_H
#define TEST_PACKETS_H

#include "app_env.h"

#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "frame/offload.h"

#define ETH     14
#define SEGSZ   1000
#define PAYLOAD 6500
#define ROOM    66000
#define ALL     (XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4 | XD_OFFLOAD_TSO6 | XD_OFFLOAD_ECN)

/* What is sent, and what is left of it in pieces. */
struct packet {
	bool ipv6, udp;
	uint8_t tcp_flags;
	uint32_t payload;
	uint64_t flags;       /* RTE_MBUF_F_TX_* */
	uint16_t segsz, each; /* bytes in each buffer; 0: as many as fit */
};

static struct xd_app *one, *two, *three;

/* one -> two or three, by the last byte of the address. */
static inline int
open_three(void **state)
{
	int ret = open_switch(state);
	struct env *env = *state;
	static const char *const names[] = {"one", "two", "three"};

	for (unsigned i = 0; i < 3; i++)
		add_app(env, names[i], 1, 128);
	apply(env);
	one = open_app(env, "one");
	two = open_app(env, "two");
	three = open_app(env, "three");
	return ret;
}

static inline int
close_three(void **state)
{
	int ret;

	xd_app_close(one);
	xd_app_close(two);
	xd_app_close(three);
	ret = close_switch(state);
	assert_true(rte_mempool_full(pool));
	return ret;
}

static inline uint32_t
l3_bytes(const struct packet *p)
{
	return p->ipv6 ? 40 : 20;
}

static inline uint32_t
header_bytes(const struct packet *p)
{
	return ETH + l3_bytes(p) + (p->udp ? 8 : 20);
}

static inline bool
is_gso(const struct packet *p)
{
	return p->flags & RTE_MBUF_F_TX_TCP_SEG;
}

static inline void
write_l3(const struct packet *p, uint8_t *ip, uint8_t dst)
{
	const uint16_t len = (uint16_t)((p->udp ? 8 : 20) + p->payload);
	struct rte_ipv4_hdr *v4 = (struct rte_ipv4_hdr *)ip;
	struct rte_ipv6_hdr *v6 = (struct rte_ipv6_hdr *)ip;

	if (p->ipv6) {
		v6->vtc_flow = rte_cpu_to_be_32(6u << 28);
		v6->payload_len = rte_cpu_to_be_16(len);
		v6->proto = p->udp ? IPPROTO_UDP : IPPROTO_TCP;
		v6->hop_limits = 64;
		v6->src_addr[15] = 1;
		v6->dst_addr[15] = dst;
		return;
	}
	v4->version_ihl = RTE_IPV4_VHL_DEF;
	v4->total_length = rte_cpu_to_be_16((uint16_t)(20 + len));
	v4->time_to_live = 64;
	v4->next_proto_id = p->udp ? IPPROTO_UDP : IPPROTO_TCP;
	v4->src_addr = 0x0100000a;
	v4->dst_addr = dst << 24 | 0x00000a;
}

/* The pseudo-header's sum is as DPDK asks for it: without the length where there are segments. */
static inline void
write_packet(const struct packet *p, uint8_t *data, uint8_t dst)
{
	uint8_t *ip = data + ETH, *l4 = ip + l3_bytes(p);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)l4;
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)l4;
	uint16_t sum;

	memset(data, 0, header_bytes(p));
	data[0] = data[6] = 2;
	data[5] = dst;
	data[11] = 1;
	data[12] = p->ipv6 ? 0x86 : 8;
	data[13] = p->ipv6 ? 0xdd : 0;
	write_l3(p, ip, dst);
	sum = p->ipv6 ? rte_ipv6_phdr_cksum((struct rte_ipv6_hdr *)ip, p->flags)
		      : rte_ipv4_phdr_cksum((struct rte_ipv4_hdr *)ip, p->flags);
	if (p->udp) {
		udp->src_port = udp->dst_port = 0x1234;
		udp->dgram_len = rte_cpu_to_be_16((uint16_t)(8 + p->payload));
		udp->dgram_cksum = sum;
	} else {
		tcp->sent_seq = rte_cpu_to_be_32(5000);
		tcp->data_off = 5 << 4;
		tcp->tcp_flags = p->tcp_flags;
		tcp->cksum = sum;
	}
	for (uint32_t i = 0; i < p->payload; i++)
		data[header_bytes(p) + i] = (uint8_t)(i * 7 + i / 256);
}

static inline struct rte_mbuf *
make_packet(const struct packet *p, uint8_t dst)
{
	static uint8_t data[ROOM];
	const uint32_t len = header_bytes(p) + p->payload, each = p->each ? p->each : 2048;
	struct rte_mbuf *first = NULL, *last = NULL;

	write_packet(p, data, dst);
	for (uint32_t at = 0; at < len; at += each) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
		const uint16_t n = (uint16_t)RTE_MIN(each, len - at);

		assert_non_null(m);
		memcpy(rte_pktmbuf_append(m, n), data + at, n);
		if (first) {
			last->next = m;
			first->nb_segs++;
			first->pkt_len += n;
		} else {
			first = m;
		}
		last = m;
	}
	first->l2_len = ETH;
	first->l3_len = l3_bytes(p) & 0x1ff;
	first->l4_len = p->udp ? 8 : 20;
	first->tso_segsz = p->segsz;
	first->ol_flags = p->flags;
	return first;
}

static inline void
send_mbuf(struct env *env, struct xd_app *app, struct rte_mbuf *m)
{
	assert_int_equal(xd_app_tx_burst(app, 0, &m, 1), 1);
	xd_worker_poll(env->worker);
}

/* Bytes of a chain. */
static inline uint32_t
read_all(const struct rte_mbuf *m, uint8_t *data)
{
	const void *at = rte_pktmbuf_read(m, 0, m->pkt_len, data);

	assert_non_null(at);
	if (at != data)
		memcpy(data, at, m->pkt_len);
	return m->pkt_len;
}

/* A field of zeroes sums to the checksum: RFC 1071. */
static inline void
check_ip_checksum(const struct packet *p, uint8_t *data)
{
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(data + ETH);
	const uint16_t is = ip->hdr_checksum;

	if (p->ipv6)
		return;
	ip->hdr_checksum = 0;
	assert_int_equal(is, rte_ipv4_cksum(ip));
	ip->hdr_checksum = is;
}

/* Takes the segments of a packet off a port that does not take it whole. */
static inline void
expect_segments(struct xd_app *app, const struct packet *p)
{
	static uint8_t data[ROOM], want[ROOM];
	uint32_t sent = 0;

	write_packet(p, want, 0);
	while (sent < p->payload) {
		struct rte_mbuf *m = rx(app, 0);
		const uint32_t n = RTE_MIN(p->payload - sent, (uint32_t)p->segsz);
		uint8_t *l4 = data + ETH + l3_bytes(p);

		assert_non_null(m);
		assert_int_equal(m->ol_flags, 0);
		assert_int_equal(read_all(m, data), header_bytes(p) + n);
		rte_pktmbuf_free(m);
		check_ip_checksum(p, data);
		assert_int_equal(p->ipv6 ? rte_ipv6_udptcp_cksum_verify((void *)(data + ETH), l4)
					 : rte_ipv4_udptcp_cksum_verify((void *)(data + ETH), l4),
			0);
		if (!p->udp)
			assert_int_equal(rte_be_to_cpu_32(((struct rte_tcp_hdr *)l4)->sent_seq),
				5000 + sent);
		assert_memory_equal(data + header_bytes(p), want + header_bytes(p) + sent, n);
		sent += n;
	}
	assert_null(rx(app, 0));
}

/* The packet as it was sent, and what is said of it. */
static inline struct rte_mbuf *
expect_whole(struct xd_app *app, const struct packet *p, uint8_t dst)
{
	static uint8_t data[ROOM], want[ROOM];
	struct rte_mbuf *m = rx(app, 0);
	struct packet said = *p;

	assert_non_null(m);
	/* With what DPDK has a sender say besides. */
	said.flags |= p->ipv6 ? RTE_MBUF_F_TX_IPV6 : RTE_MBUF_F_TX_IPV4;
	said.flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
	if (is_gso(p))
		said.flags |= RTE_MBUF_F_RX_LRO | (p->ipv6 ? 0 : RTE_MBUF_F_TX_IP_CKSUM);
	assert_int_equal(m->ol_flags, said.flags);
	assert_int_equal(m->l2_len, ETH);
	assert_int_equal(m->l3_len, l3_bytes(p));
	assert_int_equal(m->l4_len, p->udp ? 8 : 20);
	assert_int_equal(m->tso_segsz, is_gso(p) ? p->segsz : 0);
	assert_int_equal(read_all(m, data), header_bytes(p) + p->payload);
	assert_int_equal(rte_mbuf_check(m, 1, &(const char *){NULL}), 0);
	write_packet(p, want, dst);
	if (p->flags & RTE_MBUF_F_TX_IP_CKSUM)
		check_ip_checksum(p, data);
	memcpy(data + ETH + 10, want + ETH + 10, p->ipv6 ? 0 : 2);
	assert_memory_equal(data, want, m->pkt_len);
	return m;
}

#define TCP4 (RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_TCP_SEG)
#define TCP6 (RTE_MBUF_F_TX_IPV6 | RTE_MBUF_F_TX_TCP_SEG)

static const struct packet longs[] = {
	{.payload = PAYLOAD, .flags = TCP4, .segsz = SEGSZ},
	{.payload = PAYLOAD, .flags = TCP4, .segsz = SEGSZ, .each = 33},
	{.payload = 1001, .flags = TCP4, .segsz = 8},
	{.payload = 65000, .flags = TCP4, .segsz = 1448},
	{.payload = PAYLOAD, .flags = TCP4, .segsz = SEGSZ, .tcp_flags = 0x80},
	{.payload = PAYLOAD, .flags = TCP6, .segsz = SEGSZ, .ipv6 = true},
	{.payload = PAYLOAD, .flags = TCP6, .segsz = SEGSZ, .ipv6 = true, .each = 500},
};

/* Where the receiver is known, so that nobody else gets it. */
static inline void
teach(struct env *env)
{
	static const struct packet p = {.payload = 100};
	struct rte_mbuf *m = make_packet(&p, 9);

	rte_pktmbuf_mtod(m, uint8_t *)[11] = 3;
	send_mbuf(env, three, m);
	m = make_packet(&p, 9);
	rte_pktmbuf_mtod(m, uint8_t *)[11] = 2;
	send_mbuf(env, two, m);
	while ((m = rx(one, 0)) || (m = rx(two, 0)) || (m = rx(three, 0)))
		rte_pktmbuf_free(m);
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Checksums and segmentation between a program's mbufs and frames: three application ports, of
 * which one sends, one takes what it is told to, and one nothing. */
#include "app_env.h"

#include <unistd.h>

#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "drivers/app/config.h"
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
static int
open_all(void **state)
{
	int ret = open_switch(state);
	struct env *env = *state;
	static const char *const names[] = {"one", "two", "three"};

	for (unsigned i = 0; i < 3; i++) {
		struct xd_port_config *port =
			xd_config_add_port(env->config, names[i], "app", "br0", &env->err);

		assert_non_null(port);
		xd_app_config(port)->ring = 128;
	}
	apply(env);
	one = open_app(env, "one");
	two = open_app(env, "two");
	three = open_app(env, "three");
	return ret;
}

static struct rte_mbuf *
rx(struct xd_app *app)
{
	struct rte_mbuf *m = NULL;

	return xd_app_rx_burst(app, 0, &m, 1) ? m : NULL;
}

static int
close_all(void **state)
{
	int ret;

	xd_app_close(one);
	xd_app_close(two);
	xd_app_close(three);
	ret = close_switch(state);
	assert_true(rte_mempool_full(pool));
	return ret;
}

static uint32_t
l3_bytes(const struct packet *p)
{
	return p->ipv6 ? 40 : 20;
}

static uint32_t
header_bytes(const struct packet *p)
{
	return ETH + l3_bytes(p) + (p->udp ? 8 : 20);
}

static bool
is_gso(const struct packet *p)
{
	return p->flags & RTE_MBUF_F_TX_TCP_SEG;
}

static void
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
static void
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

static struct rte_mbuf *
make(const struct packet *p, uint8_t dst)
{
	static uint8_t data[ROOM];
	const uint32_t len = header_bytes(p) + p->payload, each = p->each ? p->each : 2048;
	struct rte_mbuf *first = NULL, *last = NULL;

	write_packet(p, data, dst);
	for (uint32_t at = 0; at < len; at += each) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
		const uint16_t n = (uint16_t)RTE_MIN(each, len - at);

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

static void
send_mbuf(struct env *env, struct xd_app *app, struct rte_mbuf *m)
{
	assert_int_equal(xd_app_tx_burst(app, 0, &m, 1), 1);
	xd_worker_poll(env->worker);
}

static uint64_t
drops_of(struct env *env, const char *port, enum xd_drop reason)
{
	return info_of(env, port).drops[0].n[reason];
}

/* Bytes of a chain. */
static uint32_t
read_all(const struct rte_mbuf *m, uint8_t *data)
{
	const void *at = rte_pktmbuf_read(m, 0, m->pkt_len, data);

	assert_non_null(at);
	if (at != data)
		memcpy(data, at, m->pkt_len);
	return m->pkt_len;
}

/* A field of zeroes sums to the checksum: RFC 1071. */
static void
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
static void
expect_segments(struct xd_app *app, const struct packet *p)
{
	static uint8_t data[ROOM], want[ROOM];
	uint32_t sent = 0;

	write_packet(p, want, 0);
	while (sent < p->payload) {
		struct rte_mbuf *m = rx(app);
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
	assert_null(rx(app));
}

/* The packet as it was sent, and what is said of it. */
static struct rte_mbuf *
expect_whole(struct xd_app *app, const struct packet *p, uint8_t dst)
{
	static uint8_t data[ROOM], want[ROOM];
	struct rte_mbuf *m = rx(app);
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

static void
passes_long_frames_whole(void **state)
{
	struct env *env = *state;

	assert_int_equal(xd_app_set_offloads(two, ALL), 0);
	for (size_t i = 0; i < RTE_DIM(longs); i++) {
		struct rte_mbuf *m;

		/* Made by the program, passed on as it came, and then segmented. */
		send_mbuf(env, one, make(&longs[i], 2));
		rte_pktmbuf_free(rx(three));
		m = expect_whole(two, &longs[i], 2);
		rte_pktmbuf_mtod(m, uint8_t *)[0] |= 1; /* to all */
		rte_pktmbuf_mtod(m, uint8_t *)[11] = 2;
		xd_app_set_offloads(one, ALL);
		send_mbuf(env, two, m);
		m = rx(one);
		assert_non_null(m);
		assert_int_equal(m->tso_segsz, longs[i].segsz);
		rte_pktmbuf_free(m);
		while ((m = rx(three)))
			rte_pktmbuf_free(m);
	}
	assert_int_equal(drops_of(env, "one", XD_DROP_BAD_OFFLOAD), 0);
	assert_int_equal(drops_of(env, "two", XD_DROP_BAD_OFFLOAD), 0);
	assert_int_equal(info_of(env, "two").counters.segmented, 0);
}

/* Where the receiver is known, so that nobody else gets it. */
static void
teach(struct env *env)
{
	static const struct packet p = {.payload = 100};
	struct rte_mbuf *m = make(&p, 9);

	rte_pktmbuf_mtod(m, uint8_t *)[11] = 3;
	send_mbuf(env, three, m);
	m = make(&p, 9);
	rte_pktmbuf_mtod(m, uint8_t *)[11] = 2;
	send_mbuf(env, two, m);
	while ((m = rx(one)) || (m = rx(two)) || (m = rx(three)))
		rte_pktmbuf_free(m);
}

static void
segments_for_who_does_not_ask(void **state)
{
	struct env *env = *state;
	unsigned n = 0;

	teach(env);
	for (size_t i = 0; i < RTE_DIM(longs); i++) {
		if (longs[i].payload / longs[i].segsz > 100)
			continue; /* more than its ring has room for */
		send_mbuf(env, one, make(&longs[i], 3));
		expect_segments(three, &longs[i]);
		n++;
		/* As it came from somebody else. */
		assert_int_equal(xd_app_set_offloads(two, ALL), 0);
		send_mbuf(env, one, make(&longs[i], 2));
		send_mbuf(env, two, expect_whole(two, &longs[i], 2));
	}
	assert_int_equal(info_of(env, "three").counters.segmented, n);
}

/* TSO over IPv6 only, or no ECN: the rest is segmented. */
static void
takes_what_it_asked_for(void **state)
{
	static const struct {
		unsigned offloads, packet;
	} takes[] = {{XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4, 0}, {ALL & ~XD_OFFLOAD_TSO6, 4},
		{XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO6, 5}},
	  rest[] = {{0, 0}, {ALL & ~XD_OFFLOAD_TSO4, 0}, {ALL & ~XD_OFFLOAD_ECN, 4},
		  {ALL & ~XD_OFFLOAD_TSO6, 5}};
	struct env *env = *state;

	teach(env);
	for (size_t i = 0; i < RTE_DIM(takes); i++) {
		assert_int_equal(xd_app_set_offloads(three, takes[i].offloads), 0);
		send_mbuf(env, one, make(&longs[takes[i].packet], 3));
		rte_pktmbuf_free(expect_whole(three, &longs[takes[i].packet], 3));
	}
	for (size_t i = 0; i < RTE_DIM(rest); i++) {
		assert_int_equal(xd_app_set_offloads(three, rest[i].offloads), 0);
		send_mbuf(env, one, make(&longs[rest[i].packet], 3));
		expect_segments(three, &longs[rest[i].packet]);
	}
	assert_int_equal(xd_app_set_offloads(three, XD_OFFLOAD_TSO4), -EINVAL);
	assert_int_equal(
		xd_app_set_offloads(three, ALL | XD_OFFLOAD_USO4 | XD_OFFLOAD_USO6), -EINVAL);
	assert_int_equal(xd_app_set_offloads(three, 0x40), -EINVAL);
	assert_int_equal(xd_app_set_offloads(three, 0x100), -EINVAL);
	assert_int_equal(xd_app_set_offloads(NULL, 0), -EINVAL);
	/* Whoever opens it next has asked for nothing. */
	xd_app_close(three);
	while (info_of(env, "three").up)
		usleep(100);
	three = open_app(env, "three");
	send_mbuf(env, one, make(&longs[0], 3));
	expect_segments(three, &longs[0]);
}

static void
leaves_checksums(void **state)
{
	static const struct packet packets[] = {
		{.payload = 700, .flags = RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4},
		{.payload = 700, .flags = RTE_MBUF_F_TX_UDP_CKSUM, .udp = true},
		{.payload = 700, .flags = RTE_MBUF_F_TX_TCP_CKSUM, .ipv6 = true},
		{.payload = 700, .flags = RTE_MBUF_F_TX_UDP_CKSUM, .ipv6 = true, .udp = true},
	};
	struct env *env = *state;

	teach(env);
	for (size_t i = 0; i < RTE_DIM(packets); i++) {
		struct packet p = packets[i];
		struct rte_mbuf *m = make(&p, 3), *got;

		xd_app_set_offloads(three, XD_OFFLOAD_CSUM);
		send_mbuf(env, one, m);
		got = expect_whole(three, &p, 3);
		assert_ptr_equal(got, m); /* no copy */
		rte_pktmbuf_free(got);
		xd_app_set_offloads(three, 0);
		/* Of one piece, as expect_segments has it. */
		p.segsz = 700;
		if (!p.ipv6)
			p.flags |= RTE_MBUF_F_TX_IP_CKSUM;
		send_mbuf(env, one, make(&p, 3));
		expect_segments(three, &p);
		/* To be segmented, and short. */
		if (p.udp)
			continue;
		p.flags = (p.ipv6 ? RTE_MBUF_F_TX_IPV6
				  : RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM) |
			  RTE_MBUF_F_TX_TCP_SEG;
		send_mbuf(env, one, make(&p, 3));
		expect_segments(three, &p);
	}
	assert_int_equal(info_of(env, "three").counters.checksums, RTE_DIM(packets) + 2);
}

/* What an mbuf is made to say, and must not pass. */
static void
spoil(struct rte_mbuf *m, unsigned how)
{
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);

	switch (how) {
	case 0:
		m->l2_len = ETH + 4;
		break;
	case 1:
		m->l2_len = 0;
		break;
	case 2:
		m->l3_len = 24;
		break;
	case 3:
		m->l3_len = 0;
		break;
	case 4:
		m->l4_len = 24;
		break;
	case 5:
		m->l4_len = 0;
		break;
	case 6:
		m->tso_segsz = 0;
		break;
	case 7:
		m->tso_segsz = 7;
		break;
	case 8:
		m->ol_flags &= ~RTE_MBUF_F_TX_IPV4;
		break;
	case 9:
		m->ol_flags |= RTE_MBUF_F_TX_IPV6;
		break;
	case 10:
		m->ol_flags ^= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6;
		break;
	case 11:
		m->ol_flags |= RTE_MBUF_F_TX_UDP_SEG;
		break;
	case 12:
		m->ol_flags ^= RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_UDP_SEG;
		break;
	case 13:
		m->ol_flags |= RTE_MBUF_F_TX_SCTP_CKSUM;
		break;
	case 14:
		m->ol_flags |= RTE_MBUF_F_TX_VLAN;
		break;
	case 15:
		m->ol_flags |= RTE_MBUF_F_TX_OUTER_IP_CKSUM;
		break;
	case 16:
		m->ol_flags |= RTE_MBUF_F_TX_TUNNEL_VXLAN;
		break;
	case 17:
		data[ETH + 6] = 0x20;
		break; /* a fragment */
	case 18:
		data[ETH + 9] = IPPROTO_UDP;
		break; /* another protocol */
	case 19:
		data[ETH] = 0x65;
		break; /* another version */
	case 20:
		data[ETH] = 0x4f;
		break; /* a longer header */
	case 21:
		data[ETH + 20 + 12] = 0xf0;
		break; /* likewise of TCP */
	case 22:
		data[13] = 6;
		break; /* no IP at all */
	case 23:
		rte_pktmbuf_trim(m, 30);
		break; /* without a whole TCP header */
	default:
		fail();
	}
}

static void
refuses_what_cannot_be(void **state)
{
	static const struct packet p = {.payload = 15, .flags = TCP4, .segsz = 10};
	struct env *env = *state;
	const unsigned n = 24;

	teach(env);
	assert_int_equal(xd_app_set_offloads(three, ALL), 0);
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = make(&p, 3);

		spoil(m, i);
		send_mbuf(env, one, m);
		if (rx(three))
			fail_msg("case %u passed", i);
		assert_int_equal(drops_of(env, "one", XD_DROP_BAD_OFFLOAD), i + 1);
	}
	send_mbuf(env, one, make(&p, 3));
	rte_pktmbuf_free(expect_whole(three, &p, 3));
	assert_int_equal(info_of(env, "one").counters.rx_frames, 1);
}

/* An IP checksum by itself: of what is not TCP or UDP, too. */
static void
writes_ip_checksums(void **state)
{
	struct packet p = {.payload = 90, .flags = RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_IPV4};
	struct env *env = *state;
	uint8_t data[200];

	teach(env);
	for (unsigned i = 0; i < 3; i++) {
		struct rte_mbuf *m = make(&p, 3);

		rte_pktmbuf_mtod(m, uint8_t *)[ETH + 9] = i == 0 ? IPPROTO_ICMP : IPPROTO_TCP;
		if (i == 2)
			m->l3_len = 24; /* which it is not */
		send_mbuf(env, one, m);
		m = rx(three);
		assert_int_equal(m != NULL, i < 2);
		if (!m)
			continue;
		read_all(m, data);
		check_ip_checksum(&p, data);
		rte_pktmbuf_free(m);
	}
	p.ipv6 = true;
	send_mbuf(env, one, make(&p, 3));
	assert_null(rx(three));
	assert_int_equal(drops_of(env, "one", XD_DROP_BAD_OFFLOAD), 2);
}

static void
break_chain(struct rte_mbuf *m, unsigned how)
{
	switch (how) {
	case 0:
		m->pkt_len--;
		break;
	case 1:
		m->pkt_len++;
		break;
	case 2:
		m->pkt_len = UINT32_MAX;
		break;
	case 3:
		m->nb_segs++;
		break;
	case 4:
		m->nb_segs--;
		break;
	case 5:
		m->nb_segs = 1;
		break;
	case 6:
		m->nb_segs = 0;
		break;
	case 7:
		m->next->data_off = UINT16_MAX;
		break;
	case 8:
		m->next->data_len += 3000;
		m->pkt_len += 3000;
		break;
	case 9:
		m->data_off = m->buf_len;
		break;
	default:
		fail();
	}
}

/* Among good ones, which pass. */
static void
refuses_broken_buffers(void **state)
{
	static const struct packet p = {.payload = 300, .each = 100}, whole = {.payload = 300};
	struct env *env = *state;
	struct rte_mbuf *mbufs[33], *m;
	unsigned n = 0;

	teach(env);
	for (unsigned i = 0; i < 10; i++) {
		mbufs[n++] = make(&p, 3);
		mbufs[n] = make(&p, 3);
		break_chain(mbufs[n++], i);
	}
	mbufs[n] = make(&whole, 3);
	mbufs[n++]->pkt_len++;
	mbufs[n] = make(&whole, 3);
	mbufs[n++]->nb_segs = 2;
	mbufs[n] = make(&whole, 3);
	mbufs[n]->pkt_len = mbufs[n]->data_len = 5000;
	n++;
	assert_int_equal(xd_app_tx_burst(one, 0, mbufs, n), n);
	xd_worker_poll(env->worker);
	for (unsigned i = 0; i < 10; i++) {
		m = rx(three);
		assert_non_null(m);
		assert_int_equal(m->pkt_len, header_bytes(&p) + 300);
		rte_pktmbuf_free(m);
	}
	assert_null(rx(three));
	assert_int_equal(drops_of(env, "one", XD_DROP_BAD_BUFFER), 13);
	/* Nothing else came, and the worker is told of it. */
	m = make(&whole, 3);
	m->nb_segs = 0;
	send_mbuf(env, one, m);
	assert_int_equal(drops_of(env, "one", XD_DROP_BAD_BUFFER), 14);
}

/* What waits for a full port comes again as it was. */
static void
asks_again_when_it_comes_again(void **state)
{
	struct env *env = *state;
	struct rte_mbuf *m;

	teach(env);
	port_of(env, "three")->full = XD_FULL_WAIT;
	port_of(env, "three")->wait_us = 1000000;
	apply(env);
	xd_app_set_offloads(three, ALL);
	for (unsigned i = 0; i < 128; i++)
		send_mbuf(env, one, make(&(struct packet){.payload = 60}, 3));
	for (size_t i = 0; i < RTE_DIM(longs); i++)
		send_mbuf(env, one, make(&longs[i], 3));
	for (unsigned i = 0; i < 128; i++) {
		xd_worker_poll(env->worker);
		m = rx(three);
		assert_non_null(m);
		rte_pktmbuf_free(m);
	}
	for (size_t i = 0; i < RTE_DIM(longs); i++) {
		for (unsigned k = 0; k < 10; k++)
			xd_worker_poll(env->worker);
		rte_pktmbuf_free(expect_whole(three, &longs[i], 3));
	}
	assert_int_equal(drops_of(env, "one", XD_DROP_BAD_OFFLOAD), 0);
}

#define ON_SWITCH(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SWITCH(passes_long_frames_whole),
		ON_SWITCH(segments_for_who_does_not_ask),
		ON_SWITCH(takes_what_it_asked_for),
		ON_SWITCH(leaves_checksums),
		ON_SWITCH(refuses_what_cannot_be),
		ON_SWITCH(writes_ip_checksums),
		ON_SWITCH(refuses_broken_buffers),
		ON_SWITCH(asks_again_when_it_comes_again),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

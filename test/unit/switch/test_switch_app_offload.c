/* SPDX-License-Identifier: BSD-3-Clause */
/* Checksums and segmentation between a program's mbufs and frames: three application ports, of
 * which one sends, one takes what it is told to, and one nothing. */
#include "packets.h"

#include <unistd.h>

static void
passes_long_frames_whole(void **state)
{
	struct env *env = *state;

	assert_int_equal(xd_app_set_offloads(two, ALL), 0);
	for (size_t i = 0; i < RTE_DIM(longs); i++) {
		struct rte_mbuf *m;

		/* Made by the program, passed on as it came, and then segmented. */
		send_mbuf(env, one, make_packet(&longs[i], 2));
		rte_pktmbuf_free(rx(three, 0));
		m = expect_whole(two, &longs[i], 2);
		rte_pktmbuf_mtod(m, uint8_t *)[0] |= 1; /* to all */
		rte_pktmbuf_mtod(m, uint8_t *)[11] = 2;
		xd_app_set_offloads(one, ALL);
		send_mbuf(env, two, m);
		m = rx(one, 0);
		assert_non_null(m);
		assert_int_equal(m->tso_segsz, longs[i].segsz);
		rte_pktmbuf_free(m);
		while ((m = rx(three, 0)))
			rte_pktmbuf_free(m);
	}
	assert_int_equal(drops_of(env, "one", XD_DROP_BAD_OFFLOAD), 0);
	assert_int_equal(drops_of(env, "two", XD_DROP_BAD_OFFLOAD), 0);
	assert_int_equal(info_of(env, "two").counters.segmented, 0);
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
		send_mbuf(env, one, make_packet(&longs[i], 3));
		expect_segments(three, &longs[i]);
		n++;
		/* As it came from somebody else. */
		assert_int_equal(xd_app_set_offloads(two, ALL), 0);
		send_mbuf(env, one, make_packet(&longs[i], 2));
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
		send_mbuf(env, one, make_packet(&longs[takes[i].packet], 3));
		rte_pktmbuf_free(expect_whole(three, &longs[takes[i].packet], 3));
	}
	for (size_t i = 0; i < RTE_DIM(rest); i++) {
		assert_int_equal(xd_app_set_offloads(three, rest[i].offloads), 0);
		send_mbuf(env, one, make_packet(&longs[rest[i].packet], 3));
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
	send_mbuf(env, one, make_packet(&longs[0], 3));
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
		struct rte_mbuf *m = make_packet(&p, 3), *got;

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
		send_mbuf(env, one, make_packet(&p, 3));
		expect_segments(three, &p);
		/* To be segmented, and short. */
		if (p.udp)
			continue;
		p.flags = (p.ipv6 ? RTE_MBUF_F_TX_IPV6
				  : RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM) |
			  RTE_MBUF_F_TX_TCP_SEG;
		send_mbuf(env, one, make_packet(&p, 3));
		expect_segments(three, &p);
	}
	assert_int_equal(info_of(env, "three").counters.checksums, RTE_DIM(packets) + 2);
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
		struct rte_mbuf *m = make_packet(&p, 3);

		rte_pktmbuf_mtod(m, uint8_t *)[ETH + 9] = i == 0 ? IPPROTO_ICMP : IPPROTO_TCP;
		if (i == 2)
			m->l3_len = 24; /* which it is not */
		send_mbuf(env, one, m);
		m = rx(three, 0);
		assert_int_equal(m != NULL, i < 2);
		if (!m)
			continue;
		read_all(m, data);
		check_ip_checksum(&p, data);
		rte_pktmbuf_free(m);
	}
	p.ipv6 = true;
	send_mbuf(env, one, make_packet(&p, 3));
	assert_null(rx(three, 0));
	assert_int_equal(drops_of(env, "one", XD_DROP_BAD_OFFLOAD), 2);
}

#define ON_SWITCH(f) cmocka_unit_test_setup_teardown(f, open_three, close_three)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SWITCH(passes_long_frames_whole),
		ON_SWITCH(segments_for_who_does_not_ask),
		ON_SWITCH(takes_what_it_asked_for),
		ON_SWITCH(leaves_checksums),
		ON_SWITCH(writes_ip_checksums),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What a program may not ask for, and chains of buffers that contradict themselves. */
#include "packets.h"

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
		struct rte_mbuf *m = make_packet(&p, 3);

		spoil(m, i);
		send_mbuf(env, one, m);
		if (rx(three, 0))
			fail_msg("case %u passed", i);
		assert_int_equal(drops_of(env, "one", XD_DROP_BAD_OFFLOAD), i + 1);
	}
	send_mbuf(env, one, make_packet(&p, 3));
	rte_pktmbuf_free(expect_whole(three, &p, 3));
	assert_int_equal(info_of(env, "one").counters.rx_frames, 1);
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
		mbufs[n++] = make_packet(&p, 3);
		mbufs[n] = make_packet(&p, 3);
		break_chain(mbufs[n++], i);
	}
	mbufs[n] = make_packet(&whole, 3);
	mbufs[n++]->pkt_len++;
	mbufs[n] = make_packet(&whole, 3);
	mbufs[n++]->nb_segs = 2;
	mbufs[n] = make_packet(&whole, 3);
	mbufs[n]->pkt_len = mbufs[n]->data_len = 5000;
	n++;
	assert_int_equal(xd_app_tx_burst(one, 0, mbufs, n), n);
	xd_worker_poll(env->worker);
	for (unsigned i = 0; i < 10; i++) {
		m = rx(three, 0);
		assert_non_null(m);
		assert_int_equal(m->pkt_len, header_bytes(&p) + 300);
		rte_pktmbuf_free(m);
	}
	assert_null(rx(three, 0));
	assert_int_equal(drops_of(env, "one", XD_DROP_BAD_BUFFER), 13);
	/* Nothing else came, and the worker is told of it. */
	m = make_packet(&whole, 3);
	m->nb_segs = 0;
	send_mbuf(env, one, m);
	assert_int_equal(drops_of(env, "one", XD_DROP_BAD_BUFFER), 14);
}

#define ON_SWITCH(f) cmocka_unit_test_setup_teardown(f, open_three, close_three)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SWITCH(refuses_what_cannot_be),
		ON_SWITCH(refuses_broken_buffers),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

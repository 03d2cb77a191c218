/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports whose other side is the program: bursts, buffers, its ways to go. */
#include "app_env.h"

#include <unistd.h>

#include <rte_ip.h>
#include <rte_udp.h>

#define ETH 14

static void
passes_frames(void **state)
{
	struct env *env = *state;
	struct xd_app *app;
	struct rte_mbuf *m;

	add(env, "a", "/a");
	add_app(env, "in", 2, 64);
	apply(env);
	assert_false(info_of(env, "in").up);
	app = open_app(env, "in");
	assert_true(info_of(env, "in").up);
	assert_int_equal(xd_app_nb_queues(app), 2);
	send_frame(env, "/a", 1, 0xff);
	m = rx(app, 0);
	assert_non_null(m);
	assert_int_equal(m->pkt_len, 64);
	assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[11], 1);
	rte_pktmbuf_free(m);
	/* By both queues. */
	tx(app, 0, make(9, 1, 60));
	tx(app, 1, make(9, 1, 1400));
	assert_int_equal(xd_worker_poll(env->worker), 2);
	assert_int_equal(made_up_device("/a")->nb_out, 2);
	assert_int_equal(made_up_device("/a")->last_len, 1400);
	assert_int_equal(info_of(env, "in").counters.rx_frames, 2);
	assert_int_equal(info_of(env, "in").counters.tx_frames, 1);
	/* There is no such queue. */
	m = make(9, 1, 60);
	assert_int_equal(xd_app_tx_burst(app, 2, &m, 1), 0);
	assert_int_equal(xd_app_rx_burst(app, 2, &m, 1), 0);
	assert_int_equal(xd_app_fd(app, 2), -EINVAL);
	rte_pktmbuf_free(m);
	xd_app_close(app);
}

/* Whoever gets a frame alone gets its buffer; of several each has one of its own. */
static void
moves_buffers(void **state)
{
	struct env *env = *state;
	struct xd_app *one, *two, *three;
	struct rte_mbuf *m = make(1, 2, 100), *to[2];

	add_app(env, "one", 1, 64);
	add_app(env, "two", 1, 64);
	add_app(env, "three", 1, 64);
	apply(env);
	one = open_app(env, "one");
	two = open_app(env, "two");
	three = open_app(env, "three");
	tx(two, 0, make(2, 0xff, 60));
	xd_worker_poll(env->worker);
	assert_int_equal(receive_all(one) + receive_all(three), 2);
	tx(one, 0, m);
	xd_worker_poll(env->worker);
	assert_ptr_equal(rx(two, 0), m);
	tx(one, 0, m);
	rte_pktmbuf_mtod(m, uint8_t *)[0] |= 1;
	xd_worker_poll(env->worker);
	to[0] = rx(two, 0);
	to[1] = rx(three, 0);
	assert_non_null(to[0]);
	assert_non_null(to[1]);
	assert_ptr_not_equal(to[0], to[1]);
	assert_int_equal(rte_mbuf_refcnt_read(to[0]), 1);
	assert_int_equal(rte_mbuf_refcnt_read(to[1]), 1);
	rte_pktmbuf_free_bulk(to, 2);
	xd_app_close(one);
	xd_app_close(two);
	xd_app_close(three);
}

/* A program that does not receive finds its ring full, and nobody waits for it. */
static void
drops_for_who_does_not_receive(void **state)
{
	struct env *env = *state;
	struct xd_app *app;

	add(env, "a", "/a");
	add(env, "b", "/b");
	add_app(env, "in", 1, 64);
	apply(env);
	app = open_app(env, "in");
	for (unsigned i = 0; i < 2; i++) {
		made_up_device("/a")->nb_in = made_up_device("/a")->taken = 0;
		for (unsigned k = 0; k < 50; k++)
			made_up_send(made_up_device("/a"), 1, 0xff);
		while (xd_worker_poll(env->worker))
			;
	}
	assert_int_equal(made_up_device("/b")->nb_out, 100);
	assert_int_equal(info_of(env, "in").counters.tx_frames, 64);
	assert_int_equal(drops_of(env, "in", XD_DROP_RING_FULL), 36);
	assert_int_equal(receive_all(app), 64);
	send_frame(env, "/b", 2, 0xff);
	assert_int_equal(receive_all(app), 1);
	xd_app_close(app);
}

/* Frames from each of so many addresses, as fast as they are taken. */
static void
send_from_each(struct env *env, struct xd_app *app, uint32_t addresses)
{
	for (uint32_t i = 0; i < addresses; i += 32) {
		for (uint32_t k = i; k < i + 32 && k < addresses; k++) {
			struct rte_mbuf *m = make((uint8_t)k, 0xff, 60);
			uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);

			data[9] = (uint8_t)(k >> 16);
			data[10] = (uint8_t)(k >> 8);
			tx(app, 0, m);
		}
		xd_worker_poll(env->worker);
	}
}

/* The address table grows while frames come, with memory that control has taken for it. */
static void
learns_many_addresses(void **state)
{
	const uint32_t many = 150000;
	struct env *env = *state;
	struct xd_bridge_info bridge = {.nb_macs = 0};
	struct xd_app *app;

	xd_config_bridge(env->config, "br0")->mac_limit = 2 * many;
	add_app(env, "in", 1, 64);
	apply(env);
	app = open_app(env, "in");
	assert_int_equal(xd_switch_bridges(env->sw, &bridge, 1), 1);
	assert_true(bridge.fdb_bytes < 3u << 20);
	/* What came while control was late is learned when it comes again. */
	for (unsigned i = 0; i < 100 && bridge.nb_macs < many; i++) {
		send_from_each(env, app, many);
		assert_int_equal(xd_switch_bridges(env->sw, &bridge, 1), 1);
	}
	assert_int_equal(bridge.nb_macs, many);
	assert_in_range(bridge.fdb_bytes, 4u << 20, 12u << 20);
	assert_int_equal(xd_switch_fdb_flush(env->sw, "br0", NULL, &env->err), 0);
	assert_int_equal(xd_switch_bridges(env->sw, &bridge, 1), 1);
	assert_true(bridge.fdb_bytes < 3u << 20);
	xd_app_close(app);
}

static void
opens_once(void **state)
{
	struct env *env = *state;
	struct xd_app *app;

	add(env, "a", "/a");
	add_app(env, "in", 1, 64);
	apply(env);
	assert_null(xd_app_open(env->sw, "none", &env->err));
	assert_int_equal(env->err.code, -ENOENT);
	assert_null(xd_app_open(env->sw, "a", &env->err));
	assert_int_equal(env->err.code, -EINVAL);
	assert_null(xd_app_open(NULL, "in", &env->err));
	assert_null(xd_app_open(env->sw, NULL, &env->err));
	app = open_app(env, "in");
	assert_null(xd_app_open(env->sw, "in", &env->err));
	assert_int_equal(env->err.code, -EBUSY);
	send_frame(env, "/a", 1, 0xff);
	xd_app_close(app);
	/* Control takes it down; until then it is open to nobody. */
	while (info_of(env, "in").up)
		usleep(100);
	send_frame(env, "/a", 1, 0xff);
	assert_int_equal(drops_of(env, "in", XD_DROP_PORT_DOWN), 1);
	app = open_app(env, "in");
	assert_true(info_of(env, "in").up);
	assert_int_equal(receive_all(app), 0);
	xd_app_close(app);
	xd_app_close(NULL);
}

static void
outlives_its_port(void **state)
{
	struct env *env = *state;
	struct xd_app *app, *anew;
	struct rte_mbuf *m = make(1, 0xff, 60);
	int fd;

	add(env, "a", "/a");
	add_app(env, "in", 1, 64);
	apply(env);
	app = open_app(env, "in");
	fd = xd_app_fd(app, 0);
	receive_all(app);
	tx(app, 0, make(1, 0xff, 60)); /* that no worker comes for */
	/* It stays the same under another mtu, and becomes another with another ring. */
	port_of(env, "in")->mtu = 9000;
	apply(env);
	assert_false(xd_app_is_gone(app));
	xd_app_config(port_of(env, "in"))->ring = 128;
	apply(env);
	assert_true(xd_app_is_gone(app));
	assert_true(is_readable(fd, 0)); /* to find it gone */
	assert_int_equal(receive_all(app), 0);
	assert_int_equal(xd_app_tx_burst(app, 0, &m, 1), 0);
	anew = open_app(env, "in");
	tx(anew, 0, m);
	xd_worker_poll(env->worker);
	assert_int_equal(made_up_device("/a")->nb_out, 1);
	xd_app_close(app);
	send_frame(env, "/a", 1, 0xff);
	del(env, "in");
	apply(env);
	assert_true(xd_app_is_gone(anew));
	assert_int_equal(receive_all(anew), 1);
	xd_app_close(anew);
	/* And the switch. */
	add_app(env, "in", 1, 64);
	apply(env);
	app = open_app(env, "in");
	xd_worker_unregister(env->worker);
	env->worker = NULL;
	xd_switch_destroy(env->sw);
	assert_true(xd_app_is_gone(app));
	xd_app_close(app);
	env->sw = NULL;
}

/* A UDP datagram whose checksum is left to whoever sends it. */
static struct rte_mbuf *
make_udp(uint64_t flags)
{
	struct rte_mbuf *m = make(1, 0xff, ETH + 20 + 8 + 100);
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, ETH);
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + 1);

	ip->version_ihl = RTE_IPV4_VHL_DEF;
	ip->total_length = rte_cpu_to_be_16(20 + 8 + 100);
	ip->time_to_live = 64;
	ip->next_proto_id = IPPROTO_UDP;
	ip->src_addr = 0x0100000a;
	ip->dst_addr = 0x0200000a;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	udp->src_port = udp->dst_port = 0x1234;
	udp->dgram_len = rte_cpu_to_be_16(8 + 100);
	m->l2_len = ETH;
	m->l3_len = 20;
	m->ol_flags = flags;
	udp->dgram_cksum = rte_ipv4_phdr_cksum(ip, 0);
	return m;
}

static void
finishes_checksums(void **state)
{
	struct env *env = *state;
	struct xd_app *one, *two;
	struct rte_ipv4_hdr *ip;
	struct rte_mbuf *m;

	add_app(env, "one", 1, 64);
	add_app(env, "two", 1, 64);
	apply(env);
	one = open_app(env, "one");
	two = open_app(env, "two");
	tx(one, 0, make_udp(RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_UDP_CKSUM));
	tx(one, 0, make_udp(RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_TCP_SEG));
	tx(one, 0, make_udp(RTE_MBUF_F_TX_SCTP_CKSUM | RTE_MBUF_F_TX_IPV4));
	tx(one, 0, make(1, 0xff, 13));
	tx(one, 0, make(1, 0xff, 61));
	xd_worker_poll(env->worker);
	m = rx(two, 0);
	assert_non_null(m);
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, ETH);
	assert_int_equal(rte_ipv4_udptcp_cksum_verify(ip, ip + 1), 0);
	rte_pktmbuf_free(m);
	m = rx(two, 0);
	assert_non_null(m);
	assert_int_equal(m->pkt_len, 61);
	rte_pktmbuf_free(m);
	assert_null(rx(two, 0));
	assert_int_equal(drops_of(env, "one", XD_DROP_BAD_OFFLOAD), 2);
	assert_int_equal(drops_of(env, "one", XD_DROP_RUNT), 1);
	assert_int_equal(info_of(env, "one").counters.rx_frames, 2);
	xd_app_close(one);
	xd_app_close(two);
}

#define ON_SWITCH(f) cmocka_unit_test_setup_teardown(f, open_switch, close_whole)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SWITCH(passes_frames),
		ON_SWITCH(moves_buffers),
		ON_SWITCH(drops_for_who_does_not_receive),
		ON_SWITCH(learns_many_addresses),
		ON_SWITCH(opens_once),
		ON_SWITCH(outlives_its_port),
		ON_SWITCH(finishes_checksums),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

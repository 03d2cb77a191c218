/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports whose other side is the program: bursts, its descriptor, its ways to go. */
#include "app_env.h"

#include <poll.h>
#include <unistd.h>

#include <rte_ip.h>
#include <rte_udp.h>

#include "drivers/app/config.h"
#include "hook.h"

#define ETH 14

static void
count_pool(struct rte_mempool *p, void *arg)
{
	(void)p;
	++*(unsigned *)arg;
}

/* Nothing is lost: of the program's buffers, nor a pool of a port's. */
static int
close_all(void **state)
{
	int ret = close_switch(state);
	unsigned pools = 0;

	assert_true(rte_mempool_full(pool));
	rte_mempool_walk(count_pool, &pools);
	assert_int_equal(pools, 1);
	return ret;
}

static void
add_app(struct env *env, const char *name, uint16_t queues, uint16_t ring)
{
	struct xd_port_config *port =
		xd_config_add_port(env->config, name, "app", "br0", &env->err);

	assert_non_null(port);
	port->queues = queues;
	xd_app_config(port)->ring = ring;
}

static struct rte_mbuf *
make(uint8_t src, uint8_t dst, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *data = (uint8_t *)rte_pktmbuf_append(m, len);

	if (!data)
		abort();
	memset(data, 0, len);
	memset(data, dst == 0xff ? 0xff : 0, 6);
	data[0] |= 2;
	data[5] = dst;
	data[6] = 2;
	data[11] = src;
	data[12] = 8;
	return m;
}

/* The program sends one, by this queue. */
static void
tx(struct xd_app *app, unsigned queue, struct rte_mbuf *m)
{
	assert_int_equal(xd_app_tx_burst(app, queue, &m, 1), 1);
}

static struct rte_mbuf *
rx(struct xd_app *app, unsigned queue)
{
	struct rte_mbuf *m = NULL;

	return xd_app_rx_burst(app, queue, &m, 1) ? m : NULL;
}

static unsigned
receive_all(struct xd_app *app)
{
	struct rte_mbuf *mbufs[32];
	unsigned n, sum = 0;

	while ((n = xd_app_rx_burst(app, 0, mbufs, 32)) > 0) {
		rte_pktmbuf_free_bulk(mbufs, n);
		sum += n;
	}
	return sum;
}

static bool
is_readable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

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
	assert_int_equal(info_of(env, "in").drops[0].n[XD_DROP_RING_FULL], 36);
	assert_int_equal(receive_all(app), 64);
	send_frame(env, "/b", 2, 0xff);
	assert_int_equal(receive_all(app), 1);
	xd_app_close(app);
}

static void
has_senders_wait(void **state)
{
	struct env *env = *state;
	struct xd_app *app;
	unsigned sum = 0;

	add(env, "a", "/a");
	add_app(env, "in", 1, 64);
	port_of(env, "in")->full = XD_FULL_WAIT;
	port_of(env, "in")->wait_us = 1000000;
	apply(env);
	app = open_app(env, "in");
	for (unsigned i = 0; i < 2; i++) {
		made_up_device("/a")->nb_in = made_up_device("/a")->taken = 0;
		for (unsigned k = 0; k < 50; k++)
			made_up_send(made_up_device("/a"), 1, 0xff);
		for (unsigned k = 0; k < 10; k++)
			xd_worker_poll(env->worker);
		assert_int_equal(made_up_device("/a")->taken, i == 0 ? 50 : 14);
	}
	while (sum < 100) {
		sum += receive_all(app);
		xd_worker_poll(env->worker);
	}
	assert_int_equal(info_of(env, "in").drops[0].n[XD_DROP_RING_FULL], 0);
	xd_app_close(app);
}

/* And waits itself, for others: its frames come again as they were. */
static void
waits_for_others(void **state)
{
	struct env *env = *state;
	struct device *b = made_up_device("/b");
	struct xd_app *app;
	struct rte_mbuf *mbufs[80];

	add(env, "b", "/b");
	add_app(env, "in", 1, 64);
	port_of(env, "b")->full = XD_FULL_WAIT;
	port_of(env, "b")->wait_us = 1000000;
	apply(env);
	app = open_app(env, "in");
	send_frame(env, "/b", 2, 0xff);
	receive_all(app);
	b->full = true;
	for (unsigned i = 0; i < 80; i++)
		mbufs[i] = make(1, 2, (uint16_t)(60 + i));
	/* As many as there is room for; the others stay the program's. */
	assert_int_equal(xd_app_tx_burst(app, 0, mbufs, 80), 64);
	rte_pktmbuf_free_bulk(mbufs + 64, 16);
	for (unsigned i = 0; i < 10; i++)
		xd_worker_poll(env->worker);
	assert_int_equal(b->nb_out, 0);
	b->full = false;
	for (unsigned i = 0; i < 1000000 && b->nb_out < 64; i++)
		xd_worker_poll(env->worker);
	assert_int_equal(b->nb_out, 64);
	assert_int_equal(b->last_len, 60 + 63);
	assert_int_equal(info_of(env, "in").counters.rx_frames, 64);
	/* The program goes while some wait. */
	b->full = true;
	tx(app, 0, make(1, 2, 60));
	xd_worker_poll(env->worker);
	xd_app_close(app);
}

static void
is_readable_while_frames_wait(void **state)
{
	struct env *env = *state;
	struct xd_app *app;
	int fd;

	add(env, "a", "/a");
	add_app(env, "in", 1, 64);
	apply(env);
	app = open_app(env, "in");
	send_frame(env, "/a", 1, 0xff); /* before anybody asked for a descriptor */
	fd = xd_app_fd(app, 0);
	assert_true(is_readable(fd, 0));
	assert_int_equal(receive_all(app), 1);
	assert_false(is_readable(fd, 0));
	for (unsigned round = 0; round < 3; round++) {
		send_frame(env, "/a", 1, 0xff);
		send_frame(env, "/a", 1, 0xff);
		xd_worker_poll(env->worker);
		assert_true(is_readable(fd, 0));
		rte_pktmbuf_free(rx(app, 0));
		assert_true(is_readable(fd, 0));
		rte_pktmbuf_free(rx(app, 0));
		assert_null(rx(app, 0));
		assert_false(is_readable(fd, 0));
		assert_null(rx(app, 0));
		assert_false(is_readable(fd, 0));
	}
	xd_app_close(app);
}

static bool
is_sleeping(struct env *env)
{
	struct xd_worker_info workers[2];
	unsigned n = xd_switch_workers(env->sw, workers, 2);

	for (unsigned i = 0; i < n; i++) {
		if (workers[i].own && workers[i].sleeping)
			return true;
	}
	return false;
}

/* Each wakes the other: the program the worker, the worker the program. */
static void
wakes_and_is_woken(void **state)
{
	struct env *env = *state;
	struct xd_app *one, *two;
	unsigned core = (unsigned)sched_getcpu();
	int fd;

	add_app(env, "one", 1, 64);
	add_app(env, "two", 1, 64);
	assert_int_equal(xd_worker_unregister(env->worker), 0);
	env->worker = NULL;
	assert_int_equal(xd_config_set_workers(env->config, &core, 1), 0);
	apply(env);
	one = open_app(env, "one");
	two = open_app(env, "two");
	fd = xd_app_fd(two, 0);
	receive_all(two);
	for (unsigned i = 0; i < 20; i++) {
		while (!is_sleeping(env))
			usleep(100);
		tx(one, 0, make(1, 0xff, 60));
		assert_true(is_readable(fd, 60000));
		assert_int_equal(receive_all(two), 1);
	}
	xd_app_close(one);
	xd_app_close(two);
	assert_int_equal(xd_config_set_workers(env->config, NULL, 0), 0);
	apply(env);
	env->worker = xd_worker_register(env->sw, &env->err);
}

static void
tick(void *ctx, const struct xd_burst *b)
{
	(void)b;
	++*(unsigned *)ctx;
}

static void
pass_all(void *ctx, struct xd_burst *b)
{
	(void)ctx;
	(void)b;
}

/* A worker on the program's own thread, which waits by itself. */
static void
sleeps_by_itself(void **state)
{
	static const struct xd_hook hook = {
		.size = sizeof(hook), .name = "h", .run = pass_all, .tick = tick, .tick_ms = 20};
	struct env *env = *state;
	struct xd_worker_info info;
	struct xd_app *one, *two;
	unsigned ticks = 0;
	int fd = xd_worker_fd(env->worker), ms = 0;

	assert_true(fd >= 0);
	add_app(env, "one", 1, 64);
	add_app(env, "two", 1, 64);
	apply(env);
	one = open_app(env, "one");
	two = open_app(env, "two");
	for (unsigned i = 0; i < 3; i++) {
		assert_true(xd_worker_arm(env->worker, &ms));
		assert_int_equal(ms, -1);
		assert_false(is_readable(fd, 0));
		xd_switch_workers(env->sw, &info, 1);
		assert_true(info.sleeping);
		tx(one, 0, make(1, 0xff, 60));
		assert_true(is_readable(fd, 60000));
		assert_int_equal(xd_worker_poll(env->worker), 1);
		assert_int_equal(receive_all(two), 1);
		xd_switch_workers(env->sw, &info, 1);
		assert_false(info.sleeping);
		assert_int_equal(info.sleeps, i + 1);
	}
	/* Frames that are there already, and a change of the configuration. */
	tx(one, 0, make(1, 0xff, 60));
	assert_false(xd_worker_arm(env->worker, NULL));
	assert_int_equal(xd_worker_poll(env->worker), 1);
	assert_true(xd_worker_arm(env->worker, NULL));
	add_app(env, "three", 1, 64);
	assert_int_equal(xd_hook_register(env->sw, &hook, &ticks, &env->err), 0);
	assert_int_equal(xd_port_config_set(port_of(env, "three"), "hooks", "h", &env->err), 0);
	apply(env);
	assert_true(is_readable(fd, 60000));
	assert_int_equal(fd, xd_worker_fd(env->worker));
	xd_worker_poll(env->worker);
	/* A timer of a hook's is due at some time. */
	assert_true(xd_worker_arm(env->worker, &ms));
	assert_in_range(ms, 1, 21);
	while (ticks < 2) {
		is_readable(fd, ms);
		xd_worker_poll(env->worker);
		if (!xd_worker_arm(env->worker, &ms))
			ms = 0;
	}
	/* Who wakes nobody is polled. */
	add(env, "a", "/a");
	apply(env);
	xd_worker_poll(env->worker);
	assert_false(xd_worker_arm(env->worker, &ms));
	assert_int_equal(xd_worker_fd(NULL), -EINVAL);
	assert_false(xd_worker_arm(NULL, &ms));
	xd_app_close(one);
	xd_app_close(two);
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
	assert_int_equal(info_of(env, "in").drops[0].n[XD_DROP_PORT_DOWN], 1);
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
	assert_int_equal(info_of(env, "one").drops[0].n[XD_DROP_BAD_OFFLOAD], 2);
	assert_int_equal(info_of(env, "one").drops[0].n[XD_DROP_RUNT], 1);
	assert_int_equal(info_of(env, "one").counters.rx_frames, 2);
	xd_app_close(one);
	xd_app_close(two);
}

#define ON_SWITCH(f) cmocka_unit_test_setup_teardown(f, open_switch, close_all)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SWITCH(passes_frames),
		ON_SWITCH(moves_buffers),
		ON_SWITCH(drops_for_who_does_not_receive),
		ON_SWITCH(has_senders_wait),
		ON_SWITCH(waits_for_others),
		ON_SWITCH(is_readable_while_frames_wait),
		ON_SWITCH(wakes_and_is_woken),
		ON_SWITCH(sleeps_by_itself),
		ON_SWITCH(learns_many_addresses),
		ON_SWITCH(opens_once),
		ON_SWITCH(outlives_its_port),
		ON_SWITCH(finishes_checksums),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Back pressure (full: wait), of programs and for them. */
#include "packets.h"

/* Others wait for that port. */
static void
wait_for(struct env *env, const char *name)
{
	struct xd_port_config *port = port_of(env, name);

	if (strcmp(port->type, "app")) {
		port->full = XD_FULL_WAIT;
		port->wait_us = 10000000;
	} else {
		assert_int_equal(xd_port_config_set(port, "full", "wait", &env->err), 0);
		assert_int_equal(xd_port_config_set(port, "wait_us", "60000000", &env->err), 0);
		assert_true(xd_port_config_set(port, "wait_us", "60000001", &env->err) < 0);
	}
	apply(env);
}

static void
has_senders_wait(void **state)
{
	struct env *env = *state;
	struct xd_app *app;
	unsigned sum = 0;

	add(env, "a", "/a");
	add_app(env, "in", 1, 64);
	wait_for(env, "in");
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
	assert_int_equal(drops_of(env, "in", XD_DROP_RING_FULL), 0);
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
	wait_for(env, "b");
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

/* What waits for a full port comes again as it was. */
static void
asks_again_when_it_comes_again(void **state)
{
	struct env *env = *state;
	struct rte_mbuf *m;

	teach(env);
	wait_for(env, "three");
	xd_app_set_offloads(three, ALL);
	for (unsigned i = 0; i < 128; i++)
		send_mbuf(env, one, make_packet(&(struct packet){.payload = 60}, 3));
	for (size_t i = 0; i < RTE_DIM(longs); i++)
		send_mbuf(env, one, make_packet(&longs[i], 3));
	for (unsigned i = 0; i < 128; i++) {
		xd_worker_poll(env->worker);
		m = rx(three, 0);
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

static const struct packet chain = {.payload = 65000, .flags = TCP4, .segsz = 1448};

/* A long frame to all, each of whom gets a copy, with its number at the end. False: one has no
 * buffers for it, or no room. */
static bool
send_chain(struct env *env, uint8_t number)
{
	struct rte_mbuf *m, *last;

	if (rte_mempool_avail_count(pool) < 33)
		return false;
	m = make_packet(&chain, 2);
	rte_pktmbuf_mtod(m, uint8_t *)[0] |= 1;
	last = rte_pktmbuf_lastseg(m);
	rte_pktmbuf_mtod(last, uint8_t *)[last->data_len - 1] = number;
	send_mbuf(env, one, m);
	return true;
}

/* The next long frame for two, which has that number. */
static bool
receive_chain(uint8_t number)
{
	struct rte_mbuf *m = rx(two, 0), *last;

	if (!m)
		return false;
	last = rte_pktmbuf_lastseg(m);
	assert_int_equal(m->pkt_len, header_bytes(&chain) + chain.payload);
	assert_int_equal(m->tso_segsz, chain.segsz);
	assert_int_equal(rte_pktmbuf_mtod(last, uint8_t *)[last->data_len - 1], number);
	rte_pktmbuf_free(m);
	return true;
}

/* A program that does not receive has its buffers used up by long frames before its ring is full:
 * they wait with their sender. The other one, which nobody waits for, is full likewise. */
static void
waits_for_buffers(void **state)
{
	const unsigned enough = 100;
	struct env *env = *state;
	unsigned sent = 0, received = 0;
	uint64_t full;

	wait_for(env, "two");
	assert_int_equal(xd_app_set_offloads(two, ALL), 0);
	assert_int_equal(xd_app_set_offloads(three, ALL), 0);
	while (sent < enough && send_chain(env, (uint8_t)sent))
		sent++;
	assert_in_range(sent, 24, enough - 1);
	full = drops_of(env, "three", XD_DROP_RING_FULL);
	while (received < enough) {
		while (sent < enough && send_chain(env, (uint8_t)sent))
			sent++;
		xd_worker_poll(env->worker);
		received += receive_chain((uint8_t)received);
	}
	assert_null(rx(two, 0));
	assert_int_equal(info_of(env, "two").counters.tx_frames, enough);
	assert_int_equal(drops_of(env, "two", XD_DROP_NO_BUFFER), 0);
	assert_int_equal(drops_of(env, "two", XD_DROP_RING_FULL), 0);
	assert_int_equal(drops_of(env, "two", XD_DROP_WAITED), 0);
	assert_int_equal(drops_of(env, "three", XD_DROP_NO_BUFFER), 0);
	full = drops_of(env, "three", XD_DROP_RING_FULL);
	assert_int_equal(full + receive_all(three), enough);
}

/* Buffers that a program took and keeps, until fewer than so many are left. */
static unsigned
hoard(struct env *env, struct rte_mbuf **kept, unsigned left)
{
	unsigned n = 0;

	while (n < 4000) {
		const unsigned before = n;

		tx(one, 0, make(1, 0xff, 60));
		xd_worker_poll(env->worker);
		n += xd_app_rx_burst(two, 0, kept + n, 1);
		receive_all(three);
		if (n == before)
			break;
	}
	while (n && left--)
		rte_pktmbuf_free(kept[--n]);
	return n;
}

/* Its ring is empty, and the program has all buffers: frames short and to be segmented, too. */
static void
waits_for_who_keeps_buffers(void **state)
{
	static struct rte_mbuf *kept[4000];
	struct env *env = *state;
	unsigned n;

	teach(env);
	wait_for(env, "two");
	n = hoard(env, kept, 0);
	assert_in_range(n, 700, 3999);
	for (unsigned i = 0; i < 10; i++)
		xd_worker_poll(env->worker);
	assert_null(rx(two, 0));
	rte_pktmbuf_free_bulk(kept, n);
	xd_worker_poll(env->worker);
	rte_pktmbuf_free(rx(two, 0));
	n = hoard(env, kept, 4);
	xd_worker_poll(env->worker);
	rte_pktmbuf_free(rx(two, 0)); /* the one that did not come */
	send_mbuf(env, one, make_packet(&longs[0], 2));
	for (unsigned i = 0; i < 10; i++)
		xd_worker_poll(env->worker);
	assert_null(rx(two, 0)); /* nor a part of it */
	rte_pktmbuf_free_bulk(kept, n);
	xd_worker_poll(env->worker);
	expect_segments(two, &longs[0]);
	assert_int_equal(drops_of(env, "two", XD_DROP_NO_BUFFER), 0);
	assert_int_equal(drops_of(env, "two", XD_DROP_WAITED), 0);
}

#define ON_SWITCH(f) cmocka_unit_test_setup_teardown(f, open_switch, close_whole)
#define ON_THREE(f)  cmocka_unit_test_setup_teardown(f, open_three, close_three)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SWITCH(has_senders_wait),
		ON_SWITCH(waits_for_others),
		ON_THREE(asks_again_when_it_comes_again),
		ON_THREE(waits_for_buffers),
		ON_THREE(waits_for_who_keeps_buffers),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

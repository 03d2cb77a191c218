/* SPDX-License-Identifier: BSD-3-Clause */
/* Back pressure (full: wait), of programs and for them. */
#include "packets.h"

static void
has_senders_wait(void **state)
{
	struct env *env = *state;
	struct xd_app *app;
	unsigned sum = 0;

	add(env, "a", "/a");
	add_app(env, "in", 1, 64);
	port_of(env, "in")->full = XD_FULL_WAIT;
	port_of(env, "in")->wait_us = 10000000;
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
	port_of(env, "b")->wait_us = 10000000;
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

/* What waits for a full port comes again as it was. */
static void
asks_again_when_it_comes_again(void **state)
{
	struct env *env = *state;
	struct rte_mbuf *m;

	teach(env);
	port_of(env, "three")->full = XD_FULL_WAIT;
	port_of(env, "three")->wait_us = 10000000;
	apply(env);
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

#define ON_SWITCH(f) cmocka_unit_test_setup_teardown(f, open_switch, close_whole)
#define ON_THREE(f)  cmocka_unit_test_setup_teardown(f, open_three, close_three)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SWITCH(has_senders_wait),
		ON_SWITCH(waits_for_others),
		ON_THREE(asks_again_when_it_comes_again),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

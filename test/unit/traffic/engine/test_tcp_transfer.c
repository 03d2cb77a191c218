/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams through a network that makes every fault: each byte arrives once and right, and both ends
 * are closed at the end, whatever options the two have. */
#include "made_up_net.h"

#define BYTES (400u << 10)

/* Both send, close, and are gone. */
static void
exchange(struct net *net, uint64_t forward, uint64_t back)
{
	net_open(net, 0);
	net_write(net, 0, forward);
	net_until(net, 0, XD_TCP_ESTABLISHED);
	net_close(net, 0);
	net_write(net, 1, back);
	net_close(net, 1);
	while (net_step(net))
		assert_true(net->now_us < 20ull * 3600 * 1000000);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(net->ends[i].conn.state, XD_TCP_CLOSED);
		assert_int_equal(net->ends[i].conn.end_reason, XD_TCP_END_NONE);
	}
	net_check(net, 1, forward);
	net_check(net, 0, back);
}

static void
test_without_faults(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct net *net = net_create(1 + v6, v6);

		exchange(net, BYTES, BYTES / 3);
		assert_int_equal(net->ends[0].conn.retransmitted, 0);
		assert_int_equal(net->ends[1].conn.retransmitted, 0);
		net_destroy(net);
	}
}

/* Numbers pass 2^31 and 2^32 in the middle of it. */
static void
test_numbers_wrap(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		struct net *net = net_create(i + 1, false);

		net->loss = 0.02;
		net->jitter_us = 300;
		net->ends[0].seed = 1;
		xd_tcp_open(&net->ends[0].conn, &net->ends[0].opts, &net->ends[0],
			(i & 1 ? 0x80000000u : 0) - (i / 2) * 40000u - 2, net->now_us);
		net_pump(net, 0);
		net_until(net, 0, XD_TCP_ESTABLISHED);
		net_write(net, 0, BYTES);
		net_close(net, 0);
		net_until(net, 1, XD_TCP_CLOSE_WAIT);
		net_close(net, 1);
		while (net_step(net))
			;
		net_check(net, 1, BYTES);
		net_destroy(net);
	}
}

/* Options of the two ends, by the bits of a number. */
static void
vary(struct net *net, unsigned bits)
{
	for (unsigned i = 0; i < 2; i++) {
		struct xd_tcp_opts *o = &net->ends[i].opts;
		const unsigned b = bits >> (5 * i);

		o->sack = b & 1;
		o->tail_probes = b & 2;
		o->timestamps = b & 2;
		o->scale = b & 4;
		o->nagle = b & 8;
		o->in_order = b & 16;
		o->send_bytes = b & 8 ? NET_MSS : 65000;
		o->delayed_ack_us = b & 4 ? 40000 : 0;
		o->window = b & 1 ? 1u << 20 : 30000;
	}
}

static void
test_faults_and_options(void **state)
{
	static const double losses[] = {0, 0.001, 0.01, 0.05, 0.2};

	(void)state;
	for (unsigned i = 0; i < 160; i++) {
		struct net *net = net_create(i + 100, i & 1);

		vary(net, (unsigned)(net_draw(net) >> 20));
		net->loss = losses[i % 5];
		net->dup = i % 3 ? 0.02 : 0;
		net->corrupt = i % 4 ? 0.01 : 0;
		net->jitter_us = (uint64_t[]){0, 10, 100, 1000}[i / 5 % 4];
		exchange(net, BYTES / (1 + 9 * (i % 5 == 4)), i & 2 ? 50000 : 0);
		net_destroy(net);
	}
}

/* A byte a message, one at a time: each waits for the answer to the one before. */
static void
test_ping_pong(void **state)
{
	struct net *net = net_create(3, false);

	(void)state;
	net->loss = 0.01;
	net->dup = 0.05;
	net->corrupt = 0.01;
	net_connect(net);
	for (unsigned i = 1; i <= 500; i++) {
		net_write(net, 0, 1);
		while (xd_tcp_received(&net->ends[1].conn) < i)
			assert_true(net_step(net));
		net_write(net, 1, 1);
		while (xd_tcp_received(&net->ends[0].conn) < i)
			assert_true(net_step(net));
	}
	net_check(net, 0, 500);
	net_check(net, 1, 500);
	net_destroy(net);
}

/* A receiver that closes its window and opens it again, while updates get lost. */
static void
test_window_closes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct net *net = net_create(i + 50, false);
		uint64_t next_us = 0;
		bool closed = false;

		net->loss = 0.05;
		net->ends[1].opts.window = 20000;
		net->ends[0].opts.send_bytes = i & 1 ? NET_MSS : 65000;
		net_connect(net);
		net_write(net, 0, 200000);
		net_close(net, 0);
		while (net->ends[1].conn.state != XD_TCP_CLOSE_WAIT) {
			assert_true(net_step(net));
			assert_true(net->now_us < 3600ull * 1000000);
			if (net->now_us < next_us || net->ends[1].conn.state != XD_TCP_ESTABLISHED)
				continue;
			next_us = net->now_us + 1000 + net_draw(net) % 400000;
			closed = !closed;
			xd_tcp_set_window(
				&net->ends[1].conn, closed ? net_draw(net) % 1000 : 20000);
			net_pump(net, 1);
		}
		net_check(net, 1, 200000);
		net_destroy(net);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_faults),
		cmocka_unit_test(test_numbers_wrap),
		cmocka_unit_test(test_faults_and_options),
		cmocka_unit_test(test_ping_pong),
		cmocka_unit_test(test_window_closes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

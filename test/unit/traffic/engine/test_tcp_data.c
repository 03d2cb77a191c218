/* SPDX-License-Identifier: BSD-3-Clause */
/* A TCP connection, segment by segment: what it receives and acknowledges, and what it sends and
 * when. */
#include "lone_end.h"

/* ---- Receiving ---- */

static void
test_delayed_ack(void **state)
{
	struct lone *l = create_established();

	(void)state;
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 1, MSS);
	expect_nothing(l);
	wait_for_timer(l, 40000);
	expect_ack(l, IRS + 1 + MSS);
	arrive(l, XD_TCP_ACK, IRS + 1 + MSS, ISS + 1, MSS);
	expect_nothing(l);
	arrive(l, XD_TCP_ACK, IRS + 1 + 2 * MSS, ISS + 1, MSS);
	expect_ack(l, IRS + 1 + 3 * MSS);
	arrive(l, XD_TCP_ACK, IRS + 1 + 3 * MSS, ISS + 1, 1);
	expect_nothing(l);
	xd_tcp_write(&l->c, 1, l->now_us); /* an answer takes it along */
	assert_int_equal(expect(l, XD_TCP_ACK, ISS + 1, 1).ack, IRS + 2 + 3 * MSS);
	free(l);
}

static void
test_blocks_are_told(void **state)
{
	struct lone *l = create_established();
	struct xd_tcp_segment s;

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		arrive(l, XD_TCP_ACK, IRS + 1001 + 200 * i, ISS + 1, 100);
		s = expect(l, XD_TCP_ACK, ISS + 1, 0);
		assert_int_equal(s.nb_blocks, i < 4 ? i + 1 : 4);
		assert_int_equal(s.blocks[0].begin, IRS + 1001 + 200 * i);
		assert_int_equal(s.blocks[0].end, IRS + 1101 + 200 * i);
	}
	/* What joins two, and what fills all. */
	arrive(l, XD_TCP_ACK, IRS + 1101, ISS + 1, 100);
	s = expect(l, XD_TCP_ACK, ISS + 1, 0);
	assert_int_equal(s.blocks[0].begin, IRS + 1001);
	assert_int_equal(s.blocks[0].end, IRS + 1301);
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 1, 2000);
	expect_ack(l, IRS + 2001);
	assert_int_equal(l->taken, 2000);
	assert_int_equal(l->c.waiting.n, 0);
	free(l);
}

/* More gaps than it remembers: what is beyond comes again. */
static void
test_too_many_gaps(void **state)
{
	struct lone *l = create_established();
	struct xd_tcp_segment s;

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		arrive(l, XD_TCP_ACK, IRS + 11 + 20 * i, ISS + 1, 10);
		assert_true(xd_tcp_output(&l->c, &s, l->now_us));
	}
	assert_int_equal(l->taken, 10 * XD_TCP_RANGES);
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 1, 810);
	assert_int_equal(l->taken, 810);
	expect_ack(l, IRS + 811);
	free(l);
}

static void
test_beyond_the_window(void **state)
{
	struct lone *l = create_established();

	(void)state;
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 1, 60000);
	assert_int_equal(l->taken, 50000);
	expect_ack(l, IRS + 50001);
	xd_tcp_set_window(&l->c, 0);
	arrive(l, XD_TCP_ACK, IRS + 50001, ISS + 1, 20000); /* the edge does not go back */
	assert_int_equal(expect(l, XD_TCP_ACK, ISS + 1, 0).window, 30000);
	arrive(l, XD_TCP_ACK, IRS + 70001, ISS + 1, 30000);
	assert_int_equal(l->taken, 100000);
	assert_int_equal(expect(l, XD_TCP_ACK, ISS + 1, 0).window, 0);
	arrive(l, XD_TCP_ACK, IRS + 100001, ISS + 1, 1);
	assert_int_equal(l->taken, 100000);
	assert_int_equal(expect(l, XD_TCP_ACK, ISS + 1, 0).window, 0);
	xd_tcp_set_window(&l->c, 50000);
	assert_int_equal(expect(l, XD_TCP_ACK, ISS + 1, 0).window, 50000);
	free(l);
}

/* ---- Sending ---- */

static void
test_initial_window(void **state)
{
	struct lone *l = create_established();
	struct xd_tcp_segment s = {.flags = XD_TCP_ACK, .seq = IRS + 1, .ack = ISS + 1};

	(void)state;
	xd_tcp_write(&l->c, 1000000, l->now_us);
	for (unsigned i = 0; i < 10; i++)
		expect(l, XD_TCP_ACK, ISS + 1 + i * MSS, MSS);
	expect_nothing(l);
	assert_int_equal(l->c.limit, XD_TCP_LIMIT_CONGESTION);
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 1 + 2 * MSS, 0);
	for (unsigned i = 10; i < 14; i++)
		expect(l, XD_TCP_ACK, ISS + 1 + i * MSS, MSS);
	expect_nothing(l);
	l->c.cwnd = 1000000;
	for (unsigned i = 14; i < 42; i++)
		expect(l, XD_TCP_ACK, ISS + 1 + i * MSS, MSS);
	expect_nothing(l); /* 40000 from what was acknowledged */
	assert_int_equal(l->c.limit, XD_TCP_LIMIT_RECEIVER);
	l->now_us += 500;
	s.window = 50000; /* of an older segment: it says nothing */
	xd_tcp_input(&l->c, &s, NULL, l->now_us);
	expect_nothing(l);
	xd_tcp_look(&l->c, l->now_us);
	assert_int_equal(l->limited_us[XD_TCP_LIMIT_RECEIVER], 500);
	free(l);
}

static void
test_nagle(void **state)
{
	struct lone *l = create_established();

	(void)state;
	l->opts.nagle = true;
	xd_tcp_write(&l->c, 1, l->now_us);
	expect(l, XD_TCP_ACK, ISS + 1, 1);
	xd_tcp_write(&l->c, 1, l->now_us);
	expect_nothing(l);
	xd_tcp_write(&l->c, MSS, l->now_us);
	expect(l, XD_TCP_ACK, ISS + 2, MSS);
	expect_nothing(l);
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 2 + MSS, 0);
	expect(l, XD_TCP_ACK, ISS + 2 + MSS, 1);
	l->opts.nagle = false;
	xd_tcp_write(&l->c, 1, l->now_us);
	expect(l, XD_TCP_ACK, ISS + 3 + MSS, 1);
	free(l);
}

static void
test_large_segments(void **state)
{
	struct lone *l = create_established();
	struct xd_tcp_segment s;

	(void)state;
	l->opts.send_bytes = 65000;
	xd_tcp_write(&l->c, 9500, l->now_us);
	s = expect(l, XD_TCP_ACK, ISS + 1, 9500);
	assert_int_equal(s.piece_bytes, MSS);
	assert_int_equal(s.offset, 0);
	assert_true(s.flags & XD_TCP_PSH);
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 1 + 9500, 0);
	xd_tcp_write(&l->c, 100000, l->now_us);
	s = expect(l, XD_TCP_ACK, ISS + 9501, 19000); /* whole ones: the window is 19500 */
	assert_int_equal(s.offset, 9500);
	free(l);
}

/* A peer that takes less than half of what our link carries, and nobody who would cut it. */
static void
test_small_peer(void **state)
{
	const struct xd_tcp_segment syn = {
		.flags = XD_TCP_SYN, .seq = IRS, .window = 40000, .mss = 300};
	struct lone *l = create();

	(void)state;
	xd_tcp_accept(&l->c, &l->opts, l, ISS, &syn, l->now_us);
	expect(l, XD_TCP_SYN | XD_TCP_ACK, ISS, 0);
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 1, 0);
	xd_tcp_write(&l->c, 3000, l->now_us);
	for (unsigned i = 0; i < 10; i++)
		expect(l, XD_TCP_ACK, ISS + 1 + 300 * i, 300);
	expect_nothing(l);
	free(l);
}

static void
test_persist(void **state)
{
	struct lone *l = create_established();
	struct xd_tcp_segment s = {.flags = XD_TCP_ACK, .seq = IRS + 1, .ack = ISS + 1};

	(void)state;
	xd_tcp_input(&l->c, &s, NULL, l->now_us);
	xd_tcp_write(&l->c, 5000, l->now_us);
	expect_nothing(l);
	for (unsigned i = 0; i < 8; i++) { /* more often than it tries an end that is silent */
		wait_for_timer(l,
			(uint64_t)SECOND << i > 60 * SECOND ? 60 * SECOND : (uint64_t)SECOND << i);
		expect(l, XD_TCP_ACK, ISS + 1, 1);
		xd_tcp_input(&l->c, &s, NULL, l->now_us);
		expect_nothing(l);
	}
	assert_int_equal(l->c.retransmitted, 7); /* of that one byte */
	s.window = 300; /* too little to be worth a segment, until it has waited */
	xd_tcp_input(&l->c, &s, NULL, l->now_us);
	s.window = 0;
	xd_tcp_input(&l->c, &s, NULL, l->now_us);
	expect_nothing(l);
	/* It opens when the next probe is due: data goes out instead, and no probe after it. */
	l->now_us = xd_tcp_deadline(&l->c);
	xd_tcp_timeout(&l->c, l->now_us);
	s.window = 4000;
	xd_tcp_input(&l->c, &s, NULL, l->now_us);
	for (unsigned i = 0; i < 4; i++)
		expect(l, XD_TCP_ACK, ISS + 1 + i * MSS, MSS);
	s.window = 0;
	s.ack = ISS + 4001;
	xd_tcp_input(&l->c, &s, NULL, l->now_us);
	expect_nothing(l);
	free(l);
}

/* What was written ahead is not sent at the end, but no message is cut. */
static void
test_take_back(void **state)
{
	struct lone *l = create_established();

	(void)state;
	l->c.cwnd = 2 * MSS;
	xd_tcp_write(&l->c, 50 * 600, l->now_us);
	expect(l, XD_TCP_ACK, ISS + 1, MSS);
	expect(l, XD_TCP_ACK, ISS + 1 + MSS, MSS);
	xd_tcp_take_back(&l->c, 600);
	assert_int_equal(xd_tcp_unsent(&l->c), 4 * 600 - 2 * MSS);
	xd_tcp_take_back(&l->c, 600);
	xd_tcp_close(&l->c);
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 1 + 2 * MSS, 0);
	expect(l, XD_TCP_ACK | XD_TCP_FIN, ISS + 1 + 2 * MSS, 400);
	free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delayed_ack),
		cmocka_unit_test(test_blocks_are_told),
		cmocka_unit_test(test_too_many_gaps),
		cmocka_unit_test(test_beyond_the_window),
		cmocka_unit_test(test_initial_window),
		cmocka_unit_test(test_nagle),
		cmocka_unit_test(test_large_segments),
		cmocka_unit_test(test_small_peer),
		cmocka_unit_test(test_persist),
		cmocka_unit_test(test_take_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

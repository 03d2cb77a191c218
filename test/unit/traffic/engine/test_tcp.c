/* SPDX-License-Identifier: BSD-3-Clause */
/* A TCP connection, segment by segment: its states, what it answers, and when it sends again. */
#include "lone_end.h"
#include "made_up_net.h"

/* An idle connection may take 512 bytes, with what the engine keeps beside it. */
_Static_assert(sizeof(struct xd_tcp_conn) <= 448, "a connection has grown");

/* ---- Opening ---- */

static void
test_open(void **state)
{
	struct lone *l = create();
	struct xd_tcp_segment s;

	(void)state;
	l->opts.timestamps = l->opts.scale = true;
	l->opts.window = 1 << 20;
	xd_tcp_open(&l->c, &l->opts, l, ISS, l->now_us);
	s = expect(l, XD_TCP_SYN, ISS, 0);
	assert_true(s.mss == MSS && s.sack_ok && s.has_ts && s.has_scale && s.scale == 5);
	assert_int_equal(s.window, 65535);
	expect_nothing(l);
	/* What acknowledges something else is refused, and a reset that does is not believed. */
	assert_int_equal(arrive(l, XD_TCP_ACK, IRS, ISS + 2, 0), XD_TCP_REFUSE);
	assert_int_equal(arrive(l, XD_TCP_SYN | XD_TCP_ACK, IRS, ISS, 0), XD_TCP_REFUSE);
	arrive(l, XD_TCP_RST, IRS, 0, 0);
	IN(l, SYN_SENT);
	arrive(l, XD_TCP_SYN | XD_TCP_ACK, IRS, ISS + 1, 0);
	IN(l, ESTABLISHED);
	assert_false(l->c.ts_on || l->c.rcv_scale || l->c.wnd_scale);
	assert_true(l->c.sack_on);
	expect_ack(l, IRS + 1);
	assert_int_equal(xd_tcp_deadline(&l->c), XD_TCP_NEVER);
	free(l);
}

static void
test_refused(void **state)
{
	struct lone *l = create();
	struct xd_tcp_segment s = {.flags = XD_TCP_SYN, .seq = 7, .len = 3}, reply;

	(void)state;
	xd_tcp_open(&l->c, &l->opts, l, ISS, l->now_us);
	expect(l, XD_TCP_SYN, ISS, 0);
	arrive(l, XD_TCP_RST | XD_TCP_ACK, 0, ISS + 1, 0);
	IN(l, CLOSED);
	assert_int_equal(l->c.end_reason, XD_TCP_END_REFUSED);
	expect_nothing(l);
	assert_int_equal(arrive(l, XD_TCP_ACK, 1, 1, 0), XD_TCP_REFUSE);
	/* What belongs to no connection. */
	assert_true(xd_tcp_refuse(&s, &reply));
	assert_int_equal(reply.flags, XD_TCP_RST | XD_TCP_ACK);
	assert_int_equal(reply.ack, 11);
	s = (struct xd_tcp_segment){.flags = XD_TCP_ACK, .ack = 99};
	assert_true(xd_tcp_refuse(&s, &reply));
	assert_int_equal(reply.flags, XD_TCP_RST);
	assert_int_equal(reply.seq, 99);
	s.flags = XD_TCP_RST;
	assert_false(xd_tcp_refuse(&s, &reply));
	free(l);
}

static void
test_syn_is_lost(void **state)
{
	struct lone *l = create();

	(void)state;
	xd_tcp_open(&l->c, &l->opts, l, ISS, l->now_us);
	expect(l, XD_TCP_SYN, ISS, 0);
	for (unsigned i = 0; i < 5; i++) {
		wait_for_timer(l, (uint64_t)SECOND << i);
		expect(l, XD_TCP_SYN, ISS, 0);
	}
	assert_int_equal(l->c.retransmitted, 5);
	wait_for_timer(l, 32 * SECOND);
	IN(l, CLOSED);
	assert_int_equal(l->c.end_reason, XD_TCP_END_TIMEOUT);
	free(l);
}

static void
test_accept(void **state)
{
	struct lone *l = create();
	struct xd_tcp_segment syn = {.flags = XD_TCP_SYN, .seq = IRS, .window = 1000, .mss = 500};

	(void)state;
	xd_tcp_accept(&l->c, &l->opts, l, ISS, &syn, l->now_us);
	IN(l, SYN_RECEIVED);
	assert_false(expect(l, XD_TCP_SYN | XD_TCP_ACK, ISS, 0).sack_ok);
	/* Again, as the answer was lost. */
	arrive(l, XD_TCP_SYN, IRS, 0, 0);
	assert_int_equal(expect(l, XD_TCP_SYN | XD_TCP_ACK, ISS, 0).ack, IRS + 1);
	assert_int_equal(arrive(l, XD_TCP_ACK, IRS + 1, ISS + 9, 0), XD_TCP_REFUSE);
	IN(l, SYN_RECEIVED);
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 1, 10);
	IN(l, ESTABLISHED);
	assert_int_equal(l->taken, 10);
	assert_int_equal(l->c.mss, 500);
	free(l);
}

static void
test_both_open(void **state)
{
	struct net *net = net_create(9, true);

	(void)state;
	net->ends[1].listens = false;
	net_open(net, 0);
	net_open(net, 1);
	net_write(net, 0, 3000);
	net_write(net, 1, 2000);
	net_run(net, 100000);
	assert_int_equal(net->ends[0].conn.state, XD_TCP_ESTABLISHED);
	assert_int_equal(net->ends[1].conn.state, XD_TCP_ESTABLISHED);
	net_check(net, 0, 2000);
	net_check(net, 1, 3000);
	assert_int_equal(net->wrong, 0);
	net_destroy(net);
}

/* ---- Closing ---- */

static void
test_close_first(void **state)
{
	struct lone *l = create_established();
	struct xd_tcp_segment syn = {.flags = XD_TCP_SYN, .seq = IRS + 100000};

	(void)state;
	xd_tcp_close(&l->c);
	IN(l, FIN_WAIT_1);
	expect(l, XD_TCP_FIN | XD_TCP_ACK, ISS + 1, 0);
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 2, 0);
	IN(l, FIN_WAIT_2);
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 2, 10);
	assert_int_equal(l->taken, 10);
	assert_false(xd_tcp_may_replace(&l->c, &syn));
	arrive(l, XD_TCP_FIN | XD_TCP_ACK, IRS + 11, ISS + 2, 0);
	IN(l, TIME_WAIT);
	expect_ack(l, IRS + 12);
	/* Once more: it is answered, and waits for longer. Resets are not believed (RFC 1337). */
	l->now_us += 30 * SECOND;
	arrive(l, XD_TCP_FIN | XD_TCP_ACK, IRS + 11, ISS + 2, 0);
	expect_ack(l, IRS + 12);
	arrive(l, XD_TCP_RST, IRS + 12, 0, 0);
	IN(l, TIME_WAIT);
	assert_true(xd_tcp_may_replace(&l->c, &syn));
	syn.seq = IRS;
	assert_false(xd_tcp_may_replace(&l->c, &syn));
	wait_for_timer(l, 60 * SECOND);
	IN(l, CLOSED);
	assert_int_equal(l->c.end_reason, XD_TCP_END_NONE);
	free(l);
}

/* What is left of it answers as it did. */
static void
test_close_revived(void **state)
{
	struct lone *l = create_established();
	struct xd_tcp_segment syn = {.flags = XD_TCP_SYN, .seq = IRS + 100000};
	struct xd_tcp_rest rest;

	(void)state;
	xd_tcp_write(&l->c, 700, l->now_us);
	xd_tcp_close(&l->c);
	expect(l, XD_TCP_FIN | XD_TCP_ACK, ISS + 1, 700);
	arrive(l, XD_TCP_FIN | XD_TCP_ACK, IRS + 1, ISS + 702, 10);
	IN(l, TIME_WAIT);
	expect_ack(l, IRS + 12);
	xd_tcp_rest_of(&l->c, &rest);
	for (unsigned i = 0; i < 3; i++) {
		memset(&l->c, 0xff, sizeof(l->c));
		xd_tcp_revive(&l->c, &l->opts, l, &rest, l->now_us);
		IN(l, TIME_WAIT);
		expect_nothing(l);
		if (i == 0)
			arrive(l, XD_TCP_FIN | XD_TCP_ACK, IRS + 1, ISS + 702, 10);
		else if (i == 1)
			arrive(l, XD_TCP_SYN, IRS - 1000, 0, 0);
		else
			arrive(l, XD_TCP_ACK, IRS + 1, ISS + 1, 10);
		assert_int_equal(expect(l, XD_TCP_ACK, ISS + 702, 0).ack, IRS + 12);
		expect_nothing(l);
		arrive(l, XD_TCP_RST, IRS + 12, 0, 0);
		IN(l, TIME_WAIT);
		assert_true(xd_tcp_may_replace(&l->c, &syn));
		assert_int_equal(l->taken, 10);
	}
	free(l);
}

static void
close_second(bool reset)
{
	struct lone *l = create_established();

	arrive(l, XD_TCP_FIN | XD_TCP_ACK, IRS + 1, ISS + 1, 5);
	IN(l, CLOSE_WAIT);
	assert_true(xd_tcp_peer_closed(&l->c));
	assert_int_equal(xd_tcp_received(&l->c), 5);
	expect_ack(l, IRS + 7);
	xd_tcp_write(&l->c, 1500, l->now_us);
	xd_tcp_close(&l->c);
	IN(l, LAST_ACK);
	expect(l, XD_TCP_ACK, ISS + 1, 1000);
	expect(l, XD_TCP_FIN | XD_TCP_ACK, ISS + 1001, 500);
	arrive(l, XD_TCP_ACK, IRS + 7, ISS + 1501, 0);
	IN(l, LAST_ACK);
	if (reset) /* it has all, and has forgotten us */
		arrive(l, XD_TCP_RST, IRS + 7, 0, 0);
	else
		arrive(l, XD_TCP_ACK, IRS + 7, ISS + 1502, 0);
	IN(l, CLOSED);
	assert_int_equal(l->c.end_reason, XD_TCP_END_NONE);
	free(l);
}

static void
test_close_second(void **state)
{
	(void)state;
	close_second(false);
	close_second(true);
}

static void
test_both_close(void **state)
{
	struct lone *l = create_established();

	(void)state;
	xd_tcp_close(&l->c);
	expect(l, XD_TCP_FIN | XD_TCP_ACK, ISS + 1, 0);
	arrive(l, XD_TCP_FIN | XD_TCP_ACK, IRS + 1, ISS + 1, 0);
	IN(l, CLOSING);
	expect_ack(l, IRS + 2);
	arrive(l, XD_TCP_ACK, IRS + 2, ISS + 2, 0);
	IN(l, TIME_WAIT);
	free(l);
}

/* It arrives before what it stands behind. */
static void
test_fin_comes_early(void **state)
{
	struct lone *l = create_established();

	(void)state;
	arrive(l, XD_TCP_FIN | XD_TCP_ACK, IRS + 101, ISS + 1, 50);
	IN(l, ESTABLISHED);
	expect_ack(l, IRS + 1);
	arrive(l, XD_TCP_ACK, IRS + 201, ISS + 1, 50); /* there is nothing behind a FIN */
	expect_ack(l, IRS + 1);
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 1, 100);
	IN(l, CLOSE_WAIT);
	assert_int_equal(l->taken, 150);
	expect_ack(l, IRS + 152);
	free(l);
}

/* Nor does one stand before what has come already. */
static void
test_fin_comes_too_early(void **state)
{
	struct lone *l = create_established();

	(void)state;
	arrive(l, XD_TCP_ACK, IRS + 201, ISS + 1, 50);
	arrive(l, XD_TCP_FIN | XD_TCP_ACK, IRS + 101, ISS + 1, 50);
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 1, 200);
	IN(l, ESTABLISHED);
	assert_int_equal(l->taken, 250);
	free(l);
}

static void
test_abort(void **state)
{
	struct lone *l = create_established();

	(void)state;
	xd_tcp_write(&l->c, 100, l->now_us);
	expect(l, XD_TCP_ACK, ISS + 1, 100);
	xd_tcp_abort(&l->c);
	IN(l, CLOSED);
	expect(l, XD_TCP_RST | XD_TCP_ACK, ISS + 101, 0);
	expect_nothing(l);
	assert_int_equal(xd_tcp_deadline(&l->c), XD_TCP_NEVER);
	free(l);
}

/* ---- Attacks and confusion: RFC 5961 ---- */

static void
test_resets(void **state)
{
	struct lone *l = create_established();

	(void)state;
	arrive(l, XD_TCP_RST, IRS + 60000, 0, 0);
	arrive(l, XD_TCP_RST, IRS, 0, 0);
	expect_nothing(l);
	arrive(l, XD_TCP_RST, IRS + 2, 0, 0);
	IN(l, ESTABLISHED);
	expect_ack(l, IRS + 1);
	arrive(l, XD_TCP_RST, IRS + 1, 0, 0);
	IN(l, CLOSED);
	assert_int_equal(l->c.end_reason, XD_TCP_END_RESET);
	free(l);
}

static void
test_challenges(void **state)
{
	struct lone *l = create_established();
	unsigned answers = 0;
	struct xd_tcp_segment s;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		arrive(l, XD_TCP_SYN, IRS + 100 * i, 0, 0);
		arrive(l, XD_TCP_ACK, IRS + 1, ISS + 1000, 0);   /* not sent yet */
		arrive(l, XD_TCP_ACK, IRS + 1, ISS - 50000, 10); /* too old: injected */
		answers += xd_tcp_output(&l->c, &s, l->now_us);
	}
	assert_int_equal(l->taken, 0);
	assert_in_range(answers, 3, 10); /* not all of them */
	l->now_us += 2 * SECOND;
	arrive(l, XD_TCP_SYN, IRS, 0, 0);
	expect_ack(l, IRS + 1);
	IN(l, ESTABLISHED);
	/* Old and bare: no endless exchange of acknowledgements. */
	l->now_us += 2 * SECOND;
	for (unsigned i = answers = 0; i < 100; i++) {
		arrive(l, XD_TCP_ACK, IRS - 100, ISS + 1, 0);
		answers += xd_tcp_output(&l->c, &s, l->now_us);
	}
	assert_in_range(answers, 1, 10);
	free(l);
}

/* An old duplicate whose number would fit: RFC 7323, PAWS. */
static void
test_old_timestamps(void **state)
{
	struct lone *l = create();
	struct xd_tcp_segment s = {
		.flags = XD_TCP_SYN, .seq = IRS, .window = 4000, .has_ts = true, .ts_value = 5000};
	static const uint8_t data[10];

	(void)state;
	l->opts.timestamps = true;
	xd_tcp_accept(&l->c, &l->opts, l, ISS, &s, l->now_us);
	assert_int_equal(expect(l, XD_TCP_SYN | XD_TCP_ACK, ISS, 0).ts_echo, 5000);
	s = (struct xd_tcp_segment){.flags = XD_TCP_ACK,
		.seq = IRS + 1,
		.ack = ISS + 1,
		.window = 4000,
		.len = 10,
		.has_ts = true,
		.ts_value = 5010};
	xd_tcp_input(&l->c, &s, data, l->now_us);
	assert_int_equal(l->taken, 10);
	s.seq += 10;
	s.ts_value = 5009;
	xd_tcp_input(&l->c, &s, data, l->now_us);
	assert_int_equal(l->taken, 10);
	assert_int_equal(expect(l, XD_TCP_ACK, ISS + 1, 0).ts_echo, 5010);
	s.has_ts = false;
	xd_tcp_input(&l->c, &s, data, l->now_us);
	assert_int_equal(l->taken, 10);
	/* After 24 days the peer's clock may have wrapped. */
	l->now_us += 25ull * 86400 * SECOND;
	s.has_ts = true;
	xd_tcp_input(&l->c, &s, data, l->now_us);
	assert_int_equal(l->taken, 20);
	free(l);
}

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

/* ---- Loss ---- */

/* Sends n full segments. */
static void
send_many(struct lone *l, unsigned n)
{
	l->c.cwnd = n * MSS;
	xd_tcp_write(&l->c, n * MSS, l->now_us);
	for (unsigned i = 0; i < n; i++)
		expect(l, XD_TCP_ACK, ISS + 1 + i * MSS, MSS);
}

#define AT(i) (ISS + 1 + (i)*MSS)

static void
test_timeout(void **state)
{
	struct lone *l = create_established();

	(void)state;
	send_many(l, 10);
	wait_for_timer(l, SECOND);
	expect(l, XD_TCP_ACK, AT(0), MSS);
	expect_nothing(l);
	assert_int_equal(l->c.cwnd, MSS);
	assert_int_equal(l->c.ssthresh, 5 * MSS);
	wait_for_timer(l, 2 * SECOND);
	expect(l, XD_TCP_ACK, AT(0), MSS);
	assert_int_equal(l->c.ssthresh, 5 * MSS);
	arrive(l, XD_TCP_ACK, IRS + 1, AT(1), 0);
	expect(l, XD_TCP_ACK, AT(1), MSS);
	expect(l, XD_TCP_ACK, AT(2), MSS);
	expect_nothing(l);
	/* The others were there. What is late is no loss. */
	arrive(l, XD_TCP_ACK, IRS + 1, AT(10), 0);
	assert_int_equal(xd_tcp_pending(&l->c), 0);
	assert_int_equal(xd_tcp_deadline(&l->c), XD_TCP_NEVER);
	assert_int_equal(l->c.retransmitted, 4);
	free(l);
}

/* RFC 3042, then RFC 8985: what is lost is sent again, and nothing else. */
static void
test_fast_retransmit(void **state)
{
	struct lone *l = create_established();

	(void)state;
	send_many(l, 10);
	xd_tcp_write(&l->c, 20 * MSS, l->now_us);
	expect_nothing(l);
	arrive_blocks(l, AT(0), 1, (struct xd_tcp_block[]){{AT(1), AT(2)}});
	expect(l, XD_TCP_ACK, AT(10), MSS);
	arrive_blocks(l, AT(0), 1, (struct xd_tcp_block[]){{AT(1), AT(3)}});
	expect(l, XD_TCP_ACK, AT(11), MSS);
	expect_nothing(l);
	arrive_blocks(l, AT(0), 2, (struct xd_tcp_block[]){{AT(4), AT(5)}, {AT(1), AT(3)}});
	expect(l, XD_TCP_ACK, AT(0), MSS);
	expect_nothing(l);
	assert_int_equal(l->c.cwnd, 5 * MSS);
	/* The same news again is none. */
	arrive_blocks(l, AT(0), 2, (struct xd_tcp_block[]){{AT(4), AT(5)}, {AT(1), AT(3)}});
	expect_nothing(l);
	/* The fourth is lost as soon as three came behind it; one goes for one, but for the five
	 * that were too many. */
	arrive_blocks(l, AT(0), 2, (struct xd_tcp_block[]){{AT(4), AT(12)}, {AT(1), AT(3)}});
	expect(l, XD_TCP_ACK, AT(3), MSS);
	expect(l, XD_TCP_ACK, AT(12), MSS);
	expect(l, XD_TCP_ACK, AT(13), MSS);
	expect(l, XD_TCP_ACK, AT(14), MSS);
	expect_nothing(l);
	arrive(l, XD_TCP_ACK, IRS + 1, AT(12), 0);
	assert_false(l->c.recovering);
	assert_int_equal(l->c.cwnd, 5 * MSS);
	assert_int_equal(l->c.retransmitted, 2);
	free(l);
}

/* The same without blocks: RFC 6582. */
static void
test_new_reno(void **state)
{
	struct lone *l = create_established();

	(void)state;
	l->c.sack_on = false;
	send_many(l, 10);
	xd_tcp_write(&l->c, 20 * MSS, l->now_us);
	for (unsigned i = 0; i < 2; i++) {
		arrive(l, XD_TCP_ACK, IRS + 1, AT(0), 0);
		expect(l, XD_TCP_ACK, AT(10 + i), MSS);
		expect_nothing(l);
	}
	arrive(l, XD_TCP_ACK, IRS + 1, AT(0), 0);
	expect(l, XD_TCP_ACK, AT(0), MSS);
	expect_nothing(l);
	assert_int_equal(l->c.cwnd, 8 * MSS);
	for (unsigned i = 0; i < 5; i++)
		arrive(l, XD_TCP_ACK, IRS + 1, AT(0), 0);
	expect(l, XD_TCP_ACK, AT(12), MSS);
	expect_nothing(l);
	arrive(l, XD_TCP_ACK, IRS + 1, AT(4), 0); /* a partial one: the next was lost, too */
	expect(l, XD_TCP_ACK, AT(4), MSS);
	arrive(l, XD_TCP_ACK, IRS + 1, AT(12), 0);
	assert_false(l->c.recovering);
	assert_int_equal(l->c.retransmitted, 2);
	free(l);
}

/* The last of all: nothing behind it tells, but what was sent again after it. */
static void
test_last(void **state)
{
	struct lone *l = create_established();

	(void)state;
	send_many(l, 10);
	l->now_us += 1000;
	arrive_blocks(l, AT(0), 1, (struct xd_tcp_block[]){{AT(1), AT(9)}});
	expect(l, XD_TCP_ACK, AT(0), MSS);
	expect_nothing(l);
	l->now_us += 1000;
	arrive(l, XD_TCP_ACK, IRS + 1, AT(9), 0);
	expect(l, XD_TCP_ACK, AT(9), MSS);
	expect_nothing(l);
	free(l);
}

/* A peer that takes back what it has acknowledged selectively: RFC 2018, section 8. */
static void
test_reneging(void **state)
{
	struct lone *l = create_established();

	(void)state;
	send_many(l, 5);
	arrive_blocks(l, AT(0), 1, (struct xd_tcp_block[]){{AT(1), AT(2)}});
	arrive(l, XD_TCP_ACK, IRS + 1, AT(1), 0);
	assert_int_equal(l->c.sacked.n, 0);
	wait_for_timer(l, SECOND);
	expect(l, XD_TCP_ACK, AT(1), MSS);
	free(l);
}

/* Blocks that tell lies change nothing. */
static void
test_blocks_that_lie(void **state)
{
	struct lone *l = create_established();

	(void)state;
	send_many(l, 5);
	arrive_blocks(l, AT(0), 4,
		(struct xd_tcp_block[]){{AT(4), AT(6)}, {AT(3), AT(2)}, {AT(0), AT(1)},
			{AT(0) - 5000, AT(0) - 4000}});
	assert_int_equal(l->c.sacked.n, 0);
	expect_nothing(l);
	free(l);
}

static void
test_round_trip(void **state)
{
	struct lone *l = create_established();

	(void)state;
	l->opts.rto_min_us = 1;
	for (unsigned i = 0; i < 50; i++) {
		xd_tcp_write(&l->c, MSS, l->now_us);
		expect(l, XD_TCP_ACK, AT(i), MSS);
		l->now_us += 1000;
		arrive(l, XD_TCP_ACK, IRS + 1, AT(i + 1), 0);
	}
	assert_in_range(l->c.srtt_us, 950, 1050);
	assert_in_range(l->c.rto_us, 1000, 1500);
	/* Karn: what was sent twice is not measured, and the timer stays as it is. */
	xd_tcp_write(&l->c, MSS, l->now_us);
	expect(l, XD_TCP_ACK, AT(50), MSS);
	wait_for_timer(l, l->c.rto_us);
	expect(l, XD_TCP_ACK, AT(50), MSS);
	l->now_us += 100;
	arrive(l, XD_TCP_ACK, IRS + 1, AT(51), 0);
	assert_in_range(l->c.srtt_us, 950, 1050);
	assert_int_equal(l->c.backoff, 1);
	free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_syn_is_lost),
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_both_open),
		cmocka_unit_test(test_close_first),
		cmocka_unit_test(test_close_revived),
		cmocka_unit_test(test_close_second),
		cmocka_unit_test(test_both_close),
		cmocka_unit_test(test_fin_comes_early),
		cmocka_unit_test(test_fin_comes_too_early),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_resets),
		cmocka_unit_test(test_challenges),
		cmocka_unit_test(test_take_back),
		cmocka_unit_test(test_old_timestamps),
		cmocka_unit_test(test_delayed_ack),
		cmocka_unit_test(test_blocks_are_told),
		cmocka_unit_test(test_too_many_gaps),
		cmocka_unit_test(test_beyond_the_window),
		cmocka_unit_test(test_initial_window),
		cmocka_unit_test(test_nagle),
		cmocka_unit_test(test_large_segments),
		cmocka_unit_test(test_small_peer),
		cmocka_unit_test(test_persist),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_fast_retransmit),
		cmocka_unit_test(test_new_reno),
		cmocka_unit_test(test_last),
		cmocka_unit_test(test_reneging),
		cmocka_unit_test(test_blocks_that_lie),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

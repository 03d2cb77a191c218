/* SPDX-License-Identifier: BSD-3-Clause */
/* A TCP connection, segment by segment: opened and closed, and what it answers to attacks. */
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
		cmocka_unit_test(test_old_timestamps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

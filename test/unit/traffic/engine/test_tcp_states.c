/* SPDX-License-Identifier: BSD-3-Clause */
/* A TCP connection in each of its states: what a FIN, a reset, a SYN, text, a close and an abort do
 * there (RFC 9293, sections 3.5, 3.6 and 3.10; RFC 5961), and what timers do. */
#include "lone_end.h"

/* ---- Into a state ---- */

static struct lone *
create_syn_sent(void)
{
	struct lone *l = create();

	xd_tcp_open(&l->c, &l->opts, l, ISS, l->now_us);
	expect(l, XD_TCP_SYN, ISS, 0);
	return l;
}

static struct lone *
create_syn_received(void)
{
	const struct xd_tcp_segment syn = {
		.flags = XD_TCP_SYN, .seq = IRS, .window = 40000, .mss = MSS, .sack_ok = true};
	struct lone *l = create();

	xd_tcp_accept(&l->c, &l->opts, l, ISS, &syn, l->now_us);
	expect(l, XD_TCP_SYN | XD_TCP_ACK, ISS, 0);
	return l;
}

static struct lone *
create_fin_wait_1(void)
{
	struct lone *l = create_established();

	xd_tcp_close(&l->c);
	expect(l, XD_TCP_FIN | XD_TCP_ACK, ISS + 1, 0);
	return l;
}

static struct lone *
create_fin_wait_2(void)
{
	struct lone *l = create_fin_wait_1();

	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 2, 0);
	return l;
}

static struct lone *
create_close_wait(void)
{
	struct lone *l = create_established();

	arrive(l, XD_TCP_FIN | XD_TCP_ACK, IRS + 1, ISS + 1, 0);
	expect_ack(l, IRS + 2);
	return l;
}

static struct lone *
create_closing(void)
{
	struct lone *l = create_fin_wait_1();

	arrive(l, XD_TCP_FIN | XD_TCP_ACK, IRS + 1, ISS + 1, 0);
	expect_ack(l, IRS + 2);
	return l;
}

static struct lone *
create_last_ack(void)
{
	struct lone *l = create_close_wait();

	xd_tcp_close(&l->c);
	expect(l, XD_TCP_FIN | XD_TCP_ACK, ISS + 1, 0);
	return l;
}

static struct lone *
create_time_wait(void)
{
	struct lone *l = create_fin_wait_2();

	arrive(l, XD_TCP_FIN | XD_TCP_ACK, IRS + 1, ISS + 2, 0);
	expect_ack(l, IRS + 2);
	return l;
}

/* A state after the handshake's first step, with what is next of both streams in it. */
struct reached {
	struct lone *(*create)(void);
	enum xd_tcp_state state;
	uint32_t rcv_nxt, una, nxt;
};

static const struct reached all[] = {
	{create_syn_received, XD_TCP_SYN_RECEIVED, IRS + 1, ISS + 1, ISS + 1},
	{create_established, XD_TCP_ESTABLISHED, IRS + 1, ISS + 1, ISS + 1},
	{create_fin_wait_1, XD_TCP_FIN_WAIT_1, IRS + 1, ISS + 1, ISS + 2},
	{create_fin_wait_2, XD_TCP_FIN_WAIT_2, IRS + 1, ISS + 2, ISS + 2},
	{create_close_wait, XD_TCP_CLOSE_WAIT, IRS + 2, ISS + 1, ISS + 1},
	{create_closing, XD_TCP_CLOSING, IRS + 2, ISS + 1, ISS + 2},
	{create_last_ack, XD_TCP_LAST_ACK, IRS + 2, ISS + 1, ISS + 2},
	{create_time_wait, XD_TCP_TIME_WAIT, IRS + 2, ISS + 2, ISS + 2},
};

#define NB_STATES (sizeof(all) / sizeof(all[0]))

/* Lays what happens beside what should: for each of these states. */
static void
expect_state(const struct lone *l, const struct reached *r, enum xd_tcp_state state)
{
	if (l->c.state != state)
		fail_msg("from %s to %s instead of %s", xd_tcp_state_name(r->state),
			xd_tcp_state_name(l->c.state), xd_tcp_state_name(state));
}

/* ---- What arrives in each state ---- */

/* The peer's FIN, that acknowledges all that was sent. */
static void
test_fin(void **state)
{
	static const enum xd_tcp_state after[NB_STATES] = {XD_TCP_CLOSE_WAIT, XD_TCP_CLOSE_WAIT,
		XD_TCP_TIME_WAIT, XD_TCP_TIME_WAIT, XD_TCP_CLOSE_WAIT, XD_TCP_TIME_WAIT,
		XD_TCP_CLOSED, XD_TCP_TIME_WAIT};

	(void)state;
	for (unsigned i = 0; i < NB_STATES; i++) {
		struct lone *l = all[i].create();

		expect_state(l, &all[i], all[i].state);
		/* Where it came already, it comes once more. */
		arrive(l, XD_TCP_FIN | XD_TCP_ACK, IRS + 1, all[i].nxt, 0);
		if (all[i].rcv_nxt ==
			IRS + 2) { /* not acceptable: its acknowledgement is not taken */
			expect_state(l, &all[i], all[i].state);
			expect_ack(l, IRS + 2);
			arrive(l, XD_TCP_ACK, IRS + 2, all[i].nxt, 0);
		} else {
			expect_ack(l, IRS + 2);
		}
		expect_state(l, &all[i], after[i]);
		free(l);
	}
}

/* A FIN that does not acknowledge ours: both have closed at once. */
static void
test_fin_crosses_ours(void **state)
{
	struct lone *l = create_fin_wait_1();

	(void)state;
	arrive(l, XD_TCP_FIN | XD_TCP_ACK, IRS + 1, ISS + 1, 0);
	IN(l, CLOSING);
	expect_ack(l, IRS + 2);
	/* Ours was lost, and is sent again. */
	wait_for_timer(l, SECOND);
	expect(l, XD_TCP_FIN | XD_TCP_ACK, ISS + 1, 0);
	arrive(l, XD_TCP_ACK, IRS + 2, ISS + 2, 0);
	IN(l, TIME_WAIT);
	wait_for_timer(l, 60 * SECOND);
	IN(l, CLOSED);
	assert_int_equal(l->c.end_reason, XD_TCP_END_NONE);
	free(l);
}

/* It is no SYN: nothing becomes of it. */
static void
test_before_a_syn(void **state)
{
	struct lone *l = create_syn_sent();

	(void)state;
	assert_int_equal(arrive(l, XD_TCP_FIN | XD_TCP_ACK, IRS, ISS + 1, 5), XD_TCP_TAKEN);
	assert_int_equal(arrive(l, XD_TCP_FIN, IRS, 0, 0), XD_TCP_TAKEN);
	assert_int_equal(arrive(l, XD_TCP_ACK, IRS, ISS + 1, 5), XD_TCP_TAKEN);
	IN(l, SYN_SENT);
	assert_int_equal(l->taken, 0);
	expect_nothing(l);
	free(l);
}

static void
test_reset(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NB_STATES; i++) {
		const bool waits = all[i].state == XD_TCP_TIME_WAIT; /* RFC 1337 */
		struct lone *l = all[i].create();

		arrive(l, XD_TCP_RST, all[i].rcv_nxt - 1, 0, 0); /* too old */
		arrive(l, XD_TCP_RST, all[i].rcv_nxt + 60000, 0, 0);
		expect_state(l, &all[i], all[i].state);
		expect_nothing(l);
		arrive(l, XD_TCP_RST, all[i].rcv_nxt + 1, 0, 0); /* it might be a guess */
		expect_state(l, &all[i], all[i].state);
		expect_ack(l, all[i].rcv_nxt);
		arrive(l, XD_TCP_RST, all[i].rcv_nxt, 0, 0);
		expect_state(l, &all[i], waits ? XD_TCP_TIME_WAIT : XD_TCP_CLOSED);
		expect_nothing(l);
		if (!waits)
			assert_int_equal(xd_tcp_deadline(&l->c), XD_TCP_NEVER);
		free(l);
	}
}

/* A SYN where none belongs is answered by what is expected: RFC 5961, section 4.2. */
static void
test_syn(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NB_STATES; i++) {
		struct lone *l = all[i].create();

		for (unsigned k = 0; k < 3; k++) {
			arrive(l, XD_TCP_SYN, all[i].rcv_nxt + 100 * k, 0, 0);
			expect_state(l, &all[i], all[i].state);
			expect_ack(l, all[i].rcv_nxt);
		}
		assert_int_equal(arrive(l, XD_TCP_SYN | XD_TCP_ACK, all[i].rcv_nxt, all[i].nxt, 0),
			XD_TCP_TAKEN);
		expect_state(l, &all[i], all[i].state);
		expect_ack(l, all[i].rcv_nxt);
		free(l);
	}
}

/* Text counts as long as the peer has not closed. */
static void
test_text(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NB_STATES; i++) {
		const bool counts = all[i].rcv_nxt == IRS + 1;
		struct lone *l = all[i].create();
		struct xd_tcp_segment s;

		arrive(l, XD_TCP_ACK, all[i].rcv_nxt, all[i].una, 2 * MSS);
		assert_int_equal(l->taken, counts ? 2 * MSS : 0);
		assert_true(xd_tcp_output(&l->c, &s, l->now_us));
		assert_int_equal(s.ack, all[i].rcv_nxt + (counts ? 2 * MSS : 0));
		if (all[i].state != XD_TCP_SYN_RECEIVED)
			expect_state(l, &all[i], all[i].state);
		free(l);
	}
}

/* Without ACK nothing counts; what acknowledges what was not sent is answered, and counts no more.
 */
static void
test_acknowledgements(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NB_STATES; i++) {
		const bool early = all[i].state == XD_TCP_SYN_RECEIVED;
		struct lone *l = all[i].create();

		arrive(l, XD_TCP_FIN, all[i].rcv_nxt, 0, 10);
		expect_state(l, &all[i], all[i].state);
		expect_nothing(l);
		assert_int_equal(arrive(l, XD_TCP_ACK, all[i].rcv_nxt, all[i].nxt + 1, 10),
			early ? XD_TCP_REFUSE : XD_TCP_TAKEN);
		expect_state(l, &all[i], all[i].state);
		assert_int_equal(l->taken, 0);
		if (!early)
			expect_ack(l, all[i].rcv_nxt);
		free(l);
	}
}

/* ---- What is asked for in each state ---- */

static void
test_close(void **state)
{
	static const enum xd_tcp_state after[NB_STATES] = {XD_TCP_SYN_RECEIVED, XD_TCP_FIN_WAIT_1,
		XD_TCP_FIN_WAIT_1, XD_TCP_FIN_WAIT_2, XD_TCP_LAST_ACK, XD_TCP_CLOSING,
		XD_TCP_LAST_ACK, XD_TCP_TIME_WAIT};
	struct lone *l = create_syn_sent();

	(void)state;
	xd_tcp_close(&l->c);
	IN(l, CLOSED);
	expect_nothing(l);
	assert_int_equal(l->c.end_reason, XD_TCP_END_NONE);
	free(l);
	for (unsigned i = 0; i < NB_STATES; i++) {
		l = all[i].create();
		xd_tcp_close(&l->c);
		xd_tcp_close(&l->c);
		expect_state(l, &all[i], after[i]);
		if (all[i].state == XD_TCP_ESTABLISHED || all[i].state == XD_TCP_CLOSE_WAIT)
			expect(l, XD_TCP_FIN | XD_TCP_ACK, ISS + 1, 0);
		expect_nothing(l);
		/* Nothing can be written any more. */
		xd_tcp_write(&l->c, 100, l->now_us);
		assert_int_equal(xd_tcp_unsent(&l->c), 0);
		free(l);
	}
	/* Asked for before the handshake's end: it follows that, and what was written. */
	l = create_syn_received();
	xd_tcp_write(&l->c, 10, l->now_us);
	xd_tcp_close(&l->c);
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 1, 0);
	IN(l, FIN_WAIT_1);
	expect(l, XD_TCP_FIN | XD_TCP_ACK, ISS + 1, 10);
	free(l);
}

static void
test_abort(void **state)
{
	struct lone *l = create_syn_sent();

	(void)state;
	xd_tcp_abort(&l->c);
	IN(l, CLOSED);
	expect_nothing(l);
	free(l);
	for (unsigned i = 0; i < NB_STATES; i++) {
		l = all[i].create();
		xd_tcp_abort(&l->c);
		IN(l, CLOSED);
		assert_int_equal(l->c.end_reason, XD_TCP_END_ABORTED);
		if (all[i].state <= XD_TCP_CLOSE_WAIT)
			expect(l, XD_TCP_RST | XD_TCP_ACK, all[i].nxt, 0);
		expect_nothing(l);
		assert_int_equal(xd_tcp_deadline(&l->c), XD_TCP_NEVER);
		free(l);
	}
}

/* ---- Timers in each state ---- */

/* What is not acknowledged is sent again until it is given up. */
static void
test_silence(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NB_STATES; i++) {
		const bool waits_for_ack =
			all[i].state == XD_TCP_SYN_RECEIVED || all[i].una != all[i].nxt;
		struct lone *l = all[i].create();
		struct xd_tcp_segment s;

		if (!waits_for_ack) {
			const bool waits = all[i].state == XD_TCP_TIME_WAIT;

			assert_int_equal(xd_tcp_deadline(&l->c),
				waits ? l->now_us + 60 * SECOND : XD_TCP_NEVER);
			free(l);
			continue;
		}
		for (unsigned k = 0; k < l->opts.tries; k++) {
			wait_for_timer(l, (uint64_t)SECOND << k);
			assert_true(xd_tcp_output(&l->c, &s, l->now_us));
			assert_int_equal(xd_tcp_segment_span(&s), 1); /* SYN or FIN */
			expect_nothing(l);
		}
		wait_for_timer(l, (uint64_t)SECOND << l->opts.tries);
		IN(l, CLOSED);
		assert_int_equal(l->c.end_reason, XD_TCP_END_TIMEOUT);
		free(l);
	}
}

/* A FIN takes a number: it waits for the window, and probes it. */
static void
test_fin_probes(void **state)
{
	struct lone *l = create_established();
	struct xd_tcp_segment s = {.flags = XD_TCP_ACK, .seq = IRS + 1, .ack = ISS + 1};

	(void)state;
	xd_tcp_input(&l->c, &s, NULL, l->now_us); /* it is closed */
	xd_tcp_close(&l->c);
	expect_nothing(l);
	for (unsigned i = 0; i < 10; i++) {
		wait_for_timer(l, i < 6 ? (uint64_t)SECOND << i : 60 * SECOND);
		expect(l, XD_TCP_FIN | XD_TCP_ACK, ISS + 1, 0);
		xd_tcp_input(&l->c, &s, NULL, l->now_us);
		IN(l, FIN_WAIT_1);
	}
	s.ack++;
	xd_tcp_input(&l->c, &s, NULL, l->now_us);
	IN(l, FIN_WAIT_2);
	assert_int_equal(xd_tcp_deadline(&l->c), XD_TCP_NEVER);
	free(l);
}

/* ---- Both open at once: RFC 9293, figures 7 and 8 ---- */

static void
test_both_open(void **state)
{
	struct lone *l = create_syn_sent();

	(void)state;
	assert_int_equal(arrive(l, XD_TCP_SYN, IRS, 0, 0), XD_TCP_TAKEN);
	IN(l, SYN_RECEIVED);
	assert_int_equal(expect(l, XD_TCP_SYN | XD_TCP_ACK, ISS, 0).ack, IRS + 1);
	expect_nothing(l);
	/* Twice, as it is sent again, or as a network has it. */
	arrive(l, XD_TCP_SYN, IRS, 0, 0);
	expect(l, XD_TCP_SYN | XD_TCP_ACK, ISS, 0);
	wait_for_timer(l, SECOND);
	expect(l, XD_TCP_SYN | XD_TCP_ACK, ISS, 0);
	arrive(l, XD_TCP_SYN | XD_TCP_ACK, IRS, ISS + 1, 0);
	IN(l, ESTABLISHED);
	/* The other end's, once more: it missed what acknowledges it. */
	arrive(l, XD_TCP_SYN | XD_TCP_ACK, IRS, ISS + 1, 0);
	expect_ack(l, IRS + 1);
	free(l);
}

/* The peer's acknowledgement, and not its SYN,ACK, is what comes. */
static void
test_both_open_acknowledged(void **state)
{
	struct lone *l = create_syn_sent();

	(void)state;
	arrive(l, XD_TCP_SYN, IRS, 0, 0);
	expect(l, XD_TCP_SYN | XD_TCP_ACK, ISS, 0);
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 1, 10);
	IN(l, ESTABLISHED);
	assert_int_equal(l->taken, 10);
	free(l);
	/* It is refused after all. */
	l = create_syn_sent();
	arrive(l, XD_TCP_SYN, IRS, 0, 0);
	expect(l, XD_TCP_SYN | XD_TCP_ACK, ISS, 0);
	arrive(l, XD_TCP_RST, IRS + 1, 0, 0);
	IN(l, CLOSED);
	assert_int_equal(l->c.end_reason, XD_TCP_END_REFUSED);
	free(l);
}

/* Figure 8: one end answers an old duplicate of the other's SYN, and is told so. */
static void
test_old_syn(void **state)
{
	struct lone *client = create_syn_sent(), *server = create_syn_received();
	struct xd_tcp_segment reply,
		s = {.flags = XD_TCP_SYN | XD_TCP_ACK, .seq = ISS, .ack = IRS + 1};

	(void)state;
	/* The server's SYN,ACK is for a SYN that the client did not send. */
	assert_int_equal(xd_tcp_input(&client->c, &s, NULL, client->now_us), XD_TCP_REFUSE);
	assert_true(xd_tcp_refuse(&s, &reply));
	IN(client, SYN_SENT);
	xd_tcp_input(&server->c, &reply, NULL, server->now_us);
	IN(server, CLOSED);
	free(client);
	free(server);
}

/* Figure 9: one end has crashed and opens anew, while the other knows of no such thing. */
static void
test_half_open(void **state)
{
	struct lone *crashed = create_syn_sent(), *other = create_established();
	struct xd_tcp_segment s, reply;

	(void)state;
	arrive(other, XD_TCP_SYN, IRS + 90000, 0, 0);
	assert_true(xd_tcp_output(&other->c, &s, other->now_us));
	s.ack += 4242; /* what it expects has nothing to do with what was sent now */
	assert_int_equal(xd_tcp_input(&crashed->c, &s, NULL, crashed->now_us), XD_TCP_REFUSE);
	IN(crashed, SYN_SENT);
	s.ack -= 4242;
	assert_true(xd_tcp_refuse(&s, &reply));
	xd_tcp_input(&other->c, &reply, NULL, other->now_us);
	IN(other, CLOSED);
	assert_int_equal(other->c.end_reason, XD_TCP_END_RESET);
	free(crashed);
	free(other);
}

/* ---- Closing one side only ---- */

/* Data goes on in either direction, as long as that is open. */
static void
test_half_closed(void **state)
{
	struct lone *l = create_fin_wait_2();

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		arrive(l, XD_TCP_ACK, IRS + 1 + i * MSS, ISS + 2, MSS);
	assert_int_equal(l->taken, 10 * MSS);
	expect_ack(l, IRS + 1 + 10 * MSS);
	free(l);
	l = create_close_wait();
	for (unsigned i = 0; i < 10; i++) {
		xd_tcp_write(&l->c, MSS, l->now_us);
		expect(l, XD_TCP_ACK, ISS + 1 + i * MSS, MSS);
		arrive(l, XD_TCP_ACK, IRS + 2, ISS + 1 + (i + 1) * MSS, 0);
		IN(l, CLOSE_WAIT);
	}
	free(l);
}

/* The FIN is lost together with the last data; both come again, in one segment. */
static void
test_fin_is_lost(void **state)
{
	struct lone *l = create_established();

	(void)state;
	xd_tcp_write(&l->c, 300, l->now_us);
	xd_tcp_close(&l->c);
	expect(l, XD_TCP_FIN | XD_TCP_ACK, ISS + 1, 300);
	wait_for_timer(l, SECOND);
	expect(l, XD_TCP_FIN | XD_TCP_ACK, ISS + 1, 300);
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 301, 0); /* all but the FIN */
	IN(l, FIN_WAIT_1);
	wait_for_timer(l, 2 * SECOND);
	expect(l, XD_TCP_FIN | XD_TCP_ACK, ISS + 301, 0);
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 302, 0);
	IN(l, FIN_WAIT_2);
	free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fin),
		cmocka_unit_test(test_fin_crosses_ours),
		cmocka_unit_test(test_before_a_syn),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_syn),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_acknowledgements),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_fin_probes),
		cmocka_unit_test(test_both_open),
		cmocka_unit_test(test_both_open_acknowledged),
		cmocka_unit_test(test_old_syn),
		cmocka_unit_test(test_half_open),
		cmocka_unit_test(test_half_closed),
		cmocka_unit_test(test_fin_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

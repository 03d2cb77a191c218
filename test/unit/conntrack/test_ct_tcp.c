/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP between its ends: each state against each segment from either side, windows, and what guesses
 * from outside come to. */
#include "ct_frames.h"

#include <errno.h>

#define A 1000u /* the first octet behind the SYN of who began */
#define B 9000u

static const char *const states[] = {"NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT",
	"CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2"};
enum { NO, SS, SR, ES, FW, CW, LA, TW, CL, S2, STATES };
/* What is not a state. */
enum { IV = 100, RE };

struct link {
	struct xd_ct *ct;
	struct host a, b;
	bool ipv6;
	uint8_t state; /* that the last segment was given */
	bool known;
};

/* A segment of either side, whose numbers fit unless they are told. */
static uint8_t
send_at(struct link *l, bool back, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len,
	uint16_t win)
{
	struct packet k;

	make_tcp(&k, l->ipv6, back ? l->b : l->a, back ? l->a : l->b, flags, seq, ack, win,
		flags & SYN ? 7 : -1, len);
	track(l->ct, &k, 0, T0);
	l->state = k.p.state;
	l->known = k.p.known;
	if (k.p.state == XD_CT_NEW && !k.p.known)
		assert_int_equal(xd_ct_commit(l->ct, 0, &k.p, NULL, T0), 0);
	return l->state;
}

static void
open_link(struct link *l, bool ipv6, bool swap)
{
	*l = (struct link){.ct = make_table(100), .ipv6 = ipv6};
	l->a = ipv6 ? host6(swap ? 9 : 3, 1000) : host4(swap ? 9 : 3, 1000);
	l->b = ipv6 ? host6(swap ? 3 : 9, 80) : host4(swap ? 3 : 9, 80);
}

static void
close_link(struct link *l)
{
	xd_ct_destroy(l->ct);
}

static bool
take_state(void *ctx, const struct xd_ct_record *record)
{
	*(const char **)ctx = record->state;
	return true;
}

static const char *
state_name(struct link *l)
{
	const char *name = "NONE";

	xd_ct_snapshot(l->ct, NULL, T0, take_state, &name);
	return name;
}

static void
handshake(struct link *l)
{
	send_at(l, false, SYN, A - 1, 0, 0, 1000);
	send_at(l, true, SYN | ACK, B - 1, A, 0, 1000);
	send_at(l, false, ACK, A, B, 0, 1000);
	assert_string_equal(state_name(l), "ESTABLISHED");
}

/* Brings a connection into a state. From FIN_WAIT on it is its originator that closes. */
static void
bring(struct link *l, int state)
{
	if (state == NO)
		return;
	send_at(l, false, SYN, A - 1, 0, 0, 1000);
	if (state == S2)
		send_at(l, true, SYN, B - 1, 0, 0, 1000);
	if (state == SR)
		send_at(l, true, SYN | ACK, B - 1, A, 0, 1000);
	if (state >= ES && state <= CL) {
		send_at(l, true, SYN | ACK, B - 1, A, 0, 1000);
		send_at(l, false, ACK, A, B, 0, 1000);
	}
	if (state >= FW && state <= TW)
		send_at(l, false, FIN | ACK, A, B, 0, 1000);
	if (state == CW)
		send_at(l, true, ACK, B, A + 1, 0, 1000);
	if (state == LA || state == TW)
		send_at(l, true, FIN | ACK, B, A + 1, 0, 1000);
	if (state == TW)
		send_at(l, false, ACK, A + 1, B + 1, 0, 1000);
	if (state == CL)
		send_at(l, false, RST, A, 0, 0, 0);
	assert_string_equal(state_name(l), states[state]);
}

/* The numbers that each side would send in a state: what it has sent, what it has got. */
static void
numbers(int state, bool back, uint8_t flags, uint32_t *seq, uint32_t *ack)
{
	const bool syn = flags & SYN, a_closed = state >= FW && state <= TW;
	const bool b_closed = state == LA || state == TW;

	*seq = back ? B + b_closed : A + a_closed;
	if ((flags & FIN) && (back ? b_closed : a_closed))
		--*seq;
	if (syn)
		*seq = (back ? B : A) - 1;
	*ack = back ? A + a_closed : B + b_closed;
	if (!(flags & ACK) || (state == SS && !back))
		*ack = 0;
}

/* Rows: who sends, and what; columns: the state before. */
static const uint8_t segments[] = {
	SYN, SYN | ACK, FIN | ACK, ACK, RST | ACK, 0, SYN | FIN, SYN | RST};
static const uint8_t expected[2][8][STATES] = {
	{
		/* NO  SS  SR  ES  FW  CW  LA  TW  CL  S2 */
		{SS, SS, SR, ES, FW, CW, LA, RE, RE, S2}, /* SYN */
		{IV, IV, SR, ES, FW, CW, LA, TW, IV, SR}, /* SYN and ACK */
		{IV, IV, FW, FW, FW, CW, LA, TW, CL, IV}, /* FIN and ACK */
		{IV, IV, ES, ES, FW, CW, TW, TW, CL, IV}, /* ACK */
		{IV, CL, CL, CL, CL, CL, CL, CL, CL, CL}, /* RST */
		{IV, IV, IV, IV, IV, IV, IV, IV, IV, IV}, /* nothing */
		{IV, IV, IV, IV, IV, IV, IV, IV, IV, IV}, /* SYN and FIN */
		{IV, IV, IV, IV, IV, IV, IV, IV, IV, IV}, /* SYN and RST */
	},
	{
		{SS, S2, SR, ES, FW, CW, LA, RE, RE, S2},
		{IV, SR, SR, ES, FW, CW, LA, TW, IV, SR},
		{IV, IV, FW, FW, LA, LA, LA, TW, CL, IV},
		{IV, SS, SR, ES, CW, CW, LA, TW, CL, S2},
		{IV, CL, CL, CL, CL, CL, CL, CL, CL, CL},
		{IV, IV, IV, IV, IV, IV, IV, IV, IV, IV},
		{IV, IV, IV, IV, IV, IV, IV, IV, IV, IV},
		{IV, IV, IV, IV, IV, IV, IV, IV, IV, IV},
	},
};

static void
check_one(int state, int back, unsigned segment, bool ipv6, bool swap)
{
	const uint8_t want = expected[back][segment][state], flags = segments[segment];
	struct link l;
	uint32_t seq, ack;

	open_link(&l, ipv6, swap);
	bring(&l, state);
	numbers(state, back, flags, &seq, &ack);
	send_at(&l, back, flags, seq, ack, 0, 1000);
	if (want == IV)
		assert_int_equal(l.state, XD_CT_INVALID);
	else
		assert_int_not_equal(l.state, XD_CT_INVALID);
	if (want == RE)
		assert_false(l.known);
	assert_string_equal(state_name(&l), states[want == IV ? state : want == RE ? SS : want]);
	close_link(&l);
}

static void
test_states(void **state)
{
	(void)state;
	for (int from = 0; from < STATES; from++) {
		for (int back = 0; back < 2; back++) {
			for (unsigned segment = 0; segment < 8; segment++) {
				check_one(from, back, segment, false, false);
				check_one(from, back, segment, false, true);
				check_one(from, back, segment, true, false);
			}
		}
	}
}

/* Each side's windows, with and without scales: the octets beyond, and those that are too old. */
static void
test_windows(void **state)
{
	struct link l;

	(void)state;
	open_link(&l, false, false);
	handshake(&l); /* windows of 1000 << 7 */
	assert_int_equal(send_at(&l, false, ACK | PSH, A, B, 1000, 1000), XD_CT_ESTABLISHED);
	/* As far as the other allows: a segment may begin there, not behind it. */
	assert_int_equal(send_at(&l, true, ACK, B + 128000, A, 1, 1000), XD_CT_ESTABLISHED);
	assert_int_equal(send_at(&l, true, ACK, B + 128000 + 1000000, A, 1, 1000), XD_CT_INVALID);
	/* Acknowledged is only what was sent. */
	assert_int_equal(send_at(&l, true, ACK, B + 1, A + 1000, 0, 1000), XD_CT_ESTABLISHED);
	assert_int_equal(send_at(&l, true, ACK, B + 1, A + 1001, 0, 1000), XD_CT_INVALID);
	/* Old data and old acknowledgements, within a window and beyond. */
	assert_int_equal(send_at(&l, false, ACK, A, B, 1000, 1000), XD_CT_ESTABLISHED);
	assert_int_equal(send_at(&l, false, ACK, A - 200000, B, 10, 1000), XD_CT_INVALID);
	assert_int_equal(send_at(&l, false, ACK, A + 1000, B - 200000, 10, 1000), XD_CT_INVALID);
	close_link(&l);
}

static void
test_unscaled(void **state)
{
	struct packet k;
	struct link l;

	(void)state;
	open_link(&l, false, false);
	/* One side offers to scale, the other does not: neither does. */
	send_at(&l, false, SYN, A - 1, 0, 0, 1000);
	make_tcp(&k, false, l.b, l.a, SYN | ACK, B - 1, A, 1000, -1, 0);
	assert_int_equal(state_of(l.ct, &k, T0), XD_CT_ESTABLISHED);
	send_at(&l, false, ACK, A, B, 0, 1000);
	assert_int_equal(send_at(&l, true, ACK, B + 1001, A, 1, 1000), XD_CT_INVALID);
	assert_int_equal(send_at(&l, true, ACK, B + 1000, A, 1, 1000), XD_CT_ESTABLISHED);
	close_link(&l);
}

/* A FIN is acknowledged by what covers it, and by nothing before. */
static void
test_closing(void **state)
{
	struct link l;

	(void)state;
	open_link(&l, false, false);
	handshake(&l);
	send_at(&l, false, ACK, A, B, 100, 1000);
	send_at(&l, false, FIN | ACK, A + 100, B, 100, 1000);
	send_at(&l, true, ACK, B, A + 200, 0, 1000);
	assert_string_equal(state_name(&l), "FIN_WAIT");
	send_at(&l, true, ACK, B, A + 201, 100, 1000);
	assert_string_equal(state_name(&l), "CLOSE_WAIT");
	send_at(&l, true, FIN | ACK, B + 100, A + 201, 0, 1000);
	assert_string_equal(state_name(&l), "LAST_ACK");
	send_at(&l, false, ACK, A + 201, B + 100, 0, 1000);
	assert_string_equal(state_name(&l), "LAST_ACK");
	send_at(&l, false, ACK, A + 201, B + 101, 0, 1000);
	assert_string_equal(state_name(&l), "TIME_WAIT");
	close_link(&l);
}

/* Numbers that pass 2^32 on the way. */
static void
test_wrap(void **state)
{
	const uint32_t a = UINT32_MAX - 500, b = UINT32_MAX - 5;
	struct link l;

	(void)state;
	open_link(&l, true, false);
	send_at(&l, false, SYN, a - 1, 0, 0, 1000);
	send_at(&l, true, SYN | ACK, b - 1, a, 0, 1000);
	send_at(&l, false, ACK, a, b, 0, 1000);
	for (uint32_t i = 0; i < 10; i++) {
		assert_int_equal(send_at(&l, false, ACK, a + i * 100, b + i * 10, 100, 1000),
			XD_CT_ESTABLISHED);
		assert_int_equal(send_at(&l, true, ACK, b + i * 10, a + i * 100 + 100, 10, 1000),
			XD_CT_ESTABLISHED);
	}
	close_link(&l);
}

/* Two segments that begin one connection in one burst: the second is judged as its second. */
static void
test_two_at_once(void **state)
{
	const struct host a = host4(1, 1000), b = host4(2, 80);
	struct xd_ct *ct = make_table(100);
	struct xd_ct_packet p[3];
	struct packet k;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		/* Again, and then from a guesser on the other side. */
		make_tcp(&k, false, i < 2 ? a : b, i < 2 ? b : a, SYN, A - 1, 0, 1000, 7, 0);
		xd_ct_packet_init(&p[i], &k.f, &k.h, 0);
	}
	p[2].tcp_flags = SYN | ACK;
	xd_ct_track(ct, 0, p, 2, T0);
	assert_int_equal(xd_ct_commit(ct, 0, &p[0], NULL, T0), 0);
	assert_int_equal(xd_ct_commit(ct, 0, &p[1], NULL, T0), 0);
	assert_true(p[1].known);
	p[2].state = XD_CT_NEW; /* as if it were tracked before */
	p[2].place = p[0].place;
	p[2].tag = p[0].tag;
	p[2].tcp_ack = A + 7;
	assert_int_equal(xd_ct_commit(ct, 0, &p[2], NULL, T0), -EINVAL);
	assert_int_equal(p[2].state, XD_CT_INVALID);
	assert_int_equal(xd_ct_zone_count(ct, 0), 1);
	xd_ct_destroy(ct);
}

/* Guesses of somebody who sees nothing. */
static void
test_guesses(void **state)
{
	struct link l;

	(void)state;
	open_link(&l, false, false);
	send_at(&l, false, SYN, A - 1, 0, 0, 1000);
	/* An answer that acknowledges something else leaves nothing behind. */
	assert_int_equal(send_at(&l, true, SYN | ACK, 77777, A + 5, 0, 1000), XD_CT_INVALID);
	assert_int_equal(send_at(&l, true, RST | ACK, 0, A + 5, 0, 0), XD_CT_INVALID);
	assert_int_equal(send_at(&l, true, SYN | ACK, B - 1, A, 0, 1000), XD_CT_ESTABLISHED);
	send_at(&l, false, ACK, A, B, 0, 1000);
	/* A reset in the window passes, for its receiver to judge, and closes nothing; outside of
	 * it there is none. */
	assert_int_equal(send_at(&l, true, RST, B + 10, 0, 0, 0), XD_CT_ESTABLISHED);
	assert_string_equal(state_name(&l), "ESTABLISHED");
	assert_int_equal(send_at(&l, true, RST, B + 10000000, 0, 0, 0), XD_CT_INVALID);
	/* Nor does a SYN, which is answered by who knows better. */
	assert_int_equal(send_at(&l, false, SYN, 12345, 0, 0, 1000), XD_CT_ESTABLISHED);
	assert_int_equal(send_at(&l, false, ACK, A, B, 10, 1000), XD_CT_ESTABLISHED);
	assert_int_equal(send_at(&l, true, RST, B, 0, 0, 0), XD_CT_ESTABLISHED);
	assert_string_equal(state_name(&l), "CLOSE");
	close_link(&l);
}

static bool
take_time(void *ctx, const struct xd_ct_record *record)
{
	*(uint32_t *)ctx = record->expires_s;
	return true;
}

static void
check_expires(struct link *l, enum xd_ct_timeout which)
{
	uint32_t s = 0;

	xd_ct_snapshot(l->ct, NULL, T0, take_time, &s);
	assert_in_range(s, xd_ct_timeout_default(which), xd_ct_timeout_default(which) + 2);
}

static void
test_timeouts(void **state)
{
	static const uint8_t which[STATES] = {[SS] = XD_CT_TIMEOUT_TCP_SYN_SENT,
		[SR] = XD_CT_TIMEOUT_TCP_SYN_RECV,
		[ES] = XD_CT_TIMEOUT_TCP_ESTABLISHED,
		[FW] = XD_CT_TIMEOUT_TCP_FIN_WAIT,
		[CW] = XD_CT_TIMEOUT_TCP_CLOSE_WAIT,
		[LA] = XD_CT_TIMEOUT_TCP_LAST_ACK,
		[TW] = XD_CT_TIMEOUT_TCP_TIME_WAIT,
		[CL] = XD_CT_TIMEOUT_TCP_CLOSE,
		[S2] = XD_CT_TIMEOUT_TCP_SYN_SENT};
	struct link l;

	(void)state;
	for (int to = SS; to < STATES; to++) {
		open_link(&l, false, false);
		bring(&l, to);
		check_expires(&l, which[to]);
		close_link(&l);
	}
	open_link(&l, false, false);
	handshake(&l);
	send_at(&l, false, ACK, A, B, 100, 1000);
	check_expires(&l, XD_CT_TIMEOUT_TCP_ESTABLISHED);
	send_at(&l, true, ACK, B, A, 100, 1000);
	check_expires(&l, XD_CT_TIMEOUT_TCP_UNACKNOWLEDGED);
	send_at(&l, true, ACK, B + 100, A + 100, 0, 1000);
	check_expires(&l, XD_CT_TIMEOUT_TCP_ESTABLISHED);
	/* A doubtful reset shortens it until the connection goes on. */
	send_at(&l, true, RST, B + 101, 0, 0, 0);
	check_expires(&l, XD_CT_TIMEOUT_TCP_UNACKNOWLEDGED);
	send_at(&l, false, ACK, A + 100, B + 100, 0, 1000);
	check_expires(&l, XD_CT_TIMEOUT_TCP_ESTABLISHED);
	close_link(&l);
}

/* One that closes is removed in its own time, though it lay in the wheel for days. */
static void
test_hastened(void **state)
{
	struct xd_ct_stats stats;
	struct link l;

	(void)state;
	open_link(&l, false, false);
	handshake(&l);
	for (uint64_t t = T0; t < T0 + 300000; t += 500)
		xd_ct_expire(l.ct, 0, 100, t);
	send_at(&l, false, RST, A, 0, 0, 0);
	for (uint64_t t = T0; t < T0 + 313000; t += 500)
		xd_ct_expire(l.ct, 0, 100, t);
	xd_ct_stats(l.ct, &stats);
	assert_int_equal(stats.expired, 1);
	assert_int_equal(stats.connections, 0);
	close_link(&l);
}

static void
test_loose_and_liberal(void **state)
{
	struct xd_ct_opts opts = {
		.size = sizeof(opts), .max_connections = 100, .node = -1, .tcp_loose = true};
	struct link l;

	(void)state;
	open_link(&l, false, false);
	assert_int_equal(send_at(&l, false, ACK, A, B, 10, 1000), XD_CT_INVALID);
	xd_ct_destroy(l.ct);
	l.ct = xd_ct_create(&opts, NULL);
	assert_non_null(l.ct);
	assert_int_equal(send_at(&l, false, ACK, A, B, 10, 1000), XD_CT_NEW);
	assert_string_equal(state_name(&l), "ESTABLISHED");
	/* How windows are scaled nobody knows. */
	assert_int_equal(send_at(&l, true, ACK, B + 500000, A, 10, 1000), XD_CT_ESTABLISHED);
	assert_int_equal(send_at(&l, false, SYN | ACK, A, B, 10, 1000), XD_CT_ESTABLISHED);
	close_link(&l);

	open_link(&l, false, false);
	xd_ct_destroy(l.ct);
	opts.tcp_loose = false;
	opts.tcp_liberal = true;
	l.ct = xd_ct_create(&opts, NULL);
	assert_non_null(l.ct);
	handshake(&l);
	assert_int_equal(send_at(&l, true, ACK, B + 100000000, A, 1, 1000), XD_CT_ESTABLISHED);
	assert_int_equal(send_at(&l, true, ACK, B, A + 1000000, 1, 1000), XD_CT_ESTABLISHED);
	assert_string_equal(state_name(&l), "ESTABLISHED");
	close_link(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_windows),
		cmocka_unit_test(test_unscaled),
		cmocka_unit_test(test_closing),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_two_at_once),
		cmocka_unit_test(test_guesses),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_hastened),
		cmocka_unit_test(test_loose_and_liberal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

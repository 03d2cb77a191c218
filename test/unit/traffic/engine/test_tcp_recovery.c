/* SPDX-License-Identifier: BSD-3-Clause */
/* A TCP connection that has lost something: what it sends again and when (RFC 6675, 6582, 6298),
 * how much it may send (RFC 5681), and what timestamps and windows have to do with it. */
#include "lone_end.h"

#define AT(i) (ISS + 1 + (i)*MSS)

/* Sends n full segments. */
static void
send_many(struct lone *l, unsigned n)
{
	l->c.cwnd = n * MSS;
	l->c.sent_ms = (uint32_t)(l->now_us / 1000);
	xd_tcp_write(&l->c, n * MSS, l->now_us);
	for (unsigned i = 0; i < n; i++)
		expect(l, XD_TCP_ACK, AT(i), MSS);
}

/* A segment with selective acknowledgements of its own has less room for payload: what is sent
 * again, too, is no longer than that, or it would have to be cut by a device that does not. */
static void
test_resent_leaves_room(void **state)
{
	struct lone *l = create_established();
	struct xd_tcp_segment s;

	(void)state;
	send_many(l, 10);
	arrive(l, XD_TCP_ACK, IRS + 1001, AT(0), 100); /* with a gap before it */
	assert_true(xd_tcp_output(&l->c, &s, l->now_us));
	arrive_blocks(l, AT(0), 1, (struct xd_tcp_block[]){{AT(1), AT(9)}});
	for (unsigned i = 0; i < 2; i++) { /* the first again, in two */
		assert_true(xd_tcp_output(&l->c, &s, l->now_us));
		assert_int_equal(s.nb_blocks, 1);
		assert_true(s.len > 0 && s.len <= s.piece_bytes);
		assert_true(s.piece_bytes + xd_tcp_blocks_bytes(1) <= MSS);
	}
	assert_int_equal(s.seq + s.len, AT(1));
	expect_nothing(l);
	free(l);
}

/* A recovery ends while more, sent meanwhile, is known to be lost: nothing else will come to tell.
 */
static void
test_recovery_after_recovery(void **state)
{
	struct lone *l = create_established();

	(void)state;
	send_many(l, 10);
	xd_tcp_write(&l->c, 5 * MSS, l->now_us);
	arrive_blocks(l, AT(0), 1, (struct xd_tcp_block[]){{AT(1), AT(10)}});
	expect(l, XD_TCP_ACK, AT(0), MSS);
	for (unsigned i = 10; i < 14; i++)
		expect(l, XD_TCP_ACK, AT(i), MSS);
	expect_nothing(l);
	/* The first of them does not come. */
	arrive_blocks(l, AT(10), 1, (struct xd_tcp_block[]){{AT(11), AT(14)}});
	assert_true(l->c.recovering);
	expect(l, XD_TCP_ACK, AT(10), MSS);
	expect(l, XD_TCP_ACK, AT(14), MSS);
	expect_nothing(l);
	arrive(l, XD_TCP_ACK, IRS + 1, AT(15), 0);
	assert_false(l->c.recovering);
	expect_nothing(l);
	assert_int_equal(l->c.retransmitted, 2);
	free(l);
}

/* It ends while the last of it, sent again, is still on its way: once is enough. */
static void
test_recovery_ends(void **state)
{
	struct lone *l = create_established();

	(void)state;
	send_many(l, 10);
	xd_tcp_write(&l->c, 5 * MSS, l->now_us);
	arrive_blocks(l, AT(0), 1, (struct xd_tcp_block[]){{AT(1), AT(10)}});
	expect(l, XD_TCP_ACK, AT(0), MSS);
	for (unsigned i = 10; i < 14; i++)
		expect(l, XD_TCP_ACK, AT(i), MSS);
	arrive_blocks(l, AT(0), 2, (struct xd_tcp_block[]){{AT(11), AT(14)}, {AT(1), AT(10)}});
	expect(l, XD_TCP_ACK, AT(10), MSS);
	expect(l, XD_TCP_ACK, AT(14), MSS);
	arrive_blocks(l, AT(10), 1, (struct xd_tcp_block[]){{AT(11), AT(14)}});
	assert_false(l->c.recovering);
	expect_nothing(l);
	free(l);
}

/* RFC 6298, section 3: nobody knows which of two SYN,ACKs is acknowledged, even when the second was
 * sent because the SYN came twice. */
static void
test_syn_comes_twice(void **state)
{
	const struct xd_tcp_segment syn = {.flags = XD_TCP_SYN, .seq = IRS, .window = 40000};
	struct lone *l = create();

	(void)state;
	xd_tcp_accept(&l->c, &l->opts, l, ISS, &syn, l->now_us);
	expect(l, XD_TCP_SYN | XD_TCP_ACK, ISS, 0);
	l->now_us += SECOND / 2;
	arrive(l, XD_TCP_SYN, IRS, 0, 0);
	expect(l, XD_TCP_SYN | XD_TCP_ACK, ISS, 0);
	l->now_us += 1000;
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 1, 0);
	assert_int_equal(l->c.srtt_us, 0);
	free(l);
}

/* RFC 5681, section 4.1: what was learned of a network does not last for ever. */
static void
test_idle(void **state)
{
	struct lone *l = create_established();
	unsigned n = 0;
	struct xd_tcp_segment s;

	(void)state;
	send_many(l, 30);
	arrive(l, XD_TCP_ACK, IRS + 1, AT(30), 0);
	assert_true(l->c.cwnd >= 30 * MSS);
	l->now_us += SECOND / 2; /* not for longer than a retransmission timeout */
	xd_tcp_write(&l->c, MSS, l->now_us);
	expect(l, XD_TCP_ACK, AT(30), MSS);
	arrive(l, XD_TCP_ACK, IRS + 1, AT(31), 0);
	assert_true(l->c.cwnd >= 30 * MSS);
	l->now_us += 2 * SECOND;
	xd_tcp_write(&l->c, 30 * MSS, l->now_us);
	while (lone_output(l, &s))
		n++;
	assert_int_equal(n, 10);
	free(l);
}

/* Nothing that is written leaves nothing to be sent, and nobody to blame for it. */
static void
test_nothing_is_written(void **state)
{
	struct lone *l = create_established();

	(void)state;
	xd_tcp_write(&l->c, 0, l->now_us);
	assert_false(xd_tcp_may_output(&l->c));
	assert_int_equal(l->c.limit, XD_TCP_LIMIT_NOTHING);
	xd_tcp_write(&l->c, 1, l->now_us);
	assert_true(xd_tcp_may_output(&l->c));
	assert_int_equal(l->c.limit, XD_TCP_LIMIT_CALLER);
	expect(l, XD_TCP_ACK, AT(0), 1);
	assert_int_equal(l->c.limit, XD_TCP_LIMIT_NOTHING);
	free(l);
}

/* A peer that keeps talking, with a window that is not worth a segment, does not put the probe off.
 */
static void
test_probe_is_not_put_off(void **state)
{
	struct lone *l = create_established();
	struct xd_tcp_segment s = {
		.flags = XD_TCP_ACK, .seq = IRS + 1, .ack = ISS + 1, .window = 300, .len = 1};
	static const uint8_t byte[1];
	struct xd_tcp_segment sent;
	unsigned n = 0;

	(void)state;
	l->opts.delayed_ack_us = 0;
	s.len = 0;
	xd_tcp_input(&l->c, &s, NULL, l->now_us);
	xd_tcp_write(&l->c, 5000, l->now_us);
	expect_nothing(l);
	s.len = 1;
	for (unsigned i = 0; i < 20; i++, s.seq++) { /* for five seconds */
		l->now_us += SECOND / 4;
		xd_tcp_input(&l->c, &s, byte, l->now_us);
		if (xd_tcp_deadline(&l->c) <= l->now_us)
			xd_tcp_timeout(&l->c, l->now_us);
		while (lone_output(l, &sent))
			n += sent.len > 0;
	}
	assert_true(n >= 2);
	free(l);
}

/* A window that closes while data is on its way, and opens again; then one that shrinks. */
static void
test_window_shrinks(void **state)
{
	struct lone *l = create_established();
	struct xd_tcp_segment s = {.flags = XD_TCP_ACK, .seq = IRS + 1, .ack = AT(0)};

	(void)state;
	send_many(l, 10);
	s.window = 2 * MSS; /* of the ten, it takes back eight */
	xd_tcp_input(&l->c, &s, NULL, l->now_us);
	expect_nothing(l);
	/* They are on their way, and are sent again if they must: first of all the first. */
	wait_for_timer(l, SECOND);
	expect(l, XD_TCP_ACK, AT(0), MSS);
	expect_nothing(l);
	s.ack = AT(2);
	s.window = 0;
	xd_tcp_input(&l->c, &s, NULL, l->now_us);
	expect_nothing(l);
	wait_for_timer(l, 2 * SECOND); /* no round trip was measured since it doubled */
	expect(l, XD_TCP_ACK, AT(2), 1);
	s.ack = AT(10);
	s.window = 40000;
	xd_tcp_input(&l->c, &s, NULL, l->now_us);
	assert_int_equal(xd_tcp_pending(&l->c), 0);
	assert_int_equal(xd_tcp_deadline(&l->c), XD_TCP_NEVER);
	free(l);
}

/* ---- Timestamps ---- */

static struct lone *
create_with_timestamps(void)
{
	const struct xd_tcp_segment syn = {.flags = XD_TCP_SYN,
		.seq = IRS,
		.window = 40000,
		.mss = MSS,
		.has_ts = true,
		.ts_value = 5000};
	struct lone *l = create();

	l->opts.timestamps = true;
	xd_tcp_accept(&l->c, &l->opts, l, ISS, &syn, l->now_us);
	assert_int_equal(expect(l, XD_TCP_SYN | XD_TCP_ACK, ISS, 0).ts_echo, 5000);
	return l;
}

static void
arrive_at(struct lone *l, uint8_t flags, uint32_t seq, uint32_t len, uint32_t ts)
{
	static const uint8_t zeroes[MSS];
	const struct xd_tcp_segment s = {.flags = flags,
		.seq = seq,
		.ack = ISS + 1,
		.window = 40000,
		.len = len,
		.has_ts = true,
		.ts_value = ts};

	xd_tcp_input(&l->c, &s, zeroes, l->now_us);
}

/* The SYN that came again is the one that is answered. */
static void
test_syn_is_sent_again(void **state)
{
	struct lone *l = create_with_timestamps();

	(void)state;
	arrive_at(l, XD_TCP_SYN, IRS, 0, 6000);
	assert_int_equal(expect(l, XD_TCP_SYN | XD_TCP_ACK, ISS, 0).ts_echo, 6000);
	free(l);
}

/* A peer that has forgotten all about this connection, timestamps too: RFC 5961, section 4.2. */
static void
test_syn_without_timestamps(void **state)
{
	struct lone *l = create_with_timestamps();

	(void)state;
	arrive_at(l, XD_TCP_ACK, IRS + 1, 0, 5001);
	IN(l, ESTABLISHED);
	arrive(l, XD_TCP_SYN, IRS + 777, 0, 0);
	expect_ack(l, IRS + 1);
	free(l);
}

/* RFC 7323, section 5.5: after 24 days without a segment its clock may have wrapped, and what comes
 * then is the clock that counts. */
static void
test_outdated_timestamp(void **state)
{
	struct lone *l = create_with_timestamps();

	(void)state;
	arrive_at(l, XD_TCP_ACK, IRS + 1, 10, 5001);
	l->now_us += SECOND;
	xd_tcp_timeout(&l->c, l->now_us);
	expect_ack(l, IRS + 11);
	l->now_us += 25ull * 86400 * SECOND;
	arrive_at(l, XD_TCP_ACK, IRS + 11, 10, 4000);
	assert_int_equal(l->taken, 20);
	l->now_us += SECOND;
	xd_tcp_timeout(&l->c, l->now_us);
	assert_int_equal(expect(l, XD_TCP_ACK, ISS + 1, 0).ts_echo, 4000);
	arrive_at(l, XD_TCP_ACK, IRS + 21, 10, 3999); /* and an older one is old */
	assert_int_equal(l->taken, 20);
	free(l);
}

/* RFC 7323, section 4.3: it is of the segment that made the window move, also when others overtook
 * it. */
static void
test_which_timestamp(void **state)
{
	struct lone *l = create_with_timestamps();

	(void)state;
	arrive_at(l, XD_TCP_ACK, IRS + 1 + MSS, MSS, 5020);
	assert_int_equal(expect(l, XD_TCP_ACK, ISS + 1, 0).ts_echo, 5000);
	arrive_at(l, XD_TCP_ACK, IRS + 1, MSS, 5010);
	assert_int_equal(l->taken, 2 * MSS);
	assert_int_equal(expect(l, XD_TCP_ACK, ISS + 1, 0).ts_echo, 5010);
	/* Delayed: the first of those that are acknowledged together. */
	arrive_at(l, XD_TCP_ACK, IRS + 1 + 2 * MSS, 500, 5030);
	expect_nothing(l);
	arrive_at(l, XD_TCP_ACK, IRS + 501 + 2 * MSS, 400, 5040);
	expect_nothing(l);
	wait_for_timer(l, 40000);
	assert_int_equal(expect(l, XD_TCP_ACK, ISS + 1, 0).ts_echo, 5030);
	free(l);
}

/* Two connections between the same ports, one after the other: the second's clock does not go back,
 * or a peer that remembers the first would take its segments for old ones (RFC 6191). */
static void
test_clock_of_the_next(void **state)
{
	struct lone *l = create();
	uint32_t first;

	(void)state;
	l->opts.timestamps = true;
	l->opts.clock_ms = 12345;
	xd_tcp_open(&l->c, &l->opts, l, ISS, l->now_us);
	first = expect(l, XD_TCP_SYN, ISS, 0).ts_value;
	assert_int_equal(first, 12345 + l->now_us / 1000);
	l->now_us += 1000;
	xd_tcp_open(&l->c, &l->opts, l, ISS + 123456789, l->now_us);
	assert_int_equal(expect(l, XD_TCP_SYN, ISS + 123456789, 0).ts_value, first + 1);
	free(l);
}

/* RFC 6191 and 9293, section 3.4.1: its numbers do not go back either. */
static void
test_numbers_of_the_next(void **state)
{
	struct lone *l = create_established();
	struct xd_tcp_rest rest;

	(void)state;
	send_many(l, 30);
	xd_tcp_rest_of(&l->c, &rest);
	assert_true(xd_tcp_before(ISS + 30 * MSS + 1, xd_tcp_next_iss(&rest)));
	assert_false(xd_tcp_before(ISS + (1u << 20), xd_tcp_next_iss(&rest)));
	free(l);
}

/* ---- Acknowledging ---- */

/* RFC 9293, section 3.8.6.3: every second full segment, by the size that they have here, which is
 * what the peer's link carries, and less with options. */
static void
test_small_segments_are_acknowledged(void **state)
{
	const struct xd_tcp_segment syn = {
		.flags = XD_TCP_SYN, .seq = IRS, .window = 40000, .mss = 536, .sack_ok = true};
	struct lone *l = create();

	(void)state;
	xd_tcp_accept(&l->c, &l->opts, l, ISS, &syn, l->now_us);
	expect(l, XD_TCP_SYN | XD_TCP_ACK, ISS, 0);
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 1, 0);
	for (unsigned i = 0, seq = IRS + 1; i < 4; i++) {
		const uint32_t bytes = 536 - (i < 2 ? 0 : 20);

		arrive(l, XD_TCP_ACK, seq, ISS + 1, bytes);
		seq += bytes;
		if (i % 2)
			expect_ack(l, seq);
		else
			expect_nothing(l);
	}
	free(l);
}

/* Who takes nothing out of order has nothing to acknowledge selectively: a peer that waited for it
 * would never learn of a loss but by a timeout. */
static void
test_in_order_has_no_blocks(void **state)
{
	struct lone *l = create();

	(void)state;
	l->opts.in_order = true;
	xd_tcp_open(&l->c, &l->opts, l, ISS, l->now_us);
	assert_false(expect(l, XD_TCP_SYN, ISS, 0).sack_ok);
	arrive(l, XD_TCP_SYN | XD_TCP_ACK, IRS, ISS + 1, 0);
	assert_false(l->c.sack_on);
	expect_ack(l, IRS + 1);
	for (unsigned i = 1; i < 4; i++) {
		arrive(l, XD_TCP_ACK, IRS + 1 + i * MSS, ISS + 1, MSS);
		expect_ack(l, IRS + 1);
	}
	assert_int_equal(l->taken, 0);
	free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resent_leaves_room),
		cmocka_unit_test(test_recovery_after_recovery),
		cmocka_unit_test(test_recovery_ends),
		cmocka_unit_test(test_syn_comes_twice),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_nothing_is_written),
		cmocka_unit_test(test_probe_is_not_put_off),
		cmocka_unit_test(test_window_shrinks),
		cmocka_unit_test(test_syn_is_sent_again),
		cmocka_unit_test(test_syn_without_timestamps),
		cmocka_unit_test(test_outdated_timestamp),
		cmocka_unit_test(test_which_timestamp),
		cmocka_unit_test(test_clock_of_the_next),
		cmocka_unit_test(test_numbers_of_the_next),
		cmocka_unit_test(test_small_segments_are_acknowledged),
		cmocka_unit_test(test_in_order_has_no_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* A TCP connection, segment by segment: when it sends again what was lost. */
#include "lone_end.h"

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

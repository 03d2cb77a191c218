/* SPDX-License-Identifier: BSD-3-Clause */
/* RACK-TLP (RFC 8985) and duplicate selective acknowledgements (RFC 2883), segment by segment; and
 * the times of what was sent, beside a time for each number. */
#include "lone_end.h"
#include "traffic/engine/tcp/ranges.h"
#include "traffic/engine/tcp/sent.h"

#define AT(i)  (ISS + 1 + (i)*MSS)
#define RTT_US 800u

/* With a round trip that was measured, and n full segments sent at one time. */
static struct lone *
create_sending(unsigned n, bool tail_probes)
{
	struct lone *l = create();

	l->opts.tail_probes = tail_probes;
	xd_tcp_open(&l->c, &l->opts, l, ISS, l->now_us);
	expect(l, XD_TCP_SYN, ISS, 0);
	l->now_us += RTT_US;
	arrive(l, XD_TCP_SYN | XD_TCP_ACK, IRS, ISS + 1, 0);
	expect_ack(l, IRS + 1);
	l->c.cwnd = n * MSS;
	xd_tcp_write(&l->c, n * MSS, l->now_us);
	for (unsigned i = 0; i < n; i++)
		expect(l, XD_TCP_ACK, AT(i), MSS);
	return l;
}

/* What was sent again is lost again: what was sent behind it and has come tells, not a timeout. */
static void
test_lost_twice(void **state)
{
	struct lone *l = create_sending(10, false);

	(void)state;
	xd_tcp_write(&l->c, 4 * MSS, l->now_us);
	l->now_us += RTT_US;
	arrive_blocks(l, AT(0), 1, (struct xd_tcp_block[]){{AT(1), AT(10)}});
	expect(l, XD_TCP_ACK, AT(0), MSS);
	l->now_us += 100;
	expect(l, XD_TCP_ACK, AT(10), MSS);
	l->now_us += RTT_US;
	arrive_blocks(l, AT(0), 1, (struct xd_tcp_block[]){{AT(1), AT(11)}});
	expect(l, XD_TCP_ACK, AT(0), MSS);
	l->now_us += 100;
	expect(l, XD_TCP_ACK, AT(11), MSS);
	l->now_us += RTT_US;
	arrive_blocks(l, AT(0), 1, (struct xd_tcp_block[]){{AT(1), AT(12)}});
	expect(l, XD_TCP_ACK, AT(0), MSS);
	assert_int_equal(l->c.timeouts, 0);
	assert_int_equal(l->c.retransmitted, 3);
	assert_int_equal(l->c.ssthresh, 5 * MSS); /* it has slowed down once */
	free(l);
}

/* Also after a timeout, when all is sent anew. */
static void
test_lost_after_timeout(void **state)
{
	struct lone *l = create_sending(10, false);

	(void)state;
	wait_for_timer(l, SECOND);
	expect(l, XD_TCP_ACK, AT(0), MSS);
	l->now_us += RTT_US;
	arrive(l, XD_TCP_ACK, IRS + 1, AT(1), 0);
	expect(l, XD_TCP_ACK, AT(1), MSS);
	expect(l, XD_TCP_ACK, AT(2), MSS);
	l->c.cwnd = 4 * MSS;
	l->now_us += RTT_US / 2;
	expect(l, XD_TCP_ACK, AT(3), MSS);
	expect(l, XD_TCP_ACK, AT(4), MSS);
	l->now_us += RTT_US / 2;
	/* The first of them is lost; it was sent well before one that has come. */
	arrive_blocks(l, AT(1), 1, (struct xd_tcp_block[]){{AT(3), AT(5)}});
	l->now_us += RTT_US;
	if (xd_tcp_deadline(&l->c) <= l->now_us)
		xd_tcp_timeout(&l->c, l->now_us);
	expect(l, XD_TCP_ACK, AT(1), MSS);
	assert_int_equal(l->c.timeouts, 0);
	free(l);
}

/* One that came late has shown that the path reorders: the next is waited for. */
static void
test_reordering(void **state)
{
	struct lone *l = create_sending(10, false);

	(void)state;
	l->now_us += RTT_US;
	arrive_blocks(l, AT(0), 1, (struct xd_tcp_block[]){{AT(1), AT(2)}});
	expect_nothing(l); /* not yet: a quarter of a round trip */
	arrive(l, XD_TCP_ACK, IRS + 1, AT(2), 0);
	assert_true(l->c.reordered);
	expect_nothing(l);
	arrive_blocks(l, AT(2), 1, (struct xd_tcp_block[]){{AT(3), AT(10)}});
	expect_nothing(l);
	wait_for_timer(l, RTT_US / 4);
	expect(l, XD_TCP_ACK, AT(2), MSS);
	expect_nothing(l);
	/* It comes after all, and what was sent again, too: next time it is waited for longer. */
	arrive(l, XD_TCP_ACK, IRS + 1, AT(10), 0);
	xd_tcp_write(&l->c, 2 * MSS, l->now_us);
	expect(l, XD_TCP_ACK, AT(10), MSS);
	expect(l, XD_TCP_ACK, AT(11), MSS);
	arrive_blocks(l, AT(10), 1, (struct xd_tcp_block[]){{AT(2), AT(3)}});
	arrive_blocks(l, AT(10), 1, (struct xd_tcp_block[]){{AT(2), AT(3)}});
	assert_int_equal(l->c.reo_mult, 2);
	free(l);
}

/* Without that, three segments that came are enough, and one is not. */
static void
test_three_behind(void **state)
{
	struct lone *l = create_sending(10, false);

	(void)state;
	l->now_us += RTT_US;
	arrive_blocks(l, AT(0), 1, (struct xd_tcp_block[]){{AT(1), AT(3)}});
	expect_nothing(l);
	arrive_blocks(l, AT(0), 1, (struct xd_tcp_block[]){{AT(1), AT(4)}});
	expect(l, XD_TCP_ACK, AT(0), MSS);
	/* Those behind are not lost: nobody has got what was sent after them. */
	expect_nothing(l);
	assert_int_equal(l->c.retransmitted, 1);
	free(l);
}

/* All of the end is lost: what tells is the answer to a copy of the last. */
static void
test_tail(void **state)
{
	struct lone *l = create_sending(3, true);

	(void)state;
	wait_for_timer(l, 2 * RTT_US + 1000);
	expect(l, XD_TCP_ACK, AT(2), MSS);
	expect_nothing(l);
	l->now_us += RTT_US;
	arrive_blocks(l, AT(0), 1, (struct xd_tcp_block[]){{AT(2), AT(3)}});
	if (xd_tcp_deadline(&l->c) <= l->now_us + RTT_US) { /* unless they are only late */
		l->now_us = xd_tcp_deadline(&l->c);
		xd_tcp_timeout(&l->c, l->now_us);
	}
	expect(l, XD_TCP_ACK, AT(0), MSS);
	arrive(l, XD_TCP_ACK, IRS + 1, AT(1), 0);
	expect(l, XD_TCP_ACK, AT(1), MSS);
	assert_int_equal(l->c.timeouts, 0);
	free(l);
}

/* With something new to say the probe is that, whatever the congestion window; there is one, and
 * then the timeout of old. */
static void
test_tail_is_new(void **state)
{
	struct lone *l = create_sending(3, true);

	(void)state;
	xd_tcp_write(&l->c, 3 * MSS, l->now_us);
	expect_nothing(l);
	wait_for_timer(l, 2 * RTT_US + 1000);
	expect(l, XD_TCP_ACK, AT(3), MSS);
	expect_nothing(l);
	wait_for_timer(l, l->c.rto_us);
	assert_int_equal(l->c.timeouts, 1);
	expect(l, XD_TCP_ACK, AT(0), MSS);
	free(l);
}

/* Whether only the last was lost, which the probe repaired, is a matter of what follows: if the
 * peer had it twice, nothing was. */
static void
test_tail_repairs(void **state)
{
	(void)state;
	for (unsigned twice = 0; twice < 2; twice++) {
		struct lone *l = create_sending(10, true);

		wait_for_timer(l, 2 * RTT_US + 1000);
		expect(l, XD_TCP_ACK, AT(9), MSS);
		l->now_us += RTT_US;
		arrive(l, XD_TCP_ACK, IRS + 1, AT(10), 0);
		if (twice)
			arrive_blocks(l, AT(10), 1, (struct xd_tcp_block[]){{AT(9), AT(10)}});
		xd_tcp_write(&l->c, 10 * MSS, l->now_us);
		for (unsigned i = 10; i < 20; i++)
			expect(l, XD_TCP_ACK, AT(i), MSS);
		arrive(l, XD_TCP_ACK, IRS + 1, AT(11), 0);
		assert_int_equal(l->c.ssthresh == XD_TCP_WINDOW_MAX, twice);
		free(l);
	}
}

/* What comes twice is said, once: below what was acknowledged, and above. */
static void
test_says_twice(void **state)
{
	struct lone *l = create_established();
	struct xd_tcp_segment s;

	(void)state;
	arrive(l, XD_TCP_ACK, IRS + 1, ISS + 1, 3000);
	expect_ack(l, IRS + 3001);
	arrive(l, XD_TCP_ACK, IRS + 1001, ISS + 1, 1000);
	s = expect(l, XD_TCP_ACK, ISS + 1, 0);
	assert_int_equal(s.nb_blocks, 1);
	assert_int_equal(s.blocks[0].begin, IRS + 1001);
	assert_int_equal(s.blocks[0].end, IRS + 2001);
	arrive(l, XD_TCP_ACK, IRS + 5001, ISS + 1, 1000);
	s = expect(l, XD_TCP_ACK, ISS + 1, 0);
	assert_int_equal(s.nb_blocks, 1);
	arrive(l, XD_TCP_ACK, IRS + 5001, ISS + 1, 1000);
	s = expect(l, XD_TCP_ACK, ISS + 1, 0);
	assert_int_equal(s.nb_blocks, 2);
	assert_int_equal(s.blocks[0].begin, IRS + 5001);
	assert_int_equal(s.blocks[1].begin, IRS + 5001);
	arrive(l, XD_TCP_ACK, IRS + 2501, ISS + 1, 1000); /* half of it is new */
	s = expect(l, XD_TCP_ACK, ISS + 1, 0);
	assert_int_equal(s.blocks[0].begin, IRS + 2501);
	assert_int_equal(s.blocks[0].end, IRS + 3001);
	free(l);
}

/* ---- Times ---- */

#define NUMBERS 4000u

struct model {
	struct xd_tcp_sent sent;
	uint8_t n;
	uint32_t una, nxt, base;
	uint32_t us[NUMBERS];
	bool again[NUMBERS], lost[NUMBERS];
};

/* Each number's time is within its stretch's; nothing is said to be sent once that was not, or to
 * be lost. */
static void
check(const struct model *m)
{
	assert_true(m->n <= XD_TCP_SENT);
	for (uint32_t i = m->una; i < m->nxt; i++) {
		const struct xd_tcp_stretch *s = xd_tcp_sent_find(&m->sent, m->n, m->base + i);

		assert_non_null(s);
		assert_true(m->us[i] - s->first_us <= s->spread_us);
		assert_true(s->again || !m->again[i]);
		assert_true(!s->lost || m->lost[i]);
	}
}

static void
set(struct model *m, uint32_t from, uint32_t to, struct xd_tcp_stretch what)
{
	for (; from < to; from++) {
		m->us[from] = what.first_us;
		m->again[from] = what.again;
		m->lost[from] = what.lost;
	}
}

static void
test_times(void **state)
{
	uint32_t random = 1, now = 0xfffff000;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct model m = {.base = 0xfffff800};

		while (m.nxt < NUMBERS - 100) {
			struct xd_tcp_stretch what = {0};
			uint32_t len, from;

			random = random * 1664525 + 1013904223;
			len = 1 + (random >> 8) % 60;
			now += random >> 29 ? 0 : (random >> 16) % 50;
			what.first_us = now;
			if (random >> 30 != 0 || m.nxt < m.una + 100) {
				set(&m, m.nxt, m.nxt + len, what);
				m.nxt += len;
				xd_tcp_sent_add(&m.sent, &m.n, m.base + m.nxt, now, 20, false);
			} else if (random >> 28 & 1) {
				m.una += len;
				xd_tcp_sent_trim(&m.sent, &m.n, m.base + m.una);
			} else {
				from = m.una + (random >> 4) % (m.nxt - m.una - len + 1);
				what.end = m.base + from + len;
				what.again = true;
				what.lost = random >> 27 & 1;
				set(&m, from, from + len, what);
				xd_tcp_sent_put(&m.sent, &m.n, m.base + m.una, m.base + from, what);
			}
			check(&m);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_lost_twice),
		cmocka_unit_test(test_lost_after_timeout),
		cmocka_unit_test(test_reordering),
		cmocka_unit_test(test_three_behind),
		cmocka_unit_test(test_tail),
		cmocka_unit_test(test_tail_is_new),
		cmocka_unit_test(test_tail_repairs),
		cmocka_unit_test(test_says_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

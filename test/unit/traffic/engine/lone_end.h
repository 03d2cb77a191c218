/* SPDX-License-Identifier: BSD-3-Clause */
/* One end of a TCP connection, without a network: segments that the test makes arrive at it, and
 * what it sends is compared with what it has to. Its initial sequence number is ISS, the peer's
 * IRS. */
#ifndef TEST_LONE_END_H
#define TEST_LONE_END_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "traffic/engine/tcp/conn.h"

struct lone {
	struct xd_tcp_conn c;
	struct xd_tcp_opts opts;
	uint64_t now_us;
	uint64_t taken; /* bytes */
	unsigned outputs;
	uint64_t limited_us[XD_TCP_LIMITS];
};

#define ISS    1000u
#define IRS    5000u
#define MSS    1000u
#define SECOND 1000000u

static void
no_fill(void *ctx, uint64_t offset, uint8_t *to, uint32_t len)
{
	(void)ctx;
	(void)offset;
	memset(to, 0, len);
}

static void
count(void *ctx, uint64_t offset, const uint8_t *from, uint32_t len)
{
	struct lone *l = ctx;

	(void)offset;
	(void)from;
	l->taken += len;
}

static inline struct lone *
create(void)
{
	struct lone *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	l->now_us = 100 * SECOND;
	l->opts = (struct xd_tcp_opts){
		.window = 50000,
		.mss = MSS,
		.send_bytes = MSS,
		.sack = true,
		.rto_min_us = SECOND,
		.delayed_ack_us = 40000,
		.time_wait_us = 60 * SECOND,
		.tries = 5,
		.payload = {no_fill, count},
		.limited_us = l->limited_us,
	};
	return l;
}

/* The next segment, in a test of at most thousands. */
static inline bool
lone_output(struct lone *l, struct xd_tcp_segment *s)
{
	assert_true(++l->outputs < 100000);
	return xd_tcp_output(&l->c, s, l->now_us);
}

/* The next segment has to be this one. */
static inline struct xd_tcp_segment
expect(struct lone *l, uint8_t flags, uint32_t seq, uint32_t len)
{
	struct xd_tcp_segment s;

	assert_true(xd_tcp_output(&l->c, &s, l->now_us));
	assert_int_equal(s.flags & ~XD_TCP_PSH, flags);
	assert_int_equal(s.seq, seq);
	assert_int_equal(s.len, len);
	return s;
}

static inline void
expect_nothing(struct lone *l)
{
	struct xd_tcp_segment s;

	assert_false(xd_tcp_output(&l->c, &s, l->now_us));
}

static inline void
expect_ack(struct lone *l, uint32_t ack)
{
	assert_int_equal(expect(l, XD_TCP_ACK, ISS + (uint32_t)l->c.max, 0).ack, ack);
	expect_nothing(l);
}

/* The peer's: window 40000, 1 s for each segment in the tests that look at the time. */
static inline enum xd_tcp_verdict
arrive(struct lone *l, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
	static const uint8_t zeroes[100000];
	struct xd_tcp_segment s = {
		.flags = flags, .seq = seq, .ack = ack, .len = len, .window = 40000};

	if (flags & XD_TCP_SYN) {
		s.mss = MSS;
		s.sack_ok = true;
	}
	return xd_tcp_input(&l->c, &s, zeroes, l->now_us);
}

static inline void
arrive_blocks(struct lone *l, uint32_t ack, unsigned n, const struct xd_tcp_block *blocks)
{
	struct xd_tcp_segment s = {.flags = XD_TCP_ACK,
		.seq = IRS + 1,
		.ack = ack,
		.window = 40000,
		.nb_blocks = (uint8_t)n};

	memcpy(s.blocks, blocks, n * sizeof(*blocks));
	assert_int_equal(xd_tcp_input(&l->c, &s, NULL, l->now_us), XD_TCP_TAKEN);
}

/* When the next timer is due, it is. */
static inline void
wait_for_timer(struct lone *l, uint64_t us)
{
	assert_int_equal(xd_tcp_deadline(&l->c) - l->now_us, us);
	l->now_us = xd_tcp_deadline(&l->c);
	xd_tcp_timeout(&l->c, l->now_us);
}

static inline struct lone *
create_established(void)
{
	struct lone *l = create();

	xd_tcp_open(&l->c, &l->opts, l, ISS, l->now_us);
	expect(l, XD_TCP_SYN, ISS, 0);
	assert_int_equal(arrive(l, XD_TCP_SYN | XD_TCP_ACK, IRS, ISS + 1, 0), XD_TCP_TAKEN);
	expect_ack(l, IRS + 1);
	assert_int_equal(l->c.state, XD_TCP_ESTABLISHED);
	return l;
}

#define IN(l, s) assert_int_equal((l)->c.state, XD_TCP_##s)

#endif

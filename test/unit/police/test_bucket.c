/* SPDX-License-Identifier: BSD-3-Clause */
/* Token buckets with made-up time: rates, bursts, debts, and clocks that stand or leap. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "police/bucket.h"

#define HZ    2500000000ull
#define START (77 * HZ)
#define ONE   (1ll << XD_BUCKET_PART_BITS)

/* Passes so many tokens if they may, and takes them. */
static bool
offer(struct xd_bucket *b, const struct xd_bucket_rate *rate, uint64_t now_tsc, uint64_t tokens)
{
	if (xd_bucket_parts(b, rate, now_tsc) < xd_bucket_wanted(rate, tokens))
		return false;
	xd_bucket_take(b, rate, now_tsc, tokens);
	return true;
}

/* Empties a bucket, then offers it more than the rate: what passes is the rate within one per cent,
 * over a second, or over 200 where a second has few frames. */
static void
check_rate(uint64_t per_s, uint64_t burst, uint64_t tokens, uint64_t hz)
{
	const struct xd_bucket_rate rate = xd_bucket_rate(per_s, burst, hz);
	const uint64_t seconds = per_s / tokens < 200 ? 200 : 1, all = per_s * seconds;
	const uint64_t n = 2 * (per_s / tokens) + 2, start = 77 * hz; /* offers a second */
	struct xd_bucket b = XD_BUCKET_FULL;
	uint64_t passed = 0;

	xd_bucket_take(&b, &rate, start, burst);
	for (uint64_t i = 1; i <= n * seconds; i++) {
		const uint64_t now = start + (uint64_t)((double)hz * (double)i / (double)n);

		passed += offer(&b, &rate, now, tokens) ? tokens : 0;
	}
	assert_in_range(passed, all - all / 100, all + all / 100);
}

static void
test_rates(void **state)
{
	static const uint64_t clocks[] = {1000000000, HZ, 4999999999};

	(void)state;
	for (unsigned c = 0; c < sizeof(clocks) / sizeof(*clocks); c++) {
		for (uint64_t bit_s = 1000; bit_s <= 100000000000; bit_s *= 10) {
			/* So that a second is no more than a million offers. */
			const uint64_t frame = bit_s / 500000 > 64 * 8 ? bit_s / 500000 : 64 * 8;

			check_rate(bit_s, 65597 * 8, frame, clocks[c]);
		}
		for (uint64_t pps = 1; pps <= 100000; pps *= 10)
			check_rate(pps, 64, 1, clocks[c]);
	}
}

/* 100 Gbit/s of the smallest frames, one at a time: nothing is lost by rounding. */
static void
test_fastest(void **state)
{
	const struct xd_bucket_rate rate = xd_bucket_rate(100000000000, 65597 * 8, HZ);
	const uint64_t end = START + HZ / 1000;
	struct xd_bucket b = XD_BUCKET_FULL;
	uint64_t passed = 0;

	(void)state;
	xd_bucket_take(&b, &rate, START, 65597 * 8);
	for (uint64_t now = START; now < end; now += 5)
		passed += offer(&b, &rate, now, 480) ? 480 : 0;
	assert_in_range(passed, 99000000, 101000000);
}

static void
test_bursts(void **state)
{
	const struct xd_bucket_rate rate = xd_bucket_rate(1000, 10, HZ);
	struct xd_bucket b = XD_BUCKET_FULL;
	unsigned passed = 0;

	(void)state;
	/* Ten at once, of as many as there are. */
	for (unsigned i = 0; i < 1000; i++)
		passed += offer(&b, &rate, START, 1);
	assert_int_equal(passed, 10);
	/* A millisecond later there is one, and after an hour no more than ten. */
	assert_true(offer(&b, &rate, START + HZ / 999, 1));
	assert_false(offer(&b, &rate, START + HZ / 999, 1));
	assert_int_equal(xd_bucket_parts(&b, &rate, START + 3600 * HZ), 10 * ONE);
	/* To judge takes nothing. */
	assert_int_equal(xd_bucket_parts(&b, &rate, START + 3600 * HZ), 10 * ONE);
}

/* A frame larger than a burst passes when the bucket is full, and is paid for. */
static void
test_larger_than_a_burst(void **state)
{
	const struct xd_bucket_rate rate = xd_bucket_rate(1000, 100, HZ);
	struct xd_bucket b = XD_BUCKET_FULL;
	uint64_t now = START, passed = 0;

	(void)state;
	assert_true(offer(&b, &rate, now, 1));
	assert_false(offer(&b, &rate, now, 500));
	now += HZ / 500;
	assert_true(offer(&b, &rate, now, 500));
	assert_int_equal(xd_bucket_parts(&b, &rate, now), -400 * ONE);
	/* Until the debt is paid nothing passes. */
	assert_false(offer(&b, &rate, now + HZ * 4 / 10, 1));
	assert_true(offer(&b, &rate, now + HZ * 402 / 1000, 1));
	/* Such frames alone: the rate holds. */
	now += 10 * HZ;
	for (uint64_t end = now + 100 * HZ; now < end; now += HZ / 1000)
		passed += offer(&b, &rate, now, 500) ? 500 : 0;
	assert_in_range(passed, 99000, 101000);
}

static void
test_clocks(void **state)
{
	const struct xd_bucket_rate rate = xd_bucket_rate(1000, 10, HZ);
	struct xd_bucket b = XD_BUCKET_FULL;

	(void)state;
	xd_bucket_take(&b, &rate, START, 10);
	/* It stands. */
	for (unsigned i = 0; i < 1000; i++)
		assert_false(offer(&b, &rate, START, 1));
	/* Another core's is a little behind: it neither brings nor takes anything. */
	assert_int_equal(xd_bucket_parts(&b, &rate, START - 100), 0);
	xd_bucket_take(&b, &rate, START - 100, 1);
	assert_int_equal(xd_bucket_parts(&b, &rate, START), -ONE);
	/* It leaps forward: a burst. */
	assert_int_equal(xd_bucket_parts(&b, &rate, UINT64_MAX), 10 * ONE);
	xd_bucket_take(&b, &rate, UINT64_MAX, 10);
	/* It is set back: from there on the rate holds again, though nothing was taken. */
	assert_int_equal(xd_bucket_parts(&b, &rate, HZ), 0);
	assert_in_range(xd_bucket_parts(&b, &rate, HZ + HZ / 200), 4 * ONE, 5 * ONE);
}

/* Another rate holds at once, and keeps what there is. */
static void
test_another_rate(void **state)
{
	const struct xd_bucket_rate slow = xd_bucket_rate(10, 100, HZ);
	const struct xd_bucket_rate fast = xd_bucket_rate(1000, 50, HZ);
	struct xd_bucket b = XD_BUCKET_FULL;

	(void)state;
	xd_bucket_take(&b, &slow, START, 130);
	assert_int_equal(xd_bucket_parts(&b, &fast, START), -30 * ONE);
	/* Three seconds of debt at the old rate are thirty milliseconds at the new one. */
	assert_in_range(xd_bucket_parts(&b, &fast, START + HZ * 40 / 1000), 9 * ONE, 10 * ONE);
	/* A smaller burst: what is over it is gone. */
	xd_bucket_take(&b, &slow, START + 100 * HZ, 0);
	assert_int_equal(xd_bucket_parts(&b, &slow, START + 100 * HZ), 100 * ONE);
	assert_int_equal(xd_bucket_parts(&b, &fast, START + 100 * HZ), 50 * ONE);
}

#define TAKES 200000

static const struct xd_bucket_rate shared_rate = {.gain = 1, .burst = 1ll << 40, .hz = HZ};

static void *
take_many(void *bucket)
{
	for (unsigned i = 0; i < TAKES; i++)
		xd_bucket_take(bucket, &shared_rate, START, 3);
	return NULL;
}

/* What several threads take at once is all taken. */
static void
test_threads(void **state)
{
	struct xd_bucket b = {.when_tsc = START};
	pthread_t threads[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_many, &b), 0);
	for (unsigned i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(xd_bucket_parts(&b, &shared_rate, START), -3ll * 3 * TAKES * ONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_fastest),
		cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_larger_than_a_burst),
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_another_rate),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

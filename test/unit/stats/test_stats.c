/* SPDX-License-Identifier: BSD-3-Clause */
/* Histogram and counters. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "bonds.h"
#include "event.h"
#include "stats/budget.h"
#include "stats/counters.h"
#include "stats/histogram.h"
#include "stats/rmon.h"

#define NB_VALUES 20000u
#define HOUR_NS   3600000000000ull

static const double percents[] = {0, 0.001, 1, 25, 50, 90, 95, 99, 99.9, 99.99, 99.999, 100};

/* Spread evenly over the powers of two, as latencies are. */
static uint64_t
random_value(uint64_t *random)
{
	*random = *random * 6364136223846793005u + 1442695040888963407u;
	return (*random >> 22) >> (*random >> 7 & 31);
}

static int
compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void
assert_three_digits(uint64_t got, uint64_t want)
{
	uint64_t error = got > want ? got - want : want - got;

	if (error * 1000 > want)
		fail_msg("%lu instead of %lu", got, want);
}

static void
test_percentiles_against_sorted(void **state)
{
	struct xd_histogram *h = xd_histogram_create();
	uint64_t *values = calloc(NB_VALUES, sizeof(*values));
	uint64_t random = 1;
	double sum = 0, squares = 0;

	(void)state;
	assert_non_null(h);
	assert_non_null(values);
	for (uint32_t i = 0; i < NB_VALUES; i++) {
		values[i] = random_value(&random);
		xd_histogram_record(h, values[i]);
		sum += (double)values[i];
	}
	qsort(values, NB_VALUES, sizeof(*values), compare);
	for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
		double exact = percents[i] / 100 * NB_VALUES;
		uint32_t rank = (uint32_t)exact + (exact > (uint32_t)exact);
		uint32_t at = rank < 1 ? 0 : rank - 1;

		assert_three_digits(xd_histogram_percentile(h, percents[i]), values[at]);
	}
	assert_int_equal(xd_histogram_min(h), values[0]);
	assert_int_equal(xd_histogram_max(h), values[NB_VALUES - 1]);
	assert_int_equal(xd_histogram_count(h), NB_VALUES);
	assert_true(fabs(xd_histogram_mean(h) - sum / NB_VALUES) < sum / NB_VALUES * 1e-9);
	for (size_t i = 0; i < NB_VALUES; i++)
		squares += ((double)values[i] - sum / NB_VALUES) *
			   ((double)values[i] - sum / NB_VALUES) / NB_VALUES;
	assert_true(fabs(xd_histogram_variance(h) / squares - 1) < 0.002);
	free(values);
	xd_histogram_destroy(h);
}

static void
test_slots_are_contiguous(void **state)
{
	(void)state;
	for (uint32_t slot = 0; slot < XD_HISTOGRAM_SLOTS; slot++) {
		uint64_t low = xd_histogram_slot_low(slot);

		assert_int_equal(xd_histogram_slot(low), slot);
		if (slot != 0)
			assert_int_equal(xd_histogram_slot(low - 1), slot - 1);
	}
}

static void
test_merge_is_union(void **state)
{
	struct xd_histogram *a = xd_histogram_create(), *b = xd_histogram_create();
	struct xd_histogram *all = xd_histogram_create();
	uint64_t random = 2;

	(void)state;
	for (uint32_t i = 0; i < NB_VALUES; i++) {
		uint64_t value = random_value(&random);

		xd_histogram_record(i % 3 == 0 ? a : b, value);
		xd_histogram_record(all, value);
	}
	xd_histogram_merge(a, b);
	assert_memory_equal(a, all, sizeof(*a));
	xd_histogram_reset(b);
	xd_histogram_merge(a, b); /* nothing */
	assert_memory_equal(a, all, sizeof(*a));
	xd_histogram_merge(b, a); /* into an empty one */
	assert_memory_equal(b, all, sizeof(*b));
	xd_histogram_destroy(a);
	xd_histogram_destroy(b);
	xd_histogram_destroy(all);
}

static void
test_extremes(void **state)
{
	struct xd_histogram *h = xd_histogram_create();

	(void)state;
	assert_int_equal(xd_histogram_percentile(h, 50), 0);
	assert_int_equal(xd_histogram_min(h), 0);
	assert_int_equal(xd_histogram_max(h), 0);
	assert_true(xd_histogram_mean(h) == 0);

	xd_histogram_record(h, HOUR_NS);
	assert_int_equal(xd_histogram_percentile(h, 50), HOUR_NS); /* the only one: exact */
	xd_histogram_record(h, 0);
	assert_int_equal(xd_histogram_percentile(h, 50), 0);
	assert_three_digits(xd_histogram_percentile(h, 51), HOUR_NS);

	xd_histogram_record_n(h, UINT64_MAX, 7); /* beyond the range */
	assert_int_equal(xd_histogram_max(h), UINT64_MAX);
	assert_int_equal(xd_histogram_percentile(h, 100), UINT64_MAX);
	assert_true(xd_histogram_percentile(h, 99) >= HOUR_NS);
	assert_int_equal(xd_histogram_count(h), 9);
	assert_int_equal(xd_histogram_percentile(h, -1), 0);
	assert_int_equal(xd_histogram_percentile(h, NAN), 0);
	assert_int_equal(xd_histogram_percentile(h, 101), UINT64_MAX);
	xd_histogram_destroy(h);
	xd_histogram_destroy(NULL);
}

static void
test_counters_sum(void **state)
{
	struct xd_counters *workers = aligned_alloc(64, 3 * sizeof(*workers));
	struct xd_counters sum;
	uint64_t *fields;

	(void)state;
	assert_non_null(workers);
	memset(&sum, 0, sizeof(sum));
	/* Every field counts: all are numbers of 64 bits. */
	for (unsigned w = 0; w < 3; w++) {
		fields = (uint64_t *)&workers[w];
		for (size_t i = 0; i < sizeof(*workers) / sizeof(*fields); i++)
			fields[i] = (w + 1) * (i + 1);
	}
	sum.rx_frames = 1000;
	xd_counters_sum(&sum, workers, 3);
	assert_int_equal(sum.rx_frames, 1000 + 6);
	assert_int_equal(sum.rx_bytes, 6 * 2);
	assert_int_equal(sum.tx_frames, 6 * 3);
	assert_int_equal(sum.tx_bytes, 6 * 4);
	assert_int_equal(sum.checksums, 6 * 5);
	assert_int_equal(sum.segmented, 6 * 6);
	assert_int_equal(sum.coalesced, 6 * 7);
	assert_int_equal(sum.waits, 6 * 8);
	assert_int_equal(sum.notify_sent, 6 * 9);
	assert_int_equal(sum.notify_suppressed, 6 * 10);
	assert_int_equal(sum.notify_cycles, 6 * 11);
	assert_int_equal(sum.lock_cycles, 6 * 12);
	free(workers);
}

static void
test_drop_names(void **state)
{
	(void)state;
	for (unsigned r = 0; r < XD_DROP_REASONS; r++) {
		const char *name = xd_drop_name((enum xd_drop)r);

		assert_non_null(name);
		assert_true(name[0] >= 'a' && name[0] <= 'z');
		for (unsigned other = 0; other < r; other++)
			assert_string_not_equal(name, xd_drop_name((enum xd_drop)other));
	}
	assert_string_equal(xd_drop_name(XD_DROP_RING_FULL), "ring-full");
	assert_true(xd_drop_is_rx(XD_DROP_NO_PORT));
	assert_false(xd_drop_is_rx(XD_DROP_RING_FULL));
}

/* An application's number that is of nothing has a name, too, and reads nothing behind the table.
 */
static void
test_names_of_nothing(void **state)
{
	static const unsigned numbers[] = {1000, INT_MAX, UINT_MAX};

	(void)state;
	assert_string_equal(xd_drop_name(XD_DROP_REASONS), "unknown");
	assert_string_equal(xd_rmon_size_name(XD_RMON_SIZES), "unknown");
	assert_string_equal(xd_budget_call_name(XD_BUDGET_CALLS), "unknown");
	assert_string_equal(xd_log_component_name(XD_LOG_COMPONENTS), "unknown");
	assert_string_equal(xd_log_level_name(XD_LOG_LEVELS), "unknown");
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		assert_string_equal(xd_drop_name((enum xd_drop)numbers[i]), "unknown");
		assert_string_equal(xd_rmon_size_name((enum xd_rmon_size)numbers[i]), "unknown");
		assert_string_equal(
			xd_budget_call_name((enum xd_budget_call)numbers[i]), "unknown");
		assert_string_equal(
			xd_log_component_name((enum xd_log_component)numbers[i]), "unknown");
		assert_string_equal(xd_log_level_name((enum xd_log_level)numbers[i]), "unknown");
		assert_string_equal(xd_event_name((enum xd_event_kind)numbers[i]), "unknown");
		assert_string_equal(xd_lacp_heard_name((enum xd_lacp_heard)numbers[i]), "unknown");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_percentiles_against_sorted),
		cmocka_unit_test(test_slots_are_contiguous),
		cmocka_unit_test(test_merge_is_union),
		cmocka_unit_test(test_extremes),
		cmocka_unit_test(test_counters_sum),
		cmocka_unit_test(test_drop_names),
		cmocka_unit_test(test_names_of_nothing),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}

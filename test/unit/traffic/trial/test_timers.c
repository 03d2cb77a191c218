/* SPDX-License-Identifier: BSD-3-Clause */
/* Timers of a lane: each runs at its tick and once, whatever else is armed, cancelled or armed
 * anew, compared with a list that is looked through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "traffic/trial/timers.h"

#define MANY 100000

struct alarm {
	struct xd_timer timer; /* its first member */
	uint64_t due;          /* 0: not armed */
	unsigned ran;
	uint64_t ran_at;
	uint64_t again; /* ticks until it arms itself anew; 0: never */
	struct alarm *cancels;
};

static struct xd_timers wheel;
static uint64_t seed = 88172645463325252ull;

static uint64_t
draw(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void
ring(struct xd_timer *timer, void *ctx)
{
	struct alarm *alarm = (struct alarm *)timer;
	struct xd_timers *w = ctx;

	assert_ptr_equal(w, &wheel);
	assert_false(xd_timer_is_armed(timer));
	assert_int_equal(w->now, alarm->due);
	alarm->ran++;
	alarm->ran_at = w->now;
	alarm->due = 0;
	if (alarm->again) {
		alarm->due = w->now + alarm->again;
		xd_timer_arm(w, timer, alarm->due);
	}
	if (alarm->cancels) {
		alarm->cancels->due = 0;
		xd_timer_cancel(&alarm->cancels->timer);
	}
}

static void
arm(struct alarm *alarm, uint64_t due)
{
	alarm->timer.run = ring;
	alarm->due = due;
	xd_timer_arm(&wheel, &alarm->timer, due);
}

/* Of every distance, from a tick to the end of the clock. */
static void
test_each_level(void **state)
{
	static const uint64_t begins[] = {0, 1, 63, 64, 4095, 1ull << 30, UINT64_MAX / 3};
	struct alarm alarm = {.due = 0};

	(void)state;
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		for (unsigned bit = 0; bit < 62; bit++) {
			uint64_t due = begins[i] + (1ull << bit) + (draw() & ((1ull << bit) - 1));

			xd_timers_init(&wheel, begins[i], &wheel);
			alarm.ran = 0;
			arm(&alarm, due);
			xd_timers_advance(&wheel, begins[i] + (due - begins[i]) / 2);
			xd_timers_advance(&wheel, due - 1);
			assert_int_equal(alarm.ran, 0);
			xd_timers_advance(&wheel, due + draw() % 1000);
			assert_int_equal(alarm.ran, 1);
			assert_false(xd_timer_is_armed(&alarm.timer));
		}
}

static void
test_what_is_past_runs_next(void **state)
{
	struct alarm alarm = {.due = 0};

	(void)state;
	xd_timers_init(&wheel, 1000, &wheel);
	arm(&alarm, 1001);
	xd_timer_arm(&wheel, &alarm.timer, 5);
	xd_timers_advance(&wheel, 1000);
	assert_int_equal(alarm.ran, 0);
	xd_timers_advance(&wheel, 1001);
	assert_int_equal(alarm.ran, 1);
	xd_timers_advance(&wheel, UINT64_MAX / 2);
	assert_int_equal(alarm.ran, 1);
}

static void
test_a_timer_arms_and_cancels(void **state)
{
	struct alarm alarms[3] = {{.again = 10}, {.due = 0}, {.due = 0}};

	(void)state;
	xd_timers_init(&wheel, 0, &wheel);
	arm(&alarms[0], 10);
	alarms[0].cancels = &alarms[1];
	arm(&alarms[1], 25);
	arm(&alarms[2], 100);
	xd_timers_advance(&wheel, 100);
	assert_int_equal(alarms[0].ran, 10);
	assert_int_equal(alarms[1].ran, 0);
	assert_int_equal(alarms[2].ran, 1);
	xd_timer_cancel(&alarms[0].timer);
	xd_timer_cancel(&alarms[0].timer);
	xd_timers_advance(&wheel, 1000);
	assert_int_equal(alarms[0].ran, 10);
}

/* Every alarm that was due by now ran at its tick, and no other. */
static void
assert_all_ran(const struct alarm *alarms, uint64_t now)
{
	for (unsigned i = 0; i < MANY; i++) {
		if (alarms[i].due && alarms[i].due <= now)
			fail_msg("%u, due at %lu, did not run by %lu", i, alarms[i].due, now);
		assert_int_equal(xd_timer_is_armed(&alarms[i].timer), alarms[i].due != 0);
	}
}

static void
test_many(void **state)
{
	struct alarm *alarms = calloc(MANY, sizeof(*alarms));
	uint64_t now = 12345;

	(void)state;
	assert_non_null(alarms);
	xd_timers_init(&wheel, now, &wheel);
	for (unsigned round = 0; round < 30; round++) {
		for (unsigned i = 0; i < MANY; i++) {
			switch (draw() % 4) {
			case 0:
				arm(&alarms[i], now + 1 + draw() % (1ull << (draw() % 24)));
				break;
			case 1:
				alarms[i].due = 0;
				xd_timer_cancel(&alarms[i].timer);
				break;
			}
		}
		now += draw() % (1ull << (draw() % 22));
		xd_timers_advance(&wheel, now);
		assert_all_ran(alarms, now);
	}
	xd_timers_advance(&wheel, now + (1ull << 24));
	assert_all_ran(alarms, now + (1ull << 24));
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(alarms[i].due, 0);
	free(alarms);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_level),
		cmocka_unit_test(test_what_is_past_runs_next),
		cmocka_unit_test(test_a_timer_arms_and_cancels),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* RFC 2544's searches against switches that are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "made_up_switch.h"

#define MAX_PPS 20e6
#define MIN_PPS 1000.0
#define WIDTH   0.005

static const struct xd_throughput_rule rule = {
	.max_pps = MAX_PPS, .min_pps = MIN_PPS, .resolution = WIDTH, .trial_s = 2, .final_s = 60};

static struct xd_throughput_found
throughput(struct made_up *sw, int want_rc)
{
	struct xd_search_bench bench = made_up_bench(sw);
	struct xd_throughput_found found;

	assert_int_equal(xd_search_throughput(&bench, &rule, &found), want_rc);
	assert_true(sw->highest_pps <= MAX_PPS);
	assert_true(!sw->trials || sw->lowest_pps >= MIN_PPS);
	return found;
}

/* The result is no more than the knee, and less by the width at most. */
static void
check_found(const struct xd_throughput_found *found, double knee)
{
	assert_true(found->found_pps < knee + 1);
	assert_true(found->found_pps >= knee * (1 - 1.01 * WIDTH));
	assert_true(found->upper_pps > knee);
	assert_true(found->upper_pps - found->found_pps <= WIDTH * found->upper_pps * 1.0001);
}

static void
throughput_finds_knees(void **state)
{
	(void)state;
	for (double knee = 1100; knee < MAX_PPS; knee *= 1.37) {
		struct made_up sw = {.knee_pps = knee};
		struct xd_throughput_found found = throughput(&sw, 0);

		check_found(&found, knee);
		assert_true(sw.trials <= 30);
		assert_int_equal(sw.needless, 0);
		assert_true(found.trial_s >= 60);
	}
}

static void
throughput_takes_no_loss(void **state)
{
	(void)state;
	for (double soft = 1e6; soft < 9e6; soft *= 1.19) {
		struct made_up sw = {.knee_pps = 10e6, .soft_pps = soft, .soft_loss = 1e-3};
		struct xd_throughput_found found = throughput(&sw, 0);

		/* A little over it, less than a frame is lost. */
		check_found(&found, soft * (1 + 1e-5));
		assert_int_equal(sw.needless, 0);
	}
}

static void
throughput_believes_the_long_trial(void **state)
{
	struct made_up sw = {.knee_pps = 10e6, .long_knee_pps = 7e6, .long_s = 60};
	struct xd_throughput_found found = throughput(&sw, 0);

	(void)state;
	check_found(&found, 7e6);
	assert_true(found.trial_s >= 60);
	assert_true(sw.trials <= 50);
}

static void
throughput_without_short_trials(void **state)
{
	struct made_up sw = {.knee_pps = 3e6};
	struct xd_search_bench bench = made_up_bench(&sw);
	struct xd_throughput_rule full = rule;
	struct xd_throughput_found found;

	(void)state;
	full.trial_s = full.final_s;
	assert_int_equal(xd_search_throughput(&bench, &full, &found), 0);
	check_found(&found, 3e6);
	assert_true(sw.total_s >= 60.0 * sw.trials);
	assert_int_equal(sw.needless, 0);
}

static void
throughput_of_the_maximum(void **state)
{
	struct made_up sw = {.knee_pps = INFINITY};
	struct xd_throughput_found found = throughput(&sw, 0);

	(void)state;
	assert_true(found.found_pps >= MAX_PPS);
	assert_true(found.upper_pps <= 0);
	assert_int_equal(sw.trials, 2);
	assert_true(sw.last_s >= 60);
}

static void
throughput_of_none(void **state)
{
	struct made_up sw = {.knee_pps = INFINITY, .least_loss = 0.01};
	struct xd_throughput_found found = throughput(&sw, 0);

	(void)state;
	assert_true(found.found_pps <= 0);
	assert_int_equal(found.trial, 0);
	assert_true(sw.lowest_pps <= MIN_PPS);
	assert_true(sw.trials <= 20);
}

static void
throughput_with_noise(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed < 50; seed++) {
		struct made_up sw = {
			.knee_pps = 5e6, .noise = 0.1, .noise_loss = 1e-5, .seed = seed};
		struct xd_throughput_found found = throughput(&sw, 0);

		assert_true(found.found_pps < 5e6 + 1);
		assert_true(!found.trial || !sw.lost[found.trial]);
		assert_true(sw.trials <= 100);
		assert_true(!found.upper_pps || found.upper_pps > found.found_pps);
	}
}

/* A load that could not be offered is no loss, and none above it is tried again. */
static void
throughput_under_void_loads(void **state)
{
	struct made_up sw = {.knee_pps = INFINITY, .void_pps = 4e6};
	struct xd_throughput_found found = throughput(&sw, 0);

	(void)state;
	assert_true(found.found_pps < 4e6);
	assert_true(found.found_pps >= 4e6 * (1 - 1.01 * WIDTH));
	assert_true(found.upper_pps <= 0);
	assert_true(found.void_pps >= 4e6);
	assert_true(found.void_pps <= 4e6 * (1 + 1.01 * WIDTH));
}

/* Wherever it is cut short, what is known so far is right. */
static void
throughput_is_cut_short(void **state)
{
	struct made_up whole = {.knee_pps = 10e6, .long_knee_pps = 9e6, .long_s = 60};

	(void)state;
	throughput(&whole, 0);
	assert_true(whole.trials > 5);
	for (unsigned at = 1; at <= whole.trials; at++) {
		struct made_up sw = {.knee_pps = 10e6,
			.long_knee_pps = 9e6,
			.long_s = 60,
			.cancel_at = at,
			.cancel_rc = -EINTR};
		struct xd_throughput_found found = throughput(&sw, -EINTR);

		assert_int_equal(sw.trials, at - 1);
		assert_true(found.found_pps <= 10e6);
		assert_true(!found.found_pps || found.trial);
		/* A long trial's loss is not forgotten. */
		assert_true(!found.upper_pps || found.found_pps < found.upper_pps);
	}
}

static void
frame_loss_goes_down_by_tenths(void **state)
{
	struct made_up sw = {.knee_pps = 0.75 * MAX_PPS};
	struct xd_search_bench bench = made_up_bench(&sw);
	struct xd_loss_found found;

	(void)state;
	assert_int_equal(xd_search_frame_loss(&bench, MAX_PPS, MIN_PPS, 60, &found), 0);
	/* 100, 90 and 80 % lose, 70 and 60 % do not. */
	assert_int_equal(found.n, 5);
	for (unsigned i = 0; i < found.n; i++) {
		double share = 1 - i / 10.0;

		assert_int_equal(found.points[i].percent, 100 - 10 * i);
		assert_true(fabs(found.points[i].pps - share * MAX_PPS) < 1);
		assert_true(fabs(found.points[i].loss_ratio - fmax(0, 1 - 0.75 / share)) < 1e-9);
		assert_int_equal(found.points[i].trial, i + 1);
	}
}

static void
frame_loss_ends(void **state)
{
	struct made_up lossy = {.knee_pps = INFINITY, .least_loss = 0.5};
	struct made_up clean = {.knee_pps = INFINITY};
	struct made_up voids = {.knee_pps = INFINITY, .void_pps = 0.85 * MAX_PPS};
	struct made_up cut = {.knee_pps = 1e6, .cancel_at = 4, .cancel_rc = -EINTR};
	struct xd_search_bench bench = made_up_bench(&lossy);
	struct xd_loss_found found;

	(void)state;
	assert_int_equal(xd_search_frame_loss(&bench, MAX_PPS, MIN_PPS, 60, &found), 0);
	assert_int_equal(found.n, 10);
	assert_false(found.below_min);
	assert_int_equal(xd_search_frame_loss(&bench, MAX_PPS, 0.35 * MAX_PPS, 60, &found), 0);
	assert_int_equal(found.n, 7);
	assert_true(found.below_min);
	bench = made_up_bench(&clean);
	assert_int_equal(xd_search_frame_loss(&bench, MAX_PPS, MIN_PPS, 60, &found), 0);
	assert_int_equal(found.n, 2);
	bench = made_up_bench(&voids);
	assert_int_equal(xd_search_frame_loss(&bench, MAX_PPS, MIN_PPS, 60, &found), 0);
	assert_int_equal(found.n, 2);
	assert_int_equal(found.points[0].percent, 80);
	assert_true(found.void_pps > 0);
	bench = made_up_bench(&cut);
	assert_int_equal(xd_search_frame_loss(&bench, MAX_PPS, MIN_PPS, 60, &found), -EINTR);
	assert_int_equal(found.n, 3);
}

/* Two loads in a row must be without loss: one that is not, or that is not known, begins anew. */
static void
frame_loss_wants_two_in_a_row(void **state)
{
	struct made_up sw = {.knee_pps = 0.85 * MAX_PPS,
		.bad_from_pps = 0.65 * MAX_PPS,
		.bad_to_pps = 0.75 * MAX_PPS};
	struct xd_search_bench bench = made_up_bench(&sw);
	struct xd_loss_found found;

	(void)state;
	assert_int_equal(xd_search_frame_loss(&bench, MAX_PPS, MIN_PPS, 60, &found), 0);
	assert_int_equal(found.n, 6);
	assert_int_equal(found.points[5].percent, 50);
	sw.bad_is_void = true;
	assert_int_equal(xd_search_frame_loss(&bench, MAX_PPS, MIN_PPS, 60, &found), 0);
	assert_int_equal(found.n, 5);
	assert_int_equal(found.points[4].percent, 50);
}

static struct xd_burst_rule
burst_rule(double throughput_pps)
{
	return (struct xd_burst_rule){.rate_pps = MAX_PPS,
		.throughput_pps = throughput_pps,
		.limit_s = 2,
		.resolution = WIDTH,
		.repeat = 10};
}

/* A buffer of 1000 frames, emptied at a quarter of the rate, takes bursts of 1333. */
static void
burst_finds_the_buffer(void **state)
{
	struct made_up sw = {.knee_pps = MAX_PPS / 4, .buffer_frames = 1000, .burst_pps = MAX_PPS};
	struct xd_search_bench bench = made_up_bench(&sw);
	struct xd_burst_rule burst = burst_rule(MAX_PPS / 4);
	struct xd_burst_found found;

	(void)state;
	assert_int_equal(xd_search_burst(&bench, &burst, &found), 0);
	assert_int_equal(found.repeats, 10);
	assert_in_range(found.min, 1326, 1333);
	assert_in_range(found.max, 1326, 1333);
	assert_true(found.mean >= 1326 && found.mean <= 1333.4);
	assert_true(found.stddev < 1e-9);
	/* RFC 9004: what was forwarded while the burst came was not in the buffer. */
	assert_true(fabs(found.corrected - found.mean * 0.75) < 1e-6);
	assert_false(found.at_limit);
	assert_true(sw.trials <= 10 * 15);
	assert_true(found.trial > 0);
}

static void
burst_of_one_frame_and_of_all(void **state)
{
	struct made_up tiny = {.knee_pps = 0, .buffer_frames = 1, .burst_pps = MAX_PPS};
	struct made_up none = {.knee_pps = 0, .buffer_frames = 0, .burst_pps = MAX_PPS};
	struct made_up all = {.knee_pps = 0, .buffer_frames = 1e12, .burst_pps = MAX_PPS};
	struct xd_search_bench bench = made_up_bench(&tiny);
	struct xd_burst_rule burst = burst_rule(0);
	struct xd_burst_found found;

	(void)state;
	assert_int_equal(xd_search_burst(&bench, &burst, &found), 0);
	assert_int_equal(found.min, 1);
	assert_int_equal(found.max, 1);
	bench = made_up_bench(&none);
	assert_int_equal(xd_search_burst(&bench, &burst, &found), 0);
	assert_int_equal(found.max, 0);
	assert_int_equal(found.trial, 0);
	bench = made_up_bench(&all);
	assert_int_equal(xd_search_burst(&bench, &burst, &found), 0);
	assert_true(found.at_limit);
	assert_int_equal(found.min, (uint64_t)(2 * MAX_PPS));
}

/* A switch whose buffer is another one each time: 64, 128, ... */
static int
growing(void *ctx, const struct xd_search_load *load, struct xd_search_outcome *out)
{
	struct made_up *sw = ctx;
	int rc;

	/* A search for the longest burst begins with 64 frames. */
	if (load->frames == 64)
		sw->buffer_frames += 1000;
	rc = made_up_run(ctx, load, out);
	return rc;
}

static void
burst_spread(void **state)
{
	struct made_up sw = {.knee_pps = 0, .burst_pps = MAX_PPS};
	struct xd_search_bench bench = made_up_bench(&sw);
	struct xd_burst_rule burst = burst_rule(0);
	struct xd_burst_found found;

	(void)state;
	bench.run = growing;
	burst.resolution = 1e-9; /* to the frame */
	burst.repeat = 3;
	assert_int_equal(xd_search_burst(&bench, &burst, &found), 0);
	assert_int_equal(found.min, 1000);
	assert_int_equal(found.max, 3000);
	assert_true(fabs(found.mean - 2000) < 1e-9);
	assert_true(fabs(found.stddev - 1000) < 1e-9);
}

/* A repeat in which the generator fell behind has no length. */
static void
burst_without_voids(void **state)
{
	struct made_up sw = {
		.knee_pps = 0, .buffer_frames = 1000, .burst_pps = MAX_PPS, .void_trial = 25};
	struct xd_search_bench bench = made_up_bench(&sw);
	struct xd_burst_rule burst = burst_rule(0);
	struct xd_burst_found found;

	(void)state;
	assert_int_equal(xd_search_burst(&bench, &burst, &found), 0);
	assert_int_equal(found.repeats, 9);
	assert_in_range(found.min, 995, 1000);
}

static void
burst_is_cut_short(void **state)
{
	struct made_up sw = {.knee_pps = 0,
		.buffer_frames = 1000,
		.burst_pps = MAX_PPS,
		.cancel_at = 30,
		.cancel_rc = -EPIPE};
	struct xd_search_bench bench = made_up_bench(&sw);
	struct xd_burst_rule burst = burst_rule(0);
	struct xd_burst_found found;

	(void)state;
	assert_int_equal(xd_search_burst(&bench, &burst, &found), -EPIPE);
	assert_in_range(found.repeats, 1, 3);
	assert_in_range(found.min, 995, 1000);
}

static void
latency_repeats(void **state)
{
	struct made_up sw = {.knee_pps = INFINITY};
	struct xd_search_bench bench = made_up_bench(&sw);
	struct xd_repeat_rule repeat = {.pps = 1e6, .trial_s = 120, .repeat = 20};
	unsigned trials[20];
	struct xd_repeat_found found = {.trials = trials};

	(void)state;
	assert_int_equal(xd_search_latency(&bench, &repeat, &found), 0);
	assert_int_equal(found.n, 20);
	assert_int_equal(found.voids, 0);
	assert_int_equal(trials[19], 20);
	assert_true(fabs(sw.total_s - 20 * 120) < 1e-6);
	assert_true(sw.lowest_pps >= 1e6 && sw.highest_pps <= 1e6);
	sw.void_pps = 1e6;
	assert_int_equal(xd_search_latency(&bench, &repeat, &found), 0);
	assert_int_equal(found.n, 0);
	assert_int_equal(found.voids, 20);
}

static void
profile_has_four_loads(void **state)
{
	struct made_up sw = {.knee_pps = INFINITY};
	struct xd_search_bench bench = made_up_bench(&sw);
	struct xd_profile_found found;
	static const double shares[] = {0, 0.1, 0.5, 0.9};

	(void)state;
	assert_int_equal(xd_search_profile(&bench, 10e6, 5, &found), 0);
	assert_int_equal(found.n, 4);
	assert_true(fabs(found.points[0].pps - XD_PROFILE_LOW_PPS) < 1e-6);
	for (unsigned i = 1; i < 4; i++) {
		assert_true(fabs(found.points[i].pps - shares[i] * 10e6) < 1);
		assert_int_equal(found.points[i].percent, (unsigned)(shares[i] * 100 + 0.5));
		assert_int_equal(found.points[i].trial, i + 1);
	}
	/* A low rate's nothing is lower still. */
	assert_int_equal(xd_search_profile(&bench, 2000, 5, &found), 0);
	assert_true(found.points[0].pps <= 20);
	/* A load that the generator did not keep up with has none. */
	sw.void_pps = 6e6;
	assert_int_equal(xd_search_profile(&bench, 10e6, 5, &found), 0);
	assert_int_equal(found.n, 3);
	assert_int_equal(found.points[2].percent, 50);
	sw.void_pps = 1;
	assert_int_equal(xd_search_profile(&bench, 10e6, 5, &found), 0);
	assert_int_equal(found.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(throughput_finds_knees),
		cmocka_unit_test(throughput_takes_no_loss),
		cmocka_unit_test(throughput_believes_the_long_trial),
		cmocka_unit_test(throughput_without_short_trials),
		cmocka_unit_test(throughput_of_the_maximum),
		cmocka_unit_test(throughput_of_none),
		cmocka_unit_test(throughput_with_noise),
		cmocka_unit_test(throughput_under_void_loads),
		cmocka_unit_test(throughput_is_cut_short),
		cmocka_unit_test(frame_loss_goes_down_by_tenths),
		cmocka_unit_test(frame_loss_ends),
		cmocka_unit_test(frame_loss_wants_two_in_a_row),
		cmocka_unit_test(burst_finds_the_buffer),
		cmocka_unit_test(burst_of_one_frame_and_of_all),
		cmocka_unit_test(burst_spread),
		cmocka_unit_test(burst_without_voids),
		cmocka_unit_test(burst_is_cut_short),
		cmocka_unit_test(latency_repeats),
		cmocka_unit_test(profile_has_four_loads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* RFC 9971 against switches that are made up, and its own examples. */
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

/* The goals of the RFC's example search, appendix C. */
static const struct xd_search_goal examples[] = {
	{.name = "RFC2544",
		.initial_trial_s = 1,
		.final_trial_s = 60,
		.duration_sum_s = 60,
		.width = WIDTH},
	{.name = "TST009",
		.exceed_ratio = 0.5,
		.initial_trial_s = 1,
		.final_trial_s = 60,
		.duration_sum_s = 120,
		.width = WIDTH},
	{.name = "1s final",
		.loss_ratio = 0.005,
		.exceed_ratio = 0.5,
		.initial_trial_s = 1,
		.final_trial_s = 1,
		.duration_sum_s = 120,
		.width = WIDTH},
	{.name = "20% exceed",
		.loss_ratio = 0.005,
		.exceed_ratio = 0.2,
		.initial_trial_s = 1,
		.final_trial_s = 60,
		.duration_sum_s = 60,
		.width = WIDTH},
};

/* Trials that the example adds at each of its points, and what the load then is for each goal by
 * the code of appendix A. (Of the last goal at points 5 and 6 the RFC's table has "lower bound"
 * below exceed ratios of 42.857 % and 27.273 %, which are more than the goal's 20 %.) */
static const struct {
	unsigned n;
	struct xd_mlr_trial trial;
	enum xd_mlr_class classes[4];
} points[] = {
	{59, {.time_s = 1},
		{XD_MLR_UNDECIDED, XD_MLR_UNDECIDED, XD_MLR_UNDECIDED, XD_MLR_UNDECIDED}},
	{1, {.time_s = 1, .loss_ratio = 0.01},
		{XD_MLR_UPPER, XD_MLR_UNDECIDED, XD_MLR_UNDECIDED, XD_MLR_UNDECIDED}},
	{59, {.time_s = 1, .loss_ratio = 0.01},
		{XD_MLR_UPPER, XD_MLR_UNDECIDED, XD_MLR_UNDECIDED, XD_MLR_UPPER}},
	{1, {.time_s = 1}, {XD_MLR_UPPER, XD_MLR_UNDECIDED, XD_MLR_LOWER, XD_MLR_UPPER}},
	{1, {.time_s = 60, .loss_ratio = 0.001},
		{XD_MLR_UPPER, XD_MLR_UNDECIDED, XD_MLR_LOWER, XD_MLR_UPPER}},
	{1, {.time_s = 60}, {XD_MLR_UPPER, XD_MLR_LOWER, XD_MLR_LOWER, XD_MLR_UPPER}},
};

static unsigned
example_trials(struct xd_mlr_trial *trials, unsigned points_done)
{
	unsigned n = 0;

	for (unsigned i = 0; i < points_done; i++)
		for (unsigned j = 0; j < points[i].n; j++)
			trials[n++] = points[i].trial;
	return n;
}

static void
loads_are_classified(void **state)
{
	struct xd_mlr_trial trials[200];

	(void)state;
	for (unsigned goal = 0; goal < 4; goal++)
		assert_int_equal(xd_mlr_classify(&examples[goal], trials, 0), XD_MLR_UNDECIDED);
	for (unsigned i = 0; i < 6; i++) {
		unsigned n = example_trials(trials, i + 1);

		for (unsigned goal = 0; goal < 4; goal++)
			assert_int_equal(xd_mlr_classify(&examples[goal], trials, n),
				points[i].classes[goal]);
	}
}

static void
conditional_throughput(void **state)
{
	static const struct xd_search_goal pdr = {
		.loss_ratio = 0.005, .exceed_ratio = 0.5, .final_trial_s = 1, .duration_sum_s = 21};
	struct xd_mlr_trial trials[200];
	unsigned n = example_trials(trials, 6);

	(void)state;
	assert_true(fabs(xd_mlr_throughput(&examples[1], 1e6, trials, n) - 1e6) < 1e-3);
	assert_true(fabs(xd_mlr_throughput(&examples[2], 1e6, trials, n) - 1e6) < 1e-3);
	assert_true(fabs(xd_mlr_throughput(&examples[3], 1e6, trials, n) - 999e3) < 1e-3);
	/* What was not measured counts as lost. */
	assert_true(xd_mlr_throughput(&examples[1], 1e6, trials, 120) <= 0);
	/* Of 11 trials of 21 the worst that the exceed ratio does not excuse counts. */
	for (unsigned i = 0; i < 11; i++)
		trials[i] = (struct xd_mlr_trial){.time_s = 1, .loss_ratio = i * 1e-4};
	assert_true(fabs(xd_mlr_throughput(&pdr, 1e6, trials, 11) - 999e3) < 1e-3);
	assert_int_equal(xd_mlr_classify(&pdr, trials, 11), XD_MLR_LOWER);
	assert_int_equal(xd_mlr_classify(&pdr, trials, 10), XD_MLR_UNDECIDED);
	assert_true(xd_mlr_throughput(&pdr, 1e6, trials, 10) <= 0);
}

/* More trials than the goal's sum: all of them count. */
static void
more_trials_than_needed(void **state)
{
	static const struct xd_search_goal goal = {
		.exceed_ratio = 0.5, .final_trial_s = 1, .duration_sum_s = 2};
	struct xd_mlr_trial trials[5] = {{.time_s = 1, .loss_ratio = 0.1},
		{.time_s = 1, .loss_ratio = 0.1}, {.time_s = 1}, {.time_s = 1}, {.time_s = 1}};

	(void)state;
	assert_int_equal(xd_mlr_classify(&goal, trials, 2), XD_MLR_UPPER);
	assert_int_equal(xd_mlr_classify(&goal, trials, 5), XD_MLR_LOWER);
}

static const struct xd_search_goal ndr_pdr[] = {
	{.name = "NDR",
		.exceed_ratio = 0.5,
		.initial_trial_s = 1,
		.final_trial_s = 1,
		.duration_sum_s = 21,
		.width = WIDTH},
	{.name = "PDR",
		.loss_ratio = 0.005,
		.exceed_ratio = 0.5,
		.initial_trial_s = 1,
		.final_trial_s = 1,
		.duration_sum_s = 21,
		.width = WIDTH},
};

static struct xd_mlr_found
mlr(struct made_up *sw, const struct xd_search_goal *goals, unsigned n, int want_rc)
{
	struct xd_search_bench bench = made_up_bench(sw);
	struct xd_mlr_rule rule = {
		.max_pps = MAX_PPS, .min_pps = MIN_PPS, .nb_goals = n, .goals = goals};
	struct xd_mlr_found found;

	assert_int_equal(xd_search_mlr(&bench, &rule, &found), want_rc);
	assert_true(sw->highest_pps <= MAX_PPS);
	assert_true(!sw->trials || sw->lowest_pps >= MIN_PPS);
	return found;
}

/* Regular: bounds on both sides of the load where the loss begins, as near as the goal has it. */
static void
check_regular(const struct xd_mlr_result *r, double edge)
{
	assert_true(r->regular);
	assert_false(r->coarse);
	assert_true(r->lower_pps < edge + 1);
	assert_true(r->upper_pps > edge);
	assert_true(r->upper_pps - r->lower_pps <= WIDTH * r->upper_pps * 1.0001);
	assert_true(r->throughput_pps <= r->lower_pps);
	assert_true(r->trial > 0);
}

static void
finds_sharp_knees(void **state)
{
	(void)state;
	for (double knee = 1100; knee < MAX_PPS; knee *= 1.61) {
		struct made_up sw = {.knee_pps = knee};
		struct xd_mlr_found found = mlr(&sw, ndr_pdr, 2, 0);

		check_regular(&found.goals[0], knee);
		assert_true(found.goals[0].throughput_pps >= found.goals[0].lower_pps);
		/* Of a little more than the knee half a percent is lost. */
		check_regular(&found.goals[1], knee / 0.995);
		assert_true(fabs(found.goals[1].throughput_pps -
				    fmin(knee, found.goals[1].lower_pps)) <= 1e-6 * knee);
		/* Four bounds of 11 trials, and what led there. */
		assert_true(sw.trials <= 120);
	}
}

static void
finds_soft_knees(void **state)
{
	struct made_up sw = {.knee_pps = 10e6, .soft_pps = 6e6, .soft_loss = 0.02};
	struct xd_mlr_found found = mlr(&sw, ndr_pdr, 2, 0);

	(void)state;
	check_regular(&found.goals[0], 6e6);
	/* A quarter of the way to the knee half a percent is lost. */
	check_regular(&found.goals[1], 7e6);
	/* The Conditional Throughput is what was forwarded, not the load. */
	assert_true(found.goals[1].throughput_pps < found.goals[1].lower_pps);
	assert_true(found.goals[1].throughput_pps >= found.goals[1].lower_pps * 0.995);
	assert_true(sw.trials <= 200);
}

/* With half of the trials excused, a fifth that are disturbed are no reason to go lower; with none
 * excused they are. */
static void
exceed_ratio_excuses_noise(void **state)
{
	struct xd_search_goal strict = ndr_pdr[0];

	(void)state;
	strict.exceed_ratio = 0;
	for (unsigned seed = 1; seed <= 20; seed++) {
		struct made_up sw = {
			.knee_pps = 5e6, .noise = 0.2, .noise_loss = 1e-4, .seed = seed};
		struct xd_mlr_found found = mlr(&sw, ndr_pdr, 1, 0);

		check_regular(&found.goals[0], 5e6);
		assert_true(found.goals[0].lower_pps > 4.9e6);
		sw.noise = 0.4;
		sw.trials = 0;
		found = mlr(&sw, &strict, 1, 0);
		assert_true(found.goals[0].lower_pps < 4.9e6);
	}
}

/* Order and company change nothing for a goal. */
static void
goals_are_independent(void **state)
{
	struct xd_search_goal both[2] = {ndr_pdr[1], ndr_pdr[0]};
	struct made_up sw = {.knee_pps = 7e6};
	struct xd_mlr_found found = mlr(&sw, both, 2, 0);

	(void)state;
	check_regular(&found.goals[1], 7e6);
	check_regular(&found.goals[0], 7e6 / 0.995);
}

/* No trial with loss is ever within what NDR without excuses calls a lower bound. */
static void
no_loss_without_excuse(void **state)
{
	struct made_up sw = {.knee_pps = 10e6, .long_knee_pps = 6e6, .long_s = 60};
	struct xd_mlr_found found = mlr(&sw, examples, 1, 0);

	(void)state;
	check_regular(&found.goals[0], 6e6);
	assert_true(found.goals[0].trial_s >= 60);
	assert_true(found.goals[0].throughput_pps >= found.goals[0].lower_pps);
	/* Most trials were short. */
	assert_true(sw.total_s < 60.0 * sw.trials);
	assert_true(sw.trials <= 100);
}

static void
irregular_results(void **state)
{
	struct made_up all = {.knee_pps = INFINITY};
	struct made_up none = {.knee_pps = INFINITY, .least_loss = 0.1};
	struct xd_mlr_found found = mlr(&all, ndr_pdr, 2, 0);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		assert_false(found.goals[i].regular);
		assert_true(found.goals[i].lower_pps >= MAX_PPS);
		assert_true(found.goals[i].throughput_pps >= MAX_PPS);
		assert_true(found.goals[i].upper_pps <= 0);
	}
	assert_int_equal(all.trials, 11);
	found = mlr(&none, ndr_pdr, 2, 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_false(found.goals[i].regular);
		assert_true(found.goals[i].lower_pps <= 0);
		assert_true(found.goals[i].throughput_pps <= 0);
		assert_true(found.goals[i].upper_pps <= MIN_PPS);
		assert_int_equal(found.goals[i].trial, 0);
	}
	assert_true(none.trials <= 500);
}

static void
void_loads_are_no_bounds(void **state)
{
	struct made_up sw = {.knee_pps = INFINITY, .void_pps = 4e6};
	struct xd_mlr_found found = mlr(&sw, ndr_pdr, 2, 0);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		assert_true(found.goals[i].upper_pps <= 0);
		assert_true(found.goals[i].lower_pps < 4e6);
		assert_true(found.goals[i].lower_pps >= 4e6 * (1 - 2.01 * WIDTH));
	}
	assert_true(found.void_pps >= 4e6);
	assert_true(sw.trials <= 100);
}

/* A trial in a hundred loses much, wherever it is: the search ends, and its bounds are in order. */
static void
noise_ends(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 30; seed++) {
		struct made_up sw = {.knee_pps = 5e6,
			.soft_pps = 3e6,
			.soft_loss = 0.01,
			.noise = 0.45,
			.noise_loss = 0.02,
			.seed = seed};
		struct xd_mlr_found found = mlr(&sw, ndr_pdr, 2, 0);

		assert_true(sw.trials <= 1500);
		for (unsigned i = 0; i < 2; i++)
			assert_true(!found.goals[i].upper_pps ||
				    found.goals[i].lower_pps < found.goals[i].upper_pps);
	}
	/* Up to the maximum load and no further. */
	for (unsigned seed = 1; seed <= 30; seed++) {
		struct made_up sw = {
			.knee_pps = INFINITY, .noise = 0.3, .noise_loss = 0.3, .seed = seed};

		mlr(&sw, ndr_pdr, 2, 0);
		assert_true(sw.trials <= 1500);
	}
}

static void
is_cut_short(void **state)
{
	struct made_up whole = {.knee_pps = 7e6};

	(void)state;
	mlr(&whole, ndr_pdr, 2, 0);
	for (unsigned at = 1; at <= whole.trials; at++) {
		struct made_up sw = {.knee_pps = 7e6, .cancel_at = at, .cancel_rc = -EINTR};
		struct xd_mlr_found found = mlr(&sw, ndr_pdr, 2, -EINTR);

		assert_int_equal(sw.trials, at - 1);
		for (unsigned i = 0; i < 2; i++) {
			assert_true(found.goals[i].lower_pps <= 7e6 / 0.995);
			if (found.goals[i].upper_pps > 0)
				assert_true(found.goals[i].upper_pps > 7e6);
		}
		/* After a few trials it can say where about the result is. */
		if (at > 15)
			assert_true(
				found.goals[0].lower_pps > 6e6 && found.goals[0].upper_pps > 7e6);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_are_classified),
		cmocka_unit_test(conditional_throughput),
		cmocka_unit_test(more_trials_than_needed),
		cmocka_unit_test(finds_sharp_knees),
		cmocka_unit_test(finds_soft_knees),
		cmocka_unit_test(exceed_ratio_excuses_noise),
		cmocka_unit_test(goals_are_independent),
		cmocka_unit_test(no_loss_without_excuse),
		cmocka_unit_test(irregular_results),
		cmocka_unit_test(void_loads_are_no_bounds),
		cmocka_unit_test(noise_ends),
		cmocka_unit_test(is_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

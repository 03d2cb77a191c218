/* SPDX-License-Identifier: BSD-3-Clause */
/* Each method at one size: the loads that it may try, its rules, and the rows of what they found.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "traffic/engine/search/methods.h"
#include "traffic/engine/search/missing.h"
#include "traffic/engine/search/result.h"

#define MARGIN         1.1 /* above what was sent, when the generator waited for the switch */
#define LEAST_PPS      1.0 /* a load must have frames */
#define BURST_TRIALS   12  /* of one search for the longest burst, for progress */
#define BURST_EACH_S   0.1
#define BURST_SETTLE_S 2.0 /* after each of them: RFC 9004, section 5.2 */

/* The loads that are tried. */
struct range {
	double max_pps, min_pps;
	double sent_pps;   /* as fast as it goes */
	bool by_generator; /* it set the maximum, not the switch nor the options */
};

static bool
generator_limits(enum xd_bottleneck b)
{
	return b == XD_BOTTLENECK_GENERATOR || b == XD_BOTTLENECK_GENERATOR_SEND ||
	       b == XD_BOTTLENECK_GENERATOR_RECEIVE || b == XD_BOTTLENECK_ASKED;
}

/* The highest load: as asked for, or what a trial as fast as it goes has sent. Where that one had
 * to wait for the switch, a little more, so that there is an upper bound to be found. */
static int
find_range(struct xd_search_run *run, double time_s, struct range *range)
{
	struct xd_search_outcome out;
	int rc;

	*range = (struct range){.max_pps = xd_trial_asked_pps(run->trial)};
	range->sent_pps = range->max_pps;
	if (range->max_pps <= 0) {
		const struct xd_rate_figures *f;

		run->bench.left(run, time_s, 1);
		rc = xd_search_try(&run->bench, 0, time_s, &out);
		if (rc)
			return rc;
		f = &run->rows[out.trial - 1].rate;
		range->by_generator = generator_limits(f->bottleneck);
		range->sent_pps = f->sent_pps / xd_trial_senders(run->trial);
		range->max_pps = range->sent_pps * (range->by_generator ? 1 : MARGIN);
	}
	range->max_pps = fmax(range->max_pps, LEAST_PPS);
	range->min_pps = fmin(fmax(run->opts->min_pps, LEAST_PPS), range->max_pps);
	return 0;
}

/* The rate of 26.1, from which three of the methods go on. The result has what it says of it. */
static int
seek_throughput(struct xd_search_run *run, struct range *range, double later_s,
	struct xd_search_result *result)
{
	const struct xd_search_opts *opts = run->opts;
	struct xd_throughput_found found = {0};
	double full_s = xd_search_full_s(opts);
	int rc;

	run->later_s = later_s + 10 * xd_search_early_s(opts) + full_s;
	rc = find_range(run, xd_search_early_s(opts), range);
	run->later_s = later_s;
	if (!rc) {
		struct xd_throughput_rule rule = {.max_pps = range->max_pps,
			.min_pps = range->min_pps,
			.resolution = opts->resolution,
			.trial_s = xd_search_early_s(opts),
			.final_s = full_s};

		rc = xd_search_throughput(&run->bench, &rule, &found);
	}
	run->later_s = 0;
	result->found_pps = result->lower_pps = found.found_pps;
	result->upper_pps = found.upper_pps;
	result->trial_s = found.trial_s;
	result->trial = found.trial;
	if (rc)
		return rc;
	if (found.found_pps <= 0)
		xd_search_missing_add(
			result->missing, "no load without loss down to %g pps", range->min_pps);
	else if (found.found_pps >= range->max_pps && range->by_generator)
		xd_search_missing_add(result->missing,
			"RFC 2544 section 20: nothing was lost at the generator's own maximum, the "
			"switch may do more");
	return 0;
}

static int
run_throughput(struct xd_search_run *run)
{
	struct xd_search_result result = {0};
	struct range range;
	int rc = seek_throughput(run, &range, 0, &result), kept;

	kept = run->n ? xd_search_result_row(run, &result, rc) : 0;
	return rc ? rc : kept;
}

static int
run_latency(struct xd_search_run *run)
{
	struct xd_search_result result = {0};
	struct xd_repeat_found found = {0};
	struct xd_repeat_rule rule = {
		.trial_s = xd_search_latency_s(run->opts), .repeat = xd_search_repeats(run->opts)};
	struct range range;
	int rc, kept;

	found.trials = calloc(rule.repeat, sizeof(*found.trials));
	if (!found.trials)
		return xd_fail(run->err, -ENOMEM, "no memory for %u repeats", rule.repeat);
	rc = seek_throughput(run, &range, rule.repeat * (rule.trial_s + run->settle_s), &result);
	rule.pps = result.found_pps;
	if (!rc && rule.pps > 0)
		rc = xd_search_latency(&run->bench, &rule, &found);
	if (found.n) {
		result.trial = found.trials[found.n - 1];
		result.trial_s = rule.trial_s;
		result.repeats = &found;
	}
	kept = run->n ? xd_search_result_row(run, &result, rc) : 0;
	free(found.trials);
	return rc ? rc : kept;
}

static int
run_frame_loss(struct xd_search_run *run)
{
	double trial_s = xd_search_full_s(run->opts);
	struct xd_search_result none = {0};
	struct xd_loss_found found = {0};
	struct range range = {0};
	int rc, kept = 0;

	run->later_s = XD_LOSS_POINTS * (trial_s + run->settle_s);
	rc = find_range(run, xd_search_early_s(run->opts), &range);
	run->later_s = 0;
	if (!rc)
		rc = xd_search_frame_loss(
			&run->bench, range.max_pps, range.min_pps, trial_s, &found);
	if (found.below_min)
		xd_search_missing_add(none.missing, "RFC 2544 section 26.3: no loads under %g pps",
			range.min_pps);
	for (unsigned i = 0; i < found.n && !kept; i++) {
		const struct xd_loss_point *p = &found.points[i];
		struct xd_search_result result = none;

		result.trial = p->trial;
		result.found_pps = p->pps;
		result.loss_ratio = p->loss_ratio;
		result.trial_s = trial_s;
		snprintf(result.goal, sizeof(result.goal), "%u%%", p->percent);
		kept = xd_search_result_row(run, &result, rc);
	}
	if (!found.n && run->n)
		kept = xd_search_result_row(run, &none, rc);
	return rc ? rc : kept;
}

/* Bursts, at a rate that is more than the switch can go on with. */
static int
seek_bursts(struct xd_search_run *run, const struct range *range, struct xd_search_result *result)
{
	struct xd_burst_rule rule = {
		.pps = xd_trial_asked_pps(run->trial),
		.rate_pps = range->sent_pps,
		.throughput_pps = result->found_pps,
		.limit_s = xd_search_burst_s(run->opts),
		.resolution = run->opts->resolution,
		.repeat = xd_search_repeats(run->opts),
	};
	int rc;

	if (rule.throughput_pps <= 0) /* has been said */
		return 0;
	if (rule.throughput_pps >= rule.rate_pps) {
		xd_search_missing_add(result->missing,
			"RFC 9004 section 5.1: the throughput is the maximum rate, so no burst "
			"fills a buffer");
		return 0;
	}
	run->settle_s = fmin(run->settle_s, BURST_SETTLE_S);
	rc = xd_search_burst(&run->bench, &rule, &result->burst);
	if (result->burst.trial) {
		result->trial = result->burst.trial;
		result->trial_s = run->rows[result->trial - 1].search.trial_s;
	}
	if (result->burst.at_limit)
		xd_search_missing_add(result->missing,
			"RFC 9004 section 5.2: a burst of %g s lost nothing, longer ones were not "
			"tried",
			rule.limit_s);
	return rc;
}

static int
run_back_to_back(struct xd_search_run *run)
{
	struct xd_search_result result = {0};
	struct range range = {0};
	double later_s = (double)xd_search_repeats(run->opts) * BURST_TRIALS *
			 (BURST_EACH_S + fmin(run->settle_s, BURST_SETTLE_S));
	int rc = seek_throughput(run, &range, later_s, &result), kept;

	if (!rc)
		rc = seek_bursts(run, &range, &result);
	kept = run->n ? xd_search_result_row(run, &result, rc) : 0;
	return rc ? rc : kept;
}

static int
run_profile(struct xd_search_run *run)
{
	double full_s = xd_search_full_s(run->opts);
	struct xd_search_result base = {0};
	struct xd_profile_found found = {0};
	struct range range;
	int rc, kept = 0;

	rc = seek_throughput(run, &range, XD_PROFILE_POINTS * (full_s + run->settle_s), &base);
	if (!rc && base.found_pps > 0)
		rc = xd_search_profile(&run->bench, base.found_pps, full_s, &found);
	for (unsigned i = 0; i < found.n && !kept; i++) {
		const struct xd_profile_point *p = &found.points[i];
		struct xd_search_result result = base;

		result.trial = p->trial;
		result.loss_ratio = p->loss_ratio;
		result.trial_s = full_s;
		snprintf(result.goal, sizeof(result.goal), "%u%%", p->percent);
		kept = xd_search_result_row(run, &result, rc);
	}
	if (!found.n && run->n)
		kept = xd_search_result_row(run, &base, rc);
	return rc ? rc : kept;
}

/* One goal's row. */
static int
goal_row(struct xd_search_run *run, const struct range *range, const struct xd_search_goal *goal,
	const struct xd_mlr_result *r, int rc)
{
	struct xd_search_result result = {.trial = r->trial,
		.found_pps = r->throughput_pps,
		.lower_pps = r->lower_pps,
		.upper_pps = r->upper_pps,
		.loss_ratio = goal->loss_ratio,
		.trial_s = goal->final_trial_s};
	const char *why = "";

	snprintf(result.goal, sizeof(result.goal), "%s", goal->name);
	if (r->coarse)
		why = "irregular: bounds of shorter trials";
	else if (!r->regular && !r->lower_pps)
		why = "irregular: no lower bound";
	else if (!r->regular && !r->upper_pps)
		why = "irregular: no upper bound";
	else if (!r->regular)
		why = "irregular: bounds are wider apart than the goal's width";
	snprintf(result.name, sizeof(result.name), "%s", why);
	if (!rc && r->lower_pps && !r->upper_pps && range->by_generator)
		xd_search_missing_add(result.missing,
			"RFC 9971, Relevant Upper Bound: none up to the generator's own maximum, "
			"the switch may do more");
	else if (!rc && !r->regular && r->lower_pps && r->upper_pps && !run->void_loads)
		xd_search_missing_add(
			result.missing, "RFC 9971, Goal Width: the bounds are wider apart");
	return xd_search_result_row(run, &result, rc);
}

static int
run_mlr(struct xd_search_run *run)
{
	const struct xd_search_opts *opts = run->opts;
	double first_s = opts->goals[0].initial_trial_s;
	struct xd_mlr_found found = {0};
	struct xd_mlr_rule rule = {.nb_goals = opts->nb_goals, .goals = opts->goals};
	struct range range = {0};
	int rc, kept = 0;

	for (unsigned i = 0; i < opts->nb_goals; i++) {
		first_s = fmin(first_s, opts->goals[i].initial_trial_s);
		run->later_s += 2 * opts->goals[i].duration_sum_s;
	}
	rc = find_range(run, first_s, &range);
	run->later_s = 0;
	rule.max_pps = range.max_pps;
	rule.min_pps = range.min_pps;
	if (!rc)
		rc = xd_search_mlr(&run->bench, &rule, &found);
	if (rc == -ENOMEM)
		return xd_fail(run->err, rc, "no memory for the trials of a search");
	for (unsigned i = 0; run->n && i < opts->nb_goals && !kept; i++)
		kept = goal_row(run, &range, &opts->goals[i], &found.goals[i], rc);
	return rc ? rc : kept;
}

int
xd_search_run_method(struct xd_search_run *run)
{
	switch (run->opts->method) {
	case XD_SEARCH_THROUGHPUT:
		return run_throughput(run);
	case XD_SEARCH_LATENCY:
		return run_latency(run);
	case XD_SEARCH_FRAME_LOSS:
		return run_frame_loss(run);
	case XD_SEARCH_BACK_TO_BACK:
		return run_back_to_back(run);
	case XD_SEARCH_MLR:
		return run_mlr(run);
	case XD_SEARCH_PROFILE:
		return run_profile(run);
	}
	return -EINVAL;
}

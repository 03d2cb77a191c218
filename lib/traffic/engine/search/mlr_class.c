/* SPDX-License-Identifier: BSD-3-Clause */
/* What the trials at one load say of it: RFC 9971, appendices A and B. */
#include <math.h>

#include "traffic/engine/search/rules.h"

/* Durations add up with errors; a millionth decides nothing that is real. */
#define SLACK 1e-6

static bool
is_full(const struct xd_search_goal *goal, const struct xd_mlr_trial *trial)
{
	return trial->time_s >= goal->final_trial_s * (1 - SLACK);
}

enum xd_mlr_class
xd_mlr_classify(const struct xd_search_goal *goal, const struct xd_mlr_trial *trials, unsigned n)
{
	double full_low = 0, full_high = 0, short_low = 0, short_high = 0;
	double high, whole, allowed;

	for (unsigned i = 0; i < n; i++) {
		bool low_loss = trials[i].loss_ratio <= goal->loss_ratio;

		if (is_full(goal, &trials[i]))
			*(low_loss ? &full_low : &full_high) += trials[i].time_s;
		else
			*(low_loss ? &short_low : &short_high) += trials[i].time_s;
	}
	/* Short trials with little loss only make up for short ones with much. */
	high = full_high +
	       fmax(0, short_high - short_low * goal->exceed_ratio / (1 - goal->exceed_ratio));
	whole = fmax(full_low + high, goal->duration_sum_s);
	allowed = whole * (goal->exceed_ratio + SLACK);
	if (high > allowed)
		return XD_MLR_UPPER;
	/* Even if all that is missing had much loss. */
	return whole - full_low <= allowed ? XD_MLR_LOWER : XD_MLR_UNDECIDED;
}

/* The next higher loss ratio of full-length trials, and how long those that have it took. */
static bool
next_ratio(const struct xd_search_goal *goal, const struct xd_mlr_trial *trials, unsigned n,
	double above, double *ratio, double *time_s)
{
	bool any = false;

	for (unsigned i = 0; i < n; i++) {
		double r = trials[i].loss_ratio;

		if (!is_full(goal, &trials[i]) || r <= above || (any && r > *ratio))
			continue;
		if (!any || r < *ratio)
			*time_s = 0;
		any = true;
		*ratio = r;
		*time_s += trials[i].time_s;
	}
	return any;
}

double
xd_mlr_throughput(const struct xd_search_goal *goal, double pps, const struct xd_mlr_trial *trials,
	unsigned n)
{
	double full_s = 0, remaining, least, quantile = 1, above = -1, ratio = 0, time_s = 0;
	bool any = false;

	for (unsigned i = 0; i < n; i++)
		if (is_full(goal, &trials[i]))
			full_s += trials[i].time_s;
	remaining = fmax(goal->duration_sum_s, full_s) * (1 - goal->exceed_ratio);
	least = remaining * SLACK;
	while ((!any || remaining > least) && next_ratio(goal, trials, n, above, &ratio, &time_s)) {
		any = true;
		quantile = above = ratio;
		remaining -= time_s;
	}
	/* Trials that were not made count as if all was lost in them. */
	if (remaining > least)
		quantile = 1;
	return pps * (1 - quantile);
}

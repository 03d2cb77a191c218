/* SPDX-License-Identifier: BSD-3-Clause */
/* Throughput (RFC 2544, 26.1): loads between one without loss and one with, in short trials first
 * and then in those of full length, until the bounds are near enough. */
#include <math.h>

#include "traffic/engine/search/rules.h"

#define TRIALS_MAX 200 /* of one length; halving needs far fewer */

/* What trials of one length have found. */
struct narrowing {
	const struct xd_search_bench *bench;
	const struct xd_throughput_rule *rule;
	struct xd_throughput_found *found;
	double lo, hi;          /* highest without loss; lowest with loss or void; 0: none yet */
	double time_s, after_s; /* of each trial, and of what comes after them all */
	double step;            /* to the next load, relative */
	bool passed;            /* the last one */
	bool is_final;          /* short trials went before */
};

/* Trials that halving still needs. */
static unsigned
steps_left(const struct narrowing *w)
{
	if (!w->lo && w->is_final)
		return 1;
	if (!w->lo || !w->hi)
		return 10;
	return 1 + (unsigned)ceil(log2(fmax(1, (w->hi - w->lo) / (w->rule->resolution * w->hi))));
}

static int
try_load(struct narrowing *w, double pps, struct xd_search_outcome *out)
{
	unsigned steps = steps_left(w);
	struct xd_throughput_found *f = w->found;
	int rc;

	w->bench->left(w->bench->ctx, steps * w->time_s + w->after_s, steps + (w->after_s > 0));
	rc = xd_search_try(w->bench, pps, w->time_s, out);
	if (rc)
		return rc;
	w->passed = !out->is_void && out->loss_ratio <= 0;
	if (w->passed) {
		w->lo = pps;
		f->found_pps = pps;
		f->trial_s = w->time_s;
		f->trial = out->trial;
		return 0;
	}
	w->hi = pps;
	/* A shorter trial's word does not hold against a longer one's. */
	if (f->found_pps >= pps)
		f->found_pps = f->trial_s = f->trial = 0;
	if (out->is_void)
		f->void_pps = pps;
	else
		f->upper_pps = pps;
	return 0;
}

static bool
is_done(const struct narrowing *w)
{
	if (w->lo >= w->rule->max_pps)
		return true;
	if (w->lo && w->hi)
		return w->hi - w->lo <= w->rule->resolution * w->hi;
	return w->hi && w->hi <= w->rule->min_pps;
}

/* Away from the last load in steps that double, or the middle where that is nearer. */
static double
next_load(struct narrowing *w)
{
	double pps, step = w->step;

	w->step *= 2;
	/* The first load is the highest of all, or was lossless for a shorter time: there is always
	 * one with loss by now. */
	if (w->passed)
		return fmin(w->lo * (1 + step), (w->lo + w->hi) / 2);
	pps = fmax(w->hi * (1 - step), (w->lo + w->hi) / 2 * (w->lo > 0));
	return fmax(pps, w->rule->min_pps);
}

/* What got through of far too much is about what the switch can do. */
static bool
is_guess(const struct narrowing *w, const struct xd_search_outcome *out)
{
	return !w->passed && !out->is_void && out->forwarded_pps > w->rule->min_pps &&
	       out->forwarded_pps < w->hi * (1 - w->rule->resolution);
}

/* Tries loads, `pps` first, until the bounds are near. */
static int
narrow(struct narrowing *w, double pps)
{
	struct xd_search_outcome out;
	int rc = 0;

	w->step = w->rule->resolution;
	for (unsigned i = 0; i < TRIALS_MAX; i++) {
		rc = try_load(w, pps, &out);
		if (rc || is_done(w))
			break;
		if (!i && is_guess(w, &out))
			pps = out.forwarded_pps;
		else
			pps = next_load(w);
	}
	return rc;
}

int
xd_search_throughput(const struct xd_search_bench *bench, const struct xd_throughput_rule *rule,
	struct xd_throughput_found *found)
{
	struct narrowing w = {.bench = bench,
		.rule = rule,
		.found = found,
		.time_s = rule->trial_s,
		.after_s = rule->final_s};
	double pps;
	int rc;

	*found = (struct xd_throughput_found){0};
	if (rule->final_s <= rule->trial_s) {
		w.time_s = rule->final_s;
		w.after_s = 0;
		return narrow(&w, rule->max_pps);
	}
	rc = narrow(&w, rule->max_pps);
	if (rc || !w.lo)
		return rc;
	/* A load that lost frames within a short trial loses them within a long one, but not the
	 * other way round. */
	pps = w.lo;
	w.lo = 0;
	w.time_s = rule->final_s;
	w.after_s = 0;
	w.is_final = true;
	return narrow(&w, pps);
}

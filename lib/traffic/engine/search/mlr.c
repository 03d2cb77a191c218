/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RFC 9971: which loads are tried, and how long. The RFC leaves this to the implementation:
 *
 * First the maximum load, then what was forwarded of it, then what was forwarded of that. Then each
 * goal, strictest first, is sought in three passes, each with longer trials, a larger sum and a
 * smaller width than the one before, up to the goal's own; each begins at the bounds that the pass
 * before found. All trials at a load count for all goals.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "traffic/engine/search/rules.h"

#define PASSES    3
#define ROUNDS    4    /* trials for one goal may move another's bounds */
#define LOADS_MAX 1000 /* halving needs far fewer */
#define SAME      1e-9 /* loads so near, relative, are one */

struct load {
	double pps;
	unsigned n, room;
	struct xd_mlr_trial *trials;
};

struct mlr {
	const struct xd_search_bench *bench;
	const struct xd_mlr_rule *rule;
	unsigned nb_loads;
	struct load *loads;
	double void_pps; /* the lowest load that could not be offered; infinity: none */
	double guess_pps;
	double left_s; /* expected for the goals that come after this one */
};

/* Bounds for a goal, or for a pass of its; 0: none. */
struct bounds {
	double lower, upper;
	const struct load *at; /* lower */
};

static struct load *
find_load(struct mlr *m, double pps)
{
	struct load *loads;

	for (unsigned i = 0; i < m->nb_loads; i++)
		if (fabs(m->loads[i].pps - pps) <= SAME * pps)
			return &m->loads[i];
	loads = realloc(m->loads, (m->nb_loads + 1) * sizeof(*loads));
	if (!loads)
		return NULL;
	m->loads = loads;
	loads[m->nb_loads] = (struct load){.pps = pps};
	return &loads[m->nb_loads++];
}

static int
add_trial(struct load *load, double time_s, const struct xd_search_outcome *out)
{
	if (load->n == load->room) {
		unsigned room = load->room ? load->room * 2 : 32;
		struct xd_mlr_trial *trials = realloc(load->trials, room * sizeof(*trials));

		if (!trials)
			return -ENOMEM;
		load->trials = trials;
		load->room = room;
	}
	load->trials[load->n++] = (struct xd_mlr_trial){
		.time_s = time_s, .loss_ratio = out->loss_ratio, .number = out->trial};
	return 0;
}

/* One trial. out->is_void: nothing was added. */
static int
try_load(struct mlr *m, struct load *load, double time_s, struct xd_search_outcome *out)
{
	int rc = xd_search_try(m->bench, load->pps, time_s, out);

	if (rc)
		return rc;
	if (out->is_void) {
		m->void_pps = fmin(m->void_pps, load->pps);
		return 0;
	}
	return add_trial(load, time_s, out);
}

static struct bounds
find_bounds(const struct mlr *m, const struct xd_search_goal *goal)
{
	struct bounds b = {0};

	for (unsigned i = 0; i < m->nb_loads; i++) {
		const struct load *l = &m->loads[i];

		if ((!b.upper || l->pps < b.upper) &&
			xd_mlr_classify(goal, l->trials, l->n) == XD_MLR_UPPER)
			b.upper = l->pps;
	}
	for (unsigned i = 0; i < m->nb_loads; i++) {
		const struct load *l = &m->loads[i];

		if (l->pps > b.lower && (!b.upper || l->pps < b.upper) &&
			xd_mlr_classify(goal, l->trials, l->n) == XD_MLR_LOWER) {
			b.lower = l->pps;
			b.at = l;
		}
	}
	return b;
}

/* Loads at or above this are not tried: known not to do, or more than the generator can offer.
 * Infinity: there is no such load yet. */
static double
top(const struct mlr *m, const struct bounds *b)
{
	return b->upper ? fmin(b->upper, m->void_pps) : m->void_pps;
}

static bool
is_near(const struct xd_search_goal *goal, double lower, double upper)
{
	return upper - lower <= goal->width * upper * (1 + SAME);
}

static bool
is_done(const struct mlr *m, const struct xd_search_goal *goal, const struct bounds *b)
{
	double hi = top(m, b);

	if (b->lower && isfinite(hi))
		return is_near(goal, b->lower, hi);
	if (b->lower)
		return b->lower >= m->rule->max_pps * (1 - SAME);
	return hi <= m->rule->min_pps * (1 + SAME);
}

/* How a pass goes from load to load. */
struct path {
	struct bounds hint; /* of the pass before */
	double step;        /* relative, doubled each time it is used */
	double last_pps;    /* the load that was tried last */
};

static double
take_step(struct path *path)
{
	double step = path->step;

	path->step *= 2;
	return step;
}

/* Away from the bound that was found last, or the middle where that is nearer. */
static double
between(double lower, double upper, struct path *path)
{
	double middle = (lower + upper) / 2;

	if (path->last_pps >= upper)
		return fmax(middle, upper * (1 - take_step(path)));
	return fmin(middle, lower * (1 + take_step(path)));
}

static double
next_load(const struct mlr *m, const struct bounds *b, struct path *path)
{
	const struct bounds *hint = &path->hint;
	double hi = top(m, b), pps;

	if (b->lower && isfinite(hi))
		return between(b->lower, hi, path);
	if (b->lower) {
		pps = hint->upper > b->lower ? hint->upper : b->lower * (1 + take_step(path));
		return fmin(pps, m->rule->max_pps);
	}
	pps = hint->lower ? hint->lower : m->guess_pps;
	if (pps >= hi)
		pps = hi * (1 - take_step(path));
	return fmin(fmax(pps, m->rule->min_pps), m->rule->max_pps);
}

/* Tries a load until it is a bound, or cannot be offered. */
static int
decide(struct mlr *m, const struct xd_search_goal *goal, double pps, double goals_s)
{
	struct load *load = find_load(m, pps);
	double spent = 0;

	if (!load)
		return -ENOMEM;
	while (xd_mlr_classify(goal, load->trials, load->n) == XD_MLR_UNDECIDED) {
		double left = m->left_s + fmax(goals_s - spent, goal->final_trial_s);
		struct xd_search_outcome out;
		int rc;

		m->bench->left(m->bench->ctx, left, (unsigned)ceil(left / goal->final_trial_s));
		rc = try_load(m, load, goal->final_trial_s, &out);
		if (rc)
			return rc;
		if (out.is_void)
			break;
		spent += goal->final_trial_s;
	}
	return 0;
}

/* Narrows the bounds of a goal, or of a pass of its. goals_s: how long that is expected to take. */
static int
settle(struct mlr *m, const struct xd_search_goal *goal, double goals_s, struct bounds *b)
{
	struct path path = {.hint = *b, .step = goal->width};
	int rc = 0;

	for (unsigned i = 0; i < LOADS_MAX && !rc; i++) {
		*b = find_bounds(m, goal);
		if (is_done(m, goal, b))
			return 0;
		path.last_pps = next_load(m, b, &path);
		rc = decide(m, goal, path.last_pps, goals_s);
	}
	return rc;
}

/* Pass 0 has one short trial at each load, the last one is the goal itself. */
static struct xd_search_goal
goal_of_pass(const struct xd_search_goal *goal, unsigned pass)
{
	struct xd_search_goal g = *goal;
	double sum = fmin(goal->initial_trial_s, goal->duration_sum_s);
	double part = (double)pass / (PASSES - 1);

	if (pass == PASSES - 1)
		return g;
	g.final_trial_s =
		goal->initial_trial_s * pow(goal->final_trial_s / goal->initial_trial_s, part);
	g.duration_sum_s = fmax(sum * pow(goal->duration_sum_s / sum, part), g.final_trial_s);
	for (unsigned i = pass; i + 1 < PASSES; i++)
		g.width = fmin(g.width * 2, 0.5);
	return g;
}

static int
seek_goal(struct mlr *m, const struct xd_search_goal *goal)
{
	struct bounds b = {0};
	int rc = 0;

	for (unsigned pass = 0; pass < PASSES && !rc; pass++) {
		struct xd_search_goal g = goal_of_pass(goal, pass);

		rc = settle(m, &g, goal->duration_sum_s * (pass + 1 == PASSES ? 1 : 2), &b);
	}
	return rc;
}

/* The first three loads: the maximum, what was forwarded of it, and what was of that. */
static int
initial_trials(struct mlr *m)
{
	double pps = m->rule->max_pps, time_s = m->rule->goals[0].initial_trial_s;

	for (unsigned i = 1; i < m->rule->nb_goals; i++)
		time_s = fmin(time_s, m->rule->goals[i].initial_trial_s);
	for (unsigned i = 0; i < 3; i++) {
		struct load *load = find_load(m, pps);
		struct xd_search_outcome out;
		int rc;

		if (!load)
			return -ENOMEM;
		m->bench->left(m->bench->ctx, m->left_s, (unsigned)ceil(m->left_s / time_s));
		rc = try_load(m, load, time_s, &out);
		if (rc)
			return rc;
		if (out.is_void)
			break;
		m->guess_pps = fmax(pps * (1 - out.loss_ratio), m->rule->min_pps);
		if (out.loss_ratio <= 0 || m->guess_pps >= pps)
			break;
		pps = m->guess_pps;
	}
	return 0;
}

static bool
is_stricter(const struct xd_search_goal *a, const struct xd_search_goal *b)
{
	if (a->loss_ratio < b->loss_ratio || a->loss_ratio > b->loss_ratio)
		return a->loss_ratio < b->loss_ratio;
	return a->exceed_ratio < b->exceed_ratio;
}

/* Numbers of the goals, strictest first. */
static void
sort_goals(const struct xd_mlr_rule *rule, unsigned *order)
{
	for (unsigned i = 0; i < rule->nb_goals; i++) {
		unsigned at = i;

		while (at && is_stricter(&rule->goals[i], &rule->goals[order[at - 1]])) {
			order[at] = order[at - 1];
			at--;
		}
		order[at] = i;
	}
}

/* Of a search that was cut short: bounds that are still missing, from the passes before. */
static void
fill_coarse(const struct mlr *m, const struct xd_search_goal *goal, struct xd_mlr_result *r)
{
	for (unsigned pass = PASSES - 1; pass-- > 0;) {
		struct xd_search_goal g = goal_of_pass(goal, pass);
		struct bounds b = find_bounds(m, &g);

		if (!r->upper_pps && b.upper > r->lower_pps) {
			r->upper_pps = b.upper;
			r->coarse = true;
		}
		if (!r->lower_pps && b.lower && (!r->upper_pps || b.lower < r->upper_pps)) {
			r->lower_pps = b.lower;
			r->coarse = true;
		}
	}
}

static struct xd_mlr_result
goal_result(const struct mlr *m, const struct xd_search_goal *goal, bool cut_short)
{
	struct bounds b = find_bounds(m, goal);
	struct xd_mlr_result r = {.lower_pps = b.lower, .upper_pps = b.upper};

	r.regular = b.lower && b.upper && is_near(goal, b.lower, b.upper);
	if (b.at)
		r.throughput_pps = xd_mlr_throughput(goal, b.lower, b.at->trials, b.at->n);
	for (unsigned i = 0; b.at && i < b.at->n; i++)
		if (b.at->trials[i].time_s >= goal->final_trial_s) {
			r.trial = b.at->trials[i].number;
			r.trial_s = b.at->trials[i].time_s;
		}
	if (cut_short && !r.regular)
		fill_coarse(m, goal, &r);
	return r;
}

static int
seek_goals(struct mlr *m, const unsigned *order)
{
	const struct xd_mlr_rule *rule = m->rule;
	int rc = 0;

	for (unsigned i = 0; i < rule->nb_goals && !rc; i++) {
		m->left_s -= 2 * rule->goals[order[i]].duration_sum_s;
		rc = seek_goal(m, &rule->goals[order[i]]);
	}
	m->left_s = 0;
	for (unsigned round = 0; round < ROUNDS && rule->nb_goals > 1; round++)
		for (unsigned i = 0; i < rule->nb_goals && !rc; i++) {
			const struct xd_search_goal *goal = &rule->goals[order[i]];
			struct bounds b = find_bounds(m, goal);

			rc = settle(m, goal, goal->duration_sum_s, &b);
		}
	return rc;
}

int
xd_search_mlr(const struct xd_search_bench *bench, const struct xd_mlr_rule *rule,
	struct xd_mlr_found *found)
{
	struct mlr m = {
		.bench = bench, .rule = rule, .void_pps = INFINITY, .guess_pps = rule->max_pps};
	unsigned order[XD_SEARCH_GOALS_MAX] = {0};
	int rc;

	*found = (struct xd_mlr_found){0};
	sort_goals(rule, order);
	for (unsigned i = 0; i < rule->nb_goals; i++)
		m.left_s += 2 * rule->goals[i].duration_sum_s;
	rc = initial_trials(&m);
	if (!rc)
		rc = seek_goals(&m, order);
	for (unsigned i = 0; i < rule->nb_goals; i++)
		found->goals[i] = goal_result(&m, &rule->goals[i], rc != 0);
	if (isfinite(m.void_pps))
		found->void_pps = m.void_pps;
	for (unsigned i = 0; i < m.nb_loads; i++)
		free(m.loads[i].trials);
	free(m.loads);
	return rc;
}

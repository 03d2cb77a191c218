/* SPDX-License-Identifier: BSD-3-Clause */
/* The search engine: checks what was asked for, then runs the method at each size. */
#include <errno.h>
#include <stdlib.h>

#include "traffic/engine/search/methods.h"
#include "traffic/engine/search/missing.h"

#define REPEATS_MAX 100000

/* The search at one size. */
static int
run_size(struct xd_gen *gen, const struct xd_search_opts *opts, unsigned i, unsigned n,
	struct xd_error *err)
{
	struct xd_search_run run = {.settle_s = xd_search_settle_s(opts)};
	int rc = xd_search_run_init(&run, gen, opts, &opts->traffic, i, n, err);

	if (!rc)
		rc = xd_search_run_method(&run);
	/* That time is up has been said in the rows. */
	if (rc == -ETIME && run.timed_out)
		rc = 0;
	xd_search_run_fini(&run);
	return rc;
}

static int
check_goals(const struct xd_search_opts *opts, struct xd_error *err)
{
	if (opts->nb_goals > XD_SEARCH_GOALS_MAX)
		return xd_fail(err, -EINVAL, "%u goals are too many; give at most %u",
			opts->nb_goals, XD_SEARCH_GOALS_MAX);
	for (unsigned i = 0; i < opts->nb_goals; i++) {
		const struct xd_search_goal *g = &opts->goals[i];

		if (!(g->loss_ratio >= 0 && g->loss_ratio < 1 && g->exceed_ratio >= 0 &&
			    g->exceed_ratio < 1 && g->width > 0 && g->width < 1 &&
			    g->initial_trial_s > 0 && g->final_trial_s >= g->initial_trial_s &&
			    g->duration_sum_s > 0))
			return xd_fail(err, -EINVAL,
				"goal %s: give loss and exceed from 0 to under 100%%, width over "
				"0, "
				"times over 0 and initial no longer than final",
				g->name);
	}
	return 0;
}

static int
check(const struct xd_search_opts *opts, struct xd_error *err)
{
	if (!(opts->final_s > 0 && opts->trial_s >= 0 && opts->latency_s >= 0 &&
		    opts->settle_s >= 0 && opts->timeout_s >= 0))
		return xd_fail(
			err, -EINVAL, "a trial of %g s; give --final more than 0", opts->final_s);
	if (!(opts->resolution > 0 && opts->resolution < 1))
		return xd_fail(err, -EINVAL,
			"resolution %g%%; give more than 0 and less than 100%%",
			opts->resolution * 100);
	if (opts->repeat > REPEATS_MAX)
		return xd_fail(
			err, -EINVAL, "%u repeats; give at most %d", opts->repeat, REPEATS_MAX);
	if (opts->traffic.capture && opts->traffic.replay == XD_REPLAY_OWN_TIMES)
		return xd_fail(err, -EINVAL,
			"a search sets the rate itself, it cannot keep a capture's own times; "
			"replay it at a rate");
	if (opts->traffic.pattern == XD_PATTERN_SEND)
		return xd_fail(err, -EINVAL,
			"with --pattern send nothing is received, so no loss can be seen; give "
			"another "
			"--pattern");
	return check_goals(opts, err);
}

int
xd_search_run(struct xd_gen *gen, const struct xd_search_opts *opts, struct xd_error *err)
{
	struct xd_search_opts *mine;
	struct xd_error own = {0};
	unsigned n;
	int rc;

	if (!err)
		err = &own;
	rc = check(opts, err);
	if (rc)
		return rc;
	mine = malloc(sizeof(*mine));
	if (!mine)
		return xd_fail(err, -ENOMEM, "no memory for a search");
	*mine = *opts;
	if (!mine->nb_goals) {
		mine->nb_goals = 2;
		xd_search_goal_parse("ndr", &mine->goals[0], NULL);
		xd_search_goal_parse("pdr", &mine->goals[1], NULL);
	}
	if (mine->method == XD_SEARCH_LATENCY || mine->method == XD_SEARCH_PROFILE)
		mine->traffic.every = 1;
	n = mine->traffic.capture ? 1 : mine->traffic.sizes.n;
	for (unsigned i = 0; i < n && !rc; i++)
		rc = run_size(gen, mine, i, n, err);
	free(mine);
	return rc;
}

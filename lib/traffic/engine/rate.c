/* SPDX-License-Identifier: BSD-3-Clause */
/* The rate engine: a trial (trial.h) for each size, again and again, and its row. */
#include <errno.h>

#include "traffic/engine/rate.h"
#include "traffic/trial/trial.h"

const struct xd_engine xd_rate_engine = {.name = "rate"};

static int
run_trial(struct xd_gen *gen, const struct xd_rate_opts *opts, struct xd_trial *trial,
	unsigned number, struct xd_error *err)
{
	struct xd_trial_load load = {
		.pps = xd_trial_asked_pps(trial),
		.time_s = opts->time_s,
		.warmup_s = opts->warmup_s,
		.frames = opts->count,
		.what = "measuring",
	};
	struct xd_row row;
	int rc = xd_trial_run(trial, &load, &row, err);

	row.engine = &xd_rate_engine;
	row.trial = number;
	/* What ended before it began is no row. */
	if (rc && row.time_s <= 0)
		return rc;
	return xd_gen_keep_row(gen, &row, rc, err);
}

int
xd_rate_run(struct xd_gen *gen, const struct xd_rate_opts *opts, struct xd_error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < opts->traffic.sizes.n && !rc; i++) {
		struct xd_trial *trial = xd_trial_create(gen, &opts->traffic, i, 0, err);

		if (!trial)
			return err->code ? err->code : -EINVAL;
		for (unsigned number = 1; number <= opts->trials && !rc; number++)
			rc = run_trial(gen, opts, trial, number, err);
		xd_trial_destroy(trial);
	}
	return rc;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bench of the searches: real trials (trial.h), each counted as a row. It repeats void trials,
 * keeps the time, and says how far the search has come.
 *
 * One for the search at one size. One thread.
 */
#ifndef XD_TRAFFIC_ENGINE_SEARCH_BENCH_H
#define XD_TRAFFIC_ENGINE_SEARCH_BENCH_H

#include "traffic/engine/search/rules.h"
#include "traffic/engine/search/search.h"
#include "traffic/trial/trial.h"

struct xd_search_run {
	struct xd_gen *gen;  /* the caller's */
	struct xd_gen quiet; /* the same for trials: their progress is a part of the search's */
	const struct xd_search_opts *opts;
	const struct xd_traffic_opts *traffic;
	struct xd_trial *trial;
	struct xd_search_bench bench;
	struct xd_error *err;
	double settle_s;     /* after each trial */
	double start_s;      /* of the monotonic clock */
	unsigned void_loads; /* that were given up */
	double void_pps;     /* the lowest of them */
	bool timed_out;

	unsigned n, room; /* trials so far */
	struct xd_row *rows;

	/* Progress. */
	double base, end; /* of the whole run's: this size's */
	double spent_s;   /* of trials, and waits after them */
	double left_s;    /* expected, with the trial that runs */
	double later_s;   /* expected after the rule that runs */
	double now_s;     /* the trial that runs, and its wait */
	double shown;     /* share, never falling */
	char what[96];
};

/* Prepares to try loads with the mix; size i of n, for progress. run is zeroed before. Errors as
 * xd_trial_create's. xd_search_run_fini accepts one of zeroes. */
int xd_search_run_init(struct xd_search_run *run, struct xd_gen *gen,
	const struct xd_search_opts *opts, const struct xd_traffic_opts *traffic, unsigned i,
	unsigned n, struct xd_error *err);
void xd_search_run_fini(struct xd_search_run *run);

/* Seconds since the search began. */
double xd_search_run_elapsed(const struct xd_search_run *run);

#endif

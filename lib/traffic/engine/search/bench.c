/* SPDX-License-Identifier: BSD-3-Clause */
/* Trials as a search asks for them: each is run, repeated when it is void, counted as a row, and
 * held against the time that is left. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "traffic/engine/search/bench.h"
#include "traffic/engine/search/wait.h"

#define TRIES_MAX 4     /* of a load that turns out void */
#define LATE_S    0.001 /* frames that are so late at the end of a trial may still be unsent */

static double
seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double
xd_search_run_elapsed(const struct xd_search_run *run)
{
	return seconds_now() - run->start_s;
}

/* share: of the trial that runs. */
static void
progress(void *ctx, const char *what, double share)
{
	struct xd_search_run *run = ctx;
	double spent = run->spent_s + share * run->now_s;
	double left = fmax(run->left_s, run->now_s) + run->later_s - share * run->now_s;
	double of_size = spent + left > 0 ? spent / (spent + left) : 0;

	(void)what;
	of_size = run->base + (run->end - run->base) * of_size;
	run->shown = fmax(run->shown, fmin(of_size, run->end));
	xd_gen_progress(run->gen, run->what, run->shown);
}

static void
left(void *ctx, double seconds, unsigned trials)
{
	struct xd_search_run *run = ctx;

	run->left_s = seconds + trials * run->settle_s;
}

/* Frames that should have been sent and were not because the switch did not take them. For a loss
 * ratio they are lost (RFC 9971, "Measurer"). */
static double
unsent_frames(const struct xd_search_run *run, const struct xd_search_load *load,
	const struct xd_row *row)
{
	double senders = xd_trial_senders(run->trial);
	double planned = (double)row->rate.sent_frames, slack = 0;

	if (load->frames) {
		planned = (double)load->frames * senders;
	} else if (load->pps > 0) {
		planned = load->pps * row->time_s * senders;
		slack = senders * (1 + load->pps * LATE_S);
	}
	planned -= (double)(row->rate.sent_frames + row->pacing.missed_frames);
	if (planned <= slack)
		planned = 0;
	return fmax(planned, load->pps > 0 ? (double)row->pacing.skipped_frames : 0);
}

static double
loss_ratio(const struct xd_search_run *run, const struct xd_search_load *load,
	const struct xd_row *row)
{
	double lost = (double)row->rate.lost_frames, due;
	double sent = (double)row->rate.sent_frames, unsent;

	due = (double)row->rate.received_frames + lost;
	/* Duplicates must not make up for losses. */
	if (row->tracked)
		lost = fmax(lost, (double)row->flow_figures.lost);
	unsent = unsent_frames(run, load, row);
	/* A broadcast frame is due at every other port. */
	if (sent > 0)
		unsent *= due / sent;
	lost = fmax(lost, 0) + unsent;
	due += unsent;
	return due > 0 ? fmin(lost / due, 1) : 1;
}

static int
keep_row(struct xd_search_run *run, const struct xd_row *row)
{
	if (run->n == run->room) {
		unsigned room = run->room ? run->room * 2 : 32;
		struct xd_row *rows = realloc(run->rows, room * sizeof(*rows));

		if (!rows)
			return xd_fail(run->err, -ENOMEM, "no memory for a row");
		run->rows = rows;
		run->room = room;
	}
	run->rows[run->n++] = *row;
	return 0;
}

/* Hands the trial's row over. */
static int
finish_row(struct xd_search_run *run, const struct xd_search_load *load, struct xd_row *row,
	double ratio)
{
	struct xd_search_figures *f = &row->search;
	int rc;

	row->engine = &xd_search_engine;
	row->trial = run->n + 1;
	f->is_trial = true;
	snprintf(f->method, sizeof(f->method), "%s", xd_search_method_name(run->opts->method));
	f->loss_ratio = ratio;
	f->trial_s = load->time_s;
	f->burst_frames = load->frames;
	f->trials = row->trial;
	f->total_s = xd_search_run_elapsed(run);
	if (load->pps <= 0 && !load->frames)
		snprintf(row->name, sizeof(row->name), "as fast as it goes");
	rc = keep_row(run, row);
	return rc ? rc : xd_gen_keep_row(run->gen, row, 0, run->err);
}

static int
check_time(struct xd_search_run *run, double time_s)
{
	double limit = run->opts->timeout_s;

	if (xd_gen_cancelled(run->gen))
		return xd_fail(run->err, -EINTR, "interrupted");
	if (limit <= 0 || xd_search_run_elapsed(run) + time_s <= limit)
		return 0;
	run->timed_out = true;
	return -ETIME;
}

static int
run_once(struct xd_search_run *run, const struct xd_search_load *load, struct xd_row *row,
	double *ratio)
{
	struct xd_trial_load trial_load = {.pps = load->pps,
		.time_s = load->time_s,
		.frames = load->frames,
		.what = "measuring"};
	int rc, kept;

	rc = xd_trial_run(run->trial, &trial_load, row, run->err);
	if (rc && row->time_s <= 0)
		return rc;
	*ratio = loss_ratio(run, load, row);
	kept = finish_row(run, load, row, *ratio);
	return rc ? rc : kept;
}

/* A void trial is repeated; how a load that stays void is taken is the rule's business. */
static int
try_load(void *ctx, const struct xd_search_load *load, struct xd_search_outcome *out)
{
	struct xd_search_run *run = ctx;
	struct xd_row row = {0};
	double ratio = 0;
	int rc = 0;

	run->now_s = load->time_s + run->settle_s;
	for (unsigned i = 0; i < TRIES_MAX && !rc && (!i || row.is_void); i++) {
		rc = check_time(run, load->time_s);
		if (rc)
			return rc;
		if (load->pps > 0)
			snprintf(run->what, sizeof(run->what), "%s: trial %u, %.6g pps",
				xd_search_method_name(run->opts->method), run->n + 1, load->pps);
		else
			snprintf(run->what, sizeof(run->what), "%s: trial %u, as fast as it goes",
				xd_search_method_name(run->opts->method), run->n + 1);
		progress(run, NULL, 0);
		memset(&row, 0, sizeof(row));
		rc = run_once(run, load, &row, &ratio);
		if (!rc && xd_search_wait(run->gen, run->settle_s))
			rc = xd_fail(run->err, -EINTR, "interrupted");
		run->spent_s += run->now_s;
		run->left_s = fmax(run->left_s - run->now_s, 0);
	}
	run->now_s = 0;
	if (rc)
		return rc;
	*out = (struct xd_search_outcome){.loss_ratio = ratio,
		.forwarded_pps = load->pps * (1 - ratio),
		.is_void = row.is_void,
		.trial = run->n};
	if (row.is_void)
		run->void_pps = run->void_loads++ ? fmin(run->void_pps, load->pps) : load->pps;
	return 0;
}

int
xd_search_run_init(struct xd_search_run *run, struct xd_gen *gen, const struct xd_search_opts *opts,
	const struct xd_traffic_opts *traffic, unsigned i, unsigned n, struct xd_error *err)
{
	run->gen = gen;
	run->quiet = *gen;
	run->quiet.progress = progress;
	run->quiet.ctx = run;
	run->opts = opts;
	run->traffic = traffic;
	run->err = err;
	run->bench = (struct xd_search_bench){.run = try_load, .left = left, .ctx = run};
	run->base = run->shown = (double)i / n;
	run->end = (i + 1.0) / n;
	run->start_s = seconds_now();
	snprintf(run->what, sizeof(run->what), "preparing");
	run->trial = xd_trial_create(&run->quiet, traffic, i, 0, err);
	return run->trial ? 0 : (err && err->code ? err->code : -EINVAL);
}

void
xd_search_run_fini(struct xd_search_run *run)
{
	xd_trial_destroy(run->trial);
	free(run->rows);
	memset(run, 0, sizeof(*run));
}

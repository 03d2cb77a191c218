/* SPDX-License-Identifier: BSD-3-Clause */
/* The latency engine: for each size and trial a row of round trips (round_trip.c), or of a trial on
 * a schedule (trial.h) with its times. */
#include <errno.h>
#include <string.h>

#include "traffic/engine/latency.h"
#include "traffic/engine/round_trip.h"

const struct xd_engine xd_latency_engine = {.name = "latency"};

/* What is being measured: one size. */
struct probe {
	struct xd_gen *gen;
	const struct xd_latency_opts *opts;
	struct xd_trial *trial;
	struct xd_histogram *histogram; /* ns; one at a time */
};

static void
fill(const struct probe *p, const struct xd_round_trips *trips, struct xd_row *row)
{
	struct xd_latency_figures *f = &row->latency;

	row->timed = true;
	f->way = XD_TIMES_ROUND_TRIP;
	f->count = trips->count;
	f->lost = trips->lost;
	xd_times_of(&f->actual, p->histogram);
	f->half_mean_ns = f->actual.mean_ns / 2;
	f->jitter = f->actual.p50_ns > 0 ? f->actual.p99_ns / f->actual.p50_ns : 0;
}

/* Round trips, one at a time. */
static int
one_at_a_time(struct probe *p, struct xd_row *row, struct xd_error *err)
{
	struct xd_round_trips_opts opts = {.time_s = p->opts->warmup_s, .what = "warm-up"};
	struct xd_round_trips trips;
	struct xd_surroundings before;
	int rc = xd_trial_ready(p->trial, err);

	memset(row, 0, sizeof(*row));
	if (!rc)
		rc = xd_round_trips(p->gen, &opts, NULL, &trips, err);
	if (rc)
		return rc;
	opts = (struct xd_round_trips_opts){
		.time_s = p->opts->time_s,
		.count = p->opts->count,
		.what = "measuring",
	};
	xd_histogram_reset(p->histogram);
	xd_gen_look_before(p->gen, &before);
	rc = xd_round_trips(p->gen, &opts, p->histogram, &trips, err);
	row->time_s = trips.elapsed_s;
	row->partial = rc != 0;
	if (row->time_s > 0)
		xd_gen_look_after(p->gen, &before, row);
	xd_trial_describe(p->trial, row);
	fill(p, &trips, row);
	return rc;
}

/* On a schedule. */
static int
loaded(struct probe *p, struct xd_row *row, struct xd_error *err)
{
	struct xd_trial_load load = {
		.pps = xd_trial_asked_pps(p->trial),
		.time_s = p->opts->time_s,
		.warmup_s = p->opts->warmup_s,
		.frames = p->opts->count,
		.what = "measuring",
	};

	return xd_trial_run(p->trial, &load, row, err);
}

static int
run_size(struct probe *p, struct xd_error *err)
{
	bool paced = xd_trial_asked_pps(p->trial) > 0;
	int rc = 0;

	for (unsigned number = 1; number <= p->opts->trials && !rc; number++) {
		struct xd_row row;

		rc = paced ? loaded(p, &row, err) : one_at_a_time(p, &row, err);
		row.engine = &xd_latency_engine;
		row.trial = number;
		if (rc && row.time_s <= 0) /* it ended before it began */
			return rc;
		rc = xd_gen_keep_row(p->gen, &row, rc, err);
	}
	return rc;
}

/* The traffic of such a run: both ends send, by themselves or what they get. */
static int
traffic_of(const struct xd_gen *gen, const struct xd_latency_opts *opts,
	struct xd_traffic_opts *traffic, struct xd_error *err)
{
	bool paced = opts->traffic.rate.kind != XD_RATE_MAX;
	bool reflected = opts->traffic.pattern == XD_PATTERN_REFLECT;

	*traffic = opts->traffic;
	if (gen->nb_ports > 2 || (gen->nb_ports == 1 && !reflected))
		return xd_fail(err, -EINVAL,
			"latency needs two ports (or one with --pattern reflect), not %u",
			gen->nb_ports);
	if (opts->way == XD_WAY_ONE && (!paced || reflected))
		return xd_fail(err, -EINVAL,
			"--way one-way needs %s: one frame at a time makes round trips",
			paced ? "two ports" : "--rate");
	if (paced) {
		traffic->echo = opts->way == XD_WAY_ROUND_TRIP && !reflected;
		traffic->every = traffic->every ? traffic->every : 1;
	} else {
		traffic->direction = XD_DIRECTION_BOTH;
		traffic->every = 0;
	}
	return 0;
}

int
xd_latency_run(struct xd_gen *gen, const struct xd_latency_opts *opts, struct xd_error *err)
{
	struct probe p = {.gen = gen, .opts = opts};
	struct xd_traffic_opts traffic;
	int rc = traffic_of(gen, opts, &traffic, err);

	if (rc)
		return rc;
	p.histogram = xd_histogram_create();
	if (!p.histogram)
		return xd_fail(err, -ENOMEM, "no memory for a histogram");
	for (unsigned i = 0; i < traffic.sizes.n && !rc; i++) {
		p.trial = xd_trial_create(gen, &traffic, i, 0, err);
		rc = p.trial ? run_size(&p, err) : err->code ? err->code : -EINVAL;
		xd_trial_destroy(p.trial);
	}
	xd_histogram_destroy(p.histogram);
	return rc;
}

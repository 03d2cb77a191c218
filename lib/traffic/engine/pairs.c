/* SPDX-License-Identifier: BSD-3-Clause */
/* The pairs engine: which numbers of ports there are to run, a trial for each, the share of each
 * pair in it, and Jain's index of fairness. */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "traffic/engine/pairs.h"
#include "traffic/engine/round_trip.h"
#include "traffic/frames/capture.h"
#include "traffic/trial/trial.h"

#define UNLOADED_S  1.0  /* of round trips, at most */
#define ESTIMATE_S  0.1  /* to find out how many frames a sender gets through, at most */
#define TIMED_ABOUT 1024 /* one frame in so many, as long as that is not known */

#define FIGURE(kind, field, ...)                                                                   \
	{                                                                                          \
#field, kind, .offset = offsetof(struct xd_row, pairs.field), __VA_ARGS__          \
	}
#define OR_NULL .or_null = true

static bool
get_jain(const struct xd_row *row, double *value)
{
	*value = row->pairs.jain;
	return row->pairs.jain > 0;
}

static const struct xd_figure figures[] = {
	FIGURE(XD_FIGURE_UNSIGNED, vms),
	FIGURE(XD_FIGURE_UNSIGNED, pairs),
	FIGURE(XD_FIGURE_FLAG, is_baseline),
	FIGURE(XD_FIGURE_REAL, jain, OR_NULL),
	FIGURE(XD_FIGURE_REAL, min_pps),
	FIGURE(XD_FIGURE_REAL, mean_pps),
	FIGURE(XD_FIGURE_REAL, max_pps),
	FIGURE(XD_FIGURE_REAL, of_baseline, OR_NULL),
	FIGURE(XD_FIGURE_TIMES, unloaded),
	{0},
};

const struct xd_engine xd_pairs_engine = {
	.name = "pairs",
	.section = "pairs",
	.figures = figures,
	.conditions = (const struct xd_condition_figure[]){{"jain", get_jain}, {NULL, NULL}},
};

/* One trial at one size, and what goes from run to run in it. */
struct run {
	struct xd_gen *gen;
	const struct xd_pairs_opts *opts;
	struct xd_traffic_opts traffic; /* theirs, with what each run needs */
	unsigned mix, trial;
	unsigned nb_counts;
	unsigned counts[XD_GEN_PORTS_MAX];
	double asked_pps;    /* of each sender; 0: as many as go */
	double baseline_pps; /* of the single pair, both ways; 0: not known */
	struct xd_times unloaded;
};

double
xd_pairs_jain(const double *x, unsigned n)
{
	double sum = 0, squares = 0;

	for (unsigned i = 0; i < n; i++) {
		sum += x[i];
		squares += x[i] * x[i];
	}
	return squares > 0 ? sum * sum / (n * squares) : 0;
}

void
xd_pairs_fill(struct xd_pairs_figures *f, const double *pps, unsigned n, double baseline_pps)
{
	double sum = 0;

	f->pairs = n;
	f->jain = xd_pairs_jain(pps, n);
	f->min_pps = n ? INFINITY : 0;
	f->max_pps = 0;
	for (unsigned i = 0; i < n; i++) {
		sum += pps[i];
		f->min_pps = fmin(f->min_pps, pps[i]);
		f->max_pps = fmax(f->max_pps, pps[i]);
	}
	f->mean_pps = n ? sum / n : 0;
	f->of_baseline = baseline_pps > 0 ? sum / baseline_pps : 0;
}

/* ---- What there is to run ---- */

static int
check_count(const struct run *r, unsigned n, struct xd_error *err)
{
	if (n > r->gen->nb_ports)
		return xd_fail(err, -EINVAL,
			"%u VMs at once take %u ports, and %u were given; give --port more often",
			n, n, r->gen->nb_ports);
	if (n < 2)
		return xd_fail(err, -EINVAL, "%u VMs at once: 2 to %u", n, r->gen->nb_ports);
	if (r->traffic.pattern == XD_PATTERN_PAIRS && n % 2)
		return xd_fail(err, -EINVAL,
			"%u VMs do not make pairs; give an even number, or --pattern fan-in", n);
	return 0;
}

static int
choose_counts(struct run *r, struct xd_error *err)
{
	unsigned ports = r->gen->nb_ports;
	int rc = 0;

	r->nb_counts = r->opts->nb_counts;
	for (unsigned i = 0; i < r->nb_counts && !rc; i++) {
		r->counts[i] = r->opts->counts[i];
		rc = check_count(r, r->counts[i], err);
	}
	if (r->nb_counts || rc)
		return rc;
	for (unsigned n = 2; n <= ports; n += 2)
		r->counts[r->nb_counts++] = n;
	if (ports % 2 && r->traffic.pattern == XD_PATTERN_FAN_IN)
		r->counts[r->nb_counts++] = ports;
	return 0;
}

static int
check(const struct run *r, struct xd_error *err)
{
	const struct xd_traffic_opts *t = &r->traffic;

	if (r->gen->nb_ports < 2)
		return xd_fail(err, -EINVAL, "pairs needs two ports or more; give --port twice");
	if (t->pattern != XD_PATTERN_PAIRS && t->pattern != XD_PATTERN_FAN_IN)
		return xd_fail(err, -EINVAL,
			"pairs goes between pairs or from all to one, not as %s; give --pattern "
			"pairs or fan-in",
			xd_pattern_name(t->pattern));
	if (t->pattern == XD_PATTERN_FAN_IN && t->capture)
		return xd_fail(err, -EINVAL,
			"fan-in counts what arrives of each sender, which the frames of a capture "
			"do not tell; give --pattern pairs");
	return 0;
}

/* ---- A run ---- */

/* Times one frame in so many that about latency_pps of each sender are. */
static void
choose_every(struct run *r, double sender_pps)
{
	double every = sender_pps / r->opts->latency_pps;

	if (r->opts->latency_pps <= 0 || r->traffic.capture)
		return;
	r->traffic.every = every < 1            ? 1
			   : every > UINT32_MAX ? UINT32_MAX
						: (uint32_t)lround(every);
}

/* What each pair got, or in a fan-in each sender; returns how many there are. */
static unsigned
shares(const struct run *r, const struct xd_trial *trial, const struct xd_row *row, unsigned vms,
	double *pps)
{
	const struct xd_port_figures *ports = row->rate.ports;
	uint64_t frames = row->rate.received_frames;

	if (r->traffic.pattern == XD_PATTERN_PAIRS) {
		for (unsigned i = 0; i < vms / 2; i++)
			pps[i] = ports[2 * i].received_pps + ports[2 * i + 1].received_pps;
		return vms / 2;
	}
	/* Of what came within the time, the senders' shares are those of what came at all. */
	for (unsigned i = 1; i < vms; i++)
		pps[i - 1] = frames ? row->rate.pps * (double)xd_trial_delivered(trial, i) /
					      (double)frames
				    : 0;
	return vms - 1;
}

static int
run(struct run *r, unsigned vms, double time_s, double warmup_s, struct xd_row *row,
	struct xd_error *err)
{
	struct xd_trial_load load = {.pps = r->asked_pps, .time_s = time_s, .warmup_s = warmup_s};
	struct xd_trial *trial = xd_trial_create(r->gen, &r->traffic, r->mix, vms, err);
	double pps[XD_GEN_PORTS_MAX];
	char what[32];
	int rc;

	if (!trial)
		return err && err->code ? err->code : -EINVAL;
	snprintf(what, sizeof(what), "%u ports at once", vms);
	load.what = what;
	rc = xd_trial_run(trial, &load, row, err);
	row->engine = &xd_pairs_engine;
	row->trial = r->trial;
	row->pairs.vms = vms;
	row->pairs.unloaded = r->unloaded;
	xd_pairs_fill(&row->pairs, pps, shares(r, trial, row, vms, pps), r->baseline_pps);
	xd_trial_destroy(trial);
	return rc;
}

/* A run whose row counts, unless it ended before anything was measured. */
static int
run_row(struct run *r, unsigned vms, struct xd_row *row, struct xd_error *err)
{
	int rc;

	*row = (struct xd_row){0};
	rc = run(r, vms, r->opts->time_s, r->opts->warmup_s, row, err);
	if (vms == 2) {
		row->pairs.is_baseline = true;
		row->pairs.of_baseline = row->rate.pps > 0 ? 1 : 0;
	}
	return rc && row->time_s <= 0 ? rc : xd_gen_keep_row(r->gen, row, rc, err);
}

static double
sender_pps(const struct xd_row *row)
{
	unsigned senders = row->pattern == XD_PATTERN_PAIRS && row->direction == XD_DIRECTION_ONE
				   ? row->pairs.vms / 2
			   : row->pattern == XD_PATTERN_FAN_IN ? row->pairs.vms - 1
							       : row->pairs.vms;

	return senders ? row->rate.sent_pps / senders : 0;
}

/* How many frames a second the single pair is about to send. */
static int
estimate(struct run *r, struct xd_error *err)
{
	double time_s = fmin(r->opts->time_s, ESTIMATE_S);
	struct xd_row row = {0};
	int rc;

	if (r->opts->latency_pps <= 0 || r->traffic.capture)
		return 0;
	if (r->asked_pps > 0) {
		choose_every(r, r->asked_pps);
		return 0;
	}
	r->traffic.every = TIMED_ABOUT;
	rc = run(r, 2, time_s, 0, &row, err);
	if (!rc)
		choose_every(r, sender_pps(&row));
	return rc;
}

/* The single pair, then so many ports at once as were asked for. */
static int
run_counts(struct run *r, struct xd_error *err)
{
	struct xd_row row;
	double baseline_sender_pps;
	int rc = run_row(r, 2, &row, err);

	if (rc)
		return rc;
	r->baseline_pps = row.is_void ? 0 : row.rate.pps;
	baseline_sender_pps = sender_pps(&row);
	for (unsigned i = 0; i < r->nb_counts && !rc; i++) {
		unsigned vms = r->counts[i];

		if (vms == 2) /* is the single pair */
			continue;
		/* A switch that was busy with one pair gives each of several a part of that. */
		if (r->asked_pps <= 0)
			choose_every(r, r->traffic.pattern == XD_PATTERN_PAIRS
						? baseline_sender_pps / (vms / 2)
						: baseline_sender_pps / (vms - 1));
		rc = run_row(r, vms, &row, err);
	}
	return rc;
}

static int
run_trial(struct run *r, struct xd_error *err)
{
	const struct xd_traffic_opts *t = &r->opts->traffic;
	double mean_bytes = t->capture ? xd_capture_list(t->capture)->mean_len
				       : xd_size_mix_mean(&t->sizes.mix[r->mix]);
	int rc = 0;

	r->asked_pps = xd_rate_limit_pps(&t->rate, mean_bytes, t->line_rate_bps);
	r->baseline_pps = 0;
	r->unloaded = (struct xd_times){0};
	if (!t->capture) /* whose frames the other end could not send back */
		rc = xd_round_trips_unloaded(
			r->gen, t, r->mix, fmin(UNLOADED_S, r->opts->time_s), &r->unloaded, err);
	if (!rc)
		rc = estimate(r, err);
	return rc ? rc : run_counts(r, err);
}

int
xd_pairs_run(struct xd_gen *gen, const struct xd_pairs_opts *opts, struct xd_error *err)
{
	struct run r = {.gen = gen, .opts = opts, .traffic = opts->traffic};
	unsigned mixes = opts->traffic.capture ? 1 : opts->traffic.sizes.n;
	int rc = check(&r, err);

	if (!rc)
		rc = choose_counts(&r, err);
	/* Of all that comes to one port, only flows tell whose it was. */
	if (opts->traffic.pattern == XD_PATTERN_FAN_IN)
		r.traffic.track = true;
	for (r.mix = 0; r.mix < mixes && !rc; r.mix++)
		for (r.trial = 1; r.trial <= opts->trials && !rc; r.trial++)
			rc = run_trial(&r, err);
	return rc;
}

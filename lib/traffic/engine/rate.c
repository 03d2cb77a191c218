/* SPDX-License-Identifier: BSD-3-Clause */
/* The rate engine: a trial (trial.h) for each size, again and again, and its row; with a link, of
 * two ends that go through it in step. */
#include <errno.h>
#include <stdio.h>

#include "traffic/engine/rate.h"
#include "traffic/trial/trial.h"

const struct xd_engine xd_rate_engine = {.name = "rate"};

#define REACHED   0.995 /* of the rate asked for: as trial_figures.c has them */
#define LOST_MUCH 0.01  /* of the frames */

/* ---- Two ends ---- */

static int
listen(void *ctx, double seconds, struct xd_error *err)
{
	return xd_gen_listen(ctx, seconds, err);
}

struct end {
	struct xd_gen *gen;
	const struct xd_message_link *link;
	double time_s; /* an end that has sent all its frames waits for the other's */
};

static int
meet(void *ctx, enum xd_trial_stage stage, struct xd_error *err)
{
	static const enum xd_message_point points[] = {
		[XD_TRIAL_SETTLED] = XD_MESSAGE_QUIET,
		[XD_TRIAL_COUNTED] = XD_MESSAGE_BEGIN,
		[XD_TRIAL_SENT] = XD_MESSAGE_END,
	};
	const struct end *e = ctx;

	return xd_message_meet_by(e->link, points[stage], e->time_s, listen, e->gen, err);
}

/* What neither end knows alone. Frames are counted where they were sent, and where they came. */
static void
merge(struct xd_row *row, const struct xd_row *far)
{
	const bool both = row->direction == XD_DIRECTION_BOTH;
	struct xd_rate_figures *f = &row->rate;
	const double senders = f->nb_ports / 2 * (both ? 2.0 : 1.0);
	double lost;

	f->lost_frames = (int64_t)(f->sent_frames - f->received_frames);
	lost = (double)f->lost_frames / (f->sent_frames ? (double)f->sent_frames : 1);
	if (f->asked_pps > 0 && f->sent_pps >= REACHED * f->asked_pps * senders &&
		lost <= LOST_MUCH)
		f->bottleneck = XD_BOTTLENECK_ASKED;
	else if (f->bottleneck != XD_BOTTLENECK_GENERATOR && lost > LOST_MUCH)
		f->bottleneck = XD_BOTTLENECK_RING_EMPTY;
	f->learned_frames += far->rate.learned_frames;
	if (far->is_void && !row->is_void) {
		row->is_void = true;
		snprintf(row->void_reason, sizeof(row->void_reason), "%s", far->void_reason);
	}
}

static int
swap(const struct xd_message_link *link, struct xd_row *row, int rc, struct xd_error *err)
{
	rc = xd_message_swap(link, row, rc, merge, err);
	if (!rc && link && !link->far && row->rate.sent_frames && !row->rate.received_frames) {
		row->partial = true;
		rc = xd_fail(err, -EHOSTUNREACH,
			"no frame reached the other end: are its ports in the same bridge and "
			"VLAN, and is the switch's worker running?");
	}
	return rc;
}

/* ---- Rows ---- */

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
		.meet = opts->link ? meet : NULL,
		.ctx = &(struct end){gen, opts->link, opts->time_s},
	};
	struct xd_row row;
	int rc = xd_trial_run(trial, &load, &row, err);

	row.engine = &xd_rate_engine;
	row.trial = number;
	/* What ended before it began is no row. */
	if (rc && row.time_s <= 0)
		return rc;
	rc = swap(opts->link, &row, rc, err);
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
		/* Both have said what addresses they have. */
		rc = xd_message_meet_by(opts->link, XD_MESSAGE_READY, 0, listen, gen, err);
		for (unsigned number = 1; number <= opts->trials && !rc; number++)
			rc = run_trial(gen, opts, trial, number, err);
		xd_trial_destroy(trial);
	}
	return rc;
}

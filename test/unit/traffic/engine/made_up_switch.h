/* SPDX-License-Identifier: BSD-3-Clause */
/* A switch that is made up: what it loses is a function of load and duration. For tests of the
 * searches' rules. */
#ifndef XD_TEST_MADE_UP_SWITCH_H
#define XD_TEST_MADE_UP_SWITCH_H

#include <errno.h>
#include <math.h>
#include <string.h>

#include "traffic/engine/search/rules.h"

struct made_up {
	double knee_pps;      /* it forwards so much; infinity: all */
	double long_knee_pps; /* the same in trials of long_s and more; 0: as knee_pps */
	double long_s;
	double soft_pps; /* from here on to the knee it loses up to soft_loss; 0: nothing */
	double soft_loss;
	double least_loss; /* at every load */
	double noise;      /* share of trials that lose noise_loss more, wherever they are */
	double noise_loss;
	double buffer_frames;            /* that it can hold of a burst */
	double burst_pps;                /* the rate within one */
	double bad_from_pps, bad_to_pps; /* in between everything is lost, */
	bool bad_is_void;                /* or cannot be offered */
	double void_pps;                 /* the generator cannot offer so much; 0: it can all */
	unsigned void_trial;             /* that is void; 0: none */
	unsigned cancel_at;              /* this trial ends with cancel_rc; 0: none */
	int cancel_rc;
	unsigned seed;

	/* What happened. */
	unsigned trials;
	double lowest_pps, highest_pps, total_s, last_s;
	double clean_pps, clean_s; /* the highest load that lost nothing, and for how long */
	unsigned needless;         /* trials of such a time at no higher load */
	bool lost[4096];           /* by the trial's number */
	double left_s;             /* as last told */
};

static inline double
made_up_random(struct made_up *sw)
{
	sw->seed = sw->seed * 1103515245u + 12345u;
	return (double)(sw->seed >> 16 & 0x7fff) / 0x8000;
}

static inline bool
is_bad(const struct made_up *sw, double pps)
{
	return pps > sw->bad_from_pps && pps < sw->bad_to_pps;
}

static inline double
made_up_loss(struct made_up *sw, const struct xd_search_load *load)
{
	double knee = sw->knee_pps, loss = sw->least_loss;

	if (sw->long_knee_pps > 0 && load->time_s >= sw->long_s)
		knee = sw->long_knee_pps;
	if (load->frames) {
		/* What comes faster than it is forwarded must be held. */
		double held = (double)load->frames * (1 - fmin(1, knee / sw->burst_pps));

		return held > sw->buffer_frames ? (held - sw->buffer_frames) / (double)load->frames
						: 0;
	}
	if (load->pps > knee)
		loss = fmax(loss, 1 - knee / load->pps);
	if (sw->soft_pps > 0 && load->pps > sw->soft_pps)
		loss = fmax(loss, sw->soft_loss * fmin(1, (load->pps - sw->soft_pps) /
								  (knee - sw->soft_pps)));
	if (!sw->bad_is_void && is_bad(sw, load->pps))
		loss = 1;
	if (sw->noise > 0 && made_up_random(sw) < sw->noise)
		loss = fmax(loss, sw->noise_loss);
	return loss;
}

static inline int
made_up_run(void *ctx, const struct xd_search_load *load, struct xd_search_outcome *out)
{
	struct made_up *sw = ctx;

	if (sw->cancel_at && sw->trials + 1 >= sw->cancel_at)
		return sw->cancel_rc;
	if (!sw->trials++ || load->pps < sw->lowest_pps)
		sw->lowest_pps = load->pps;
	sw->highest_pps = fmax(sw->highest_pps, load->pps);
	sw->total_s += load->time_s;
	sw->last_s = load->time_s;
	memset(out, 0, sizeof(*out));
	out->trial = sw->trials;
	out->is_void = (sw->void_pps > 0 && load->pps >= sw->void_pps) ||
		       (sw->bad_is_void && is_bad(sw, load->pps)) || sw->trials == sw->void_trial;
	out->loss_ratio = made_up_loss(sw, load);
	/* Less than a frame is none. */
	if (!load->frames && out->loss_ratio * load->pps * load->time_s < 0.5)
		out->loss_ratio = 0;
	out->forwarded_pps = load->pps * (1 - out->loss_ratio);
	sw->lost[out->trial % 4096] = out->loss_ratio > 0;
	sw->needless += load->time_s <= sw->clean_s && load->pps <= sw->clean_pps;
	if (out->loss_ratio <= 0 && !out->is_void) {
		sw->clean_pps =
			load->time_s > sw->clean_s ? load->pps : fmax(sw->clean_pps, load->pps);
		sw->clean_s = fmax(sw->clean_s, load->time_s);
	}
	return 0;
}

static inline void
made_up_left(void *ctx, double seconds, unsigned trials)
{
	struct made_up *sw = ctx;

	(void)trials;
	sw->left_s = seconds;
}

static inline struct xd_search_bench
made_up_bench(struct made_up *sw)
{
	return (struct xd_search_bench){.run = made_up_run, .left = made_up_left, .ctx = sw};
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A trial: frames are sent for a time at a rate, and counted where they arrive. What every engine
 * is made of.
 *
 * Prepared once (the switch learns all addresses, the ports are loaded), it can be run many times
 * with different loads. Before and after a run all that is on its way is awaited, so that what was
 * sent within the time either came or was lost.
 *
 * Control; a run makes threads of its own.
 */
#ifndef XD_TRAFFIC_TRIAL_TRIAL_H
#define XD_TRAFFIC_TRIAL_TRIAL_H

#include "traffic/traffic.h"
#include "traffic/trial/gen.h"

struct xd_trial;

/* Of a run, where its ports are halves of pairs. */
enum xd_trial_stage {
	XD_TRIAL_SETTLED, /* the warm-up is over, and nothing of this end is on its way */
	XD_TRIAL_COUNTED, /* what comes and goes from here on counts */
	XD_TRIAL_SENT,    /* the time is over, and nothing of this end is on its way */
};

/* What one run sends. */
struct xd_trial_load {
	double pps;       /* of each sending port, on an absolute schedule; 0: as many as go */
	double time_s;    /* measured */
	double warmup_s;  /* before it; 0: none */
	uint64_t frames;  /* of each sending port, then no more; 0: as many as the time holds */
	const char *what; /* for progress: "measuring" */
	/* Waits until the other end is there, too, receiving meanwhile; NULL: there is none. */
	int (*meet)(void *ctx, enum xd_trial_stage stage, struct xd_error *err);
	void *ctx;
};

/* Prepares to send one mix of opts->sizes (or the capture) among the first nb_ports ports (0: all).
 * opts stays the caller's and as it is until the trial is destroyed. NULL with -EINVAL (what is
 * asked for cannot be had of these ports), -EHOSTUNREACH, -EPIPE, -EBUSY, -EINTR, -ENOMEM. */
struct xd_trial *xd_trial_create(struct xd_gen *gen, const struct xd_traffic_opts *opts,
	unsigned mix, unsigned nb_ports, struct xd_error *err);
void xd_trial_destroy(struct xd_trial *trial); /* NULL is fine */

/* Loads the ports for something else than a run: round trips one at a time. */
int xd_trial_ready(struct xd_trial *trial, struct xd_error *err);
/* Fills in what a row says of the traffic. */
void xd_trial_describe(const struct xd_trial *trial, struct xd_row *row);

/* Runs it and fills the row but for engine, trial and search: zeroed by this. -EINTR: cancelled;
 * -EPIPE: the switch went away; in both cases the row holds what there was, marked partial. A trial
 * in which the generator fell behind its schedule is 0 with row->is_void set. */
int xd_trial_run(struct xd_trial *trial, const struct xd_trial_load *load, struct xd_row *row,
	struct xd_error *err);

/* Frames per second of each sender that opts->rate comes to; 0: as many as go. */
double xd_trial_asked_pps(const struct xd_trial *trial);
/* Ports that send. */
unsigned xd_trial_senders(const struct xd_trial *trial);
/* Different frames that port `from` sent and that came in the last run, wherever; 0 when they are
 * not tracked. */
uint64_t xd_trial_delivered(const struct xd_trial *trial, unsigned from);

#endif

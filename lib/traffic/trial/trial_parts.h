/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of a trial; inside lib/traffic/trial*.c only.
 *
 *   trial.c          what a run is: lanes, warm-up, measured time
 *   trial_plan.c     who sends to whom, and the lists of frames for it
 *   trial_learn.c    what the switch has to learn before
 *   trial_figures.c  the row
 *   trial_query.c    what is asked of it besides
 */
#ifndef XD_TRAFFIC_TRIAL_TRIAL_PARTS_H
#define XD_TRAFFIC_TRIAL_TRIAL_PARTS_H

#include "traffic/frames/capture.h"
#include "traffic/trial/lane.h"
#include "traffic/trial/learn.h"
#include "traffic/trial/trial.h"

/* A port's part in it. */
struct xd_trial_port {
	bool sends;
	bool echoes;    /* sends what it receives */
	unsigned nb_to; /* ports that its frames go to, in turn; of a broadcast, all others */
	uint8_t to[XD_GEN_PORTS_MAX]; /* of halves, numbers */
	uint32_t first_flow;          /* flows of all senders are numbered through */
	struct xd_frame_list list;
	struct xd_track *track; /* of what it receives; NULL: nothing is followed */
};

struct xd_trial {
	struct xd_gen *gen;
	const struct xd_traffic_opts *opts;
	const struct xd_size_mix *mix;
	unsigned nb_ports;
	bool listed;
	uint32_t size; /* bytes of a frame; of a mix or capture the mean, rounded */
	double mean_bytes;
	uint32_t nb_flows;    /* of all senders together */
	uint16_t *payload_at; /* by flow; NULL: nothing is verified */
	uint64_t *flow_sent;  /* by flow: frames made before the measured time */
	struct xd_echo *echo;
	struct xd_learned learned;
	struct xd_trial_port ports[XD_GEN_PORTS_MAX];
	/* Of the run. */
	struct xd_lane lanes[XD_GEN_CORES_MAX];
	struct xd_histogram *lateness[XD_GEN_CORES_MAX]; /* NULL until a run is on a schedule */
	struct xd_port_figures before[XD_GEN_PORTS_MAX], at_end[XD_GEN_PORTS_MAX];
	double pps; /* of each sender */
};

/* Of a port, as frames' addresses have it. */
static inline unsigned
xd_trial_number(const struct xd_trial *t, unsigned port)
{
	return t->opts->half ? 2 * port + (t->opts->half == XD_HALF_FAR) : port;
}

/* Threads that have ports. */
static inline unsigned
xd_trial_lanes(const struct xd_trial *t)
{
	return t->gen->nb_cores < t->nb_ports ? t->gen->nb_cores : t->nb_ports;
}

/* Whether frames are sent at a capture's own times. Those that all have one time, and so a mean gap
 * of nothing, go as fast as they can. */
static inline bool
xd_trial_keeps_times(const struct xd_trial *t)
{
	const struct xd_frame_list *list;

	if (!t->opts->capture || t->opts->replay != XD_REPLAY_OWN_TIMES)
		return false;
	list = xd_capture_list(t->opts->capture);
	return list->span_ns > 0 || list->n == 1;
}

int xd_trial_plan(struct xd_trial *t, struct xd_error *err);
/* What one port sends: exactly one of the two is filled and pointed to by *load. */
void xd_trial_load_of(struct xd_trial *t, unsigned port, struct xd_gen_load *load,
	struct xd_stream_opts *stream, struct xd_list_stream_opts *list);
int xd_trial_learn(struct xd_trial *t, struct xd_error *err);
void xd_trial_counts(const struct xd_trial *t, struct xd_port_figures *figures);
/* time_s and what the surroundings say are there already. */
void xd_trial_figures(const struct xd_trial *t, struct xd_row *row);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of forwarding share: forward.c starts and stops it, forward_lane.c is its threads,
 * forward_setup.c makes its streams. */
#ifndef XD_TRAFFIC_ENGINE_SESSION_FORWARD_PARTS_H
#define XD_TRAFFIC_ENGINE_SESSION_FORWARD_PARTS_H

#include <pthread.h>

#include "traffic/engine/session/stream.h"

/* A thread, and the streams that it runs. */
struct xd_forward_lane {
	struct xd_forward *forward;
	pthread_t thread;
	bool started;
	int core;
	unsigned nb_streams;
	struct xd_forward_stream *streams[XD_GEN_PORTS_MAX];
	struct xd_error err; /* why it ended by itself; published with `failed` */
};

struct xd_forward {
	unsigned nb_lanes, nb_streams, first_bursts;
	uint64_t look_up_cycles, first_cycles;
	bool stop;                      /* control's, or a lane's that has failed */
	struct xd_forward_lane *failed; /* the first one */
	uint64_t seen_missed;           /* control's */
	struct xd_forward_lane lanes[XD_GEN_CORES_MAX];
	struct xd_forward_stream streams[XD_GEN_PORTS_MAX];
};

static inline bool
xd_forward_is_stopped(const struct xd_forward *f)
{
	return __atomic_load_n(&f->stop, __ATOMIC_RELAXED);
}

/* Starts the threads. */
int xd_forward_lanes_start(struct xd_forward *f, struct xd_error *err);
/* Makes the streams of a plan, loads their ports, and lets frames come to them. What was made so
 * far is there to be freed when it fails. */
int xd_forward_set_up(
	struct xd_forward *f, const struct xd_forward_plan *plan, struct xd_error *err);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* A lane: the ports that one thread drives, and its loop. */
#ifndef XD_TRAFFIC_LANE_H
#define XD_TRAFFIC_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "traffic/gen.h"

/* One thread. */
struct xd_lane {
	struct xd_gen *gen;
	int core; /* -1: not pinned */
	unsigned nb_ports, nb_senders;
	struct xd_gen_port *ports[XD_GEN_PORTS_MAX];   /* all that receive: every one of the lane */
	struct xd_gen_port *senders[XD_GEN_PORTS_MAX]; /* of these, the ones that send */
	double frames_per_cycle;                       /* of each sender; 0: as many as go */
	uint64_t cycles;                               /* to run */
	const char *what; /* for progress; NULL: this lane reports none */
	/* Set by the run. */
	uint64_t elapsed_cycles;
	uint64_t waiting_cycles; /* of turns in which nothing could be moved */
	bool cancelled;
	int rc; /* -EPIPE: a port's peer has gone */
	struct xd_error err;
};

/* Runs all lanes, the first on the calling thread. Returns the first lane's error, or 0. */
int xd_lanes_run(struct xd_lane *lanes, unsigned n, struct xd_error *err);

#endif

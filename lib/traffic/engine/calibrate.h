/* SPDX-License-Identifier: BSD-3-Clause */
/* The generator against itself: ports that are each other's peer (loop:), with nothing in between.
 * What it can send and receive at most, how exactly it keeps a schedule, and the shortest time that
 * it can tell. No figure of a switch can be better than these. */
#ifndef XD_TRAFFIC_ENGINE_CALIBRATE_H
#define XD_TRAFFIC_ENGINE_CALIBRATE_H

#include "traffic/frames/sizes.h"
#include "traffic/trial/gen.h"

extern const struct xd_engine xd_calibrate_engine;

struct xd_calibrate_opts {
	struct xd_sizes sizes;
	double time_s; /* of each measurement */
	unsigned trials;
};

/* Opens its own ports; gen has none. Rows: rate of each size with touch full and stamp, the core by
 * itself, the schedule at 100 kpps, 1 and 10 Mpps, one-way times at 100 kpps. As xd_rate_run. */
int xd_calibrate_run(
	struct xd_gen *gen, const struct xd_calibrate_opts *opts, struct xd_error *err);

#endif

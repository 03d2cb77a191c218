/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The latency engine: one frame goes from port 0 to port 1, is seen there, and one goes back: a
 * round trip through both ports of the switch in both directions. One is on its way at a time. It
 * is written before it is sent and read when it has come, as touch says, within the time measured.
 */
#ifndef XD_TRAFFIC_LATENCY_H
#define XD_TRAFFIC_LATENCY_H

#include "traffic/gen.h"
#include "traffic/units.h"

struct xd_latency_opts {
	struct xd_sizes sizes;
	enum xd_touch touch;
	uint64_t count;          /* round trips; 0: as many as the time holds */
	double time_s, warmup_s; /* time_s also bounds a run by count */
	unsigned trials;
};

/* As xd_rate_run. Needs two ports. */
int xd_latency_run(struct xd_gen *gen, const struct xd_latency_opts *opts, struct xd_error *err);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The latency engine.
 *
 * Without a rate: round trips, one at a time. A frame goes from port 0 to port 1, is seen there,
 * and one goes back, through both ports of the switch in both directions (with one port: to what
 * reflects it, and back). It is written before it is sent and read when it has come, as touch says,
 * within the time measured.
 *
 * With a rate: frames on an absolute schedule, timed one way between the two ports (both ends have
 * one clock), or round trip: the second port sends each frame back as it comes. Times are kept from
 * when a frame should have been sent and from when it was.
 */
#ifndef XD_TRAFFIC_ENGINE_LATENCY_H
#define XD_TRAFFIC_ENGINE_LATENCY_H

#include "traffic/traffic.h"
#include "traffic/trial/gen.h"

extern const struct xd_engine xd_latency_engine;

enum xd_latency_way { XD_WAY_ROUND_TRIP, XD_WAY_ONE };

struct xd_latency_opts {
	struct xd_traffic_opts traffic; /* of its rate: XD_RATE_MAX is one at a time */
	enum xd_latency_way way;        /* XD_WAY_ONE needs a rate */
	uint64_t count;                 /* of them; 0: as many as the time holds */
	double time_s, warmup_s;        /* time_s also bounds a run by count */
	unsigned trials;
};

/* As xd_rate_run. One port (which something behind it reflects) or two. */
int xd_latency_run(struct xd_gen *gen, const struct xd_latency_opts *opts, struct xd_error *err);

#endif

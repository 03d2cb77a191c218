/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rate engine: streams from port to port, counted at the receiver.
 *
 * Ports are paired, 0 with 1, 2 with 3, ...: the even one sends and the odd one receives, or both
 * send. With pattern broadcast port 0 sends to all others. A trial is a learning pass, a warm-up,
 * and the measured time; between them all that is on its way is awaited, so that what was sent
 * within the time either came or was lost.
 */
#ifndef XD_TRAFFIC_RATE_H
#define XD_TRAFFIC_RATE_H

#include "traffic/gen.h"
#include "traffic/units.h"

struct xd_rate_opts {
	struct xd_sizes sizes;
	uint32_t flows;
	enum xd_flow_kind flow_kind;
	enum xd_direction direction;
	enum xd_pattern pattern;
	enum xd_touch touch;
	struct xd_rate_limit rate; /* of each sending port */
	double time_s, warmup_s;
	unsigned trials;
};

/* Whether such a run can be done on these ports. -EINVAL. */
int xd_rate_check(const struct xd_gen *gen, const struct xd_rate_opts *opts, struct xd_error *err);

/* All sizes and trials; a row goes to gen->row as it is finished. -EINTR: cancelled; -EPIPE: the
 * switch went away; in both cases the row under way is handed over, marked partial, if there is
 * something in it. Other errors as learning and draining have them. Control; threads of its own. */
int xd_rate_run(struct xd_gen *gen, const struct xd_rate_opts *opts, struct xd_error *err);

#endif

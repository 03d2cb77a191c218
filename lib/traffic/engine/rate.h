/* SPDX-License-Identifier: BSD-3-Clause */
/* The rate engine: a row for each size and trial. */
#ifndef XD_TRAFFIC_ENGINE_RATE_H
#define XD_TRAFFIC_ENGINE_RATE_H

#include "traffic/engine/message/link.h"
#include "traffic/traffic.h"
#include "traffic/trial/gen.h"

extern const struct xd_engine xd_rate_engine;

struct xd_rate_opts {
	struct xd_traffic_opts traffic;
	double time_s, warmup_s;
	uint64_t count; /* frames of each sending port; 0: as many as the time holds */
	unsigned trials;
	const struct xd_message_link *link; /* to the other halves of pairs; NULL: there is none */
};

/* A row goes to gen->row as it is finished, partial ones too. Errors as xd_trial_create and
 * xd_trial_run have them. Control; threads of its own. */
int xd_rate_run(struct xd_gen *gen, const struct xd_rate_opts *opts, struct xd_error *err);

#endif

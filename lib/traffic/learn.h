/* SPDX-License-Identifier: BSD-3-Clause */
/* The learning pass: one frame from every address of both sides, paced and awaited, so that nothing
 * is flooded while something is measured. */
#ifndef XD_TRAFFIC_LEARN_H
#define XD_TRAFFIC_LEARN_H

#include "traffic/gen.h"

struct xd_learned {
	uint64_t frames; /* sent */
	uint64_t lost;   /* of these, never seen at the other side */
};

/* Lets the switch learn the addresses of `from`, which are the sources of `stream` (frames that go
 * from `from` to `to`). Adds to *learned. -EHOSTUNREACH when not one frame gets through in three
 * seconds, -EPIPE when a port's peer has gone, -EINTR when cancelled. */
int xd_learn(struct xd_gen *gen, const struct xd_stream_opts *stream, struct xd_learned *learned,
	struct xd_error *err);

#endif

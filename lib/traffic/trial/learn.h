/* SPDX-License-Identifier: BSD-3-Clause */
/* The learning pass: one frame from every address of both sides, paced and awaited, so that nothing
 * is flooded while something is measured. */
#ifndef XD_TRAFFIC_TRIAL_LEARN_H
#define XD_TRAFFIC_TRIAL_LEARN_H

#include "traffic/trial/gen.h"

#define XD_LEARN_ANYWHERE (-1)

struct xd_learned {
	uint64_t frames; /* sent */
	uint64_t lost;   /* of these, never seen at the other side */
};

/* What is sent so that a switch learns its source addresses. */
struct xd_learn {
	unsigned from;                   /* port */
	int to;                          /* port where it shall arrive, or XD_LEARN_ANYWHERE else */
	struct xd_gen_load load;         /* full touch */
	uint32_t size;                   /* bytes; of a stream */
	uint64_t frames;                 /* once through all of it */
	const struct xd_gen_load *teach; /* what port `to` sends before, whether it arrives or not;
					  * NULL: nothing */
	uint64_t teach_frames;
};

/* Sends so many frames of what port `from` is loaded with, in the hope that the switch sees them,
 * and waits until they have gone. As xd_learn. */
int xd_teach(struct xd_gen *gen, unsigned from, uint64_t frames, struct xd_error *err);

/* Where a switch thinks that the addresses of port `to` are may be wrong: an earlier run had them
 * elsewhere. Frames to them are dropped until it is taught better.
 *
 * Adds to *learned. -EXDEV when frames arrive, but not as they were sent: with a VLAN tag more or
 * less. -EHOSTUNREACH when not one frame gets through in three seconds, -EPIPE when a
 * port's peer has gone, -EINTR when cancelled, or what xd_gen_port_load says. */
int xd_learn(struct xd_gen *gen, const struct xd_learn *learn, struct xd_learned *learned,
	struct xd_error *err);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Faults that a port makes on purpose, so that what stands behind it can be tested: frames that are
 * lost, sent twice, swapped with the next one, or held for a constant time. Frames of a list are
 * impaired, and what hosts send (engine/message/outbox.h), and, of these, what they receive
 * (port/impaired_sink.h): for when the other end cannot. The same seed makes the same faults.
 */
#ifndef XD_TRAFFIC_FRAMES_IMPAIR_H
#define XD_TRAFFIC_FRAMES_IMPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum xd_impair_direction {
	XD_IMPAIR_TX, /* what the port sends */
	XD_IMPAIR_RX, /* what it receives: it has come, and is lost, doubled or late before it
			 counts */
	XD_IMPAIR_BOTH,
};

struct xd_impair {
	double loss, dup, reorder; /* shares of the frames, 0 to 1 */
	double delay_us;
	uint64_t seed;
	enum xd_impair_direction direction;
};

static inline bool
xd_impair_any(const struct xd_impair *impair)
{
	return impair->loss > 0 || impair->dup > 0 || impair->reorder > 0 || impair->delay_us > 0;
}

/* Where the faults of a seed begin: what xd_impair_happens goes on with. Those of what is received
 * are others. */
uint64_t xd_impair_begin(const struct xd_impair *impair);
uint64_t xd_impair_begin_rx(const struct xd_impair *impair);

/* Whether what happens to a share of the frames happens now: xorshift64. */
static inline bool
xd_impair_happens(uint64_t *random, double share)
{
	if (share <= 0)
		return false;
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return (double)(*random >> 11) * 0x1p-53 < share;
}

/* "loss=1%,dup=0.1%,reorder=2%,delay_us=50,seed=7,direction=both", each at most once. -EINVAL with
 * the word and the nearest valid one. */
int xd_impair_parse(const char *text, struct xd_impair *impair, struct xd_error *err);

#endif

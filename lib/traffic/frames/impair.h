/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Faults that a sending port makes on purpose, so that what stands behind it can be tested: frames
 * that are lost, sent twice, swapped with the next one, or held for a constant time. Frames of
 * a list are impaired, and segments of TCP. The same seed makes the same faults.
 */
#ifndef XD_TRAFFIC_FRAMES_IMPAIR_H
#define XD_TRAFFIC_FRAMES_IMPAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct xd_impair {
	double loss, dup, reorder; /* shares of the frames, 0 to 1 */
	double delay_us;
	uint64_t seed;
};

static inline bool
xd_impair_any(const struct xd_impair *impair)
{
	return impair->loss > 0 || impair->dup > 0 || impair->reorder > 0 || impair->delay_us > 0;
}

/* Where the faults of a seed begin: what xd_impair_happens goes on with. */
uint64_t xd_impair_begin(const struct xd_impair *impair);

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

/* "loss=1%,dup=0.1%,reorder=2%,delay_us=50,seed=7", each at most once. -EINVAL with the word and
 * the nearest valid one. */
int xd_impair_parse(const char *text, struct xd_impair *impair, struct xd_error *err);

#endif

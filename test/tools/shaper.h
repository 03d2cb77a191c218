/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A shaper: a hook at XD_HOOK_OUT that has frames wait for their time instead of dropping them. A
 * token bucket of bytes; a frame that finds too few, and all behind it, are kept, and sent by a
 * timer in their order. More than there is room for are dropped.
 */
#ifndef TOOLS_SHAPER_H
#define TOOLS_SHAPER_H

#include <rte_spinlock.h>

#include "hook.h"

#define SHAPER_FRAMES 1024 /* that wait at most, a power of two */

struct shaper {
	rte_spinlock_t lock; /* several workers may send to the port */
	uint64_t tsc_hz;
	uint64_t bytes_per_s; /* 0: frames do not wait */
	uint64_t depth;       /* bytes that may go at once */
	int64_t tokens;       /* bytes; less than none where several workers sent at once */
	uint64_t last_tsc;    /* when they were counted */
	unsigned first, n;    /* of those that wait */
	struct xd_kept *waiting[SHAPER_FRAMES];
	uint32_t len[XD_MAX_WORKERS][XD_BATCH]; /* of the burst that a worker judges */
};

/* The hook, of name "shaper". */
extern const struct xd_hook shaper_hook;

void shaper_set(struct shaper *s, uint64_t bytes_per_s, uint64_t depth);
unsigned shaper_waiting(struct shaper *s);

#endif

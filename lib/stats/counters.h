/* SPDX-License-Identifier: BSD-3-Clause */
/* Counters of a port. What passes is counted by each worker in lines of its own, which a reader
 * sums; what is dropped, which should be rare, by queue. */
#ifndef XD_STATS_COUNTERS_H
#define XD_STATS_COUNTERS_H

#include <stdint.h>

#include "base/api.h"
#include "base/limits.h"

XD_API_BEGIN

/* Why a frame was dropped. Receive-side reasons count at the port the frame came in by, transmit-
 * side reasons at the port it would have left by. */
enum xd_drop {
#define XD_DROP(name, text) XD_DROP_##name,
#include "stats/drops.def"
#undef XD_DROP
	XD_DROP_REASONS,               /* how many there are */
	XD_DROP_NONE = XD_DROP_REASONS /* the frame is not dropped */
};

/* "ring-full" and the like: the one name in every display, static text. Any thread. */
const char *xd_drop_name(enum xd_drop reason);
/* 1 for reasons that count at the receiving port, else 0. Any thread. */
static inline int
xd_drop_is_rx(enum xd_drop reason)
{
	return reason < XD_DROP_RING_FULL;
}

/* Drops of one queue. Written by any worker. */
struct xd_drops {
	uint64_t n[XD_DROP_REASONS];
} __attribute__((aligned(64)));

/* Counts n frames as dropped. Any worker. */
static inline void
xd_drop(struct xd_drops *drops, enum xd_drop reason, uint64_t n)
{
	__atomic_fetch_add(&drops->n[reason], n, __ATOMIC_RELAXED);
}

/* "rx" is into the switch from the port, "tx" out of the switch to it. */
struct xd_counters {
	uint64_t rx_frames;
	uint64_t rx_bytes;
	uint64_t tx_frames;
	uint64_t tx_bytes;
	uint64_t checksums; /* tx: checksums finished in software */
	uint64_t segmented; /* tx: frames segmented in software */
	uint64_t coalesced; /* tx: frames that went as part of the one before, not in tx_frames */
	uint64_t waits; /* rx: turns after which frames wait in the ring, for a port with full: wait
			 */
	uint64_t notify_sent;       /* guest interrupts asked for */
	uint64_t notify_suppressed; /* turns after which the guest wanted none */
	uint64_t notify_cycles;     /* that the system calls for those sent took */
	uint64_t lock_cycles;       /* of waiting for other workers that use the same queue */
} __attribute__((aligned(64)));

/* Of a mirror. Written by one worker. */
struct xd_mirror_counters {
	uint64_t tx_frames, tx_bytes; /* copies that ports took, */
	uint64_t dropped;             /* and that found a port's ring full */
} __attribute__((aligned(64)));

/* sum += each of n workers' counters. Any thread; figures are at most one turn old. */
void xd_counters_sum(struct xd_counters *sum, const struct xd_counters *per_worker, unsigned n);

XD_API_END

#endif

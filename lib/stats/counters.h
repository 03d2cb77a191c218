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
	/* receive side */
	XD_DROP_RUNT,            /* shorter than an Ethernet header */
	XD_DROP_TOO_LONG,        /* longer than a frame can be */
	XD_DROP_BAD_SOURCE,      /* source address is a group address or zero */
	XD_DROP_MAC_NOT_ALLOWED, /* source address is none of the port's `macs` */
	XD_DROP_BAD_OFFLOAD, /* a checksum or segmentation request that does not fit the frame */
	XD_DROP_RESERVED_ADDRESS, /* IEEE 802.1Q reserved group address 01:80:c2:00:00:0x */
	XD_DROP_VLAN,             /* the port does not carry the frame's VLAN */
	XD_DROP_SAME_PORT,        /* its destination is behind the port it came from */
	XD_DROP_NO_PORT,          /* nowhere to flood it to */
	/* transmit side */
	XD_DROP_RING_FULL, /* the receiver had no free buffer */
	XD_DROP_WAITED,    /* nor had it any after the sender had waited, with full: wait */
	XD_DROP_PORT_DOWN, /* no guest, no link, or the port is being changed */
	XD_DROP_UNFINISHED_OFFLOAD, /* it needs an offload that neither port nor software can do */
	XD_DROP_OVER_MTU,           /* longer than the port's MTU allows */
	XD_DROP_NO_BUFFER,          /* the port's buffer pool is empty */
	XD_DROP_SCATTERED,  /* the receiver's buffers are more pieces than a turn may walk */
	XD_DROP_TOO_SLOW,   /* the port has taken too much of the worker's time and rests */
	XD_DROP_RING_FAULT, /* the receiver's ring was found broken while transmitting */
	XD_DROP_REASONS,
	XD_DROP_NONE = XD_DROP_REASONS /* the frame is not dropped */
};

/* "ring-full" and the like: the one name in every display. */
const char *xd_drop_name(enum xd_drop reason);
/* True for reasons that count at the receiving port. */
static inline int
xd_drop_is_rx(enum xd_drop reason)
{
	return reason < XD_DROP_RING_FULL;
}

/* Drops of one queue. Written by any worker. */
struct xd_drops {
	uint64_t n[XD_DROP_REASONS];
} __attribute__((aligned(64)));

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
	uint64_t waits; /* rx: turns after which frames wait in the ring, for a port with full: wait
			 */
	uint64_t notify_sent;       /* guest interrupts asked for */
	uint64_t notify_suppressed; /* turns after which the guest wanted none */
	uint64_t notify_cycles;     /* that the system calls for those sent took */
	uint64_t lock_cycles;       /* of waiting for other workers that use the same queue */
} __attribute__((aligned(64)));

/* sum += each of n workers' counters. Any thread; figures are at most one turn old. */
void xd_counters_sum(struct xd_counters *sum, const struct xd_counters *per_worker, unsigned n);

XD_API_END

#endif

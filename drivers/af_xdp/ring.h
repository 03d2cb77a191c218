/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rings that a socket shares with the kernel: Documentation/networking/af_xdp.rst. Each has one
 * producer and one consumer, which count entries without end; entry n lies at n & mask. Our own
 * index is a local copy, so what the kernel could read of it is only ever written, and the other
 * side's is read once a burst.
 */
#ifndef XD_DRIVERS_AF_XDP_RING_H
#define XD_DRIVERS_AF_XDP_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/if_xdp.h>

struct xd_xsk_ring {
	uint32_t *producer, *consumer; /* shared */
	const uint32_t *flags;         /* XDP_RING_NEED_WAKEUP */
	union {
		struct xdp_desc *descs; /* receive and transmit: frames */
		uint64_t *addrs;        /* fill and completion: chunks */
		void *entries;
	};
	uint32_t size, mask;
	uint32_t at; /* ours: of the ring's producer or consumer, whichever we are */
	void *map;
	size_t map_bytes;
};

/* Entries that the kernel has produced and we have not consumed. */
static inline uint32_t
xd_xsk_ring_ready(const struct xd_xsk_ring *r)
{
	const uint32_t n = __atomic_load_n(r->producer, __ATOMIC_ACQUIRE) - r->at;

	return n <= r->size ? n : 0;
}

static inline void
xd_xsk_ring_consumed(struct xd_xsk_ring *r, uint32_t n)
{
	r->at += n;
	__atomic_store_n(r->consumer, r->at, __ATOMIC_RELEASE);
}

/* Entries that we can produce. */
static inline uint32_t
xd_xsk_ring_room(const struct xd_xsk_ring *r)
{
	const uint32_t n = r->at - __atomic_load_n(r->consumer, __ATOMIC_ACQUIRE);

	return n <= r->size ? r->size - n : 0;
}

/* Hands over what was written up to the entry before r->at. */
static inline void
xd_xsk_ring_produced(struct xd_xsk_ring *r)
{
	__atomic_store_n(r->producer, r->at, __ATOMIC_RELEASE);
}

static inline bool
xd_xsk_ring_needs_wakeup(const struct xd_xsk_ring *r)
{
	return __atomic_load_n(r->flags, __ATOMIC_RELAXED) & XDP_RING_NEED_WAKEUP;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors of a packed ring (virtio 1.2, 2.8), written and read once, for static and guest
 * rings. */
#ifndef XD_TRAFFIC_PORT_VIRTIO_RING_PACKED_H
#define XD_TRAFFIC_PORT_VIRTIO_RING_PACKED_H

#include "traffic/port/virtio_ring_burst.h"

/* The driver's and the device's wrap counter alike: 1 in the first lap, 0 in the second (section
 * 2.8.1). */
XD_VIRTIO_RING_INLINE bool
xd_packed_wrap_at(const struct xd_virtio_ring *r, uint16_t at)
{
	return !(at & r->size);
}

/* Length, id and flags of a buffer made available at position `at`; flags are those that say what
 * it is. */
XD_VIRTIO_RING_INLINE uint64_t
xd_packed_avail_word(
	const struct xd_virtio_ring *r, uint16_t at, uint32_t bytes, uint16_t id, uint16_t flags)
{
	flags |= xd_packed_wrap_at(r, at) ? XD_PACKED_DESC_F_AVAIL : XD_PACKED_DESC_F_USED;
	return bytes | (uint64_t)id << 32 | (uint64_t)flags << 48;
}

/* Makes a buffer available at position `at`. */
XD_VIRTIO_RING_INLINE void
xd_packed_offer(struct xd_virtio_ring *r, uint16_t at, uint64_t addr, uint32_t bytes, uint16_t id,
	uint16_t flags)
{
	uint64_t *words = (uint64_t *)(void *)&r->ring[at & r->mask];

	/* The address too: a device may have written there. */
	words[0] = addr;
	__atomic_store_n(
		&words[1], xd_packed_avail_word(r, at, bytes, id, flags), __ATOMIC_RELEASE);
}

/* Whether the descriptor at `at` is used: a hint, as nothing else of it is read. */
XD_VIRTIO_RING_INLINE bool
xd_packed_used_at(const struct xd_virtio_ring *r, uint16_t at)
{
	const uint16_t *flags = &r->ring[at & r->mask].flags;

	return xd_packed_is_used(
		__atomic_load_n(flags, __ATOMIC_RELAXED), xd_packed_wrap_at(r, at));
}

/* The descriptor at `at`; false when it is not used. Its id is one of the ring's. */
XD_VIRTIO_RING_INLINE bool
xd_packed_read_used(struct xd_virtio_ring *r, uint16_t at, uint16_t *id, uint32_t *len)
{
	const uint64_t *words = (const uint64_t *)(const void *)&r->ring[at & r->mask];
	uint64_t word = __atomic_load_n(&words[1], __ATOMIC_ACQUIRE);

	*len = (uint32_t)word;
	*id = (uint16_t)(word >> 32);
	if (!xd_packed_is_used((uint16_t)(word >> 48), xd_packed_wrap_at(r, at)))
		return false;
	if (__builtin_expect(*id < r->size, 1))
		return true;
	r->broken = true;
	return false;
}

/* In order, one descriptor may stand for several buffers: it lies where the first of them did, and
 * names the last (section 2.8.8). Those before the last were written full: *len is UINT32_MAX. */
XD_VIRTIO_RING_INLINE bool
xd_packed_read_in_order(struct xd_virtio_ring *r, uint16_t at, uint16_t *id, uint32_t *len)
{
	uint16_t ahead = (uint16_t)(at - r->used_idx), last;

	if (ahead >= r->known) {
		uint16_t batch;

		if (!xd_packed_read_used(r, at, &last, &r->known_len))
			return false;
		batch = (uint16_t)(((last - at) & r->mask) + 1);
		if (batch > (uint16_t)(r->avail_idx - at)) {
			r->broken = true;
			return false;
		}
		r->known = (uint16_t)(ahead + batch);
	}
	*id = at & r->mask; /* buffers are offered in the order of their ids */
	*len = ahead + 1 == r->known ? r->known_len : UINT32_MAX;
	return true;
}

#endif

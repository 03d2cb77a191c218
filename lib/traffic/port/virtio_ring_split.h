/* SPDX-License-Identifier: BSD-3-Clause */
/* What a device gave back of a split ring (virtio 1.2, 2.7.8), read once, for static and guest
 * rings. */
#ifndef XD_TRAFFIC_PORT_VIRTIO_RING_SPLIT_H
#define XD_TRAFFIC_PORT_VIRTIO_RING_SPLIT_H

#include "traffic/port/virtio_ring_burst.h"

/* Entries that the device has given back and that were not looked at. More than were offered
 * breaks the ring. */
XD_VIRTIO_RING_INLINE uint16_t
xd_split_given_back(struct xd_virtio_ring *r)
{
	uint16_t n = (uint16_t)(__atomic_load_n(&r->used->idx, __ATOMIC_ACQUIRE) - r->used_idx);

	if (__builtin_expect(n > xd_virtio_ring_out(r), 0))
		r->broken = true;
	return r->broken ? 0 : n;
}

/* The used element of position `at`; its id is one of the ring's. */
XD_VIRTIO_RING_INLINE bool
xd_split_read_used(struct xd_virtio_ring *r, uint16_t at, uint16_t *id, uint32_t *len)
{
	struct xd_vring_used_elem elem;

	memcpy(&elem, &r->used->ring[at & r->mask], sizeof(elem));
	*len = elem.len;
	*id = (uint16_t)elem.id;
	if (__builtin_expect(elem.id < r->size, 1))
		return true;
	r->broken = true;
	return false;
}

/* In order, one element may stand for several buffers: it lies where the first of them would, and
 * names the last (section 2.7.9). Those before the last were written full: *len is UINT32_MAX. */
XD_VIRTIO_RING_INLINE bool
xd_split_read_in_order(struct xd_virtio_ring *r, uint16_t at, uint16_t *id, uint32_t *len)
{
	uint16_t ahead = (uint16_t)(at - r->used_idx), last;

	if (ahead >= r->known) {
		uint16_t batch;

		if (!xd_split_read_used(r, at, &last, &r->known_len))
			return false;
		batch = (uint16_t)(((last - at) & r->mask) + 1);
		if (batch > (uint16_t)(__atomic_load_n(&r->used->idx, __ATOMIC_ACQUIRE) - at)) {
			r->broken = true;
			return false;
		}
		r->known = (uint16_t)(ahead + batch);
	}
	*id = at & r->mask; /* buffers are offered in the order of their ids */
	*len = ahead + 1 == r->known ? r->known_len : UINT32_MAX;
	return true;
}

/* Asks for the used elements of the n positions from `at` on. */
XD_VIRTIO_RING_INLINE void
xd_split_prefetch_used(const struct xd_virtio_ring *r, uint16_t at, uint16_t n)
{
	for (uint16_t i = 0; i < n; i += XD_LINE / sizeof(struct xd_vring_used_elem))
		__builtin_prefetch(&r->used->ring[(uint16_t)(at + i) & r->mask]);
}

#endif

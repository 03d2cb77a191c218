/* SPDX-License-Identifier: BSD-3-Clause */
#include "traffic/port/virtio_ring_burst.h"

void
xd_virtio_ring_split_publish(struct xd_virtio_ring *r, uint16_t n)
{
	r->avail_idx += n;
	__atomic_store_n(&r->avail->idx, r->avail_idx, __ATOMIC_RELEASE);
}

/* Entries that the device has given back and that were not looked at. More than were offered
 * breaks the ring. */
static inline uint16_t
given_back(struct xd_virtio_ring *r)
{
	uint16_t n = (uint16_t)(__atomic_load_n(&r->used->idx, __ATOMIC_ACQUIRE) - r->used_idx);

	if (__builtin_expect(n > xd_virtio_ring_out(r), 0))
		r->broken = true;
	return r->broken ? 0 : n;
}

XD_VIRTIO_RING_INLINE bool
take(struct xd_virtio_ring *r, uint16_t at, uint16_t *id, uint32_t *len)
{
	uint16_t slot = at & r->mask;
	struct xd_vring_used_elem elem;

	memcpy(&elem, &r->used->ring[slot], sizeof(elem));
	*len = elem.len;
	*id = (uint16_t)elem.id;
	if (__builtin_expect(elem.id == r->ids[slot], 1))
		return true;
	if (elem.id >= r->size) {
		r->broken = true;
		return false;
	}
	r->ids[slot] = *id;
	__atomic_store_n(&r->avail->ring[slot], *id, __ATOMIC_RELAXED);
	return true;
}

/* In order, one element may stand for several buffers: it lies where the first of them would, and
 * names the last (section 2.7.9). Those before the last were written full. */
XD_VIRTIO_RING_INLINE bool
take_in_order(struct xd_virtio_ring *r, uint16_t at, uint16_t *id, uint32_t *len)
{
	uint16_t ahead = (uint16_t)(at - r->used_idx), slot = at & r->mask;

	if (ahead >= r->known) {
		struct xd_vring_used_elem elem;
		uint16_t batch;

		memcpy(&elem, &r->used->ring[slot], sizeof(elem));
		batch = (uint16_t)(((elem.id - r->ids[slot]) & r->mask) + 1);
		if (elem.id >= r->size ||
			batch > (uint16_t)(__atomic_load_n(&r->used->idx, __ATOMIC_ACQUIRE) - at)) {
			r->broken = true;
			return false;
		}
		r->known = (uint16_t)(ahead + batch);
		r->known_len = elem.len;
	}
	*id = r->ids[slot];
	*len = ahead + 1 == r->known ? r->known_len : r->room + XD_VIRTIO_HEADER;
	return true;
}

/* Asks for the used elements of the n positions from `at` on. */
static inline void
prefetch_used(const struct xd_virtio_ring *r, uint16_t at, uint16_t n)
{
	for (uint16_t i = 0; i < n; i += XD_LINE / sizeof(struct xd_vring_used_elem))
		__builtin_prefetch(&r->used->ring[(uint16_t)(at + i) & r->mask]);
}

static inline void
move_on(struct xd_virtio_ring *r, uint16_t n)
{
	r->used_idx += n;
	r->known = r->known > n ? (uint16_t)(r->known - n) : 0;
}

void
xd_virtio_ring_split_reclaim(struct xd_virtio_ring *r, uint16_t n)
{
	uint16_t there = given_back(r);
	uint32_t len;
	uint16_t id;

	if (n > there)
		n = there;
	for (uint16_t i = 0; i < n; i++) {
		uint16_t at = (uint16_t)(r->used_idx + i);

		if (!(r->in_order ? take_in_order(r, at, &id, &len) : take(r, at, &id, &len)))
			return;
	}
	move_on(r, n);
	prefetch_used(r, r->used_idx, (uint16_t)(there - n) < n ? (uint16_t)(there - n) : n);
}

uint16_t
xd_virtio_ring_split_send(
	struct xd_virtio_ring *r, struct xd_stream *stream, enum xd_touch touch, uint16_t n)
{
	return xd_virtio_ring_send_burst(
		r, stream, touch, n, xd_virtio_ring_split_reclaim, xd_virtio_ring_split_publish);
}

uint16_t
xd_virtio_ring_split_receive(struct xd_virtio_ring *r, enum xd_touch touch, uint32_t size,
	uint16_t n, struct xd_receive *counts)
{
	uint16_t there = given_back(r);
	uint16_t next;

	if (there == 0)
		return 0;
	if (n > there)
		n = there;
	next = (uint16_t)(there - n) < n ? (uint16_t)(there - n) : n;
	prefetch_used(r, (uint16_t)(r->used_idx + n), next);
	if (touch != XD_TOUCH_NONE)
		xd_virtio_ring_prefetch(r, (uint16_t)(r->used_idx + n), next, 0);
	if (r->in_order)
		n = xd_virtio_ring_receive_burst(r, n, there, touch, size, counts, take_in_order);
	else
		n = xd_virtio_ring_receive_burst(r, n, there, touch, size, counts, take);
	move_on(r, n);
	xd_virtio_ring_split_publish(r, n);
	return n;
}

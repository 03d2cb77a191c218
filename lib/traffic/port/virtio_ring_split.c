/* SPDX-License-Identifier: BSD-3-Clause */
/* Static split rings: bursts sent and received, with buffers that stay where they are. */
#include "traffic/port/virtio_ring_split.h"

static void
publish(struct xd_virtio_ring *r, uint16_t n)
{
	r->avail_idx += n;
	__atomic_store_n(&r->avail->idx, r->avail_idx, __ATOMIC_RELEASE);
}

XD_VIRTIO_RING_INLINE bool
take(struct xd_virtio_ring *r, uint16_t at, struct xd_virtio_ring_buffer *b)
{
	uint16_t slot = at & r->mask;
	struct xd_vring_used_elem elem;

	memcpy(&elem, &r->used->ring[slot], sizeof(elem));
	if (__builtin_expect(elem.id == r->ids[slot], 1)) {
		*b = xd_virtio_ring_buffer(r, r->ids[slot], elem.len);
		return true;
	}
	if (elem.id >= r->size) {
		r->broken = true;
		return false;
	}
	r->ids[slot] = (uint16_t)elem.id;
	__atomic_store_n(&r->avail->ring[slot], r->ids[slot], __ATOMIC_RELAXED);
	*b = xd_virtio_ring_buffer(r, r->ids[slot], elem.len);
	return true;
}

XD_VIRTIO_RING_INLINE bool
take_in_order(struct xd_virtio_ring *r, uint16_t at, struct xd_virtio_ring_buffer *b)
{
	uint32_t len;
	uint16_t id;

	if (!xd_split_read_in_order(r, at, &id, &len))
		return false;
	*b = xd_virtio_ring_buffer(r, id, len);
	if (len == UINT32_MAX)
		b->len = b->room;
	return true;
}

static void
reclaim(struct xd_virtio_ring *r, uint16_t n)
{
	uint16_t there = xd_split_given_back(r);
	struct xd_virtio_ring_buffer b;

	if (n > there)
		n = there;
	for (uint16_t i = 0; i < n; i++) {
		uint16_t at = (uint16_t)(r->used_idx + i);

		if (!(r->in_order ? take_in_order(r, at, &b) : take(r, at, &b)))
			return;
	}
	xd_virtio_ring_move_on(r, n);
	xd_split_prefetch_used(
		r, r->used_idx, (uint16_t)(there - n) < n ? (uint16_t)(there - n) : n);
}

static uint16_t
send(struct xd_virtio_ring *r, struct xd_stream *stream, enum xd_touch touch, uint16_t n)
{
	return xd_virtio_ring_send_burst(r, stream, touch, n, reclaim, publish);
}

static uint16_t
receive(struct xd_virtio_ring *r, enum xd_touch touch, uint32_t size, uint16_t n,
	struct xd_receive *counts)
{
	uint16_t there = xd_split_given_back(r);
	uint16_t next;

	if (there == 0)
		return 0;
	if (n > there)
		n = there;
	next = (uint16_t)(there - n) < n ? (uint16_t)(there - n) : n;
	xd_split_prefetch_used(r, (uint16_t)(r->used_idx + n), next);
	if (touch != XD_TOUCH_NONE)
		xd_virtio_ring_prefetch(r, (uint16_t)(r->used_idx + n), next, 0);
	if (r->in_order)
		n = xd_virtio_ring_receive_burst(
			r, 0, n, there, touch, size, counts, take_in_order);
	else
		n = xd_virtio_ring_receive_burst(r, 0, n, there, touch, size, counts, take);
	xd_virtio_ring_move_on(r, n);
	publish(r, n);
	return n;
}

static void
fill(struct xd_virtio_ring *r)
{
	publish(r, r->size);
}

const struct xd_virtio_ring_ops xd_virtio_ring_split_ops = {
	.fill = fill,
	.send = send,
	.receive = receive,
	.reclaim = reclaim,
};

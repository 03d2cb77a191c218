/* SPDX-License-Identifier: BSD-3-Clause */
/* A guest's split rings: descriptors made for each frame, taken back, and offered to receive. */
#include "traffic/port/guest_receive.h"
#include "traffic/port/guest_send.h"
#include "traffic/port/virtio_ring_split.h"

XD_VIRTIO_RING_INLINE void
offer(const struct xd_virtio_ring *r, uint16_t i, uint64_t addr, uint32_t bytes, uint16_t id,
	uint16_t flags)
{
	uint64_t *words = (uint64_t *)(void *)&r->desc[id];

	words[0] = addr;
	words[1] = bytes | (uint64_t)flags << 32; /* next is 0 */
	r->avail->ring[(uint16_t)(r->avail_idx + i) & r->mask] = id;
}

XD_VIRTIO_RING_INLINE void
publish(struct xd_virtio_ring *r, uint16_t n)
{
	r->avail_idx += n;
	__atomic_store_n(&r->avail->idx, r->avail_idx, __ATOMIC_RELEASE);
}

/* A descriptor that came back is one of those that are written next. */
XD_VIRTIO_RING_INLINE void
expect(const struct xd_virtio_ring *r, uint16_t id)
{
	__builtin_prefetch(&r->desc[id], 1);
}

XD_VIRTIO_RING_INLINE bool
take(struct xd_virtio_ring *r, uint16_t at, struct xd_virtio_ring_buffer *b)
{
	return xd_guest_take(r, at, b, xd_split_read_used, expect);
}

XD_VIRTIO_RING_INLINE bool
take_in_order(struct xd_virtio_ring *r, uint16_t at, struct xd_virtio_ring_buffer *b)
{
	return xd_guest_take(r, at, b, xd_split_read_in_order, expect);
}

static void
reclaim(struct xd_virtio_ring *r, uint16_t n)
{
	uint16_t there = xd_split_given_back(r);

	if (n > there)
		n = there;
	if (r->in_order)
		xd_guest_reclaim(r, n, xd_split_read_in_order, expect);
	else
		xd_guest_reclaim(r, n, xd_split_read_used, expect);
}

static uint16_t
send(struct xd_virtio_ring *r, struct xd_stream *stream, enum xd_touch touch, uint16_t n)
{
	return xd_guest_send_burst(r, stream, touch, n, reclaim, offer, publish);
}

/* Buffers that came and were not taken, at least n if so many are there: the index is not read as
 * long as enough are known. */
XD_VIRTIO_RING_INLINE uint16_t
known_there(struct xd_virtio_ring *r, uint16_t n)
{
	struct xd_guest_ring *g = r->guest;

	if ((uint16_t)(g->seen - r->used_idx) < n)
		g->seen = (uint16_t)(r->used_idx + xd_split_given_back(r));
	return (uint16_t)(g->seen - r->used_idx);
}

/* Looks at the next n buffers, which came. */
XD_VIRTIO_RING_INLINE void
look(struct xd_virtio_ring *r, uint16_t n, enum xd_touch touch, xd_guest_read_fn read)
{
	if ((uint16_t)(r->guest->looked - r->used_idx) < n)
		xd_guest_look(r, (uint16_t)(r->used_idx + n), touch != XD_TOUCH_NONE, read, expect);
}

/* What comes after these n is looked at, too, so that its lines are here by the next time. */
XD_VIRTIO_RING_INLINE uint16_t
receive_as(struct xd_virtio_ring *r, enum xd_touch touch, uint32_t size, uint16_t n,
	struct xd_receive *counts, xd_guest_read_fn read, xd_virtio_ring_take_fn take_one)
{
	uint16_t there = known_there(r, n), want = n;

	if (n > there)
		n = there;
	if (n == 0)
		return 0;
	look(r, n, touch, read);
	if (r->broken)
		return 0;
	n = xd_guest_receive_burst(r, n, there, touch, size, counts, take_one);
	xd_guest_refill(r, n, offer, publish);
	there = (uint16_t)(there - n);
	look(r, there < want ? there : want, touch, read);
	return n;
}

static uint16_t
receive(struct xd_virtio_ring *r, enum xd_touch touch, uint32_t size, uint16_t n,
	struct xd_receive *counts)
{
	if (r->in_order)
		return receive_as(r, touch, size, n, counts, xd_split_read_in_order, take_in_order);
	return receive_as(r, touch, size, n, counts, xd_split_read_used, take);
}

static void
fill(struct xd_virtio_ring *r)
{
	xd_guest_fill(r, offer, publish);
}

const struct xd_virtio_ring_ops xd_guest_split_ops = {
	.fill = fill,
	.send = send,
	.receive = receive,
	.reclaim = reclaim,
};

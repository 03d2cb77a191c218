/* SPDX-License-Identifier: BSD-3-Clause */
/* A guest's packed rings: descriptors made for each frame, taken back, and offered to receive. */
#include "traffic/port/guest_receive.h"
#include "traffic/port/guest_send.h"
#include "traffic/port/virtio_ring_packed.h"

XD_VIRTIO_RING_INLINE void
offer(const struct xd_virtio_ring *r, uint16_t i, uint64_t addr, uint32_t bytes, uint16_t id,
	uint16_t flags)
{
	r->guest->made[i] =
		(struct xd_packed_desc){.addr = addr, .len = bytes, .id = id, .flags = flags};
}

/* The n descriptors that were made, from the last to the first: the device finds all of them at
 * once. */
static void
publish(struct xd_virtio_ring *r, uint16_t n)
{
	const struct xd_packed_desc *made = r->guest->made;

	for (uint16_t i = n; i-- > 0;)
		xd_packed_offer(r, (uint16_t)(r->avail_idx + i), made[i].addr, made[i].len,
			made[i].id, made[i].flags);
	r->avail_idx += n;
}

/* Descriptors are written where others came back. */
XD_VIRTIO_RING_INLINE void
expect(const struct xd_virtio_ring *r, uint16_t id)
{
	(void)r;
	(void)id;
}

XD_VIRTIO_RING_INLINE bool
take(struct xd_virtio_ring *r, uint16_t at, struct xd_virtio_ring_buffer *b)
{
	return xd_guest_take(r, at, b, xd_packed_read_used, expect);
}

XD_VIRTIO_RING_INLINE bool
take_in_order(struct xd_virtio_ring *r, uint16_t at, struct xd_virtio_ring_buffer *b)
{
	return xd_guest_take(r, at, b, xd_packed_read_in_order, expect);
}

static void
reclaim(struct xd_virtio_ring *r, uint16_t n)
{
	if (n > xd_virtio_ring_out(r))
		n = xd_virtio_ring_out(r);
	if (r->in_order)
		xd_guest_reclaim(r, n, xd_packed_read_in_order, expect);
	else
		xd_guest_reclaim(r, n, xd_packed_read_used, expect);
}

static uint16_t
send(struct xd_virtio_ring *r, struct xd_stream *stream, enum xd_touch touch, uint16_t n)
{
	return xd_guest_send_burst(r, stream, touch, n, reclaim, offer, publish);
}

XD_VIRTIO_RING_INLINE uint16_t
receive_as(struct xd_virtio_ring *r, enum xd_touch touch, uint32_t size, uint16_t n,
	struct xd_receive *counts, xd_guest_read_fn read, xd_virtio_ring_take_fn take_one)
{
	uint16_t out = xd_virtio_ring_out(r), looked;

	if (n > out)
		n = out;
	if (n == 0 || r->broken)
		return 0;
	if ((uint16_t)(r->guest->looked - r->used_idx) < n)
		xd_guest_look(r, (uint16_t)(r->used_idx + n), touch != XD_TOUCH_NONE, read, expect);
	if (r->broken)
		return 0;
	looked = (uint16_t)(r->guest->looked - r->used_idx);
	if (n > looked)
		n = looked;
	if (n == 0)
		return 0;
	n = xd_guest_receive_burst(r, n, out, touch, size, counts, take_one);
	xd_guest_refill(r, n, offer, publish);
	return n;
}

static uint16_t
receive(struct xd_virtio_ring *r, enum xd_touch touch, uint32_t size, uint16_t n,
	struct xd_receive *counts)
{
	if (r->in_order)
		return receive_as(
			r, touch, size, n, counts, xd_packed_read_in_order, take_in_order);
	return receive_as(r, touch, size, n, counts, xd_packed_read_used, take);
}

static void
fill(struct xd_virtio_ring *r)
{
	xd_guest_fill(r, offer, publish);
}

const struct xd_virtio_ring_ops xd_guest_packed_ops = {
	.fill = fill,
	.send = send,
	.receive = receive,
	.reclaim = reclaim,
};

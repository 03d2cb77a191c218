/* SPDX-License-Identifier: BSD-3-Clause */
#include "traffic/port/guest_burst.h"
#include "traffic/port/virtio_ring_packed.h"

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

XD_VIRTIO_RING_INLINE bool
take(struct xd_virtio_ring *r, uint16_t at, struct xd_virtio_ring_buffer *b)
{
	uint32_t len;
	uint16_t id;

	return xd_packed_read_used(r, at, &id, &len) && xd_guest_take(r, id, len, b);
}

XD_VIRTIO_RING_INLINE bool
take_in_order(struct xd_virtio_ring *r, uint16_t at, struct xd_virtio_ring_buffer *b)
{
	uint32_t len;
	uint16_t id;

	return xd_packed_read_in_order(r, at, &id, &len) && xd_guest_take(r, id, len, b);
}

static void
reclaim(struct xd_virtio_ring *r, uint16_t n)
{
	struct xd_virtio_ring_buffer b;
	uint16_t done = 0;

	if (n > xd_virtio_ring_out(r))
		n = xd_virtio_ring_out(r);
	if (r->in_order)
		while (done < n && take_in_order(r, (uint16_t)(r->used_idx + done), &b))
			done++;
	else
		while (done < n && take(r, (uint16_t)(r->used_idx + done), &b))
			done++;
	xd_guest_free_taken(r);
	xd_virtio_ring_move_on(r, done);
}

static uint16_t
send(struct xd_virtio_ring *r, struct xd_stream *stream, enum xd_touch touch, uint16_t n)
{
	return xd_guest_send_burst(r, stream, touch, n, reclaim, publish);
}

/* Asks for the first lines of frames that are there, at most n, and for nothing beyond them but
 * one descriptor. */
XD_VIRTIO_RING_INLINE void
prefetch(struct xd_virtio_ring *r, uint16_t n)
{
	uint32_t len;
	uint16_t id;

	for (uint16_t i = 0; i < n; i++) {
		if (!xd_packed_read_used(r, (uint16_t)(r->used_idx + i), &id, &len))
			break;
		xd_guest_prefetch(r, id);
	}
}

static uint16_t
receive(struct xd_virtio_ring *r, enum xd_touch touch, uint32_t size, uint16_t n,
	struct xd_receive *counts)
{
	uint16_t out = xd_virtio_ring_out(r);

	if (n > out)
		n = out;
	if (n == 0 || r->broken)
		return 0;
	if (touch != XD_TOUCH_NONE && !r->in_order)
		prefetch(r, n);
	if (r->broken)
		return 0;
	if (r->in_order)
		n = xd_guest_receive_burst(r, n, out, touch, size, counts, take_in_order);
	else
		n = xd_guest_receive_burst(r, n, out, touch, size, counts, take);
	xd_virtio_ring_move_on(r, n);
	xd_guest_refill(r, publish);
	return n;
}

static void
fill(struct xd_virtio_ring *r)
{
	publish(r, xd_guest_make_receive(r, r->size));
}

const struct xd_virtio_ring_ops xd_guest_packed_ops = {
	.fill = fill,
	.send = send,
	.receive = receive,
	.reclaim = reclaim,
};

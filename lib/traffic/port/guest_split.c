/* SPDX-License-Identifier: BSD-3-Clause */
#include "traffic/port/guest_burst.h"
#include "traffic/port/virtio_ring_split.h"

/* The n descriptors that were made, each a buffer of its own. */
static void
publish(struct xd_virtio_ring *r, uint16_t n)
{
	const struct xd_packed_desc *made = r->guest->made;

	for (uint16_t i = 0; i < n; i++) {
		uint16_t id = made[i].id;

		r->desc[id] = (struct xd_vring_desc){
			.addr = made[i].addr, .len = made[i].len, .flags = made[i].flags};
		r->avail->ring[(uint16_t)(r->avail_idx + i) & r->mask] = id;
	}
	r->avail_idx += n;
	__atomic_store_n(&r->avail->idx, r->avail_idx, __ATOMIC_RELEASE);
}

XD_VIRTIO_RING_INLINE bool
take(struct xd_virtio_ring *r, uint16_t at, struct xd_virtio_ring_buffer *b)
{
	uint32_t len;
	uint16_t id;

	return xd_split_read_used(r, at, &id, &len) && xd_guest_take(r, id, len, b);
}

XD_VIRTIO_RING_INLINE bool
take_in_order(struct xd_virtio_ring *r, uint16_t at, struct xd_virtio_ring_buffer *b)
{
	uint32_t len;
	uint16_t id;

	return xd_split_read_in_order(r, at, &id, &len) && xd_guest_take(r, id, len, b);
}

static void
reclaim(struct xd_virtio_ring *r, uint16_t n)
{
	uint16_t there = xd_split_given_back(r), done = 0;
	struct xd_virtio_ring_buffer b;

	if (n > there)
		n = there;
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

/* Asks for the first lines of the frames that n positions were given back with. */
XD_VIRTIO_RING_INLINE void
prefetch(const struct xd_virtio_ring *r, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		xd_guest_prefetch(r, r->used->ring[(uint16_t)(r->used_idx + i) & r->mask].id);
}

static uint16_t
receive(struct xd_virtio_ring *r, enum xd_touch touch, uint32_t size, uint16_t n,
	struct xd_receive *counts)
{
	uint16_t there = xd_split_given_back(r);

	if (n > there)
		n = there;
	if (n == 0)
		return 0;
	if (touch != XD_TOUCH_NONE && !r->in_order)
		prefetch(r, n);
	if (r->in_order)
		n = xd_guest_receive_burst(r, n, there, touch, size, counts, take_in_order);
	else
		n = xd_guest_receive_burst(r, n, there, touch, size, counts, take);
	xd_virtio_ring_move_on(r, n);
	xd_guest_refill(r, publish);
	return n;
}

static void
fill(struct xd_virtio_ring *r)
{
	publish(r, xd_guest_make_receive(r, r->size));
}

const struct xd_virtio_ring_ops xd_guest_split_ops = {
	.fill = fill,
	.send = send,
	.receive = receive,
	.reclaim = reclaim,
};

/* SPDX-License-Identifier: BSD-3-Clause */
/* Static packed rings: bursts sent and received, with buffers that stay where they are. */
#include "traffic/port/virtio_ring_packed.h"

/* Offers what position `at` holds. */
XD_VIRTIO_RING_INLINE void
offer(struct xd_virtio_ring *r, uint16_t at, uint32_t bytes)
{
	uint16_t id = r->ids[at & r->mask];

	xd_packed_offer(r, at, r->guest_addr + (uint64_t)id * r->stride, bytes, id,
		r->write ? XD_VRING_DESC_F_WRITE : 0);
}

static void
publish(struct xd_virtio_ring *r, uint16_t n)
{
	uint32_t bytes = r->write ? r->room + XD_VIRTIO_HEADER : r->send_bytes;

	if (__builtin_expect(r->listed, 0))
		for (uint16_t i = n; i-- > 0;) {
			uint16_t at = (uint16_t)(r->avail_idx + i);

			offer(r, at, r->lens[r->ids[at & r->mask]]);
		}
	else
		for (uint16_t i = n; i-- > 0;)
			offer(r, (uint16_t)(r->avail_idx + i), bytes);
	r->avail_idx += n;
}

XD_VIRTIO_RING_INLINE bool
take(struct xd_virtio_ring *r, uint16_t at, struct xd_virtio_ring_buffer *b)
{
	uint32_t len;
	uint16_t id;

	if (!xd_packed_read_used(r, at, &id, &len))
		return false;
	r->ids[at & r->mask] = id;
	*b = xd_virtio_ring_buffer(r, id, len);
	return true;
}

XD_VIRTIO_RING_INLINE bool
take_in_order(struct xd_virtio_ring *r, uint16_t at, struct xd_virtio_ring_buffer *b)
{
	uint32_t len;
	uint16_t id;

	if (!xd_packed_read_in_order(r, at, &id, &len))
		return false;
	*b = xd_virtio_ring_buffer(r, id, len);
	if (len == UINT32_MAX)
		b->len = b->room;
	return true;
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
	xd_virtio_ring_move_on(r, done);
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
	uint16_t out = xd_virtio_ring_out(r), id;
	uint32_t len;

	if (n > out)
		n = out;
	if (n == 0 || r->broken)
		return 0;
	/* Frames that are there, and no descriptor beyond them but one. Descriptors found used stay
	 * so: what is taken below is what was seen here, or the same again. */
	if (touch != XD_TOUCH_NONE && !r->in_order)
		for (uint16_t i = 0; i < n; i++) {
			if (!xd_packed_read_used(r, (uint16_t)(r->used_idx + i), &id, &len))
				break;
			__builtin_prefetch(xd_virtio_ring_frame(r, id));
		}
	if (r->broken)
		return 0;
	if (r->in_order)
		n = xd_virtio_ring_receive_burst(r, 0, n, out, touch, size, counts, take_in_order);
	else
		n = xd_virtio_ring_receive_burst(r, 0, n, out, touch, size, counts, take);
	xd_virtio_ring_move_on(r, n);
	publish(r, n);
	return n;
}

static void
fill(struct xd_virtio_ring *r)
{
	publish(r, r->size);
}

const struct xd_virtio_ring_ops xd_virtio_ring_packed_ops = {
	.fill = fill,
	.send = send,
	.receive = receive,
	.reclaim = reclaim,
};

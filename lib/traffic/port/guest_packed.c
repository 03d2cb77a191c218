/* SPDX-License-Identifier: BSD-3-Clause */
/* A guest's packed rings: descriptors made for each frame, taken back, and offered to receive. */
#include "traffic/port/guest_receive.h"
#include "traffic/port/guest_send.h"
#include "traffic/port/virtio_ring_packed.h"

#define BURST 32 /* buffers that a device gives back at once, when it is busy */

typedef uint64_t desc_words
	__attribute__((vector_size(sizeof(struct xd_packed_desc)), aligned(8), may_alias));

/* Descriptors from a position on in its line. */
XD_VIRTIO_RING_INLINE uint16_t
in_line(uint16_t at)
{
	return (uint16_t)(XD_PACKED_LINE - at % XD_PACKED_LINE);
}

/* One store for a descriptor, as few as can be in front of each other (guest_send.h). Those in the
 * line of a burst's first, where the device looks, are held back: all of the burst is found at
 * once, and that line does not travel to the device and back before it is written. */
XD_VIRTIO_RING_INLINE void
offer(const struct xd_virtio_ring *r, uint16_t i, uint64_t addr, uint32_t bytes, uint16_t id,
	uint16_t flags)
{
	const uint16_t at = (uint16_t)(r->avail_idx + i);
	void *to = i < in_line(r->avail_idx) ? (void *)r->guest->held[i]
					     : (void *)&r->ring[at & r->mask];

	*(desc_words *)to = (desc_words){addr, xd_packed_avail_word(r, at, bytes, id, flags)};
}

/* The n descriptors that were offered, the first one last. */
static void
publish(struct xd_virtio_ring *r, uint16_t n)
{
	const uint16_t first = in_line(r->avail_idx);

	for (uint16_t i = n < first ? n : first; i-- > 0;) {
		const uint16_t at = (uint16_t)(r->avail_idx + i);
		uint64_t *words = (uint64_t *)(void *)&r->ring[at & r->mask];

		words[0] = r->guest->held[i][0];
		__atomic_store_n(&words[1], r->guest->held[i][1], __ATOMIC_RELEASE);
	}
	r->avail_idx += n;
}

/* Where descriptors will be written is asked for a burst at a time: ask. */
XD_VIRTIO_RING_INLINE void
expect(const struct xd_virtio_ring *r, uint16_t id)
{
	(void)r;
	(void)id;
}

/* Whether the n buffers from used_idx on came back, as a look at the last of them tells. If so
 * their descriptors are asked for to be written, as they will be: else a line that is read first
 * travels twice. Where fewer came, the device may be writing these lines. In order, it writes one
 * of many. */
XD_VIRTIO_RING_INLINE bool
ask(const struct xd_virtio_ring *r, uint16_t n)
{
	const uint16_t from = r->used_idx;

	if (n == 0 || r->in_order || !xd_packed_used_at(r, (uint16_t)(from + n - 1)))
		return false;
	for (uint16_t i = 0; i < n + from % XD_PACKED_LINE; i += XD_PACKED_LINE)
		__builtin_prefetch(&r->ring[(uint16_t)(from + i) & r->mask], 1);
	return true;
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
	ask(r, n < BURST ? n : BURST);
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

/* What comes after these n is looked at, too, when so much is there again, so that its lines are
 * here by the next time. */
XD_VIRTIO_RING_INLINE uint16_t
receive_as(struct xd_virtio_ring *r, enum xd_touch touch, uint32_t size, uint16_t n,
	struct xd_receive *counts, xd_guest_read_fn read, xd_virtio_ring_take_fn take_one)
{
	uint16_t out = xd_virtio_ring_out(r), want = n, looked;

	if (n > out)
		n = out;
	if (n == 0 || r->broken)
		return 0;
	if ((uint16_t)(r->guest->looked - r->used_idx) < n) {
		ask(r, n);
		xd_guest_look(r, (uint16_t)(r->used_idx + n), touch != XD_TOUCH_NONE, read, expect);
	}
	if (r->broken)
		return 0;
	looked = (uint16_t)(r->guest->looked - r->used_idx);
	if (n > looked)
		n = looked;
	if (n == 0)
		return 0;
	n = xd_guest_receive_burst(r, n, out, touch, size, counts, take_one);
	xd_guest_refill(r, n, offer, publish);
	if ((uint16_t)(r->guest->looked - r->used_idx) < want && want <= xd_virtio_ring_out(r) &&
		ask(r, want))
		xd_guest_look(
			r, (uint16_t)(r->used_idx + want), touch != XD_TOUCH_NONE, read, expect);
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

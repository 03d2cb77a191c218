/* SPDX-License-Identifier: BSD-3-Clause */
/* Receiving with a guest's ring, for guest_split.c and guest_packed.c: inline, so that each kind of
 * ring and touch gets a loop of its own. */
#ifndef XD_TRAFFIC_PORT_GUEST_RECEIVE_H
#define XD_TRAFFIC_PORT_GUEST_RECEIVE_H

#include "traffic/port/guest_send.h"

#define XD_GUEST_NAPI 64 /* buffers: NAPI_POLL_WEIGHT of Linux */

/* ---- What came ---- */

/* Looks at the positions up to `upto`, as far as they were given back, and asks for the first lines
 * of what the device wrote. */
XD_VIRTIO_RING_INLINE void
xd_guest_look(struct xd_virtio_ring *r, uint16_t upto, bool prefetch, xd_guest_read_fn read,
	xd_guest_expect_fn expect)
{
	struct xd_guest_ring *g = r->guest;
	struct xd_virtio_ring ring = xd_guest_copy(r);
	struct xd_guest_arrival *arrivals = g->arrivals;
	struct xd_guest_buffer *buffers = g->buffers;
	const uint8_t *memory = g->memory + g->lead;
	uint16_t at = g->looked, id;
	uint32_t len;

	for (; at != upto && read(&ring, at, &id, &len); at++) {
		struct xd_guest_buffer own = buffers[id];

		if (__builtin_expect(own.bytes == 0, 0)) {
			ring.broken = true;
			break;
		}
		if (prefetch) {
			__builtin_prefetch(memory + (size_t)own.line * XD_LINE);
			__builtin_prefetch(memory + (size_t)own.line * XD_LINE + XD_LINE);
		}
		expect(&ring, id);
		buffers[id].bytes = 0;
		arrivals[at & ring.mask] = (struct xd_guest_arrival){
			.buffer = own,
			.id = id,
			.len = len == UINT32_MAX ? own.bytes
						 : len, /* only a batch's last is known */
		};
	}
	g->looked = at;
	xd_guest_put_back(r, &ring);
}

/* What buffer came at position `at`: for once, and only what the device had. */
XD_VIRTIO_RING_INLINE bool
xd_guest_take(struct xd_virtio_ring *r, uint16_t at, struct xd_virtio_ring_buffer *b,
	xd_guest_read_fn read, xd_guest_expect_fn expect)
{
	const struct xd_guest_ring *g = r->guest;
	const struct xd_guest_arrival *arrival = &g->arrivals[at & r->mask];

	if (at == g->looked) /* the rest of a frame that takes more buffers */
		xd_guest_look(r, (uint16_t)(at + 1), false, read, expect);
	if (at == g->looked)
		return false;
	b->frame = g->memory + g->lead + (size_t)arrival->buffer.line * XD_LINE + XD_VIRTIO_HEADER;
	b->len = arrival->len;
	b->room = arrival->buffer.bytes;
	b->exact = true;
	return true;
}

/* Frames of the synthetic stream, each in one buffer; stops at any other. Returns how many. */
XD_VIRTIO_RING_INLINE uint16_t
xd_guest_receive_ours(const struct xd_virtio_ring *r, uint16_t n, bool mergeable, uint32_t size,
	struct xd_receive *counts)
{
	const struct xd_guest_ring g = xd_guest_copy_ring(r->guest);
	const uint16_t first = r->used_idx, mask = r->mask;
	const uint8_t *memory = g.memory + g.lead + XD_VIRTIO_HEADER;
	xd_line sum = counts->sum;
	uint16_t i;

	for (i = 0; i < n; i++) {
		const struct xd_guest_arrival *a = &g.arrivals[(uint16_t)(first + i) & mask];
		const uint8_t *frame = memory + (size_t)a->buffer.line * XD_LINE;

		if (a->len != size + XD_VIRTIO_HEADER || a->len > a->buffer.bytes ||
			xd_virtio_ring_buffers(frame, mergeable) != 1 || !xd_stream_is_ours(frame))
			break;
		sum ^= xd_bytes_read(frame, size);
	}
	counts->sum = sum;
	counts->frames += i;
	counts->bytes += (uint64_t)i * size;
	return i;
}

/* The average of `frames` frames that took the buffers of this burst, if it makes a difference:
 * ewma_pkt_len_add for each. */
static inline void
xd_guest_average(struct xd_guest_ring *g, uint64_t bytes, uint64_t frames)
{
	uint32_t mean;

	if (bytes <= frames * XD_GUEST_FRAME_MIN && g->average <= XD_GUEST_FRAME_MIN)
		return;
	mean = frames ? (uint32_t)(bytes / frames) : 0;
	for (uint64_t i = 0; i < frames; i++)
		g->average = g->average ? (g->average * 63 + mean) / 64 : mean;
}

/* Frames from used_idx on, until n buffers are taken, which were looked at. */
XD_VIRTIO_RING_INLINE uint16_t
xd_guest_receive_burst(struct xd_virtio_ring *r, uint16_t n, uint16_t there, enum xd_touch touch,
	uint32_t size, struct xd_receive *counts, xd_virtio_ring_take_fn take)
{
	uint64_t frames = counts->frames, bytes = counts->bytes;
	uint16_t done = 0;

	if (counts->kind == XD_RECEIVE_OURS && touch == XD_TOUCH_FULL && size >= XD_STREAM_MIN) {
		if (size == XD_LINE)
			done = xd_guest_receive_ours(r, n, r->mergeable, XD_LINE, counts);
		else
			done = xd_guest_receive_ours(r, n, r->mergeable, size, counts);
	}
	if (__builtin_expect(done < n, 0))
		done = xd_virtio_ring_receive_burst(r, done, n, there, touch, size, counts, take);
	if (r->mergeable)
		xd_guest_average(r->guest, counts->bytes - bytes, counts->frames - frames);
	return done;
}

/* ---- Buffers for what comes ---- */

/* Bytes that a receive buffer takes of its page: get_mergeable_buf_len and add_recvbuf_small. */
static inline uint32_t
xd_guest_receive_bytes(bool mergeable, uint32_t room, uint32_t average)
{
	uint32_t most = 4096 - XD_VIRTIO_HEADER;

	if (!mergeable)
		return XD_GUEST_SKB_PAD + xd_lines(XD_VIRTIO_HEADER + room) * XD_LINE +
		       XD_GUEST_SHARED_INFO;
	if (average < XD_GUEST_FRAME_MIN)
		average = XD_GUEST_FRAME_MIN;
	return xd_lines(XD_VIRTIO_HEADER + (average < most ? average : most)) * XD_LINE;
}

/* The n buffers from used_idx on are free, in the order in which they came. */
XD_VIRTIO_RING_INLINE void
xd_guest_free(struct xd_virtio_ring *r, uint16_t n)
{
	struct xd_guest_ring *g = r->guest;
	struct xd_guest_pool pool = xd_guest_pool_copy(&g->pool);
	const struct xd_guest_arrival *arrivals = g->arrivals;
	uint16_t *ids = g->ids;
	const uint16_t at = r->used_idx, last = g->last, mask = r->mask;
	const uint32_t page_mask = pool.page_bytes / XD_LINE - 1;
	uint32_t page = 0, pieces = 0;

	for (uint16_t i = 0; i < n; i++) {
		const struct xd_guest_arrival *a = &arrivals[(uint16_t)(at + i) & mask];
		uint32_t of = a->buffer.line & ~page_mask;

		ids[(uint16_t)(last + i) & mask] = (uint16_t)a->id;
		if (of != page) {
			if (pieces)
				xd_guest_pool_drop(&pool, page, pieces);
			page = of;
			pieces = 0;
		}
		pieces++;
	}
	if (pieces)
		xd_guest_pool_drop(&pool, page, pieces);
	g->last = (uint16_t)(last + n);
	xd_guest_pool_put_back(&g->pool, &pool);
}

/* Buffers with the ids that are free, as far as there are pages. They are chosen first and offered
 * then, as frames are sent: guest_send.h. */
XD_VIRTIO_RING_INLINE void
xd_guest_fill(struct xd_virtio_ring *r, xd_guest_offer_fn offer, xd_guest_publish_fn publish)
{
	const struct xd_virtio_ring ring = xd_guest_copy(r);
	struct xd_guest_ring g = xd_guest_copy_ring(r->guest);
	const uint32_t bytes = xd_guest_receive_bytes(r->mergeable, r->room, g.average);
	const uint32_t one = r->mergeable ? 0 : XD_VIRTIO_HEADER + r->room;
	const uint64_t addr = g.guest_addr + g.lead;
	const uint16_t n = xd_guest_nb_ids(&g);
	struct xd_guest_piece piece;
	uint16_t i;

	for (i = 0; i < n && xd_guest_pool_cut(&g.pool, bytes, &piece); i++) {
		g.buffers[xd_guest_taken_id(&g, i, ring.mask)] = (struct xd_guest_buffer){
			.line = piece.line, .bytes = one ? one : piece.bytes};
	}
	for (uint16_t k = 0; k < i; k++) {
		uint16_t id = xd_guest_taken_id(&g, k, ring.mask);
		struct xd_guest_buffer own = g.buffers[id];

		offer(&ring, k, addr + (uint64_t)own.line * XD_LINE, own.bytes, id,
			XD_VRING_DESC_F_WRITE);
	}
	xd_guest_pool_put_back(&r->guest->pool, &g.pool);
	xd_guest_take_ids(r->guest, i);
	publish(r, i);
}

/* After a burst of n buffers: they are free, and the ring is filled up when enough of it is
 * (virtnet_receive). */
XD_VIRTIO_RING_INLINE void
xd_guest_refill(
	struct xd_virtio_ring *r, uint16_t n, xd_guest_offer_fn offer, xd_guest_publish_fn publish)
{
	uint16_t batch = r->size < XD_GUEST_NAPI ? r->size : XD_GUEST_NAPI;

	xd_guest_free(r, n);
	xd_virtio_ring_move_on(r, n);
	if (xd_guest_nb_ids(r->guest) > batch / 2)
		xd_guest_fill(r, offer, publish);
}

#endif

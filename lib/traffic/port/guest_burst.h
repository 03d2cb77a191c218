/* SPDX-License-Identifier: BSD-3-Clause */
/* The frames of a burst and their buffers, for guest_split.c and guest_packed.c: inline, so that
 * each kind of ring, touch and stream gets a loop of its own. */
#ifndef XD_TRAFFIC_PORT_GUEST_BURST_H
#define XD_TRAFFIC_PORT_GUEST_BURST_H

#include "traffic/port/guest_ring.h"
#include "traffic/port/virtio_ring_burst.h"

#define XD_GUEST_NAPI 64 /* buffers: NAPI_POLL_WEIGHT of Linux */

/* ---- The free list of ids ---- */

/* A loop works on a copy of it and of the pool, which stores into frames and rings cannot alias, so
 * that it stays in registers. */
struct xd_guest_ids {
	uint16_t *ids;
	uint16_t first, last, mask;
	bool lifo;
};

XD_VIRTIO_RING_INLINE struct xd_guest_ids
xd_guest_ids_get(const struct xd_virtio_ring *r)
{
	const struct xd_guest_ring *g = r->guest;

	return (struct xd_guest_ids){g->ids, g->first, g->last, r->mask, g->lifo};
}

XD_VIRTIO_RING_INLINE void
xd_guest_ids_put(struct xd_virtio_ring *r, const struct xd_guest_ids *ids)
{
	r->guest->first = ids->first;
	r->guest->last = ids->last;
}

XD_VIRTIO_RING_INLINE uint16_t
xd_guest_nb_ids(const struct xd_guest_ring *g)
{
	return (uint16_t)(g->last - g->first);
}

XD_VIRTIO_RING_INLINE uint16_t
xd_guest_take_id(struct xd_guest_ids *l)
{
	return l->lifo ? l->ids[--l->last] : l->ids[l->first++ & l->mask];
}

XD_VIRTIO_RING_INLINE void
xd_guest_give_id(struct xd_guest_ids *l, uint16_t id)
{
	uint16_t at = l->last++;

	l->ids[l->lifo ? at : at & l->mask] = id;
}

/* What buffer `id` was given back with, which the device must have had: for once. */
XD_VIRTIO_RING_INLINE bool
xd_guest_take(struct xd_virtio_ring *r, uint16_t id, uint32_t len, struct xd_virtio_ring_buffer *b)
{
	struct xd_guest_ring *g = r->guest;
	struct xd_guest_buffer *own = &g->buffers[id];

	if (__builtin_expect(!own->out, 0)) {
		r->broken = true;
		return false;
	}
	own->out = 0;
	g->taken[g->nb_taken++] = id;
	b->frame = g->memory + own->at + XD_VIRTIO_HEADER;
	b->len = len == UINT32_MAX ? own->bytes
				   : len; /* all of it, where only the last one's is known */
	b->room = own->bytes;
	b->exact = true;
	return true;
}

/* Buffers that came back in this burst are free, in the order in which they came. */
XD_VIRTIO_RING_INLINE void
xd_guest_free_taken(struct xd_virtio_ring *r)
{
	struct xd_guest_ring *g = r->guest;
	struct xd_guest_ids ids = xd_guest_ids_get(r);
	struct xd_guest_pool pool = g->pool;
	const uint16_t n = g->nb_taken;
	const bool write = r->write;

	for (uint16_t i = 0; i < n; i++) {
		uint32_t page = g->buffers[g->taken[i]].page;

		xd_guest_give_id(&ids, g->taken[i]);
		if (write)
			xd_guest_pool_drop(&pool, page);
		else
			xd_guest_pool_put(&pool, page);
	}
	g->nb_taken = 0;
	g->pool = pool;
	xd_guest_ids_put(r, &ids);
}

/* ---- Sending ---- */

/* One frame in one piece at dst, behind its header; or its headers there and its payload apart. */
XD_VIRTIO_RING_INLINE void
xd_guest_write_frame(struct xd_stream *s, const uint8_t header[XD_VIRTIO_HEADER], uint8_t *dst,
	uint8_t *body, enum xd_touch touch, enum xd_stream_vary vary)
{
	memcpy(dst - XD_VIRTIO_HEADER, header, XD_VIRTIO_HEADER);
	xd_stream_write(s, dst, body && touch == XD_TOUCH_FULL ? XD_TOUCH_STAMP : touch, vary);
	if (body && touch == XD_TOUCH_FULL)
		xd_lines_write(body, s->frame + XD_STREAM_TCP_HEAD,
			xd_lines(s->size - XD_STREAM_TCP_HEAD));
}

/* Into the pages that are handed out next, from the first-th on. */
XD_VIRTIO_RING_INLINE void
xd_guest_write_as(const struct xd_guest_ring *g, struct xd_stream *stream, enum xd_touch touch,
	enum xd_stream_vary vary, bool pieces, uint32_t first, uint16_t n)
{
	/* Copies, which the frames' stores cannot alias: they stay in registers. */
	struct xd_stream s = *stream;
	const struct xd_guest_pool pool = g->pool;
	uint8_t *memory = g->memory;
	const uint32_t lead = g->lead + XD_VIRTIO_HEADER;

	for (uint32_t i = first; i < first + n; i++) {
		uint32_t page = xd_guest_pool_next(&pool, i);

		uint8_t *at = memory + (size_t)page * pool.page_bytes;

		xd_guest_write_frame(&s, s.header, at + lead, pieces ? at + XD_GUEST_BODY_AT : NULL,
			touch, vary);
	}
	stream->next = s.next;
}

/* The commonest streams get loops of their own. */
XD_VIRTIO_RING_INLINE void
xd_guest_write(struct xd_virtio_ring *r, struct xd_stream *stream, enum xd_touch touch,
	uint32_t first, uint16_t n)
{
	struct xd_guest_ring *g = r->guest;

	if (__builtin_expect(g->pieces, 0))
		xd_guest_write_as(g, stream, touch, stream->vary, true, first, n);
	else if (touch == XD_TOUCH_FULL && stream->vary == XD_VARY_NOTHING)
		xd_guest_write_as(g, stream, XD_TOUCH_FULL, XD_VARY_NOTHING, false, first, n);
	else if (touch == XD_TOUCH_FULL && stream->vary == XD_VARY_MACS)
		xd_guest_write_as(g, stream, XD_TOUCH_FULL, XD_VARY_MACS, false, first, n);
	else if (touch == XD_TOUCH_FULL && stream->vary == XD_VARY_L4)
		xd_guest_write_as(g, stream, XD_TOUCH_FULL, XD_VARY_L4, false, first, n);
	else
		xd_guest_write_as(g, stream, touch, stream->vary, false, first, n);
}

/* Frames of a list, whose lengths differ. */
XD_VIRTIO_RING_INLINE void
xd_guest_write_list(struct xd_virtio_ring *r, struct xd_stream *stream, bool whole, uint16_t n)
{
	struct xd_guest_ring *g = r->guest;

	for (uint16_t i = 0; i < n; i++) {
		uint32_t page = xd_guest_pool_next(&g->pool, i);
		uint8_t *at = g->memory + (size_t)page * g->pool.page_bytes + g->lead;

		memset(at, 0, XD_VIRTIO_HEADER);
		g->made[i].len =
			XD_VIRTIO_HEADER + xd_list_stream_write(stream->list, &stream->schedule,
						   at + XD_VIRTIO_HEADER, whole);
	}
}

/* The indirect table of a frame in pieces; how many bytes it has. */
XD_VIRTIO_RING_INLINE uint32_t
xd_guest_write_table(const struct xd_virtio_ring *r, uint32_t page, uint64_t head, uint32_t body)
{
	const struct xd_guest_ring *g = r->guest;
	struct xd_vring_desc *table =
		(struct xd_vring_desc *)(void *)(g->tables + (size_t)page * XD_GUEST_TABLE_BYTES);
	uint64_t addr = head - g->lead + XD_GUEST_BODY_AT;
	uint16_t n = 1;

	table[0] =
		(struct xd_vring_desc){.addr = head, .len = XD_VIRTIO_HEADER + XD_STREAM_TCP_HEAD};
	for (uint32_t done = 0; done < body; n++) {
		uint32_t bytes =
			body - done < XD_GUEST_PIECES_PAGE ? body - done : XD_GUEST_PIECES_PAGE;

		table[n] = (struct xd_vring_desc){.addr = addr + done, .len = bytes};
		done += bytes;
	}
	/* A packed ring's tables go by order (section 2.8.7), and have an id where a split ring's
	 * have flags. */
	for (uint16_t i = 0; i + 1 < n && !r->packed; i++) {
		table[i].flags = XD_VRING_DESC_F_NEXT;
		table[i].next = (uint16_t)(i + 1);
	}
	return n * (uint32_t)sizeof(*table);
}

/* Descriptors of the next n frames, which are written, and ids for them. */
XD_VIRTIO_RING_INLINE void
xd_guest_make_send(struct xd_virtio_ring *r, uint16_t n)
{
	struct xd_guest_ring *g = r->guest;
	struct xd_guest_ids ids = xd_guest_ids_get(r);
	const struct xd_guest_pool pool = g->pool;
	const uint64_t addr = g->guest_addr + g->lead;
	const bool listed = r->listed, pieces = g->pieces;
	const uint32_t bytes = r->send_bytes;

	for (uint16_t i = 0; i < n; i++) {
		uint32_t page = xd_guest_pool_next(&pool, i);
		uint16_t id = xd_guest_take_id(&ids);
		struct xd_packed_desc d = {
			.addr = addr + (uint64_t)page * pool.page_bytes,
			.len = listed ? g->made[i].len : bytes,
			.id = id,
		};

		g->buffers[id] = (struct xd_guest_buffer){.page = page, .out = 1};
		if (__builtin_expect(pieces, 0)) {
			d.len = xd_guest_write_table(
				r, page, d.addr, bytes - XD_VIRTIO_HEADER - XD_STREAM_TCP_HEAD);
			d.addr = g->tables_addr + (uint64_t)page * XD_GUEST_TABLE_BYTES;
			d.flags = XD_VRING_DESC_F_INDIRECT;
		}
		g->made[i] = d;
	}
	g->pool.head += n;
	xd_guest_ids_put(r, &ids);
}

/* Asks for the first lines of the buffers that are sent from next. */
XD_VIRTIO_RING_INLINE void
xd_guest_prefetch_send(const struct xd_virtio_ring *r, uint16_t n)
{
	const struct xd_guest_ring *g = r->guest;

	for (uint16_t i = 0; i < n && i < xd_guest_pool_free(&g->pool); i++) {
		const uint8_t *at = g->memory + g->lead +
				    (size_t)xd_guest_pool_next(&g->pool, i) * g->pool.page_bytes;

		__builtin_prefetch(at, 1);
		__builtin_prefetch(at + XD_LINE, 1);
	}
}

/* At most n of the stream's next frames; publish: puts what was made into the ring. */
XD_VIRTIO_RING_INLINE uint16_t
xd_guest_send_burst(struct xd_virtio_ring *r, struct xd_stream *stream, enum xd_touch touch,
	uint16_t n, void (*reclaim)(struct xd_virtio_ring *r, uint16_t n),
	void (*publish)(struct xd_virtio_ring *r, uint16_t n))
{
	uint16_t want = n;

	if (r->broken)
		return 0;
	reclaim(r, r->size);
	if (xd_guest_nb_ids(r->guest) < n)
		n = xd_guest_nb_ids(r->guest);
	if (n == 0 || r->broken)
		return 0;
	if (__builtin_expect(r->listed, 0))
		xd_guest_write_list(r, stream, touch == XD_TOUCH_FULL, n);
	else
		xd_guest_write(r, stream, touch, 0, n);
	xd_guest_make_send(r, n);
	publish(r, n);
	if (touch != XD_TOUCH_NONE)
		xd_guest_prefetch_send(r, want);
	return n;
}

/* ---- Receiving ---- */

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

/* Descriptors for at most n more receive buffers; how many. */
XD_VIRTIO_RING_INLINE uint16_t
xd_guest_make_receive(struct xd_virtio_ring *r, uint16_t n)
{
	struct xd_guest_ring *g = r->guest;
	struct xd_guest_ids ids = xd_guest_ids_get(r);
	struct xd_guest_pool pool = g->pool;
	const uint32_t bytes = xd_guest_receive_bytes(r->mergeable, r->room, g->average);
	const uint32_t one = r->mergeable ? 0 : XD_VIRTIO_HEADER + r->room;
	const uint64_t addr = g->guest_addr;
	const uint32_t lead = g->lead;
	struct xd_guest_piece piece;
	uint16_t made = 0;

	for (; made < n && xd_guest_pool_cut(&pool, bytes, &piece); made++) {
		uint16_t id = xd_guest_take_id(&ids);
		const struct xd_guest_buffer buffer = {
			.at = piece.at + lead,
			.bytes = one ? one : piece.bytes,
			.page = piece.page & INT32_MAX,
			.out = 1,
		};

		g->buffers[id] = buffer;
		g->made[made] = (struct xd_packed_desc){
			.addr = addr + buffer.at,
			.len = buffer.bytes,
			.id = id,
			.flags = XD_VRING_DESC_F_WRITE,
		};
	}
	g->pool = pool;
	xd_guest_ids_put(r, &ids);
	return made;
}

/* Asks for the first lines of what was written into buffer `id`, which may be any number. */
XD_VIRTIO_RING_INLINE void
xd_guest_prefetch(const struct xd_virtio_ring *r, uint32_t id)
{
	const uint8_t *at = r->guest->memory + r->guest->buffers[id & r->mask].at;

	__builtin_prefetch(at);
	__builtin_prefetch(at + XD_LINE);
}

/* The average of `frames` frames that took the buffers of this burst, if it makes a difference:
 * ewma_pkt_len_add for each. */
static inline void
xd_guest_average(struct xd_guest_ring *g, uint64_t bytes, uint64_t frames)
{
	uint32_t mean = frames ? (uint32_t)(bytes / frames) : 0;

	if (mean <= XD_GUEST_FRAME_MIN && g->average <= XD_GUEST_FRAME_MIN)
		return;
	for (uint64_t i = 0; i < frames; i++)
		g->average = g->average ? (g->average * 63 + mean) / 64 : mean;
}

XD_VIRTIO_RING_INLINE uint16_t
xd_guest_receive_burst(struct xd_virtio_ring *r, uint16_t n, uint16_t there, enum xd_touch touch,
	uint32_t size, struct xd_receive *counts, xd_virtio_ring_take_fn take)
{
	uint64_t frames = counts->frames, bytes = counts->bytes;

	n = xd_virtio_ring_receive_burst(r, n, there, touch, size, counts, take);
	if (r->mergeable)
		xd_guest_average(r->guest, counts->bytes - bytes, counts->frames - frames);
	return n;
}

/* After a burst: what came back is free, and the ring is filled up when enough of it is
 * (virtnet_receive). */
XD_VIRTIO_RING_INLINE void
xd_guest_refill(struct xd_virtio_ring *r, void (*publish)(struct xd_virtio_ring *r, uint16_t n))
{
	uint16_t batch = r->size < XD_GUEST_NAPI ? r->size : XD_GUEST_NAPI, free;

	xd_guest_free_taken(r);
	free = xd_guest_nb_ids(r->guest);
	if (free > batch / 2)
		publish(r, xd_guest_make_receive(r, free));
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Sending with a guest's ring, for guest_split.c and guest_packed.c: inline, so that each kind of
 * ring, touch and stream gets a loop of its own. */
#ifndef XD_TRAFFIC_PORT_GUEST_SEND_H
#define XD_TRAFFIC_PORT_GUEST_SEND_H

#include "traffic/port/guest_ids.h"

/* Writes the i-th descriptor of a burst that is not published yet, to go to position avail_idx + i.
 */
typedef void (*xd_guest_offer_fn)(const struct xd_virtio_ring *r, uint16_t i, uint64_t addr,
	uint32_t bytes, uint16_t id, uint16_t flags);
/* The device shall see the n descriptors that were offered. */
typedef void (*xd_guest_publish_fn)(struct xd_virtio_ring *r, uint16_t n);

struct xd_guest_send {
	enum xd_touch touch;
	enum xd_stream_vary vary;
	bool pieces, listed;
};

/* The stream's next frame into a page, behind its header: in one piece; or its headers there and
 * its payload apart. */
XD_VIRTIO_RING_INLINE void
xd_guest_write(const struct xd_guest_ring *g, struct xd_stream *s,
	const uint8_t virtio_header[XD_VIRTIO_HEADER], uint32_t page, enum xd_touch touch,
	enum xd_stream_vary vary, bool pieces)
{
	uint8_t *at = g->memory + (size_t)page * XD_LINE;
	uint8_t *header = at + g->lead;

	memcpy(header, virtio_header, XD_VIRTIO_HEADER);
	xd_stream_write(s, header + XD_VIRTIO_HEADER,
		pieces && touch == XD_TOUCH_FULL ? XD_TOUCH_STAMP : touch, vary);
	if (pieces && touch == XD_TOUCH_FULL)
		xd_lines_write(at + XD_GUEST_HEAD_BYTES, s->frame + XD_STREAM_TCP_HEAD,
			xd_lines(s->size - XD_STREAM_TCP_HEAD));
}

/* A list's next frame likewise; returns its length with the header. */
XD_VIRTIO_RING_INLINE uint32_t
xd_guest_write_listed(const struct xd_guest_ring *g, struct xd_stream *s, uint32_t page, bool whole)
{
	uint8_t *header = g->memory + (size_t)page * XD_LINE + g->lead;

	memset(header, 0, XD_VIRTIO_HEADER);
	return XD_VIRTIO_HEADER +
	       xd_list_stream_write(s->list, &s->schedule, header + XD_VIRTIO_HEADER, whole);
}

/* Where the indirect table of a page lies in g->tables. */
XD_VIRTIO_RING_INLINE size_t
xd_guest_table_at(const struct xd_guest_ring *g, uint32_t page)
{
	return (size_t)xd_guest_pool_index(&g->pool, page) * XD_GUEST_TABLE_BYTES;
}

/* The indirect table of a frame in pieces; how many bytes it has. */
XD_VIRTIO_RING_INLINE uint32_t
xd_guest_write_table(const struct xd_guest_ring *g, bool packed, uint32_t page, uint32_t body)
{
	struct xd_vring_desc *table =
		(struct xd_vring_desc *)(void *)(g->tables + xd_guest_table_at(g, page));
	uint64_t at = g->guest_addr + (uint64_t)page * XD_LINE;
	uint16_t n = 1;

	table[0] = (struct xd_vring_desc){
		.addr = at + g->lead, .len = XD_VIRTIO_HEADER + XD_STREAM_TCP_HEAD};
	for (uint32_t done = 0; done < body; n++) {
		uint32_t bytes =
			body - done < XD_GUEST_PIECES_PAGE ? body - done : XD_GUEST_PIECES_PAGE;

		table[n] = (struct xd_vring_desc){
			.addr = at + XD_GUEST_HEAD_BYTES + done, .len = bytes};
		done += bytes;
	}
	/* A packed ring's tables go by order (section 2.8.7), and have an id where a split ring's
	 * have flags. */
	for (uint16_t i = 0; i + 1 < n && !packed; i++) {
		table[i].flags = XD_VRING_DESC_F_NEXT;
		table[i].next = (uint16_t)(i + 1);
	}
	return n * (uint32_t)sizeof(*table);
}

/* Writes the i-th frame of a burst into the page that is next for it, and returns the frame's bytes
 * with the header. own: a copy of the stream, which it is taken from but for a list's. */
XD_VIRTIO_RING_INLINE uint32_t
xd_guest_write_next(const struct xd_virtio_ring *r, const struct xd_guest_ring *g,
	struct xd_stream *stream, struct xd_stream *own, struct xd_guest_send how, uint16_t i)
{
	uint32_t page = xd_guest_pool_next(&g->pool, i);

	g->buffers[xd_guest_taken_id(g, i, r->mask)] =
		(struct xd_guest_buffer){.line = page, .bytes = 1};
	if (how.listed)
		return xd_guest_write_listed(g, stream, page, how.touch == XD_TOUCH_FULL);
	xd_guest_write(g, own, stream->header, page, how.touch, how.vary, how.pieces);
	return r->send_bytes;
}

/* Writes the next n frames of the stream, and descriptors for them. First the frames, where all
 * have one length, and then the descriptors: stores leave a core in order, and those to the
 * device's lines are under way together only if there are few others between them. */
XD_VIRTIO_RING_INLINE void
xd_guest_send_as(struct xd_virtio_ring *r, struct xd_stream *stream, struct xd_guest_send how,
	uint16_t n, xd_guest_offer_fn offer)
{
	const struct xd_virtio_ring ring = xd_guest_copy(r);
	const struct xd_guest_ring g = xd_guest_copy_ring(r->guest);
	struct xd_stream s = xd_stream_working_copy(stream);
	const uint64_t addr = g.guest_addr + g.lead;
	const bool apart = !how.listed && !how.pieces;

	for (uint16_t i = 0; i < n && apart; i++)
		xd_guest_write_next(&ring, &g, stream, &s, how, i);
	for (uint16_t i = 0; i < n; i++) {
		uint32_t page = xd_guest_pool_next(&g.pool, i), bytes = ring.send_bytes;
		uint16_t id = xd_guest_taken_id(&g, i, ring.mask);

		if (!apart)
			bytes = xd_guest_write_next(&ring, &g, stream, &s, how, i);
		if (how.pieces)
			offer(&ring, i, g.tables_addr + xd_guest_table_at(&g, page),
				xd_guest_write_table(&g, ring.packed, page,
					bytes - XD_VIRTIO_HEADER - XD_STREAM_TCP_HEAD),
				id, XD_VRING_DESC_F_INDIRECT);
		else
			offer(&ring, i, addr + (uint64_t)page * XD_LINE, bytes, id, 0);
	}
	if (!how.listed)
		stream->next = s.next;
}

/* The commonest streams get loops of their own. */
XD_VIRTIO_RING_INLINE void
xd_guest_send_any(struct xd_virtio_ring *r, struct xd_stream *stream, enum xd_touch touch,
	uint16_t n, xd_guest_offer_fn offer)
{
	struct xd_guest_send how = {.touch = touch, .vary = stream->vary};

	if (__builtin_expect(r->listed, 0))
		how.listed = true;
	else if (__builtin_expect(r->guest->pieces, 0))
		how.pieces = true;
	if (__builtin_expect(how.listed || how.pieces || touch != XD_TOUCH_FULL, 0))
		xd_guest_send_as(r, stream, how, n, offer);
	else if (stream->vary == XD_VARY_NOTHING)
		xd_guest_send_as(
			r, stream, (struct xd_guest_send){.vary = XD_VARY_NOTHING}, n, offer);
	else if (stream->vary == XD_VARY_MACS)
		xd_guest_send_as(r, stream, (struct xd_guest_send){.vary = XD_VARY_MACS}, n, offer);
	else if (stream->vary == XD_VARY_L4)
		xd_guest_send_as(r, stream, (struct xd_guest_send){.vary = XD_VARY_L4}, n, offer);
	else
		xd_guest_send_as(r, stream, how, n, offer);
}

/* At most n of the stream's next frames. Their buffers are not asked for ahead: the stores' own
 * requests overlap as far as a core lets them, and asking a burst ahead measured 5 to 10 % slower.
 */
XD_VIRTIO_RING_INLINE uint16_t
xd_guest_send_burst(struct xd_virtio_ring *r, struct xd_stream *stream, enum xd_touch touch,
	uint16_t n, void (*reclaim)(struct xd_virtio_ring *r, uint16_t n), xd_guest_offer_fn offer,
	xd_guest_publish_fn publish)
{
	struct xd_guest_ring *g = r->guest;

	if (r->broken)
		return 0;
	reclaim(r, r->size);
	if (xd_guest_nb_ids(g) < n)
		n = xd_guest_nb_ids(g);
	if (n == 0 || r->broken)
		return 0;
	xd_guest_send_any(r, stream, touch, n, offer);
	xd_guest_take_ids(g, n);
	g->pool.head += n;
	publish(r, n);
	return n;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* The free list of ids of a guest's ring, and which of them the device has given back: inline, so
 * that each kind of ring gets a loop of its own. */
#ifndef XD_TRAFFIC_PORT_GUEST_IDS_H
#define XD_TRAFFIC_PORT_GUEST_IDS_H

#include "traffic/port/guest_ring.h"
#include "traffic/port/virtio_ring_burst.h"

/* What position `at` was given back with, read once. False: nothing is there yet, or it is nonsense
 * and r->broken is set. Changes nothing else but known and known_len. */
typedef bool (*xd_guest_read_fn)(
	struct xd_virtio_ring *r, uint16_t at, uint16_t *id, uint32_t *len);

/* Asks for the descriptor that will be written for `id`, where it is known which that is. */
typedef void (*xd_guest_expect_fn)(const struct xd_virtio_ring *r, uint16_t id);

/* Loops work on copies of the ring and of what belongs to it, which stores into frames and rings
 * cannot alias, so that they stay in registers; afterwards what a reader may have changed is put
 * back. They are made word by word: guest_pool.h. */
XD_VIRTIO_RING_INLINE struct xd_virtio_ring
xd_guest_copy(const struct xd_virtio_ring *r)
{
	return (struct xd_virtio_ring){
		.guest = r->guest,
		.desc = r->desc,
		.avail = r->avail,
		.used = r->used,
		.send_bytes = r->send_bytes,
		.size = r->size,
		.mask = r->mask,
		.avail_idx = r->avail_idx,
		.used_idx = r->used_idx,
		.packed = r->packed,
		.broken = r->broken,
		.known = r->known,
		.known_len = r->known_len,
	};
}

XD_VIRTIO_RING_INLINE struct xd_guest_ring
xd_guest_copy_ring(const struct xd_guest_ring *g)
{
	return (struct xd_guest_ring){
		.pool = xd_guest_pool_copy(&g->pool),
		.memory = g->memory,
		.guest_addr = g->guest_addr,
		.lead = g->lead,
		.average = g->average,
		.first = g->first,
		.last = g->last,
		.lifo = g->lifo,
		.ids = g->ids,
		.buffers = g->buffers,
		.arrivals = g->arrivals,
		.tables = g->tables,
		.tables_addr = g->tables_addr,
	};
}

XD_VIRTIO_RING_INLINE void
xd_guest_put_back(struct xd_virtio_ring *r, const struct xd_virtio_ring *copy)
{
	r->broken = copy->broken;
	r->known = copy->known;
	r->known_len = copy->known_len;
}

XD_VIRTIO_RING_INLINE uint16_t
xd_guest_nb_ids(const struct xd_guest_ring *g)
{
	return (uint16_t)(g->last - g->first);
}

/* Where the i-th of the ids lies that are taken next: of both kinds of list. */
XD_VIRTIO_RING_INLINE uint16_t
xd_guest_taken_at(const struct xd_guest_ring *g, uint16_t i)
{
	return (uint16_t)(g->lifo ? g->last - 1 - i : g->first + i);
}

/* That id. */
XD_VIRTIO_RING_INLINE uint16_t
xd_guest_taken_id(const struct xd_guest_ring *g, uint16_t i, uint16_t mask)
{
	return g->ids[xd_guest_taken_at(g, i) & mask];
}

XD_VIRTIO_RING_INLINE void
xd_guest_take_ids(struct xd_guest_ring *g, uint16_t n)
{
	if (g->lifo)
		g->last = (uint16_t)(g->last - n);
	else
		g->first = (uint16_t)(g->first + n);
}

#define XD_GUEST_RECLAIM 64 /* buffers at a time */

/* At most n buffers of a sending ring that came back: their ids are free, in the order in which
 * they came, and their pages are put down. Returns how many. */
XD_VIRTIO_RING_INLINE uint16_t
xd_guest_come_back(struct xd_virtio_ring *r, uint16_t n, uint32_t *pages, xd_guest_read_fn read,
	xd_guest_expect_fn expect)
{
	struct xd_guest_ring *g = r->guest;
	struct xd_virtio_ring ring = xd_guest_copy(r);
	struct xd_guest_buffer *buffers = g->buffers;
	uint16_t *ids = g->ids, last = g->last, id, done;
	uint32_t len;

	for (done = 0; done < n; done++) {
		if (!read(&ring, (uint16_t)(ring.used_idx + done), &id, &len))
			break;
		if (__builtin_expect(buffers[id].bytes == 0, 0)) {
			ring.broken = true;
			break;
		}
		expect(&ring, id);
		pages[done] = buffers[id].line;
		buffers[id].bytes = 0;
		ids[last++ & ring.mask] = id;
	}
	g->last = last;
	xd_guest_put_back(r, &ring);
	xd_virtio_ring_move_on(r, done);
	return done;
}

/* At most n, and their pages are free. */
XD_VIRTIO_RING_INLINE void
xd_guest_reclaim(
	struct xd_virtio_ring *r, uint16_t n, xd_guest_read_fn read, xd_guest_expect_fn expect)
{
	uint32_t pages[XD_GUEST_RECLAIM];

	while (n > 0) {
		uint16_t want = n < XD_GUEST_RECLAIM ? n : XD_GUEST_RECLAIM;
		uint16_t got = xd_guest_come_back(r, want, pages, read, expect);

		xd_guest_pool_put(&r->guest->pool, pages, got);
		n = got < want ? 0 : (uint16_t)(n - got);
	}
}

#endif

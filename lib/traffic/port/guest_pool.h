/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a guest's buffers come from: pages that are handed out in an order that does not repeat, as
 * those of a kernel's allocator, and are free again when all that was cut from them has come back.
 *
 * A page that comes back changes places with any that is free, and the free ones are handed out in
 * turn: so which ones come next is known, and can be asked for ahead.
 *
 * One thread.
 */
#ifndef XD_TRAFFIC_PORT_GUEST_POOL_H
#define XD_TRAFFIC_PORT_GUEST_POOL_H

#include <stdbool.h>
#include <stdint.h>

struct xd_guest_pool {
	uint64_t random;
	uint32_t page_bytes; /* a power of two */
	uint32_t nb_pages;
	uint32_t head, tail, mask; /* of queue; free running */
	uint32_t page;             /* that is being cut up */
	uint32_t offset;           /* in it, of the next piece; page_bytes: it is used up */
	uint32_t *queue;           /* free pages; head: next to be handed out */
	uint16_t *uses;            /* by page: pieces out, and one while it is being cut up */
};

/* A piece of a page. */
struct xd_guest_piece {
	uint64_t at; /* bytes from the beginning of page 0 */
	uint32_t bytes;
	uint32_t page;
};

/* All pages are free. -ENOMEM. */
int xd_guest_pool_init(struct xd_guest_pool *pool, uint32_t nb_pages, uint32_t page_bytes);
void xd_guest_pool_fini(struct xd_guest_pool *pool); /* zeroes are fine */

static inline uint32_t
xd_guest_pool_free(const struct xd_guest_pool *pool)
{
	return pool->tail - pool->head;
}

/* The i-th of the pages that are handed out next; i is less than there are free. */
static inline uint32_t
xd_guest_pool_next(const struct xd_guest_pool *pool, uint32_t i)
{
	return pool->queue[(pool->head + i) & pool->mask];
}

/* A whole page comes back. */
static inline void
xd_guest_pool_put(struct xd_guest_pool *pool, uint32_t page)
{
	uint32_t free = xd_guest_pool_free(pool), *other;

	if (free) {
		/* The high half of a linear congruential generator modulo 2^64 (Knuth, MMIX). */
		pool->random = pool->random * 6364136223846793005u + 1442695040888963407u;
		other = &pool->queue[(pool->head + (uint32_t)((pool->random >> 32) * free >> 32)) &
				     pool->mask];
		pool->queue[pool->tail & pool->mask] = *other;
		*other = page;
	} else {
		pool->queue[pool->tail & pool->mask] = page;
	}
	pool->tail++;
}

/* Gives up one use of a page. */
static inline void
xd_guest_pool_drop(struct xd_guest_pool *pool, uint32_t page)
{
	if (--pool->uses[page] == 0)
		xd_guest_pool_put(pool, page);
}

/* Cuts off the next `bytes`; what would be left over of the page, and is less than that, goes with
 * them (skb_page_frag_refill and add_recvbuf_mergeable of Linux). False: no page is free. */
static inline bool
xd_guest_pool_cut(struct xd_guest_pool *pool, uint32_t bytes, struct xd_guest_piece *piece)
{
	uint32_t left;

	if (pool->page_bytes - pool->offset < bytes) {
		uint32_t page;

		if (xd_guest_pool_free(pool) == 0)
			return false;
		page = xd_guest_pool_next(pool, 0);
		pool->head++;
		if (pool->page != UINT32_MAX)
			xd_guest_pool_drop(pool, pool->page);
		pool->page = page;
		pool->offset = 0;
		pool->uses[page] = 1;
	}
	piece->at = (uint64_t)pool->page * pool->page_bytes + pool->offset;
	piece->page = pool->page;
	left = pool->page_bytes - pool->offset - bytes;
	piece->bytes = left < bytes ? bytes + left : bytes;
	pool->offset += piece->bytes;
	pool->uses[pool->page]++;
	return true;
}

#endif

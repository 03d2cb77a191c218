/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a guest's buffers come from: pages that are handed out in an order that does not repeat, as
 * those of a kernel's allocator, and are free again when all that was cut from them has come back.
 *
 * A page that comes back changes places with any that is free, and the free ones are handed out in
 * turn: so which ones come next is known, and can be asked for ahead. A page is named by the line
 * that it begins at, counted from the beginning of page 0.
 *
 * One thread.
 */
#ifndef XD_TRAFFIC_PORT_GUEST_POOL_H
#define XD_TRAFFIC_PORT_GUEST_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "traffic/frames/wide.h"

/* Uses of a page that is being cut up: more than pieces it has. */
#define XD_GUEST_POOL_OPEN 0x8000

struct xd_guest_pool {
	uint64_t random;
	uint32_t page_bytes; /* 1 << page_shift */
	uint32_t page_shift;
	uint32_t nb_pages;
	uint32_t head, tail, mask; /* of queue; free running */
	uint32_t page;             /* that is being cut up */
	bool open;                 /* there is one */
	uint32_t offset;           /* in it, of the next piece; page_bytes: it is used up */
	uint32_t cut;              /* pieces that were cut off it */
	uint32_t *queue;           /* free pages; head: next to be handed out */
	/* By page: pieces out. Of the one that is being cut up: XD_GUEST_POOL_OPEN, less those that
	 * came back, so that cutting writes nothing here. */
	uint16_t *uses;
};

/* A piece of a page. */
struct xd_guest_piece {
	uint32_t line; /* from the beginning of page 0 on */
	uint32_t bytes;
	uint32_t page;
};

/* All pages are free. -ENOMEM. */
int xd_guest_pool_init(struct xd_guest_pool *pool, uint32_t nb_pages, uint32_t page_bytes);
void xd_guest_pool_fini(struct xd_guest_pool *pool); /* zeroes are fine */
/* Makes pages of another size, not longer than at first, when all are free. */
void xd_guest_pool_lay_out(struct xd_guest_pool *pool, uint32_t page_bytes);

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

/* A copy to work on, and what may have changed of it put back: word by word. Of the whole struct at
 * once a load could be wider than a store that it follows, and would wait for that to leave the
 * core, behind all stores to lines that the device has. */
static inline __attribute__((always_inline)) struct xd_guest_pool
xd_guest_pool_copy(const struct xd_guest_pool *pool)
{
	return (struct xd_guest_pool){
		.random = pool->random,
		.page_bytes = pool->page_bytes,
		.page_shift = pool->page_shift,
		.nb_pages = pool->nb_pages,
		.head = pool->head,
		.tail = pool->tail,
		.mask = pool->mask,
		.page = pool->page,
		.open = pool->open,
		.offset = pool->offset,
		.cut = pool->cut,
		.queue = pool->queue,
		.uses = pool->uses,
	};
}

static inline __attribute__((always_inline)) void
xd_guest_pool_put_back(struct xd_guest_pool *pool, const struct xd_guest_pool *copy)
{
	pool->random = copy->random;
	pool->head = copy->head;
	pool->tail = copy->tail;
	pool->page = copy->page;
	pool->open = copy->open;
	pool->offset = copy->offset;
	pool->cut = copy->cut;
}

/* n whole pages come back. */
static inline void
xd_guest_pool_put(struct xd_guest_pool *pool, const uint32_t *pages, uint32_t n)
{
	uint32_t free = xd_guest_pool_free(pool), head = pool->head, tail = pool->tail;
	/* A power of two, more than half of those that are free: it saves a multiplication. */
	uint32_t range = UINT32_MAX >> 1 >> __builtin_clz(free | 1);
	uint32_t *queue = pool->queue, mask = pool->mask;
	uint64_t random = pool->random;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t *other = &queue[(head + ((uint32_t)(random >> 32) & range)) & mask];

		queue[(tail + i) & mask] = *other;
		*other = pages[i];
		/* A linear congruential generator modulo 2^64 (Knuth, MMIX): its high half. */
		random = random * 6364136223846793005u + 1442695040888963407u;
	}
	pool->tail = tail + n;
	pool->random = random;
}

/* What page of the pool a line belongs to, counted from 0. */
static inline uint32_t
xd_guest_pool_index(const struct xd_guest_pool *pool, uint32_t line)
{
	return (uint32_t)((uint64_t)line * XD_LINE >> pool->page_shift);
}

/* n pieces of a page come back. */
static inline void
xd_guest_pool_drop(struct xd_guest_pool *pool, uint32_t page, uint32_t n)
{
	uint16_t *uses = &pool->uses[xd_guest_pool_index(pool, page)];

	*uses = (uint16_t)(*uses - n);
	if (*uses == 0)
		xd_guest_pool_put(pool, &page, 1);
}

/* Goes on to the next page; false: none is free. */
static inline bool
xd_guest_pool_turn(struct xd_guest_pool *pool)
{
	uint32_t page;

	if (xd_guest_pool_free(pool) == 0)
		return false;
	page = xd_guest_pool_next(pool, 0);
	pool->head++;
	if (pool->open)
		xd_guest_pool_drop(pool, pool->page, XD_GUEST_POOL_OPEN - pool->cut);
	pool->page = page;
	pool->offset = 0;
	pool->cut = 0;
	pool->open = true;
	pool->uses[xd_guest_pool_index(pool, page)] = XD_GUEST_POOL_OPEN;
	return true;
}

/* Cuts off the next `bytes`, whole lines; what would be left over of the page, and is less than
 * that, goes with them (skb_page_frag_refill and add_recvbuf_mergeable of Linux). False: no page is
 * free. */
static inline bool
xd_guest_pool_cut(struct xd_guest_pool *pool, uint32_t bytes, struct xd_guest_piece *piece)
{
	uint32_t left = pool->page_bytes - pool->offset;

	if (__builtin_expect(left < bytes, 0)) {
		if (!xd_guest_pool_turn(pool))
			return false;
		left = pool->page_bytes;
	}
	piece->line = pool->page + pool->offset / XD_LINE;
	piece->page = pool->page;
	piece->bytes = left - bytes < bytes ? left : bytes;
	pool->offset += piece->bytes;
	pool->cut++;
	return true;
}

#endif

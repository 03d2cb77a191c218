/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A loop's timers that wait, the earliest on top: a binary heap, so that adding, taking and
 * removing one costs the logarithm of their number. All calls: with the loop's lock held.
 */
#ifndef XD_BASE_TIMER_HEAP_H
#define XD_BASE_TIMER_HEAP_H

#include <stdbool.h>
#include <stdint.h>

#define XD_TIMER_NOWHERE UINT32_MAX

/* A part of each timer. Of two that are due together the one added first comes first. */
struct xd_timer_node {
	uint64_t deadline_ns;
	uint64_t turn; /* in which it was added */
	uint32_t at;   /* in the heap, or XD_TIMER_NOWHERE */
};

/* Zeroed: empty. */
struct xd_timer_heap {
	struct xd_timer_node **nodes; /* each due no earlier than that at (its place - 1) / 2 */
	uint32_t n;
	uint32_t room;
	uint64_t turns;
};

/* Has room for `extra` more than are in it, so that adding them cannot fail. False: no memory. */
bool xd_timer_heap_reserve(struct xd_timer_heap *h, uint32_t extra);
/* Frees the heap; its nodes are the caller's. */
void xd_timer_heap_free(struct xd_timer_heap *h);

/* Adds a node with its deadline filled. There is room. */
void xd_timer_heap_add(struct xd_timer_heap *h, struct xd_timer_node *node);
/* Takes a node out that is in the heap. */
void xd_timer_heap_remove(struct xd_timer_heap *h, struct xd_timer_node *node);
/* The earliest; NULL: none. */
struct xd_timer_node *xd_timer_heap_first(const struct xd_timer_heap *h);

#endif

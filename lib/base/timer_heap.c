/* SPDX-License-Identifier: BSD-3-Clause */
/* See timer_heap.h. */
#include <stdlib.h>

#include "base/timer_heap.h"

#define ROOM_MIN 16

bool
xd_timer_heap_reserve(struct xd_timer_heap *h, uint32_t extra)
{
	struct xd_timer_node **nodes;
	uint32_t room = h->room ? h->room : ROOM_MIN;

	while (room < h->n + extra)
		room *= 2;
	if (room == h->room)
		return true;
	nodes = realloc(h->nodes, room * sizeof(struct xd_timer_node *));
	if (!nodes)
		return false;
	h->nodes = nodes;
	h->room = room;
	return true;
}

void
xd_timer_heap_free(struct xd_timer_heap *h)
{
	free(h->nodes);
	*h = (struct xd_timer_heap){0};
}

static bool
is_before(const struct xd_timer_node *a, const struct xd_timer_node *b)
{
	return a->deadline_ns != b->deadline_ns ? a->deadline_ns < b->deadline_ns
						: a->turn < b->turn;
}

static void
put(struct xd_timer_heap *h, struct xd_timer_node *node, uint32_t at)
{
	h->nodes[at] = node;
	node->at = at;
}

/* Puts node in the empty place `at` or above it, and moves down what is later. */
static void
rise(struct xd_timer_heap *h, struct xd_timer_node *node, uint32_t at)
{
	while (at > 0 && is_before(node, h->nodes[(at - 1) / 2])) {
		put(h, h->nodes[(at - 1) / 2], at);
		at = (at - 1) / 2;
	}
	put(h, node, at);
}

/* Puts node in the empty place `at` or below it, and moves up what is earlier. */
static void
sink(struct xd_timer_heap *h, struct xd_timer_node *node, uint32_t at)
{
	for (uint32_t child; (child = 2 * at + 1) < h->n; at = child) {
		if (child + 1 < h->n && is_before(h->nodes[child + 1], h->nodes[child]))
			child++;
		if (!is_before(h->nodes[child], node))
			break;
		put(h, h->nodes[child], at);
	}
	put(h, node, at);
}

void
xd_timer_heap_add(struct xd_timer_heap *h, struct xd_timer_node *node)
{
	node->turn = h->turns++;
	rise(h, node, h->n++);
}

void
xd_timer_heap_remove(struct xd_timer_heap *h, struct xd_timer_node *node)
{
	struct xd_timer_node *last = h->nodes[--h->n];
	uint32_t at = node->at;

	node->at = XD_TIMER_NOWHERE;
	if (last == node)
		return;
	if (at > 0 && is_before(last, h->nodes[(at - 1) / 2]))
		rise(h, last, at);
	else
		sink(h, last, at);
}

struct xd_timer_node *
xd_timer_heap_first(const struct xd_timer_heap *h)
{
	return h->n ? h->nodes[0] : NULL;
}

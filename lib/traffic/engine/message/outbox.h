/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a host is about to send, in order, and what happens to it on purpose (frames/impair.h):
 * segments, datagrams or fragments of a size that whoever has the outbox knows, and gives with each
 * call, for it to be a constant there. The port's thread.
 */
#ifndef XD_TRAFFIC_ENGINE_MESSAGE_OUTBOX_H
#define XD_TRAFFIC_ENGINE_MESSAGE_OUTBOX_H

#include <stdlib.h>
#include <string.h>

#include "traffic/frames/impair.h"

#define XD_OUTBOX            256  /* items; a power of two */
#define XD_OUTBOX_HELD_LOOKS 1000 /* when nothing overtakes one that was held, it goes on */

struct xd_outbox {
	uint32_t head, tail; /* head: next to be sent; free running */
	struct xd_impair impair;
	uint64_t random;
	bool held;     /* one waits to be overtaken, */
	unsigned idle; /* for so many looks */
	uint64_t lost, duplicated, reordered;
	uint8_t *items; /* XD_OUTBOX of them, and the one that is held */
};

/* impair may be NULL. False: there is no memory. */
static inline bool
xd_outbox_init(struct xd_outbox *o, size_t bytes, const struct xd_impair *impair)
{
	*o = (struct xd_outbox){.items = calloc(XD_OUTBOX + 1, bytes)};
	if (impair && impair->direction != XD_IMPAIR_RX) {
		o->impair = *impair;
		o->random = xd_impair_begin(impair);
	}
	return o->items != NULL;
}

/* Zeroes are fine. */
static inline void
xd_outbox_fini(struct xd_outbox *o)
{
	free(o->items);
	o->items = NULL;
}

static inline uint32_t
xd_outbox_count(const struct xd_outbox *o)
{
	return o->tail - o->head;
}

/* For one put, whatever is made of it. */
static inline bool
xd_outbox_has_room(const struct xd_outbox *o)
{
	return xd_outbox_count(o) + 3 <= XD_OUTBOX;
}

static inline void
xd_outbox_push(struct xd_outbox *o, const void *item, size_t bytes)
{
	memcpy(o->items + (o->tail++ & (XD_OUTBOX - 1)) * bytes, item, bytes);
}

static inline void
xd_outbox_release(struct xd_outbox *o, size_t bytes)
{
	o->held = false;
	xd_outbox_push(o, o->items + XD_OUTBOX * bytes, bytes);
}

/* There is room: xd_outbox_has_room. */
static inline void
xd_outbox_put(struct xd_outbox *o, const void *item, size_t bytes)
{
	const bool was_held = o->held;

	if (xd_impair_happens(&o->random, o->impair.loss)) {
		o->lost++;
		return;
	}
	if (!was_held && xd_impair_happens(&o->random, o->impair.reorder)) {
		o->reordered++;
		memcpy(o->items + XD_OUTBOX * bytes, item, bytes);
		o->held = true;
		o->idle = 0;
		return;
	}
	xd_outbox_push(o, item, bytes);
	if (xd_impair_happens(&o->random, o->impair.dup)) {
		o->duplicated++;
		xd_outbox_push(o, item, bytes);
	}
	if (was_held)
		xd_outbox_release(o, bytes);
}

/* The next; there is one. It is as it is until the next put. */
static inline const void *
xd_outbox_take(struct xd_outbox *o, size_t bytes)
{
	return o->items + (o->head++ & (XD_OUTBOX - 1)) * bytes;
}

/* The i-th that is to be sent, from 0 on: there are so many. */
static inline const void *
xd_outbox_at(const struct xd_outbox *o, uint32_t i, size_t bytes)
{
	return o->items + ((o->head + i) & (XD_OUTBOX - 1)) * bytes;
}

/* Looks at what was held for too long. */
static inline void
xd_outbox_look(struct xd_outbox *o, size_t bytes)
{
	if (o->held && xd_outbox_has_room(o) && ++o->idle > XD_OUTBOX_HELD_LOOKS)
		xd_outbox_release(o, bytes);
}

#endif

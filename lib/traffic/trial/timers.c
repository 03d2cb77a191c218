/* SPDX-License-Identifier: BSD-3-Clause */
/* The timing wheel: timers are put into the slot of their tick, moved down with time, and run. */
#include <string.h>

#include "traffic/trial/timers.h"

#define BITS 6
#define MASK (XD_TIMER_SLOTS - 1)

void
xd_timers_init(struct xd_timers *w, uint64_t now, void *ctx)
{
	memset(w, 0, sizeof(*w));
	w->now = now;
	w->next = UINT64_MAX;
	w->ctx = ctx;
}

/* The lowest level on which the time and now are in different slots of the same round. */
static unsigned
level_of(uint64_t now, uint64_t due)
{
	uint64_t differ = now ^ due;

	return differ ? (63u - (unsigned)__builtin_clzll(differ)) / BITS : 0;
}

static void
put(struct xd_timers *w, struct xd_timer *timer)
{
	unsigned level = level_of(w->now, timer->due);
	unsigned slot = timer->due >> (BITS * level) & MASK;
	struct xd_timer **head = &w->slots[level][slot];

	timer->next = *head;
	if (*head)
		(*head)->link = &timer->next;
	timer->link = head;
	*head = timer;
	w->busy[level] |= 1ull << slot;
}

void
xd_timer_arm(struct xd_timers *w, struct xd_timer *timer, uint64_t due)
{
	xd_timer_cancel(timer);
	timer->due = due > w->now ? due : w->now + 1;
	if (timer->due < w->next)
		w->next = timer->due;
	put(w, timer);
}

/* The earliest slot that may hold a timer, and when it begins. What is on a lower level is earlier
 * than anything above. A slot that was emptied by cancelling is forgotten here. */
static bool
find(struct xd_timers *w, unsigned *level, unsigned *slot, uint64_t *begin)
{
	for (*level = 0; *level < XD_TIMER_LEVELS; ++*level) {
		while (w->busy[*level]) {
			unsigned shift = BITS * *level;

			*slot = (unsigned)__builtin_ctzll(w->busy[*level]);
			if (w->slots[*level][*slot]) {
				/* The bits above are those of now. */
				*begin = (w->now >> shift & ~(uint64_t)MASK) << shift |
					 (uint64_t)*slot << shift;
				return true;
			}
			w->busy[*level] &= ~(1ull << *slot);
		}
	}
	return false;
}

/* Takes a slot's list out; what it holds is linked to *list from then on. */
static void
take(struct xd_timers *w, unsigned level, unsigned slot, struct xd_timer **list)
{
	*list = w->slots[level][slot];
	(*list)->link = list;
	w->slots[level][slot] = NULL;
	w->busy[level] &= ~(1ull << slot);
}

void
xd_timers_run(struct xd_timers *w, uint64_t now)
{
	struct xd_timer *list, *timer;
	unsigned level, slot;
	uint64_t begin;

	while (find(w, &level, &slot, &begin) && begin <= now) {
		w->now = begin;
		take(w, level, slot, &list);
		while ((timer = list)) {
			xd_timer_cancel(timer);
			if (level)
				put(w, timer);
			else
				timer->run(timer, w->ctx);
		}
	}
	w->next = level < XD_TIMER_LEVELS ? begin : UINT64_MAX;
	if (w->now < now)
		w->now = now;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers of one lane: a hierarchical timing wheel (Varghese and Lauck, 1987, scheme 6).
 *
 * A timer lies in a list of the slot that it is due in: of the lowest level where that and the time
 * now differ, each level being 64 times as coarse as the one below. Arming and cancelling take no
 * search; a timer moves down a level at most 10 times before it is due, and a look at a wheel with
 * nothing due takes a few instructions, however many timers there are. A timer is 32 bytes, inside
 * whatever it belongs to.
 *
 * Times are ticks of the caller's choice, such as a time stamp counter shifted right. One thread.
 */
#ifndef XD_TRAFFIC_TRIAL_TIMERS_H
#define XD_TRAFFIC_TRIAL_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

#define XD_TIMER_LEVELS 11 /* of 6 bits each: all of 64 */
#define XD_TIMER_SLOTS  64

/* Of zeroes: not armed. It stays where it is in memory while it is. */
struct xd_timer {
	struct xd_timer *next, **link; /* link: what points to it; NULL: not armed */
	uint64_t due;                  /* ticks */
	void (*run)(struct xd_timer *timer, void *ctx);
};

struct xd_timers {
	uint64_t now;                   /* ticks; all that was due by then has run */
	uint64_t next;                  /* no timer is due before */
	uint64_t busy[XD_TIMER_LEVELS]; /* slots that are not empty */
	struct xd_timer *slots[XD_TIMER_LEVELS][XD_TIMER_SLOTS];
	void *ctx; /* for timers' run */
};

void xd_timers_init(struct xd_timers *w, uint64_t now, void *ctx);

/* Runs timer->run once the time is `due`; at the earliest with the tick after the last that was
 * looked at. One that is armed already is armed anew. */
void xd_timer_arm(struct xd_timers *w, struct xd_timer *timer, uint64_t due);

static inline bool
xd_timer_is_armed(const struct xd_timer *timer)
{
	return timer->link != NULL;
}

/* One that is not armed is fine, also from within its own run. */
static inline void
xd_timer_cancel(struct xd_timer *timer)
{
	if (!timer->link)
		return;
	*timer->link = timer->next;
	if (timer->next)
		timer->next->link = timer->link;
	timer->link = NULL;
}

/* See xd_timers_advance. */
void xd_timers_run(struct xd_timers *w, uint64_t now);

/* Runs all that are due by now, in the order of their ticks. A timer's run may arm and cancel any,
 * itself included. */
static inline void
xd_timers_advance(struct xd_timers *w, uint64_t now)
{
	if (now >= w->next)
		xd_timers_run(w, now);
}

#endif

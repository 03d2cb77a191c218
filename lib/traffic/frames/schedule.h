/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When a sender's frames are due: on an absolute schedule, so that a frame that is late makes none
 * of those after it late. One thread.
 */
#ifndef XD_TRAFFIC_FRAMES_SCHEDULE_H
#define XD_TRAFFIC_FRAMES_SCHEDULE_H

#include <stdint.h>

#include "traffic/frames/frame_list.h"

/* Of zeroes: as many frames as go. */
struct xd_schedule {
	double interval;                  /* cycles from frame to frame; 0: not by an interval */
	const struct xd_frame_list *list; /* its own times; NULL: not by them */
	double cycles_per_ns;
	uint64_t round;  /* cycles from a list's first frame to the same in the next round */
	uint64_t delay;  /* cycles that every frame is held */
	uint64_t start;  /* time stamp counter; the first frame is due then */
	uint64_t passed; /* frames of the schedule that were given up */
};

static inline bool
xd_schedule_paced(const struct xd_schedule *s)
{
	return s->interval > 0 || s->list;
}

/* When frame k, from 0, is planned. */
static inline uint64_t
xd_schedule_planned(const struct xd_schedule *s, uint64_t k)
{
	k += s->passed;
	if (s->interval > 0)
		return s->start + (uint64_t)((double)k * s->interval);
	return s->start + k / s->list->n * s->round +
	       (uint64_t)((double)s->list->frames[k % s->list->n].at_ns * s->cycles_per_ns);
}

/* Of the frames from k on, how many are due at `now`, at most max. */
static inline uint16_t
xd_schedule_due(const struct xd_schedule *s, uint64_t k, uint64_t now, uint16_t max)
{
	uint16_t n = 0;

	if ((int64_t)(now - s->start) < 0)
		return 0;
	if (!xd_schedule_paced(s))
		return max;
	if (s->interval > 0) {
		double frames =
			(double)(now - s->start) / s->interval + 1 - (double)(k + s->passed);

		return frames < 1 ? 0 : frames > max ? max : (uint16_t)frames;
	}
	while (n < max && (int64_t)(now - xd_schedule_planned(s, k + n)) >= 0)
		n++;
	return n;
}

/* Frames of the list, from its first on, that are planned in less than `cycles` of its round. */
static inline uint32_t
xd_schedule_before(const struct xd_schedule *s, uint64_t cycles)
{
	uint32_t low = 0, high = s->list->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if ((uint64_t)((double)s->list->frames[middle].at_ns * s->cycles_per_ns) < cycles)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Of a paced schedule's frames from k on, how many are planned before `time`. Takes no longer the
 * more there are. */
static inline uint64_t
xd_schedule_overdue(const struct xd_schedule *s, uint64_t k, uint64_t time)
{
	uint64_t cycles = time - s->start, frames;

	if ((int64_t)cycles <= 0)
		return 0;
	if (s->interval > 0) {
		frames = (uint64_t)((double)cycles / s->interval);
		frames += (uint64_t)((double)frames * s->interval) < cycles;
	} else {
		frames = cycles / s->round * s->list->n + xd_schedule_before(s, cycles % s->round);
	}
	return frames > k + s->passed ? frames - k - s->passed : 0;
}

#endif

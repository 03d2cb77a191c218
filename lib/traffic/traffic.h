/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is sent, from where to where, and how: the part of their options that all engines share.
 *
 * A run without template, mix, tracking, payload check, times or impairment is the synthetic
 * stream (stream.h): one size, addresses computed as frames are written, as many flows as one
 * likes. Anything else is a list of frames made beforehand (frame_list.h), each of which ends with
 * a tag (tag.h) unless they come from a capture.
 */
#ifndef XD_TRAFFIC_TRAFFIC_H
#define XD_TRAFFIC_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

#include "traffic/frames/impair.h"
#include "traffic/frames/rate_limit.h"
#include "traffic/frames/sizes.h"
#include "traffic/port/port.h"

struct xd_template; /* template.h */
struct xd_capture;  /* capture.h */

/* Ports are numbered as they are given. */
enum xd_pattern {
	XD_PATTERN_PAIRS,     /* 0 to 1, 2 to 3, ... */
	XD_PATTERN_BROADCAST, /* 0 to all others at once */
	XD_PATTERN_FAN_IN,    /* all others to 0 */
	XD_PATTERN_MESH,      /* each to each other, in turn */
	XD_PATTERN_REFLECT,   /* each to itself: what is behind it sends frames back */
	XD_PATTERN_SEND,      /* each sends, and nothing comes back */
};

/* Whether ports are halves of pairs whose others are another process's: those of the near end, or
 * of the far one, which are numbered through, the even and the odd ones. */
enum xd_half { XD_HALF_NONE, XD_HALF_NEAR, XD_HALF_FAR };

enum xd_direction { XD_DIRECTION_ONE, XD_DIRECTION_BOTH }; /* of pairs */

/* When the frames of a capture are sent. */
enum xd_replay { XD_REPLAY_RATE, XD_REPLAY_OWN_TIMES };

struct xd_traffic_opts {
	struct xd_sizes sizes; /* bytes without FCS; each is a row of its own, as is each mix */
	uint32_t flows;
	enum xd_flow_kind flow_kind;
	enum xd_pattern pattern;
	enum xd_direction direction;
	enum xd_touch touch;
	struct xd_rate_limit rate;          /* of each sending port */
	double line_rate_bps;               /* L1; for a rate in percent; 0: not given */
	const struct xd_template *template; /* NULL: Ethernet, IPv4, UDP */
	const struct xd_capture *capture;   /* sent instead of sizes and template; NULL: none */
	enum xd_replay replay;
	bool track;     /* loss, reordering and duplication of each flow */
	bool verify;    /* compare received payloads; implies track */
	uint32_t every; /* one frame in so many is timed; 0: none. Implies track */
	enum xd_half half;
	bool echo; /* of two ports, the second sends each frame back: round trips */
	struct xd_impair impair[XD_GEN_PORTS_MAX]; /* by number of the sending port */
};

/* Whether frames go as a list. */
static inline bool
xd_traffic_is_list(const struct xd_traffic_opts *t, const struct xd_size_mix *mix)
{
	if (t->template || t->capture || t->track || t->verify || t->every || t->echo || mix->n > 1)
		return true;
	if (t->pattern == XD_PATTERN_MESH || t->pattern == XD_PATTERN_REFLECT)
		return true;
	for (unsigned i = 0; i < XD_GEN_PORTS_MAX; i++)
		if (xd_impair_any(&t->impair[i]))
			return true;
	return false;
}

#endif

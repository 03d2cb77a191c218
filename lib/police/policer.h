/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The limits of a port: policers for what it sends and for what is sent to it, and storm control
 * for what it sends that is flooded. Each is two token buckets, of bits and of frames; a frame must
 * pass both that are in use.
 *
 * A frame's bits are those of its bytes without FCS, as counters of ports have them; one that is
 * yet to be segmented is one frame of all of its bytes.
 */
#ifndef XD_POLICE_POLICER_H
#define XD_POLICE_POLICER_H

#include <stdbool.h>

#include "base/api.h"
#include "crossdock.h"
#include "frame/frame.h"
#include "police/bucket.h"

XD_API_BEGIN

enum xd_policer {
	XD_POLICER_IN, /* what comes in by the port */
	/* Of what comes in by it, frames to the broadcast address, */
	XD_STORM_BROADCAST,
	XD_STORM_MULTICAST, /* to other group addresses, */
	XD_STORM_UNKNOWN,   /* and to unicast addresses that the FDB does not know */
	XD_POLICER_OUT,     /* what leaves by it: last, in a cache line of its own (port.h) */
	XD_POLICERS
};

/* What a port's configuration says about one of them, with the defaults of bursts filled in. */
struct xd_limit {
	uint64_t bit_s; /* 0: bits are not limited */
	uint64_t burst_bytes;
	uint64_t pps; /* 0: frames are not limited */
	uint64_t burst_frames;
};

/* Bursts that are not configured are what passes in 10 ms, and at least the longest frame that
 * there can be (XD_FRAME_MAX) and 64 frames. Any thread. */
struct xd_limit xd_policer_limit(const struct xd_port_config *config, enum xd_policer policer);
/* The reason by which frames over the limit are counted. Any thread. */
enum xd_drop xd_policer_reason(enum xd_policer policer);

/* As workers see it, in the plan. */
struct xd_policer_rates {
	bool any; /* there is a limit */
	struct xd_bucket_rate bits, frames;
};

/* What workers share, in the port. */
struct xd_policer_buckets {
	struct xd_bucket bits, frames;
};

/* The same for a clock of so many cycles a second. Any thread. */
struct xd_policer_rates xd_policer_rates(const struct xd_limit *limit, uint64_t tsc_hz);

XD_API_END

#endif

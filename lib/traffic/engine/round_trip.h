/* SPDX-License-Identifier: BSD-3-Clause */
/* Round trips one at a time: a frame goes from port 0 to port 1, and one comes back; with one port,
 * or pattern reflect, what is behind it sends it back. */
#ifndef XD_TRAFFIC_ENGINE_ROUND_TRIP_H
#define XD_TRAFFIC_ENGINE_ROUND_TRIP_H

#include "stats/histogram.h"
#include "traffic/trial/gen.h"
#include "traffic/trial/trial.h"

struct xd_round_trips_opts {
	double time_s;
	uint64_t count;   /* to make at most; 0: as many as the time holds */
	const char *what; /* for progress */
};

struct xd_round_trips {
	uint64_t count, lost; /* lost: not completed within a second */
	double elapsed_s;
};

/* Makes them over a trial's ports, which are loaded (xd_trial_ready) and both send, and records
 * their ns in the histogram unless that is NULL. -EINTR, -EPIPE, -EBUSY; what was made until then
 * is in *trips. Control. */
int xd_round_trips(struct xd_gen *gen, const struct xd_round_trips_opts *opts,
	struct xd_histogram *histogram, struct xd_round_trips *trips, struct xd_error *err);

/* All of it, over the first two ports, for one of the traffic's sizes: a trial, and what its times
 * come to. */
int xd_round_trips_unloaded(struct xd_gen *gen, const struct xd_traffic_opts *traffic, unsigned mix,
	double time_s, struct xd_times *times, struct xd_error *err);

#endif

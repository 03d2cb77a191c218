/* SPDX-License-Identifier: BSD-3-Clause */
/* A lane: the ports that one thread drives, and its loop. */
#ifndef XD_TRAFFIC_TRIAL_LANE_H
#define XD_TRAFFIC_TRIAL_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "stats/histogram.h"
#include "traffic/trial/gen.h"
#include "traffic/trial/timers.h"

#define XD_PACED_BURST 32    /* frames that are sent at once on a schedule, at most */
#define XD_LATE_NS     10000 /* a frame that is sent so much after its time is late */

/* A port that sends, and how it goes. */
struct xd_lane_sender {
	struct xd_gen_port *port;
	uint64_t limit; /* frames to send; 0: no limit */
	/* Set by the run. */
	uint64_t sent;      /* frames */
	uint64_t late;      /* of these, by XD_LATE_NS or more though there was room */
	uint64_t very_late; /* of these, by a millisecond or more */
	uint64_t blocked;   /* late because there was none */
	uint64_t skipped;   /* given up: there was none for a millisecond */
	uint64_t missed;    /* given up: this thread was ten behind */
	unsigned max_burst;
	bool full; /* the last frames that were due did not all find room */
};

/* One thread. */
struct xd_lane {
	struct xd_gen *gen;
	int core; /* -1: not pinned */
	unsigned nb_ports, nb_senders;
	struct xd_gen_port *ports[XD_GEN_PORTS_MAX]; /* all that receive: every one of the lane */
	struct xd_lane_sender senders[XD_GEN_PORTS_MAX]; /* whose streams have their schedules */
	uint64_t cycles;                                 /* to run */
	bool send_only;                /* nothing is received, and not looked for */
	bool skip;                     /* give up frames that a slow switch did not take in time */
	struct xd_histogram *lateness; /* ns, of each frame on a schedule; NULL: none is */
	struct xd_timers *timers;      /* of what its ports send; NULL: there are none */
	unsigned tick_shift;           /* a tick of theirs is 2^tick_shift cycles */
	const bool *over;              /* set by any thread: ends it early; NULL: nobody does */
	const char *what;              /* for progress; NULL: this lane reports none */
	/* Set by the run. */
	unsigned *sending; /* lanes that have frames to send; all lanes' */
	bool ends;         /* this one will have sent all */
	uint64_t elapsed_cycles;
	uint64_t waiting_cycles; /* of turns in which nothing could be moved, */
	uint64_t full_cycles;    /* and of these, in which frames were due and found no room */
	bool cancelled;
	int rc; /* -EPIPE: a port's peer has gone */
	struct xd_error err;
};

/* Runs all lanes, the first on the calling thread, with one start for all schedules. They end when
 * the time is over or, with limits, when all is sent. Returns the first lane's error, or 0. */
int xd_lanes_run(struct xd_lane *lanes, unsigned n, struct xd_error *err);

#endif

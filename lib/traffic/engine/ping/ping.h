/* SPDX-License-Identifier: BSD-3-Clause */
/* The ping engine: echo requests from a port to a host on the same link, one after the other at an
 * interval, and mtr's figures of their round trips. The port answers as a host of engine respond
 * does; a second port is such a host, and the one that is pinged. One thread drives both. With a
 * link, that host is the far end's. */
#ifndef XD_TRAFFIC_ENGINE_PING_PING_H
#define XD_TRAFFIC_ENGINE_PING_PING_H

#include "traffic/engine/message/link.h"
#include "traffic/frames/sizes.h"
#include "traffic/trial/gen.h"

extern const struct xd_engine xd_ping_engine;

#define XD_PING_OUTSTANDING_MAX 32768 /* wait_s / interval_s */

struct xd_ping_opts {
	const char *addresses; /* of the port: a list such as "10.0.0.1,fd00::1"; NULL: the link's
				* own alone */
	const char *to;
	const struct xd_sizes *sizes;       /* bytes without FCS, no mixes; a row of each */
	unsigned trials;                    /* of each */
	uint64_t count;                     /* requests, at least 1 */
	double interval_s;                  /* between them */
	double wait_s;                      /* until one without a reply is lost */
	const struct xd_message_link *link; /* NULL: there is none */
};

/* JSON: ping. Figures as mtr has them. */
struct xd_ping_figures {
	uint64_t sent, received;   /* requests, and of these those with a right reply in time */
	uint64_t lost;             /* sent less received */
	uint64_t late, duplicated; /* replies: after wait_s, or more than one */
	uint64_t wrong;            /* replies with a wrong checksum, length or other data */
	double loss_ratio;         /* lost / sent */
	double last_ns, mean_ns, best_ns, worst_ns; /* null: nothing was received */
	/* null: fewer than two were. The mean of the jitter is over all that were received, the
	 * first one's being 0. */
	double stdev_ns, jitter_mean_ns, jitter_max_ns;
};

/* Finds the host, then a row for each size and trial. -EHOSTUNREACH: it does not say where it is;
 * -EINVAL; else as xd_rate_run. */
int xd_ping_run(struct xd_gen *gen, const struct xd_ping_opts *opts, struct xd_error *err);

#endif

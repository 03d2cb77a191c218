/* SPDX-License-Identifier: BSD-3-Clause */
/* A host behind a port that pings another: a station of engine respond, whose frames go first come
 * first served with questions and requests. The port's thread. */
#ifndef XD_TRAFFIC_ENGINE_PING_CALLER_H
#define XD_TRAFFIC_ENGINE_PING_CALLER_H

#include "stats/histogram.h"
#include "traffic/engine/ping/path.h"
#include "traffic/engine/ping/ping.h"
#include "traffic/engine/respond/station.h"

struct xd_ping_caller {
	struct xd_timer timer; /* its first member: asks, or sends the next request */
	struct xd_respond_station station;
	struct xd_ping_path path;
	struct xd_source source;
	struct xd_sink sink;
	struct xd_histogram *histogram; /* ns, of what was received */
	double ns_per_cycle;
	bool found;                 /* the target has said where it is */
	uint64_t to_ask, to_send;   /* now */
	uint64_t left;              /* of both, after these */
	uint64_t ticks;             /* from one to the next */
	uint32_t size;              /* bytes of a request's frame */
	uint64_t wait_cycles;       /* until it is lost */
	uint64_t last_sent;         /* time stamp counter */
	uint16_t seq;               /* of the next */
	uint64_t outstanding;       /* requests that may still be answered */
	uint64_t sent_at[1u << 16]; /* time stamp counter, by sequence number; 0: not outstanding */
	struct xd_ping_figures figures;
	double squares; /* of the round trips' differences from their mean: Welford, 1962 */
	uint8_t *copy;  /* of what came, room bytes */
};

/* station.host is initialised. -EINVAL, -ENOMEM. */
int xd_ping_caller_init(
	struct xd_ping_caller *c, const char *to, uint32_t room, struct xd_error *err);
void xd_ping_caller_fini(struct xd_ping_caller *c); /* zeroes are fine */

/* Asks `times` where the target is until it has said so. */
void xd_ping_caller_ask(
	struct xd_ping_caller *c, struct xd_timers *timers, uint64_t times, uint64_t ticks);
/* Forgets what was counted, and sends `count` requests. */
void xd_ping_caller_send(
	struct xd_ping_caller *c, struct xd_timers *timers, uint64_t count, uint64_t ticks);

/* A round trip of so many ns, in the order in which they came: as mtr 0.95 sums them up. */
void xd_ping_caller_add(struct xd_ping_caller *c, double ns);
/* What there is to say of them. */
struct xd_ping_figures xd_ping_caller_figures(const struct xd_ping_caller *c);

#endif

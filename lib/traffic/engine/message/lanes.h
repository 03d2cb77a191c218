/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lanes that run hosts behind ports for a while, again and again, each with its timers: hosts are
 * stations of engine respond (respond/station.h) with more to say. Also where hosts are, before
 * that: which address each has, who is whose peer. Control.
 */
#ifndef XD_TRAFFIC_ENGINE_MESSAGE_LANES_H
#define XD_TRAFFIC_ENGINE_MESSAGE_LANES_H

#include "traffic/engine/message/ip.h"
#include "traffic/engine/message/link.h"
#include "traffic/engine/respond/station.h"
#include "traffic/trial/gen.h"

#define XD_MESSAGE_TICK   14    /* a tick of the timers is 2^14 cycles: some 6 us */
#define XD_MESSAGE_LOOK_S 0.005 /* between looks at whether what was waited for has come */

struct xd_message_lanes {
	struct xd_gen *gen;
	const struct xd_message_link *link; /* to the other end; NULL: both are here */
	struct xd_timers *timers;           /* by lane */
	bool over; /* set by whoever is run when it has nothing more to do */
	/* Of the last run: */
	double ran_s;
	double waiting_share; /* of its time, in which the busiest core found nothing to do */
};

/* l->gen and l->link are set. -ENOMEM. */
int xd_message_lanes_init(struct xd_message_lanes *l, struct xd_error *err);
void xd_message_lanes_fini(struct xd_message_lanes *l); /* of zeroes, too */

/* Those of the lane that drives a port. */
struct xd_timers *xd_message_lanes_timers(const struct xd_message_lanes *l, unsigned port);
/* A port's host says who it is, twice. */
void xd_message_lanes_announce(
	struct xd_message_lanes *l, unsigned port, struct xd_respond_station *station);

/* Lets all go on. what: for progress. -EINTR: it was told to stop; -EPIPE, -ENOMEM. */
int xd_message_lanes_run(
	struct xd_message_lanes *l, double seconds, const char *what, struct xd_error *err);

/* What kept a row from more, as its cores tell, of the last run: none of their time was left, or
 * they waited for frames; the switch's worker may have had none left. What the surroundings say is
 * in the row already. */
void xd_message_lanes_limit(const struct xd_message_lanes *l, struct xd_row *row);

/* The address list of a port's host: what was given, or, of NULL, one that is made up in text, of
 * XD_MESSAGE_ADDRESS bytes. */
#define XD_MESSAGE_ADDRESS INET6_ADDRSTRLEN
const char *xd_message_address(const char *given, bool v6, unsigned port, char *text);

/* From the host of a port to that of another. -EINVAL: they have no addresses of one kind. */
int xd_message_route(const struct xd_respond_station *from, const struct xd_respond_station *to,
	struct xd_ip_route *route, struct xd_error *err);
/* From there to somebody else, who is asked for. -EHOSTUNREACH: nobody answered in time; -EINVAL:
 * there is no address of that kind; else as xd_message_lanes_run. */
int xd_message_route_outside(struct xd_message_lanes *l, struct xd_respond_station *from,
	const struct xd_respond_target *to, double timeout_s, struct xd_ip_route *route,
	struct xd_error *err);

#endif

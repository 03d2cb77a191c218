/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections one after the other, each for one request and its answer: an application of
 * tcp/app.h. A stream is one connection at a time; when both ends have closed it, the next one
 * begins, from the next port. Ports come round again: those that wait for old segments are used
 * as soon as timestamps tell the connections apart (xd_tcp_endpoint_open).
 *
 * The port's thread; control between runs.
 */
#ifndef XD_TRAFFIC_ENGINE_RR_CONNECT_H
#define XD_TRAFFIC_ENGINE_RR_CONNECT_H

#include "stats/histogram.h"
#include "traffic/engine/tcp/endpoint.h"

struct xd_rr_connects {
	struct xd_timer timer; /* its first member: for streams that found no port */
	struct xd_tcp_app app; /* for the endpoint's options */
	uint64_t request_bytes, answer_bytes;
	struct xd_tcp_endpoint *endpoint;
	unsigned route;
	uint16_t peer_port;
	uint32_t next_port;           /* counted from the first that may be used */
	uint32_t alive, parked;       /* streams; without a connection, for want of a port */
	bool *over;                   /* set when none is alive */
	uint64_t done;                /* connections that were closed with their answer */
	struct xd_histogram *answers; /* nanoseconds from opening to the end */
	enum xd_tcp_end why;          /* of the last stream that ended */
};

/* Stays where it is while the endpoint has app. -ENOMEM. */
int xd_rr_connects_init(struct xd_rr_connects *c, uint64_t request_bytes, uint64_t answer_bytes,
	struct xd_error *err);
void xd_rr_connects_fini(struct xd_rr_connects *c); /* of zeroes, too */
/* Begins its streams. route: of the endpoint. over: see there. */
void xd_rr_connects_begin(struct xd_rr_connects *c, struct xd_tcp_endpoint *e, unsigned route,
	uint16_t peer_port, uint32_t first_port, uint32_t streams, bool *over);

#endif

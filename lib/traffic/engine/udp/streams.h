/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams of datagrams between a host and others, known by whom they are with and the two ports,
 * and what has come of each. The port's thread; control between runs. */
#ifndef XD_TRAFFIC_ENGINE_UDP_STREAMS_H
#define XD_TRAFFIC_ENGINE_UDP_STREAMS_H

#include "traffic/engine/udp/datagram.h"
#include "traffic/engine/udp/parts.h"
#include "traffic/trial/timers.h"

#define XD_UDP_NO_STREAM UINT32_MAX

/* Which numbers have come: the last 64, as port/track.h has it. */
struct xd_udp_order {
	uint64_t next; /* one more than the highest that came */
	uint64_t seen; /* bit i: next - 1 - i has come */
};

struct xd_udp_stream {
	struct xd_timer timer; /* its first member */
	struct xd_ip_route route;
	uint16_t own_port, peer_port;
	void *ctx;           /* whoever's it is, for its timer */
	uint32_t next_ready; /* in the queue of those that have something to send */
	bool queued;
	bool waits;            /* for an answer, until then: */
	uint64_t deadline;     /* time stamp counter */
	uint64_t sent_at;      /* likewise, of the request */
	uint64_t number, last; /* of the datagram to be sent next; before which there are more */
	uint8_t mark[XD_UDP_MARK]; /* what an answer begins with */
	struct xd_udp_order order;
	uint64_t message[2]; /* whose parts come, */
	uint32_t came[2];    /* how many did */
	bool has_transit;
	double transit_ns, jitter_ns; /* RFC 3550, section 6.4.1 */
};

struct xd_udp_streams {
	uint32_t n, max;
	struct xd_udp_stream *all;
	uint32_t *places; /* by hash: index; XD_UDP_NO_STREAM: none */
	uint32_t mask;
};

/* -ENOMEM. */
int xd_udp_streams_init(struct xd_udp_streams *s, uint32_t max, struct xd_error *err);
void xd_udp_streams_fini(struct xd_udp_streams *s); /* of zeroes, too */

/* From here to there. NULL: there are max of them. */
struct xd_udp_stream *xd_udp_streams_add(struct xd_udp_streams *s, const struct xd_ip_route *route,
	uint16_t own_port, uint16_t peer_port);
/* That a datagram belongs to; NULL: none. */
struct xd_udp_stream *xd_udp_streams_find(
	struct xd_udp_streams *s, const struct xd_udp_datagram *d);

enum xd_udp_arrival { XD_UDP_NEW, XD_UDP_LATE, XD_UDP_AGAIN };

/* One has come: in its place or before the others; after a later one, which is new too; or once
 * more. */
enum xd_udp_arrival xd_udp_order_take(struct xd_udp_order *order, uint64_t number);
/* A datagram that had not come before did: true, its message is complete with it. */
bool xd_udp_stream_complete(
	struct xd_udp_stream *s, const struct xd_udp_parts *parts, uint64_t number);
/* One that was sent at that time by its sender's clock came at that by ours. */
void xd_udp_stream_jitter(struct xd_udp_stream *s, double sent_ns, double came_ns);

#endif

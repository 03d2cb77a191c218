/* SPDX-License-Identifier: BSD-3-Clause */
/* A host behind a port: answers wait in a queue until the port sends them, and timers say who it
 * is. The port's thread. */
#ifndef XD_TRAFFIC_ENGINE_RESPOND_STATION_H
#define XD_TRAFFIC_ENGINE_RESPOND_STATION_H

#include "traffic/engine/respond/ask.h"
#include "traffic/engine/respond/respond.h"
#include "traffic/trial/timers.h"

/* An address that is announced. */
struct xd_respond_announcement {
	struct xd_timer timer; /* its first member */
	struct xd_respond_station *station;
	unsigned address, left;
};

struct xd_respond_station {
	struct xd_respond_host host;
	struct xd_respond_figures figures;
	struct xd_source source;
	struct xd_sink sink;
	uint32_t room, stride; /* bytes of a frame in the queue */
	uint16_t head, tail;   /* head: next to be sent; free running */
	uint64_t interval;     /* ticks between announcements */
	uint32_t *lens;
	uint8_t *frames;
	struct xd_respond_target wanted; /* whose address was asked for, */
	uint8_t wanted_mac[6];           /* and the answer, once it is found */
	bool wants, found;
	struct xd_respond_announcement announcements[2 * XD_RESPOND_ADDRESSES + 1];
};

/* Frames that its source has. */
static inline uint16_t
xd_respond_station_waiting(const struct xd_respond_station *s)
{
	return (uint16_t)(s->tail - s->head);
}

/* The host is initialised. -ENOMEM. */
int xd_respond_station_init(struct xd_respond_station *s, uint32_t room, struct xd_error *err);
void xd_respond_station_fini(struct xd_respond_station *s);
/* Sends a frame of at most XD_RESPOND_ROOM bytes, unless too many wait already. */
void xd_respond_station_send(struct xd_respond_station *s, const uint8_t *frame, uint32_t len);
/* Asks who has an address, once more each time it is called; s->found says that it is known. */
void xd_respond_station_ask(struct xd_respond_station *s, const struct xd_respond_target *target);
/* Arms its announcements. */
void xd_respond_station_announce(
	struct xd_respond_station *s, struct xd_timers *timers, uint64_t interval);

#endif

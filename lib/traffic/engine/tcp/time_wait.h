/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is left of a host's connections that wait for old segments to die out (RFC 9293, section
 * 3.6.1): 32 bytes of each, with which it still answers what comes late, so that the connection
 * itself is free for the next one. When there are too many the oldest is forgotten, as Linux does
 * it: nobody waits for them.
 *
 * The port's thread; control between runs.
 */
#ifndef XD_TRAFFIC_ENGINE_TCP_TIME_WAIT_H
#define XD_TRAFFIC_ENGINE_TCP_TIME_WAIT_H

#include "base/error.h"
#include "traffic/engine/tcp/conn.h"

struct xd_tcp_time_wait {
	struct xd_tcp_rest rest;
	uint32_t since_ms; /* of the host's time */
	uint32_t next;     /* with the same hash */
	uint16_t own_port, peer_port;
	uint8_t route; /* of the host's connections */
	bool used;
};

_Static_assert(sizeof(struct xd_tcp_time_wait) == 32, "two in a cache line");

struct xd_tcp_time_waits {
	struct xd_tcp_time_wait *all; /* a ring: in the order in which they began to wait */
	uint32_t *heads;              /* by hash */
	uint32_t mask, tail;          /* tail: where the next goes */
	uint32_t ms;                  /* how long they wait */
};

/* n: how many are remembered, a power of two. -ENOMEM. */
int xd_tcp_time_waits_init(
	struct xd_tcp_time_waits *t, uint32_t n, uint32_t ms, struct xd_error *err);
void xd_tcp_time_waits_fini(struct xd_tcp_time_waits *t);

/* There is none of these ports yet. */
void xd_tcp_time_waits_add(struct xd_tcp_time_waits *t, unsigned route, uint16_t own_port,
	uint16_t peer_port, const struct xd_tcp_rest *rest, uint32_t now_ms);
/* NULL: there is none, or its time is over. */
struct xd_tcp_time_wait *xd_tcp_time_waits_find(struct xd_tcp_time_waits *t, unsigned route,
	uint16_t own_port, uint16_t peer_port, uint32_t now_ms);
void xd_tcp_time_waits_remove(struct xd_tcp_time_waits *t, struct xd_tcp_time_wait *w);

#endif

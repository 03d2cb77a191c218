/* SPDX-License-Identifier: BSD-3-Clause */
/* The connections of a host: found by addresses and ports, made and given back. The port's thread;
 * control between runs. */
#ifndef XD_TRAFFIC_ENGINE_TCP_SESSION_H
#define XD_TRAFFIC_ENGINE_TCP_SESSION_H

#include "base/error.h"
#include "traffic/engine/tcp/conn.h"
#include "traffic/engine/tcp/packet.h"
#include "traffic/trial/timers.h"

#define XD_TCP_SESSIONS_MAX 1000000u
#define XD_TCP_ROUTES       64 /* peers of a host */
#define XD_TCP_NO_SESSION   UINT32_MAX

/* A connection, and what the engine keeps beside it. */
struct xd_tcp_session {
	struct xd_timer timer; /* its first member */
	struct xd_tcp_conn conn;
	/* The application's, zero when it begins, as owed and asked: */
	uint64_t next_done; /* its `received` is not called before so many bytes have come */
	uint64_t sent_at;   /* time stamp counter */
	uint32_t next;      /* with the same hash; of those not in use, the next */
	uint32_t next_ready;
	uint16_t own_port, peer_port;
	uint32_t owed, asked;
	uint8_t route;
	uint8_t tos;     /* of what is sent: its application's */
	bool queued : 1; /* in one of the endpoint's queues */
	bool used : 1;
	bool opening : 1; /* its handshake, which we began, is counted as on its way */
	bool opened : 1;  /* through the handshake */
};

/* What is promised of an idle connection, all in all. */
_Static_assert(sizeof(struct xd_tcp_session) <= 512, "512 bytes a connection");

struct xd_tcp_sessions {
	struct xd_tcp_session *all;
	uint32_t n, used, free; /* free: the first that is not in use */
	uint32_t *heads, mask;  /* by hash */
	unsigned nb_routes;
	struct xd_ip_route routes[XD_TCP_ROUTES];
};

/* Of ports and a route, for tables of 2^32 places and less. */
static inline uint32_t
xd_tcp_ports_hash(unsigned route, uint16_t own_port, uint16_t peer_port)
{
	const uint64_t key = (uint64_t)route << 32 | (uint64_t)own_port << 16 | peer_port;

	return (uint32_t)(key * 0x9e3779b97f4a7c15ull >> 32);
}

int xd_tcp_sessions_init(struct xd_tcp_sessions *t, uint32_t n, struct xd_error *err);
void xd_tcp_sessions_fini(struct xd_tcp_sessions *t);

/* The way back of a packet that came, as a place in routes; XD_TCP_ROUTES: nobody has it. */
unsigned xd_tcp_sessions_route(const struct xd_tcp_sessions *t, const struct xd_ip_route *came);
/* The session of that route and ports, or NULL. */
struct xd_tcp_session *xd_tcp_sessions_find(
	const struct xd_tcp_sessions *t, unsigned route, uint16_t own_port, uint16_t peer_port);
/* The place in routes of a way to a peer, which is kept. XD_TCP_ROUTES: there are too many. */
unsigned xd_tcp_sessions_keep_route(struct xd_tcp_sessions *t, const struct xd_ip_route *route);
/* A new one, whose conn is its caller's to begin. There is none of that route and ports yet. NULL:
 * there are too many of them. */
struct xd_tcp_session *xd_tcp_sessions_add(
	struct xd_tcp_sessions *t, unsigned route, uint16_t own_port, uint16_t peer_port);
/* It is not armed and not queued. */
void xd_tcp_sessions_remove(struct xd_tcp_sessions *t, struct xd_tcp_session *s);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* A host's connections: begun and ended. */
#include <errno.h>

#include "traffic/engine/tcp/endpoint.h"
#include "traffic/host/tsc.h"

/* RFC 6528: of the connection, with a clock of four microseconds. */
static uint32_t
initial_sequence(const struct xd_tcp_endpoint *e, const struct xd_tcp_session *s)
{
	const struct xd_ip_route *route = &e->sessions.routes[s->route];
	uint64_t hash = e->secret ^ ((uint64_t)s->own_port << 16 | s->peer_port), word;

	for (unsigned i = 0; i < XD_IP_ADDRESS; i += sizeof(word)) {
		memcpy(&word, route->to + i, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
	}
	return (uint32_t)(hash >> 32) + (uint32_t)(e->now_us / 4);
}

void
xd_tcp_endpoint_begin(struct xd_tcp_endpoint *e, struct xd_tcp_session *s,
	const struct xd_tcp_segment *syn, const struct xd_tcp_rest *before)
{
	const struct xd_tcp_opts *opts = &e->tcp[e->sessions.routes[s->route].v6];
	const uint32_t iss = before ? xd_tcp_next_iss(before) : initial_sequence(e, s);

	if (syn) {
		xd_tcp_accept(&s->conn, opts, e, iss, syn, e->now_us);
	} else {
		xd_tcp_open(&s->conn, opts, e, iss, e->now_us);
		/* Before the application is asked, which may wake it: it is in one queue at a time.
		 */
		xd_tcp_queue_put(&e->waiting, &e->sessions, s);
	}
	if (e->opts.app->begun)
		e->opts.app->begun(e->opts.app->ctx, s);
	if (syn)
		xd_tcp_endpoint_wake(e, s);
}

int
xd_tcp_endpoint_route(struct xd_tcp_endpoint *e, const struct xd_ip_route *route)
{
	const unsigned r = xd_tcp_sessions_keep_route(&e->sessions, route);

	return r < XD_TCP_ROUTES ? (int)r : -ENOBUFS;
}

int
xd_tcp_endpoint_open(
	struct xd_tcp_endpoint *e, unsigned route, uint16_t own_port, uint16_t peer_port)
{
	struct xd_tcp_time_wait *before;
	struct xd_tcp_session *s;
	uint32_t now_ms;

	xd_tcp_endpoint_clock(e, xd_tsc());
	now_ms = (uint32_t)(e->now_us / 1000);
	if (xd_tcp_sessions_find(&e->sessions, route, own_port, peer_port))
		return -EADDRINUSE;
	before = xd_tcp_time_waits_find(&e->time_waits, route, own_port, peer_port, now_ms);
	if (before && (!before->rest.ts_on || before->since_ms == now_ms))
		return -EADDRINUSE;
	s = xd_tcp_sessions_add(&e->sessions, route, own_port, peer_port);
	if (!s)
		return -ENOBUFS;
	xd_tcp_endpoint_begin(e, s, NULL, before ? &before->rest : NULL);
	if (before)
		xd_tcp_time_waits_remove(&e->time_waits, before);
	return 0;
}

void
xd_tcp_endpoint_hold(struct xd_tcp_endpoint *e, bool held)
{
	e->held = held;
	for (uint32_t i = 0; i < e->sessions.n && !held; i++)
		if (e->sessions.all[i].used)
			xd_tcp_endpoint_wake(e, &e->sessions.all[i]);
}

static void
end_all(struct xd_tcp_endpoint *e, void (*end)(struct xd_tcp_conn *c))
{
	struct xd_tcp_session *waits;

	e->stopped = true;
	while ((waits = xd_tcp_queue_take(&e->waiting, &e->sessions)))
		xd_tcp_endpoint_wake(e, waits);
	for (uint32_t i = 0; i < e->sessions.n; i++) {
		struct xd_tcp_session *s = &e->sessions.all[i];

		if (!s->used)
			continue;
		end(&s->conn);
		xd_tcp_endpoint_wake(e, s);
	}
}

void
xd_tcp_endpoint_stop(struct xd_tcp_endpoint *e, uint64_t unsent_bytes)
{
	e->stopped = true;
	e->unsent_bytes = unsent_bytes;
}

void
xd_tcp_endpoint_close(struct xd_tcp_endpoint *e)
{
	for (uint32_t i = 0; i < e->sessions.n && e->unsent_bytes; i++)
		if (e->sessions.all[i].used)
			xd_tcp_take_back(&e->sessions.all[i].conn, e->unsent_bytes);
	end_all(e, xd_tcp_close);
}

void
xd_tcp_endpoint_abort(struct xd_tcp_endpoint *e)
{
	end_all(e, xd_tcp_abort);
}

uint32_t
xd_tcp_endpoint_silent(const struct xd_tcp_endpoint *e)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < e->sessions.n; i++)
		n += e->sessions.all[i].used && e->sessions.all[i].conn.timeouts > 0;
	return n;
}

void
xd_tcp_endpoint_look(struct xd_tcp_endpoint *e, struct xd_tcp_counts *counts)
{
	uint64_t again = 0;

	xd_tcp_endpoint_clock(e, xd_tsc());
	for (uint32_t i = 0; i < e->sessions.n; i++) {
		struct xd_tcp_session *s = &e->sessions.all[i];

		if (!s->used)
			continue;
		xd_tcp_look(&s->conn, e->now_us);
		again += s->conn.retransmitted;
	}
	*counts = e->counts;
	counts->retransmitted += again;
}

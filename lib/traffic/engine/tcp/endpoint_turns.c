/* SPDX-License-Identifier: BSD-3-Clause */
/* A host's connections in turn: when they are ready, and when their time has come. */
#include "traffic/engine/tcp/endpoint.h"
#include "traffic/host/tsc.h"

#define TURN       4             /* segments of a connection, then the next one's */
#define AWAY_US    100           /* a timer that is later than that */
#define TURN_BYTES (128u * 1024) /* of payload, then the host looks at what has come */

void
xd_tcp_endpoint_wake(struct xd_tcp_endpoint *e, struct xd_tcp_session *s)
{
	if (!s->queued)
		xd_tcp_queue_put(&e->ready, &e->sessions, s);
}

/* Whether the host had no core when this was due: what would have told that nothing is lost may lie
 * there, and is looked at first. */
static bool
was_away(struct xd_tcp_endpoint *e, struct xd_tcp_conn *c)
{
	if ((c->timer != XD_TCP_TIMER_TAIL && c->timer != XD_TCP_TIMER_REORDER) ||
		c->timer_us > e->now_us || e->now_us - c->timer_us < AWAY_US)
		return false;
	c->timer_us = e->now_us + AWAY_US;
	return true;
}

static void
on_timer(struct xd_timer *timer, void *ctx)
{
	struct xd_tcp_session *s = (struct xd_tcp_session *)timer;
	struct xd_tcp_endpoint *e = s->conn.ctx;
	const unsigned timeouts = s->conn.timeouts;

	(void)ctx;
	xd_tcp_endpoint_clock(e, xd_tsc());
	if (!was_away(e, &s->conn))
		xd_tcp_timeout(&s->conn, e->now_us);
	if (s->opening && s->conn.timeouts != timeouts)
		xd_tcp_handshakes_lost(&e->handshakes, e->now_us);
	xd_tcp_endpoint_wake(e, s); /* also when it was too early: the timer is armed anew */
}

/* One that is armed for later is, so that a deadline that is put off, as most are, costs nothing
 * until it was due. */
static void
arm(struct xd_tcp_endpoint *e, struct xd_tcp_session *s)
{
	const uint64_t us = xd_tcp_deadline(&s->conn);
	uint64_t tick;

	if (us == XD_TCP_NEVER)
		return;
	tick = (e->tsc_begin + (uint64_t)((double)us * e->cycles_per_us)) >> e->opts.tick_shift;
	s->timer.run = on_timer;
	if (!xd_timer_is_armed(&s->timer) || s->timer.due > tick + 1)
		xd_timer_arm(e->opts.timers, &s->timer, tick + 1);
}

/* Gives it back. What is left of one that waits for old segments is remembered. */
static void
remove_session(struct xd_tcp_endpoint *e, struct xd_tcp_session *s)
{
	struct xd_tcp_rest rest;

	xd_tcp_look(&s->conn, e->now_us);
	e->counts.retransmitted += s->conn.retransmitted;
	e->counts.failed +=
		s->conn.end_reason != XD_TCP_END_NONE && s->conn.end_reason != XD_TCP_END_ABORTED;
	if (s->conn.state == XD_TCP_TIME_WAIT) {
		xd_tcp_rest_of(&s->conn, &rest);
		xd_tcp_time_waits_add(&e->time_waits, s->route, s->own_port, s->peer_port, &rest,
			(uint32_t)(e->now_us / 1000));
	}
	e->opened -= s->opened;
	if (s->opening)
		xd_tcp_handshakes_gone(&e->handshakes);
	if (!e->stopped)
		e->why = (enum xd_tcp_end)s->conn.end_reason;
	if (e->opts.app->gone)
		e->opts.app->gone(e->opts.app->ctx, s);
	xd_timer_cancel(&s->timer);
	xd_tcp_sessions_remove(&e->sessions, s);
	if (e->opts.over && !e->stopped && !e->sessions.used)
		__atomic_store_n(e->opts.over, true, __ATOMIC_RELAXED);
}

/* False: there is nothing more to be written for now. */
static bool
write_more(struct xd_tcp_endpoint *e, struct xd_tcp_session *s)
{
	if (e->held || !xd_tcp_is_open(&s->conn) || s->conn.fin_asked)
		return false;
	if (e->opts.app->write(e->opts.app->ctx, s))
		return true;
	if (!xd_tcp_peer_closed(&s->conn))
		return false;
	if (e->unsent_bytes)
		xd_tcp_take_back(&s->conn, e->unsent_bytes);
	xd_tcp_close(&s->conn);
	return true;
}

/* Its segments, up to a turn's, or until the host has sent `most` bytes; true: it may have more. */
static bool
take_turn(struct xd_tcp_endpoint *e, struct xd_tcp_session *s, uint64_t most)
{
	struct xd_tcp_sending sending = {
		.route = e->sessions.routes[s->route],
		.from_port = s->own_port,
		.to_port = s->peer_port,
	};
	const struct xd_tcp_segment *segment = &sending.segment;

	sending.route.tos = s->tos;
	/* An acknowledgement that is due goes with what the application has to say. */
	if (!xd_tcp_unsent(&s->conn))
		write_more(e, s);
	for (unsigned n = 0; n < TURN;) {
		if (!xd_outbox_has_room(&e->outbox) || (int64_t)(most - e->counts.data_bytes) <= 0)
			return true;
		if (xd_tcp_may_output(&s->conn) &&
			xd_tcp_output(&s->conn, &sending.segment, e->now_us)) {
			e->counts.data_frames += segment->len > 0;
			e->counts.data_bytes += segment->len;
			xd_outbox_put(&e->outbox, &sending, sizeof(sending));
			n++;
		} else if (!write_more(e, s)) {
			return false;
		}
	}
	return true;
}

/* Those whose turn it is to shake hands. */
static void
begin_handshakes(struct xd_tcp_endpoint *e)
{
	struct xd_tcp_session *s;

	while (!xd_tcp_queue_is_empty(&e->waiting) && xd_tcp_handshakes_begin(&e->handshakes)) {
		s = xd_tcp_queue_take(&e->waiting, &e->sessions);
		s->opening = true;
		xd_tcp_endpoint_wake(e, s);
	}
}

/* Payload of what waits for room at the port. */
static uint64_t
waiting_bytes(const struct xd_tcp_endpoint *e)
{
	const struct xd_tcp_sending *s;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < xd_outbox_count(&e->outbox); i++) {
		s = xd_outbox_at(&e->outbox, i, sizeof(*s));
		bytes += s->segment.len;
	}
	return bytes;
}

/* A ring of 256 buffers, as QEMU makes them, has room for six frames of 64 KiB: with thousands of
 * connections that may all send, the host looks at what has come before there are more of them on
 * their way, as the peer may be one that the same thread runs. */
static void
take_turns(struct xd_tcp_endpoint *e, uint16_t n)
{
	const uint64_t most = e->counts.data_bytes + TURN_BYTES - waiting_bytes(e);
	struct xd_tcp_session *s;

	xd_tcp_endpoint_clock(e, xd_tsc());
	while (xd_outbox_count(&e->outbox) < n && xd_outbox_has_room(&e->outbox) &&
		(int64_t)(most - e->counts.data_bytes) > 0 &&
		(s = xd_tcp_queue_take(&e->ready, &e->sessions))) {
		if (take_turn(e, s, most))
			xd_tcp_endpoint_wake(e, s);
		else if (s->conn.state == XD_TCP_CLOSED || s->conn.state == XD_TCP_TIME_WAIT)
			remove_session(e, s);
		else
			arm(e, s);
	}
}

uint16_t
xd_tcp_endpoint_ready(void *ctx, uint16_t n)
{
	struct xd_tcp_endpoint *e = ctx;
	uint32_t there;

	xd_impaired_sink_look(&e->impaired);
	if (!xd_tcp_queue_is_empty(&e->waiting))
		begin_handshakes(e);
	if (!xd_tcp_queue_is_empty(&e->ready))
		take_turns(e, n);
	xd_outbox_look(&e->outbox, sizeof(struct xd_tcp_sending));
	there = xd_respond_station_waiting(&e->station) + xd_outbox_count(&e->outbox);
	return there < n ? (uint16_t)there : n;
}

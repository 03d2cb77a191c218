/* SPDX-License-Identifier: BSD-3-Clause */
/* A host's connections: begun and ended, in turn when they are ready, and when their time has come.
 */
#include <errno.h>
#include <time.h>

#include "traffic/engine/tcp/endpoint.h"
#include "traffic/host/tsc.h"

#define RTO_MIN_US     200000u /* as Linux has it */
#define DELAYED_ACK_US 40000u  /* the same */
#define TIME_WAIT_US   60000000u
#define TRIES          8
#define TURN           4 /* segments of a connection, then the next one's */
#define IPV4_EXTRA     (XD_IP_ETH + XD_IP_V4 + XD_TCP_HEADER)
#define IPV6_EXTRA     (XD_IP_ETH + XD_IP_V6 + XD_TCP_HEADER)
#define WHOLE_MAX      65535u /* bytes of an IPv4 datagram */

/* ---- Connections that are ready ---- */

void
xd_tcp_endpoint_wake(struct xd_tcp_endpoint *e, struct xd_tcp_session *s)
{
	const uint32_t i = (uint32_t)(s - e->sessions.all);

	if (s->queued)
		return;
	s->queued = true;
	s->next_ready = XD_TCP_NO_SESSION;
	if (e->ready_tail == XD_TCP_NO_SESSION)
		e->ready_head = i;
	else
		e->sessions.all[e->ready_tail].next_ready = i;
	e->ready_tail = i;
}

static struct xd_tcp_session *
next_ready(struct xd_tcp_endpoint *e)
{
	struct xd_tcp_session *s;

	if (e->ready_head == XD_TCP_NO_SESSION)
		return NULL;
	s = &e->sessions.all[e->ready_head];
	e->ready_head = s->next_ready;
	if (e->ready_head == XD_TCP_NO_SESSION)
		e->ready_tail = XD_TCP_NO_SESSION;
	s->queued = false;
	return s;
}

static void
on_timer(struct xd_timer *timer, void *ctx)
{
	struct xd_tcp_session *s = (struct xd_tcp_session *)timer;
	struct xd_tcp_endpoint *e = s->conn.ctx;

	(void)ctx;
	xd_tcp_endpoint_clock(e, xd_tsc());
	xd_tcp_timeout(&s->conn, e->now_us);
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
	tick = (e->tsc_begin + (uint64_t)((double)us / e->us_per_cycle)) >> e->opts.tick_shift;
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
	for (unsigned i = 0; i < XD_TCP_LIMITS; i++)
		e->counts.limited_us[i] += s->conn.limited_us[i];
	e->counts.failed +=
		s->conn.end_reason != XD_TCP_END_NONE && s->conn.end_reason != XD_TCP_END_ABORTED;
	if (s->conn.state == XD_TCP_TIME_WAIT) {
		xd_tcp_rest_of(&s->conn, &rest);
		xd_tcp_time_waits_add(&e->time_waits, s->route, s->own_port, s->peer_port, &rest,
			(uint32_t)(e->now_us / 1000));
	}
	e->opened -= s->opened;
	if (!e->stopped)
		e->why = (enum xd_tcp_end)s->conn.end_reason;
	if (e->opts.app->gone)
		e->opts.app->gone(e->opts.app->ctx, s);
	xd_timer_cancel(&s->timer);
	xd_tcp_sessions_remove(&e->sessions, s);
	if (e->opts.over && !e->stopped && !e->sessions.used)
		__atomic_store_n(e->opts.over, true, __ATOMIC_RELAXED);
}

static void
send_segment(struct xd_tcp_endpoint *e, const struct xd_tcp_session *s,
	const struct xd_tcp_segment *segment)
{
	const struct xd_tcp_sending sending = {
		.route = e->sessions.routes[s->route],
		.from_port = s->own_port,
		.to_port = s->peer_port,
		.segment = *segment,
	};

	e->counts.data_frames += segment->len > 0;
	e->counts.data_bytes += segment->len;
	xd_outbox_put(&e->outbox, &sending, sizeof(sending));
}

/* False: there is nothing more to be written for now. */
static bool
write_more(struct xd_tcp_endpoint *e, struct xd_tcp_session *s)
{
	if (!xd_tcp_is_open(&s->conn) || s->conn.fin_asked)
		return false;
	if (e->opts.app->write(e->opts.app->ctx, s))
		return true;
	if (!xd_tcp_peer_closed(&s->conn))
		return false;
	xd_tcp_close(&s->conn);
	return true;
}

/* Its segments, up to a turn's; true: it may have more. */
static bool
take_turn(struct xd_tcp_endpoint *e, struct xd_tcp_session *s)
{
	struct xd_tcp_segment segment;

	/* An acknowledgement that is due goes with what the application has to say. */
	if (!xd_tcp_unsent(&s->conn))
		write_more(e, s);
	for (unsigned n = 0; n < TURN;) {
		if (!xd_outbox_has_room(&e->outbox))
			return true;
		if (xd_tcp_output(&s->conn, &segment, e->now_us)) {
			send_segment(e, s, &segment);
			n++;
		} else if (!write_more(e, s)) {
			return false;
		}
	}
	return true;
}

static uint16_t
ready(void *ctx, uint16_t n)
{
	struct xd_tcp_endpoint *e = ctx;
	struct xd_tcp_session *s;
	uint32_t answers, there;

	xd_impaired_sink_look(&e->impaired);
	answers = e->station.source.ready(e->station.source.ctx, n);
	if (e->ready_head != XD_TCP_NO_SESSION)
		xd_tcp_endpoint_clock(e, xd_tsc());
	while (xd_outbox_count(&e->outbox) < n && xd_outbox_has_room(&e->outbox) &&
		(s = next_ready(e))) {
		if (take_turn(e, s))
			xd_tcp_endpoint_wake(e, s);
		else if (s->conn.state == XD_TCP_CLOSED || s->conn.state == XD_TCP_TIME_WAIT)
			remove_session(e, s);
		else
			arm(e, s);
	}
	xd_outbox_look(&e->outbox, sizeof(struct xd_tcp_sending));
	there = answers + xd_outbox_count(&e->outbox);
	return there < n ? (uint16_t)there : n;
}

/* ---- Begin and end ---- */

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

	s->timer.run = on_timer;
	if (syn)
		xd_tcp_accept(&s->conn, opts, e, iss, syn, e->now_us);
	else
		xd_tcp_open(&s->conn, opts, e, iss, e->now_us);
	if (e->opts.app->begun)
		e->opts.app->begun(e->opts.app->ctx, s);
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

static void
end_all(struct xd_tcp_endpoint *e, void (*end)(struct xd_tcp_conn *c))
{
	e->stopped = true;
	for (uint32_t i = 0; i < e->sessions.n; i++) {
		struct xd_tcp_session *s = &e->sessions.all[i];

		if (!s->used)
			continue;
		end(&s->conn);
		xd_tcp_endpoint_wake(e, s);
	}
}

void
xd_tcp_endpoint_close(struct xd_tcp_endpoint *e)
{
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
	xd_tcp_endpoint_clock(e, xd_tsc());
	*counts = e->counts;
	for (uint32_t i = 0; i < e->sessions.n; i++) {
		struct xd_tcp_session *s = &e->sessions.all[i];

		if (!s->used)
			continue;
		xd_tcp_look(&s->conn, e->now_us);
		counts->retransmitted += s->conn.retransmitted;
		for (unsigned k = 0; k < XD_TCP_LIMITS; k++)
			counts->limited_us[k] += s->conn.limited_us[k];
	}
}

/* ---- Setting up ---- */

static void
take_payload(void *ctx, uint64_t offset, const uint8_t *from, uint32_t len)
{
	struct xd_tcp_endpoint *e = ctx;
	const struct xd_tcp_session *s = e->arriving;

	e->counts.received_bytes += len;
	if (e->opts.verify)
		e->counts.wrong_bytes += xd_message_pattern_differ(e->opts.pattern,
			(uint32_t)s->peer_port << 16 | s->own_port, offset, from, len);
}

static void
take_for_app(void *ctx, uint64_t offset, const uint8_t *from, uint32_t len)
{
	struct xd_tcp_endpoint *e = ctx;

	e->counts.received_bytes += len;
	e->opts.app->take(e->opts.app->ctx, e->arriving, offset, from, len);
}

/* Of the wall: a host that is set up anew goes on where the one before was. */
static uint32_t
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint32_t)now.tv_sec * 1000 + (uint32_t)(now.tv_nsec / 1000000);
}

static struct xd_tcp_opts
opts_of(const struct xd_tcp_endpoint_opts *o, uint32_t extra)
{
	const uint32_t mss = o->segment - extra;
	const uint32_t whole = o->max_frame - extra - XD_TCP_TS_BYTES - XD_IP_ETH;
	const uint32_t longest = WHOLE_MAX - extra - XD_TCP_TS_BYTES;

	return (struct xd_tcp_opts){
		.window = o->window,
		.mss = (uint16_t)mss,
		.send_bytes = !o->tso           ? mss
			      : whole < longest ? whole
						: longest,
		.timestamps = true,
		.sack = true,
		.scale = true,
		.nagle = o->nagle,
		.rto_min_us = RTO_MIN_US,
		.delayed_ack_us = DELAYED_ACK_US,
		.time_wait_us = TIME_WAIT_US,
		.tries = TRIES,
		.clock_ms = clock_ms(),
		.payload = {.take = o->app->take ? take_for_app : take_payload},
	};
}

/* Faults in what is received, if that is wanted. */
static int
impair(struct xd_tcp_endpoint *e, struct xd_error *err)
{
	const struct xd_impair *faults = e->opts.impair;
	int rc;

	if (!faults || faults->direction == XD_IMPAIR_TX || !xd_impair_any(faults))
		return 0;
	rc = xd_impaired_sink_init(&e->impaired, faults, e->sink, err);
	e->sink = e->impaired.sink;
	return rc;
}

int
xd_tcp_endpoint_init(
	struct xd_tcp_endpoint *e, const struct xd_tcp_endpoint_opts *opts, struct xd_error *err)
{
	int rc;

	*e = (struct xd_tcp_endpoint){
		.opts = *opts,
		.tcp = {opts_of(opts, IPV4_EXTRA), opts_of(opts, IPV6_EXTRA)},
		.source = {ready,
			opts->app->fill ? xd_tcp_endpoint_write_app : xd_tcp_endpoint_write, e},
		.sink = {.take = xd_tcp_endpoint_take, .ctx = e},
		.ready_head = XD_TCP_NO_SESSION,
		.ready_tail = XD_TCP_NO_SESSION,
		.tsc_begin = xd_tsc(),
		.us_per_cycle = 1e6 / opts->tsc_hz,
	};
	e->secret = e->tsc_begin * 0xd6e8feb86659fd93ull;
	if (!xd_outbox_init(&e->outbox, sizeof(struct xd_tcp_sending), opts->impair))
		return xd_fail(err, -ENOMEM, "no memory for segments");
	rc = xd_respond_host_init(&e->station.host, opts->number, opts->addresses, err);
	if (!rc)
		rc = xd_respond_station_init(&e->station, opts->max_frame, err);
	if (!rc)
		rc = xd_tcp_sessions_init(&e->sessions, opts->sessions, err);
	if (!rc)
		rc = xd_tcp_time_waits_init(
			&e->time_waits, opts->time_waits, TIME_WAIT_US / 1000, err);
	if (!rc)
		rc = impair(e, err);
	if (rc)
		xd_tcp_endpoint_fini(e);
	return rc;
}

void
xd_tcp_endpoint_fini(struct xd_tcp_endpoint *e)
{
	xd_tcp_sessions_fini(&e->sessions);
	xd_tcp_time_waits_fini(&e->time_waits);
	xd_respond_station_fini(&e->station);
	xd_impaired_sink_fini(&e->impaired);
	xd_outbox_fini(&e->outbox);
}

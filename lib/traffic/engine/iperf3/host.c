/* SPDX-License-Identifier: BSD-3-Clause */
/* The host's connections: what comes goes where it belongs. */
#include <errno.h>

#include "traffic/engine/iperf3/host.h"

struct xd_iperf3_slot *
xd_iperf3_slot(struct xd_iperf3_host *h, const struct xd_tcp_session *s)
{
	return &h->slots[s - h->e.sessions.all];
}

void
xd_iperf3_host_use(struct xd_iperf3_host *h, struct xd_iperf3_slot *slot, enum xd_iperf3_use use)
{
	slot->use = use;
	slot->since_us = h->e.now_us;
}

void
xd_iperf3_host_close(struct xd_iperf3_host *h, struct xd_tcp_session *s)
{
	xd_iperf3_host_use(h, xd_iperf3_slot(h, s), XD_IPERF3_LEAVING);
	xd_tcp_close(&s->conn);
	xd_tcp_endpoint_wake(&h->e, s);
}

/* ---- The control connection ---- */

void
xd_iperf3_host_flush(struct xd_iperf3_host *h)
{
	struct xd_tcp_conn *c;

	if (!h->session)
		return;
	c = &h->session->conn;
	if ((uint64_t)c->end - 1 < h->control.out.len)
		xd_tcp_write(c, h->control.out.len - ((uint64_t)c->end - 1), h->e.now_us);
	xd_tcp_endpoint_wake(&h->e, h->session);
}

static void
finish(struct xd_iperf3_host *h)
{
	if (h->done)
		return;
	h->done = true;
	h->done_us = h->e.now_us;
	xd_iperf3_measure_stop(h);
	h->run.err = h->control.err;
	h->opts->watch->ended(h->opts->watch->ctx, &h->run);
}

static void
answer(struct xd_iperf3_host *h)
{
	const struct xd_iperf3_watch *watch = h->opts->watch;

	if (h->run.test.output && watch->output)
		h->control.own.output = watch->output(watch->ctx, &h->control.own.output_json);
	xd_iperf3_control_answer(&h->control);
}

void
xd_iperf3_host_event(struct xd_iperf3_host *h, enum xd_iperf3_event event)
{
	switch (event) {
	case XD_IPERF3_NOTHING:
		return;
	case XD_IPERF3_CREATE:
		h->run.test = h->control.test;
		memcpy(h->run.cookie, h->control.cookie, sizeof(h->run.cookie));
		xd_tcp_endpoint_limit_mss(&h->e, h->run.test.mss);
		if (h->opts->server)
			xd_iperf3_server_create(h);
		else
			xd_iperf3_client_create(h);
		break;
	case XD_IPERF3_START:
		xd_iperf3_measure_begin(h);
		break;
	case XD_IPERF3_RUN:
		h->sending = true;
		for (unsigned i = 0; i < h->run.nb_streams; i++)
			if (h->run.streams[i].session)
				xd_tcp_endpoint_wake(&h->e, h->run.streams[i].session);
		break;
	case XD_IPERF3_FIGURES:
		if (!h->over_us)
			h->over_us = h->e.now_us;
		if (xd_iperf3_measure_awaits(h)) /* the clock asks again */
			break;
		xd_iperf3_measure_stop(h);
		if (h->opts->server)
			xd_iperf3_server_end(h);
		xd_iperf3_measure_tell(h);
		xd_iperf3_control_figures(&h->control, h->e.now_us);
		break;
	case XD_IPERF3_REPORT:
		xd_iperf3_measure_told(h);
		finish(h);
		if (h->opts->server)
			answer(h);
		break;
	case XD_IPERF3_FAILED:
		finish(h);
		break;
	}
	xd_iperf3_host_flush(h);
}

void
xd_iperf3_host_fail(struct xd_iperf3_host *h)
{
	xd_iperf3_control_quit(&h->control);
	xd_iperf3_host_event(h, XD_IPERF3_FAILED);
}

/* All that it has to say is said: the connection may go, and what it was kept for with it. A server
 * leaves it to its client to close first, and to wait for old segments. */
void
xd_iperf3_host_release(struct xd_iperf3_host *h)
{
	if (!h->busy || h->control.step != XD_IPERF3_STEP_OVER ||
		(h->session && xd_tcp_pending(&h->session->conn)))
		return;
	if (h->session && h->opts->server && !h->control.err.code)
		xd_iperf3_host_use(h, xd_iperf3_slot(h, h->session), XD_IPERF3_LEAVING);
	else if (h->session)
		xd_iperf3_host_close(h, h->session);
	h->session = NULL;
	h->busy = false;
	xd_iperf3_control_fini(&h->control);
	for (uint32_t i = 0; i < h->e.sessions.n; i++)
		if (h->e.sessions.all[i].used && h->slots[i].use == XD_IPERF3_STREAM)
			xd_iperf3_host_use(h, &h->slots[i], XD_IPERF3_LEAVING);
	if (!h->opts->server || h->opts->once)
		h->closing_us = h->e.now_us;
	else
		xd_iperf3_server_listen(h);
}

static void
control_received(struct xd_iperf3_host *h)
{
	const struct xd_tcp_conn *c = &h->session->conn;
	enum xd_iperf3_event event;

	do {
		event = xd_iperf3_control_next(&h->control, xd_tcp_received(c), h->e.now_us);
		xd_iperf3_host_event(h, event);
	} while (event != XD_IPERF3_NOTHING && event != XD_IPERF3_FAILED);
	/* A cookie that was taken leads on without an event. */
	xd_iperf3_host_flush(h);
	if (xd_tcp_peer_closed(c))
		xd_iperf3_host_event(h, xd_iperf3_control_closed(&h->control, "closed"));
	xd_iperf3_host_release(h);
}

/* ---- What the endpoint calls ---- */

static void
begun(void *ctx, struct xd_tcp_session *s)
{
	struct xd_iperf3_host *h = ctx;
	struct xd_iperf3_slot *slot = xd_iperf3_slot(h, s);

	*slot = (struct xd_iperf3_slot){.order = h->order++};
	xd_iperf3_host_use(h, slot, XD_IPERF3_FRESH);
	if (h->opts->server)
		return;
	if (h->wanted_stream) {
		slot->stream = h->run.nb_streams;
		xd_tcp_write(&s->conn, XD_IPERF3_COOKIE, h->e.now_us);
		return;
	}
	xd_iperf3_host_use(h, slot, XD_IPERF3_CONTROL);
	h->session = s;
	h->control_own = s->own_port;
	h->control_peer = s->peer_port;
	xd_iperf3_host_flush(h);
}

static void
take(void *ctx, const struct xd_tcp_session *s, uint64_t offset, const uint8_t *from, uint32_t len)
{
	struct xd_iperf3_host *h = ctx;
	struct xd_iperf3_slot *slot = xd_iperf3_slot(h, s);

	if (slot->use == XD_IPERF3_CONTROL)
		xd_iperf3_control_take(&h->control, offset, from, len);
	if (slot->use != XD_IPERF3_FRESH)
		return;
	slot->early |= offset + len > XD_IPERF3_COOKIE;
	if (offset < XD_IPERF3_COOKIE)
		memcpy(slot->cookie + offset, from,
			len < XD_IPERF3_COOKIE - offset ? len : XD_IPERF3_COOKIE - offset);
}

static void
received(void *ctx, struct xd_tcp_session *s)
{
	struct xd_iperf3_host *h = ctx;
	struct xd_iperf3_slot *slot = xd_iperf3_slot(h, s);

	if (slot->use == XD_IPERF3_FRESH && h->opts->server) {
		if (xd_tcp_received(&s->conn) >= XD_IPERF3_COOKIE)
			xd_iperf3_server_greet(h, s);
	} else if (slot->use == XD_IPERF3_FRESH) {
		if (xd_tcp_is_open(&s->conn))
			xd_iperf3_client_joined(h, s);
	} else if (slot->use == XD_IPERF3_STREAM) {
		if (h->running && !h->broken_us && xd_tcp_peer_closed(&s->conn))
			h->broken_us = h->e.now_us;
	}
	if (slot->use == XD_IPERF3_CONTROL)
		control_received(h);
}

static bool
write_more(void *ctx, struct xd_tcp_session *s)
{
	struct xd_iperf3_host *h = ctx;

	return xd_iperf3_slot(h, s)->use == XD_IPERF3_STREAM && xd_iperf3_measure_write(h, s);
}

/* Nobody looks at the bytes of streams. Where they begin they are what a connection is refused
 * with, which is all that others send. */
static void
fill(void *ctx, const struct xd_tcp_sending *sending, uint8_t *to)
{
	const struct xd_iperf3_host *h = ctx;
	const struct xd_tcp_segment *s = &sending->segment;
	uint32_t cookie = 0;

	if (h->busy && sending->from_port == h->control_own &&
		sending->to_port == h->control_peer) {
		if (s->offset + s->len <= h->control.out.len)
			memcpy(to, h->control.out.data + s->offset, s->len);
		return;
	}
	if (!h->opts->server && s->offset < XD_IPERF3_COOKIE) {
		cookie = XD_IPERF3_COOKIE - (uint32_t)s->offset;
		cookie = cookie < s->len ? cookie : s->len;
		memcpy(to, h->control.cookie + s->offset, cookie);
	}
	memcpy(to + cookie, xd_message_pattern_at(h->pattern, 0, s->offset + cookie),
		s->len - cookie);
	if (h->opts->server && s->offset == 0)
		to[0] = (uint8_t)XD_IPERF3_ACCESS_DENIED;
}

static void
gone(void *ctx, struct xd_tcp_session *s)
{
	struct xd_iperf3_host *h = ctx;
	struct xd_iperf3_slot *slot = xd_iperf3_slot(h, s);
	const enum xd_iperf3_use use = slot->use;

	slot->use = XD_IPERF3_LEAVING;
	if (use == XD_IPERF3_STREAM) {
		xd_iperf3_measure_gone(h, &h->run.streams[slot->stream]);
	} else if (use == XD_IPERF3_FRESH && !h->opts->server) {
		if (h->control.step == XD_IPERF3_STEP_OVER)
			return;
		xd_fail(&h->control.err, -ECONNREFUSED, "a stream's connection was not made: %s",
			xd_tcp_end_name(s->conn.end_reason));
		xd_iperf3_host_fail(h);
	} else if (use == XD_IPERF3_CONTROL) {
		h->session = NULL;
		if (s->conn.end_reason == XD_TCP_END_REFUSED) {
			h->control.step = XD_IPERF3_STEP_OVER;
			xd_fail(&h->control.err, -ECONNREFUSED,
				"port %u is refused: is a server listening there?", s->peer_port);
			finish(h);
		} else {
			xd_iperf3_host_event(h, xd_iperf3_control_closed(&h->control,
							xd_tcp_end_name(s->conn.end_reason)));
		}
		xd_iperf3_host_release(h);
	}
}

struct xd_tcp_app
xd_iperf3_host_app(struct xd_iperf3_host *h)
{
	return (struct xd_tcp_app){begun, take, received, write_more, fill, gone, h};
}

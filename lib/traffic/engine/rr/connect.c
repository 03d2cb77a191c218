/* SPDX-License-Identifier: BSD-3-Clause */
/* Connect, request, response, close; and again. */
#include <errno.h>

#include "traffic/engine/rr/connect.h"
#include "traffic/engine/tcp/bench.h"
#include "traffic/host/tsc.h"

#define PORTS_TRIED 64    /* of those that are in use, in a row; then it is tried again later */
#define RETRY_S     0.001 /* when the clock of timestamps has gone on */

static void
begun(void *ctx, struct xd_tcp_session *s)
{
	const struct xd_rr_connects *c = ctx;

	s->next_done = c->answer_bytes;
	s->sent_at = xd_tsc();
}

static bool
write_request(void *ctx, struct xd_tcp_session *s)
{
	const struct xd_rr_connects *c = ctx;

	if (s->asked || xd_tcp_peer_closed(&s->conn))
		return false;
	s->asked = 1;
	s->owed = 1;
	xd_tcp_write(&s->conn, c->request_bytes, c->endpoint->now_us);
	return true;
}

static void
answered(void *ctx, struct xd_tcp_session *s)
{
	(void)ctx;
	s->next_done = UINT64_MAX;
	s->owed = 0;
	xd_tcp_close(&s->conn);
}

/* False: there is no port for it now. */
static bool
open_next(struct xd_rr_connects *c)
{
	for (unsigned i = 0; i < PORTS_TRIED; i++) {
		const uint16_t port =
			(uint16_t)(XD_TCP_OWN_FIRST + c->next_port++ % XD_TCP_OWN_PORTS);

		if (!xd_tcp_endpoint_open(c->endpoint, c->route, port, c->peer_port))
			return true;
	}
	return false;
}

static void
open_or_park(struct xd_rr_connects *c)
{
	const struct xd_tcp_endpoint_opts *o = &c->endpoint->opts;

	if (open_next(c))
		return;
	c->parked++;
	if (!xd_timer_is_armed(&c->timer))
		xd_timer_arm(o->timers, &c->timer,
			(xd_tsc() + (uint64_t)(RETRY_S * o->tsc_hz)) >> o->tick_shift);
}

static void
on_timer(struct xd_timer *timer, void *ctx)
{
	struct xd_rr_connects *c = (struct xd_rr_connects *)timer;
	uint32_t parked = c->parked;

	(void)ctx;
	c->parked = 0;
	for (; parked && !c->endpoint->stopped; parked--)
		open_or_park(c);
}

static void
gone(void *ctx, struct xd_tcp_session *s)
{
	struct xd_rr_connects *c = ctx;
	const struct xd_tcp_endpoint *e = c->endpoint;
	const double ns = (double)(xd_tsc() - s->sent_at) * e->us_per_cycle * 1000;

	if (s->conn.end_reason != XD_TCP_END_NONE || !s->asked || s->owed) {
		c->why = (enum xd_tcp_end)s->conn.end_reason;
		if (--c->alive == 0 && !e->stopped)
			__atomic_store_n(c->over, true, __ATOMIC_RELAXED);
		return;
	}
	c->done++;
	xd_histogram_record(c->answers, (uint64_t)(ns + 0.5));
	if (!e->stopped)
		open_or_park(c);
}

int
xd_rr_connects_init(struct xd_rr_connects *c, uint64_t request_bytes, uint64_t answer_bytes,
	struct xd_error *err)
{
	*c = (struct xd_rr_connects){
		.timer = {.run = on_timer},
		.app = {.begun = begun,
			.received = answered,
			.write = write_request,
			.gone = gone,
			.ctx = c},
		.request_bytes = request_bytes,
		.answer_bytes = answer_bytes,
		.answers = xd_histogram_create(),
	};
	return c->answers ? 0 : xd_fail(err, -ENOMEM, "no memory for a histogram");
}

void
xd_rr_connects_fini(struct xd_rr_connects *c)
{
	xd_timer_cancel(&c->timer);
	xd_histogram_destroy(c->answers);
	c->answers = NULL;
}

void
xd_rr_connects_begin(struct xd_rr_connects *c, struct xd_tcp_endpoint *e, unsigned route,
	uint16_t peer_port, uint32_t first_port, uint32_t streams, bool *over)
{
	c->endpoint = e;
	c->route = route;
	c->peer_port = peer_port;
	c->next_port = first_port;
	c->alive = streams;
	c->over = over;
	for (uint32_t i = 0; i < streams; i++)
		open_or_park(c);
}

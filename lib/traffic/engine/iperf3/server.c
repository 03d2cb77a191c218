/* SPDX-License-Identifier: BSD-3-Clause */
/* The server: who connects is known by the cookie, and streams by the order in which they came. */
#include <errno.h>
#include <stdlib.h>

#include "traffic/engine/iperf3/host.h"

void
xd_iperf3_server_listen(struct xd_iperf3_host *h)
{
	xd_tcp_endpoint_limit_mss(&h->e, 0);
	h->opts->watch->listening(h->opts->watch->ctx, ++h->nb_tests);
}

/* A test's first connection. */
static void
begin(struct xd_iperf3_host *h, struct xd_tcp_session *s)
{
	struct xd_iperf3_slot *slot = xd_iperf3_slot(h, s);
	const struct xd_ip_route *route = &h->e.sessions.routes[s->route];

	slot->use = XD_IPERF3_CONTROL;
	h->busy = true;
	h->done = h->running = h->sending = h->stopped = false;
	h->broken_us = h->over_us = h->moved = 0;
	h->session = s;
	h->control_own = s->own_port;
	h->control_peer = s->peer_port;
	h->run = (struct xd_iperf3_run){
		.server = true,
		.v6 = route->v6,
		.port = s->own_port,
		.peer_port = s->peer_port,
	};
	memcpy(h->run.own_address, route->from, sizeof(route->from));
	memcpy(h->run.peer_address, route->to, sizeof(route->to));
	h->control = (struct xd_iperf3_control){0};
	xd_iperf3_control_init(&h->control, true, h->opts->timeout_s, h->e.now_us);
	xd_iperf3_control_take(&h->control, 0, slot->cookie, XD_IPERF3_COOKIE);
	/* A client waits to be answered; what is none is told so by its cookie. */
	h->control.too_much = slot->early && slot->cookie[XD_IPERF3_COOKIE - 1] == 0;
}

static int
by_order(const void *a, const void *b)
{
	const struct xd_iperf3_stream *x = a, *y = b;

	return (x->now.packets > y->now.packets) - (x->now.packets < y->now.packets);
}

/* All are there: their numbers are those that the client gave them. */
void
xd_iperf3_server_start(struct xd_iperf3_host *h)
{
	struct xd_iperf3_run *run = &h->run;

	qsort(run->streams, run->nb_streams, sizeof(run->streams[0]), by_order);
	for (unsigned i = 0; i < run->nb_streams; i++) {
		struct xd_iperf3_stream *s = &run->streams[i];

		s->now.packets = 0;
		s->id = i ? i + 2 : 1;
		s->sends = run->test.both ? i >= run->test.streams : run->test.reverse;
		if (s->session)
			xd_iperf3_slot(h, s->session)->stream = i;
	}
	xd_iperf3_control_start(&h->control, h->e.now_us);
	xd_iperf3_measure_begin(h);
	xd_iperf3_host_event(h, XD_IPERF3_RUN);
}

static void
join(struct xd_iperf3_host *h, struct xd_tcp_session *s)
{
	struct xd_iperf3_slot *slot = xd_iperf3_slot(h, s);
	struct xd_iperf3_run *run = &h->run;

	slot->use = XD_IPERF3_STREAM;
	slot->stream = run->nb_streams;
	s->tos = (uint8_t)run->test.tos;
	run->streams[run->nb_streams++] = (struct xd_iperf3_stream){
		.session = s,
		.own_port = s->own_port,
		.peer_port = s->peer_port,
		.now.packets = slot->order, /* until it has a number */
	};
	if (run->nb_streams == xd_iperf3_test_streams(&run->test))
		xd_iperf3_server_start(h);
}

void
xd_iperf3_server_greet(struct xd_iperf3_host *h, struct xd_tcp_session *s)
{
	const struct xd_iperf3_slot *slot = xd_iperf3_slot(h, s);

	if (h->busy && h->done) /* the next one came before the clock has looked at the last */
		xd_iperf3_host_release(h);
	if (!h->busy && !h->e.stopped && !h->closing_us) {
		begin(h, s);
	} else if (h->busy && h->control.step == XD_IPERF3_STEP_STREAMS && !h->run.test.udp &&
		   !memcmp(slot->cookie, h->control.cookie, XD_IPERF3_COOKIE)) {
		join(h, s);
	} else {
		xd_tcp_write(&s->conn, 1, h->e.now_us); /* XD_IPERF3_ACCESS_DENIED */
		xd_iperf3_host_close(h, s);
	}
}

/* A client that receives waits for what it was sent to end before it goes on. */
void
xd_iperf3_server_end(struct xd_iperf3_host *h)
{
	for (unsigned i = 0; i < h->run.nb_streams; i++)
		if (h->run.streams[i].sends && h->run.streams[i].session) {
			xd_tcp_close(&h->run.streams[i].session->conn);
			xd_tcp_endpoint_wake(&h->e, h->run.streams[i].session);
		}
}

void
xd_iperf3_server_create(struct xd_iperf3_host *h)
{
	h->run.nb_streams = 0;
	xd_iperf3_datagrams_forget(h);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* From a port to a test's end: the host is set up, the port's thread driven, and its clock looked
 * at. */
#include <errno.h>
#include <stdlib.h>

#include "traffic/engine/iperf3/host.h"
#include "traffic/host/tsc.h"

#define LOOK_US   1000u /* between looks at the clock */
#define SWEEP     64u   /* looks between those at all connections */
#define LEAVE_S   2.0   /* to close */
#define LAST_S    0.05  /* for resets to leave */
#define SESSIONS  1024u /* streams both ways, and others for a while */
#define WAITING   8192u /* that wait for old segments */
#define FOREVER_S (10 * 365 * 86400.0)

/* ---- The clock ---- */

/* Those that do not say who they are, or do not go. */
static void
sweep(struct xd_iperf3_host *h)
{
	const double limit_s[] = {
		[XD_IPERF3_FRESH] = h->opts->timeout_s, [XD_IPERF3_LEAVING] = LEAVE_S};

	for (uint32_t i = 0; i < h->e.sessions.n; i++) {
		struct xd_tcp_session *s = &h->e.sessions.all[i];
		const struct xd_iperf3_slot *slot = &h->slots[i];

		if (!s->used || s->conn.state == XD_TCP_TIME_WAIT ||
			(slot->use != XD_IPERF3_FRESH && slot->use != XD_IPERF3_LEAVING))
			continue;
		if ((double)(h->e.now_us - slot->since_us) < limit_s[slot->use] * 1e6)
			continue;
		xd_tcp_abort(&s->conn);
		xd_tcp_endpoint_wake(&h->e, s);
	}
}

/* Whether all has gone that there is to go; what does not, is reset. */
static bool
has_closed(struct xd_iperf3_host *h)
{
	const double s = (double)(h->e.now_us - h->closing_us) / 1e6;

	if (!h->e.stopped)
		xd_tcp_endpoint_close(&h->e);
	if (!h->e.sessions.used)
		return true;
	if (s > LEAVE_S / 2)
		xd_tcp_endpoint_abort(&h->e);
	return s > LEAVE_S / 2 + LAST_S;
}

/* The test is over, and the peer may not know how to end. */
static void
let_go(struct xd_iperf3_host *h)
{
	if (h->session && h->control.step == XD_IPERF3_STEP_OVER &&
		(double)(h->e.now_us - h->done_us) > LEAVE_S * 1e6) {
		xd_tcp_abort(&h->session->conn);
		xd_tcp_endpoint_wake(&h->e, h->session);
	}
	xd_iperf3_host_release(h);
}

static void
arm(struct xd_iperf3_host *h)
{
	xd_timer_arm(h->lanes.timers, &h->tick,
		(xd_tsc() + (uint64_t)(LOOK_US * h->gen->tsc_hz / 1e6)) >> XD_MESSAGE_TICK);
}

static void
on_tick(struct xd_timer *timer, void *ctx)
{
	struct xd_iperf3_host *h = (struct xd_iperf3_host *)timer;

	(void)ctx;
	xd_tcp_endpoint_clock(&h->e, xd_tsc());
	if (!h->opts->server)
		xd_iperf3_client_tick(h);
	xd_iperf3_datagrams_tick(h);
	if (h->running)
		xd_iperf3_measure_tick(h);
	if (h->busy)
		xd_iperf3_host_event(h, xd_iperf3_control_late(&h->control, h->e.now_us));
	if (h->busy && h->done)
		let_go(h);
	if (++h->ticks % SWEEP == 0)
		sweep(h);
	if (h->closing_us && has_closed(h))
		h->lane.cycles = 0;
	arm(h);
}

/* ---- The port ---- */

static uint16_t
ready(void *ctx, uint16_t n)
{
	struct xd_iperf3_host *h = ctx;
	uint16_t datagrams = 0;

	h->nb_segments = h->e.source.ready(&h->e, n);
	if (h->run.test.udp || xd_udp_host_is_sending(&h->udp))
		datagrams = h->udp.source.ready(&h->udp, (uint16_t)(n - h->nb_segments));
	return (uint16_t)(h->nb_segments + datagrams);
}

static uint32_t
write_frame(void *ctx, uint8_t *data, uint32_t room, struct virtio_net_hdr_v1 *header)
{
	struct xd_iperf3_host *h = ctx;

	if (!h->nb_segments)
		return h->udp.source.write(&h->udp, data, room, header);
	h->nb_segments--;
	return h->e.source.write(&h->e, data, room, header);
}

static void
take(void *ctx, const struct xd_arrival *frame)
{
	struct xd_iperf3_host *h = ctx;

	if (h->run.test.udp)
		h->udp.sink.take(&h->udp, frame);
	else
		h->e.sink.take(&h->e, frame);
}

/* ---- A run ---- */

static int
prepare(struct xd_iperf3_host *h, struct xd_error *err)
{
	const struct xd_iperf3_opts *o = h->opts;
	struct xd_tcp_endpoint_opts opts = {
		.addresses = o->addresses,
		.max_frame = h->port->max_frame,
		.segment = o->frame_bytes,
		.csum = h->port->offload.csum && h->port->headers,
		.tso = h->port->offload.tso && h->port->headers,
		.sessions = SESSIONS,
		.time_waits = WAITING,
		.window = o->window,
		.app = &h->app,
		.first_port = o->port,
		.nb_ports = o->server ? 1 : 0,
		.impair = o->impair,
		.tsc_hz = h->gen->tsc_hz,
		.tick_shift = XD_MESSAGE_TICK,
	};
	int rc = xd_message_lanes_init(&h->lanes, err);

	if (rc)
		return rc;
	opts.timers = h->lanes.timers;
	h->app = xd_iperf3_host_app(h);
	h->source = (struct xd_source){ready, write_frame, h};
	h->sink = (struct xd_sink){.take = take, .ctx = h};
	rc = xd_tcp_endpoint_init(&h->e, &opts, err);
	if (!rc)
		rc = xd_iperf3_datagrams_init(h, err);
	if (!rc)
		rc = xd_gen_port_attach(h->port, &h->source, &h->sink, XD_TOUCH_FULL, err);
	if (!rc)
		xd_message_lanes_announce(&h->lanes, 0, &h->e.station);
	return rc;
}

static int
run_lane(struct xd_iperf3_host *h, struct xd_gen *gen, struct xd_error *err)
{
	h->lane = (struct xd_lane){
		.gen = gen,
		.core = h->gen->cores[0],
		.cycles = (uint64_t)(FOREVER_S * h->gen->tsc_hz),
		.nb_ports = 1,
		.nb_senders = 1,
		.ports = {h->port},
		.senders = {{.port = h->port}},
		.timers = h->lanes.timers,
		.tick_shift = XD_MESSAGE_TICK,
	};
	return xd_lanes_run(&h->lane, 1, err);
}

/* Somebody wants it to end: says so to the peer. */
static int
interrupt(struct xd_iperf3_host *h, struct xd_error *err)
{
	const bool idle = h->opts->server && (!h->busy || h->done);
	struct xd_gen last = *h->gen;

	if (h->busy && !h->done) {
		xd_fail(&h->control.err, -EINTR, "interrupted");
		xd_iperf3_host_fail(h);
	}
	last.cancel = NULL; /* a second time ends the program */
	h->closing_us = h->e.now_us;
	run_lane(h, &last, NULL);
	return idle ? 0 : xd_fail(err, -EINTR, "interrupted");
}

static int
check(const struct xd_gen *gen, const struct xd_iperf3_opts *opts, struct xd_error *err)
{
	if (gen->nb_ports != 1)
		return xd_fail(err, -EINVAL, "iperf3 has one port, not %u", gen->nb_ports);
	if (gen->ports[0]->max_frame < opts->frame_bytes)
		return xd_fail(err, -EINVAL,
			"%s: frames of %u bytes are too long for it: it carries %u",
			gen->ports[0]->name, opts->frame_bytes, gen->ports[0]->max_frame);
	return 0;
}

static int
run_all(struct xd_iperf3_host *h, struct xd_error *err)
{
	int rc = prepare(h, err);

	if (!rc && !h->opts->server)
		rc = xd_message_route_outside(&h->lanes, &h->e.station, &h->opts->peer,
			h->opts->timeout_s, &h->route, err);
	if (rc)
		return rc;
	h->tick.run = on_tick;
	arm(h);
	xd_tcp_endpoint_clock(&h->e, xd_tsc());
	if (h->opts->server)
		xd_iperf3_server_listen(h);
	else
		xd_iperf3_client_begin(h);
	rc = run_lane(h, h->gen, err);
	if (!rc && h->lane.cancelled)
		return interrupt(h, err);
	if (!rc && h->run.err.code) {
		rc = h->run.err.code;
		if (err)
			*err = h->run.err;
	}
	return rc;
}

int
xd_iperf3_run(struct xd_gen *gen, const struct xd_iperf3_opts *opts, struct xd_error *err)
{
	struct xd_iperf3_host *h;
	int rc = check(gen, opts, err);

	if (rc)
		return rc;
	h = calloc(1, sizeof(*h));
	if (!h)
		return xd_fail(err, -ENOMEM, "no memory for a host");
	h->gen = gen;
	h->opts = opts;
	h->lanes.gen = gen;
	h->port = gen->ports[0];
	h->slots = calloc(SESSIONS, sizeof(*h->slots));
	h->pattern = xd_message_pattern_create();
	rc = h->slots && h->pattern ? run_all(h, err)
				    : xd_fail(err, -ENOMEM, "no memory for connections");
	xd_gen_port_detach(h->port);
	xd_udp_host_fini(&h->udp);
	xd_tcp_endpoint_fini(&h->e);
	xd_message_lanes_fini(&h->lanes);
	xd_iperf3_control_fini(&h->control);
	free(h->pattern);
	free(h->slots);
	free(h);
	return rc;
}

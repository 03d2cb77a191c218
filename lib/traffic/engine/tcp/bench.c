/* SPDX-License-Identifier: BSD-3-Clause */
/* A row's hosts and connections, from nothing until they are closed. */
#include <errno.h>
#include <stdlib.h>

#include "traffic/engine/tcp/bench.h"

#define PORTS      4     /* listened on: more connections than a port's numbers are for */
#define SPARE      1024u /* connections beside those asked for, of a host that is connected to */
#define TIME_WAITS 65536u

/* ---- Hosts ---- */

uint32_t
xd_tcp_bench_sessions(const struct xd_tcp_bench *b, unsigned port)
{
	return b->hosts->streams + (xd_tcp_bench_opens(b, port) ? b->reopens : SPARE);
}

static int
prepare_port(struct xd_tcp_bench *b, unsigned i, struct xd_error *err)
{
	const struct xd_message_hosts *o = b->hosts;
	const unsigned number = xd_message_hosts_number(o, i);
	const bool full = o->touch == XD_TOUCH_FULL;
	struct xd_gen_port *port = b->gen->ports[i];
	struct xd_tcp_endpoint *e = &b->ends[i];
	char address[XD_MESSAGE_ADDRESS];
	struct xd_tcp_endpoint_opts opts = {
		.addresses = xd_message_address(o->addresses[number], o->v6, number, address),
		.number = number,
		.max_frame = port->max_frame,
		.segment = o->frame_bytes,
		.csum = port->offload.csum && port->headers,
		.tso = port->offload.tso && port->headers,
		.sessions = xd_tcp_bench_sessions(b, i),
		.time_waits = TIME_WAITS,
		.window = o->window,
		.nagle = o->nagle,
		.verify = o->verify,
		.write = full || o->verify,
		.app = b->apps[i],
		.over = xd_tcp_bench_opens(b, i) && !b->reopens ? &b->lanes.over : NULL,
		.first_port = o->port,
		.nb_ports = xd_tcp_bench_opens(b, i) ? 0 : PORTS,
		.impair = &o->impair[number],
		.pattern = b->pattern,
		.tsc_hz = b->gen->tsc_hz,
		.timers = xd_message_lanes_timers(&b->lanes, i),
		.tick_shift = XD_MESSAGE_TICK,
	};
	int rc = xd_tcp_endpoint_init(e, &opts, err);

	if (!rc)
		rc = xd_gen_port_attach(port, &e->source, &e->sink,
			full && !o->verify ? XD_TOUCH_FULL : XD_TOUCH_STAMP, err);
	return rc;
}

int
xd_tcp_bench_create(struct xd_tcp_bench *b, struct xd_error *err)
{
	struct xd_gen *gen = b->gen;
	int rc = 0;

	b->ends = calloc(gen->nb_ports, sizeof(*b->ends));
	if (!b->ends)
		return xd_fail(err, -ENOMEM, "no memory for hosts");
	b->lanes.gen = gen;
	b->lanes.link = b->hosts->link;
	rc = xd_message_lanes_init(&b->lanes, err);
	for (unsigned i = 0; i < gen->nb_ports && !rc; i++)
		rc = prepare_port(b, i, err);
	for (unsigned i = 0; i < gen->nb_ports && !rc; i++)
		xd_message_lanes_announce(&b->lanes, i, &b->ends[i].station);
	return rc;
}

void
xd_tcp_bench_destroy(struct xd_tcp_bench *b)
{
	for (unsigned i = 0; b->ends && i < b->gen->nb_ports; i++) {
		xd_gen_port_detach(b->gen->ports[i]);
		xd_tcp_endpoint_fini(&b->ends[i]);
	}
	free(b->ends);
	xd_message_lanes_fini(&b->lanes);
	b->ends = NULL;
}

/* ---- Connecting ---- */

int
xd_tcp_bench_route(struct xd_tcp_bench *b, unsigned port, struct xd_error *err)
{
	struct xd_respond_station *own = &b->ends[port].station;
	struct xd_ip_route route;
	int rc = xd_message_hosts_outside(b->hosts)
			 ? xd_message_route_outside(&b->lanes, own, &b->hosts->peers[port],
				   b->hosts->timeout_s, &route, err)
			 : xd_message_route(own, &b->ends[port + 1].station, &route, err);

	if (rc)
		return rc;
	rc = xd_tcp_endpoint_route(&b->ends[port], &route);
	return rc >= 0 ? rc : xd_fail(err, rc, "there are too many peers");
}

static int
open_all(struct xd_tcp_bench *b, unsigned port, uint16_t own_port, struct xd_error *err)
{
	const int route = xd_tcp_bench_route(b, port, err);
	int rc = route < 0 ? route : 0;

	for (unsigned i = 0; i < b->hosts->streams && !rc; i++)
		rc = xd_tcp_endpoint_open(&b->ends[port], (unsigned)route,
			(uint16_t)(XD_TCP_OWN_FIRST + (own_port + i) % XD_TCP_OWN_PORTS),
			(uint16_t)(b->hosts->port + i / XD_TCP_OWN_PORTS));
	return rc;
}

/* How many of the connections there are; failed: that were refused, or not answered. */
static unsigned
count_open(const struct xd_tcp_bench *b, uint64_t *failed)
{
	unsigned n = 0;

	*failed = 0;
	for (unsigned i = 0; i < b->gen->nb_ports; i++) {
		if (!xd_tcp_bench_opens(b, i))
			continue;
		n += b->ends[i].opened;
		*failed += b->ends[i].counts.failed;
	}
	return n;
}

static void
hold_all(struct xd_tcp_bench *b, bool held)
{
	for (unsigned i = 0; i < b->gen->nb_ports; i++)
		xd_tcp_endpoint_hold(&b->ends[i], held);
}

/* Until all are there, or for so long none was answered. */
static int
shake_hands(struct xd_tcp_bench *b, struct xd_error *err)
{
	const unsigned streams = xd_tcp_bench_streams(b);
	unsigned open = 0, before;
	uint64_t failed = 0;
	int rc = 0;

	for (double s = 0; !rc && open < streams; s += XD_MESSAGE_LOOK_S) {
		rc = xd_message_lanes_run(&b->lanes, XD_MESSAGE_LOOK_S, "connecting", err);
		before = open;
		open = count_open(b, &failed);
		if (open > before)
			s = 0;
		if (!rc && failed)
			rc = xd_fail(err, -ECONNREFUSED,
				"a connection to port %u was refused or reset", b->hosts->port);
		if (!rc && open < streams && s > b->hosts->timeout_s)
			rc = xd_fail(err, -ETIMEDOUT,
				"%u of %u connections were not answered within %g s",
				streams - open, streams, b->hosts->timeout_s);
	}
	return rc;
}

static int
connect_all(struct xd_tcp_bench *b, uint16_t own_port, struct xd_error *err)
{
	int rc = 0;

	if (!xd_tcp_bench_opens(b, 0)) /* nobody here does */
		return 0;
	for (unsigned i = 0; i < b->gen->nb_ports && !rc; i++)
		if (xd_tcp_bench_opens(b, i))
			rc = open_all(b, i, own_port, err);
	return rc ? rc : shake_hands(b, err);
}

/* What is written meanwhile would take the room in rings from the handshakes. */
int
xd_tcp_bench_connect(struct xd_tcp_bench *b, uint16_t own_port, struct xd_error *err)
{
	int rc;

	hold_all(b, true);
	rc = xd_message_meet(&b->lanes, XD_MESSAGE_READY, err);
	if (!rc)
		rc = connect_all(b, own_port, err);
	if (!rc)
		rc = xd_message_meet(&b->lanes, XD_MESSAGE_CONNECTED, err);
	hold_all(b, false);
	return rc;
}

int
xd_tcp_bench_say_lost(
	const struct xd_tcp_bench *b, unsigned lost, enum xd_tcp_end why, struct xd_error *err)
{
	return xd_fail(err, -ECONNRESET, "%u of %u connections to port %u ended early: %s", lost,
		xd_tcp_bench_streams(b), b->hosts->port,
		why == XD_TCP_END_NONE ? "closed by the peer" : xd_tcp_end_name(why));
}

int
xd_tcp_bench_lost(const struct xd_tcp_bench *b, struct xd_error *err)
{
	enum xd_tcp_end why = XD_TCP_END_NONE;
	unsigned lost = 0;

	for (unsigned i = 0; i < b->gen->nb_ports; i++) {
		if (!xd_tcp_bench_opens(b, i) || b->ends[i].opened == b->hosts->streams)
			continue;
		lost += b->hosts->streams - b->ends[i].opened;
		why = b->ends[i].why;
	}
	return lost ? xd_tcp_bench_say_lost(b, lost, why, err) : 0;
}

/* Those that cannot be closed as their peer does not answer any more. */
static unsigned
count_silent(const struct xd_tcp_bench *b)
{
	unsigned n = 0;

	for (unsigned i = 0; i < b->gen->nb_ports; i++)
		if (xd_tcp_bench_opens(b, i))
			n += xd_tcp_endpoint_silent(&b->ends[i]);
	return n;
}

static int
close_all(struct xd_tcp_bench *b, struct xd_error *err)
{
	uint32_t left = 1;
	unsigned silent;
	int rc = 0;

	for (unsigned i = 0; i < b->gen->nb_ports; i++) {
		xd_tcp_endpoint_stop(&b->ends[i], b->stream_bytes);
		if (b->reopens) /* they close by themselves, and no more are opened */
			continue;
		if (xd_tcp_bench_opens(b, i) || xd_message_hosts_alone(b->hosts, b->gen->nb_ports))
			xd_tcp_endpoint_close(&b->ends[i]);
	}
	for (double s = 0; left && s < b->hosts->timeout_s && !rc; s += XD_MESSAGE_LOOK_S) {
		rc = xd_message_lanes_run(&b->lanes, XD_MESSAGE_LOOK_S, "closing", err);
		left = 0;
		for (unsigned i = 0; i < b->gen->nb_ports; i++)
			left += b->ends[i].sessions.used;
	}
	if (rc || !left)
		return rc;
	silent = count_silent(b);
	for (unsigned i = 0; i < b->gen->nb_ports; i++)
		xd_tcp_endpoint_abort(&b->ends[i]);
	rc = xd_message_lanes_run(&b->lanes, XD_MESSAGE_LOOK_S, "closing", err);
	if (!rc && silent)
		rc = xd_fail(err, -ETIMEDOUT, "%u of %u connections: %s", silent,
			xd_tcp_bench_streams(b), xd_tcp_end_name(XD_TCP_END_TIMEOUT));
	return rc;
}

int
xd_tcp_bench_close(struct xd_tcp_bench *b, struct xd_error *err)
{
	int rc = xd_message_meet(&b->lanes, XD_MESSAGE_END, err);

	if (!rc)
		rc = close_all(b, err);
	return rc ? rc : xd_message_meet(&b->lanes, XD_MESSAGE_DONE, err);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* A row's hosts and connections, from nothing until they are closed. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "traffic/engine/tcp/bench.h"
#include "traffic/host/tsc.h"

#define TICK         14    /* a tick is 2^14 cycles: some 6 us */
#define LOOK_S       0.005 /* between looks at whether all is connected, or closed */
#define ASK_S        0.5   /* between questions for an address */
#define ANNOUNCE_S   2     /* between announcements: RFC 5227, section 1.1 */
#define PORTS        4     /* listened on: more connections than a port's numbers are for */
#define OWN_FIRST    1024u
#define OWN_PORTS    64000u
#define SPARE        1024u /* connections beside those asked for, of a host that is connected to */
#define ADDRESS_TEXT INET6_ADDRSTRLEN

/* ---- Hosts ---- */

int
xd_tcp_bench_check(const struct xd_gen *gen, const struct xd_tcp_hosts *hosts, const char *engine,
	struct xd_error *err)
{
	if (gen->nb_ports != 1 && gen->nb_ports % 2)
		return xd_fail(err, -EINVAL, "%s has one port, or pairs of them, not %u", engine,
			gen->nb_ports);
	if (hosts->has_peer && gen->nb_ports != 1)
		return xd_fail(err, -EINVAL,
			"--connect goes with one port: of two, the second is connected to");
	for (unsigned i = 0; i < gen->nb_ports; i++)
		if (gen->ports[i]->max_frame < hosts->frame_bytes)
			return xd_fail(err, -EINVAL,
				"%s: frames of %u bytes are too long for it: it carries %u",
				gen->ports[i]->name, hosts->frame_bytes, gen->ports[i]->max_frame);
	return 0;
}

uint32_t
xd_tcp_bench_sessions(const struct xd_tcp_bench *b, unsigned port)
{
	return b->hosts->streams + (xd_tcp_bench_opens(b, port) ? 0 : SPARE);
}

/* Of the ranges for benchmarking: RFC 2544, appendix C.2.2, and RFC 5180, section 8. */
static const char *
address_of(const struct xd_tcp_bench *b, unsigned port, char text[ADDRESS_TEXT])
{
	if (b->hosts->addresses[port])
		return b->hosts->addresses[port];
	snprintf(text, ADDRESS_TEXT, b->hosts->v6 ? "2001:2::%x" : "198.18.0.%u", port + 1);
	return text;
}

static int
prepare_port(struct xd_tcp_bench *b, unsigned i, struct xd_error *err)
{
	const struct xd_tcp_hosts *o = b->hosts;
	const bool full = o->touch == XD_TOUCH_FULL;
	struct xd_gen_port *port = b->gen->ports[i];
	struct xd_tcp_endpoint *e = &b->ends[i];
	char address[ADDRESS_TEXT];
	struct xd_tcp_endpoint_opts opts = {
		.addresses = address_of(b, i, address),
		.number = i,
		.max_frame = port->max_frame,
		.segment = o->frame_bytes,
		.csum = port->offload.csum && port->headers,
		.tso = port->offload.tso && port->headers,
		.sessions = xd_tcp_bench_sessions(b, i),
		.window = o->window,
		.nagle = o->nagle,
		.verify = o->verify,
		.write = full || o->verify,
		.app = b->apps[i],
		.first_port = o->port,
		.nb_ports = xd_tcp_bench_opens(b, i) ? 0 : PORTS,
		.impair = &o->impair[i],
		.pattern = b->pattern,
		.tsc_hz = b->gen->tsc_hz,
		.timers = &b->timers[i % b->gen->nb_cores],
		.tick_shift = TICK,
	};
	struct xd_list_stream_opts list = {.source = &e->source};
	struct xd_gen_load load = {
		.list = &list, .touch = full && !o->verify ? XD_TOUCH_FULL : XD_TOUCH_STAMP};
	struct xd_gen_expect expect = {.kind = XD_RECEIVE_SINK, .sink = &e->sink};
	int rc = xd_tcp_endpoint_init(e, &opts, err);

	if (!rc)
		rc = xd_gen_port_load(port, &load, err);
	if (!rc)
		xd_gen_port_expect(port, &expect);
	return rc;
}

static unsigned
nb_lanes(const struct xd_gen *gen)
{
	return gen->nb_cores < gen->nb_ports ? gen->nb_cores : gen->nb_ports;
}

int
xd_tcp_bench_create(struct xd_tcp_bench *b, struct xd_error *err)
{
	struct xd_gen *gen = b->gen;
	int rc = 0;

	b->ends = calloc(gen->nb_ports, sizeof(*b->ends));
	b->timers = calloc(gen->nb_cores, sizeof(*b->timers));
	if (!b->ends || !b->timers)
		return xd_fail(err, -ENOMEM, "no memory for hosts");
	for (unsigned i = 0; i < gen->nb_cores; i++)
		xd_timers_init(&b->timers[i], xd_tsc() >> TICK, &b->timers[i]);
	for (unsigned i = 0; i < gen->nb_ports && !rc; i++)
		rc = prepare_port(b, i, err);
	for (unsigned i = 0; i < gen->nb_ports && !rc; i++)
		xd_respond_station_announce(&b->ends[i].station, b->ends[i].opts.timers,
			(uint64_t)(ANNOUNCE_S * gen->tsc_hz) >> TICK);
	return rc;
}

void
xd_tcp_bench_destroy(struct xd_tcp_bench *b)
{
	for (unsigned i = 0; b->ends && i < b->gen->nb_ports; i++) {
		xd_gen_port_load(b->gen->ports[i], &(struct xd_gen_load){0}, NULL);
		xd_gen_port_expect(b->gen->ports[i], &(struct xd_gen_expect){0});
		xd_tcp_endpoint_fini(&b->ends[i]);
	}
	free(b->ends);
	free(b->timers);
	b->ends = NULL;
	b->timers = NULL;
}

/* ---- Running ---- */

static void
lay_lanes(struct xd_tcp_bench *b, double seconds, const char *what, struct xd_lane *lanes)
{
	struct xd_gen *gen = b->gen;

	for (unsigned i = 0; i < nb_lanes(gen); i++) {
		lanes[i] = (struct xd_lane){
			.gen = gen,
			.core = gen->cores[i],
			.cycles = (uint64_t)(seconds * gen->tsc_hz),
			.timers = &b->timers[i],
			.tick_shift = TICK,
		};
	}
	lanes[0].what = what;
	for (unsigned i = 0; i < gen->nb_ports; i++) {
		struct xd_lane *lane = &lanes[i % nb_lanes(gen)];

		lane->ports[lane->nb_ports++] = gen->ports[i];
		lane->senders[lane->nb_senders++].port = gen->ports[i];
	}
}

int
xd_tcp_bench_run(struct xd_tcp_bench *b, double seconds, const char *what, struct xd_error *err)
{
	struct xd_lane *lanes = calloc(nb_lanes(b->gen), sizeof(*lanes));
	int rc;

	if (!lanes)
		return xd_fail(err, -ENOMEM, "no memory for threads");
	lay_lanes(b, seconds, what, lanes);
	rc = xd_lanes_run(lanes, nb_lanes(b->gen), err);
	b->ran_s = (double)lanes[0].elapsed_cycles / b->gen->tsc_hz;
	for (unsigned i = 0; i < nb_lanes(b->gen) && !rc; i++)
		if (lanes[i].cancelled)
			rc = xd_fail(err, -EINTR, "interrupted");
	free(lanes);
	return rc;
}

/* ---- Connecting ---- */

/* Learns the peer's MAC address. */
static int
find_peer(struct xd_tcp_bench *b, struct xd_error *err)
{
	struct xd_tcp_endpoint *e = &b->ends[0];
	char text[ADDRESS_TEXT];
	int rc = 0;

	for (double s = 0; !e->found && s < b->hosts->timeout_s && !rc; s += LOOK_S) {
		if ((unsigned)(s / ASK_S) != (unsigned)((s - LOOK_S) / ASK_S) || s <= 0)
			xd_tcp_endpoint_ask(e, &b->hosts->peer);
		rc = xd_tcp_bench_run(b, LOOK_S, "resolving", err);
	}
	if (rc || e->found)
		return rc;
	inet_ntop(
		b->hosts->peer.v6 ? AF_INET6 : AF_INET, b->hosts->peer.address, text, sizeof(text));
	return xd_fail(err, -EHOSTUNREACH, "nobody on the port's link has %s", text);
}

/* From the host behind a port to whom it connects. */
static int
route_of(struct xd_tcp_bench *b, unsigned port, struct xd_tcp_route *route, struct xd_error *err)
{
	const struct xd_tcp_endpoint *e = &b->ends[port];
	int rc = b->hosts->has_peer ? find_peer(b, err) : 0;

	if (rc)
		return rc;
	*route = (struct xd_tcp_route){
		.v6 = b->hosts->has_peer ? b->hosts->peer.v6 : e->station.host.nb_v4 == 0};
	memcpy(route->mac_from, e->station.host.mac, 6);
	if (b->hosts->has_peer) {
		memcpy(route->mac_to, e->wanted_mac, 6);
		memcpy(route->to, b->hosts->peer.address, XD_TCP_ADDRESS);
	} else {
		memcpy(route->mac_to, b->ends[port + 1].station.host.mac, 6);
	}
	if (!xd_tcp_endpoint_address(e, route->v6, route->from) ||
		(!b->hosts->has_peer &&
			!xd_tcp_endpoint_address(&b->ends[port + 1], route->v6, route->to)))
		return xd_fail(err, -EINVAL, "ports %u and %u have no addresses of one kind", port,
			port + 1);
	return 0;
}

static int
open_all(struct xd_tcp_bench *b, unsigned port, uint16_t own_port, struct xd_error *err)
{
	struct xd_tcp_route route;
	int rc = route_of(b, port, &route, err);

	for (unsigned i = 0; i < b->hosts->streams && !rc; i++)
		rc = xd_tcp_endpoint_open(&b->ends[port], &route,
			(uint16_t)(OWN_FIRST + (own_port + i) % OWN_PORTS),
			(uint16_t)(b->hosts->port + i / OWN_PORTS));
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
		n += xd_tcp_endpoint_open_sessions(&b->ends[i]);
		*failed += b->ends[i].counts.failed;
	}
	return n;
}

int
xd_tcp_bench_connect(struct xd_tcp_bench *b, uint16_t own_port, struct xd_error *err)
{
	const unsigned streams = xd_tcp_bench_streams(b);
	unsigned open = 0;
	uint64_t failed = 0;
	int rc = 0;

	if (b->gen->nb_ports == 1 && !b->hosts->has_peer)
		return 0;
	for (unsigned i = 0; i < b->gen->nb_ports && !rc; i++)
		if (xd_tcp_bench_opens(b, i))
			rc = open_all(b, i, own_port, err);
	for (double s = 0; !rc && open < streams; s += LOOK_S) {
		rc = xd_tcp_bench_run(b, LOOK_S, "connecting", err);
		open = count_open(b, &failed);
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

int
xd_tcp_bench_close(struct xd_tcp_bench *b, struct xd_error *err)
{
	uint32_t left = 1;
	int rc = 0;

	for (unsigned i = 0; i < b->gen->nb_ports; i++) {
		b->ends[i].stopped = true;
		if (xd_tcp_bench_opens(b, i) || b->gen->nb_ports == 1)
			xd_tcp_endpoint_close(&b->ends[i]);
	}
	for (double s = 0; left && s < b->hosts->timeout_s && !rc; s += LOOK_S) {
		rc = xd_tcp_bench_run(b, LOOK_S, "closing", err);
		left = 0;
		for (unsigned i = 0; i < b->gen->nb_ports; i++)
			left += xd_tcp_endpoint_closing(&b->ends[i]);
	}
	for (unsigned i = 0; left && i < b->gen->nb_ports; i++)
		xd_tcp_endpoint_abort(&b->ends[i]);
	if (!rc && left)
		rc = xd_tcp_bench_run(b, LOOK_S, "closing", err);
	return rc;
}

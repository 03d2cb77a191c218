/* SPDX-License-Identifier: BSD-3-Clause */
/* A row's hosts and streams, from nothing until all has come. */
#include <errno.h>
#include <stdlib.h>

#include "traffic/engine/udp/bench.h"

#define OWN_FIRST 1024u
#define OWN_PORTS 64000u
#define SPARE     1024u /* streams beside those asked for, of a host that listens */
#define SETTLE_S  1     /* at most, until all that is on its way has come */

/* ---- Hosts ---- */

enum xd_udp_role
xd_udp_bench_role(const struct xd_udp_bench *b, unsigned port)
{
	const enum xd_message_way way = b->opts->message.way;
	const bool opens = xd_message_hosts_opens(&b->opts->hosts, b->gen->nb_ports, port);

	if (b->test == XD_MESSAGE_LATENCY)
		return opens ? XD_UDP_ASKS : XD_UDP_ANSWERS;
	if (way == XD_MESSAGE_BOTH || (way == XD_MESSAGE_FORWARD) == opens)
		return XD_UDP_SENDS;
	return XD_UDP_TAKES;
}

/* The kind of addresses that the host behind a port talks by. */
static bool
is_v6(const struct xd_udp_bench *b, unsigned port)
{
	if (xd_message_hosts_outside(&b->opts->hosts))
		return b->opts->hosts.peers[port].v6;
	return b->ends[0].host.station.host.nb_v4 == 0;
}

static int
prepare_talk(struct xd_udp_bench *b, unsigned i, struct xd_error *err)
{
	const struct xd_message_opts *m = &b->opts->message;
	const bool alone = xd_message_hosts_alone(&b->opts->hosts, b->gen->nb_ports);
	struct xd_udp_end *e = &b->ends[i];
	struct xd_udp_talk_opts opts = {
		.role = xd_udp_bench_role(b, i),
		.message_bytes = b->message_bytes,
		.longest = xd_udp_max(is_v6(b, i)),
		.verify = m->verify,
		.streams = m->streams + (alone ? SPARE : 0),
		.listens = alone && !b->opts->hosts.has_peer,
		.port = b->opts->hosts.port,
		.wait_s = b->opts->wait_s,
		.pattern = b->pattern,
		.tsc_hz = b->gen->tsc_hz,
		.timers = xd_message_lanes_timers(&b->lanes, i),
		.tick_shift = XD_MESSAGE_TICK,
		.host = &e->host,
	};
	int rc = xd_udp_talk_init(&e->talk, &opts, err);

	e->host.opts.app = e->talk.app;
	return rc;
}

static int
prepare_port(struct xd_udp_bench *b, unsigned i, struct xd_error *err)
{
	const struct xd_udp_host *h = &b->ends[i].host;
	int rc = prepare_talk(b, i, err);

	if (!rc)
		rc = xd_gen_port_attach(b->gen->ports[i], &h->source, &h->sink,
			b->opts->message.verify ? XD_TOUCH_STAMP : XD_TOUCH_FULL, err);
	return rc;
}

int
xd_udp_bench_create(struct xd_udp_bench *b, struct xd_error *err)
{
	const unsigned n = b->gen->nb_ports;
	int rc;

	b->ends = calloc(n, sizeof(*b->ends));
	if (!b->ends)
		return xd_fail(err, -ENOMEM, "no memory for hosts");
	b->lanes.gen = b->gen;
	b->lanes.link = b->opts->hosts.link;
	rc = xd_message_lanes_init(&b->lanes, err);
	for (unsigned i = 0; i < n && !rc; i++)
		rc = xd_udp_host_init_behind(&b->ends[i].host, b->gen, i, &b->opts->hosts, err);
	for (unsigned i = 0; i < n && !rc; i++)
		rc = prepare_port(b, i, err);
	for (unsigned i = 0; i < n && !rc; i++)
		xd_message_lanes_announce(&b->lanes, i, &b->ends[i].host.station);
	return rc;
}

void
xd_udp_bench_destroy(struct xd_udp_bench *b)
{
	for (unsigned i = 0; b->ends && i < b->gen->nb_ports; i++) {
		xd_gen_port_detach(b->gen->ports[i]);
		xd_udp_talk_fini(&b->ends[i].talk);
		xd_udp_host_fini(&b->ends[i].host);
	}
	free(b->ends);
	xd_message_lanes_fini(&b->lanes);
	b->ends = NULL;
}

/* ---- Streams ---- */

static uint16_t
own_port(const struct xd_udp_bench *b, unsigned stream)
{
	return (uint16_t)(OWN_FIRST + (b->own_port + stream) % OWN_PORTS);
}

static int
open_pair(struct xd_udp_bench *b, unsigned port, struct xd_error *err)
{
	struct xd_udp_end *a = &b->ends[port], *z = &b->ends[port + 1];
	struct xd_ip_route there, back;
	int rc = xd_message_route(&a->host.station, &z->host.station, &there, err);

	if (rc)
		return rc;
	back = xd_ip_way_back(&there, z->host.station.host.mac);
	for (unsigned i = 0; i < b->opts->message.streams && !rc; i++) {
		rc = xd_udp_talk_open(&a->talk, &there, own_port(b, i), b->opts->hosts.port);
		if (!rc)
			rc = xd_udp_talk_open(&z->talk, &back, b->opts->hosts.port, own_port(b, i));
	}
	return rc;
}

static int
open_outside(struct xd_udp_bench *b, unsigned port, struct xd_error *err)
{
	const struct xd_message_hosts *hosts = &b->opts->hosts;
	const bool opens = xd_message_hosts_opens(hosts, b->gen->nb_ports, port);
	struct xd_udp_end *e = &b->ends[port];
	struct xd_ip_route there;
	int rc = xd_message_route_outside(
		&b->lanes, &e->host.station, &hosts->peers[port], hosts->timeout_s, &there, err);

	for (unsigned i = 0; i < b->opts->message.streams && !rc; i++)
		rc = xd_udp_talk_open(&e->talk, &there, opens ? own_port(b, i) : hosts->port,
			opens ? hosts->port : own_port(b, i));
	return rc;
}

static void
stop_all(struct xd_udp_bench *b, bool stop)
{
	for (unsigned i = 0; i < b->gen->nb_ports; i++)
		xd_udp_talk_stop(&b->ends[i].talk, stop);
}

/* Nobody sends before both are there. */
static int
open_linked(struct xd_udp_bench *b, struct xd_error *err)
{
	int rc;

	stop_all(b, true);
	rc = xd_message_meet(&b->lanes, XD_MESSAGE_READY, err);
	for (unsigned i = 0; i < b->gen->nb_ports && !rc; i++)
		rc = open_outside(b, i, err);
	if (!rc)
		rc = xd_message_meet(&b->lanes, XD_MESSAGE_CONNECTED, err);
	stop_all(b, false);
	return rc;
}

int
xd_udp_bench_connect(struct xd_udp_bench *b, struct xd_error *err)
{
	int rc = 0;

	if (b->opts->hosts.link)
		return open_linked(b, err);
	if (b->gen->nb_ports == 1)
		return b->opts->hosts.has_peer ? open_outside(b, 0, err) : 0;
	for (unsigned i = 0; i < b->gen->nb_ports && !rc; i += 2)
		rc = open_pair(b, i, err);
	return rc;
}

/* ---- The end of it ---- */

/* Frames that came, and what waits to be sent, or for the switch to take it: what changes while
 * there is something on its way. */
static uint64_t
look(const struct xd_udp_bench *b, bool *sending)
{
	uint64_t n = 0;

	*sending = false;
	for (unsigned i = 0; i < b->gen->nb_ports; i++) {
		n += b->ends[i].host.counts.received + b->ends[i].host.counts.fragments_came;
		*sending |= xd_udp_host_is_sending(&b->ends[i].host) ||
			    xd_gen_port_outstanding(b->gen->ports[i]) > 0;
	}
	return n;
}

static int
wait_until_quiet(struct xd_udp_bench *b, struct xd_error *err)
{
	unsigned quiet = 0;
	uint64_t before, after;
	bool sending;
	int rc = 0;

	before = look(b, &sending);
	for (double s = 0; quiet < 2 && s < SETTLE_S && !rc; s += XD_MESSAGE_LOOK_S) {
		rc = xd_message_lanes_run(&b->lanes, XD_MESSAGE_LOOK_S, "settling", err);
		after = look(b, &sending);
		quiet = sending || after != before ? 0 : quiet + 1;
		before = after;
	}
	return rc;
}

int
xd_udp_bench_settle(struct xd_udp_bench *b, enum xd_message_point point, struct xd_error *err)
{
	int rc;

	stop_all(b, true);
	rc = wait_until_quiet(b, err);
	if (!rc && b->lanes.link)
		rc = xd_message_meet(&b->lanes, point, err);
	if (!rc && b->lanes.link) /* what the other end sent last is still to come */
		rc = wait_until_quiet(b, err);
	stop_all(b, false);
	return rc;
}

/* ---- What is measured ---- */

struct xd_udp_talk_counts
xd_udp_bench_counts(const struct xd_udp_bench *b)
{
	const bool alone = xd_message_hosts_alone(&b->opts->hosts, b->gen->nb_ports);
	struct xd_udp_talk_counts sum = {0};

	for (unsigned i = 0; i < b->gen->nb_ports; i++) {
		const struct xd_udp_talk_counts *c = &b->ends[i].talk.counts;
		const enum xd_udp_role role = xd_udp_bench_role(b, i);

		sum.sent += role == XD_UDP_ANSWERS && !alone ? 0 : c->sent;
		sum.received += role == XD_UDP_ANSWERS && !alone ? 0 : c->received;
		sum.lost += c->lost;
		sum.late += c->late;
		sum.reordered += c->reordered;
		sum.duplicated += c->duplicated;
		sum.wrong_bytes += c->wrong_bytes;
		sum.strange += c->strange;
	}
	return sum;
}

int
xd_udp_bench_begin(struct xd_udp_bench *b, struct xd_error *err)
{
	int rc;

	for (unsigned i = 0; i < b->gen->nb_ports; i++) {
		b->ends[i].host.counts = (struct xd_udp_counts){0};
		xd_udp_talk_reset(&b->ends[i].talk);
	}
	stop_all(b, true);
	rc = xd_message_meet(&b->lanes, XD_MESSAGE_ZEROED, err);
	stop_all(b, false);
	if (!rc)
		rc = xd_message_meet(&b->lanes, XD_MESSAGE_BEGIN, err);
	/* No frame comes in between: counts and times are of the same messages. */
	b->begun = xd_udp_bench_counts(b);
	for (unsigned i = 0; i < b->gen->nb_ports; i++)
		xd_udp_talk_begin(&b->ends[i].talk);
	return rc;
}

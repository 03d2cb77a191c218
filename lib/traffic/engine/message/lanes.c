/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts' lanes, and the way from one host to the next. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "traffic/engine/message/lanes.h"
#include "traffic/host/tsc.h"
#include "traffic/trial/lane.h"

#define ASK_S      0.5  /* between questions for an address */
#define ANNOUNCE_S 2    /* between announcements: RFC 5227, section 1.1 */
#define IDLE       0.05 /* share of its time that a core waits at least when it is not the limit */
#define BUSY       0.95 /* of a worker's time: it has none left */

static unsigned
nb_lanes(const struct xd_gen *gen)
{
	return gen->nb_cores < gen->nb_ports ? gen->nb_cores : gen->nb_ports;
}

int
xd_message_lanes_init(struct xd_message_lanes *l, struct xd_error *err)
{
	l->timers = calloc(nb_lanes(l->gen), sizeof(*l->timers));
	if (!l->timers)
		return xd_fail(err, -ENOMEM, "no memory for timers");
	for (unsigned i = 0; i < nb_lanes(l->gen); i++)
		xd_timers_init(&l->timers[i], xd_tsc() >> XD_MESSAGE_TICK, &l->timers[i]);
	return 0;
}

void
xd_message_lanes_fini(struct xd_message_lanes *l)
{
	free(l->timers);
	l->timers = NULL;
}

struct xd_timers *
xd_message_lanes_timers(const struct xd_message_lanes *l, unsigned port)
{
	return &l->timers[port % nb_lanes(l->gen)];
}

void
xd_message_lanes_announce(
	struct xd_message_lanes *l, unsigned port, struct xd_respond_station *station)
{
	xd_respond_station_announce(station, xd_message_lanes_timers(l, port),
		(uint64_t)(ANNOUNCE_S * l->gen->tsc_hz) >> XD_MESSAGE_TICK);
}

static void
lay(struct xd_message_lanes *l, double seconds, const char *what, struct xd_lane *lanes)
{
	struct xd_gen *gen = l->gen;

	for (unsigned i = 0; i < nb_lanes(gen); i++) {
		lanes[i] = (struct xd_lane){
			.gen = gen,
			.core = gen->cores[i],
			.cycles = (uint64_t)(seconds * gen->tsc_hz),
			.timers = &l->timers[i],
			.tick_shift = XD_MESSAGE_TICK,
			.over = &l->over,
		};
	}
	lanes[0].what = what;
	for (unsigned i = 0; i < gen->nb_ports; i++) {
		struct xd_lane *lane = &lanes[i % nb_lanes(gen)];

		lane->ports[lane->nb_ports++] = gen->ports[i];
		lane->senders[lane->nb_senders++].port = gen->ports[i];
	}
}

static double
waiting_share(const struct xd_lane *lanes, unsigned n)
{
	double least = 1;

	for (unsigned i = 0; i < n; i++) {
		const double all = (double)lanes[i].elapsed_cycles;
		const double share = all > 0 ? (double)lanes[i].waiting_cycles / all : 1;

		least = share < least ? share : least;
	}
	return least;
}

int
xd_message_lanes_run(
	struct xd_message_lanes *l, double seconds, const char *what, struct xd_error *err)
{
	const unsigned n = nb_lanes(l->gen);
	struct xd_lane *lanes = calloc(n, sizeof(*lanes));
	int rc;

	if (!lanes)
		return xd_fail(err, -ENOMEM, "no memory for threads");
	if (l->link)
		l->link->look(l->link->ctx);
	lay(l, seconds, what, lanes);
	rc = xd_lanes_run(lanes, n, err);
	l->ran_s = (double)lanes[0].elapsed_cycles / l->gen->tsc_hz;
	l->waiting_share = waiting_share(lanes, n);
	for (unsigned i = 0; i < n && !rc; i++)
		if (lanes[i].cancelled)
			rc = xd_fail(err, -EINTR, "interrupted");
	free(lanes);
	return rc;
}

void
xd_message_lanes_limit(const struct xd_message_lanes *l, struct xd_row *row)
{
	row->rate.waiting_share = l->waiting_share;
	if (l->waiting_share < IDLE)
		row->rate.bottleneck = XD_BOTTLENECK_GENERATOR;
	else if (row->dut.known && row->dut.busy_share >= BUSY)
		row->rate.bottleneck = XD_BOTTLENECK_SWITCH_CORE;
	else
		row->rate.bottleneck = XD_BOTTLENECK_RING_EMPTY;
}

/* ---- From host to host ---- */

/* Of the ranges for benchmarking: RFC 2544, appendix C.2.2, and RFC 5180, section 8. */
const char *
xd_message_address(const char *given, bool v6, unsigned port, char *text)
{
	if (given)
		return given;
	snprintf(text, XD_MESSAGE_ADDRESS, v6 ? "2001:2::%x" : "198.18.0.%u", port + 1);
	return text;
}

int
xd_message_route(const struct xd_respond_station *from, const struct xd_respond_station *to,
	struct xd_ip_route *route, struct xd_error *err)
{
	*route = (struct xd_ip_route){.v6 = from->host.nb_v4 == 0};
	memcpy(route->mac_from, from->host.mac, 6);
	memcpy(route->mac_to, to->host.mac, 6);
	if (!xd_respond_host_first(&from->host, route->v6, route->from) ||
		!xd_respond_host_first(&to->host, route->v6, route->to))
		return xd_fail(err, -EINVAL, "ports %u and %u have no addresses of one kind",
			from->host.mac[2], to->host.mac[2]);
	return 0;
}

int
xd_message_route_outside(struct xd_message_lanes *l, struct xd_respond_station *from,
	const struct xd_respond_target *to, double timeout_s, struct xd_ip_route *route,
	struct xd_error *err)
{
	char text[INET6_ADDRSTRLEN];
	double asked = -ASK_S;
	int rc = 0;

	*route = (struct xd_ip_route){.v6 = to->v6};
	memcpy(route->mac_from, from->host.mac, 6);
	memcpy(route->to, to->address, XD_IP_ADDRESS);
	inet_ntop(to->v6 ? AF_INET6 : AF_INET, to->address, text, sizeof(text));
	if (!xd_respond_host_first(&from->host, route->v6, route->from))
		return xd_fail(err, -EINVAL,
			"there is no IPv%d address to reach %s from: give one with --address",
			route->v6 ? 6 : 4, text);
	for (double s = 0; !from->found && s < timeout_s && !rc; s += XD_MESSAGE_LOOK_S) {
		if (s - asked >= ASK_S) {
			xd_respond_station_ask(from, to);
			asked = s;
		}
		rc = xd_message_lanes_run(l, XD_MESSAGE_LOOK_S, "resolving", err);
	}
	memcpy(route->mac_to, from->wanted_mac, 6);
	if (rc || from->found)
		return rc;
	return xd_fail(err, -EHOSTUNREACH, "nobody on the port's link has %s", text);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts that ask and answer in datagrams, and their lanes. */
#include <errno.h>
#include <stdlib.h>

#include "traffic/engine/rr/udp.h"

static bool
opens(const struct xd_rr_udp *u, unsigned port)
{
	return xd_message_hosts_opens(u->hosts, u->gen->nb_ports, port);
}

static int
prepare_port(struct xd_rr_udp *u, unsigned i, struct xd_error *err)
{
	const struct xd_message_hosts *o = u->hosts;
	struct xd_gen_port *port = u->gen->ports[i];
	struct xd_rr_udp_end *e = &u->ends[i];
	int rc = xd_udp_host_init_behind(&e->host, u->gen, i, o, err);

	if (!rc && opens(u, i))
		rc = xd_rr_asks_init(&e->asks, &u->datagrams, o->streams, u->outstanding, u->wait_s,
			u->gen->tsc_hz, err);
	else if (!rc)
		xd_rr_answers_init(&e->answers, &u->datagrams, &e->host, o->port);
	e->host.opts.app = opens(u, i) ? e->asks.app : e->answers.app;
	if (!rc)
		rc = xd_gen_port_attach(port, &e->host.source, &e->host.sink,
			o->touch == XD_TOUCH_FULL && !o->verify ? XD_TOUCH_FULL : XD_TOUCH_STAMP,
			err);
	return rc;
}

int
xd_rr_udp_create(struct xd_rr_udp *u, struct xd_error *err)
{
	const unsigned n = u->gen->nb_ports;
	int rc;

	u->ends = calloc(n, sizeof(*u->ends));
	if (!u->ends)
		return xd_fail(err, -ENOMEM, "no memory for hosts");
	u->lanes.gen = u->gen;
	u->lanes.link = u->hosts->link;
	rc = xd_message_lanes_init(&u->lanes, err);
	for (unsigned i = 0; i < n && !rc; i++)
		rc = prepare_port(u, i, err);
	for (unsigned i = 0; i < n && !rc; i++)
		xd_message_lanes_announce(&u->lanes, i, &u->ends[i].host.station);
	return rc;
}

void
xd_rr_udp_destroy(struct xd_rr_udp *u)
{
	for (unsigned i = 0; u->ends && i < u->gen->nb_ports; i++) {
		xd_gen_port_detach(u->gen->ports[i]);
		xd_rr_asks_fini(&u->ends[i].asks);
		xd_udp_host_fini(&u->ends[i].host);
	}
	free(u->ends);
	xd_message_lanes_fini(&u->lanes);
	u->ends = NULL;
}

int
xd_rr_udp_begin(struct xd_rr_udp *u, uint16_t first_port, struct xd_error *err)
{
	struct xd_ip_route route;
	int rc = xd_message_meet(&u->lanes, XD_MESSAGE_READY, err);

	for (unsigned i = 0; i < u->gen->nb_ports && !rc; i++) {
		struct xd_respond_station *own = &u->ends[i].host.station;

		if (!opens(u, i))
			continue;
		rc = xd_message_hosts_outside(u->hosts)
			     ? xd_message_route_outside(&u->lanes, own, &u->hosts->peers[i],
				       u->hosts->timeout_s, &route, err)
			     : xd_message_route(own, &u->ends[i + 1].host.station, &route, err);
		if (!rc)
			xd_rr_asks_begin(&u->ends[i].asks, &route, first_port, u->hosts->port);
	}
	return rc;
}

int
xd_rr_udp_end(struct xd_rr_udp *u, struct xd_error *err)
{
	bool waiting = true;
	int rc = xd_message_meet(&u->lanes, XD_MESSAGE_END, err);

	for (unsigned i = 0; i < u->gen->nb_ports; i++)
		u->ends[i].asks.stopped = true;
	for (double s = 0; waiting && s < u->wait_s && !rc; s += XD_MESSAGE_LOOK_S) {
		rc = xd_message_lanes_run(&u->lanes, XD_MESSAGE_LOOK_S, "waiting", err);
		waiting = false;
		for (unsigned i = 0; i < u->gen->nb_ports; i++)
			waiting |= opens(u, i) && u->ends[i].asks.oldest != UINT32_MAX;
	}
	return rc ? rc : xd_message_meet(&u->lanes, XD_MESSAGE_DONE, err);
}

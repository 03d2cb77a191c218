/* SPDX-License-Identifier: BSD-3-Clause */
/* What ports counted: a DPDK device does so itself, of others the forwarding did. */
#include <stdlib.h>

#include <rte_ethdev.h>

#include "traffic/engine/session/ports_parts.h"

#define XSTATS_MAX 1024

static void
add_counts(struct xd_session_stats *stats, const struct xd_forward_plan *plan, unsigned path,
	unsigned number, const struct xd_forward_counts *c)
{
	if (plan->paths[path].rx_number == number) {
		stats->rx_frames += c->rx_frames;
		stats->rx_bytes += c->rx_bytes;
	}
	if (plan->paths[path].tx_number == number) {
		stats->tx_frames += c->tx_frames;
		stats->tx_bytes += c->tx_bytes;
	}
}

void
xd_ports_add_forwarded(struct xd_session_ports *p, unsigned number, struct xd_session_stats *stats)
{
	struct xd_forward_counts c;

	for (unsigned i = 0; i < p->plan.nb_paths; i++) {
		xd_forward_counts(p->forward, i, &c);
		add_counts(stats, &p->plan, i, number, &c);
	}
}

static void
device_stats(uint16_t id, struct xd_session_stats *stats)
{
	struct rte_eth_stats s = {0};

	rte_eth_stats_get(id, &s);
	*stats = (struct xd_session_stats){
		.rx_frames = s.ipackets,
		.rx_bytes = s.ibytes,
		.rx_missed = s.imissed,
		.rx_errors = s.ierrors,
		.rx_nombuf = s.rx_nombuf,
		.tx_frames = s.opackets,
		.tx_bytes = s.obytes,
		.tx_errors = s.oerrors,
	};
}

/* All there is, since the port was opened. */
static void
all_stats(struct xd_session_ports *p, unsigned number, struct xd_session_stats *stats)
{
	struct xd_open_port *port = p->ports[number];

	if (port->forward.port->is_ethdev) {
		device_stats(port->forward.port->ethdev, stats);
		return;
	}
	*stats = port->before;
	if (p->running)
		xd_ports_add_forwarded(p, number, stats);
}

void
xd_ports_stats(void *ctx, unsigned number, struct xd_session_stats *stats)
{
	struct xd_session_ports *p = ctx;
	const uint64_t *base;
	uint64_t *to = (uint64_t *)stats;

	*stats = (struct xd_session_stats){.rx_frames = 0};
	if (!p->ports[number])
		return;
	all_stats(p, number, stats);
	base = (const uint64_t *)&p->ports[number]->base;
	for (unsigned i = 0; i < sizeof(*stats) / sizeof(*to); i++)
		to[i] = to[i] > base[i] ? to[i] - base[i] : 0;
}

void
xd_ports_clear(void *ctx, unsigned number)
{
	struct xd_session_ports *p = ctx;
	struct xd_open_port *port = p->ports[number];

	if (port->forward.port->is_ethdev) {
		rte_eth_stats_reset(port->forward.port->ethdev);
		rte_eth_xstats_reset(port->forward.port->ethdev);
	}
	all_stats(p, number, &port->base);
}

static void
device_xstats(uint16_t id, xd_session_each each, void *arg)
{
	struct rte_eth_xstat_name *names = calloc(XSTATS_MAX, sizeof(*names));
	struct rte_eth_xstat *values = calloc(XSTATS_MAX, sizeof(*values));
	int n = 0;

	if (names && values && rte_eth_xstats_get_names(id, names, XSTATS_MAX) > 0)
		n = rte_eth_xstats_get(id, values, XSTATS_MAX);
	for (int i = 0; i < n && n <= XSTATS_MAX; i++)
		if (values[i].id < XSTATS_MAX)
			each(arg, names[values[i].id].name, values[i].value);
	free(names);
	free(values);
}

void
xd_ports_xstats(void *ctx, unsigned number, xd_session_each each, void *arg)
{
	struct xd_session_ports *p = ctx;
	struct xd_session_stats s;

	if (p->ports[number]->forward.port->is_ethdev) {
		device_xstats(p->ports[number]->forward.port->ethdev, each, arg);
		return;
	}
	xd_ports_stats(p, number, &s);
	each(arg, "rx_good_packets", s.rx_frames);
	each(arg, "tx_good_packets", s.tx_frames);
	each(arg, "rx_good_bytes", s.rx_bytes);
	each(arg, "tx_good_bytes", s.tx_bytes);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* dpif/ and dpctl/: bridges and ports as Open vSwitch's userspace datapath shows its own. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "unixctl/commands.h"

#define DATAPATH "netdev@ovs-netdev"

static uint64_t
drops_of(const struct xd_port_info *port, bool rx)
{
	uint64_t sum = 0;

	for (unsigned q = 0; q < port->nb_queues && q < XD_PORT_QUEUES; q++) {
		for (unsigned i = 0; i < XD_DROP_REASONS; i++)
			sum += xd_drop_is_rx(i) == rx ? port->drops[q].n[i] : 0;
	}
	return sum;
}

static uint64_t
received(const struct xd_port_info *ports, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += ports[i].counters.rx_frames;
	return sum;
}

static void
print_type(FILE *out, const struct xd_port_info *port)
{
	if (strcmp(port->config.type, "vhost-user"))
		fprintf(out, "(%s)\n", xd_unixctl_port_type(port));
	else
		fprintf(out,
			"(%s: configured_rx_queues=%u, configured_tx_queues=%u, "
			"requested_rx_queues=%u, requested_tx_queues=%u)\n",
			xd_unixctl_port_type(port), port->nb_queues, port->nb_queues,
			port->nb_queues, port->nb_queues);
}

static void
print_bridge(struct xd_unixctl_call *call, const char *bridge, const struct xd_port_info *ports,
	unsigned n)
{
	FILE *out = call->out;

	fprintf(out, "  %s:\n", bridge);
	for (unsigned i = 0; i < n; i++) {
		if (strcmp(ports[i].config.bridge, bridge))
			continue;
		fprintf(out, "    %s %u/%u: ", ports[i].config.name,
			xd_unixctl_port_number(call, &ports[i]), ports[i].index + 1u);
		print_type(out, &ports[i]);
	}
}

bool
xd_unixctl_dpif_show(struct xd_unixctl_call *call)
{
	const struct xd_config *config = xd_unixctl_config(call);
	struct xd_port_info *ports;
	unsigned n = 0;

	ports = xd_unixctl_ports(call, &n);
	if (!ports)
		return false;
	fprintf(call->out, DATAPATH ": hit:%" PRIu64 " missed:0\n", received(ports, n));
	for (unsigned i = 0; i < xd_config_nb_bridges(config); i++)
		print_bridge(call, xd_config_bridges(config)[i].name, ports, n);
	free(ports);
	return true;
}

/* Each bridge, with something before its name. */
static bool
print_bridges(struct xd_unixctl_call *call, const char *before)
{
	const struct xd_config *config = xd_unixctl_config(call);

	for (unsigned i = 0; i < xd_config_nb_bridges(config); i++)
		fprintf(call->out, "%s%s\n", before, xd_config_bridges(config)[i].name);
	return true;
}

bool
xd_unixctl_dpif_dump_dps(struct xd_unixctl_call *call)
{
	return print_bridges(call, "netdev@");
}

bool
xd_unixctl_ofproto_list(struct xd_unixctl_call *call)
{
	return print_bridges(call, "");
}

bool
xd_unixctl_dpctl_dump_dps(struct xd_unixctl_call *call)
{
	fprintf(call->out, DATAPATH "\n");
	return true;
}

/* As Open vSwitch does it: from 1 KiB on. Returns text. */
static const char *
human(uint64_t bytes, char text[24])
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	double size = bytes / 1024.0;
	unsigned unit = 0;

	while (size >= 1024 && unit < 3) {
		size /= 1024;
		unit++;
	}
	if (bytes < 1024)
		text[0] = 0;
	else
		snprintf(text, 24, " (%.1f %s)", size, units[unit]);
	return text;
}

static void
print_counters(FILE *out, const struct xd_port_info *port)
{
	const struct xd_counters *c = &port->counters;
	char rx[24], tx[24];

	fprintf(out,
		"    RX packets:%" PRIu64 " errors:0 dropped:%" PRIu64 " overruns:0 frame:0\n"
		"    TX packets:%" PRIu64 " errors:0 dropped:%" PRIu64 " aborted:0 carrier:0\n"
		"    collisions:0\n"
		"    RX bytes:%" PRIu64 "%s  TX bytes:%" PRIu64 "%s\n",
		c->rx_frames, drops_of(port, true), c->tx_frames, drops_of(port, false),
		c->rx_bytes, human(c->rx_bytes, rx), c->tx_bytes, human(c->tx_bytes, tx));
}

bool
xd_unixctl_dpctl_show(struct xd_unixctl_call *call)
{
	bool statistics = false;
	struct xd_port_info *ports;
	unsigned n = 0;

	for (unsigned i = 0; i < call->nb_args; i++) {
		if (!strcmp(call->args[i], "-s"))
			statistics = true;
		else if (!strstr(DATAPATH, call->args[i]))
			return xd_unixctl_refuse(
				call, "%.60s: there is only %s", call->args[i], DATAPATH);
	}
	ports = xd_unixctl_ports(call, &n);
	if (!ports)
		return false;
	fprintf(call->out, DATAPATH ":\n  lookups: hit:%" PRIu64 " missed:0 lost:0\n  flows: 0\n",
		received(ports, n));
	for (unsigned i = 0; i < n; i++) {
		fprintf(call->out, "  port %u: %s ", ports[i].index + 1u, ports[i].config.name);
		print_type(call->out, &ports[i]);
		if (statistics)
			print_counters(call->out, &ports[i]);
	}
	free(ports);
	return true;
}

bool
xd_unixctl_mempool(struct xd_unixctl_call *call)
{
	struct xd_memory_info *info = calloc(1, sizeof(*info));

	if (!info)
		return xd_unixctl_refuse(call, "no memory");
	xd_switch_memory(call->sw, info);
	for (unsigned i = 0; i < info->nb_pools && i < XD_MEMORY_POOLS; i++) {
		const struct xd_memory_pool *pool = &info->pools[i];

		if (call->nb_args && strcmp(call->args[0], pool->name))
			continue;
		fprintf(call->out,
			"mempool <%s>@%d\n  size=%u\n  avail_count=%u\n  in_use=%u\n  "
			"bytes=%" PRIu64 "\n",
			pool->name, pool->node, pool->buffers, pool->buffers - pool->in_use,
			pool->in_use, pool->bytes);
	}
	free(info);
	return true;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* `statistics` of Interfaces: of those whose counters have moved. */
#include <string.h>

#include "ovsdb/rows.h"
#include "ovsdb/value.h"

/* Drops of a port, in the words of ovs-vswitchd.conf.db(5). */
struct drops {
	uint64_t rx, rx_errors, tx, tx_mtu, tx_failure;
};

static struct drops
sum_drops(const struct xd_port_info *info)
{
	struct drops sum = {0};

	for (unsigned q = 0; q < info->nb_queues && q < XD_PORT_QUEUES; q++) {
		const uint64_t *n = info->drops[q].n;

		for (unsigned r = 0; r < XD_DROP_REASONS; r++)
			*(xd_drop_is_rx(r) ? &sum.rx : &sum.tx) += n[r];
		sum.rx_errors += n[XD_DROP_RUNT] + n[XD_DROP_TOO_LONG] + n[XD_DROP_BAD_OFFLOAD];
		sum.tx_mtu += n[XD_DROP_OVER_MTU];
		sum.tx_failure += n[XD_DROP_RING_FULL] + n[XD_DROP_WAITED];
	}
	return sum;
}

/* What is written of a port, in this order; the last two of vhost-user ports alone. */
static const char *const names[] = {"rx_packets", "tx_packets", "rx_bytes", "tx_bytes",
	"rx_dropped", "tx_dropped", "rx_errors", "tx_errors", "ovs_tx_failure_drops",
	"ovs_tx_mtu_exceeded_drops"};

#define NB_NAMES       (sizeof(names) / sizeof(*names))
#define NB_VHOST_NAMES 2

static json_t *
make_map(size_t n)
{
	json_t *map = xd_ovsdb_make_map();

	for (size_t i = 0; i < n; i++)
		xd_ovsdb_map_add(map, names[i], json_integer(0));
	return map;
}

/* The port's map, made once: with a thousand ports, making its parts anew would be most of the
 * work. */
static json_t *
fill_map(struct xd_ovsdb_port *port, const struct xd_port_info *info, const struct drops *drops)
{
	const struct xd_counters *c = &info->counters;
	const uint64_t values[NB_NAMES] = {c->rx_frames, c->tx_frames, c->rx_bytes, c->tx_bytes,
		drops->rx, drops->tx, drops->rx_errors, 0, drops->tx_failure, drops->tx_mtu};
	const size_t n =
		!strcmp(info->config.type, "vhost-user") ? NB_NAMES : NB_NAMES - NB_VHOST_NAMES;

	if (port->statistics && xd_ovsdb_map_size(port->statistics) != n) {
		json_decref(port->statistics);
		port->statistics = NULL;
	}
	if (!port->statistics)
		port->statistics = make_map(n);
	for (size_t i = 0; i < n; i++) {
		json_t *pair = json_array_get(json_array_get(port->statistics, 1), i);

		/* The database's integers end where int64_t does. */
		json_integer_set(json_array_get(pair, 1), (json_int_t)(values[i] & INT64_MAX));
	}
	return port->statistics;
}

static void
write_port(struct xd_ovsdb_port *port, const struct xd_port_info *info, json_t *operations)
{
	const struct xd_counters *c = &info->counters;
	const uint64_t counted[4] = {c->rx_frames, c->tx_frames, c->rx_bytes, c->tx_bytes};
	const struct drops drops = sum_drops(info);
	json_t *row;

	if (port->has_statistics && !memcmp(counted, port->counted, sizeof(counted)) &&
		drops.rx == port->dropped[0] && drops.tx == port->dropped[1])
		return;
	memcpy(port->counted, counted, sizeof(counted));
	port->dropped[0] = drops.rx;
	port->dropped[1] = drops.tx;
	port->has_statistics = true;
	json_object_del(port->of.written, "statistics");
	row = json_object();
	json_object_set(row, "statistics", fill_map(port, info, &drops));
	xd_ovsdb_update(&port->of, row, operations);
}

void
xd_ovsdb_write_statistics(struct xd_ovsdb *o, json_t *operations, bool all)
{
	struct xd_ovsdb_port *port;

	TAILQ_FOREACH(port, &o->ports, link)
	{
		if ((all || !port->has_statistics) && !port->is_bond && port->index < o->nb_infos &&
			!strcmp(o->infos[port->index].config.name, port->config.name))
			write_port(port, &o->infos[port->index], operations);
	}
}

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

static void
add(json_t *map, const char *key, uint64_t value)
{
	/* The database's integers end where int64_t does. */
	xd_ovsdb_map_add(map, key, json_integer((json_int_t)(value & INT64_MAX)));
}

static json_t *
make(const struct xd_port_info *info, const struct drops *drops)
{
	json_t *map = xd_ovsdb_make_map();

	add(map, "rx_packets", info->counters.rx_frames);
	add(map, "tx_packets", info->counters.tx_frames);
	add(map, "rx_bytes", info->counters.rx_bytes);
	add(map, "tx_bytes", info->counters.tx_bytes);
	add(map, "rx_dropped", drops->rx);
	add(map, "tx_dropped", drops->tx);
	add(map, "rx_errors", drops->rx_errors);
	add(map, "tx_errors", 0);
	if (!strcmp(info->config.type, "vhost-user")) {
		add(map, "ovs_tx_failure_drops", drops->tx_failure);
		add(map, "ovs_tx_mtu_exceeded_drops", drops->tx_mtu);
	}
	return map;
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
	json_object_set_new(row, "statistics", make(info, &drops));
	xd_ovsdb_update(&port->of, row, operations);
}

void
xd_ovsdb_write_statistics(struct xd_ovsdb *o, json_t *operations)
{
	struct xd_ovsdb_port *port;

	TAILQ_FOREACH(port, &o->ports, link)
	{
		if (!port->is_bond && port->index < o->nb_infos &&
			!strcmp(o->infos[port->index].config.name, port->config.name))
			write_port(port, &o->infos[port->index], operations);
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a Bridge, Port or Interface says and nothing here does: each such column and key is answered
 * with the reason. Columns that others translate are not in these tables; keys of maps that they
 * do are, without a reason. Meanings: ovs-vswitchd.conf.db(5).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/one_line.h"
#include "ovsdb/rows.h"
#include "ovsdb/value.h"

static const char no_openflow[] =
	"there is no OpenFlow: the bridge switches by addresses, as standalone";
static const char no_export[] = "flows are not exported";
static const char no_faults[] = "there is no monitoring of links but their carrier and LACP";
static const char no_spanning_tree[] = "there is no spanning tree: loops are not found";
static const char no_snooping[] = "there is no multicast snooping: groups are flooded";
static const char no_flows[] = "has no meaning here: there are no flows to cache";

/* Columns that are monitored only for this (tables.c). */
static const struct column {
	const char *table, *column, *why;
} columns[] = {
	{"Bridge", "auto_attach", "there is no Auto Attach"},
	{"Bridge", "controller", no_openflow},
	{"Bridge", "flood_vlans", "addresses are learned in all VLANs"},
	{"Bridge", "flow_tables", no_openflow},
	{"Bridge", "ipfix", no_export},
	{"Bridge", "netflow", no_export},
	{"Bridge", "sflow", no_export},
	{"Port", "bond_downdelay", "a link that goes down is left at once"},
	{"Port", "bond_fake_iface", "a bond has no interface of its own"},
	{"Port", "bond_updelay", "a link that comes up is taken at once"},
	{"Port", "fake_bridge", "the bridge is one of its own only to ovs-vsctl"},
	{"Port", "mac", "a bond has its members' addresses"},
	{"Port", "protected", "ports are not kept from each other"},
	{"Interface", "bfd", no_faults},
	{"Interface", "cfm_mpid", no_faults},
	{"Interface", "lldp", "there is no LLDP"},
	{0},
};

/* Keys of maps. Of "other_config" of Open_vSwitch: settings.c. */
static const struct key {
	const char *table, *column, *key, *why;
} keys[] = {
	{"Bridge", "other_config", "controller-queue-size", no_openflow},
	{"Bridge", "other_config", "datapath-id", NULL},
	{"Bridge", "other_config", "disable-in-band", no_openflow},
	{"Bridge", "other_config", "dp-desc", no_openflow},
	{"Bridge", "other_config", "dp-sn", no_openflow},
	{"Bridge", "other_config", "hwaddr", NULL},
	{"Bridge", "other_config", "in-band-queue", no_openflow},
	{"Bridge", "other_config", "mac-aging-time", NULL},
	{"Bridge", "other_config", "mac-table-size", NULL},
	{"Bridge", "other_config", "mcast-snooping-aging-time", no_snooping},
	{"Bridge", "other_config", "mcast-snooping-disable-flood-unregistered", no_snooping},
	{"Bridge", "other_config", "mcast-snooping-table-size", no_snooping},
	{"Bridge", "other_config", "rstp-priority", no_spanning_tree},
	{"Bridge", "other_config", "stp-priority", no_spanning_tree},
	{"Port", "other_config", "bond-detect-mode", "a link's carrier is told of at once"},
	{"Port", "other_config", "bond-hash-basis", "flows are spread evenly, and stay"},
	{"Port", "other_config", "bond-miimon-interval", "a link's carrier is told of at once"},
	{"Port", "other_config", "bond-primary", NULL},
	{"Port", "other_config", "bond-rebalance-interval", "flows are spread evenly, and stay"},
	{"Port", "other_config", "lacp-fallback-ab", NULL},
	{"Port", "other_config", "lacp-system-id", NULL},
	{"Port", "other_config", "lacp-system-priority", NULL},
	{"Port", "other_config", "lacp-time", NULL},
	{"Port", "other_config", "lb-output-action", no_flows},
	{"Port", "other_config", "mcast-snooping-flood", no_snooping},
	{"Port", "other_config", "mcast-snooping-flood-reports", no_snooping},
	{"Port", "other_config", "net_uuid", NULL}, /* neutron's notes, these and tag */
	{"Port", "other_config", "network_type", NULL},
	{"Port", "other_config", "physical_network", NULL},
	{"Port", "other_config", "segmentation_id", NULL},
	{"Port", "other_config", "tag", NULL},
	{"Port", "other_config", "transient", NULL},
	{"Interface", "options", "dpdk-devargs", NULL},
	{"Interface", "options", "dpdk-vf-mac", "addresses of virtual functions are not set"},
	{"Interface", "options", "flow-ctrl-autoneg", "flow control is set, not negotiated"},
	{"Interface", "options", "rx-steering", "queues are chosen by RSS (rss of a dpdk port)"},
	{"Interface", "options", "dpdk-lsc-interrupt",
		"has no meaning here: links are told of where the card does"},
	{"Interface", "options", "n_rxq", NULL},
	{"Interface", "options", "n_rxq_desc", NULL},
	{"Interface", "options", "n_txq", NULL},
	{"Interface", "options", "n_txq_desc", NULL},
	{"Interface", "options", "peer", NULL},
	{"Interface", "options", "rx-flow-ctrl", NULL},
	{"Interface", "options", "tx-flow-ctrl", NULL},
	{"Interface", "options", "tx-retries-max",
		"what a full guest is given is a port's full and wait_us "
		"(other_config:crossdock-full, crossdock-wait_us)"},
	{"Interface", "options", "use-need-wakeup", NULL},
	{"Interface", "options", "vhost-server-path", NULL},
	{"Interface", "options", "xdp-mode", NULL},
	{"Interface", "other_config", "emc-enable", no_flows},
	{"Interface", "other_config", "lacp-aggregation-key",
		"a bond has one key (other_config:crossdock-lacp_key of its Port)"},
	{"Interface", "other_config", "lacp-port-id", "members are numbered in their order"},
	{"Interface", "other_config", "lacp-port-priority", "all members have 32768"},
	{"Interface", "other_config", "pmd-rxq-affinity", NULL},
	{"Interface", "other_config", "tx-steering",
		"has no meaning here: a flow's frames leave by one queue"},
};

#define NB_KEYS (sizeof(keys) / sizeof(*keys))

static void
say(struct xd_ovsdb *o, const char *table, const char *name, const char *what, const char *why)
{
	char line[400];

	snprintf(line, sizeof(line), "%s %.60s: %.160s: %s", table, name, what, why);
	xd_one_line(line);
	xd_log(o->opts.log, XD_LOG_CONTROL, XD_LOG_INFO, "database: %s", line);
}

/* Whether a column has another value than the empty set, false, 0 or "". */
static bool
is_set(const json_t *value)
{
	const json_t *first = xd_ovsdb_map_size(value) ? value : xd_ovsdb_set_get(value, 0);

	return first && !json_is_false(first) &&
	       !(json_is_integer(first) && json_integer_value(first) == 0) &&
	       !(json_is_string(first) && !json_string_value(first)[0]);
}

/* The column, with its value where that is one word. */
static void
describe(const char *column, const json_t *value, char *text, size_t size)
{
	const json_t *atom = xd_ovsdb_set_size(value) == 1 ? xd_ovsdb_set_get(value, 0) : NULL;
	char *word = json_is_string(atom) || json_is_number(atom) || json_is_boolean(atom)
			     ? json_dumps(atom, JSON_ENCODE_ANY)
			     : NULL;

	snprintf(text, size, "%s%s%.80s", column, word ? "=" : "", word ? word : "");
	free(word);
}

static void
answer_columns(struct xd_ovsdb *o, const struct xd_ovsdb_row_change *change, const char *name)
{
	for (const struct column *c = columns; c->table; c++) {
		const json_t *value = json_object_get(change->to, c->column);
		char text[160];

		if (strcmp(c->table, change->table) || !is_set(value) ||
			json_equal(json_object_get(change->from, c->column), value))
			continue;
		describe(c->column, value, text, sizeof(text));
		say(o, change->called, name, text, c->why);
	}
}

static const char *
why_not(const char *table, const char *column, const char *key)
{
	const char *found = !strncmp(key, XD_OVSDB_KEY_PREFIX, strlen(XD_OVSDB_KEY_PREFIX))
				    ? NULL
				    : "is not known here";

	for (size_t i = 0; i < NB_KEYS; i++) {
		if (!strcmp(keys[i].table, table) && !strcmp(keys[i].column, column) &&
			!strcmp(keys[i].key, key))
			return keys[i].why;
	}
	return found;
}

static void
answer_map(struct xd_ovsdb *o, const struct xd_ovsdb_row_change *change, const char *column,
	const char *name)
{
	const json_t *map = json_object_get(change->to, column);
	const json_t *old = json_object_get(change->from, column);
	const char *key, *value, *before;
	char text[160];

	for (size_t i = 0; i < xd_ovsdb_map_size(map); i++) {
		const char *why;

		if (!xd_ovsdb_map_get(map, i, &key, &value))
			continue;
		why = why_not(change->table, column, key);
		before = xd_ovsdb_map_find(old, key);
		if (!why || (before && !strcmp(before, value)))
			continue;
		snprintf(text, sizeof(text), "%s:%.60s=%.60s", column, key, value);
		say(o, change->called, name, text, why);
	}
}

/* Whether it is of a type that is there: options of others are beside the point. */
static bool
is_there(const json_t *row)
{
	const char *type = xd_ovsdb_string(json_object_get(row, "type"));
	const char *const *known = xd_ovsdb_types;

	while (*known && strcmp(*known, type && type[0] ? type : "system"))
		known++;
	return *known != NULL;
}

void
xd_ovsdb_answers(struct xd_ovsdb *o, const struct xd_ovsdb_row_change *change)
{
	const char *name = xd_ovsdb_string(json_object_get(change->to, "name"));

	if (!name || change->from == change->to)
		return;
	answer_columns(o, change, name);
	answer_map(o, change, "other_config", name);
	if (is_there(change->to))
		answer_map(o, change, "options", name);
}

/* A Port of several Interfaces is the bond's row; else it is its only Interface's too. */
void
xd_ovsdb_port_answers(struct xd_ovsdb *o, const struct xd_ovsdb_port *port, const json_t *row,
	const json_t *port_row)
{
	const struct xd_ovsdb_row_change of = {
		port->of.table, port->is_bond ? "bond" : "interface", port->of.row, row};
	const struct xd_ovsdb_row_change of_port = {"Port", "port", port->port_row, port_row};

	xd_ovsdb_answers(o, &of);
	if (xd_ovsdb_set_size(json_object_get(port_row, "interfaces")) == 1)
		xd_ovsdb_answers(o, &of_port);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What is written of ports, bridges and the whole: columns whose value is another than the one that
 * was written last. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_version.h>

#include "base/number.h"
#include "ovsdb/facts.h"
#include "ovsdb/rows.h"
#include "ovsdb/value.h"

/* ---- Rows that are written ---- */

void
xd_ovsdb_put(struct xd_ovsdb_row *of, json_t *row, const char *column, json_t *value)
{
	const json_t *before = json_object_get(of->written, column);

	if (!before || !json_equal(before, value)) {
		json_object_set(of->written, column, value);
		json_object_set(row, column, value);
	}
	json_decref(value);
}

void
xd_ovsdb_update(const struct xd_ovsdb_row *of, json_t *row, json_t *operations)
{
	if (json_object_size(row) == 0) {
		json_decref(row);
		return;
	}
	json_array_append_new(operations,
		json_pack("{s:s, s:s, s:[[s, s, o]], s:o}", "op", "update", "table", of->table,
			"where", "_uuid", "==", xd_ovsdb_make_uuid(of->uuid), "row", row));
}

/* ---- `status`, by type ---- */

static void
add(json_t *map, const char *key, const char *value)
{
	json_t *text = json_string(value);

	if (text)
		xd_ovsdb_map_add(map, key, text);
}

static void
add_number(json_t *map, const char *key, json_int_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, number);
	add(map, key, text);
}

static void
add_vhost(json_t *map, const struct xd_ovsdb_port *port, const struct xd_ovsdb_facts *facts)
{
	char path[XD_KEY_CHARS], key[32];
	const struct xd_key *keys = xd_noun_key(&xd_port_noun, &port->config, "mode");

	xd_key_print(keys, &port->config, path);
	add(map, "mode", path);
	xd_key_print(xd_noun_key(&xd_port_noun, &port->config, "path"), &port->config, path);
	add(map, "socket", path);
	add(map, "status", facts->connected ? "connected" : "disconnected");
	if (!facts->connected)
		return;
	add(map, "features", facts->features);
	add_number(map, "mtu", port->config.mtu);
	if (facts->node >= 0)
		add_number(map, "numa", facts->node);
	add_number(map, "num_of_vrings", facts->nb_rings);
	for (unsigned i = 0; i < facts->nb_rings; i++) {
		snprintf(key, sizeof(key), "vring_%u_size", i);
		add_number(map, key, facts->ring_size[i]);
	}
}

static bool
is_patch(const struct xd_ovsdb_port *port)
{
	return !strcmp(port->config.type, "patch");
}

static json_t *
make_status(const struct xd_ovsdb_port *port, const struct xd_ovsdb_facts *facts)
{
	json_t *map = xd_ovsdb_make_map();

	if (!strcmp(port->config.type, "vhost-user"))
		add_vhost(map, port, facts);
	else if (!is_patch(port))
		add(map, "driver_name", facts->driver[0] ? facts->driver : port->config.type);
	if (facts->node >= 0 && !strcmp(port->config.type, "dpdk"))
		add_number(map, "numa_id", facts->node);
	return map;
}

/* ---- Interfaces ---- */

static json_t *
optional(json_int_t number, bool is)
{
	return is ? json_integer(number) : xd_ovsdb_make_empty();
}

/* What was cut in the middle of a character is no text in JSON: without others than ASCII's then.
 */
static json_t *
text_or_empty(const char *text)
{
	json_t *value = text[0] ? json_string(text) : NULL;
	char ascii[XD_OVSDB_ERROR];

	if (text[0] && !value) {
		snprintf(ascii, sizeof(ascii), "%s", text);
		for (char *c = ascii; *c; c++)
			*c = (unsigned char)*c < 0x80 ? *c : '?';
		value = json_string(ascii);
	}
	return value ? value : xd_ovsdb_make_empty();
}

static void
put_facts(struct xd_ovsdb_port *port, json_t *row, const struct xd_ovsdb_facts *facts, bool up)
{
	struct xd_ovsdb_row *of = &port->of;
	bool vhost = !strcmp(port->config.type, "vhost-user");

	xd_ovsdb_put(of, row, "link_state", json_string(up ? "up" : "down"));
	/* Whether a guest or a cable is there is the link's; a port itself is always to carry. */
	xd_ovsdb_put(of, row, "admin_state",
		json_string(up || vhost || is_patch(port) || facts->driver[0] ? "up" : "down"));
	xd_ovsdb_put(
		of, row, "mac_in_use", text_or_empty(vhost ? "00:00:00:00:00:00" : facts->mac));
	xd_ovsdb_put(of, row, "mtu",
		optional(facts->mtu ? facts->mtu : port->config.mtu, !is_patch(port)));
	xd_ovsdb_put(of, row, "ifindex", json_integer(facts->index));
	xd_ovsdb_put(of, row, "link_speed", optional(facts->speed_bit_s, facts->speed_bit_s > 0));
	xd_ovsdb_put(of, row, "duplex",
		text_or_empty(facts->full_duplex   ? "full"
			      : facts->half_duplex ? "half"
						   : ""));
	xd_ovsdb_put(of, row, "status", make_status(port, facts));
}

/* A port that there is not. */
static void
put_nothing(struct xd_ovsdb_port *port, json_t *row)
{
	static const char *const columns[] = {"link_state", "admin_state", "mac_in_use", "mtu",
		"ifindex", "link_speed", "duplex", "lacp_current"};

	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		xd_ovsdb_put(&port->of, row, columns[i], xd_ovsdb_make_empty());
	xd_ovsdb_put(&port->of, row, "status", xd_ovsdb_make_map());
	xd_ovsdb_put(&port->of, row, "statistics", xd_ovsdb_make_map());
	port->has_statistics = false;
}

static const struct xd_port_info *
find_info(const struct xd_ovsdb *o, const struct xd_ovsdb_port *port)
{
	const struct xd_port_info *info = port->index < o->nb_infos ? &o->infos[port->index] : NULL;

	return info && !strcmp(info->config.name, port->config.name) ? info : NULL;
}

/* What is wrong with a port that is there, or with one that is not. */
static const char *
error_of(const struct xd_ovsdb_port *port, const struct xd_ovsdb_facts *facts)
{
	const struct xd_ovsdb_port *bond = port->bond;

	if (port->error[0])
		return port->error;
	if (port->remark[0])
		return port->remark;
	return bond && bond->remark[0] ? bond->remark : facts->down_because;
}

static void
write_interface(struct xd_ovsdb *o, struct xd_ovsdb_port *port, json_t *operations)
{
	const struct xd_port_info *info = find_info(o, port);
	struct xd_ovsdb_facts facts = {0};
	int current = xd_ovsdb_bond_current(o, port);
	bool up = info && info->up;
	json_t *row;

	if (!port->stale && up == port->was_up && port->ofport == port->was_ofport &&
		current == port->was_current)
		return;
	port->stale = false;
	port->was_up = up;
	port->was_ofport = port->ofport;
	port->was_current = current;
	row = json_object();
	xd_ovsdb_put(&port->of, row, "ofport", json_integer(info ? port->ofport : XD_OVSDB_FAILED));
	if (info) {
		xd_ovsdb_facts_read(o->opts.control->sw, port->config.name, &facts);
		put_facts(port, row, &facts, info->up);
		xd_ovsdb_put(&port->of, row, "lacp_current",
			current < 0 ? xd_ovsdb_make_empty() : json_boolean(current));
	} else {
		put_nothing(port, row);
	}
	xd_ovsdb_put(&port->of, row, "error", text_or_empty(error_of(port, &facts)));
	xd_ovsdb_update(&port->of, row, operations);
}

/* ---- Bridges and the whole ---- */

/* Its OpenFlow datapath's ID: that which is asked for, or the address. */
static void
datapath_id(const struct xd_ovsdb_bridge *bridge, char text[17])
{
	const char *id =
		xd_ovsdb_map_find(json_object_get(bridge->of.row, "other_config"), "datapath-id");
	const uint8_t *mac = bridge->mac;

	if (id && id[0] == '0' && id[1] == 'x')
		id += 2;
	if (id && strlen(id) <= 16 && id[0] && strspn(id, "0123456789abcdefABCDEF") == strlen(id)) {
		snprintf(text, 17, "%016llx", strtoull(id, NULL, 16));
		return;
	}
	snprintf(text, 17, "0000%02x%02x%02x%02x%02x%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		mac[5]);
}

static void
write_bridge(struct xd_ovsdb_bridge *bridge, json_t *operations)
{
	json_t *row = json_object();
	char id[17];

	datapath_id(bridge, id);
	xd_ovsdb_put(&bridge->of, row, "datapath_id", json_string(id));
	xd_ovsdb_put(&bridge->of, row, "datapath_version", json_string("crossdock"));
	xd_ovsdb_update(&bridge->of, row, operations);
}

/* Room for n entries in a list of *max, whose entries are lost when it moves. NULL: no memory. */
static void *
room(void *list, unsigned *max, unsigned n, size_t size)
{
	if (n <= *max)
		return list;
	free(list);
	*max = 0;
	/* Counters are cache lines wide, and so is what holds them. */
	if (posix_memalign(&list, _Alignof(struct xd_port_info), n * size))
		return NULL;
	*max = n;
	return list;
}

void
xd_ovsdb_look(struct xd_ovsdb *o)
{
	struct xd_switch *sw = o->opts.control->sw;
	unsigned n = xd_switch_ports(sw, NULL, 0), bonds = xd_switch_bonds(sw, NULL, 0);

	o->infos = room(o->infos, &o->max_infos, n, sizeof(*o->infos));
	if (n)
		n = xd_switch_ports(sw, o->infos, o->max_infos);
	o->nb_infos = n < o->max_infos ? n : o->max_infos;
	o->bonds = room(o->bonds, &o->max_bonds, bonds, sizeof(*o->bonds));
	if (bonds)
		bonds = xd_switch_bonds(sw, o->bonds, o->max_bonds);
	o->nb_bonds = bonds < o->max_bonds ? bonds : o->max_bonds;
}

void
xd_ovsdb_write_ports(struct xd_ovsdb *o, json_t *operations)
{
	struct xd_ovsdb_bridge *bridge;
	struct xd_ovsdb_port *port;

	TAILQ_FOREACH(bridge, &o->bridges, link)
	write_bridge(bridge, operations);
	TAILQ_FOREACH(port, &o->ports, link)
	{
		if (port->is_bond)
			xd_ovsdb_write_bond(o, port, operations);
		else
			write_interface(o, port, operations);
	}
}

static json_t *
make_set(const char *const *words)
{
	json_t *list = json_array();

	for (; *words; words++)
		json_array_append_new(list, json_string(*words));
	return json_pack("[s, o]", "set", list);
}

void
xd_ovsdb_write_root(struct xd_ovsdb *o, json_t *operations)
{
	const struct xd_ovsdb_replica *rows = o->rows;
	const struct {
		const char *column;
		json_t *value;
	} columns[] = {
		{"cur_cfg", json_integer(o->next_cfg)},
		{"datapath_types", make_set((const char *const[]){"netdev", "system", NULL})},
		{"iface_types", make_set(xd_ovsdb_types)},
		{"dpdk_initialized", json_true()},
		{"dpdk_version", json_string(rte_version())},
	};
	json_t *row = json_object();

	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++) {
		if (xd_ovsdb_replica_has(rows, "Open_vSwitch", columns[i].column))
			xd_ovsdb_put(&o->root, row, columns[i].column, columns[i].value);
		else
			json_decref(columns[i].value);
	}
	xd_ovsdb_update(&o->root, row, operations);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Bridges and ports, as the database's rows are now: rows.h. */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/one_line.h"
#include "ovsdb/rows.h"
#include "ovsdb/value.h"

/* ---- Rows ---- */

/* Borrowed rows are kept as references; only what holds them may change them, and nothing does. */
static void
hold(const json_t **kept, const json_t *row)
{
	json_incref((json_t *)(uintptr_t)row);
	json_decref((json_t *)(uintptr_t)*kept);
	*kept = row;
}

static void
begin_row(struct xd_ovsdb_row *of, const char *table, const char *uuid)
{
	of->table = table;
	snprintf(of->uuid, sizeof(of->uuid), "%s", uuid);
	of->written = json_object();
}

static void
end_row(struct xd_ovsdb_row *of)
{
	hold(&of->row, NULL);
	json_decref(of->written);
	of->written = NULL;
}

static const char *
name_of(const json_t *row)
{
	const char *name = xd_ovsdb_string(json_object_get(row, "name"));

	return name ? name : "";
}

/* ---- Ports ---- */

static int
compare(const void *a, const void *b)
{
	const struct xd_ovsdb_port *one = a, *other = b;

	return strcmp(one->of.uuid, other->of.uuid);
}

static struct xd_ovsdb_port *
find_port(struct xd_ovsdb *o, const char *table, const char *uuid)
{
	struct xd_ovsdb_port *port = calloc(1, sizeof(*port)), **found;

	if (!port)
		return NULL;
	begin_row(&port->of, table, uuid);
	found = tsearch(port, &o->by_uuid, compare);
	if (found && *found == port) {
		port->index = XD_OVSDB_NO_PORT;
		TAILQ_INSERT_TAIL(&o->ports, port, link);
		return port;
	}
	end_row(&port->of);
	free(port);
	return found ? *found : NULL;
}

static void
free_port(struct xd_ovsdb *o, struct xd_ovsdb_port *port)
{
	tdelete(port, &o->by_uuid, compare);
	TAILQ_REMOVE(&o->ports, port, link);
	hold(&port->port_row, NULL);
	json_decref(port->statistics);
	end_row(&port->of);
	free(port);
}

void
xd_ovsdb_port_fail(struct xd_ovsdb *o, struct xd_ovsdb_port *port, const char *text)
{
	port->stale = true;
	snprintf(port->error, sizeof(port->error), "%s", text);
	xd_one_line(port->error);
	if (strcmp(port->told, port->error))
		xd_log(o->opts.log, XD_LOG_CONTROL, XD_LOG_WARN, "%s %.60s is left out: %s",
			port->is_bond ? "bond" : "interface", name_of(port->of.row), port->error);
	strcpy(port->told, port->error);
}

/* Whether the port is to be made from its rows again: they are others, or were wrong, for a reason
 * that may have gone by itself, such as a directory that was missing. */
static bool
is_new(struct xd_ovsdb *o, struct xd_ovsdb_port *port, struct xd_ovsdb_bridge *bridge,
	const json_t *row, const json_t *port_row)
{
	bool same = port->of.row == row && port->port_row == port_row && port->bridge == bridge &&
		    port->bridge_version == bridge->version && !port->fails;

	xd_ovsdb_port_answers(o, port, row, port_row);
	hold(&port->of.row, row);
	hold(&port->port_row, port_row);
	port->bridge = bridge;
	port->bridge_version = bridge->version;
	return !same;
}

static void
end_translation(struct xd_ovsdb *o, struct xd_ovsdb_port *port, int ret, const struct xd_error *err)
{
	port->stale = true;
	port->fails = ret < 0 || port->bridge->error[0];
	o->nb_failing += port->fails;
	if (port->bridge->error[0])
		xd_ovsdb_port_fail(o, port, port->bridge->error);
	else if (ret < 0)
		xd_ovsdb_port_fail(o, port, err->text);
}

/* NULL: there is no such row, or it was there before. */
static struct xd_ovsdb_port *
take_interface(struct xd_ovsdb *o, struct xd_ovsdb_bridge *bridge, const json_t *port_row,
	const char *uuid, bool member)
{
	const json_t *row = xd_ovsdb_replica_row(o->rows, "Interface", uuid);
	struct xd_ovsdb_port *port = row ? find_port(o, "Interface", uuid) : NULL;
	struct xd_ovsdb_place place = {
		.bridge = bridge->of.row,
		.bridge_uuid = bridge->of.uuid,
		.port = port_row,
		.vhost_dir = o->vhost_dir,
		.member = member,
	};
	struct xd_error err;
	int ret;

	if (!port || port->of.seen)
		return NULL;
	port->of.seen = true;
	if (!is_new(o, port, bridge, row, port_row) && port->is_member == member)
		return port;
	port->is_member = member;
	port->is_local = !strcmp(name_of(row), name_of(bridge->of.row));
	ret = xd_ovsdb_interface(&place, row, &port->config, &err);
	end_translation(o, port, ret, &err);
	return port;
}

/* After its members. */
static void
take_bond(struct xd_ovsdb *o, struct xd_ovsdb_bridge *bridge, const json_t *port_row,
	const char *uuid, struct xd_ovsdb_port *const *members, unsigned n)
{
	struct xd_ovsdb_port *bond = find_port(o, "Port", uuid);
	struct xd_ovsdb_place place = {.bridge = bridge->of.row, .port = port_row};
	const char *names[XD_MAX_PORTS];
	struct xd_error err;
	int ret;

	if (!bond || bond->of.seen)
		return;
	bond->of.seen = bond->is_bond = true;
	is_new(o, bond, bridge, port_row, port_row);
	for (unsigned i = 0; i < n; i++)
		names[i] = members[i]->config.name;
	ret = xd_ovsdb_bond(&place, names, n, members[0]->config.mtu, &bond->config, &err);
	end_translation(o, bond, ret, &err);
}

static void
take_port(struct xd_ovsdb *o, struct xd_ovsdb_bridge *bridge, const char *uuid)
{
	const json_t *row = xd_ovsdb_replica_row(o->rows, "Port", uuid);
	const json_t *interfaces = json_object_get(row, "interfaces");
	size_t n = xd_ovsdb_set_size(interfaces);
	struct xd_ovsdb_port *members[XD_MAX_PORTS], *port;
	unsigned nb_members = 0;

	for (size_t i = 0; i < n && nb_members < XD_MAX_PORTS; i++) {
		port = take_interface(
			o, bridge, row, xd_ovsdb_uuid(xd_ovsdb_set_get(interfaces, i)), n > 1);
		if (port && !port->fails)
			members[nb_members++] = port;
	}
	if (n > 1 && nb_members)
		take_bond(o, bridge, row, uuid, members, nb_members);
}

/* ---- Bridges ---- */

static struct xd_ovsdb_bridge *
find_bridge(struct xd_ovsdb *o, const char *uuid)
{
	struct xd_ovsdb_bridge *bridge;

	TAILQ_FOREACH(bridge, &o->bridges, link)
	{
		if (!strcmp(bridge->of.uuid, uuid))
			return bridge;
	}
	bridge = calloc(1, sizeof(*bridge));
	if (!bridge)
		return NULL;
	begin_row(&bridge->of, "Bridge", uuid);
	TAILQ_INSERT_TAIL(&o->bridges, bridge, link);
	return bridge;
}

static void
free_bridge(struct xd_ovsdb *o, struct xd_ovsdb_bridge *bridge)
{
	TAILQ_REMOVE(&o->bridges, bridge, link);
	end_row(&bridge->of);
	free(bridge);
}

/* Whether two rows of a bridge differ in nothing but what ports they have. */
static bool
same_columns(const json_t *a, const json_t *b)
{
	static const char *const columns[] = {"name", "other_config"};
	bool same = true;

	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		same = same &&
		       json_equal(json_object_get(a, columns[i]), json_object_get(b, columns[i]));
	return same;
}

static void
translate_bridge(struct xd_ovsdb *o, struct xd_ovsdb_bridge *bridge, const json_t *row)
{
	struct xd_error err;
	bool same;

	if (bridge->of.row == row)
		return;
	same = bridge->version && same_columns(bridge->of.row, row);
	xd_ovsdb_answers(o, &(struct xd_ovsdb_row_change){"Bridge", "bridge", bridge->of.row, row});
	hold(&bridge->of.row, row);
	xd_ovsdb_bridge_answers(o, row);
	if (same)
		return;
	bridge->version++;
	bridge->error[0] = 0;
	if (xd_ovsdb_bridge_config(row, &bridge->config, &err)) {
		snprintf(bridge->error, sizeof(bridge->error), "bridge %.60s: %.300s", name_of(row),
			err.text);
		xd_one_line(bridge->error);
	}
}

static void
take_bridge(struct xd_ovsdb *o, const char *uuid)
{
	const json_t *row = xd_ovsdb_replica_row(o->rows, "Bridge", uuid);
	const json_t *ports = json_object_get(row, "ports");
	struct xd_ovsdb_bridge *bridge = row ? find_bridge(o, uuid) : NULL;

	if (!bridge || bridge->of.seen)
		return;
	bridge->of.seen = true;
	translate_bridge(o, bridge, row);
	for (size_t i = 0; i < xd_ovsdb_set_size(ports); i++) {
		const char *port = xd_ovsdb_uuid(xd_ovsdb_set_get(ports, i));

		if (xd_ovsdb_replica_row(o->rows, "Port", port))
			take_port(o, bridge, port);
	}
}

/* ---- All of them ---- */

/* The row of Open_vSwitch, of which there is one or, before `ovs-vsctl init`, none. */
static void
take_root(struct xd_ovsdb *o)
{
	const json_t *table = xd_ovsdb_replica_table(o->rows, "Open_vSwitch");
	void *first = json_object_iter((json_t *)(uintptr_t)table);
	const char *uuid = first ? json_object_iter_key(first) : "";

	if (strcmp(o->root.uuid, uuid)) {
		end_row(&o->root);
		begin_row(&o->root, "Open_vSwitch", uuid);
	}
	hold(&o->root.row, first ? json_object_iter_value(first) : NULL);
	o->next_cfg = xd_ovsdb_integer(json_object_get(o->root.row, "next_cfg"), 0);
}

/* Where sockets are that have a name and no path: under Open vSwitch's run directory, and nowhere
 * else, whatever the database says. */
static void
find_vhost_dir(struct xd_ovsdb *o)
{
	const char *dir =
		xd_ovsdb_map_find(json_object_get(o->root.row, "other_config"), "vhost-sock-dir");

	if (dir && !strstr(dir, "..") && dir[0])
		snprintf(o->vhost_dir, sizeof(o->vhost_dir), "%s/%s", o->opts.run_dir, dir);
	else
		snprintf(o->vhost_dir, sizeof(o->vhost_dir), "%s", o->opts.run_dir);
}

void
xd_ovsdb_rows_take(struct xd_ovsdb *o)
{
	char before[sizeof(o->vhost_dir)];
	struct xd_ovsdb_bridge *bridge;
	struct xd_ovsdb_port *port;
	const json_t *bridges;

	o->nb_failing = 0;
	strcpy(before, o->vhost_dir);
	take_root(o);
	find_vhost_dir(o);
	TAILQ_FOREACH(bridge, &o->bridges, link)
	bridge->of.seen = false;
	TAILQ_FOREACH(port, &o->ports, link)
	{
		port->of.seen = false;
		if (strcmp(before, o->vhost_dir))
			port->bridge_version = 0;
	}
	bridges = json_object_get(o->root.row, "bridges");
	for (size_t i = 0; i < xd_ovsdb_set_size(bridges); i++) {
		const char *uuid = xd_ovsdb_uuid(xd_ovsdb_set_get(bridges, i));

		if (uuid)
			take_bridge(o, uuid);
	}
}

void
xd_ovsdb_rows_sweep(struct xd_ovsdb *o)
{
	struct xd_ovsdb_port *port, *next_port;
	struct xd_ovsdb_bridge *bridge, *next_bridge;

	for (port = TAILQ_FIRST(&o->ports); port; port = next_port) {
		next_port = TAILQ_NEXT(port, link);
		if (!port->of.seen)
			free_port(o, port);
	}
	for (bridge = TAILQ_FIRST(&o->bridges); bridge; bridge = next_bridge) {
		next_bridge = TAILQ_NEXT(bridge, link);
		if (!bridge->of.seen)
			free_bridge(o, bridge);
	}
}

void
xd_ovsdb_rows_free(struct xd_ovsdb *o)
{
	while (!TAILQ_EMPTY(&o->ports))
		free_port(o, TAILQ_FIRST(&o->ports));
	while (!TAILQ_EMPTY(&o->bridges))
		free_bridge(o, TAILQ_FIRST(&o->bridges));
	end_row(&o->root);
}

void
xd_ovsdb_rows_forget_written(struct xd_ovsdb *o)
{
	struct xd_ovsdb_bridge *bridge;
	struct xd_ovsdb_port *port;

	json_object_clear(o->root.written);
	TAILQ_FOREACH(bridge, &o->bridges, link)
	json_object_clear(bridge->of.written);
	TAILQ_FOREACH(port, &o->ports, link)
	{
		json_object_clear(port->of.written);
		port->stale = true;
		port->has_statistics = false;
	}
}

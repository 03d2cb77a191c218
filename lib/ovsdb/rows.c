/* SPDX-License-Identifier: BSD-3-Clause */
/* Bridges and ports, as the database's rows are now: rows.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/one_line.h"
#include "ovsdb/rows.h"
#include "ovsdb/value.h"

/* ---- Rows ---- */

/* Borrowed rows are kept as references; only what holds them may change them, and nothing does. */
void
xd_ovsdb_row_hold(const json_t **kept, const json_t *row)
{
	json_incref((json_t *)(uintptr_t)row);
	json_decref((json_t *)(uintptr_t)*kept);
	*kept = row;
}

void
xd_ovsdb_row_begin(struct xd_ovsdb_row *of, const char *table, const char *uuid)
{
	of->table = table;
	snprintf(of->uuid, sizeof(of->uuid), "%s", uuid);
	of->written = json_object();
}

void
xd_ovsdb_row_end(struct xd_ovsdb_row *of)
{
	xd_ovsdb_row_hold(&of->row, NULL);
	json_decref(of->written);
	of->written = NULL;
}

const char *
xd_ovsdb_row_name(const json_t *row)
{
	const char *name = xd_ovsdb_string(json_object_get(row, "name"));

	return name ? name : "";
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
	xd_ovsdb_row_begin(&bridge->of, "Bridge", uuid);
	TAILQ_INSERT_TAIL(&o->bridges, bridge, link);
	return bridge;
}

static void
free_bridge(struct xd_ovsdb *o, struct xd_ovsdb_bridge *bridge)
{
	TAILQ_REMOVE(&o->bridges, bridge, link);
	xd_ovsdb_row_end(&bridge->of);
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
	xd_ovsdb_row_hold(&bridge->of.row, row);
	xd_ovsdb_bridge_answers(o, row);
	if (same)
		return;
	bridge->version++;
	xd_ovsdb_bridge_mac(row, bridge->of.uuid, bridge->mac);
	bridge->error[0] = 0;
	if (xd_ovsdb_bridge_config(row, &bridge->config, &err)) {
		snprintf(bridge->error, sizeof(bridge->error), "bridge %.60s: %.300s",
			xd_ovsdb_row_name(row), err.text);
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
			xd_ovsdb_port_take(o, bridge, port);
	}
	xd_ovsdb_mirrors_take(o, bridge);
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
		xd_ovsdb_row_end(&o->root);
		xd_ovsdb_row_begin(&o->root, "Open_vSwitch", uuid);
	}
	xd_ovsdb_row_hold(&o->root.row, first ? json_object_iter_value(first) : NULL);
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
	struct xd_ovsdb_mirror *mirror;
	struct xd_ovsdb_port *port;
	const json_t *bridges;

	o->nb_failing = 0;
	strcpy(before, o->vhost_dir);
	take_root(o);
	find_vhost_dir(o);
	TAILQ_FOREACH(bridge, &o->bridges, link)
	bridge->of.seen = false;
	TAILQ_FOREACH(mirror, &o->mirrors, link)
	mirror->of.seen = false;
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
	struct xd_ovsdb_mirror *mirror, *next_mirror;

	for (mirror = TAILQ_FIRST(&o->mirrors); mirror; mirror = next_mirror) {
		next_mirror = TAILQ_NEXT(mirror, link);
		if (!mirror->of.seen)
			xd_ovsdb_mirror_free(o, mirror);
	}
	for (port = TAILQ_FIRST(&o->ports); port; port = next_port) {
		next_port = TAILQ_NEXT(port, link);
		if (!port->of.seen)
			xd_ovsdb_port_free(o, port);
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
	while (!TAILQ_EMPTY(&o->mirrors))
		xd_ovsdb_mirror_free(o, TAILQ_FIRST(&o->mirrors));
	while (!TAILQ_EMPTY(&o->ports))
		xd_ovsdb_port_free(o, TAILQ_FIRST(&o->ports));
	while (!TAILQ_EMPTY(&o->bridges))
		free_bridge(o, TAILQ_FIRST(&o->bridges));
	xd_ovsdb_row_end(&o->root);
}

void
xd_ovsdb_rows_forget_written(struct xd_ovsdb *o)
{
	struct xd_ovsdb_bridge *bridge;
	struct xd_ovsdb_mirror *mirror;
	struct xd_ovsdb_port *port;

	json_object_clear(o->root.written);
	TAILQ_FOREACH(bridge, &o->bridges, link)
	json_object_clear(bridge->of.written);
	TAILQ_FOREACH(mirror, &o->mirrors, link)
	json_object_clear(mirror->of.written);
	TAILQ_FOREACH(port, &o->ports, link)
	{
		json_object_clear(port->of.written);
		port->stale = true;
		port->has_statistics = false;
	}
}

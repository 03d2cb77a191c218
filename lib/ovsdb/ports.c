/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports, as the database's rows are now: rows.h. */
#include <search.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/one_line.h"
#include "ovsdb/rows.h"
#include "ovsdb/value.h"

/* ---- Finding them: a tree of their rows' UUIDs ---- */

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static struct xd_ovsdb_port *
port_of(const void *node)
{
	char *uuid = *(char *const *)node;

	return (struct xd_ovsdb_port *)(uuid - offsetof(struct xd_ovsdb_port, of.uuid));
}

static struct xd_ovsdb_port *
find_port(struct xd_ovsdb *o, const char *table, const char *uuid)
{
	const void *node = tfind(uuid, &o->by_uuid, compare);
	struct xd_ovsdb_port *port = node ? port_of(node) : calloc(1, sizeof(*port));

	if (node || !port)
		return port;
	xd_ovsdb_row_begin(&port->of, table, uuid);
	if (!tsearch(port->of.uuid, &o->by_uuid, compare)) {
		xd_ovsdb_row_end(&port->of);
		free(port);
		return NULL;
	}
	port->index = XD_OVSDB_NO_PORT;
	TAILQ_INSERT_TAIL(&o->ports, port, link);
	return port;
}

void
xd_ovsdb_port_free(struct xd_ovsdb *o, struct xd_ovsdb_port *port)
{
	tdelete(port->of.uuid, &o->by_uuid, compare);
	TAILQ_REMOVE(&o->ports, port, link);
	xd_ovsdb_row_hold(&port->port_row, NULL);
	xd_ovsdb_row_hold(&port->qos_row, NULL);
	xd_ovsdb_row_hold(&port->queue_row, NULL);
	json_decref(port->statistics);
	xd_ovsdb_row_end(&port->of);
	free(port);
}

/* ---- How it went ---- */

static void
tell(struct xd_ovsdb *o, struct xd_ovsdb_port *port, const char *what, const char *text)
{
	if (strcmp(port->told, text))
		xd_log(o->opts.log, XD_LOG_CONTROL, XD_LOG_WARN, "%s %.60s is %s: %s",
			port->is_bond ? "bond" : "interface", xd_ovsdb_row_name(port->of.row), what,
			text);
	snprintf(port->told, sizeof(port->told), "%s", text);
}

void
xd_ovsdb_port_fail(struct xd_ovsdb *o, struct xd_ovsdb_port *port, const char *text)
{
	port->stale = true;
	snprintf(port->error, sizeof(port->error), "%s", text);
	xd_one_line(port->error);
	tell(o, port, "left out", port->error);
}

static void
end_translation(struct xd_ovsdb *o, struct xd_ovsdb_port *port, const struct xd_port_config *config,
	int ret, const struct xd_error *err, const struct xd_error *remark)
{
	/* What the switch has refused was another port, unless only what is written changed. */
	if (port->fails || !xd_noun_equal(&xd_port_noun, &port->config, config))
		port->error[0] = 0;
	port->config = *config;
	port->stale = true;
	port->fails = ret < 0 || port->bridge->error[0];
	o->nb_failing += port->fails;
	snprintf(port->remark, sizeof(port->remark), "%s", remark->code ? remark->text : "");
	xd_one_line(port->remark);
	if (port->bridge->error[0])
		xd_ovsdb_port_fail(o, port, port->bridge->error);
	else if (ret < 0)
		xd_ovsdb_port_fail(o, port, err->text);
	else if (port->remark[0])
		tell(o, port, "made without a value", port->remark);
}

/* ---- Rows ---- */

/* Whether the port is to be made from its rows again: they are others, or were wrong, for a reason
 * that may have gone by itself, such as a directory that was missing. */
static bool
is_new(struct xd_ovsdb *o, struct xd_ovsdb_port *port, struct xd_ovsdb_bridge *bridge,
	const json_t *row, const struct xd_ovsdb_place *place)
{
	bool same = port->of.row == row && port->port_row == place->port &&
		    port->qos_row == place->qos && port->queue_row == place->queue &&
		    port->is_member == place->member && port->bridge == bridge &&
		    port->bridge_version == bridge->version && !port->fails;

	if (!same)
		xd_ovsdb_port_answers(o, port, row, place->port);
	xd_ovsdb_row_hold(&port->of.row, row);
	xd_ovsdb_row_hold(&port->port_row, place->port);
	xd_ovsdb_row_hold(&port->qos_row, place->qos);
	xd_ovsdb_row_hold(&port->queue_row, place->queue);
	port->is_member = place->member;
	port->bridge = bridge;
	port->bridge_version = bridge->version;
	return !same;
}

static struct xd_ovsdb_place
place_of(const struct xd_ovsdb *o, const struct xd_ovsdb_bridge *bridge, const json_t *port_row,
	bool member)
{
	const struct xd_ovsdb_replica *rows = o->rows;
	const json_t *qos = xd_ovsdb_replica_row(
		rows, "QoS", xd_ovsdb_uuid(xd_ovsdb_set_get(json_object_get(port_row, "qos"), 0)));

	return (struct xd_ovsdb_place){
		.bridge = bridge->of.row,
		.bridge_mac = bridge->mac,
		.port = port_row,
		.qos = qos,
		.queue = xd_ovsdb_replica_row(rows, "Queue",
			xd_ovsdb_uuid(xd_ovsdb_map_at(json_object_get(qos, "queues"), 0))),
		.vhost_dir = o->vhost_dir,
		.member = member,
	};
}

/* NULL: there is no such row, or it was there before. */
static struct xd_ovsdb_port *
take_interface(struct xd_ovsdb *o, struct xd_ovsdb_bridge *bridge, const json_t *port_row,
	const char *uuid, bool member)
{
	const json_t *row = xd_ovsdb_replica_row(o->rows, "Interface", uuid);
	struct xd_ovsdb_port *port = row ? find_port(o, "Interface", uuid) : NULL;
	struct xd_error err, remark = {0};
	struct xd_ovsdb_place place = place_of(o, bridge, port_row, member);
	struct xd_port_config config;
	int ret;

	if (!port || port->of.seen)
		return NULL;
	port->of.seen = true;
	port->bond = NULL;
	if (!is_new(o, port, bridge, row, &place))
		return port;
	place.remark = &remark;
	port->is_local = !strcmp(xd_ovsdb_row_name(row), xd_ovsdb_row_name(bridge->of.row));
	ret = xd_ovsdb_interface(&place, row, &config, &err);
	end_translation(o, port, &config, ret, &err, &remark);
	return port;
}

/* A bond has no Interface of its own: what it was made without is told at its members. */
static void
tell_members(struct xd_ovsdb_port *bond, const char *before, struct xd_ovsdb_port *const *members,
	unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		members[i]->bond = bond;
		members[i]->stale |= strcmp(before, bond->remark) != 0;
	}
}

/* After its members. */
static void
take_bond(struct xd_ovsdb *o, struct xd_ovsdb_bridge *bridge, const json_t *port_row,
	const char *uuid, struct xd_ovsdb_port *const *members, unsigned n)
{
	struct xd_ovsdb_port *bond = find_port(o, "Port", uuid);
	struct xd_ovsdb_place place = place_of(o, bridge, port_row, false);
	struct xd_port_config config;
	struct xd_error err, remark = {0};
	const char *names[XD_MAX_PORTS];
	char before[sizeof(bond->remark)];
	int ret;

	if (!bond || bond->of.seen)
		return;
	strcpy(before, bond->remark);
	bond->of.seen = bond->is_bond = true;
	is_new(o, bond, bridge, port_row, &place);
	place.remark = &remark;
	for (unsigned i = 0; i < n; i++)
		names[i] = members[i]->config.name;
	ret = xd_ovsdb_bond(&place, names, n, members[0]->config.mtu, &config, &err);
	end_translation(o, bond, &config, ret, &err, &remark);
	tell_members(bond, before, members, n);
}

void
xd_ovsdb_port_take(struct xd_ovsdb *o, struct xd_ovsdb_bridge *bridge, const char *uuid)
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

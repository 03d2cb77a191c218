/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the switch refuses, and whose fault it was. It may be right by itself later, when another
 * port has gone that had the same socket, so it is tried again with each change; but who writes to
 * the database may have it be a thousand ports, each of which the check of a configuration names
 * alone: so many at a time that the loop's other work is not kept waiting, all in turn.
 */
#include <stdio.h>
#include <string.h>

#include "ovsdb/rows.h"

#define RETRIES_AT_ONCE 32

/* Whether an error is of "ports.NAME" or of "ports.NAME.key". */
static bool
names_key(const struct xd_error *err, const char *name)
{
	const size_t len = strlen(name);
	const char *key = err->key + strlen("ports.");

	return !strncmp(err->key, "ports.", strlen("ports.")) && !strncmp(key, name, len) &&
	       (key[len] == 0 || key[len] == '.');
}

/* How much of an error's beginning is the port's name, of its key or of its text "port NAME: ". 0:
 * it is not about the port. */
static size_t
names(const struct xd_error *err, const char *name)
{
	const size_t len = strlen(name);
	const char *text = err->text + strlen("port ");

	if (names_key(err, name))
		return len;
	return !strncmp(err->text, "port ", strlen("port ")) && !strncmp(text, name, len) &&
			       text[len] == ':'
		       ? len
		       : 0;
}

/* The port that an error is about: names may have dots, so it is the longest. */
static struct xd_ovsdb_port *
find_culprit(struct xd_ovsdb *o, const struct xd_error *err)
{
	struct xd_ovsdb_port *port, *found = NULL;
	size_t longest = 0;

	TAILQ_FOREACH(port, &o->ports, link)
	{
		size_t len = port->index != XD_OVSDB_NO_PORT ? names(err, port->config.name) : 0;

		if (len > longest) {
			longest = len;
			found = port;
		}
	}
	return found;
}

/* Its text, and before it the key that it is about. */
static void
fail_port(struct xd_ovsdb *o, struct xd_ovsdb_port *port, const struct xd_error *err)
{
	const char *key = err->key + strlen("ports.") + strlen(port->config.name);
	char text[XD_OVSDB_ERROR];

	if (!names_key(err, port->config.name) || key[0] != '.') {
		xd_ovsdb_port_fail(o, port, err->text);
		return;
	}
	snprintf(text, sizeof(text), "%.60s: %.300s", key + 1, err->text);
	xd_ovsdb_port_fail(o, port, text);
}

/* An error that names no port is of all that are not there yet. */
bool
xd_ovsdb_blame(struct xd_ovsdb *o, const struct xd_error *err)
{
	const struct xd_config *now = o->opts.control->running->config;
	struct xd_ovsdb_port *port = find_culprit(o, err);
	bool any = port != NULL;

	if (xd_ovsdb_mirrors_blame(o, err))
		return true;
	if (port) {
		fail_port(o, port, err);
		return true;
	}
	TAILQ_FOREACH(port, &o->ports, link)
	{
		if (port->index == XD_OVSDB_NO_PORT || xd_config_port(now, port->config.name))
			continue;
		xd_ovsdb_port_fail(o, port, err->text);
		any = true;
	}
	return any;
}

/* ---- Without those that a check refuses ---- */

/* Mirrors do not keep a port that has gone. */
static void
leave_out(struct xd_ovsdb *o, struct xd_config *config, struct xd_ovsdb_port *port)
{
	xd_noun_del(&xd_port_noun, config, port->config.name, NULL);
	port->index = XD_OVSDB_NO_PORT;
	xd_ovsdb_mirrors_add(o, config);
}

void
xd_ovsdb_settle(struct xd_ovsdb *o, struct xd_config *config)
{
	struct xd_ovsdb_port *port;
	struct xd_error err = {0};
	uint32_t index = 0;

	while (xd_config_check(config, NULL, &err)) {
		port = find_culprit(o, &err);
		if (port) {
			fail_port(o, port, &err);
			leave_out(o, config, port);
		} else if (xd_ovsdb_mirrors_blame(o, &err)) {
			xd_ovsdb_mirrors_add(o, config);
		} else {
			break;
		}
	}
	TAILQ_FOREACH(port, &o->ports, link)
	{
		if (port->index != XD_OVSDB_NO_PORT)
			port->index = index++;
	}
}

/* ---- Bonds, and trying again ---- */

void
xd_ovsdb_blame_members(struct xd_ovsdb *o)
{
	struct xd_ovsdb_port *bond, *member;

	TAILQ_FOREACH(bond, &o->ports, link)
	{
		if (!bond->is_bond || !bond->error[0])
			continue;
		TAILQ_FOREACH(member, &o->ports, link)
		{
			if (member->is_member && member->port_row == bond->port_row &&
				!member->error[0])
				xd_ovsdb_port_fail(o, member, bond->error);
		}
	}
}

static void
forgive(struct xd_ovsdb_port *port)
{
	port->tried = true;
	port->error[0] = 0;
	port->stale = true;
}

/* A bond and its members are tried together. */
static void
forgive_bond(struct xd_ovsdb *o, struct xd_ovsdb_port *bond)
{
	struct xd_ovsdb_port *member;

	TAILQ_FOREACH(member, &o->ports, link)
	{
		if (member->bond == bond && member->of.seen && !member->fails)
			forgive(member);
	}
	forgive(bond);
}

void
xd_ovsdb_forgive(struct xd_ovsdb *o)
{
	unsigned left = RETRIES_AT_ONCE;
	struct xd_ovsdb_port *port;
	bool all = !o->untried;

	xd_ovsdb_mirrors_forgive(o);
	o->untried = false;
	TAILQ_FOREACH(port, &o->ports, link)
	{
		port->tried = port->tried && !all;
		if (!port->of.seen || port->fails || !port->error[0] || port->tried ||
			(port->bond && port->bond->error[0]))
			continue;
		if (left == 0) {
			o->untried = true;
			continue;
		}
		left--;
		if (port->is_bond)
			forgive_bond(o, port);
		else
			forgive(port);
	}
}

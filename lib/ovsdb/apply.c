/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The database's bridges and ports as the switch's configuration, all at once. A port that the
 * switch refuses is left out, with the reason (refused.c), and the rest tried again: one that is
 * wrong does not keep others from being made.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/tap/config.h"
#include "ovsdb/rows.h"

/* What the file says, and what was set since, without bridges and ports. */
static struct xd_daemon_config *
copy_sections(const struct xd_control *control)
{
	struct xd_daemon_config *next = xd_daemon_config_copy(control->base);
	struct xd_entries *entries;
	struct xd_config *config;

	if (!next)
		return NULL;
	config = next->config;
	entries = config->entries;
	*config = *control->running->config;
	config->entries = entries;
	*next = *control->running;
	next->config = config;
	return next;
}

static int
add_bridges(struct xd_ovsdb *o, struct xd_config *config, struct xd_error *err)
{
	const struct xd_ovsdb_bridge *b;

	TAILQ_FOREACH(b, &o->bridges, link)
	{
		struct xd_bridge_config *bridge;

		if (!b->of.seen || b->error[0])
			continue;
		bridge = xd_config_add_bridge(config, b->config.name, err);
		if (!bridge)
			return err->code;
		*bridge = b->config;
	}
	return 0;
}

static int
add_ports(struct xd_ovsdb *o, struct xd_config *config, struct xd_error *err)
{
	struct xd_ovsdb_port *p;
	uint32_t index = 0;

	TAILQ_FOREACH(p, &o->ports, link)
	{
		struct xd_port_config *port;

		p->index = XD_OVSDB_NO_PORT;
		if (!p->of.seen || p->fails || p->error[0])
			continue;
		port = xd_noun_add(&xd_port_noun, config, p->config.name, err);
		if (!port) {
			xd_ovsdb_port_fail(o, p, err->text);
			continue;
		}
		*port = p->config;
		p->index = index++;
	}
	return 0;
}

static struct xd_daemon_config *
make_next(struct xd_ovsdb *o, struct xd_error *err)
{
	struct xd_daemon_config *next = copy_sections(o->opts.control);

	if (!next) {
		xd_fail(err, -ENOMEM, "no memory for the next configuration");
		return NULL;
	}
	xd_ovsdb_settings(o, next->config);
	if (add_bridges(o, next->config, err) == 0 && add_ports(o, next->config, err) == 0) {
		xd_ovsdb_mirrors_add(o, next->config);
		return next;
	}
	xd_daemon_config_destroy(next);
	return NULL;
}

/* ---- Changing ---- */

static bool
same_entries(const struct xd_noun *noun, const struct xd_config *a, const struct xd_config *b)
{
	unsigned n = xd_noun_count(noun, a);

	if (n != xd_noun_count(noun, b))
		return false;
	for (unsigned i = 0; i < n; i++) {
		if (!xd_noun_equal(noun, xd_noun_entry(noun, a, i), xd_noun_entry(noun, b, i)))
			return false;
	}
	return true;
}

static bool
same(const struct xd_config *a, const struct xd_config *b)
{
	for (const struct xd_noun *const *noun = xd_nouns; *noun; noun++) {
		if (!same_entries(*noun, a, b))
			return false;
	}
	return true;
}

/* Interfaces that outlive the switch go with their ports: those of ports that are to go are told
 * first that they no longer stay. */
static int
let_go(struct xd_ovsdb *o, const struct xd_config *next, struct xd_error *err)
{
	const struct xd_config *now = o->opts.control->running->config;
	struct xd_daemon_config *between = NULL;

	for (unsigned i = 0; i < xd_config_nb_ports(now); i++) {
		const struct xd_port_config *port = &xd_config_ports(now)[i];

		if (strcmp(port->type, "tap") ||
			xd_tap_config(port)->persist == XD_TAP_PERSIST_NO ||
			xd_config_port(next, port->name))
			continue;
		if (!between)
			between = xd_daemon_config_copy(o->opts.control->running);
		if (!between)
			return xd_fail(err, -ENOMEM, "no memory for the next configuration");
		xd_tap_config(&xd_config_ports(between->config)[i])->persist = XD_TAP_PERSIST_NO;
	}
	return between ? xd_control_commit(o->opts.control, between, err) : 0;
}

int
xd_ovsdb_commit(struct xd_ovsdb *o, struct xd_daemon_config *next, struct xd_error *err)
{
	if (same(next->config, o->opts.control->running->config)) {
		xd_daemon_config_destroy(next);
		return 0;
	}
	/* Should the way there fail, the interface stays: no more than that. */
	let_go(o, next->config, err);
	return xd_control_commit(o->opts.control, next, err);
}

/* ---- All of it ---- */

/* What concerns no port, such as a core that there is not. */
static void
tell(struct xd_ovsdb *o, const struct xd_error *err)
{
	if (strcmp(o->told_error, err->text))
		xd_log(o->opts.log, XD_LOG_CONTROL, XD_LOG_ERROR,
			"what the database says cannot be made so: %s%s%s", err->key,
			err->key[0] ? ": " : "", err->text);
	snprintf(o->told_error, sizeof(o->told_error), "%s", err->text);
}

void
xd_ovsdb_apply(struct xd_ovsdb *o)
{
	struct xd_error err = {0};
	unsigned rounds = 0;
	int ret;

	xd_ovsdb_forgive(o);
	do {
		struct xd_daemon_config *next = make_next(o, &err);

		if (next && rounds++)
			xd_ovsdb_settle(o, next->config);
		ret = next ? o->commit(o, next, &err) : err.code;
	} while (ret && xd_ovsdb_blame(o, &err));
	if (ret)
		tell(o, &err);
	else
		o->told_error[0] = 0;
	xd_ovsdb_blame_members(o);
}

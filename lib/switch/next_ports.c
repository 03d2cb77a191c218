/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ports of the next state: which stay as they are, which stay under new settings, and which
 * are made anew. Nothing here touches a port that carries frames.
 *
 * A port is known by its name. One whose name is new, and whose socket or device is that of a port
 * that is to go, is that port under another name.
 */
#include <errno.h>
#include <string.h>

#include "config/noun.h"
#include "switch/change.h"

/* An error of a driver's; one that it gave no reason for gets a text and a code. */
static int
fail_driver(const struct xd_port_config *config, const char *what, int code, struct xd_error *err)
{
	if (err->code < 0)
		return err->code;
	return xd_fail(err, code < 0 ? code : -EINVAL,
		"port %s: its driver, %s, %s and gives no reason", config->name, config->type,
		what);
}

unsigned
xd_change_holders(const struct xd_change *t, const struct xd_port_config *next,
	struct xd_port *holders[XD_CLAIMS])
{
	const struct xd_port_config *now[XD_CLAIMS];
	unsigned n = xd_claims_meet(
		t->next->claims, xd_state_port_number(t->next, next), t->now->claims, now);

	for (unsigned i = 0; i < n; i++)
		holders[i] = xd_state_port(t->now, now[i]->name);
	return n;
}

/* The first that has no name any more. */
static struct xd_port *
find_renamed(const struct xd_change *t, const struct xd_port_config *config)
{
	struct xd_port *holders[XD_CLAIMS];
	unsigned n = xd_change_holders(t, config, holders);

	for (unsigned i = 0; i < n; i++) {
		if (!xd_names_get(t->next->names, &xd_port_noun, holders[i]->config.name))
			return holders[i];
	}
	return NULL;
}

/* The port of now that a port of the next configuration is, be it made anew; or NULL. */
static struct xd_port *
find_before(const struct xd_change *t, const struct xd_port_config *config)
{
	struct xd_port *port = xd_state_port(t->now, config->name);

	if (!port)
		port = find_renamed(t, config);
	return port && !strcmp(port->config.type, config->type) ? port : NULL;
}

static void
place(struct xd_state *state, unsigned index, struct xd_port *port,
	const struct xd_port_config *config)
{
	state->ports[index] = port;
	state->port_config[index] = config;
	state->port_of[xd_state_port_number(state, config)] = (uint16_t)index;
}

/* Takes the port over if its device can stay. 1: it can; 0: a new one is needed. */
static int
keep_port(struct xd_change *t, struct xd_port *port, const struct xd_port_config *config,
	struct xd_error *err)
{
	unsigned cost = xd_noun_cost(&xd_port_noun, &port->config, config);
	bool differs = (cost & XD_COST_SET) || strcmp(port->config.name, config->name);
	int ret = differs ? -ENOTSUP : 0;

	if (cost & XD_COST_NEW)
		return 0;
	err->code = 0;
	if ((differs || t->more_workers) && port->driver->can_set)
		ret = port->driver->can_set(port, config, err);
	if (ret == -ENOTSUP)
		return 0;
	if (ret < 0)
		return fail_driver(config, "refuses its new settings", ret, err);
	t->set[port->index] = differs;
	place(t->next, port->index, port, config);
	return 1;
}

static int
check_made(const struct xd_port *port, const struct xd_driver *driver,
	const struct xd_port_config *config, struct xd_error *err)
{
	err->code = 0;
	if ((uintptr_t)port % __alignof__(*port))
		return fail_driver(config, "makes ports that aligned_alloc did not align", 0, err);
	if (port->driver != driver || strcmp(port->config.name, config->name))
		return fail_driver(config, "makes ports without xd_port_init", 0, err);
	return 0;
}

static int
make_port(struct xd_change *t, unsigned index, const struct xd_port_config *config,
	struct xd_error *err)
{
	const struct xd_driver *driver = xd_driver_find(config->type, t->sw->drivers);
	struct xd_port *port;

	err->code = 0;
	port = driver->create(driver, &t->sw->env, config, err);
	if (!port)
		return fail_driver(config, "makes no port", 0, err);
	if (check_made(port, driver, config, err) < 0) {
		driver->destroy(port);
		return err->code;
	}
	port->index = (uint16_t)index;
	place(t->next, index, port, config);
	t->next->fresh_port[index] = true;
	return 0;
}

/* An index for a port that was not there. One that a port of now leaves is taken last: workers must
 * forget that port before. */
static unsigned
free_index(struct xd_change *t)
{
	unsigned left = 0;

	for (; t->first_free < XD_MAX_PORTS; t->first_free++) {
		if (!t->now->ports[t->first_free] && !t->next->ports[t->first_free])
			return t->first_free;
	}
	while (t->next->ports[left])
		left++;
	return left;
}

/* Makes those that do not stay: those that were there before, at their index, then the others. */
static int
make_ports(struct xd_change *t, const bool *kept, bool were_there, struct xd_error *err)
{
	const struct xd_port_config *ports = xd_config_ports(t->next->config);

	for (unsigned i = 0; i < xd_config_nb_ports(t->next->config); i++) {
		const struct xd_port *old = kept[i] ? NULL : find_before(t, &ports[i]);
		unsigned index;
		int ret;

		if (kept[i] || (old != NULL) != were_there)
			continue;
		index = old ? old->index : free_index(t);
		ret = make_port(t, index, &ports[i], err);
		if (ret < 0)
			return ret;
		t->inherits[index] = old != NULL;
		t->next->ports[index]->life = old ? old->life : ++t->sw->nb_lives;
	}
	return 0;
}

/* Ports that are made and whose socket or device one of now holds, which goes. */
static void
find_conflicts(struct xd_change *t)
{
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		struct xd_port *holders[XD_CLAIMS];
		unsigned n = 0;

		if (t->next->fresh_port[i])
			n = xd_change_holders(t, t->next->port_config[i], holders);
		for (unsigned h = 0; h < n; h++) {
			if (holders[h] == t->next->ports[holders[h]->index])
				continue;
			t->conflicts[holders[h]->index] = true;
			t->waits[i] = true;
		}
	}
}

static int
make_rmon(const struct xd_state *next, struct xd_error *err)
{
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		if (next->ports[i] && next->port_config[i]->counters == XD_COUNTING_DETAILED &&
			xd_port_make_rmon(next->ports[i]) < 0)
			return xd_fail(err, -ENOMEM, "no memory for the counters of port %s",
				next->port_config[i]->name);
	}
	return 0;
}

/* Of a bond that is made, the members whose links are known by now. */
static int
check_speeds(const struct xd_state *next, const struct xd_port *bond, struct xd_error *err)
{
	const struct xd_port *member, *first = NULL;

	for (unsigned i = 0; (member = xd_state_member(next, bond, i)); i++) {
		if (!member->up || !member->speed_mbps)
			continue;
		if (first && first->speed_mbps != member->speed_mbps)
			return xd_port_config_fail(err, -EINVAL, &bond->config, "members",
				"%s runs at %u Mbit/s and %s at %u: they must be the same",
				first->config.name, first->speed_mbps, member->config.name,
				member->speed_mbps);
		first = member;
	}
	return 0;
}

/* Whether a bond gets a member that it has not; one whose speed has changed since stays. */
static bool
gets_member(const struct xd_change *t, const struct xd_port *bond)
{
	const struct xd_port *member, *before;

	if (t->next->fresh_port[bond->index])
		return true;
	for (unsigned i = 0; (member = xd_state_member(t->next, bond, i)); i++) {
		unsigned k = 0;

		while ((before = xd_state_member(t->now, bond, k)) && before != member)
			k++;
		if (!before)
			return true;
	}
	return false;
}

static int
check_bonds(const struct xd_change *t, struct xd_error *err)
{
	int ret = 0;

	for (unsigned i = 0; ret == 0 && i < XD_MAX_PORTS; i++) {
		const struct xd_port *port = t->next->ports[i];

		if (port && port->driver->bond && gets_member(t, port))
			ret = check_speeds(t->next, port, err);
	}
	return ret;
}

int
xd_change_ports(struct xd_change *t, struct xd_error *err)
{
	const struct xd_port_config *ports = xd_config_ports(t->next->config);
	bool kept[XD_MAX_PORTS] = {false};
	int ret = 0;

	for (unsigned i = 0; i < xd_config_nb_ports(t->next->config); i++) {
		struct xd_port *old = find_before(t, &ports[i]);

		ret = old ? keep_port(t, old, &ports[i], err) : 0;
		if (ret < 0)
			return ret;
		kept[i] = ret > 0;
	}
	ret = make_ports(t, kept, true, err);
	if (ret == 0)
		ret = make_ports(t, kept, false, err);
	if (ret == 0)
		ret = check_bonds(t, err);
	if (ret == 0)
		ret = make_rmon(t->next, err);
	if (ret == 0)
		find_conflicts(t);
	return ret;
}

int
xd_change_start(struct xd_change *t, unsigned index, struct xd_error *err)
{
	struct xd_port *port = t->next->ports[index];
	int ret;

	err->code = 0;
	ret = port->driver->start(port, err);
	if (ret < 0)
		return fail_driver(&port->config, "does not start it", ret, err);
	t->started[index] = true;
	if (port->nb_queues > XD_PORT_QUEUES || port->nb_tx > XD_PORT_QUEUES)
		return xd_fail(err, -EINVAL,
			"port %s: its driver, %s, has %u receive and %u transmit queues: at most "
			"%u of each",
			port->config.name, port->config.type, port->nb_queues, port->nb_tx,
			XD_PORT_QUEUES);
	return 0;
}

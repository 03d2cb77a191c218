/* SPDX-License-Identifier: BSD-3-Clause */
/* Patch ports: whether the two ends of each pair agree, as ports come and go. */
#include <stdio.h>
#include <string.h>

#include "switch/switch.h"

/* Why frames do not pass from a port to the one that it calls its peer; NULL: they do. */
static const char *
find_fault(const struct xd_port_config *port, const struct xd_port_config *peer,
	const struct xd_driver *driver)
{
	if (!peer)
		return "there is no port %s";
	if (!driver->peer)
		return "%s is no port of type patch";
	if (strcmp(driver->peer(peer), port->name))
		return "%s has another peer";
	if (!strcmp(port->bridge, "none") || !strcmp(peer->bridge, "none"))
		return "it or %s has no bridge";
	if (!strcmp(port->bridge, peer->bridge))
		return "%s is in the same bridge";
	return NULL;
}

const struct xd_port *
xd_state_peer(const struct xd_state *state, const struct xd_port *port, char why[XD_PEER_WHY])
{
	const struct xd_port_config *config = state->port_config[port->index];
	const char *name = port->driver->peer(config);
	const struct xd_port *peer = xd_state_port(state, name);
	const char *fault = find_fault(
		config, peer ? state->port_config[peer->index] : NULL, peer ? peer->driver : NULL);

	why[0] = 0;
	if (fault)
		snprintf(why, XD_PEER_WHY, fault, name);
	return fault ? NULL : peer;
}

static void
look_at(struct xd_switch *sw, struct xd_port *port)
{
	char why[XD_PEER_WHY];
	bool up = xd_state_peer(sw->state, port, why) != NULL;

	port->driver->paired(port, why);
	if (port->up == up)
		return;
	port->up = up;
	xd_log(&sw->log, XD_LOG_PORT, XD_LOG_INFO, "%s: %s%s", port->config.name,
		up ? "up" : "down: ", why);
	port->env->changed(port->env->ctx, port);
}

void
xd_switch_look_at_patches(struct xd_switch *sw)
{
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		struct xd_port *port = sw->state->ports[i];

		if (port && port->driver->peer)
			look_at(sw, port);
	}
}

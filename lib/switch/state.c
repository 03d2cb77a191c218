/* SPDX-License-Identifier: BSD-3-Clause */
/* A state of the switch, what is in it, and the plan that workers get of it. */
#include <stdlib.h>
#include <string.h>

#include "switch/switch.h"

struct xd_state *
xd_state_create(
	struct xd_switch *sw, const struct xd_config *config, const struct xd_claims *claims_before)
{
	struct xd_state *state = calloc(1, sizeof(*state));

	if (!state)
		return NULL;
	state->sw = sw;
	memset(state->owner, XD_OWNER_NONE, sizeof(state->owner));
	memset(state->port_of, 0xff, sizeof(state->port_of)); /* XD_PORT_NONE */
	state->config = xd_config_copy(config);
	if (state->config)
		state->names = xd_names_create(state->config);
	if (state->names)
		state->claims = xd_claims_create(state->names, sw->drivers, claims_before);
	if (state->claims)
		return state;
	xd_state_free(state);
	return NULL;
}

void
xd_state_free(struct xd_state *state)
{
	if (!state)
		return;
	xd_plan_free(state->plan);
	xd_claims_destroy(state->claims);
	xd_names_destroy(state->names);
	xd_config_destroy(state->config);
	free(state->bridges);
	free(state);
}

unsigned
xd_state_port_number(const struct xd_state *state, const struct xd_port_config *config)
{
	return (unsigned)(config - xd_config_ports(state->config));
}

struct xd_port *
xd_state_port(const struct xd_state *state, const char *name)
{
	const struct xd_port_config *config = xd_names_get(state->names, &xd_port_noun, name);
	uint16_t index =
		config ? state->port_of[xd_state_port_number(state, config)] : XD_PORT_NONE;

	return index == XD_PORT_NONE ? NULL : state->ports[index];
}

const struct xd_port *
xd_state_member(const struct xd_state *state, const struct xd_port *port, unsigned i)
{
	const char *names[XD_BOND_MEMBERS];

	/* In a change of configuration the port still has the one before. */
	if (!port->driver->members ||
		i >= port->driver->members(state->port_config[port->index], names))
		return NULL;
	return xd_state_port(state, names[i]);
}

/* Bridges are in the order of the configuration, and there once they are made. */
struct xd_switch_bridge *
xd_state_bridge(const struct xd_state *state, const char *name)
{
	const struct xd_bridge_config *config = xd_names_get(state->names, &xd_bridge_noun, name);
	unsigned i =
		config ? (unsigned)(config - xd_config_bridges(state->config)) : state->nb_bridges;

	return i < state->nb_bridges ? &state->bridges[i] : NULL;
}

unsigned
xd_state_workers(const struct xd_state *state)
{
	unsigned n = 0;

	for (unsigned w = 0; w < XD_MAX_WORKERS; w++)
		n += state->workers[w] != NULL;
	return n;
}

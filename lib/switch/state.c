/* SPDX-License-Identifier: BSD-3-Clause */
/* A state of the switch, what is in it, and the plan that workers get of it. */
#include <stdlib.h>
#include <string.h>

#include "switch/switch.h"

struct xd_state *
xd_state_create(void)
{
	struct xd_state *state = calloc(1, sizeof(*state));

	if (state)
		memset(state->owner, XD_OWNER_NONE, sizeof(state->owner));
	return state;
}

void
xd_state_free(struct xd_state *state)
{
	if (!state)
		return;
	xd_plan_free(state->plan);
	xd_config_destroy(state->config);
	free(state->bridges);
	free(state);
}

struct xd_port *
xd_state_port(const struct xd_state *state, const char *name)
{
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		if (state->ports[i] && !strcmp(state->ports[i]->config.name, name))
			return state->ports[i];
	}
	return NULL;
}

struct xd_switch_bridge *
xd_state_bridge(const struct xd_state *state, const char *name)
{
	for (unsigned i = 0; i < state->nb_bridges; i++) {
		if (!strcmp(state->bridges[i].config.name, name))
			return &state->bridges[i];
	}
	return NULL;
}

unsigned
xd_state_workers(const struct xd_state *state)
{
	unsigned n = 0;

	for (unsigned w = 0; w < XD_MAX_WORKERS; w++)
		n += state->workers[w] != NULL;
	return n;
}

void
xd_state_assign(struct xd_state *state, const struct xd_state *before)
{
	unsigned load[XD_MAX_WORKERS] = {0};

	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		for (unsigned q = 0; state->ports[i] && q < state->ports[i]->nb_queues; q++) {
			uint8_t owner = state->ports[i] == before->ports[i] ? before->owner[i][q]
									    : XD_OWNER_NONE;

			if (owner != XD_OWNER_NONE && state->workers[owner]) {
				state->owner[i][q] = owner;
				load[owner]++;
			}
		}
	}
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		for (unsigned q = 0; state->ports[i] && q < state->ports[i]->nb_queues; q++) {
			uint8_t least = XD_OWNER_NONE;

			if (state->owner[i][q] != XD_OWNER_NONE)
				continue;
			for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
				if (state->workers[w] &&
					(least == XD_OWNER_NONE || load[w] < load[least]))
					least = (uint8_t)w;
			}
			if (least == XD_OWNER_NONE)
				return;
			state->owner[i][q] = least;
			load[least]++;
		}
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
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

/* VLANs as struct xd_port_config describes them. */
static void
plan_vlans(struct xd_plan_port *p, const struct xd_port_config *config)
{
	bool has_vlan = config->vlan != XD_VLAN_NONE;

	if (!config->has_vlans) {
		p->untagged_vlan = has_vlan ? config->vlan : 0;
		memset(p->tagged, has_vlan ? 0 : 0xff, sizeof(p->tagged));
	} else {
		memcpy(p->tagged, config->vlans, sizeof(p->tagged));
		p->untagged_vlan = has_vlan               ? config->vlan
				   : config->vlans[0] & 1 ? 0
							  : XD_VLAN_NONE;
		if (has_vlan)
			p->tagged[config->vlan / 64] |= 1ull << (config->vlan % 64);
	}
	/* VLAN 0 is what has no tag. */
	p->tagged[0] &= ~1ull;
}

/* Sources that the port may have, and how long others wait for it. */
static void
plan_limits(struct xd_plan_port *p, const struct xd_port_config *config)
{
	for (; p->nb_macs < config->nb_macs; p->nb_macs++)
		memcpy(&p->macs[p->nb_macs], config->macs[p->nb_macs], sizeof(config->macs[0]));
	if (config->full == XD_FULL_WAIT && p->driver->room)
		p->wait_us = config->wait_us;
}

static struct xd_plan_port *
plan_port(const struct xd_state *state, struct xd_plan *plan, struct xd_port *port)
{
	struct xd_plan_port *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->port = port;
	p->driver = port->driver;
	p->index = port->index;
	for (unsigned b = 0; b < state->nb_bridges; b++) {
		const struct xd_port_config *config =
			xd_config_port(state->config, port->config.name);

		if (!config || strcmp(state->bridges[b].config.name, config->bridge))
			continue;
		plan_vlans(p, config);
		plan_limits(p, config);
		plan->any_waits |= p->wait_us != 0;
		p->bridge = &plan->bridges[b];
		plan->bridges[b].members[plan->bridges[b].nb_members++] = port->index;
	}
	return p;
}

static int
plan_queues(const struct xd_state *state, struct xd_plan *plan,
	bool (*without)(const void *, const struct xd_port *, uint16_t), const void *ctx)
{
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		const struct xd_plan_port *p = plan->ports[i];

		for (uint16_t q = 0; p && q < p->port->nb_queues; q++) {
			struct xd_plan_worker *w;
			struct xd_plan_queue *queues;

			if (state->owner[i][q] == XD_OWNER_NONE ||
				(without && without(ctx, p->port, q)))
				continue;
			w = &plan->workers[state->owner[i][q]];
			queues = realloc(w->queues, (w->nb_queues + 1) * sizeof(*queues));
			if (!queues)
				return -1;
			w->queues = queues;
			w->queues[w->nb_queues++] = (struct xd_plan_queue){.port = p, .queue = q};
			w->can_sleep &= p->driver->fd && p->driver->fd(p->port, q) >= 0;
		}
	}
	return 0;
}

/* Marks whole ports: asked for queue UINT16_MAX. */
struct xd_plan *
xd_plan_build(const struct xd_state *state,
	bool (*without)(const void *ctx, const struct xd_port *port, uint16_t queue),
	const void *ctx)
{
	struct xd_plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return NULL;
	plan->poll = state->config->idle == XD_IDLE_POLL;
	for (unsigned w = 0; w < XD_MAX_WORKERS; w++)
		plan->workers[w].can_sleep = true;
	plan->bridges = calloc(state->nb_bridges + 1, sizeof(*plan->bridges));
	if (!plan->bridges)
		goto err_plan;
	for (; plan->nb_bridges < state->nb_bridges; plan->nb_bridges++) {
		struct xd_plan_bridge *b = &plan->bridges[plan->nb_bridges];

		b->fdb = state->bridges[plan->nb_bridges].fdb;
		b->members = calloc(state->config->nb_ports + 1, sizeof(*b->members));
		if (!b->members)
			goto err_plan;
	}
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		if (!state->ports[i] || (without && without(ctx, state->ports[i], UINT16_MAX)))
			continue;
		plan->ports[i] = plan_port(state, plan, state->ports[i]);
		if (!plan->ports[i])
			goto err_plan;
	}
	if (plan_queues(state, plan, without, ctx) < 0)
		goto err_plan;
	return plan;

err_plan:
	xd_plan_free(plan);
	return NULL;
}

void
xd_plan_free(struct xd_plan *plan)
{
	if (!plan)
		return;
	for (unsigned i = 0; i < XD_MAX_PORTS; i++)
		free(plan->ports[i]);
	for (unsigned w = 0; w < XD_MAX_WORKERS; w++)
		free(plan->workers[w].queues);
	for (unsigned b = 0; plan->bridges && b < plan->nb_bridges; b++)
		free(plan->bridges[b].members);
	free(plan->bridges);
	free(plan);
}

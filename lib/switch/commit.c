/* SPDX-License-Identifier: BSD-3-Clause */
/* The second half of a change, which cannot fail: publishes the next plan, then clears up. */
#include <string.h>

#include "switch/change.h"

/* What was learned on the port may not hold any more. */
static bool
must_learn_anew(const struct xd_port_config *a, const struct xd_port_config *b)
{
	return a->vlan != b->vlan || a->has_vlans != b->has_vlans ||
	       memcmp(a->vlans, b->vlans, sizeof(a->vlans)) || strcmp(a->bridge, b->bridge) ||
	       a->nb_macs != b->nb_macs ||
	       memcmp(a->macs, b->macs, a->nb_macs * sizeof(a->macs[0]));
}

static void
flush_port(const struct xd_state *state, uint16_t port)
{
	for (unsigned b = 0; b < state->nb_bridges; b++)
		xd_fdb_flush_port(state->bridges[b].fdb, port);
}

static void
remove_port(const struct xd_state *state, uint16_t port)
{
	for (unsigned b = 0; b < state->nb_bridges; b++)
		xd_fdb_remove_port(state->bridges[b].fdb, port);
}

/* Before workers see the next plan: a port's first frames obey its limit. */
static void
set_limits(const struct xd_state *state)
{
	for (unsigned i = 0; i < state->config->nb_ports; i++) {
		const struct xd_port_config *config = &state->config->ports[i];
		const struct xd_switch_bridge *b = xd_state_bridge(state, config->bridge);
		const struct xd_port *port = xd_state_port(state, config->name);

		if (b && port)
			xd_fdb_set_port_limit(b->fdb, port->index, config->mac_limit);
	}
}

/* Ports that are gone, and ports that stay under new settings. */
static void
commit_ports(struct xd_change *t)
{
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		struct xd_port *port = t->now->ports[i];
		const struct xd_port_config *config;

		if (!port)
			continue;
		config = port == t->next->ports[i]
				 ? xd_config_port(t->next->config, port->config.name)
				 : NULL;
		if (config) {
			bool anew = must_learn_anew(config, &port->config);

			port->config = *config;
			if (anew)
				flush_port(t->next, (uint16_t)i);
			continue;
		}
		remove_port(t->next, (uint16_t)i);
		if (!t->stopped[i])
			port->driver->stop(port);
		port->driver->destroy(port);
	}
}

static void
commit_bridges(struct xd_change *t)
{
	for (unsigned i = 0; i < t->next->nb_bridges; i++)
		xd_fdb_set_ageing(t->next->bridges[i].fdb, t->next->bridges[i].config.ageing_s);
	for (unsigned i = 0; i < t->now->nb_bridges; i++) {
		const struct xd_switch_bridge *b =
			xd_state_bridge(t->next, t->now->bridges[i].config.name);

		if (!b || b->fresh)
			xd_fdb_destroy(t->now->bridges[i].fdb);
	}
}

void
xd_change_commit(struct xd_change *t)
{
	set_limits(t->next);
	for (unsigned i = 0; i < t->next->nb_bridges; i++) {
		const struct xd_switch_bridge *b = &t->next->bridges[i];
		const struct xd_switch_bridge *old = xd_state_bridge(t->now, b->config.name);

		if (b->fresh && old)
			xd_fdb_copy(b->fdb, old->fdb);
	}
	xd_switch_publish(t->sw, t->next, t->between);
	xd_switch_publish(t->sw, t->next, t->next->plan);
	t->sw->state = t->next;
	commit_ports(t);
	commit_bridges(t);
	for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
		if (t->now->workers[w] && t->now->workers[w]->own && !t->next->workers[w])
			xd_worker_destroy(t->now->workers[w]);
	}
	memset(t->next->fresh_port, 0, sizeof(t->next->fresh_port));
	memset(t->next->fresh_worker, 0, sizeof(t->next->fresh_worker));
	for (unsigned i = 0; i < t->next->nb_bridges; i++)
		t->next->bridges[i].fresh = false;
	xd_state_free(t->now);
}

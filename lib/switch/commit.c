/* SPDX-License-Identifier: BSD-3-Clause */
/* The second half of a change, which cannot fail: publishes the next plan, then clears up. */
#include <string.h>

#include "config/noun.h"
#include "switch/change.h"

/* What was learned on the port may not hold any more. */
static bool
must_learn_anew(const struct xd_port_config *a, const struct xd_port_config *b)
{
	return xd_noun_cost(&xd_port_noun, a, b) & XD_COST_LEARN;
}

static void
flush_port(const struct xd_state *state, uint16_t port)
{
	for (unsigned b = 0; b < state->nb_bridges; b++)
		xd_fdb_forget_port(state->bridges[b].fdb, port);
}

static void
remove_port(const struct xd_state *state, uint16_t port)
{
	for (unsigned b = 0; b < state->nb_bridges; b++)
		xd_fdb_remove_port(state->bridges[b].fdb, port);
}

static void
set_limit(const struct xd_state *state, unsigned port)
{
	const struct xd_port_config *config = state->port_config[port];
	const struct xd_switch_bridge *b = xd_state_bridge(state, config->bridge);

	if (b)
		xd_fdb_set_port_limit(b->fdb, (uint16_t)port, config->mac_limit);
}

/* A new port that has the index of one that goes. */
static bool
replaces(const struct xd_change *t, unsigned port)
{
	return t->next->fresh_port[port] && t->now->ports[port];
}

/* A queue must have left its old worker before another one takes it up, and an index the port that
 * had it. */
static bool
without_moving(const void *ctx, const struct xd_port *port, uint16_t queue)
{
	const struct xd_change *t = ctx;
	unsigned i = port->index;

	if (queue == XD_ALL_QUEUES)
		return replaces(t, i);
	return t->now->ports[i] == port && t->now->owner[i][queue] != XD_OWNER_NONE &&
	       t->now->owner[i][queue] != t->next->owner[i][queue];
}

/* Before workers see the next plan: ports that stay have their new settings, and the first frames
 * of new ones obey their limits. */
static void
set_ports(struct xd_change *t)
{
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		struct xd_port *port = t->next->ports[i];

		if (port && t->set[i] && port == t->now->ports[i])
			xd_port_set(port, t->next->port_config[i]);
		if (port && !replaces(t, i))
			set_limit(t->next, i);
	}
}

/* What a port was counted by, and had left of its limits, before it was made anew. No worker knows
 * either of the two. */
static void
inherit_counters(struct xd_port *port, const struct xd_port *old, unsigned nb_slots)
{
	for (unsigned w = 0; w < nb_slots; w++)
		xd_counters_sum(&port->counters[w], &old->counters[w], 1);
	for (unsigned q = 0; q < XD_PORT_QUEUES; q++) {
		for (unsigned r = 0; r < XD_DROP_REASONS; r++)
			port->drops[q].n[r] += old->drops[q].n[r];
	}
	memcpy(port->policers, old->policers, sizeof(port->policers));
	for (unsigned w = 0; port->rmon && old->rmon && w < nb_slots; w++)
		xd_rmon_sum(&port->rmon[w], &old->rmon[w], 1);
}

/* Whether a port was made anew with the socket or device that it had: the same guest or network is
 * behind it still. */
static bool
keeps_device(const struct xd_change *t, unsigned i)
{
	struct xd_port *holders[XD_CLAIMS];
	unsigned n = 0;

	if (t->inherits[i])
		n = xd_change_holders(t, t->next->port_config[i], holders);
	while (n && holders[n - 1] != t->now->ports[i])
		n--;
	return n > 0;
}

/* Whether copies leave by the port from now on, which has no place in its bridge then. */
static bool
becomes_output(const struct xd_change *t, unsigned i)
{
	const struct xd_plan_port *p = t->next->plan->ports[i], *old = t->now->plan->ports[i];

	return p && p->mirror_output && !(old && old->mirror_output);
}

/* Between the plans: workers know neither ports that go nor those that take their index. */
static void
hand_over_indices(struct xd_change *t)
{
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		const struct xd_port *old = t->now->ports[i];
		struct xd_port *port = t->next->ports[i];

		if (!old || old == port)
			continue;
		if (!keeps_device(t, i) || becomes_output(t, i) ||
			must_learn_anew(t->next->port_config[i], &old->config))
			remove_port(t->next, (uint16_t)i);
		if (t->inherits[i])
			inherit_counters(port, old, t->sw->nb_slots);
		if (port)
			set_limit(t->next, i);
	}
}

/* Ports that are gone, and ports that stay under new settings. */
static void
commit_ports(struct xd_change *t)
{
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		struct xd_port *port = t->now->ports[i];

		if (!port)
			continue;
		if (port == t->next->ports[i]) {
			const struct xd_port_config *config = t->next->port_config[i];
			bool anew = must_learn_anew(config, &port->config) || becomes_output(t, i);

			port->config = *config;
			if (anew)
				flush_port(t->next, (uint16_t)i);
			continue;
		}
		if (!t->stopped[i])
			port->driver->stop(port);
		xd_port_destroy(port);
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

static void
commit_workers(struct xd_change *t)
{
	for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
		if (t->now->workers[w] && t->now->workers[w]->own && !t->next->workers[w])
			xd_worker_destroy(t->now->workers[w]);
	}
}

static void
copy_tables(const struct xd_change *t)
{
	for (unsigned i = 0; i < t->next->nb_bridges; i++) {
		const struct xd_switch_bridge *b = &t->next->bridges[i];
		const struct xd_switch_bridge *old = xd_state_bridge(t->now, b->config.name);

		if (b->fresh && old)
			xd_fdb_copy(b->fdb, old->fdb);
	}
}

static void
count_slots(struct xd_switch *sw, const struct xd_state *next)
{
	for (unsigned w = sw->nb_slots; w < XD_MAX_WORKERS; w++) {
		if (next->workers[w])
			sw->nb_slots = w + 1;
	}
}

void
xd_change_commit(struct xd_change *t)
{
	count_slots(t->sw, t->next);
	xd_switch_assign(t->sw, t->next, t->now);
	xd_state_join_bonds(t->next);
	xd_plan_fill(t->between, t->next, without_moving, t);
	xd_plan_fill(t->next->plan, t->next, NULL, NULL);
	set_ports(t);
	copy_tables(t);
	xd_switch_publish(t->sw, t->next, t->between);
	hand_over_indices(t);
	t->sw->state = t->next;
	t->sw->next = NULL;
	xd_switch_look_at_bonds(t->sw);
	xd_switch_look_at_patches(t->sw);
	xd_switch_publish(t->sw, t->next, t->next->plan);
	xd_hooks_commit(t);
	xd_events_commit(t);
	commit_ports(t);
	commit_bridges(t);
	commit_workers(t);
	xd_state_commit_mirrors(t->next, t->now);
	memset(t->next->fresh_port, 0, sizeof(t->next->fresh_port));
	memset(t->next->fresh_worker, 0, sizeof(t->next->fresh_worker));
	for (unsigned i = 0; i < t->next->nb_bridges; i++)
		t->next->bridges[i].fresh = false;
	xd_state_free(t->now);
}

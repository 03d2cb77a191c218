/* SPDX-License-Identifier: BSD-3-Clause */
/* The plan of a state: memory for it before ports are started, so that it cannot be lacking when
 * they are. */
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "config/vlan.h"
#include "switch/switch.h"

/* Queues of one worker begin on a cache line of their own: it writes to them. */
#define LINE_QUEUES 8

static_assert(LINE_QUEUES * sizeof(struct xd_plan_queue) % 64 == 0, "no whole cache lines");

struct xd_plan *
xd_plan_create(const struct xd_state *state)
{
	struct xd_plan *plan = calloc(1, sizeof(*plan));
	size_t nb_ports = 1, nb_queues;

	if (!plan)
		return NULL;
	for (unsigned i = 0; i < XD_MAX_PORTS; i++)
		nb_ports += state->ports[i] != NULL;
	nb_queues =
		RTE_ALIGN(nb_ports * XD_PORT_QUEUES, LINE_QUEUES) + LINE_QUEUES * XD_MAX_WORKERS;
	/* Behind the bridges one for each, with its FDB and no members: see fill_bridges. */
	plan->bridges = calloc(2 * state->nb_bridges + 1, sizeof(*plan->bridges));
	plan->port_memory = calloc(nb_ports, sizeof(*plan->port_memory));
	plan->member_memory = calloc(nb_ports, sizeof(*plan->member_memory));
	plan->queue_memory = aligned_alloc(64, nb_queues * sizeof(*plan->queue_memory));
	plan->mirrors = calloc(state->nb_mirrors + 1, sizeof(*plan->mirrors));
	plan->mirror_memory =
		calloc(state->nb_mirrors * nb_ports + 1, sizeof(*plan->mirror_memory));
	plan->vlan_memory = calloc(64 * state->nb_bridges + 1, sizeof(*plan->vlan_memory));
	if (plan->bridges && plan->port_memory && plan->member_memory && plan->queue_memory &&
		plan->mirrors && plan->mirror_memory && plan->vlan_memory)
		return plan;
	xd_plan_free(plan);
	return NULL;
}

void
xd_plan_free(struct xd_plan *plan)
{
	if (!plan)
		return;
	free(plan->vlan_memory);
	free(plan->mirror_memory);
	free(plan->mirrors);
	free(plan->queue_memory);
	free(plan->member_memory);
	free(plan->port_memory);
	free(plan->bridges);
	free(plan);
}

/* A trunk's VLANs, and its native one, of frames that come untagged. */
static void
fill_trunk(struct xd_plan_port *p, const struct xd_port_config *config)
{
	const bool native = config->vlan != XD_VLAN_NONE;
	const bool all = !config->has_vlans;

	if (all)
		memset(p->tagged, 0xff, sizeof(p->tagged));
	else
		memcpy(p->tagged, config->vlans, sizeof(p->tagged));
	p->pvid = native ? config->vlan : all || (config->vlans[0] & 1) ? 0 : XD_VLAN_NONE;
	p->untagged_vlan = p->pvid;
	if (native)
		p->tagged[config->vlan / 64] |= 1ull << (config->vlan % 64);
	/* VLAN 0 is what has no tag. */
	p->tagged[0] &= ~1ull;
}

static void
fill_tunnel(struct xd_plan_port *p, const struct xd_port_config *config)
{
	p->tunnel = true;
	p->service = config->qinq_ethtype == XD_QINQ_802_1AD;
	p->tunnel_vlan = config->vlan;
	if (!config->has_cvlans)
		return;
	p->cvlans = config->cvlans;
	p->untagged_vlan = XD_VLAN_NONE;
	if (!xd_plan_port_has_customer(p, 0))
		p->pvid = XD_VLAN_NONE;
}

void
xd_plan_vlans(struct xd_plan_port *p, const struct xd_port_config *config)
{
	if (!xd_vlan_is_access(config)) {
		fill_trunk(p, config);
		if (xd_vlan_mode(config) == XD_VLAN_MODE_NATIVE_TAGGED)
			p->untagged_vlan = XD_VLAN_NONE;
		return;
	}
	memset(p->tagged, 0, sizeof(p->tagged));
	p->pvid = p->untagged_vlan = config->vlan;
	if (xd_vlan_mode(config) == XD_VLAN_MODE_DOT1Q_TUNNEL)
		fill_tunnel(p, config);
}

/* Sources that the port may have, how long others wait for it, and whether it takes several
 * segments as one. */
static void
fill_limits(struct xd_plan_port *p, const struct xd_port_config *config)
{
	for (; p->nb_macs < config->nb_macs; p->nb_macs++)
		memcpy(&p->macs[p->nb_macs], config->macs[p->nb_macs], sizeof(config->macs[0]));
	if (config->full == XD_FULL_WAIT && p->driver->room)
		p->wait_us = config->wait_us;
	p->coalesces = config->coalesce != XD_COALESCE_OFF && p->driver->takes;
}

static void
fill_policers(struct xd_plan *plan, struct xd_plan_port *p, const struct xd_port_config *config)
{
	for (unsigned i = 0; i < XD_POLICERS; i++) {
		const struct xd_limit limit = xd_policer_limit(config, i);

		p->policers[i] = xd_policer_rates(&limit, rte_get_tsc_hz());
		p->polices_in |= p->policers[i].any && i != XD_POLICER_OUT;
	}
	plan->any_police_out |= p->policers[XD_POLICER_OUT].any;
}

static void
fill_port(const struct xd_state *state, struct xd_plan *plan, unsigned i)
{
	const struct xd_port_config *config = state->port_config[i];
	struct xd_plan_port *p = plan->ports[i];

	p->port = state->ports[i];
	p->driver = p->port->driver;
	p->index = (uint16_t)i;
	p->config = *config;
	xd_plan_vlans(p, &p->config);
	fill_limits(p, config);
	fill_policers(plan, p, config);
	plan->any_waits |= p->wait_us != 0;
	plan->slow_us = RTE_MIN(plan->slow_us, config->slow_us);
	if (config->counters == XD_COUNTING_DETAILED)
		p->rmon = p->port->rmon;
}

/* What hooks a port has, and how long they may leave its frames. */
static void
fill_hooks(const struct xd_state *state, struct xd_plan *plan, unsigned i)
{
	struct xd_plan_port *p = plan->ports[i];
	const uint32_t wait_us = p->config.wait_us ? p->config.wait_us : XD_WAIT_US;

	xd_hooks_of(state->sw, state, i, &p->in_hooks, &p->out_hooks);
	p->leave_tsc = state->sw->tsc_hz / 1000000 * wait_us;
	plan->any_hooks |= p->in_hooks.n || p->out_hooks.n;
	plan->any_waits |= p->in_hooks.n != 0;
}

/* Of bonds and of their members, each what the other is. */
static void
fill_bonds(const struct xd_state *state, struct xd_plan *plan)
{
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		struct xd_plan_port *p = plan->ports[i];
		const char *names[XD_BOND_MEMBERS];
		unsigned n = 0;

		if (!p || !p->driver->bond)
			continue;
		p->bond = p->driver->bond(p->port);
		plan->any_bonds = true;
		n = p->driver->members(&p->config, names);
		for (unsigned m = 0; m < XD_BOND_MEMBERS; m++)
			p->members[m] = XD_PORT_NONE;
		for (unsigned k = 0; k < n; k++) {
			const struct xd_port *member = xd_state_port(state, names[k]);
			struct xd_plan_port *there = plan->ports[member->index];
			const uint8_t m = p->bond->number[k];

			if (!there)
				continue;
			p->members[m] = there->index;
			there->member = m;
			there->member_of = p;
			there->out_hooks = p->out_hooks;
		}
	}
}

/* Of patch ports that agree on each other, the other end. */
static void
fill_patches(const struct xd_state *state, struct xd_plan *plan)
{
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		struct xd_plan_port *p = plan->ports[i];
		const struct xd_port *peer = NULL;
		char why[XD_PEER_WHY];

		if (p && p->driver->peer)
			peer = xd_state_peer(state, p->port, why);
		if (!peer || !plan->ports[peer->index])
			continue;
		p->peer = plan->ports[peer->index];
		plan->any_patches = true;
	}
}

/* Members of a bridge are in ascending order, as each output is. A port that mirrors' copies leave
 * by is none: its bridge is one that no other port is in. */
static void
fill_bridges(const struct xd_state *state, struct xd_plan *plan)
{
	uint16_t *member = plan->member_memory;

	plan->nb_bridges = state->nb_bridges;
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		const struct xd_switch_bridge *b =
			plan->ports[i] ? xd_state_bridge(state, state->port_config[i]->bridge)
				       : NULL;

		if (!b)
			continue;
		plan->ports[i]->bridge =
			&plan->bridges[b - state->bridges +
				       (plan->ports[i]->mirror_output ? state->nb_bridges : 0)];
		if (!plan->ports[i]->mirror_output)
			plan->bridges[b - state->bridges].nb_members++;
	}
	for (unsigned b = 0; b < state->nb_bridges; b++) {
		plan->bridges[b].fdb = plan->bridges[b + state->nb_bridges].fdb =
			state->bridges[b].fdb;
		plan->bridges[b].members = member;
		member += plan->bridges[b].nb_members;
		plan->bridges[b].nb_members = 0;
	}
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		const struct xd_plan_bridge *b = plan->ports[i] ? plan->ports[i]->bridge : NULL;
		struct xd_plan_bridge *bridge = b ? &plan->bridges[b - plan->bridges] : NULL;

		if (!bridge || plan->ports[i]->mirror_output)
			continue;
		bridge->members[bridge->nb_members++] = (uint16_t)i;
		bridge->any_cvlans |= plan->ports[i]->cvlans != NULL;
	}
}

/* How long a worker polls before it sleeps; one on a thread of an application never does. */
static void
fill_idle(const struct xd_state *state, struct xd_plan_worker *plan, const struct xd_worker *w)
{
	const struct xd_config *config = state->config;
	uint64_t spin_us = config->nb_spin_us ? config->spin_us[0] : XD_WORKER_SPIN_US;

	plan->poll = config->idle == XD_IDLE_POLL;
	for (unsigned i = 0; i < config->nb_poll_cores; i++)
		plan->poll |= config->poll_cores[i] == w->core;
	for (unsigned i = 0; i < config->nb_spin_us && i < config->nb_cores; i++) {
		if (config->nb_spin_us > 1 && config->cores[i] == w->core)
			spin_us = config->spin_us[i];
	}
	plan->spin_tsc = w->env.tsc_hz / 1000000 * spin_us;
}

/* Hooks whose tick the worker of a queue calls: those that its frames may meet, where they come in
 * and at every port of their bridge. */
static uint64_t
ticks_of(const struct xd_plan *plan, const struct xd_plan_port *in)
{
	uint64_t ticks = 0;

	for (uint16_t i = 0; i < in->in_hooks.n; i++)
		ticks |= (uint64_t)(in->in_hooks.slots[i]->hook.tick != NULL)
			 << in->in_hooks.slots[i]->index;
	for (uint16_t m = 0; m < in->bridge->nb_members; m++) {
		const struct xd_hook_list *out = &plan->ports[in->bridge->members[m]]->out_hooks;

		for (uint16_t i = 0; i < out->n; i++)
			ticks |= (uint64_t)(out->slots[i]->hook.tick != NULL)
				 << out->slots[i]->index;
	}
	return ticks;
}

/* Hooks that keep frames, which they may do for a port or a worker that has the hook no more. */
static uint64_t
drains_of(const struct xd_switch *sw)
{
	uint64_t drains = 0;

	for (unsigned i = 0; i < XD_MAX_HOOKS; i++) {
		if (sw->hooks[i] && sw->hooks[i]->hook.tick && sw->hooks[i]->pool)
			drains |= 1ull << i;
	}
	return drains;
}

static void
fill_queues(const struct xd_state *state, struct xd_plan *plan, xd_plan_without_fn without,
	const void *ctx)
{
	struct xd_plan_queue *next = plan->queue_memory;
	const uint64_t drains = drains_of(state->sw);

	for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
		struct xd_plan_worker *worker = &plan->workers[w];

		worker->queues = next;
		worker->can_sleep = true;
		if (state->workers[w])
			fill_idle(state, worker, state->workers[w]);
		for (unsigned i = 0; state->workers[w] && i < XD_MAX_PORTS; i++) {
			const struct xd_plan_port *p = plan->ports[i];

			for (uint16_t q = 0; p && q < p->port->nb_queues; q++) {
				const struct xd_plan_port *in;

				if (state->owner[i][q] != w ||
					(without && without(ctx, p->port, q)))
					continue;
				in = p->member_of ? p->member_of : p;
				if (!in->bridge)
					continue;
				*next++ = (struct xd_plan_queue){.port = p, .in = in, .queue = q};
				if (plan->any_hooks)
					worker->ticks |= ticks_of(plan, in);
				worker->can_sleep &=
					p->driver->fd && p->driver->fd(p->port, q) != -1;
			}
		}
		worker->drains = drains & ~worker->ticks;
		worker->nb_queues = (unsigned)(next - worker->queues);
		next = worker->queues + RTE_ALIGN(worker->nb_queues, LINE_QUEUES);
	}
}

void
xd_plan_fill(struct xd_plan *plan, const struct xd_state *state, xd_plan_without_fn without,
	const void *ctx)
{
	struct xd_plan_port *p = plan->port_memory;

	plan->hooks = state->sw->hooks;
	plan->slow_us = XD_BUDGET_CALL_MAX_US;
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		if (!state->ports[i] || (without && without(ctx, state->ports[i], XD_ALL_QUEUES)))
			continue;
		plan->ports[i] = p++;
		fill_port(state, plan, i);
		fill_hooks(state, plan, i);
	}
	fill_bonds(state, plan);
	fill_patches(state, plan);
	xd_plan_mirror_outputs(plan, state);
	fill_bridges(state, plan);
	xd_plan_fill_mirrors(plan, state);
	plan->watched = plan->any_hooks || plan->nb_mirrors;
	fill_queues(state, plan, without, ctx);
}

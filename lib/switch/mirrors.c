/* SPDX-License-Identifier: BSD-3-Clause */
/* Mirrors: their counters, which stay while they are there, and what workers need to know of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/mirrors.h"
#include "config/vlan.h"
#include "switch/switch.h"

/* ---- Making ---- */

static const struct xd_mirror_config *
config_of(const struct xd_state *state, unsigned i)
{
	return xd_noun_entry(&xd_mirror_noun, state->config, i);
}

/* Those of the mirror of that name in the state before, or new ones; NULL: no memory. */
static struct xd_mirror_counters *
make_counters(const struct xd_state *now, const char *name, bool *fresh)
{
	const struct xd_mirror_config *old = xd_names_get(now->names, &xd_mirror_noun, name);
	struct xd_mirror_counters *counters;

	*fresh = old == NULL;
	if (old)
		return now->mirrors[old - config_of(now, 0)].counters;
	counters = aligned_alloc(64, XD_MAX_WORKERS * sizeof(*counters));
	if (counters)
		memset(counters, 0, XD_MAX_WORKERS * sizeof(*counters));
	return counters;
}

int
xd_state_make_mirrors(struct xd_state *next, const struct xd_state *now)
{
	for (unsigned i = 0; i < xd_noun_count(&xd_mirror_noun, next->config); i++) {
		struct xd_switch_mirror *m = &next->mirrors[i];

		m->counters = make_counters(now, config_of(next, i)->name, &m->fresh);
		if (!m->counters)
			return -ENOMEM;
		next->nb_mirrors = i + 1;
	}
	return 0;
}

void
xd_state_undo_mirrors(struct xd_state *next)
{
	for (unsigned i = 0; i < next->nb_mirrors; i++) {
		if (next->mirrors[i].fresh)
			free(next->mirrors[i].counters);
	}
}

void
xd_state_commit_mirrors(struct xd_state *next, const struct xd_state *now)
{
	for (unsigned i = 0; i < now->nb_mirrors; i++) {
		if (!xd_names_get(next->names, &xd_mirror_noun, config_of(now, i)->name))
			free(now->mirrors[i].counters);
	}
	for (unsigned i = 0; i < next->nb_mirrors; i++)
		next->mirrors[i].fresh = false;
}

/* ---- The plan ---- */

static struct xd_plan_port *
port_of(const struct xd_state *state, const struct xd_plan *plan, const char *name)
{
	const struct xd_port *port = xd_state_port(state, name);

	return port ? plan->ports[port->index] : NULL;
}

void
xd_plan_mirror_outputs(struct xd_plan *plan, const struct xd_state *state)
{
	for (unsigned i = 0; i < state->nb_mirrors; i++) {
		const struct xd_mirror_config *config = config_of(state, i);
		struct xd_plan_port *p = port_of(state, plan, config->output_port);

		if (!p)
			continue;
		p->mirror_output = true;
		/* Nothing comes in by it. */
		p->pvid = p->untagged_vlan = XD_VLAN_NONE;
		p->tunnel = false;
		p->cvlans = NULL;
		memset(p->tagged, 0, sizeof(p->tagged));
	}
}

static void
set_bit(uint64_t *bits, uint16_t i)
{
	bits[i / 64] |= 1ull << (i % 64);
}

static void
select_ports(const struct xd_state *state, const struct xd_plan *plan, uint64_t *bits,
	const char (*names)[XD_NAME_MAX], unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct xd_plan_port *p = port_of(state, plan, names[i]);

		if (p)
			set_bit(bits, p->index);
	}
}

static void
fill_selection(struct xd_plan_mirror *m, const struct xd_state *state, const struct xd_plan *plan,
	const struct xd_plan_bridge *bridge, const struct xd_mirror_config *config)
{
	m->all_vlans = !config->has_select_vlan;
	memcpy(m->vlans, config->select_vlan, sizeof(m->vlans));
	if (config->select_all != XD_MIRROR_SELECT_ALL) {
		select_ports(state, plan, m->src, config->select_src_port, config->nb_src);
		select_ports(state, plan, m->dst, config->select_dst_port, config->nb_dst);
		return;
	}
	for (unsigned i = 0; i < bridge->nb_members; i++) {
		set_bit(m->src, bridge->members[i]);
		set_bit(m->dst, bridge->members[i]);
	}
}

/* The one port of output_port, or those that carry output_vlan. Returns the first place behind. */
static uint16_t *
fill_output(struct xd_plan_mirror *m, const struct xd_state *state, const struct xd_plan *plan,
	const struct xd_plan_bridge *bridge, const struct xd_mirror_config *config, uint16_t *ports)
{
	const struct xd_plan_port *out = port_of(state, plan, config->output_port);
	uint16_t n = 0;

	m->ports = ports;
	m->output_vlan = config->output_vlan;
	/* An access port has no tags. */
	if (out) {
		m->untag = xd_vlan_is_access(&out->config);
		ports[n++] = out->index;
		m->nb_tagged = m->nb_ports = n;
	}
	/* A copy goes through no second bridge. */
	for (unsigned tagged = 2; config->output_vlan != XD_VLAN_NONE && tagged-- > 0;) {
		for (unsigned i = 0; i < bridge->nb_members; i++) {
			const struct xd_plan_port *p = plan->ports[bridge->members[i]];

			if (p->driver->peer)
				continue;
			if (tagged ? xd_plan_port_tagged(p, config->output_vlan) &&
						p->untagged_vlan != config->output_vlan
				   : p->untagged_vlan == config->output_vlan)
				ports[n++] = p->index;
		}
		if (tagged)
			m->nb_tagged = n;
		m->nb_ports = n;
	}
	return ports + n;
}

/* VLANs of copies, in which nothing is learned. */
static void
fill_unlearned(
	struct xd_plan_bridge *bridge, const struct xd_mirror_config *config, uint64_t *vlans)
{
	if (config->output_vlan == XD_VLAN_NONE)
		return;
	bridge->unlearned = vlans;
	set_bit(vlans, config->output_vlan);
}

void
xd_plan_fill_mirrors(struct xd_plan *plan, const struct xd_state *state)
{
	uint16_t *ports = plan->mirror_memory;

	for (unsigned b = 0; b < state->nb_bridges; b++) {
		struct xd_plan_bridge *bridge = &plan->bridges[b];

		bridge->first_mirror = (uint16_t)plan->nb_mirrors;
		for (unsigned i = 0; i < state->nb_mirrors; i++) {
			const struct xd_mirror_config *config = config_of(state, i);
			struct xd_plan_mirror *m = &plan->mirrors[plan->nb_mirrors];

			if (strcmp(config->bridge, state->bridges[b].config.name))
				continue;
			fill_selection(m, state, plan, bridge, config);
			ports = fill_output(m, state, plan, bridge, config, ports);
			fill_unlearned(bridge, config, &plan->vlan_memory[64 * b]);
			m->snaplen = config->snaplen ? config->snaplen : UINT32_MAX;
			m->counters = state->mirrors[i].counters;
			plan->nb_mirrors++;
			bridge->nb_mirrors++;
		}
	}
}

/* ---- Shown ---- */

static void
show(const struct xd_switch *sw, unsigned i, struct xd_mirror_info *info)
{
	const struct xd_mirror_counters *counters = sw->state->mirrors[i].counters;

	*info = (struct xd_mirror_info){.config = *config_of(sw->state, i)};
	for (unsigned w = 0; w < sw->nb_slots; w++) {
		info->tx_frames += __atomic_load_n(&counters[w].tx_frames, __ATOMIC_RELAXED);
		info->tx_bytes += __atomic_load_n(&counters[w].tx_bytes, __ATOMIC_RELAXED);
		info->dropped += __atomic_load_n(&counters[w].dropped, __ATOMIC_RELAXED);
	}
}

unsigned
xd_switch_mirrors(struct xd_switch *sw, struct xd_mirror_info *info, unsigned max)
{
	unsigned n;

	if (!sw)
		return 0;
	xd_loop_lock(sw->loop);
	n = sw->state->nb_mirrors;
	for (unsigned i = 0; info && i < n && i < max; i++)
		show(sw, i, &info[i]);
	xd_loop_unlock(sw->loop);
	return n;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Bonds: which of their members carry frames, as links go down and come up, and that the network
 * beyond hears of it. */
#include <string.h>

#include "bond/lacp.h"
#include "switch/switch.h"

struct announcing {
	struct xd_port *port;
	struct xd_plan_port vlans; /* the port's: of that, nothing else is set */
	unsigned n, lost;
};

static bool
announce(void *ctx, const struct xd_fdb_record *record)
{
	struct announcing *a = ctx;
	const bool untagged = record->vlan == a->vlans.untagged_vlan;
	const uint16_t vlan = untagged ? 0 : record->vlan;

	if (record->port == a->port->index ||
		(!untagged && !xd_plan_port_tagged(&a->vlans, record->vlan)))
		return true;
	if (a->port->driver->announce(a->port, record->mac, vlan))
		a->n++;
	else
		a->lost++;
	return true;
}

/* Tells the network behind a bond by which member the addresses on this side are reached now. */
static void
announce_all(struct xd_switch *sw, struct xd_port *port)
{
	const struct xd_switch_bridge *b = xd_state_bridge(sw->state, port->config.bridge);
	struct announcing a = {.port = port};

	xd_plan_vlans(&a.vlans, &port->config);
	if (b)
		xd_fdb_foreach(b->fdb, xd_switch_now_s(sw), announce, &a);
	if (a.lost)
		xd_log(&sw->log, XD_LOG_PORT, XD_LOG_WARN,
			"%s: %u addresses announced, %u are too many at once: they are found again "
			"when they send",
			port->config.name, a.n, a.lost);
}

static void
tell(struct xd_switch *sw, const struct xd_port *port, const struct xd_bond *bond)
{
	const char *names[XD_BOND_MEMBERS];
	unsigned n = port->driver->members(&port->config, names);
	char text[XD_BOND_MEMBERS * (XD_NAME_MAX + 1)] = "";

	for (unsigned i = 0; i < n; i++) {
		if (!xd_bond_receives(bond, i))
			continue;
		if (text[0])
			strcat(text, ",");
		strncat(text, names[i], XD_NAME_MAX - 1);
	}
	xd_log(&sw->log, XD_LOG_PORT, XD_LOG_INFO, "%s: %s%s", port->config.name,
		text[0]                      ? "carried by "
		: bond->mode == XD_BOND_LACP ? "no member has a partner"
					     : "no member is up",
		text);
}

static void
look_at(struct xd_switch *sw, struct xd_port *port)
{
	const struct xd_bond *bond = port->driver->bond(port);
	struct xd_member_link links[XD_BOND_MEMBERS];
	bool changed, up;

	for (unsigned i = 0; i < bond->nb_members; i++) {
		const struct xd_port *member = xd_state_member(sw->state, port, i);

		links[i] = (struct xd_member_link){
			member && member->up, member ? member->speed_mbps : 0};
	}
	changed = port->driver->links(port, links, bond->nb_members);
	up = bond->receives != 0;
	if (changed)
		tell(sw, port, bond);
	/* One that is an aggregation with its partner is reached by any member. */
	if (changed && up && bond->mode == XD_BOND_ACTIVE_BACKUP)
		announce_all(sw, port);
	if (port->up == up)
		return;
	port->up = up;
	port->env->changed(port->env->ctx, port);
}

void
xd_switch_look_at_bonds(struct xd_switch *sw)
{
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		struct xd_port *port = sw->state->ports[i];

		if (port && port->driver->bond)
			look_at(sw, port);
	}
}

static void
show_lacp(const struct xd_lacp_member *m, struct xd_bond_info *info)
{
	info->lacp = true;
	info->selected = m->selected;
	info->heard = m->heard;
	info->actor = m->actor;
	info->partner = m->partner;
	info->rx_pdus = m->nb_received;
	info->tx_pdus = m->nb_sent;
	info->bad_pdus = m->nb_bad;
}

/* Fills in one member; false: the bond has no more. */
static bool
show_member(
	const struct xd_state *state, struct xd_port *port, unsigned i, struct xd_bond_info *info)
{
	const struct xd_port *member = xd_state_member(state, port, i);
	const struct xd_bond *bond;

	if (!member)
		return false;
	bond = port->driver->bond(port);
	*info = (struct xd_bond_info){.up = member->up,
		.active = xd_bond_receives(bond, i),
		.buckets = (uint16_t)xd_bond_share(bond, i),
		.speed_mbps = member->up ? member->speed_mbps : 0};
	if (bond->lacp)
		show_lacp(&bond->lacp->members[i], info);
	memcpy(info->port, port->config.name, sizeof(info->port));
	memcpy(info->member, member->config.name, sizeof(info->member));
	return true;
}

unsigned
xd_switch_bonds(struct xd_switch *sw, struct xd_bond_info *info, unsigned max)
{
	struct xd_bond_info one;
	unsigned n = 0;

	if (!sw)
		return 0;
	xd_loop_lock(sw->loop);
	for (unsigned p = 0; p < xd_config_nb_ports(sw->state->config); p++) {
		struct xd_port *port =
			xd_state_port(sw->state, xd_config_ports(sw->state->config)[p].name);

		for (unsigned i = 0; show_member(sw->state, port, i, &one); i++, n++) {
			if (info && n < max)
				info[n] = one;
		}
	}
	xd_loop_unlock(sw->loop);
	return n;
}

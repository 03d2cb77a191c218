/* SPDX-License-Identifier: BSD-3-Clause */
/* Bonds: which of their members carry frames, as links go down and come up, and that the network
 * beyond hears of it. */
#include <errno.h>
#include <stdio.h>
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

/* In a change of configuration a port that stays still has the one before. */
static const char *
name_of(const struct xd_state *state, const struct xd_port *port)
{
	return state->port_config[port->index]->name;
}

static void
tell(struct xd_switch *sw, const struct xd_port *port, const struct xd_bond *bond)
{
	const struct xd_port *member;
	char text[XD_BOND_MEMBERS * (XD_NAME_MAX + 1)] = "";
	unsigned n = 0;

	for (unsigned i = 0; (member = xd_state_member(sw->state, port, i)); i++) {
		if (!xd_bond_receives(bond, bond->number[i]))
			continue;
		n += (unsigned)snprintf(text + n, sizeof(text) - n, "%s%s", n ? "," : "",
			name_of(sw->state, member));
	}
	xd_log(&sw->log, XD_LOG_PORT, XD_LOG_INFO, "%s: %s%s", port->config.name,
		text[0]                      ? "carried by "
		: bond->mode == XD_BOND_LACP ? "no member has a partner"
					     : "no member is up",
		text);
}

/* After others carry than before. */
static void
tell_all(struct xd_switch *sw, struct xd_port *port, const struct xd_bond *bond)
{
	tell(sw, port, bond);
	/* One that is an aggregation with its partner is reached by any member. */
	if (bond->receives && bond->mode == XD_BOND_ACTIVE_BACKUP)
		announce_all(sw, port);
}

static void
look_at(struct xd_switch *sw, struct xd_port *port)
{
	const struct xd_bond *bond = port->driver->bond(port);
	struct xd_member_link links[XD_BOND_MEMBERS] = {0};
	const struct xd_port *member;
	bool up;

	for (unsigned i = 0; (member = xd_state_member(sw->state, port, i)); i++)
		links[bond->number[i]] = (struct xd_member_link){
			name_of(sw->state, member), member->up, member->speed_mbps};
	if (port->driver->links(port, links))
		tell_all(sw, port, bond);
	up = bond->receives != 0;
	if (port->up == up)
		return;
	port->up = up;
	port->env->changed(port->env->ctx, port);
}

void
xd_state_join_bonds(const struct xd_state *state)
{
	for (unsigned p = 0; p < XD_MAX_PORTS; p++) {
		struct xd_port *port = state->ports[p];
		const struct xd_port *member;
		const void *who[XD_BOND_MEMBERS];
		unsigned n = 0;

		if (!port || !port->driver->bond)
			continue;
		for (; (member = xd_state_member(state, port, n)); n++)
			who[n] = member;
		xd_bond_join(port->driver->bond(port), who, n);
	}
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

/* ---- Calls of lib/bonds.h ---- */

/* The port of a bond in which a member can be chosen. */
static struct xd_port *
find_backup(const struct xd_switch *sw, const char *name, struct xd_error *err)
{
	struct xd_port *port = xd_state_port(sw->state, name);

	if (!port || !port->driver->bond) {
		xd_fail_key(err, -ENOENT, "name", "there is no bond named %.60s", name);
		return NULL;
	}
	if (port->driver->bond(port)->mode == XD_BOND_ACTIVE_BACKUP)
		return port;
	xd_fail_key(err, -EOPNOTSUPP, "name",
		"all members of %s that can carry frames do: one is chosen only with bond_mode "
		"active-backup",
		port->config.name);
	return NULL;
}

static int
find_member(const struct xd_switch *sw, const struct xd_port *port, const char *name,
	unsigned *number, struct xd_error *err)
{
	const struct xd_bond *bond = port->driver->bond((struct xd_port *)(uintptr_t)port);
	const struct xd_port *member;
	unsigned i = 0;

	while ((member = xd_state_member(sw->state, port, i)) && strcmp(member->config.name, name))
		i++;
	if (!member)
		return xd_fail_key(err, -EINVAL, "member",
			"%.60s is no member of %s: crossdockctl bond show %s", name,
			port->config.name, port->config.name);
	if (!member->up)
		return xd_fail_key(err, -ENETDOWN, "member", "%s is down", member->config.name);
	*number = bond->number[i];
	return 0;
}

static int
activate(struct xd_switch *sw, const char *name, const char *member, struct xd_error *err)
{
	struct xd_port *port = find_backup(sw, name, err);
	const struct xd_bond *bond;
	unsigned number = 0;
	int ret;

	if (!port)
		return err->code;
	ret = find_member(sw, port, member, &number, err);
	bond = port->driver->bond(port);
	if (ret < 0 || bond->receives == 1u << number)
		return ret;
	port->driver->activate(port, number);
	tell_all(sw, port, bond);
	return 0;
}

int
xd_switch_bond_activate(
	struct xd_switch *sw, const char *bond, const char *member, struct xd_error *err)
{
	struct xd_error unasked;
	int ret;

	err = err ? err : &unasked;
	if (!sw || !bond || !member)
		return xd_fail(err, -EINVAL, "a switch, a bond and a member are needed");
	xd_loop_lock(sw->loop);
	ret = activate(sw, bond, member, err);
	xd_loop_unlock(sw->loop);
	return ret;
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
	unsigned number;

	if (!member)
		return false;
	bond = port->driver->bond(port);
	number = bond->number[i];
	*info = (struct xd_bond_info){.up = member->up,
		.active = xd_bond_receives(bond, number),
		.buckets = (uint16_t)xd_bond_share(bond, number),
		.speed_mbps = member->up ? member->speed_mbps : 0};
	if (bond->lacp)
		show_lacp(&bond->lacp->members[number], info);
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

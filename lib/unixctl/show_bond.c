/* SPDX-License-Identifier: BSD-3-Clause */
/* bond/ and lacp/: bonds and their members. */
#include <stdlib.h>
#include <string.h>

#include "drivers/bond/config.h"
#include "unixctl/commands.h"

struct bonds {
	struct xd_bond_info *members; /* of one bond after those of another */
	unsigned n;
};

static bool
bonds_of(struct xd_unixctl_call *call, struct bonds *bonds)
{
	unsigned there = xd_switch_bonds(call->sw, NULL, 0);

	bonds->members = calloc(there + 1, sizeof(*bonds->members));
	if (!bonds->members)
		return xd_unixctl_refuse(call, "no memory");
	bonds->n = xd_switch_bonds(call->sw, bonds->members, there);
	if (bonds->n > there)
		bonds->n = there;
	return true;
}

/* Behind the last member of the bond that begins at i. */
static unsigned
end_of(const struct bonds *bonds, unsigned i)
{
	const char *name = bonds->members[i].port;

	while (i < bonds->n && !strcmp(bonds->members[i].port, name))
		i++;
	return i;
}

/* balance-tcp hashes as we do, on layers 2 to 4. */
static const char *
mode_of(struct xd_unixctl_call *call, const char *name)
{
	const struct xd_port_config *port = xd_config_port(xd_unixctl_config(call), name);

	return port && xd_bond_config(port)->bond_mode == XD_BOND_CONFIG_ACTIVE_BACKUP
		       ? "active-backup"
		       : "balance-tcp";
}

static void
show_member(FILE *out, const struct xd_bond_info *member, bool backup)
{
	fprintf(out, "\nmember %s: %s\n", member->member, member->up ? "enabled" : "disabled");
	if (member->active && backup)
		fprintf(out, "  active member\n");
	fprintf(out, "  may_enable: %s\n", member->up ? "true" : "false");
	if (!backup && member->buckets)
		fprintf(out, "  hash buckets: %u of 256\n", member->buckets);
}

/* Negotiated: a member's partner is the one that the bond is with. */
static const char *
lacp_status(const struct xd_bond_info *members, unsigned n)
{
	const char *status = members->lacp ? "configured" : "off";

	for (unsigned i = 0; i < n; i++)
		status = members[i].lacp && members[i].selected ? "negotiated" : status;
	return status;
}

static void
show(struct xd_unixctl_call *call, const struct xd_bond_info *members, unsigned n)
{
	const char *mode = mode_of(call, members->port), *active = "none";
	bool backup = !strcmp(mode, "active-backup");

	for (unsigned i = n; i-- > 0;)
		active = members[i].active ? members[i].member : active;
	fprintf(call->out,
		"---- %s ----\n"
		"bond_mode: %s\n"
		"bond may use recirculation: no, Recirc-ID : -1\n"
		"bond-hash-basis: 0\n"
		"lb_output action: disabled, bond-id: -1\n"
		"updelay: 0 ms\n"
		"downdelay: 0 ms\n"
		"lacp_status: %s\n"
		"lacp_fallback_ab: false\n"
		"active-backup primary: <none>\n"
		"active member mac: 00:00:00:00:00:00(%s)\n",
		members->port, mode, lacp_status(members, n), active);
	for (unsigned i = 0; i < n; i++)
		show_member(call->out, &members[i], backup);
	fprintf(call->out, "\n");
}

static bool
is_lacp(const struct xd_bond_info *member)
{
	return member->lacp;
}

static bool
is_any(const struct xd_bond_info *member)
{
	(void)member;
	return true;
}

/* Shows the bond that the call names, if it is one of those, or all that are. */
static bool
each(struct xd_unixctl_call *call, bool (*is_one)(const struct xd_bond_info *members),
	void (*fn)(struct xd_unixctl_call *call, const struct xd_bond_info *members, unsigned n),
	const char *otherwise)
{
	const char *wanted = call->nb_args ? call->args[0] : NULL;
	struct bonds bonds = {0};
	bool found = !wanted;

	if (!bonds_of(call, &bonds))
		return false;
	for (unsigned i = 0, end; i < bonds.n; i = end) {
		end = end_of(&bonds, i);
		if (!is_one(&bonds.members[i]) || (wanted && strcmp(wanted, bonds.members[i].port)))
			continue;
		fn(call, &bonds.members[i], end - i);
		found = true;
	}
	free(bonds.members);
	return found || xd_unixctl_refuse(call, "%s", otherwise);
}

bool
xd_unixctl_bond_show(struct xd_unixctl_call *call)
{
	return each(call, is_any, show, "no such bond");
}

bool
xd_unixctl_bond_list(struct xd_unixctl_call *call)
{
	struct bonds bonds = {0};

	if (!bonds_of(call, &bonds))
		return false;
	fprintf(call->out, "bond\ttype\trecircID\tmembers\n");
	for (unsigned i = 0, end; i < bonds.n; i = end) {
		end = end_of(&bonds, i);
		fprintf(call->out, "%s\t%s\t0\t", bonds.members[i].port,
			mode_of(call, bonds.members[i].port));
		for (unsigned j = i; j < end; j++)
			fprintf(call->out, "%s%s", j > i ? ", " : "", bonds.members[j].member);
		fprintf(call->out, "\n");
	}
	free(bonds.members);
	return true;
}

bool
xd_unixctl_bond_activate(struct xd_unixctl_call *call)
{
	struct xd_error err;

	if (xd_switch_bond_activate(call->sw, call->args[0], call->args[1], &err) < 0)
		return xd_unixctl_refuse(call, "%s", err.text);
	fprintf(call->out, "done\n");
	return true;
}

/* ---- lacp/ ---- */

/* "activity timeout ...", as bits of the state have names. */
static void
print_state(FILE *out, const char *whose, uint8_t state)
{
	fprintf(out, "  %s state:", whose);
	for (unsigned i = 0; xd_lacp_state_name(i); i++) {
		if (state >> i & 1)
			fprintf(out, " %s", xd_lacp_state_name(i));
	}
	fprintf(out, "\n");
}

static void
print_system(FILE *out, const char *prefix, const uint8_t *m)
{
	fprintf(out, "  %ssys_id: %02x:%02x:%02x:%02x:%02x:%02x\n", prefix, m[0], m[1], m[2], m[3],
		m[4], m[5]);
}

static void
print_side(FILE *out, const char *whose, const struct xd_lacp_side *side)
{
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "%s ", whose);
	fprintf(out, "\n");
	print_system(out, prefix, side->system);
	fprintf(out,
		"  %s sys_priority: %u\n"
		"  %s port_id: %u\n"
		"  %s port_priority: %u\n"
		"  %s key: %u\n",
		whose, side->system_priority, whose, side->port, whose, side->port_priority, whose,
		side->key);
	print_state(out, whose, side->state);
}

static void
show_lacp(struct xd_unixctl_call *call, const struct xd_bond_info *members, unsigned n)
{
	const struct xd_lacp_side *actor = &members->actor;

	fprintf(call->out, "---- %s ----\n  status: %s%s\n", members->port,
		actor->state & XD_LACP_ACTIVITY ? "active" : "passive",
		strcmp(lacp_status(members, n), "negotiated") ? "" : " negotiated");
	print_system(call->out, "", actor->system);
	fprintf(call->out, "  sys_priority: %u\n  aggregation key: %u\n  lacp_time: %s\n",
		actor->system_priority, actor->key,
		actor->state & XD_LACP_TIMEOUT ? "fast" : "slow");
	for (unsigned i = 0; i < n; i++) {
		const struct xd_bond_info *m = &members[i];

		fprintf(call->out,
			"\nmember: %s: %s %s\n"
			"  port_id: %u\n"
			"  port_priority: %u\n"
			"  may_enable: %s\n",
			m->member, xd_lacp_heard_name(m->heard),
			m->selected ? "attached" : "detached", m->actor.port,
			m->actor.port_priority, m->up ? "true" : "false");
		print_side(call->out, "actor", &m->actor);
		print_side(call->out, "partner", &m->partner);
	}
}

/* What is not counted here is 0, for who looks for the line. */
static void
show_lacp_stats(struct xd_unixctl_call *call, const struct xd_bond_info *members, unsigned n)
{
	fprintf(call->out, "---- %s statistics ----\n", members->port);
	for (unsigned i = 0; i < n; i++)
		fprintf(call->out,
			"\nmember: %s:\n"
			"  TX PDUs: %llu\n"
			"  RX PDUs: %llu\n"
			"  RX Bad PDUs: %llu\n"
			"  RX Marker Request PDUs: 0\n"
			"  Link Expired: 0\n"
			"  Link Defaulted: 0\n"
			"  Carrier Status Changed: 0\n",
			members[i].member, (unsigned long long)members[i].tx_pdus,
			(unsigned long long)members[i].rx_pdus,
			(unsigned long long)members[i].bad_pdus);
}

bool
xd_unixctl_lacp_show(struct xd_unixctl_call *call)
{
	return each(call, is_lacp, show_lacp, "no such lacp object");
}

bool
xd_unixctl_lacp_show_stats(struct xd_unixctl_call *call)
{
	return each(call, is_lacp, show_lacp_stats, "no such lacp object");
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* bond/: bonds and their members. */
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

bool
xd_unixctl_bond_show(struct xd_unixctl_call *call)
{
	const char *wanted = call->nb_args ? call->args[0] : NULL;
	struct bonds bonds = {0};
	bool found = !wanted;

	if (!bonds_of(call, &bonds))
		return false;
	for (unsigned i = 0, end; i < bonds.n; i = end) {
		end = end_of(&bonds, i);
		if (wanted && strcmp(wanted, bonds.members[i].port))
			continue;
		show(call, &bonds.members[i], end - i);
		found = true;
	}
	free(bonds.members);
	return found || xd_unixctl_refuse(call, "no such bond");
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

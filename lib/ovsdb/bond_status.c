/* SPDX-License-Identifier: BSD-3-Clause */
/* What is written of bonds: which members carry frames, and how it is with LACP. */
#include <stdio.h>
#include <string.h>

#include "drivers/bond/config.h"
#include "ovsdb/facts.h"
#include "ovsdb/rows.h"
#include "ovsdb/value.h"

int
xd_ovsdb_bond_current(const struct xd_ovsdb *o, const struct xd_ovsdb_port *port)
{
	for (unsigned i = 0; port->is_member && i < o->nb_bonds; i++) {
		if (!strcmp(o->bonds[i].member, port->config.name))
			return o->bonds[i].lacp ? o->bonds[i].heard == XD_LACP_HEARD : -1;
	}
	return -1;
}

/* What ovs-appctl's bond/show has of LACP, and the members that carry frames. */
static json_t *
bond_status(const struct xd_ovsdb *o, const char *bond)
{
	char active[XD_BOND_CONFIG_MEMBERS * (XD_NAME_MAX + 1)] = "";
	json_t *map = xd_ovsdb_make_map();
	const char *lacp = "off";
	size_t used = 0;

	for (unsigned i = 0; i < o->nb_bonds; i++) {
		const struct xd_bond_info *member = &o->bonds[i];

		if (strcmp(member->port, bond))
			continue;
		if (member->lacp && strcmp(lacp, "negotiated"))
			lacp = member->selected ? "negotiated" : "configured";
		if (member->active && used < sizeof(active))
			used += (size_t)snprintf(active + used, sizeof(active) - used, "%s%s",
				used ? "," : "", member->member);
	}
	xd_ovsdb_map_add(map, "active_members", json_string(active));
	xd_ovsdb_map_add(map, "lacp_status", json_string(lacp));
	return map;
}

void
xd_ovsdb_write_bond(struct xd_ovsdb *o, struct xd_ovsdb_port *bond, json_t *operations)
{
	struct xd_ovsdb_facts facts = {0};
	json_t *row;

	if (bond->index == XD_OVSDB_NO_PORT)
		return;
	for (unsigned i = 0; i < o->nb_bonds && !facts.mac[0]; i++) {
		if (!strcmp(o->bonds[i].port, bond->config.name) && o->bonds[i].active)
			xd_ovsdb_facts_read(o->opts.control->sw, o->bonds[i].member, &facts);
	}
	row = json_object();
	xd_ovsdb_put(&bond->of, row, "bond_active_slave",
		json_string(facts.mac[0] ? facts.mac : "00:00:00:00:00:00"));
	xd_ovsdb_put(&bond->of, row, "status", bond_status(o, bond->config.name));
	xd_ovsdb_update(&bond->of, row, operations);
}

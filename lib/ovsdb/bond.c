/* SPDX-License-Identifier: BSD-3-Clause */
/* A Port of several Interfaces: a bond. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/bond/config.h"
#include "ovsdb/rows.h"
#include "ovsdb/value.h"

static int
set_mode(const json_t *port, struct xd_port_config *config, struct xd_error *err)
{
	const char *mode = xd_ovsdb_string(json_object_get(port, "bond_mode"));
	const char *lacp = xd_ovsdb_string(json_object_get(port, "lacp"));

	if (lacp && strcmp(lacp, "off"))
		return xd_fail(err, -EOPNOTSUPP,
			"lacp: %.20s is not there: use off, with bond_mode active-backup or "
			"balance-slb",
			lacp);
	if (!mode || !strcmp(mode, "active-backup"))
		return xd_port_config_set(config, "bond_mode", "active-backup", err);
	/* balance-tcp without LACP is balance-slb's case too: flows are spread by what they are. */
	if (!strcmp(mode, "balance-slb") || !strcmp(mode, "balance-tcp"))
		return xd_port_config_set(config, "bond_mode", "balance", err);
	return xd_fail(err, -EOPNOTSUPP,
		"bond_mode: %.40s is not there: use active-backup, balance-slb or balance-tcp",
		mode);
}

int
xd_ovsdb_bond(const struct xd_ovsdb_place *place, const char *const *members, unsigned n,
	unsigned mtu, struct xd_port_config *config, struct xd_error *err)
{
	const char *name = xd_ovsdb_string(json_object_get(place->port, "name"));
	const char *bridge = xd_ovsdb_string(json_object_get(place->bridge, "name"));
	struct xd_config *scratch = xd_config_create();
	struct xd_port_config *port = NULL;
	int ret = 0;

	memset(config, 0, sizeof(*config));
	if (!scratch)
		return xd_fail(err, -ENOMEM, "no memory");
	if (n > XD_BOND_CONFIG_MEMBERS)
		ret = xd_fail(err, -E2BIG, "a bond has at most %u interfaces, not %u",
			XD_BOND_CONFIG_MEMBERS, n);
	if (ret == 0)
		port = xd_config_add_port(
			scratch, name ? name : "", "bond", bridge ? bridge : "", err);
	if (ret == 0)
		ret = port ? set_mode(place->port, port, err) : err->code;
	if (ret == 0)
		ret = xd_ovsdb_vlan(place->port, port, err);
	for (unsigned i = 0; ret == 0 && i < n; i++) {
		struct xd_bond_config *bond = xd_bond_config(port);

		snprintf(bond->members[i], sizeof(bond->members[i]), "%s", members[i]);
		bond->nb_members = (uint16_t)(i + 1);
	}
	if (ret == 0) {
		port->mtu = (uint16_t)mtu;
		*config = *port;
	}
	xd_config_destroy(scratch);
	return ret;
}

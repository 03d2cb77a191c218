/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports that are members of others: members.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bond/bond.h"
#include "config/members.h"

static unsigned
members_of(const struct xd_port_config *port, const struct xd_driver *const *drivers,
	const char **names)
{
	const struct xd_driver *driver =
		xd_driver_find(port->type, port->drivers ? port->drivers : drivers);

	return driver && driver->members ? driver->members(port, names) : 0;
}

/* What a member has of its own would be of no effect. */
static int
check_member(
	const struct xd_port_config *member, const struct xd_port_config *of, struct xd_error *err)
{
	const char *key = strcmp(member->bridge, "none") ? "bridge"
			  : member->vlan != XD_VLAN_NONE ? "vlan"
			  : member->has_vlans            ? "vlans"
			  : member->nb_macs              ? "macs"
			  : member->mac_limit            ? "mac_limit"
							 : NULL;

	if (key)
		return xd_noun_fail(err, -EINVAL, &xd_port_noun, member, key,
			"must be %s: this port is a member of %s, whose %s holds for it",
			member->mac_limit && !strcmp(key, "mac_limit") ? "0"
			: !strcmp(key, "macs")                         ? "any"
								       : "none",
			of->name, key);
	if (member->mtu != of->mtu)
		return xd_noun_fail(err, -EINVAL, &xd_port_noun, member, "mtu",
			"%u, and %u of %s, of which it is a member: they must be the same",
			member->mtu, of->mtu, of->name);
	return 0;
}

/* Notes the members of one port in `of`, by their number. */
static int
check_members(const struct xd_names *names, const struct xd_port_config *port,
	const struct xd_driver *const *drivers, const struct xd_port_config **of,
	struct xd_error *err)
{
	const struct xd_port_config *all = xd_config_ports(xd_names_config(names));
	const char *members[XD_BOND_MEMBERS], *own[XD_BOND_MEMBERS];
	unsigned n = members_of(port, drivers, members);

	for (unsigned i = 0; i < n; i++) {
		const struct xd_port_config *member =
			xd_names_get(names, &xd_port_noun, members[i]);
		int ret;

		if (members_of(member, drivers, own))
			return xd_noun_fail(err, -EINVAL, &xd_port_noun, port, "members",
				"%s is a port of type %s, which cannot be a member", members[i],
				member->type);
		if (of[member - all])
			return xd_noun_fail(err, -EEXIST, &xd_port_noun, port, "members",
				"%s is a member of %s already", members[i], of[member - all]->name);
		of[member - all] = port;
		ret = check_member(member, port, err);
		if (ret)
			return ret;
	}
	return 0;
}

int
xd_members_check(
	const struct xd_names *names, const struct xd_driver *const *drivers, struct xd_error *err)
{
	const struct xd_config *config = xd_names_config(names);
	const struct xd_port_config *ports = xd_config_ports(config);
	const unsigned n = xd_config_nb_ports(config);
	const struct xd_port_config **of = calloc(n + 1, sizeof(*of));
	int ret = 0;

	if (!of)
		return xd_fail_key(err, -ENOMEM, "ports", "no memory to look at %u ports", n);
	for (unsigned i = 0; ret == 0 && i < n; i++)
		ret = check_members(names, &ports[i], drivers, of, err);
	free(of);
	return ret;
}

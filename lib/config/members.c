/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports that are members of others: members.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bond/bond.h"
#include "config/limits.h"
#include "config/members.h"

static unsigned
members_of(const struct xd_port_config *port, const struct xd_driver *const *drivers,
	const char **names)
{
	const struct xd_driver *driver =
		xd_driver_find(port->type, port->drivers ? port->drivers : drivers);

	return driver && driver->members ? driver->members(port, names) : 0;
}

/* What a member would have of its own, to no effect: the port that it is a member of has it. */
static const struct xd_key *
find_own(const struct xd_port_config *member)
{
	static const char *const names[] = {
		"vlan", "vlans", "vlan_mode", "macs", "mac_limit", NULL};

	for (unsigned i = 0; names[i]; i++) {
		const struct xd_key *key = xd_noun_key(&xd_port_noun, member, names[i]);

		if (xd_key_number(key, member) != key->fallback)
			return key;
	}
	return xd_limits_first(member);
}

static int
check_member(
	const struct xd_port_config *member, const struct xd_port_config *of, struct xd_error *err)
{
	const struct xd_key *own = find_own(member);
	char text[XD_KEY_VALUES];

	if (strcmp(member->bridge, "none"))
		return xd_noun_fail(err, -EINVAL, &xd_port_noun, member, "bridge",
			"must be none: this port is a member of %s, whose bridge holds for it",
			of->name);
	if (own)
		return xd_noun_fail(err, -EINVAL, &xd_port_noun, member, own->name,
			"must be %s: this port is a member of %s, whose %s holds for it",
			xd_key_default(own, text), of->name, own->name);
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

/* SPDX-License-Identifier: BSD-3-Clause */
/* A Port of several Interfaces: a bond. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/bond/config.h"
#include "ovsdb/rows.h"
#include "ovsdb/value.h"

static const char *
other(const struct xd_ovsdb_place *place, const char *key)
{
	return xd_ovsdb_map_find(json_object_get(place->port, "other_config"), key);
}

/* LACP says which members carry frames, whatever bond_mode does: it needs no fallback to balance,
 * but one for when nobody speaks it at the other end. */
static void
set_lacp(const struct xd_ovsdb_place *place, const char *lacp, struct xd_port_config *port)
{
	static const struct {
		const char *option, *key, *from;
	} options[] = {
		{"lacp-time", "lacp_rate", "other_config:lacp-time"},
		{"lacp-system-id", "lacp_system", "other_config:lacp-system-id"},
		{"lacp-system-priority", "lacp_priority", "other_config:lacp-system-priority"},
	};
	const char *backup = other(place, "lacp-fallback-ab");

	xd_ovsdb_try(place, port, "bond_mode", "lacp", "lacp");
	xd_ovsdb_try(place, port, "lacp_mode", lacp, "lacp");
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		xd_ovsdb_try(place, port, options[i].key, other(place, options[i].option),
			options[i].from);
	if (backup && !strcmp(backup, "true"))
		xd_ovsdb_try(place, port, "lacp_fallback", "active-backup",
			"other_config:lacp-fallback-ab");
	else if (backup && strcmp(backup, "false"))
		xd_ovsdb_remark(
			place, "other_config:lacp-fallback-ab", "is neither true nor false");
}

/* balance-tcp wants LACP; without, flows are spread likewise. */
static void
set_mode(const struct xd_ovsdb_place *place, struct xd_port_config *port)
{
	const char *mode = xd_ovsdb_string(json_object_get(place->port, "bond_mode"));
	const char *lacp = xd_ovsdb_string(json_object_get(place->port, "lacp"));

	if (lacp && strcmp(lacp, "off"))
		set_lacp(place, lacp, port);
	else if (mode && (!strcmp(mode, "balance-slb") || !strcmp(mode, "balance-tcp")))
		xd_ovsdb_try(place, port, "bond_mode", "balance", "bond_mode");
	else if (mode && strcmp(mode, "active-backup"))
		xd_ovsdb_remark(place, "bond_mode",
			"must be active-backup, balance-slb or balance-tcp: it is active-backup");
}

/* ---- Members ---- */

static int
compare(const void *a, const void *b)
{
	return strverscmp(*(const char *const *)a, *(const char *const *)b);
}

/* The database has no order of them: by their names, and first the one that active-backup is to
 * prefer. */
static void
sort_members(const struct xd_ovsdb_place *place, const char **names, unsigned n)
{
	const char *primary = other(place, "bond-primary"), *first;
	unsigned i = 0;

	qsort(names, n, sizeof(*names), compare);
	while (primary && i < n && strcmp(names[i], primary))
		i++;
	if (i == n)
		xd_ovsdb_remark(place, "other_config:bond-primary",
			"is none of the bond's interfaces that are there");
	if (!primary || i == n)
		return;
	first = names[i];
	memmove(names + 1, names, i * sizeof(*names));
	names[0] = first;
}

static int
set_members(const struct xd_ovsdb_place *place, const char *const *members, unsigned n,
	struct xd_bond_config *bond, struct xd_error *err)
{
	const char *names[XD_BOND_CONFIG_MEMBERS];

	if (n > XD_BOND_CONFIG_MEMBERS)
		return xd_fail(err, -E2BIG, "a bond has at most %u interfaces, not %u",
			XD_BOND_CONFIG_MEMBERS, n);
	memcpy(names, members, n * sizeof(*names));
	sort_members(place, names, n);
	for (unsigned i = 0; i < n; i++)
		snprintf(bond->members[bond->nb_members++], XD_NAME_MAX, "%s", names[i]);
	return 0;
}

/* ---- All of it ---- */

int
xd_ovsdb_bond(const struct xd_ovsdb_place *place, const char *const *members, unsigned n,
	unsigned mtu, struct xd_port_config *config, struct xd_error *err)
{
	const char *name = xd_ovsdb_string(json_object_get(place->port, "name"));
	const char *bridge = xd_ovsdb_string(json_object_get(place->bridge, "name"));
	struct xd_config *scratch = xd_config_create();
	struct xd_port_config *port;
	int ret;

	memset(config, 0, sizeof(*config));
	if (!scratch)
		return xd_fail(err, -ENOMEM, "no memory");
	port = xd_config_add_port(scratch, name ? name : "", "bond", bridge ? bridge : "", err);
	ret = port ? set_members(place, members, n, xd_bond_config(port), err) : err->code;
	if (ret == 0) {
		set_mode(place, port);
		ret = xd_ovsdb_vlan(place->port, port, err);
	}
	if (ret == 0) {
		xd_ovsdb_police_out(place, port);
		ret = xd_ovsdb_own_keys(place->port, port, err);
	}
	if (ret == 0) {
		port->mtu = (uint16_t)mtu;
		*config = *port;
	}
	xd_config_destroy(scratch);
	return ret;
}

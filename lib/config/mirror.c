/* SPDX-License-Identifier: BSD-3-Clause */
/* Mirrors: their keys, and what they and the ports that they name must be to each other. */
#include <errno.h>
#include <string.h>

#include "config/mirrors.h"
#include "port/port.h"

static const struct xd_key keys[] = {
#define XD_KEY(key, members, ...)                                                                  \
	{.name = #key, XD_KEY_AT(struct xd_mirror_config, key), __VA_ARGS__},
#include "key/mirror.def"
#undef XD_KEY
	{0},
};

static int
check(const struct xd_config *config, const void *entry, const struct xd_driver *const *drivers,
	struct xd_error *err)
{
	const struct xd_mirror_config *mirror = entry;
	bool to_vlan = mirror->output_vlan != XD_VLAN_NONE;

	(void)config;
	(void)drivers;
	if (mirror->output_port[0] && to_vlan)
		return xd_noun_fail(err, -EINVAL, &xd_mirror_noun, mirror, "output_vlan",
			"must be none: output_port says where the copies go");
	if (!mirror->output_port[0] && !to_vlan)
		return xd_noun_fail(err, -EINVAL, &xd_mirror_noun, mirror, "output_port",
			"is missing: which port, or as output_vlan which VLAN, do the copies leave "
			"by?");
	return 0;
}

const struct xd_noun xd_mirror_noun = {
	.name = "mirror",
	.section = "mirrors",
	.size = sizeof(struct xd_mirror_config),
	.max = XD_MAX_MIRRORS,
	.keys = keys,
	.example = {"m1", "bridge=br0 select_all=yes output_port=span0", "select_vlan=10,20"},
	.renamed = "it counts anew",
	.check = check,
};

/* ---- Mirrors and ports ---- */

/* A port that a mirror names, as the key says, is in its bridge. */
static int
check_bridge(const struct xd_names *names, const struct xd_mirror_config *mirror, const char *key,
	const char *name, struct xd_error *err)
{
	const struct xd_port_config *port = xd_names_get(names, &xd_port_noun, name);

	if (!strcmp(port->bridge, mirror->bridge))
		return 0;
	return xd_noun_fail(err, -EINVAL, &xd_mirror_noun, mirror, key,
		"%s has bridge %s, and the mirror %s: they must be the same", name, port->bridge,
		mirror->bridge);
}

/* The mirror whose copies leave by the port, or NULL. */
static const struct xd_mirror_config *
output_of(const struct xd_config *config, const char *name)
{
	for (unsigned i = 0; i < xd_noun_count(&xd_mirror_noun, config); i++) {
		const struct xd_mirror_config *mirror = xd_noun_entry(&xd_mirror_noun, config, i);

		if (!strcmp(mirror->output_port, name))
			return mirror;
	}
	return NULL;
}

static int
check_selected(const struct xd_names *names, const struct xd_mirror_config *mirror, const char *key,
	const char (*list)[XD_NAME_MAX], unsigned n, struct xd_error *err)
{
	int ret = 0;

	for (unsigned i = 0; ret == 0 && i < n; i++) {
		const struct xd_mirror_config *other = output_of(xd_names_config(names), list[i]);

		ret = check_bridge(names, mirror, key, list[i], err);
		if (ret == 0 && other)
			ret = xd_noun_fail(err, -EINVAL, &xd_mirror_noun, mirror, key,
				"%s is the output_port of %s: nothing else leaves or enters by it",
				list[i], other->name);
	}
	return ret;
}

static int
check_output(const struct xd_names *names, const struct xd_mirror_config *mirror,
	const struct xd_driver *const *drivers, struct xd_error *err)
{
	const struct xd_port_config *port;
	const struct xd_driver *driver;

	if (!mirror->output_port[0])
		return 0;
	port = xd_names_get(names, &xd_port_noun, mirror->output_port);
	driver = xd_driver_find(port->type, port->drivers ? port->drivers : drivers);
	if (driver && driver->peer)
		return xd_noun_fail(err, -EINVAL, &xd_mirror_noun, mirror, "output_port",
			"%s is a port of type %s: copies go to no other bridge", port->name,
			port->type);
	return check_bridge(names, mirror, "output_port", mirror->output_port, err);
}

static int
check_ports(const struct xd_names *names, const struct xd_mirror_config *mirror,
	const struct xd_driver *const *drivers, struct xd_error *err)
{
	int ret = check_output(names, mirror, drivers, err);

	if (ret == 0)
		ret = check_selected(names, mirror, "select_src_port", mirror->select_src_port,
			mirror->nb_src, err);
	if (ret == 0)
		ret = check_selected(names, mirror, "select_dst_port", mirror->select_dst_port,
			mirror->nb_dst, err);
	return ret;
}

int
xd_mirrors_check(
	const struct xd_names *names, const struct xd_driver *const *drivers, struct xd_error *err)
{
	const struct xd_config *config = xd_names_config(names);
	int ret = 0;

	for (unsigned i = 0; ret == 0 && i < xd_noun_count(&xd_mirror_noun, config); i++)
		ret = check_ports(names, xd_noun_entry(&xd_mirror_noun, config, i), drivers, err);
	return ret;
}

/* ---- The library's calls ---- */

struct xd_mirror_config *
xd_config_add_mirror(
	struct xd_config *config, const char *name, const char *bridge, struct xd_error *err)
{
	struct xd_mirror_config *mirror;

	if (!bridge) {
		xd_fail(err, -EINVAL, "a mirror needs a bridge");
		return NULL;
	}
	mirror = xd_noun_add(&xd_mirror_noun, config, name, err);
	if (mirror && xd_mirror_config_set(mirror, "bridge", bridge, err)) {
		xd_noun_del(&xd_mirror_noun, config, name, NULL);
		return NULL;
	}
	return mirror;
}

int
xd_mirror_config_set(
	struct xd_mirror_config *mirror, const char *key, const char *value, struct xd_error *err)
{
	return xd_noun_set(&xd_mirror_noun, mirror, key, value, err);
}

struct xd_mirror_config *
xd_config_mirror(const struct xd_config *config, const char *name)
{
	return xd_noun_get(&xd_mirror_noun, config, name);
}

int
xd_config_del_mirror(struct xd_config *config, const char *name, struct xd_error *err)
{
	return xd_noun_del(&xd_mirror_noun, config, name, err);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports: the keys that all types have. Those of one type are its driver's. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/limits.h"
#include "config/noun.h"
#include "config/vlan.h"
#include "port/port.h"

static void type_changed(void *entry);

static const struct xd_key keys[] = {
#define XD_KEY(key, members, ...)                                                                  \
	{.name = #key, XD_KEY_AT(struct xd_port_config, key), __VA_ARGS__},
#include "key/port.def"
#undef XD_KEY
	{0},
};

static const struct xd_key *
keys_of(const struct xd_driver *driver)
{
	static const struct xd_key none[] = {{0}};

	return driver->keys ? driver->keys : none;
}

static const struct xd_driver *
driver_of(const struct xd_port_config *port)
{
	return xd_driver_find(port->type, port->drivers);
}

static const struct xd_key *
more(const void *entry)
{
	const struct xd_driver *driver = driver_of(entry);

	return driver ? keys_of(driver) : NULL;
}

static const struct xd_key *
type(unsigned i, const char **name)
{
	const struct xd_driver *driver = xd_builtin_drivers[i];

	*name = driver ? driver->type : NULL;
	return driver ? keys_of(driver) : NULL;
}

/* What belongs to another type goes with it. */
static void
type_changed(void *entry)
{
	struct xd_port_config *port = entry;
	const struct xd_driver *driver = driver_of(port);

	memset(&port->settings, 0, sizeof(port->settings));
	port->full = XD_FULL_DROP;
	port->wait_us = XD_WAIT_US;
	port->coalesce = XD_COALESCE_OFF;
	if (driver)
		xd_keys_reset(driver->keys, port);
}

static void
init(const struct xd_config *config, void *entry)
{
	((struct xd_port_config *)entry)->drivers = config->drivers;
	type_changed(entry);
}

static int
check_type(const void *entry, const struct xd_driver *const *drivers, struct xd_error *err)
{
	const struct xd_driver *const *tables[] = {xd_builtin_drivers, drivers};
	const struct xd_port_config *port = entry;
	const struct xd_driver *driver = xd_driver_find(port->type, drivers);
	char known[200] = "";
	size_t used = 0;

	if (driver_of(port))
		return 0;
	if (driver && !driver->keys)
		return 0;
	if (driver)
		return xd_noun_fail(err, -EINVAL, &xd_port_noun, port, "type",
			"%s has keys that the configuration does not know: set its drivers before "
			"ports are added",
			port->type);
	for (unsigned t = 0; t < 2; t++) {
		for (const struct xd_driver *const *d = tables[t]; d && *d; d++) {
			if (used < sizeof(known))
				used += snprintf(known + used, sizeof(known) - used, "%s%s",
					used ? ", " : "", (*d)->type);
		}
	}
	if (!port->type[0])
		return xd_noun_fail(
			err, -EINVAL, &xd_port_noun, port, "type", "is missing: one of %s", known);
	return xd_noun_fail(err, -EINVAL, &xd_port_noun, port, "type",
		"there is no port type \"%.15s\": one of %s", port->type, known);
}

static int
check(const struct xd_config *config, const void *entry, const struct xd_driver *const *drivers,
	struct xd_error *err)
{
	const struct xd_port_config *port = entry;
	const struct xd_driver *driver =
		xd_driver_find(port->type, port->drivers ? port->drivers : drivers);

	(void)config;
	if (port->full == XD_FULL_WAIT && !driver->room)
		return xd_noun_fail(err, -EINVAL, &xd_port_noun, port, "full",
			"must be drop: a port of type %s cannot tell how much room it has",
			port->type);
	if (driver->peer && xd_limits_first(port))
		return xd_noun_fail(err, -EINVAL, &xd_port_noun, port, xd_limits_first(port)->name,
			"must be none: limit the ports behind a port of type %s", port->type);
	if (xd_vlan_check(port, err))
		return -EINVAL;
	return driver->check ? driver->check(port, err) : 0;
}

const struct xd_noun xd_port_noun = {
	.name = "port",
	.section = "ports",
	.size = sizeof(struct xd_port_config),
	.max = XD_MAX_PORTS,
	.keys = keys,
	.example = {"vm3", "type=vhost-user bridge=br0 path=/run/crossdock/vm3.sock",
		"full=wait wait_us=500 macs=52:54:00:12:34:56"},
	.renamed = "its guest stays connected",
	.init = init,
	.more = more,
	.type = type,
	.check_type = check_type,
	.check = check,
};

struct xd_port_config *
xd_config_add_port(struct xd_config *config, const char *name, const char *type, const char *bridge,
	struct xd_error *err)
{
	struct xd_port_config *port;

	if (!type || !bridge) {
		xd_fail(err, -EINVAL, "a port needs a type and a bridge");
		return NULL;
	}
	port = xd_noun_add(&xd_port_noun, config, name, err);
	if (!port)
		return NULL;
	if (strlen(type) >= sizeof(port->type))
		xd_fail(err, -EINVAL, "there is no port type \"%.60s\"", type);
	else if (strlen(bridge) >= sizeof(port->bridge))
		xd_fail(err, -EINVAL, "there is no bridge \"%.60s\"", bridge);
	else {
		strcpy(port->bridge, bridge);
		strcpy(port->type, type);
		type_changed(port);
		return port;
	}
	xd_noun_del(&xd_port_noun, config, name, NULL);
	return NULL;
}

struct xd_port_config *
xd_config_port(const struct xd_config *config, const char *name)
{
	return xd_noun_get(&xd_port_noun, config, name);
}

unsigned
xd_config_nb_ports(const struct xd_config *config)
{
	return xd_noun_count(&xd_port_noun, config);
}

struct xd_port_config *
xd_config_ports(const struct xd_config *config)
{
	return xd_noun_entry(&xd_port_noun, config, 0);
}

int
xd_config_del_port(struct xd_config *config, const char *name, struct xd_error *err)
{
	return xd_noun_del(&xd_port_noun, config, name, err);
}

int
xd_config_rename_port(
	struct xd_config *config, const char *name, const char *to, struct xd_error *err)
{
	return xd_noun_rename(&xd_port_noun, config, name, to, err);
}

bool
xd_port_config_equal(const struct xd_port_config *a, const struct xd_port_config *b)
{
	return xd_noun_equal(&xd_port_noun, a, b);
}

int
xd_port_config_set(
	struct xd_port_config *port, const char *key, const char *value, struct xd_error *err)
{
	return xd_noun_set(&xd_port_noun, port, key, value, err);
}

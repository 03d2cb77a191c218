/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crossdock.h"

#define DEFAULT_AGEING_S  300
#define DEFAULT_MAC_LIMIT 65536
#define DEFAULT_QUEUES    1
#define DEFAULT_WAIT_US   1000
#define DEFAULT_MTU       1500

struct xd_config *
xd_config_create(void)
{
	return calloc(1, sizeof(struct xd_config));
}

void
xd_config_destroy(struct xd_config *config)
{
	if (!config)
		return;
	free(config->bridges);
	free(config->ports);
	free(config);
}

struct xd_config *
xd_config_copy(const struct xd_config *config)
{
	struct xd_config *copy = malloc(sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *config;
	copy->bridges = NULL;
	copy->ports = NULL;
	if (config->nb_bridges) {
		copy->bridges = calloc(config->nb_bridges, sizeof(*copy->bridges));
		if (!copy->bridges)
			goto err;
		memcpy(copy->bridges, config->bridges, config->nb_bridges * sizeof(*copy->bridges));
	}
	if (config->nb_ports) {
		copy->ports = calloc(config->nb_ports, sizeof(*copy->ports));
		if (!copy->ports)
			goto err;
		memcpy(copy->ports, config->ports, config->nb_ports * sizeof(*copy->ports));
	}
	return copy;
err:
	xd_config_destroy(copy);
	return NULL;
}

bool
xd_port_config_equal(const struct xd_port_config *a, const struct xd_port_config *b)
{
	if (a->has_vlans != b->has_vlans)
		return false;
	if (a->has_vlans && memcmp(a->vlans, b->vlans, sizeof(a->vlans)))
		return false;
	return !strcmp(a->name, b->name) && !strcmp(a->type, b->type) &&
	       !strcmp(a->bridge, b->bridge) && a->vlan == b->vlan && a->queues == b->queues &&
	       a->mtu == b->mtu && !strcmp(a->path, b->path) && a->mode == b->mode &&
	       !strcmp(a->devargs, b->devargs) && a->nb_macs == b->nb_macs &&
	       !memcmp(a->macs, b->macs, a->nb_macs * sizeof(a->macs[0])) &&
	       a->mac_limit == b->mac_limit && a->full == b->full && a->wait_us == b->wait_us &&
	       a->features == b->features && a->compat == b->compat &&
	       !strcmp(a->socket_owner, b->socket_owner) &&
	       !strcmp(a->socket_group, b->socket_group) && a->socket_mode == b->socket_mode;
}

bool
xd_bridge_config_equal(const struct xd_bridge_config *a, const struct xd_bridge_config *b)
{
	return !strcmp(a->name, b->name) && a->ageing_s == b->ageing_s &&
	       a->mac_limit == b->mac_limit;
}

int
xd_config_set_workers(struct xd_config *config, const unsigned *cores, unsigned n)
{
	if (n > XD_MAX_WORKERS)
		return -E2BIG;
	for (unsigned i = 0; i < n; i++) {
		if (cores[i] > UINT16_MAX)
			return -EINVAL;
	}
	for (unsigned i = 0; i < n; i++)
		config->cores[i] = cores[i];
	config->nb_cores = n;
	return 0;
}

static int
check_name(const char *what, const char *name, struct xd_error *err)
{
	static const char valid[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_.:";
	size_t len = strlen(name);

	if (len == 0)
		return xd_fail(err, -EINVAL, "a %s needs a name", what);
	if (len >= XD_NAME_MAX)
		return xd_fail(err, -EINVAL,
			"\"%.60s\" is too long for the name of a %s: at most "
			"%d characters",
			name, what, XD_NAME_MAX - 1);
	if (strspn(name, valid) != len)
		return xd_fail(err, -EINVAL,
			"\"%s\" is not a name for a %s: use letters, digits "
			"and -_.: only",
			name, what);
	return 0;
}

/* One more zeroed element at the end of an array, or NULL. */
static void *
grow(void *array, unsigned n, size_t size)
{
	char *grown = realloc(array, (n + 1) * size);

	if (grown)
		memset(grown + n * size, 0, size);
	return grown;
}

struct xd_bridge_config *
xd_config_add_bridge(struct xd_config *config, const char *name, struct xd_error *err)
{
	struct xd_bridge_config *bridges, *bridge;

	if (check_name("bridge", name, err))
		return NULL;
	if (xd_config_bridge(config, name)) {
		xd_fail(err, -EEXIST, "there is already a bridge named %s", name);
		return NULL;
	}
	bridges = grow(config->bridges, config->nb_bridges, sizeof(*bridges));
	if (!bridges) {
		xd_fail(err, -ENOMEM, "no memory for bridge %s", name);
		return NULL;
	}
	config->bridges = bridges;
	bridge = &bridges[config->nb_bridges++];
	memcpy(bridge->name, name, strlen(name) + 1);
	bridge->ageing_s = DEFAULT_AGEING_S;
	bridge->mac_limit = DEFAULT_MAC_LIMIT;
	return bridge;
}

struct xd_port_config *
xd_config_add_port(struct xd_config *config, const char *name, const char *type, const char *bridge,
	struct xd_error *err)
{
	struct xd_port_config *ports, *port;

	if (check_name("port", name, err))
		return NULL;
	if (xd_config_port(config, name)) {
		xd_fail(err, -EEXIST, "there is already a port named %s", name);
		return NULL;
	}
	if (strlen(type) >= sizeof(port->type)) {
		xd_fail(err, -EINVAL, "there is no port type \"%.60s\"", type);
		return NULL;
	}
	if (strlen(bridge) >= sizeof(port->bridge)) {
		xd_fail(err, -EINVAL, "there is no bridge \"%.60s\"", bridge);
		return NULL;
	}
	ports = grow(config->ports, config->nb_ports, sizeof(*ports));
	if (!ports) {
		xd_fail(err, -ENOMEM, "no memory for port %s", name);
		return NULL;
	}
	config->ports = ports;
	port = &ports[config->nb_ports++];
	memcpy(port->name, name, strlen(name) + 1);
	memcpy(port->type, type, strlen(type) + 1);
	memcpy(port->bridge, bridge, strlen(bridge) + 1);
	port->vlan = XD_VLAN_NONE;
	port->queues = DEFAULT_QUEUES;
	port->wait_us = DEFAULT_WAIT_US;
	port->features = XD_VIRTIO_ALL;
	port->socket_mode = XD_MODE_UNSET;
	port->mtu = DEFAULT_MTU;
	port->mode = XD_SOCKET_CLIENT;
	return port;
}

struct xd_bridge_config *
xd_config_bridge(const struct xd_config *config, const char *name)
{
	for (unsigned i = 0; i < config->nb_bridges; i++) {
		if (!strcmp(config->bridges[i].name, name))
			return &config->bridges[i];
	}
	return NULL;
}

struct xd_port_config *
xd_config_port(const struct xd_config *config, const char *name)
{
	for (unsigned i = 0; i < config->nb_ports; i++) {
		if (!strcmp(config->ports[i].name, name))
			return &config->ports[i];
	}
	return NULL;
}

int
xd_config_del_bridge(struct xd_config *config, const char *name, struct xd_error *err)
{
	struct xd_bridge_config *bridge = xd_config_bridge(config, name);
	unsigned after;

	if (!bridge)
		return xd_fail(err, -ENOENT, "there is no bridge named %s", name);
	after = config->nb_bridges - 1 - (bridge - config->bridges);
	memmove(bridge, bridge + 1, after * sizeof(*bridge));
	config->nb_bridges--;
	return 0;
}

int
xd_config_del_port(struct xd_config *config, const char *name, struct xd_error *err)
{
	struct xd_port_config *port = xd_config_port(config, name);
	unsigned after;

	if (!port)
		return xd_fail(err, -ENOENT, "there is no port named %s", name);
	after = config->nb_ports - 1 - (port - config->ports);
	memmove(port, port + 1, after * sizeof(*port));
	config->nb_ports--;
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Everything about a configuration that can be known without touching the switch. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/owner.h"
#include "crossdock.h"
#include "port/port.h"

#define AGEING_MAX_S  1000000
#define MAC_LIMIT_MAX 16777216
#define QUEUES_MAX    16
#define MTU_MIN       68 /* RFC 791: every internet module must forward this much */
#define WAIT_US_MAX   1000000
#define MODE_MIN      0600 /* whoever owns a socket can use it */
#define MODE_MAX      0777

/* ---- Workers ---- */

static void *
nothing(void *arg)
{
	return arg;
}

/* A cpuset or container may keep a core from us. The calling thread's own affinity does not tell
 * (the EAL narrows it), so ask the kernel for a thread there. */
static bool
may_run_on(unsigned core)
{
	pthread_attr_t attr;
	pthread_t thread;
	cpu_set_t set;
	int ret;

	if (core >= CPU_SETSIZE)
		return false;
	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_ISSET(core, &set))
		return true;
	CPU_ZERO(&set);
	CPU_SET(core, &set);
	if (pthread_attr_init(&attr))
		return false;
	pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	ret = pthread_create(&thread, &attr, nothing, NULL);
	if (ret == 0)
		pthread_join(thread, NULL);
	pthread_attr_destroy(&attr);
	return ret == 0;
}

static int
check_workers(const struct xd_config *config, struct xd_error *err)
{
	long cores = sysconf(_SC_NPROCESSORS_CONF);

	if (config->nb_cores > XD_MAX_WORKERS)
		return xd_fail_key(err, -EINVAL, "workers.cores", "%u cores given, at most %d",
			config->nb_cores, XD_MAX_WORKERS);
	for (unsigned i = 0; i < config->nb_cores; i++) {
		unsigned core = config->cores[i];

		for (unsigned j = 0; j < i; j++) {
			if (config->cores[j] == core)
				return xd_fail_key(err, -EINVAL, "workers.cores",
					"core %u is given twice: one worker runs on each core",
					core);
		}
		if (core >= (unsigned long)cores)
			return xd_fail_key(err, -EINVAL, "workers.cores",
				"core %u does not exist: this machine has cores 0 to %ld", core,
				cores - 1);
		if (!may_run_on(core))
			return xd_fail_key(err, -EINVAL, "workers.cores",
				"core %u is offline or kept from this process by its cpuset", core);
	}
	if (config->idle != XD_IDLE_SLEEP && config->idle != XD_IDLE_POLL)
		return xd_fail_key(err, -EINVAL, "workers.idle", "must be sleep or poll");
	return 0;
}

/* ---- Bridges ---- */

static int
check_bridge(const struct xd_config *config, unsigned index, struct xd_error *err)
{
	const struct xd_bridge_config *bridge = &config->bridges[index];
	char key[XD_NAME_MAX + 32];

	snprintf(key, sizeof(key), "bridges.%.31s", bridge->name);
	if (!bridge->name[0] || strnlen(bridge->name, XD_NAME_MAX) == XD_NAME_MAX)
		return xd_fail_key(err, -EINVAL, key, "a bridge needs a name of 1 to %d characters",
			XD_NAME_MAX - 1);
	if (xd_config_bridge(config, bridge->name) != bridge)
		return xd_fail_key(err, -EEXIST, key, "two bridges have this name");
	if (bridge->ageing_s < 1 || bridge->ageing_s > AGEING_MAX_S) {
		snprintf(key, sizeof(key), "bridges.%s.ageing_s", bridge->name);
		return xd_fail_key(err, -EINVAL, key, "is %u: must be 1 to %d seconds",
			bridge->ageing_s, AGEING_MAX_S);
	}
	if (bridge->mac_limit < 1 || bridge->mac_limit > MAC_LIMIT_MAX) {
		snprintf(key, sizeof(key), "bridges.%s.mac_limit", bridge->name);
		return xd_fail_key(err, -EINVAL, key, "is %u: must be 1 to %d addresses",
			bridge->mac_limit, MAC_LIMIT_MAX);
	}
	return 0;
}

/* ---- Ports ---- */

/* err with the key ports.NAME.KEY. */
#define fail_port(err, code, port, suffix, ...)                                                    \
	({                                                                                         \
		char key_[XD_NAME_MAX + 32];                                                       \
		snprintf(key_, sizeof(key_), "ports.%.31s%s", (port)->name, suffix);               \
		xd_fail_key(err, code, key_, __VA_ARGS__);                                         \
	})

static const struct xd_driver *
find_driver(const char *type, const struct xd_driver *const *drivers)
{
	for (; drivers && *drivers; drivers++) {
		if (!strcmp((*drivers)->type, type))
			return *drivers;
	}
	for (drivers = xd_builtin_drivers; *drivers; drivers++) {
		if (!strcmp((*drivers)->type, type))
			return *drivers;
	}
	return NULL;
}

static int
unknown_type(const struct xd_port_config *port, const struct xd_driver *const *drivers,
	struct xd_error *err)
{
	const struct xd_driver *const *tables[] = {xd_builtin_drivers, drivers};
	char known[200] = "";
	size_t used = 0;

	for (unsigned t = 0; t < 2; t++) {
		for (const struct xd_driver *const *d = tables[t]; d && *d; d++) {
			if (used < sizeof(known))
				used += snprintf(known + used, sizeof(known) - used, "%s%s",
					used ? ", " : "", (*d)->type);
		}
	}
	if (!port->type[0])
		return fail_port(err, -EINVAL, port, ".type", "is missing: one of %s", known);
	return fail_port(err, -EINVAL, port, ".type", "there is no port type \"%.15s\": one of %s",
		port->type, known);
}

/* The directory that a path lies in. */
static void
directory_of(const char *path, char dir[XD_PATH_MAX])
{
	strcpy(dir, path);
	*strrchr(dir, '/') = 0;
	if (!dir[0])
		strcpy(dir, "/");
}

/* A directory that is not there: as a client the switch waits for it and the socket in it, as a
 * server it makes the last part of the path itself. */
static bool
may_be_missing(const struct xd_port_config *port, const char *dir)
{
	char parent[XD_PATH_MAX];
	struct stat st;

	if (port->mode == XD_SOCKET_CLIENT)
		return true;
	directory_of(dir, parent);
	return stat(parent, &st) == 0 && S_ISDIR(st.st_mode);
}

static int
check_path(const struct xd_port_config *port, struct xd_error *err)
{
	char dir[XD_PATH_MAX];
	struct stat st;

	if (strnlen(port->path, XD_PATH_MAX) == XD_PATH_MAX)
		return fail_port(err, -ENAMETOOLONG, port, ".path",
			"is too long: a socket path has at most %d bytes", XD_PATH_MAX - 1);
	if (port->path[0] != '/')
		return fail_port(err, -EINVAL, port, ".path",
			"\"%s\" is relative: write the whole path, from /", port->path);
	directory_of(port->path, dir);
	if (stat(dir, &st) && errno == ENOENT && may_be_missing(port, dir))
		return 0;
	if (stat(dir, &st))
		return fail_port(err, -errno, port, ".path", "directory %s: %s (mkdir -p %s)", dir,
			strerror(errno), dir);
	if (!S_ISDIR(st.st_mode))
		return fail_port(err, -ENOTDIR, port, ".path", "%s is not a directory", dir);
	if (stat(port->path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return fail_port(
			err, -EEXIST, port, ".path", "%s exists and is not a socket", port->path);
	return 0;
}

static int
check_unique(
	const struct xd_config *config, const struct xd_port_config *port, struct xd_error *err)
{
	for (const struct xd_port_config *other = config->ports; other < port; other++) {
		if (!strcmp(other->name, port->name))
			return fail_port(err, -EEXIST, port, "", "two ports have this name");
		if (port->path[0] && !strcmp(other->path, port->path))
			return fail_port(err, -EEXIST, port, ".path",
				"%s is the path of port %s already", port->path, other->name);
		if (port->devargs[0] && !strcmp(other->devargs, port->devargs))
			return fail_port(err, -EEXIST, port, ".devargs",
				"%.200s is the device of port %s already", port->devargs,
				other->name);
	}
	return 0;
}

static int
check_ranges(const struct xd_port_config *port, struct xd_error *err)
{
	if (port->vlan != XD_VLAN_NONE && (port->vlan < 1 || port->vlan > XD_VLAN_MAX))
		return fail_port(err, -EINVAL, port, ".vlan", "is %u: must be 1 to %d", port->vlan,
			XD_VLAN_MAX);
	if (port->has_vlans && (port->vlans[63] >> 63))
		return fail_port(
			err, -EINVAL, port, ".vlans", "has 4095: must be 0 to %d", XD_VLAN_MAX);
	if (port->queues < 1 || port->queues > QUEUES_MAX)
		return fail_port(err, -EINVAL, port, ".queues", "is %u: must be 1 to %d",
			port->queues, QUEUES_MAX);
	if (port->mtu < MTU_MIN)
		return fail_port(err, -EINVAL, port, ".mtu", "is %u: must be %d to 65535",
			port->mtu, MTU_MIN);
	return 0;
}

static int
check_macs(const struct xd_port_config *port, struct xd_error *err)
{
	static const uint8_t zero[6];

	if (port->nb_macs > XD_PORT_MACS)
		return fail_port(err, -E2BIG, port, ".macs", "has %u addresses: at most %d",
			port->nb_macs, XD_PORT_MACS);
	for (unsigned i = 0; i < port->nb_macs; i++) {
		const uint8_t *mac = port->macs[i];
		const char *problem = NULL;

		if (mac[0] & 1)
			problem = "is a group address, which is no frame's source";
		if (!memcmp(mac, zero, 6))
			problem = "is zero, which is no frame's source";
		for (unsigned j = 0; j < i; j++) {
			if (!memcmp(mac, port->macs[j], 6))
				problem = "is given twice";
		}
		if (problem)
			return fail_port(err, -EINVAL, port, ".macs",
				"%02x:%02x:%02x:%02x:%02x:%02x %s", mac[0], mac[1], mac[2], mac[3],
				mac[4], mac[5], problem);
	}
	if (port->mac_limit > MAC_LIMIT_MAX)
		return fail_port(err, -EINVAL, port, ".mac_limit",
			"is %u: must be 0 to %d addresses, 0 for no limit", port->mac_limit,
			MAC_LIMIT_MAX);
	return 0;
}

/* What only guests' ports use; on others it has its defaults. */
static int
check_guest(const struct xd_port_config *port, struct xd_error *err)
{
	if (port->full != XD_FULL_DROP && port->full != XD_FULL_WAIT)
		return fail_port(err, -EINVAL, port, ".full", "must be drop or wait");
	if (port->wait_us < 1 || port->wait_us > WAIT_US_MAX)
		return fail_port(err, -EINVAL, port, ".wait_us",
			"is %u: must be 1 to %d microseconds", port->wait_us, WAIT_US_MAX);
	if (!port->features)
		return fail_port(
			err, -EINVAL, port, ".features", "names none: name features, or say all");
	if (port->compat != XD_COMPAT_NONE && port->compat != XD_COMPAT_OVS_3_1 &&
		port->compat != XD_COMPAT_OVS_3_1_TSO)
		return fail_port(
			err, -EINVAL, port, ".compat", "must be ovs-3.1, ovs-3.1-tso or none");
	return 0;
}

/* Whose the socket shall be. */
static int
check_owner(const struct xd_port_config *port, struct xd_error *err)
{
	const char *key = port->socket_owner[0]                ? ".socket_owner"
			  : port->socket_group[0]              ? ".socket_group"
			  : port->socket_mode != XD_MODE_UNSET ? ".socket_mode"
							       : NULL;
	struct xd_error inner;
	uid_t uid;
	gid_t gid;

	if (key && port->mode == XD_SOCKET_CLIENT)
		return fail_port(err, -EINVAL, port, key,
			"does not go with mode client: there the front end makes the socket, so "
			"set it there, or use mode server");
	if (strnlen(port->socket_owner, XD_NAME_MAX) == XD_NAME_MAX)
		return fail_port(err, -EINVAL, port, ".socket_owner", "is no name");
	if (strnlen(port->socket_group, XD_NAME_MAX) == XD_NAME_MAX)
		return fail_port(err, -EINVAL, port, ".socket_group", "is no name");
	if (port->socket_owner[0] && xd_owner_user(port->socket_owner, &uid, &inner))
		return fail_port(err, inner.code, port, ".socket_owner", "%s", inner.text);
	if (port->socket_group[0] && xd_owner_group(port->socket_group, &gid, &inner))
		return fail_port(err, inner.code, port, ".socket_group", "%s", inner.text);
	if (port->socket_mode != XD_MODE_UNSET &&
		(port->socket_mode < MODE_MIN || port->socket_mode > MODE_MAX))
		return fail_port(err, -EINVAL, port, ".socket_mode",
			"is %04o: must be permission bits from %04o to %04o", port->socket_mode,
			MODE_MIN, MODE_MAX);
	return 0;
}

static int
check_port(const struct xd_config *config, const struct xd_port_config *port,
	const struct xd_driver *const *drivers, struct xd_error *err)
{
	const struct xd_driver *driver;
	int ret;

	if (!port->name[0] || strnlen(port->name, XD_NAME_MAX) == XD_NAME_MAX)
		return fail_port(err, -EINVAL, port, "",
			"a port needs a name of 1 to %d characters", XD_NAME_MAX - 1);
	ret = check_unique(config, port, err);
	if (ret)
		return ret;
	driver = find_driver(port->type, drivers);
	if (!driver)
		return unknown_type(port, drivers, err);
	if (!port->bridge[0])
		return fail_port(err, -EINVAL, port, ".bridge", "is missing: which bridge?");
	if (!xd_config_bridge(config, port->bridge))
		return fail_port(err, -ENOENT, port, ".bridge",
			"there is no bridge \"%s\": add it under bridges", port->bridge);
	ret = check_ranges(port, err);
	if (ret == 0)
		ret = check_macs(port, err);
	if (ret == 0)
		ret = check_guest(port, err);
	if (ret == 0)
		ret = check_owner(port, err);
	if (ret == 0 && port->path[0])
		ret = check_path(port, err);
	if (ret == 0 && driver->check)
		ret = driver->check(port, err);
	return ret;
}

int
xd_config_check(const struct xd_config *config, const struct xd_driver *const *drivers,
	struct xd_error *err)
{
	int ret = check_workers(config, err);

	for (unsigned i = 0; ret == 0 && i < config->nb_bridges; i++)
		ret = check_bridge(config, i, err);
	if (ret == 0 && config->nb_ports > XD_MAX_PORTS)
		ret = xd_fail_key(err, -E2BIG, "ports", "%u ports given, at most %d",
			config->nb_ports, XD_MAX_PORTS);
	for (unsigned i = 0; ret == 0 && i < config->nb_ports; i++)
		ret = check_port(config, &config->ports[i], drivers, err);
	return ret;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* An Interface as a port: type, options and the columns that all types have. */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "ovsdb/rows.h"
#include "ovsdb/value.h"

/* Queue pairs that a guest may find at a vhost-user port: it says how many it wants when it is
 * there, and Open vSwitch names no number before. */
#define VHOST_QUEUES "8"

/* An Interface that is being translated. */
struct interface {
	const struct xd_ovsdb_place *place;
	const json_t *row;
	const char *name;
	struct xd_port_config *port; /* in a configuration of its own */
	struct xd_error *err;
};

struct option {
	const char *option, *key;
};

static const char *
option(const struct interface *i, const char *name)
{
	return xd_ovsdb_map_find(json_object_get(i->row, "options"), name);
}

/* Errors name the column, or the option, that the value is from. */
static int
set(const struct interface *i, const char *key, const char *value, const char *from)
{
	struct xd_error inner;
	int ret = xd_port_config_set(i->port, key, value, &inner);

	return ret ? xd_fail(i->err, ret, "%s: %s", from, inner.text) : 0;
}

/* options, as keys of the same values. */
static int
set_options(const struct interface *i, const struct option *options)
{
	char from[64];
	int ret = 0;

	for (; ret == 0 && options->option; options++) {
		const char *value = option(i, options->option);

		snprintf(from, sizeof(from), "options:%s", options->option);
		if (value)
			ret = set(i, options->key, value, from);
	}
	return ret;
}

/* ---- Types ---- */

static int
need(const struct interface *i, const char *name)
{
	const char *value = option(i, name);

	if (value && value[0])
		return 0;
	return xd_fail(i->err, -EINVAL,
		"options:%s is missing: ovs-vsctl set Interface %s options:%s=...", name, i->name,
		name);
}

static int
set_queues(const struct interface *i, const char *fallback)
{
	const char *queues = option(i, "n_rxq");

	return set(i, "queues", queues ? queues : fallback, "options:n_rxq");
}

static int
set_vhost_client(const struct interface *i)
{
	int ret = need(i, "vhost-server-path");

	if (ret == 0)
		ret = set(i, "path", option(i, "vhost-server-path"), "options:vhost-server-path");
	return ret ? ret : set_queues(i, VHOST_QUEUES);
}

static int
set_vhost_server(const struct interface *i)
{
	char path[2 * XD_PATH_MAX];
	int ret;

	snprintf(path, sizeof(path), "%s/%s", i->place->vhost_dir, i->name);
	ret = set(i, "path", path, "vhost-sock-dir");
	if (ret == 0)
		ret = set(i, "mode", "server", "type");
	return ret ? ret : set_queues(i, VHOST_QUEUES);
}

static int
set_flow_control(const struct interface *i)
{
	const char *rx = option(i, "rx-flow-ctrl"), *tx = option(i, "tx-flow-ctrl");
	bool r = rx && !strcmp(rx, "true"), t = tx && !strcmp(tx, "true");

	if (!rx && !tx)
		return 0;
	return set(i, "flow_control",
		r && t ? "both"
		: r    ? "rx"
		: t    ? "tx"
		       : "off",
		"options:rx-flow-ctrl");
}

static int
set_dpdk(const struct interface *i)
{
	static const struct option options[] = {
		{"dpdk-devargs", "devargs"},
		{"n_txq", "tx_queues"},
		{"n_rxq_desc", "rx_desc"},
		{"n_txq_desc", "tx_desc"},
		{0},
	};
	int ret = need(i, "dpdk-devargs");

	if (ret == 0)
		ret = set_options(i, options);
	if (ret == 0)
		ret = set_flow_control(i);
	return ret ? ret : set_queues(i, "1");
}

static int
set_tap(const struct interface *i)
{
	const char *mac = xd_ovsdb_string(json_object_get(i->row, "mac"));
	int ret = set(i, "ifname", i->name, "name");

	/* That of an ovs-vswitchd which runs, in an import. */
	if (!mac)
		mac = xd_ovsdb_string(json_object_get(i->row, "mac_in_use"));
	if (ret == 0 && mac)
		ret = set(i, "mac", mac, "mac");
	return ret ? ret : set_queues(i, "1");
}

/* A bridge's own port has the bridge's Ethernet address, always the same. */
static int
set_local_mac(const struct interface *i)
{
	const char *bridge = xd_ovsdb_string(json_object_get(i->place->bridge, "name"));
	const uint8_t *mac = i->place->bridge_mac;
	char text[18];

	if (!bridge || strcmp(bridge, i->name) ||
		xd_ovsdb_string(json_object_get(i->row, "mac_in_use")))
		return 0;
	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		mac[3], mac[4], mac[5]);
	return set(i, "mac", text, "other_config:hwaddr");
}

/* Its IP addresses stay when the switch ends, and so the interface does. */
static int
set_internal(const struct interface *i)
{
	int ret = set_tap(i);

	if (ret == 0)
		ret = set_local_mac(i);
	return ret ? ret : set(i, "persist", "yes", "type");
}

/* It has to be there: a port of ours would wait for it, and nobody would learn that its name is
 * wrong. */
static int
set_netdev(const struct interface *i)
{
	if (if_nametoindex(i->name) == 0)
		return xd_fail(i->err, -ENODEV, "could not open network device %s (No such device)",
			i->name);
	return set(i, "ifname", i->name, "name");
}

static int
set_afxdp(const struct interface *i)
{
	const char *mode = option(i, "xdp-mode");
	const char *wakeup = option(i, "use-need-wakeup");
	int ret = set_netdev(i);

	if (ret == 0 && mode && !strcmp(mode, "generic"))
		ret = set(i, "xdp", "generic", "options:xdp-mode");
	else if (ret == 0 && mode && !strncmp(mode, "native", 6))
		ret = set(i, "xdp", "native", "options:xdp-mode");
	if (ret == 0 && mode && !strcmp(mode, "native-with-zerocopy"))
		ret = set(i, "copy", "zero", "options:xdp-mode");
	if (ret == 0 && wakeup && !strcmp(wakeup, "false"))
		ret = set(i, "need_wakeup", "no", "options:use-need-wakeup");
	return ret ? ret : set_queues(i, "1");
}

/* All frames of the interface are the switch's, as they are Open vSwitch's. */
static int
set_system(const struct interface *i)
{
	int ret = set_netdev(i);

	if (ret == 0)
		ret = set(i, "kernel", "none", "type");
	return ret ? ret : set_queues(i, "1");
}

/* Either end may come first. */
static int
set_patch(const struct interface *i)
{
	int ret = need(i, "peer");

	return ret ? ret : set(i, "peer", option(i, "peer"), "options:peer");
}

static const struct type {
	const char *name, *ours;
	int (*set)(const struct interface *i);
} types[] = {
	{"afxdp", "af_xdp", set_afxdp},
	{"afxdp-nonpmd", "af_xdp", set_afxdp},
	{"dpdk", "dpdk", set_dpdk},
	{"dpdkvhostuser", "vhost-user", set_vhost_server},
	{"dpdkvhostuserclient", "vhost-user", set_vhost_client},
	{"internal", "tap", set_internal},
	{"patch", "patch", set_patch},
	{"system", "af_xdp", set_system},
	{"tap", "tap", set_tap},
};

const char *const xd_ovsdb_types[] = {"afxdp", "afxdp-nonpmd", "dpdk", "dpdkvhostuser",
	"dpdkvhostuserclient", "internal", "patch", "system", "tap", NULL};

static const struct type *
find_type(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (!strcmp(types[i].name, name && name[0] ? name : "system"))
			return &types[i];
	}
	return NULL;
}

/* ---- What all types have ---- */

static int
set_mtu(const struct interface *i)
{
	json_int_t mtu = xd_ovsdb_integer(json_object_get(i->row, "mtu_request"), 0);
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)mtu);
	return mtu ? set(i, "mtu", text, "mtu_request") : 0;
}

/* Of a Port that is no bond. */
static void
refuse_lacp(const struct interface *i)
{
	const char *lacp = xd_ovsdb_string(json_object_get(i->place->port, "lacp"));

	if (lacp && strcmp(lacp, "off"))
		xd_ovsdb_remark(i->place, "lacp", "it is of bonds: ports of several interfaces");
}

static int
set_all(const struct interface *i, const struct type *type)
{
	int ret = type->set(i);

	if (ret == 0)
		ret = set_mtu(i);
	if (ret == 0 && !i->place->member)
		ret = xd_ovsdb_vlan(i->place->port, i->port, i->err);
	if (ret == 0)
		xd_ovsdb_police_in(i->place, i->row, i->port);
	if (ret == 0 && !i->place->member) {
		xd_ovsdb_police_out(i->place, i->port);
		refuse_lacp(i);
	}
	if (ret == 0)
		xd_ovsdb_affinity(i->place, i->row, i->port);
	return ret ? ret : xd_ovsdb_own_keys(i->row, i->port, i->err);
}

/* ---- All of it ---- */

static int
no_type(const char *name, struct xd_error *err)
{
	static const char *const tunnels[] = {
		"erspan", "geneve", "gre", "gtpu", "ip6erspan", "ip6gre", "stt", "vxlan", NULL};

	for (const char *const *tunnel = tunnels; *tunnel; tunnel++) {
		if (!strcmp(*tunnel, name))
			return xd_fail(err, -EOPNOTSUPP, "type: there are no tunnels (%s)", name);
	}
	return xd_fail(err, -EOPNOTSUPP,
		"type: there is no \"%.40s\": afxdp, dpdk, dpdkvhostuser, dpdkvhostuserclient, "
		"internal, patch, system or tap",
		name);
}

/* In a configuration of its own, where it can be checked without others. */
static int
translate(struct interface *i, const struct type *type, struct xd_config *scratch)
{
	const char *bridge = xd_ovsdb_string(json_object_get(i->place->bridge, "name"));
	struct xd_error inner;
	int ret;

	if (!xd_config_add_bridge(scratch, bridge ? bridge : "", i->err))
		return i->err->code;
	i->port = xd_config_add_port(
		scratch, i->name, type->ours, i->place->member ? "none" : bridge, i->err);
	if (!i->port)
		return i->err->code;
	ret = set_all(i, type);
	if (ret)
		return ret;
	ret = xd_config_check(scratch, NULL, &inner);
	return ret ? xd_fail(i->err, ret, "%s", inner.text) : 0;
}

int
xd_ovsdb_interface(const struct xd_ovsdb_place *place, const json_t *row,
	struct xd_port_config *config, struct xd_error *err)
{
	const char *name = xd_ovsdb_string(json_object_get(row, "name"));
	const char *is = xd_ovsdb_string(json_object_get(row, "type"));
	struct interface i = {.place = place, .row = row, .name = name ? name : "", .err = err};
	const struct type *type = find_type(is);
	struct xd_config *scratch;
	int ret;

	memset(config, 0, sizeof(*config));
	if (!type)
		return no_type(is, err);
	scratch = xd_config_create();
	if (!scratch)
		return xd_fail(err, -ENOMEM, "no memory");
	ret = translate(&i, type, scratch);
	if (ret == 0)
		*config = *i.port;
	xd_config_destroy(scratch);
	return ret;
}

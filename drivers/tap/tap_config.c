/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys of a tap port, and what of them no row can say. */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/tap/tap.h"

#define NETNS_DIR "/run/netns" /* where ip-netns(8) has them */

static_assert(sizeof(struct xd_tap_config) <= XD_PORT_SETTINGS, "the room in a port's settings");

const struct xd_key xd_tap_keys[] = {
#define XD_KEY(key, members, ...)                                                                  \
	{.name = #key, XD_SETTINGS_AT(struct xd_tap_config, key), __VA_ARGS__},
#include "drivers/tap/keys.def"
#undef XD_KEY
	{0},
};

const char *
xd_tap_ifname(const struct xd_port_config *config)
{
	const char *ifname = xd_tap_config(config)->ifname;

	return ifname[0] ? ifname : config->name;
}

const char *
xd_tap_netns_path(const struct xd_port_config *config, char path[PATH_MAX])
{
	const char *netns = xd_tap_config(config)->netns;

	if (!netns[0])
		return NULL;
	snprintf(path, PATH_MAX, "%s%s", netns[0] == '/' ? "" : NETNS_DIR "/", netns);
	return path;
}

/* What the kernel takes (dev_valid_name), without the % of which it makes a number. */
static bool
is_ifname(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= IF_NAMESIZE || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isgraph((unsigned char)name[i]) || strchr("/:%", name[i]))
			return false;
	}
	return true;
}

static int
check_names(const struct xd_port_config *config, struct xd_error *err)
{
	const char *ifname = xd_tap_ifname(config), *netns = xd_tap_config(config)->netns;

	if (!is_ifname(ifname))
		return xd_port_config_fail(err, -EINVAL, config, "ifname",
			"\"%.31s\"%s is no name for an interface: give it one of at most 15 "
			"letters, digits, dots and dashes",
			ifname, xd_tap_config(config)->ifname[0] ? "" : ", the port's name,");
	if (netns[0] != '/' && (strchr(netns, '/') || !strcmp(netns, ".") || !strcmp(netns, "..")))
		return xd_port_config_fail(err, -EINVAL, config, "netns",
			"\"%s\" is no namespace: write a name that `ip netns` lists, or a whole "
			"path such as /proc/1234/ns/net",
			netns);
	return 0;
}

int
xd_tap_check(const struct xd_port_config *config, struct xd_error *err)
{
	const struct xd_tap_config *tap = xd_tap_config(config);
	struct xd_tap_address addresses[XD_TAP_ADDRESSES];
	struct xd_error inner;
	uint8_t mac[6];

	if (check_names(config, err))
		return -EINVAL;
	if (tap->mac[0] && xd_tap_mac(tap->mac, mac))
		return xd_port_config_fail(err, -EINVAL, config, "mac",
			"\"%s\" is no address of one interface: write one such as "
			"02:00:00:00:00:01",
			tap->mac);
	if (xd_tap_addresses(tap->ip, addresses, &inner) < 0)
		return xd_port_config_fail(err, inner.code, config, "ip", "%s", inner.text);
	if (config->mtu > XD_TAP_MTU_MAX)
		return xd_port_config_fail(err, -EINVAL, config, "mtu",
			"mtu %u: an interface of the kernel's takes 68 to %u", config->mtu,
			XD_TAP_MTU_MAX);
	return 0;
}

/* An interface of the process's own namespace as the dpdk port names it. */
unsigned
xd_tap_claims(const struct xd_port_config *config, struct xd_claim *claims)
{
	char path[PATH_MAX];
	const char *netns = xd_tap_netns_path(config, path);

	claims[0] = (struct xd_claim){.kind = "netdev", .key = "ifname", .what = "interface"};
	snprintf(claims[0].name, XD_CLAIM_NAME, "%.31s%s%.200s", xd_tap_ifname(config),
		netns ? " in " : "", netns ? netns : "");
	return 1;
}

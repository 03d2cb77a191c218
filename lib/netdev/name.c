/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of interfaces and of namespaces. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "netdev/netdev.h"

#define NETNS_DIR "/run/netns" /* where ip-netns(8) has them */

const char *
xd_netdev_ifname(const struct xd_port_config *config, const char *ifname)
{
	return ifname[0] ? ifname : config->name;
}

const char *
xd_netns_path(const char *netns, char path[PATH_MAX])
{
	if (!netns[0])
		return NULL;
	snprintf(path, PATH_MAX, "%s%s", netns[0] == '/' ? "" : NETNS_DIR "/", netns);
	return path;
}

const char *
xd_netns_ip(const char *netns, char text[XD_NETNS_MAX + 8])
{
	text[0] = 0;
	if (netns[0] && netns[0] != '/')
		snprintf(text, XD_NETNS_MAX + 8, " -n %s", netns);
	return text;
}

/* What the kernel takes (dev_valid_name), without the % of which it makes a number. */
static bool
is_name(const char *name)
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

int
xd_netdev_check(const struct xd_port_config *config, const char *ifname, const char *netns,
	struct xd_error *err)
{
	const char *name = xd_netdev_ifname(config, ifname);

	if (!is_name(name))
		return xd_port_config_fail(err, -EINVAL, config, "ifname",
			"\"%.31s\"%s is no name for an interface: give it one of at most 15 "
			"letters, digits, dots and dashes",
			name, ifname[0] ? "" : ", the port's name,");
	if (netns[0] != '/' && (strchr(netns, '/') || !strcmp(netns, ".") || !strcmp(netns, "..")))
		return xd_port_config_fail(err, -EINVAL, config, "netns",
			"\"%s\" is no namespace: write a name that `ip netns` lists, or a whole "
			"path such as /proc/1234/ns/net",
			netns);
	return 0;
}

/* An interface of the process's own namespace as the dpdk port names it. */
void
xd_netdev_claim(struct xd_claim *claim, const char *ifname, const char *netns)
{
	char path[PATH_MAX];
	const char *file = xd_netns_path(netns, path);

	*claim = (struct xd_claim){.kind = "netdev", .key = "ifname", .what = "interface"};
	snprintf(claim->name, XD_CLAIM_NAME, "%.31s%s%.200s", ifname, file ? " in " : "",
		file ? file : "");
}

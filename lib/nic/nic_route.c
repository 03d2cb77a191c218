/* SPDX-License-Identifier: BSD-3-Clause */
/* Which interface carries the default route: /proc/net/route and /proc/net/ipv6_route, whose lines
 * the kernel's fib_route_seq_show and rt6_info_route write. */
#include <linux/ipv6_route.h>
#include <linux/route.h>
#include <stdio.h>
#include <string.h>

#include "nic/nic.h"
#include "nic/sysfs.h"

#define DEPTH 8 /* of what lies upon what: a VLAN on a bridge on a bond, ... */

/* Whether upper lies on the interface, as bonds, bridges and VLANs do. */
static bool
lies_on(const char *root, const char *upper, const char *interface, unsigned depth)
{
	const char *name;
	bool found = strcmp(upper, interface) == 0;
	DIR *dir;

	if (found || depth == 0)
		return found;
	dir = xd_sysfs_dir("%s/sys/class/net/%s", root, upper);
	while (dir != NULL && !found && (name = xd_sysfs_next(dir)) != NULL) {
		if (strncmp(name, "lower_", 6) == 0)
			found = lies_on(root, name + 6, interface, depth - 1);
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

/* A line of /proc/net/route; the interface of a default route. */
static bool
default_ipv4(const char *line, char name[XD_NIC_WORD])
{
	unsigned destination, gateway, flags, mask;

	return sscanf(line, "%31s %x %x %x %*d %*d %*d %x", name, &destination, &gateway, &flags,
		       &mask) == 5 &&
	       destination == 0 && mask == 0 && flags & RTF_UP && !(flags & RTF_REJECT);
}

/* The same of /proc/net/ipv6_route. */
static bool
default_ipv6(const char *line, char name[XD_NIC_WORD])
{
	char destination[33];
	unsigned len, flags;

	return sscanf(line, "%32s %x %*32s %*x %*32s %*x %*x %*x %x %31s", destination, &len,
		       &flags, name) == 4 &&
	       strspn(destination, "0") == 32 && len == 0 && flags & RTF_UP &&
	       !(flags & RTF_REJECT);
}

static bool
routed_by(const char *root, const char *file, bool (*is_default)(const char *line, char *name),
	const char *interface)
{
	FILE *routes = xd_sysfs_file("%s/proc/net/%s", root, file);
	char line[512], name[XD_NIC_WORD];
	bool found = false;

	while (routes != NULL && !found && fgets(line, sizeof(line), routes) != NULL)
		found = is_default(line, name) && lies_on(root, name, interface, DEPTH);
	if (routes != NULL)
		fclose(routes);
	return found;
}

bool
xd_nic_has_default_route(const char *root, const char *interface)
{
	return routed_by(root, "route", default_ipv4, interface) ||
	       routed_by(root, "ipv6_route", default_ipv6, interface);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The keys of a dpdk port, and what of them no row can say. */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_pci.h>

#include "drivers/ethdev/ethdev.h"

static_assert(sizeof(struct xd_ethdev_config) <= XD_PORT_SETTINGS, "the room in a port's settings");

static const struct xd_bit_name xd_ethdev_rss_names[] = {
	{"ip", XD_ETHDEV_RSS_IP},
	{"tcp", XD_ETHDEV_RSS_TCP},
	{"udp", XD_ETHDEV_RSS_UDP},
	{"sctp", XD_ETHDEV_RSS_SCTP},
	{"l2", XD_ETHDEV_RSS_L2},
	{0},
};

const struct xd_key xd_ethdev_keys[] = {
#define XD_KEY(key, members, ...)                                                                  \
	{.name = #key, XD_SETTINGS_AT(struct xd_ethdev_config, key), __VA_ARGS__},
#include "drivers/ethdev/keys.def"
#undef XD_KEY
	{0},
};

static int
fail_devargs(const struct xd_port_config *config, struct xd_error *err, const char *what)
{
	return xd_port_config_fail(err, -EINVAL, config, "devargs",
		"devargs \"%.128s\": %s; write a PCI address such as 0000:03:00.0, or a virtual "
		"device such as net_tap0,iface=x",
		xd_ethdev_config(config)->devargs, what);
}

bool
xd_ethdev_by_mac(const char *devargs)
{
	static const char prefix[] = "class=eth,mac=";

	return strncmp(devargs, prefix, strlen(prefix)) == 0;
}

/* DPDK 22.11's syntax of layers, "bus=pci/class=eth", of which most crashes there. */
static bool
has_layers(const char *devargs, size_t name_len)
{
	static const char *const layers[] = {"/bus=", "/class=", "/driver="};

	for (unsigned i = 0; i < sizeof(layers) / sizeof(*layers); i++) {
		if (strstr(devargs, layers[i]))
			return true;
	}
	return memchr(devargs, '=', name_len) && !xd_ethdev_by_mac(devargs);
}

/* Only the form: what buses and drivers there are is known once the EAL is up. */
int
xd_ethdev_check(const struct xd_port_config *config, struct xd_error *err)
{
	const char *devargs = xd_ethdev_config(config)->devargs;
	const struct xd_ethdev_quirks *refused = xd_ethdev_refused(devargs);
	size_t name_len = strcspn(devargs, ",");

	if (devargs[0] == '\0')
		return fail_devargs(config, err, "a dpdk port needs a device");
	for (size_t i = 0; devargs[i] != '\0'; i++) {
		if (!isgraph((unsigned char)devargs[i]))
			return fail_devargs(config, err, "there is a space or control character");
	}
	if (name_len == 0)
		return fail_devargs(config, err, "the device has no name");
	if (has_layers(devargs, name_len))
		return fail_devargs(
			config, err, "of bus=, class= and driver= there is only class=eth,mac=");
	if (name_len >= RTE_DEV_NAME_MAX_LEN)
		return fail_devargs(config, err, "the name of the device is too long");
	for (const char *at = devargs + name_len; *at == ','; at += 1 + strcspn(at + 1, ",")) {
		if (at[1] == '\0' || at[1] == ',' || at[1] == '=')
			return fail_devargs(
				config, err, "what follows the name is no list of key=value");
	}
	if (refused != NULL)
		return xd_port_config_fail(err, -EINVAL, config, "devargs",
			"whoever is at the other end of DPDK's %s can crash the switch: use "
			"type=%s instead",
			refused->driver, refused->instead);
	if (config->queues > XD_ETHDEV_QUEUES_MAX)
		return xd_port_config_fail(err, -EINVAL, config, "queues", "%u queues: at most %u",
			config->queues, XD_ETHDEV_QUEUES_MAX);
	return 0;
}

bool
xd_ethdev_pci(const char *devargs, char address[XD_ETHDEV_NAME_MAX])
{
	struct rte_pci_addr pci;

	snprintf(address, XD_ETHDEV_NAME_MAX, "%.*s", (int)strcspn(devargs, ","), devargs);
	if (rte_pci_addr_parse(address, &pci) != 0)
		return false;
	rte_pci_device_name(&pci, address, XD_ETHDEV_NAME_MAX);
	return true;
}

/* A PCI address in full and lower case; a virtual device by its name, and the interface of the
 * kernel that it is given. */
unsigned
xd_ethdev_claims(const struct xd_port_config *port, struct xd_claim *claims)
{
	static const struct xd_claim device = {.key = "devargs", .what = "device"};
	const char *devargs = xd_ethdev_config(port)->devargs, *iface = strstr(devargs, ",iface=");
	char name[XD_ETHDEV_NAME_MAX];
	unsigned n = 0;

	if (!devargs[0])
		return 0;
	claims[n] = device;
	claims[n].kind = xd_ethdev_pci(devargs, name) ? "pci" : "vdev";
	snprintf(claims[n].name, XD_CLAIM_NAME, "%s", name);
	n++;
	if (!iface)
		return n;
	claims[n] = device;
	claims[n].kind = "netdev";
	snprintf(claims[n].name, XD_CLAIM_NAME, "%.*s", (int)strcspn(iface + 7, ","), iface + 7);
	return n + 1;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Drivers of DPDK 22.11 that are not quite what they say. */
#include <string.h>

#include "drivers/ethdev/ethdev.h"

static const struct xd_ethdev_quirks quirks[] = {
	/* Segments IPv4 only, and lets long frames of IPv6 pass. Notes a change of its link and
	 * calls nobody for it. */
	{.driver = "net_tap", .no_tso = true, .makes_interface = true, .silent = true},
	/* A device of virtio's has the IP checksum of the whole, and makes those of the segments.
	 */
	{.driver = "net_virtio", .tso_of_virtio = true},
	{.driver = "net_virtio_user", .tso_of_virtio = true},
	/* Its sockets do not survive that their interface is taken down. */
	{.driver = "net_af_packet", .needs_interface = true},
	/* Of the 82574 it does not write which vector a cause is sent to (IVAR), so that by MSI-X
	 * none is: neither of the link nor of received frames. MSI and INTx have one for all. */
	{.driver = "net_e1000_em", .deaf_by_msix = true},
	/* Unmaps its peer's memory, when that has gone, while a worker is in it; and takes any
	 * region and offset that the peer writes into a descriptor. */
	{.driver = "net_memif", .instead = "memif"},
	/* Its guest's memory can be truncated, and then ends the process (SIGBUS). */
	{.driver = "net_vhost", .instead = "vhost-user"},
	{.driver = "eth_vhost", .instead = "vhost-user"}, /* what it was called before */
};

const struct xd_ethdev_quirks *
xd_ethdev_quirks_of(const char *driver)
{
	static const struct xd_ethdev_quirks none = {.driver = ""};

	for (size_t i = 0; i < RTE_DIM(quirks); i++) {
		if (strcmp(quirks[i].driver, driver) == 0)
			return &quirks[i];
	}
	return &none;
}

/* Whether a device's name may begin at a place in devargs: with a word, also of what a device such
 * as net_failsafe is made of, or behind "vdev" and one character, whichever: rte_devargs_parse. */
static bool
begins_name(const char *devargs, const char *at)
{
	static const char bus[] = "vdev";
	const size_t before = sizeof(bus); /* its letters, and the one character */

	if (at == devargs || strchr(",(={", at[-1]) != NULL)
		return true;
	return (size_t)(at - devargs) >= before && strncmp(at - before, bus, before - 1) == 0;
}

static bool
names_driver(const char *devargs, const char *driver)
{
	for (const char *at = devargs; (at = strstr(at, driver)) != NULL; at++) {
		if (begins_name(devargs, at))
			return true;
	}
	return false;
}

const struct xd_ethdev_quirks *
xd_ethdev_refused(const char *devargs)
{
	for (size_t i = 0; i < RTE_DIM(quirks); i++) {
		if (quirks[i].instead != NULL && names_driver(devargs, quirks[i].driver))
			return &quirks[i];
	}
	return NULL;
}

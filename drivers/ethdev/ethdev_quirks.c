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

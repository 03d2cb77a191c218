/* SPDX-License-Identifier: BSD-3-Clause */
/* What MTU a device takes. */
#include <errno.h>
#include <stdio.h>

#include <rte_errno.h>

#include "drivers/ethdev/ethdev.h"

/* The longest MTU of a device, which some say only as a length of frame. */
static uint32_t
max_mtu(const struct rte_eth_dev_info *info)
{
	uint32_t overhead = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;

	if (info->max_mtu != UINT16_MAX)
		return info->max_mtu;
	if (info->max_rx_pktlen < overhead + UINT16_MAX)
		return info->max_rx_pktlen > overhead ? info->max_rx_pktlen - overhead : 0;
	return UINT16_MAX;
}

int
xd_ethdev_check_mtu(struct xd_ethdev_port *p, uint16_t mtu, struct xd_error *err)
{
	const struct xd_port_config *config = &p->port.config;
	struct rte_eth_dev_info info;
	int ret = rte_eth_dev_info_get(p->port_id, &info);
	char key[128];

	if (ret != 0)
		return xd_fail(err, ret, "port %s: device %.128s does not describe itself: %s",
			config->name, xd_ethdev_config(config)->devargs, rte_strerror(-ret));
	if (mtu >= info.min_mtu && mtu <= max_mtu(&info))
		return 0;
	snprintf(key, sizeof(key), "ports.%s.mtu", config->name);
	return xd_fail_key(err, -EINVAL, key, "mtu %u: device %.128s takes %u to %u", mtu,
		xd_ethdev_config(config)->devargs, info.min_mtu, max_mtu(&info));
}

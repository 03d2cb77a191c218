/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings of a port of type dpdk. */
#ifndef XD_DRIVERS_ETHDEV_CONFIG_H
#define XD_DRIVERS_ETHDEV_CONFIG_H

#include "base/api.h"
#include "base/bit_names.h"
#include "crossdock.h"

XD_API_BEGIN

#define XD_DEVARGS_MAX 256 /* bytes of devargs, with their NUL */

/* Of the keys promisc and flow_control, the indices of their words. */
enum xd_ethdev_promisc { XD_ETHDEV_PROMISC_NO, XD_ETHDEV_PROMISC_YES };
enum xd_ethdev_flow {
	XD_ETHDEV_FLOW_DEVICE,
	XD_ETHDEV_FLOW_OFF,
	XD_ETHDEV_FLOW_RX,
	XD_ETHDEV_FLOW_TX,
	XD_ETHDEV_FLOW_BOTH,
};
/* Bits of the key rss. */
enum xd_ethdev_rss {
	XD_ETHDEV_RSS_IP,
	XD_ETHDEV_RSS_TCP,
	XD_ETHDEV_RSS_UDP,
	XD_ETHDEV_RSS_SCTP,
	XD_ETHDEV_RSS_L2,
};

/* Those of rss that are set unless it says otherwise. */
#define XD_ETHDEV_RSS_DEFAULT                                                                      \
	(1u << XD_ETHDEV_RSS_IP | 1u << XD_ETHDEV_RSS_TCP | 1u << XD_ETHDEV_RSS_UDP)

/* Its keys: drivers/ethdev/keys.def. */
struct xd_ethdev_config {
#define XD_KEY(key, members, ...) members;
#include "drivers/ethdev/keys.def"
#undef XD_KEY
};

/* The settings of a port of that type: they are in its configuration, whose they are. Any thread.
 */
static inline struct xd_ethdev_config *
xd_ethdev_config(const struct xd_port_config *port)
{
	return (struct xd_ethdev_config *)(uintptr_t)port->settings.bytes;
}

XD_API_END

#endif

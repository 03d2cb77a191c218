/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings of a port of type dpdk. */
#ifndef XD_DRIVERS_ETHDEV_CONFIG_H
#define XD_DRIVERS_ETHDEV_CONFIG_H

#include "base/api.h"
#include "crossdock.h"

XD_API_BEGIN

#define XD_DEVARGS_MAX 256

/* Its keys: drivers/ethdev/keys.def. */
struct xd_ethdev_config {
#define XD_KEY(key, members, ...) members;
#include "drivers/ethdev/keys.def"
#undef XD_KEY
};

/* Of a port of that type. */
static inline struct xd_ethdev_config *
xd_ethdev_config(const struct xd_port_config *port)
{
	return (struct xd_ethdev_config *)(uintptr_t)port->settings.bytes;
}

XD_API_END

#endif

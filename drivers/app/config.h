/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings of a port of type app. */
#ifndef XD_DRIVERS_APP_CONFIG_H
#define XD_DRIVERS_APP_CONFIG_H

#include "base/api.h"
#include "crossdock.h"

XD_API_BEGIN

/* Its keys: drivers/app/keys.def. */
struct xd_app_config {
#define XD_KEY(key, members, ...) members;
#include "drivers/app/keys.def"
#undef XD_KEY
};

/* The settings of a port of that type: they are in its configuration, whose they are. Any thread.
 */
static inline struct xd_app_config *
xd_app_config(const struct xd_port_config *port)
{
	return (struct xd_app_config *)(uintptr_t)port->settings.bytes;
}

XD_API_END

#endif

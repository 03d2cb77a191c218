/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings of a port of type patch. */
#ifndef XD_DRIVERS_PATCH_CONFIG_H
#define XD_DRIVERS_PATCH_CONFIG_H

#include "base/api.h"
#include "crossdock.h"

XD_API_BEGIN

/* Its keys: drivers/patch/keys.def. */
struct xd_patch_config {
#define XD_KEY(key, members, ...) members;
#include "drivers/patch/keys.def"
#undef XD_KEY
};

/* The settings of a port of that type: they are in its configuration, whose they are. Any thread.
 */
static inline struct xd_patch_config *
xd_patch_config(const struct xd_port_config *port)
{
	return (struct xd_patch_config *)(uintptr_t)port->settings.bytes;
}

XD_API_END

#endif

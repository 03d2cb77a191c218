/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings of a port of type memif. */
#ifndef XD_DRIVERS_MEMIF_CONFIG_H
#define XD_DRIVERS_MEMIF_CONFIG_H

#include "base/api.h"
#include "crossdock.h"

XD_API_BEGIN

/* The switch's role on the socket: of the key mode, the index of its word. */
enum xd_memif_mode { XD_MEMIF_CLIENT, XD_MEMIF_SERVER };

/* Its keys: drivers/memif/keys.def. */
struct xd_memif_config {
#define XD_KEY(key, members, ...) members;
#include "drivers/memif/keys.def"
#undef XD_KEY
};

/* The settings of a port of that type: they are in its configuration, whose they are. Any thread.
 */
static inline struct xd_memif_config *
xd_memif_config(const struct xd_port_config *port)
{
	return (struct xd_memif_config *)(uintptr_t)port->settings.bytes;
}

XD_API_END

#endif

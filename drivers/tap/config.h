/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings of a port of type tap. */
#ifndef XD_DRIVERS_TAP_CONFIG_H
#define XD_DRIVERS_TAP_CONFIG_H

#include "base/api.h"
#include "crossdock.h"

XD_API_BEGIN

#define XD_TAP_NETNS_MAX 128 /* bytes of a namespace's name or path, with its NUL */
#define XD_TAP_IP_MAX    320 /* and of all addresses as text */

/* Of the key persist, the index of its word. */
enum xd_tap_persist { XD_TAP_PERSIST_NO, XD_TAP_PERSIST_YES };

/* Its keys: drivers/tap/keys.def. */
struct xd_tap_config {
#define XD_KEY(key, members, ...) members;
#include "drivers/tap/keys.def"
#undef XD_KEY
};

/* The settings of a port of that type: they are in its configuration, whose they are. Any thread.
 */
static inline struct xd_tap_config *
xd_tap_config(const struct xd_port_config *port)
{
	return (struct xd_tap_config *)(uintptr_t)port->settings.bytes;
}

XD_API_END

#endif

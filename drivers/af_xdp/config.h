/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings of a port of type af_xdp. */
#ifndef XD_DRIVERS_AF_XDP_CONFIG_H
#define XD_DRIVERS_AF_XDP_CONFIG_H

#include "base/api.h"
#include "crossdock.h"

XD_API_BEGIN

#define XD_AF_XDP_NETNS_MAX 128 /* bytes of a namespace's name or path, with its NUL */
#define XD_AF_XDP_RULES_MAX 320 /* and of all rules of a list as text */

/* Of the keys xdp, copy and need_wakeup, the indices of their words. */
enum xd_af_xdp_mode { XD_AF_XDP_AUTO, XD_AF_XDP_NATIVE, XD_AF_XDP_GENERIC };
enum xd_af_xdp_copy { XD_AF_XDP_COPY_AUTO, XD_AF_XDP_COPY_FORCE, XD_AF_XDP_COPY_ZERO };
enum xd_af_xdp_wakeup { XD_AF_XDP_WAKEUP_NO, XD_AF_XDP_WAKEUP_YES };

/* Its keys: drivers/af_xdp/keys.def. */
struct xd_af_xdp_config {
#define XD_KEY(key, members, ...) members;
#include "drivers/af_xdp/keys.def"
#undef XD_KEY
};

/* The settings of a port of that type: they are in its configuration, whose they are. Any thread.
 */
static inline struct xd_af_xdp_config *
xd_af_xdp_config(const struct xd_port_config *port)
{
	return (struct xd_af_xdp_config *)(uintptr_t)port->settings.bytes;
}

XD_API_END

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings of a port of type vhost-user. */
#ifndef XD_DRIVERS_VHOST_CONFIG_H
#define XD_DRIVERS_VHOST_CONFIG_H

#include "base/api.h"
#include "crossdock.h"

XD_API_BEGIN

/* The switch's role on the socket: of the key mode, the index of its word. */
enum xd_socket_mode { XD_SOCKET_CLIENT, XD_SOCKET_SERVER };
/* The files that guests' memory may be in: shmem and hugetlbfs, or any. */
enum xd_vhost_memory { XD_VHOST_MEMORY_RAM, XD_VHOST_MEMORY_ANY };
/* OVS-DPDK 3.1 as it is, and with userspace-tso-enable=true. */
enum xd_compat { XD_COMPAT_NONE, XD_COMPAT_OVS_3_1, XD_COMPAT_OVS_3_1_TSO };

#define XD_VIRTIO_ALL UINT64_MAX /* of features: all that there are */

/* Its keys: drivers/vhost/keys.def. */
struct xd_vhost_config {
#define XD_KEY(key, members, ...) members;
#include "drivers/vhost/keys.def"
#undef XD_KEY
};

/* The settings of a port of that type: they are in its configuration, whose they are. Any thread.
 */
static inline struct xd_vhost_config *
xd_vhost_config(const struct xd_port_config *port)
{
	return (struct xd_vhost_config *)(uintptr_t)port->settings.bytes;
}

XD_API_END

#endif

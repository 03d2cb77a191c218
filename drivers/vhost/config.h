/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings of a port of type vhost-user. */
#ifndef XD_DRIVERS_VHOST_CONFIG_H
#define XD_DRIVERS_VHOST_CONFIG_H

#include "base/api.h"
#include "crossdock.h"

XD_API_BEGIN

enum xd_socket_mode { XD_SOCKET_CLIENT, XD_SOCKET_SERVER }; /* the switch's role */
/* The files that guests' memory may be in: shmem and hugetlbfs, or any. */
enum xd_vhost_memory { XD_VHOST_MEMORY_RAM, XD_VHOST_MEMORY_ANY };
/* OVS-DPDK 3.1 as it is, and with userspace-tso-enable=true. */
enum xd_compat { XD_COMPAT_NONE, XD_COMPAT_OVS_3_1, XD_COMPAT_OVS_3_1_TSO };

#define XD_MODE_UNSET 0xffff
#define XD_VIRTIO_ALL UINT64_MAX

/* Its keys: drivers/vhost/keys.def. */
struct xd_vhost_config {
#define XD_KEY(key, members, ...) members;
#include "drivers/vhost/keys.def"
#undef XD_KEY
};

/* Of a port of that type. */
static inline struct xd_vhost_config *
xd_vhost_config(const struct xd_port_config *port)
{
	return (struct xd_vhost_config *)(uintptr_t)port->settings.bytes;
}

XD_API_END

#endif

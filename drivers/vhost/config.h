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

struct xd_vhost_config {
	char path[XD_PATH_MAX];
	enum xd_socket_mode mode;
	/* Virtio feature bits that may be offered (virtio 1.2, 5.1.3 and 6); XD_VIRTIO_ALL: all
	 * that the driver has. compat: exactly those of another switch, and of these those in
	 * features. */
	uint64_t features;
	enum xd_compat compat;
	/* any: of a front end that is trusted, which could have every access to its memory wait. */
	enum xd_vhost_memory memory;
	/* The socket that the switch makes (mode server); "" and XD_MODE_UNSET: as the process has
	 * it. */
	char socket_owner[XD_NAME_MAX]; /* a user's name or number */
	char socket_group[XD_NAME_MAX];
	uint16_t socket_mode; /* permission bits, 0600 to 0777 */
};

/* Of a port of that type. */
static inline struct xd_vhost_config *
xd_vhost_config(const struct xd_port_config *port)
{
	return (struct xd_vhost_config *)(uintptr_t)port->settings.bytes;
}

XD_API_END

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Why a card could not be plugged. DPDK's probing says little more than "no", so what the kernel
 * has in its files is looked at afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>

#include "drivers/ethdev/ethdev.h"
#include "memory/memory.h"
#include "nic/nic.h"

#define ROOT "" /* the machine's own files */

/* Its kernel driver is the wrong one, or not enough. */
static int
explain_use(const struct xd_ethdev_port *p, const struct xd_nic *nic, const struct xd_nic_use *use,
	struct xd_error *err)
{
	const char *driver = nic->driver[0] != '\0' ? nic->driver : "no driver";

	switch (use->state) {
	case XD_NIC_BIND:
		return xd_ethdev_fail(
			p, -ENODEV, err, "it is bound to %s: type %s", driver, use->command);
	case XD_NIC_NO_IOMMU:
		return xd_ethdev_fail(p, -ENODEV, err,
			"it is bound to %s, and there is no IOMMU: boot with intel_iommu=on or "
			"amd_iommu=on; or, without protection, type %s",
			driver, use->command);
	case XD_NIC_ROUTE:
		return xd_ethdev_fail(p, -EBUSY, err,
			"it is bound to %s and carries the default route: take another card "
			"(crossdockctl nic list)",
			driver);
	case XD_NIC_GROUP:
		return xd_ethdev_fail(p, -EBUSY, err,
			"others of its IOMMU group %d are still the kernel's: type %s",
			nic->iommu_group, use->command);
	case XD_NIC_RDMA:
		return xd_ethdev_fail(
			p, -ENODEV, err, "its driver needs libibverbs: type %s", use->command);
	case XD_NIC_OTHER:
		return xd_ethdev_fail(p, -ENODEV, err,
			"it is no network card: crossdockctl nic list shows those that there are");
	case XD_NIC_READY:
		break;
	}
	return 0;
}

/* Whether the process may have its group. */
static int
explain_group(const struct xd_ethdev_port *p, const struct xd_nic *nic, struct xd_error *err)
{
	char path[64];
	int fd, code;

	if (strcmp(nic->driver, "vfio-pci") != 0 || nic->iommu_group < 0)
		return 0;
	snprintf(path, sizeof(path), "/dev/vfio/%s%d", nic->noiommu ? "noiommu-" : "",
		nic->iommu_group);
	fd = open(path, O_RDWR | O_CLOEXEC);
	code = errno;
	if (fd >= 0) {
		close(fd);
		fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
		code = errno;
		snprintf(path, sizeof(path), "/dev/vfio/vfio");
	}
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (code == EACCES || code == EPERM)
		return xd_ethdev_fail(p, -code, err,
			"no permission to open %s: run crossdockd as root, or type chown USER %s",
			path, path);
	if (code == EBUSY)
		return xd_ethdev_fail(
			p, -code, err, "another process uses it: fuser %s says which", path);
	return xd_ethdev_fail(
		p, -code, err, "%s: %s: type modprobe vfio-pci", path, strerror(code));
}

/* A driver wants memory for its rings on the card's own node. */
static int
explain_memory(const struct xd_ethdev_port *p, const struct xd_nic *nic, struct xd_error *err)
{
	if (!rte_eal_has_hugepages() || nic->node < 0 || xd_memory_fits(nic->node))
		return 0;
	return xd_ethdev_fail(p, -ENOMEM, err,
		"no hugepages are free on its NUMA node %d: type echo 64 "
		">/sys/devices/system/node/node%d/hugepages/hugepages-2048kB/nr_hugepages",
		nic->node, nic->node);
}

/* DPDK's virtio_user with the kernel at its other end takes a path that is not there for a socket.
 */
static int
explain_vhost_net(const struct xd_ethdev_port *p, const char *devargs, struct xd_error *err)
{
	static const char path[] = "/dev/vhost-net";
	int fd, code;

	if (strncmp(devargs, "net_virtio_user", 15) != 0 || !strstr(devargs, path))
		return 0;
	fd = open(path, O_RDWR | O_CLOEXEC);
	code = errno;
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	return xd_ethdev_fail(p, -code, err,
		"%s: %s: type modprobe vhost_net, or take type: tap, which does without", path,
		strerror(code));
}

int
xd_ethdev_explain(const struct xd_ethdev_port *p, struct xd_error *err)
{
	const char *devargs = xd_ethdev_config(&p->port.config)->devargs;
	char address[XD_ETHDEV_NAME_MAX];
	struct xd_nic_use use;
	struct xd_nic nic;
	int ret;

	if (!xd_ethdev_pci(devargs, address))
		return explain_vhost_net(p, devargs, err);
	if (xd_nic_find(ROOT, address, &nic) != 0)
		return xd_ethdev_fail(p, -ENODEV, err,
			"there is no such device: crossdockctl nic list shows those that there "
			"are");
	xd_nic_use(ROOT, &nic, &use);
	ret = explain_use(p, &nic, &use, err);
	if (ret == 0)
		ret = explain_group(p, &nic, err);
	return ret != 0 ? ret : explain_memory(p, &nic, err);
}

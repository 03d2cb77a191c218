/* SPDX-License-Identifier: BSD-3-Clause */
/* What it takes for Crossdock to use a card, in one command. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "nic/nic.h"
#include "nic/sysfs.h"

/* Kernel drivers that hand a device to user space. */
static bool
is_user_driver(const char *driver)
{
	return strcmp(driver, "vfio-pci") == 0 || strcmp(driver, "igb_uio") == 0 ||
	       strcmp(driver, "uio_pci_generic") == 0;
}

/* Cards whose DPDK driver works through the kernel's, by verbs. */
static bool
is_bifurcated(const struct xd_nic *nic)
{
	return strcmp(nic->driver, "mlx5_core") == 0 || strcmp(nic->driver, "mlx4_core") == 0 ||
	       strcmp(nic->driver, "mana") == 0;
}

static bool
has_driverctl(const char *root)
{
	return xd_sysfs_there("%s/usr/sbin/driverctl", root) ||
	       xd_sysfs_there("%s/sbin/driverctl", root);
}

/* One more command, to be typed when those before went well. */
static void __attribute__((format(printf, 2, 3))) then(struct xd_nic_use *use, const char *fmt, ...)
{
	size_t len = strlen(use->command);
	va_list args;

	if (len != 0)
		len += (size_t)snprintf(use->command + len, XD_NIC_TEXT - len, " && ");
	if (len >= XD_NIC_TEXT)
		return;
	va_start(args, fmt);
	vsnprintf(use->command + len, XD_NIC_TEXT - len, fmt, args);
	va_end(args);
}

/* driverctl's override is there again after a reboot, and when the card was unplugged. */
static void
bind_one(const char *root, struct xd_nic_use *use, const char *address)
{
	if (has_driverctl(root))
		then(use, "driverctl set-override %s vfio-pci", address);
	else
		then(use, "dpdk-devbind.py --bind=vfio-pci %s", address);
}

static bool
is_given_away(const char *root, const char *address)
{
	char driver[XD_NIC_WORD];

	return !xd_sysfs_link(
		       driver, sizeof(driver), "%s/sys/bus/pci/devices/%s/driver", root, address) ||
	       is_user_driver(driver);
}

/* What must be bound of the group, beside the card. */
static void
bind_peers(const char *root, const struct xd_nic *nic, struct xd_nic_use *use)
{
	for (unsigned i = 0; i < nic->nb_peers; i++) {
		size_t len = strlen(use->note);

		if (is_given_away(root, nic->peers[i]))
			continue;
		bind_one(root, use, nic->peers[i]);
		snprintf(use->note + len, XD_NIC_TEXT - len, "%s%s",
			len == 0 ? "its IOMMU group goes as a whole: also " : ", ", nic->peers[i]);
	}
}

static void
use_rdma(const char *root, const struct xd_nic *nic, struct xd_nic_use *use)
{
	static const char *const paths[] = {
		"usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib64", "usr/lib"};
	bool verbs = false;

	for (unsigned i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		verbs |= xd_sysfs_there("%s/%s/libibverbs.so.1", root, paths[i]);
	use->state = verbs && nic->rdma ? XD_NIC_READY : XD_NIC_RDMA;
	snprintf(use->note, sizeof(use->note), "used beside its kernel driver, which stays%s",
		use->state == XD_NIC_READY ? ""
		: verbs                    ? "; that offers no verbs yet"
					   : "; there is no libibverbs");
	if (!verbs)
		then(use, "apt-get install rdma-core ibverbs-providers");
	if (!nic->rdma)
		then(use, "modprobe %s",
			strncmp(nic->driver, "mlx4", 4) == 0 ? "mlx4_ib" : "mlx5_ib");
}

static void
use_bound(const char *root, const struct xd_nic *nic, struct xd_nic_use *use)
{
	use->state = nic->iommu_group < 0 ? XD_NIC_NO_IOMMU : XD_NIC_BIND;
	if (nic->iommu_group < 0) {
		snprintf(use->note, sizeof(use->note),
			"there is no IOMMU: boot with intel_iommu=on (amd_iommu=on), and VT-d "
			"(AMD-Vi) enabled in the firmware; this command does without protection");
		then(use, "modprobe vfio enable_unsafe_noiommu_mode=1");
	}
	if (!xd_sysfs_there("%s/sys/bus/pci/drivers/vfio-pci", root))
		then(use, "modprobe vfio-pci");
	bind_one(root, use, nic->address);
	bind_peers(root, nic, use);
}

void
xd_nic_use(const char *root, const struct xd_nic *nic, struct xd_nic_use *use)
{
	memset(use, 0, sizeof(*use));
	if (is_bifurcated(nic)) {
		use_rdma(root, nic, use);
	} else if (is_user_driver(nic->driver)) {
		bind_peers(root, nic, use);
		use->state = use->command[0] != '\0' ? XD_NIC_GROUP : XD_NIC_READY;
	} else if (!nic->is_card) {
		use->state = XD_NIC_OTHER;
		snprintf(use->note, sizeof(use->note), "it is no network card");
	} else if (nic->default_route) {
		use->state = XD_NIC_ROUTE;
		snprintf(use->note, sizeof(use->note),
			"carries the default route: without it nobody reaches this host; take "
			"another card, or move the route first");
	} else {
		use_bound(root, nic, use);
	}
}

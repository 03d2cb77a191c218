/* SPDX-License-Identifier: BSD-3-Clause */
/* A network card and its interfaces, from sysfs. */
#include "nic/nic.h"

#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nic/sysfs.h"

#define DEVICES       "%s/sys/bus/pci/devices"
#define CLASS_NETWORK 0x02
#define CLASS_BRIDGE  0x06

static unsigned
class_of(const char *root, const char *address)
{
	return (unsigned)xd_sysfs_number(0, DEVICES "/%s/class", root, address) >> 16;
}

/* ---- Its interfaces ---- */

static void
add_interfaces(struct xd_nic *nic, DIR *dir)
{
	const char *name;

	while (dir != NULL && (name = xd_sysfs_next(dir)) != NULL) {
		if (nic->nb_interfaces < XD_NIC_INTERFACES && strlen(name) < IF_NAMESIZE)
			snprintf(nic->interfaces[nic->nb_interfaces++], XD_NIC_WORD, "%s", name);
	}
	if (dir != NULL)
		closedir(dir);
}

/* Those of a virtio card are a level below, at the device that is on it. */
static void
find_interfaces(const char *root, struct xd_nic *nic)
{
	DIR *dir = xd_sysfs_dir(DEVICES "/%s", root, nic->address);
	const char *name;

	add_interfaces(nic, xd_sysfs_dir(DEVICES "/%s/net", root, nic->address));
	while (dir != NULL && (name = xd_sysfs_next(dir)) != NULL) {
		if (strncmp(name, "virtio", 6) == 0)
			add_interfaces(
				nic, xd_sysfs_dir(DEVICES "/%s/%s/net", root, nic->address, name));
	}
	if (dir != NULL)
		closedir(dir);
}

static void
look_at_interfaces(const char *root, struct xd_nic *nic)
{
	const char *first = nic->interfaces[0];
	char state[XD_NIC_WORD];

	nic->speed_mbit_s = -1;
	if (nic->nb_interfaces == 0)
		return;
	xd_sysfs_line(nic->mac, sizeof(nic->mac), "%s/sys/class/net/%s/address", root, first);
	xd_sysfs_line(state, sizeof(state), "%s/sys/class/net/%s/operstate", root, first);
	if (strcmp(state, "up") == 0)
		nic->link = XD_NIC_LINK_UP;
	else if (strcmp(state, "down") == 0 || strcmp(state, "lowerlayerdown") == 0)
		nic->link = XD_NIC_LINK_DOWN;
	nic->speed_mbit_s = (int)xd_sysfs_number(-1, "%s/sys/class/net/%s/speed", root, first);
	if (nic->speed_mbit_s <= 0)
		nic->speed_mbit_s = -1;
	for (unsigned i = 0; i < nic->nb_interfaces; i++)
		nic->default_route |= xd_nic_has_default_route(root, nic->interfaces[i]);
}

/* ---- Its IOMMU group ---- */

static void
find_group(const char *root, struct xd_nic *nic)
{
	char group[XD_NIC_WORD], name[XD_NIC_WORD];
	const char *peer;
	DIR *dir;

	nic->iommu_group = -1;
	if (!xd_sysfs_link(group, sizeof(group), DEVICES "/%s/iommu_group", root, nic->address))
		return;
	nic->iommu_group = atoi(group);
	xd_sysfs_line(name, sizeof(name), "%s/sys/kernel/iommu_groups/%s/name", root, group);
	nic->noiommu = strcmp(name, "vfio-noiommu") == 0;
	dir = xd_sysfs_dir("%s/sys/kernel/iommu_groups/%s/devices", root, group);
	while (dir != NULL && (peer = xd_sysfs_next(dir)) != NULL) {
		if (strcmp(peer, nic->address) != 0 && nic->nb_peers < XD_NIC_PEERS &&
			strlen(peer) < XD_NIC_ADDRESS && class_of(root, peer) != CLASS_BRIDGE)
			snprintf(nic->peers[nic->nb_peers++], XD_NIC_ADDRESS, "%s", peer);
	}
	if (dir != NULL)
		closedir(dir);
}

/* ---- All of it ---- */

static void
look_at(const char *root, const char *address, struct xd_nic *nic)
{
	memset(nic, 0, sizeof(*nic));
	snprintf(nic->address, sizeof(nic->address), "%s", address);
	nic->vendor_id = (uint16_t)xd_sysfs_number(0, DEVICES "/%s/vendor", root, address);
	nic->device_id = (uint16_t)xd_sysfs_number(0, DEVICES "/%s/device", root, address);
	nic->is_card = class_of(root, address) == CLASS_NETWORK;
	nic->node = (int)xd_sysfs_number(-1, DEVICES "/%s/numa_node", root, address);
	xd_sysfs_link(nic->driver, sizeof(nic->driver), DEVICES "/%s/driver", root, address);
	nic->rdma = xd_sysfs_there(DEVICES "/%s/infiniband", root, address);
	find_group(root, nic);
	find_interfaces(root, nic);
	look_at_interfaces(root, nic);
}

int
xd_nic_find(const char *root, const char *address, struct xd_nic *nic)
{
	if (strchr(address, '/') != NULL || !xd_sysfs_there(DEVICES "/%s/vendor", root, address))
		return -ENOENT;
	look_at(root, address, nic);
	xd_nic_names(root, nic, 1);
	return 0;
}

bool
xd_nic_has_msix(const char *root, const char *address)
{
	DIR *dir = xd_sysfs_dir(DEVICES "/%s/msi_irqs", root, address);
	char kind[XD_NIC_WORD] = "";
	const char *irq;

	if (dir == NULL)
		return false;
	irq = xd_sysfs_next(dir);
	if (irq != NULL)
		xd_sysfs_line(kind, sizeof(kind), DEVICES "/%s/msi_irqs/%s", root, address, irq);
	closedir(dir);
	return strcmp(kind, "msix") == 0;
}

static int
by_address(const void *a, const void *b)
{
	return strcmp(((const struct xd_nic *)a)->address, ((const struct xd_nic *)b)->address);
}

int
xd_nic_list(const char *root, struct xd_nic **nics, struct xd_error *err)
{
	DIR *dir = xd_sysfs_dir(DEVICES, root);
	struct xd_nic *list = NULL, *more;
	unsigned n = 0, room = 0;
	const char *address;

	if (dir == NULL)
		return xd_fail(err, -ENOENT,
			"there is no " DEVICES ": this machine has no PCI bus, or no sysfs", root);
	while ((address = xd_sysfs_next(dir)) != NULL) {
		if (strlen(address) >= XD_NIC_ADDRESS || class_of(root, address) != CLASS_NETWORK)
			continue;
		if (n == room) {
			room = 2 * room + 8;
			more = realloc(list, room * sizeof(*list));
			if (more == NULL)
				goto err_memory;
			list = more;
		}
		look_at(root, address, &list[n++]);
	}
	closedir(dir);
	if (n != 0)
		qsort(list, n, sizeof(*list), by_address);
	xd_nic_names(root, list, n);
	*nics = list;
	return (int)n;

err_memory:
	free(list);
	closedir(dir);
	return xd_fail(err, -ENOMEM, "no memory");
}

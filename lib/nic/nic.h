/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host's network cards, whether Crossdock can have each, and what to type so that it can.
 *
 *   nic.c        a card and its interfaces, from sysfs
 *   nic_route.c  which interface carries the default route, from procfs
 *   nic_ids.c    names, from pci.ids
 *   nic_use.c    what it takes to use a card
 *   sysfs.c      files and links
 *
 * Only files are read: no device is touched, neither DPDK nor a running daemon is needed. All paths
 * lie below a root, "" for the machine's own, so that a made-up tree is read as a real one.
 * Plain functions without state: any thread.
 */
#ifndef XD_NIC_NIC_H
#define XD_NIC_NIC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define XD_NIC_ADDRESS    24 /* bytes of "0000:03:00.0" */
#define XD_NIC_NAME       96
#define XD_NIC_WORD       32
#define XD_NIC_INTERFACES 4
#define XD_NIC_PEERS      8
#define XD_NIC_TEXT       512

enum xd_nic_link { XD_NIC_LINK_UNKNOWN, XD_NIC_LINK_DOWN, XD_NIC_LINK_UP };

struct xd_nic {
	char address[XD_NIC_ADDRESS];
	uint16_t vendor_id, device_id;
	char vendor[XD_NIC_NAME], device[XD_NIC_NAME]; /* of pci.ids; "" when that does not say */
	char driver[XD_NIC_WORD];                      /* of the kernel's; "": none */
	int node;                                      /* NUMA node; -1: the machine has one */
	int iommu_group;                               /* -1: none */
	bool noiommu;                                  /* of a group that protects nothing */
	/* The others in the group, which have to be given away with it; bridges do not count. */
	char peers[XD_NIC_PEERS][XD_NIC_ADDRESS];
	unsigned nb_peers;
	char interfaces[XD_NIC_INTERFACES][XD_NIC_WORD]; /* the kernel's */
	unsigned nb_interfaces;
	/* Of the first interface; without one nobody but its driver knows. */
	enum xd_nic_link link;
	int speed_mbit_s;   /* -1: unknown */
	char mac[18];       /* "" */
	bool is_card;       /* of PCI's class of network controllers */
	bool default_route; /* through one of the interfaces, or a bond, bridge or VLAN on it */
	bool rdma;          /* its kernel driver offers verbs (libibverbs) */
};

/* What Crossdock would have to do with a card. */
enum xd_nic_state {
	XD_NIC_READY,    /* nothing: it can be opened */
	XD_NIC_BIND,     /* its driver has to be changed */
	XD_NIC_RDMA,     /* it is used beside its kernel driver, which lacks something */
	XD_NIC_NO_IOMMU, /* its driver has to be changed, and there is no IOMMU */
	XD_NIC_GROUP,    /* others of its IOMMU group are still the kernel's */
	XD_NIC_ROUTE,    /* it carries the default route */
	XD_NIC_OTHER,    /* it is something else, which is not to be taken from its driver */
};

struct xd_nic_use {
	enum xd_nic_state state;
	char command[XD_NIC_TEXT]; /* what to type; "": nothing */
	char note[XD_NIC_TEXT];    /* for people; "": nothing */
};

/* All network cards on PCI, by address; *nics is the caller's to free(). Returns how many;
 * -ENOENT: there is no PCI bus; -ENOMEM. */
int xd_nic_list(const char *root, struct xd_nic **nics, struct xd_error *err);
/* The PCI device of an address in full, "0000:03:00.0", of whatever class it is. -ENOENT. */
int xd_nic_find(const char *root, const char *address, struct xd_nic *nic);
void xd_nic_use(const char *root, const struct xd_nic *nic, struct xd_nic_use *use);
/* Whether the PCI device of that address, in full, sends MSI-X now: a vector for each cause. */
bool xd_nic_has_msix(const char *root, const char *address);

/* ---- Within this room ---- */

/* Fills in the names from the file pci.ids of the root, of n cards at once. */
void xd_nic_names(const char *root, struct xd_nic *nics, unsigned n);
/* Whether default routes, of IPv4 or IPv6, go through the interface or what lies on it. */
bool xd_nic_has_default_route(const char *root, const char *interface);

#endif

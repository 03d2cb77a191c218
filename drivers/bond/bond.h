/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bond port: several ports of any kind that are one in their bridge. Its members receive and
 * transmit; this port only knows them by name, holds who of them carries what (lib/bond), and sends
 * what a bond says itself: for each address behind other ports an announcement, once another member
 * carries its frames, so that the network beyond sends there.
 *
 *   bond.c  the port's life, and its announcements
 *   lacp.c  LACP, with bond_mode lacp
 *   slow.c  LACP's frames between workers and control
 */
#ifndef XD_DRIVERS_BOND_H
#define XD_DRIVERS_BOND_H

#include <rte_ring.h>

#include "bond/bond.h"
#include "drivers/bond/config.h"
#include "port/port.h"

#define XD_BOND_ANNOUNCEMENTS 1024 /* that wait for the worker at most; a power of two */

struct xd_bond_lacp;
struct xd_bond_slow;

struct xd_bond_port {
	struct xd_port port; /* first: the switch knows the port by this */
	struct xd_bond bond;
	bool running;
	/* From control to the worker of queue 0: frames, and a descriptor that tells of them. */
	struct rte_ring *announcements;
	int event_fd;
	struct xd_timer *retired; /* until which frames by a member that carried them still count */
	uint32_t told_mbps;       /* of a member that others are faster than; 0: none */
	/* With LACP; else NULL. */
	struct xd_bond_lacp *lacp;
	struct xd_bond_slow *slow;
};

/* Wakes the worker of the bond's queue: there are frames to be sent. Control. */
bool xd_bond_ring_bell(struct xd_bond_port *port);

extern const struct xd_driver xd_bond_driver;

#endif

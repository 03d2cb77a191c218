/* SPDX-License-Identifier: BSD-3-Clause */
/* LACP of a bond port: the rules of lib/bond/lacp.h with frames (slow.h) and a clock. All calls are
 * control's. */
#ifndef XD_DRIVERS_BOND_LACP_H
#define XD_DRIVERS_BOND_LACP_H

#include "drivers/bond/bond.h"

/* NULL: no memory or descriptor. */
struct xd_bond_lacp *xd_bond_lacp_create(struct xd_bond_port *port);
void xd_bond_lacp_destroy(struct xd_bond_lacp *lacp); /* NULL is fine */
/* Between start and stop it has its frames and timers. -ENOMEM. */
int xd_bond_lacp_start(struct xd_bond_lacp *lacp);
void xd_bond_lacp_stop(struct xd_bond_lacp *lacp);
/* As the driver's set and links. */
void xd_bond_lacp_set(struct xd_bond_lacp *lacp, const struct xd_port_config *config);
bool xd_bond_lacp_links(struct xd_bond_lacp *lacp, const struct xd_member_link *links);

#endif

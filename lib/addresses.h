/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Static addresses: that a MAC address is behind a port is said by the operator, not learned. Such
 * an address does not age, and what is seen of it on other ports does not move it; it is forwarded,
 * and counted as `damped` there. Flushing what was learned leaves it; it goes with its port, and
 * when that gets another bridge or other VLANs. It is part of the table, not of the configuration:
 * a restart begins without. They come one by one from whoever manages guests, and each is in effect
 * when the call returns, whatever else is being changed.
 *
 * Each bridge has at most 4096, which count among its mac_limit. All calls: any thread but a
 * callback of the switch's loop.
 */
#ifndef XD_ADDRESSES_H
#define XD_ADDRESSES_H

#include "crossdock.h"

XD_API_BEGIN

/* Makes an address a static one of a port of the bridge, whatever was known of it. In VLAN
 * XD_VLAN_NONE: in that of frames that come to the port untagged. -EINVAL: a group address or the
 * zero address, or the port does not carry the VLAN; -ENOENT: there is no such bridge, or it has no
 * such port; -E2BIG, -ENOSPC, -ENOMEM: there is no room. */
int xd_switch_fdb_add(struct xd_switch *sw, const char *bridge, const uint8_t mac[6], uint16_t vlan,
	const char *port, struct xd_error *err);
/* Forgets a static address; with VLAN XD_VLAN_NONE in all VLANs. -ENOENT: there is none, or no such
 * bridge. */
int xd_switch_fdb_del(struct xd_switch *sw, const char *bridge, const uint8_t mac[6], uint16_t vlan,
	struct xd_error *err);
/* Forgets static addresses: of one port, or of all when port is NULL. -ENOENT: likewise. */
int xd_switch_fdb_flush_static(
	struct xd_switch *sw, const char *bridge, const char *port, struct xd_error *err);

XD_API_END

#endif

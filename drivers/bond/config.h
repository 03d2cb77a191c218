/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings of a port of type bond. */
#ifndef XD_DRIVERS_BOND_CONFIG_H
#define XD_DRIVERS_BOND_CONFIG_H

#include "base/api.h"
#include "crossdock.h"

XD_API_BEGIN

#define XD_BOND_CONFIG_MEMBERS 8 /* ports that a bond may have */

/* The index of the word that bond_mode has. */
enum xd_bond_config_mode {
	XD_BOND_CONFIG_ACTIVE_BACKUP,
	XD_BOND_CONFIG_BALANCE,
	XD_BOND_CONFIG_LACP,
};
/* And those of lacp_mode, lacp_rate and lacp_fallback. */
enum xd_bond_config_lacp { XD_BOND_CONFIG_LACP_ACTIVE, XD_BOND_CONFIG_LACP_PASSIVE };
enum xd_bond_config_rate { XD_BOND_CONFIG_LACP_SLOW, XD_BOND_CONFIG_LACP_FAST };
enum xd_bond_config_fallback { XD_BOND_CONFIG_FALLBACK_NONE, XD_BOND_CONFIG_FALLBACK_BACKUP };

/* Its keys: drivers/bond/keys.def. */
struct xd_bond_config {
#define XD_KEY(key, members, ...) members;
#include "drivers/bond/keys.def"
#undef XD_KEY
};

/* The settings of a port of that type: they are in its configuration, whose they are. Any thread.
 */
static inline struct xd_bond_config *
xd_bond_config(const struct xd_port_config *port)
{
	return (struct xd_bond_config *)(uintptr_t)port->settings.bytes;
}

XD_API_END

#endif

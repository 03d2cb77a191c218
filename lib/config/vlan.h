/* SPDX-License-Identifier: BSD-3-Clause */
/* VLAN modes of ports: what the keys vlan_mode, vlan and vlans come to. */
#ifndef XD_CONFIG_VLAN_H
#define XD_CONFIG_VLAN_H

#include "crossdock.h"

/* The port's mode; never XD_VLAN_MODE_AUTO. Any thread. */
enum xd_vlan_mode xd_vlan_mode(const struct xd_port_config *port);
/* Whether frames of one VLAN come and go by the port, without its tag. Any thread. */
bool xd_vlan_is_access(const struct xd_port_config *port);
/* Whether the keys are what the port's mode needs. -EINVAL. Any thread. */
int xd_vlan_check(const struct xd_port_config *port, struct xd_error *err);

#endif

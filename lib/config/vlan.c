/* SPDX-License-Identifier: BSD-3-Clause */
/* VLAN modes of ports: vlan.h. */
#include <errno.h>

#include "config/noun.h"
#include "config/vlan.h"

enum xd_vlan_mode
xd_vlan_mode(const struct xd_port_config *port)
{
	if (port->vlan_mode != XD_VLAN_MODE_AUTO)
		return port->vlan_mode;
	if (port->vlan == XD_VLAN_NONE)
		return XD_VLAN_MODE_TRUNK;
	return port->has_vlans ? XD_VLAN_MODE_NATIVE_UNTAGGED : XD_VLAN_MODE_ACCESS;
}

bool
xd_vlan_is_access(const struct xd_port_config *port)
{
	const enum xd_vlan_mode mode = xd_vlan_mode(port);

	return mode == XD_VLAN_MODE_ACCESS || mode == XD_VLAN_MODE_DOT1Q_TUNNEL;
}

int
xd_vlan_check(const struct xd_port_config *port, struct xd_error *err)
{
	const bool is_trunk = xd_vlan_mode(port) == XD_VLAN_MODE_TRUNK;
	const bool is_tunnel = xd_vlan_mode(port) == XD_VLAN_MODE_DOT1Q_TUNNEL;

	if (!is_trunk && port->vlan == XD_VLAN_NONE)
		return xd_noun_fail(err, -EINVAL, &xd_port_noun, port, "vlan",
			"is missing: which VLAN are untagged frames in, by this vlan_mode?");
	if (is_trunk && port->vlan != XD_VLAN_NONE)
		return xd_noun_fail(err, -EINVAL, &xd_port_noun, port, "vlan",
			"must be none with vlan_mode: trunk; one with a VLAN for untagged frames "
			"is native-untagged");
	if (xd_vlan_is_access(port) && port->has_vlans)
		return xd_noun_fail(err, -EINVAL, &xd_port_noun, port, "vlans",
			"must be none: a port of this vlan_mode is in one VLAN%s",
			is_tunnel ? "; the customer's are cvlans" : "");
	if (!is_tunnel && port->has_cvlans)
		return xd_noun_fail(err, -EINVAL, &xd_port_noun, port, "cvlans",
			"must be none: they are for vlan_mode: dot1q-tunnel");
	return 0;
}

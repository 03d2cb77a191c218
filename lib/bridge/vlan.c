/* SPDX-License-Identifier: BSD-3-Clause */
/* Tunnels that some of a customer's VLANs pass: out of the way of all others. */
#include "bridge/vlan.h"

uint16_t
xd_vlan_of_customer(struct xd_frame *f)
{
	const uint8_t service = f->tagged ? XD_VLAN_TAG_BYTES : 0;
	const uint8_t *data = xd_frame_data(f) + service;

	if (f->head_len < XD_FRAME_MIN + XD_VLAN_TAG_BYTES + service || !xd_vlan_is_tagged(data))
		return 0;
	return xd_vlan_tci(data) & XD_VLAN_VID_MASK;
}

bool
xd_vlan_leaves_tunnel(const struct xd_plan_port *out, struct xd_frame *f)
{
	return f->vlan == out->tunnel_vlan &&
	       xd_plan_port_has_customer(out, xd_vlan_of_customer(f));
}

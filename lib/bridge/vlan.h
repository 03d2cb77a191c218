/* SPDX-License-Identifier: BSD-3-Clause */
/* The tag of a frame's VLAN in its snapshot, 802.1Q's or 802.1ad's: read, pushed, popped. */
#ifndef XD_BRIDGE_VLAN_H
#define XD_BRIDGE_VLAN_H

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>

#include "bridge/plan.h"
#include "frame/frame.h"

#define XD_VLAN_TAG_BYTES 4
#define XD_VLAN_VID_MASK  0x0fff

#define XD_VLAN_PRIORITY_MASK 0xf0 /* of the tag's third byte: priority, and drop eligible */

/* Tag protocol identifiers: 802.1Q, 9.5. */
#define XD_VLAN_TPID_CUSTOMER 0x8100u
#define XD_VLAN_TPID_SERVICE  0x88a8u

static inline uint16_t
xd_vlan_tpid(const uint8_t *data)
{
	return (uint16_t)(data[12] << 8 | data[13]);
}

static inline bool
xd_vlan_is_tagged(const uint8_t *data)
{
	return xd_vlan_tpid(data) == XD_VLAN_TPID_CUSTOMER ||
	       xd_vlan_tpid(data) == XD_VLAN_TPID_SERVICE;
}

static inline uint16_t
xd_vlan_tci(const uint8_t *data)
{
	return (uint16_t)(data[14] << 8 | data[15]);
}

static inline void
xd_vlan_set_vid(struct xd_frame *f, uint16_t vlan)
{
	uint8_t *data = xd_frame_data(f);

	data[14] = (uint8_t)((data[14] & 0xf0) | vlan >> 8);
	data[15] = (uint8_t)vlan;
	f->dirty = true;
}

static inline void
xd_vlan_pop(struct xd_frame *f)
{
	uint8_t *data = xd_frame_data(f);

	f->priority = data[14] & XD_VLAN_PRIORITY_MASK;
	memmove(data + XD_VLAN_TAG_BYTES, data, 12);
	xd_frame_pop(f, XD_VLAN_TAG_BYTES);
	f->tagged = false;
}

static inline void
xd_vlan_push(struct xd_frame *f, uint16_t vlan)
{
	uint8_t *data = xd_frame_push(f, XD_VLAN_TAG_BYTES);
	const uint32_t tpid = f->service ? XD_VLAN_TPID_SERVICE : XD_VLAN_TPID_CUSTOMER;
	const rte_be32_t tag = rte_cpu_to_be_32(tpid << 16 | (uint32_t)f->priority << 8 | vlan);

	if (!data)
		return; /* not reached: the headroom holds more tags than one turn pushes */
	memmove(data, data + XD_VLAN_TAG_BYTES, 12);
	memcpy(data + 12, &tag, sizeof(tag));
	f->tagged = true;
}

/* Gives the frame a tag of this VLAN, or with 0 none, whichever it has. */
static inline void
xd_vlan_retag(struct xd_frame *f, uint16_t vlan)
{
	if (vlan == 0) {
		if (f->tagged)
			xd_vlan_pop(f);
	} else if (!f->tagged) {
		xd_vlan_push(f, vlan);
	} else {
		xd_vlan_set_vid(f, vlan);
	}
}

/* Pushes or pops the tag so that the frame is as the port wants it that it leaves by. */
static inline void
xd_vlan_form(struct xd_frame *f, bool tagged)
{
	if (f->tagged == tagged)
		return;
	if (tagged)
		xd_vlan_push(f, f->vlan);
	else
		xd_vlan_pop(f);
}

/* The VLAN of a customer's own tag, within that of a service; 0: there is none. */
uint16_t xd_vlan_of_customer(struct xd_frame *f);
/* Whether a frame leaves by a tunnel that some of the customer's VLANs pass. */
bool xd_vlan_leaves_tunnel(const struct xd_plan_port *out, struct xd_frame *f);

/* Whether a frame leaves by a port of its bridge, and if so, with a tag or not. */
static inline bool
xd_vlan_leaves(const struct xd_plan_port *out, struct xd_frame *f, bool *tagged)
{
	*tagged = false;
	if (f->vlan == out->untagged_vlan)
		return true;
	if (xd_plan_port_tagged(out, f->vlan))
		return *tagged = true;
	return unlikely(out->cvlans != NULL) && xd_vlan_leaves_tunnel(out, f);
}

#endif

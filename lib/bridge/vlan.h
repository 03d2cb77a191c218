/* SPDX-License-Identifier: BSD-3-Clause */
/* The 802.1Q tag in a frame's snapshot: read, pushed, popped. */
#ifndef XD_BRIDGE_VLAN_H
#define XD_BRIDGE_VLAN_H

#include <string.h>

#include "frame/frame.h"

#define XD_VLAN_TAG_BYTES 4
#define XD_VLAN_VID_MASK  0x0fff

#define XD_VLAN_PRIORITY_MASK 0xf0 /* of the tag's third byte: priority, and drop eligible */

/* TPID 0x8100 as it lies in memory, and where the tag is. */
static inline bool
xd_vlan_is_tagged(const uint8_t *data)
{
	return data[12] == 0x81 && data[13] == 0x00;
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

	if (!data)
		return; /* not reached: the headroom holds more tags than one turn pushes */
	memmove(data, data + XD_VLAN_TAG_BYTES, 12);
	data[12] = 0x81;
	data[13] = 0x00;
	data[14] = (uint8_t)(f->priority | vlan >> 8);
	data[15] = (uint8_t)vlan;
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

#endif

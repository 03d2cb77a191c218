/* SPDX-License-Identifier: BSD-3-Clause */
/* The first stage: which frames are switched, and in which VLAN (IEEE 802.1Q, 8.6.1 and 8.6.2). */
#include <rte_branch_prediction.h>

#include "bridge/bridge.h"
#include "bridge/vlan.h"

/* 01:80:c2:00:00:00 to 0f are for the bridge's neighbour alone: 802.1Q, 8.6.3. */
static inline bool
is_reserved(const uint8_t *mac)
{
	return mac[0] == 0x01 && mac[1] == 0x80 && mac[2] == 0xc2 && mac[3] == 0 && mac[4] == 0 &&
	       mac[5] < 0x10;
}

/* Classifies a tagged frame into its VLAN; false: the port does not carry it. */
static bool
classify_tagged(const struct xd_plan_port *in, struct xd_frame *f)
{
	uint16_t vlan = xd_vlan_tci(xd_frame_data(f)) & XD_VLAN_VID_MASK;

	f->tagged = true;
	if (vlan == 0) {
		/* A priority tag names no VLAN: 802.1Q, 6.9.1. It belongs where untagged frames do;
		 * the tag stays, for its priority, where one is due. */
		if (in->untagged_vlan == XD_VLAN_NONE)
			return false;
		f->vlan = in->untagged_vlan;
		if (f->vlan == 0)
			xd_vlan_pop(f);
		else
			xd_vlan_set_vid(f, f->vlan);
		return true;
	}
	f->vlan = vlan;
	return vlan <= XD_VLAN_MAX && xd_plan_port_tagged(in, vlan);
}

static inline enum xd_drop
classify(const struct xd_plan_port *in, struct xd_frame *f)
{
	const uint8_t *data = xd_frame_data(f);

	/* A group address cannot send; the FDB's empty key is the zero address. */
	if (unlikely(data[6] & 1))
		return XD_DROP_BAD_SOURCE;
	if (unlikely((data[0] & 1) && is_reserved(data)))
		return XD_DROP_RESERVED;
	if (unlikely(xd_vlan_is_tagged(data))) {
		if (f->len < XD_FRAME_MIN + XD_VLAN_TAG_BYTES)
			return XD_DROP_RUNT;
		return classify_tagged(in, f) ? XD_DROP_REASONS : XD_DROP_VLAN_IN;
	}
	f->tagged = false;
	f->vlan = in->untagged_vlan;
	return likely(f->vlan != XD_VLAN_NONE) ? XD_DROP_REASONS : XD_DROP_VLAN_IN;
}

void
xd_bridge_input(struct xd_turn *turn)
{
	const struct xd_plan_port *in = turn->in;
	const struct xd_fdb *fdb = in->bridge->fdb;
	struct xd_counters *counters = xd_turn_counters(turn);
	struct xd_batch *batch = turn->batch;
	uint64_t bytes = 0;
	uint16_t n = 0;

	for (uint16_t i = 0; i < batch->n; i++) {
		struct xd_frame *f = &batch->frames[i];
		enum xd_drop reason;
		const uint8_t *data;

		f->in_port = in->index;
		bytes += f->len;
		reason = classify(in, f);
		data = xd_frame_data(f);
		turn->src[n].key = xd_fdb_key(data + 6, f->vlan);
		if (unlikely(reason != XD_DROP_REASONS || (turn->src[n].key << 16) == 0)) {
			counters->drops[reason != XD_DROP_REASONS ? reason : XD_DROP_BAD_SOURCE]++;
			continue;
		}
		turn->src[n].hash = xd_fdb_hash(fdb, turn->src[n].key);
		xd_fdb_prefetch(fdb, turn->src[n].hash);
		turn->dst[n].key = 0;
		if (likely(!(data[0] & 1))) {
			turn->dst[n].key = xd_fdb_key(data, f->vlan);
			turn->dst[n].hash = xd_fdb_hash(fdb, turn->dst[n].key);
			xd_fdb_prefetch(fdb, turn->dst[n].hash);
		}
		turn->frames[n++] = f;
	}
	turn->n = n;
	counters->rx_frames += batch->n;
	counters->rx_bytes += bytes;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Destinations to ports: IEEE 802.1Q, 8.6.3 and 8.6.4. */
#include <rte_branch_prediction.h>

#include "bridge/bridge.h"
#include "bridge/vlan.h"

/* To the one port that the destination was learned on. */
static inline void
forward_to(struct xd_turn *turn, struct xd_frame *f, uint16_t port)
{
	const struct xd_plan_port *out = turn->plan->ports[port];
	struct xd_counters *counters = xd_turn_counters(turn);

	if (unlikely(port == turn->in->index)) {
		counters->drops[XD_DROP_SAME_PORT]++;
		return;
	}
	/* The address may outlive its port's membership by the moment between two plans. */
	if (unlikely(!out || out->bridge != turn->in->bridge ||
		     !xd_plan_port_carries(out, f->vlan))) {
		counters->drops[XD_DROP_NO_PORT]++;
		return;
	}
	f->nb_dst = 1;
	xd_vlan_form(f, f->vlan != out->untagged_vlan);
	xd_turn_send(turn, port, f);
}

void
xd_bridge_forward(struct xd_turn *turn)
{
	const struct xd_fdb *fdb = turn->in->bridge->fdb;

	turn->nb_clones = 0;
	for (uint16_t i = 0; i < turn->n; i++) {
		struct xd_frame *f = turn->frames[i];
		uint16_t port = XD_PORT_NONE;

		if (likely(turn->dst[i].key))
			port = xd_fdb_lookup(fdb, turn->dst[i].key, turn->dst[i].hash);
		if (likely(port != XD_PORT_NONE))
			forward_to(turn, f, port);
		else
			xd_bridge_flood(turn, f);
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Destinations to ports: IEEE 802.1Q, 8.6.3 and 8.6.4. */
#include <rte_branch_prediction.h>

#include "bridge/bridge.h"
#include "bridge/vlan.h"

/* Frames that follow each other to the one port that their destinations were learned on. */
static inline void
forward_run(struct xd_turn *turn, struct xd_frame *const *frames, uint16_t n, uint16_t port)
{
	const struct xd_plan_port *out = turn->plan->ports[port];
	struct xd_counters *counters = xd_turn_counters(turn);
	struct xd_output *output;
	uint64_t as_it_is;
	uint16_t sent;

	if (unlikely(port == turn->in->index)) {
		counters->drops[XD_DROP_SAME_PORT] += n;
		return;
	}
	/* The address may outlive its port's membership by the moment between two plans. */
	if (unlikely(!out || out->bridge != turn->in->bridge)) {
		counters->drops[XD_DROP_NO_PORT] += n;
		return;
	}
	output = &turn->outputs[port];
	sent = output->n;
	as_it_is = xd_frame_route(turn->in->index, out->untagged_vlan);
	for (uint16_t i = 0; i < n; i++) {
		struct xd_frame *f = frames[i];

		if (unlikely(f->route != as_it_is)) {
			if (!xd_plan_port_carries(out, f->vlan)) {
				counters->drops[XD_DROP_NO_PORT]++;
				continue;
			}
			xd_vlan_form(f, f->vlan != out->untagged_vlan);
		}
		output->frames[sent++] = f;
	}
	if (output->n == 0 && sent)
		turn->busy[turn->nb_busy++] = port;
	output->n = sent;
}

void
xd_bridge_forward(struct xd_turn *turn)
{
	const struct xd_fdb *fdb = turn->in->bridge->fdb;
	uint16_t ports[XD_BATCH];
	uint16_t n = turn->n;

	for (uint16_t i = 0; i < n; i++) {
		const struct xd_look *dst = &turn->dst[i];

		ports[i] = likely(dst->key) ? xd_fdb_lookup_from(fdb, dst->key, dst->first)
					    : XD_PORT_NONE;
	}
	turn->nb_clones = 0;
	for (uint16_t i = 0, run; i < n; i += run) {
		for (run = 1; i + run < n && ports[i + run] == ports[i];)
			run++;
		if (likely(ports[i] != XD_PORT_NONE)) {
			forward_run(turn, &turn->frames[i], run, ports[i]);
			continue;
		}
		xd_bridge_flood(turn, &turn->frames[i], run);
	}
}

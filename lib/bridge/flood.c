/* SPDX-License-Identifier: BSD-3-Clause */
/* To every other port that carries the VLAN: group addresses and unknown destinations. */
#include <rte_common.h>

#include "bridge/bridge.h"
#include "bridge/vlan.h"

void
xd_bridge_flood(struct xd_turn *turn, struct xd_frame *f)
{
	const struct xd_plan_bridge *bridge = turn->in->bridge;
	/* The frame with and without its tag. One of them is the frame as it came; the other is
	 * made when the first port wants it. */
	struct xd_frame *forms[2] = {0};
	unsigned nb_dst = 0;

	forms[f->tagged] = f;
	for (uint16_t i = 0; i < bridge->nb_members; i++) {
		const struct xd_plan_port *out = turn->plan->ports[bridge->members[i]];
		bool tagged = f->vlan != out->untagged_vlan;

		if (out == turn->in || !xd_plan_port_carries(out, f->vlan))
			continue;
		if (!forms[tagged]) {
			forms[tagged] = &turn->clones[turn->nb_clones++];
			*forms[tagged] = *f;
			xd_vlan_form(forms[tagged], tagged);
		}
		xd_turn_send(turn, out->index, forms[tagged]);
		nb_dst++;
	}
	if (nb_dst == 0)
		xd_turn_counters(turn)->drops[XD_DROP_NO_PORT]++;
	/* Both forms share what lies behind the head, so neither may be taken by one receiver. */
	f->nb_dst = (uint8_t)RTE_MIN(nb_dst, (unsigned)UINT8_MAX);
	if (forms[0] && forms[1])
		forms[0]->nb_dst = forms[1]->nb_dst = (uint8_t)RTE_MAX(f->nb_dst, 2);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The stage after back pressure: counts the frames received, and by reason those that the bridge
 * dropped, at the queue that they came from. */
#include <rte_branch_prediction.h>

#include "bridge/bridge.h"

void
xd_bridge_count_lost(const struct xd_turn *turn)
{
	struct xd_drops *drops = &turn->from->port->drops[turn->in_queue];
	uint16_t n[XD_DROP_REASONS] = {0};

	for (uint16_t i = 0; i < turn->nb_lost; i++) {
		const struct xd_lost *l = &turn->lost[i];

		if (l->frame >= turn->batch->n)
			continue;
		if (l->pass == 0)
			n[l->reason]++;
		else
			xd_drop(&turn->passes[l->pass - 1].in->port->drops[0],
				(enum xd_drop)l->reason, 1);
	}
	for (unsigned reason = 0; reason < XD_DROP_REASONS; reason++) {
		if (n[reason])
			xd_drop(drops, (enum xd_drop)reason, n[reason]);
	}
}

void
xd_bridge_count(const struct xd_turn *turn)
{
	struct xd_counters *counters = xd_turn_counters(turn);

	counters->rx_frames += turn->batch->n;
	counters->rx_bytes += turn->bytes;
	if (unlikely(turn->nb_lost))
		xd_bridge_count_lost(turn);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The second stage: learns source addresses (IEEE 802.1Q, 8.7). Nearly always the FDB has the entry
 * already, as one cache line tells that input prefetched; else xd_fdb_learn puts it there.
 */
#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "bridge/bridge.h"

/* An address that the FDB has not, or not so. */
static __rte_noinline void
learn(const struct xd_turn *turn, const struct xd_look *src)
{
	const struct xd_plan_bridge *bridge = turn->in->bridge;
	const uint16_t vlan = (uint16_t)(src->key >> 48);

	/* In a mirror's VLAN go copies of frames from everywhere. */
	if (bridge->unlearned && (bridge->unlearned[vlan / 64] >> (vlan % 64) & 1))
		return;
	xd_fdb_learn(bridge->fdb, src->key, xd_fdb_hash(bridge->fdb, src->key), turn->in->index,
		turn->now_s);
}

void
xd_bridge_learn(struct xd_turn *turn)
{
	struct xd_fdb *fdb = turn->in->bridge->fdb;
	const uint64_t value = xd_fdb_value(fdb, turn->in->index, turn->now_s);

	for (uint32_t left = xd_turn_fresh(turn); left; left &= left - 1) {
		const struct xd_look *src = &turn->src[__builtin_ctz(left)];

		if (unlikely(!xd_fdb_holds(src->first, src->key, value)))
			learn(turn, src);
	}
}

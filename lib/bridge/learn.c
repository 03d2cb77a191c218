/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The second stage: learns source addresses (IEEE 802.1Q, 8.7). Nearly always the FDB has the entry
 * already, as one cache line tells that input prefetched; else xd_fdb_learn puts it there.
 */
#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "bridge/bridge.h"

/* Addresses that the FDB has not, or not so, or not where it nearly always has them. What the
 * latter need is asked for for all of them, before any is waited for. */
static __rte_noinline void
learn(const struct xd_turn *turn, uint32_t missed)
{
	const struct xd_plan_bridge *bridge = turn->in->bridge;

	for (uint32_t left = missed; left; left &= left - 1) {
		const struct xd_look *src = &turn->src[__builtin_ctz(left)];

		if (!xd_fdb_find_in(src->first, src->key))
			xd_fdb_prefetch_second(bridge->fdb, src->key);
	}
	for (uint32_t left = missed; left; left &= left - 1) {
		const uint64_t key = turn->src[__builtin_ctz(left)].key;
		const uint16_t vlan = (uint16_t)(key >> 48);

		/* In a mirror's VLAN go copies of frames from everywhere. */
		if (bridge->unlearned && (bridge->unlearned[vlan / 64] >> (vlan % 64) & 1))
			continue;
		xd_fdb_learn(bridge->fdb, key, xd_fdb_hash(bridge->fdb, key), turn->in->index,
			turn->now_s);
	}
}

void
xd_bridge_learn(struct xd_turn *turn)
{
	struct xd_fdb *fdb = turn->in->bridge->fdb;
	const uint64_t value = xd_fdb_value(fdb, turn->in->index, turn->now_s);
	uint32_t missed = 0;

	for (uint32_t left = xd_turn_fresh(turn); left; left &= left - 1) {
		const unsigned i = (unsigned)__builtin_ctz(left);

		if (unlikely(!xd_fdb_holds(turn->src[i].first, turn->src[i].key, value)))
			missed |= 1u << i;
	}
	if (unlikely(missed))
		learn(turn, missed);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The second stage: learns source addresses (IEEE 802.1Q, 8.7). Nearly always the FDB has the entry
 * already, as one cache line tells that input prefetched; else xd_fdb_learn puts it there.
 */
#include <rte_branch_prediction.h>

#include "bridge/bridge.h"

void
xd_bridge_learn(struct xd_turn *turn)
{
	struct xd_fdb *fdb = turn->in->bridge->fdb;
	const uint16_t port = turn->in->index;
	const uint64_t value = xd_fdb_value(fdb, port, turn->now_s);

	for (uint32_t left = xd_turn_fresh(turn); left; left &= left - 1) {
		const struct xd_look *src = &turn->src[__builtin_ctz(left)];

		if (unlikely(!xd_fdb_holds(src->first, src->key, value)))
			xd_fdb_learn(fdb, src->key, xd_fdb_hash(fdb, src->key), port, turn->now_s);
	}
}

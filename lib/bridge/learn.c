/* SPDX-License-Identifier: BSD-3-Clause */
/* Sources into the FDB, on the fast path: IEEE 802.1Q, 8.7. */
#include "bridge/bridge.h"

void
xd_bridge_learn(struct xd_turn *turn)
{
	struct xd_fdb *fdb = turn->in->bridge->fdb;
	uint16_t port = turn->in->index;

	for (uint16_t i = 0; i < turn->n; i++)
		xd_fdb_learn(fdb, turn->src[i].key, turn->src[i].hash, port, turn->now_s);
}

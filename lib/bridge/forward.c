/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The third stage: looks destinations up and puts each frame on the output of its port, tagged as
 * that port wants it; unknown and group addresses are flooded (IEEE 802.1Q, 8.6.3 and 8.6.4).
 * Frames that follow each other to the same port are handled as one run.
 */
#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "bridge/bridge.h"
#include "bridge/vlan.h"

/* Frames that follow each other to the one port that their destinations were learned on. */
static __rte_always_inline void
forward_run(struct xd_turn *turn, struct xd_frame *const *frames, uint16_t n, uint16_t port,
	const bool again)
{
	struct xd_output apart;
	const struct xd_plan_port *out = turn->plan->ports[port];
	struct xd_output *output;
	struct xd_frame **to;
	uint64_t as_it_is;
	uint16_t sent;

	if (unlikely(port == turn->in->index)) {
		xd_turn_drop_all(turn, XD_DROP_SAME_PORT, frames, n);
		return;
	}
	/* While the configuration changes, the FDB may name a port that has left the bridge. */
	if (unlikely(!out || out->bridge != turn->in->bridge)) {
		xd_turn_drop_all(turn, XD_DROP_NO_PORT, frames, n);
		return;
	}
	output = again ? &apart : &turn->outputs[port];
	to = &output->frames[again ? 0 : output->n];
	as_it_is = xd_frame_route(turn->in->index, out->untagged_vlan);
	for (uint16_t i = 0; i < n; i++) {
		struct xd_frame *f = frames[i];

		if (unlikely(f->route != as_it_is)) {
			bool tagged;

			if (!xd_vlan_leaves(out, f, &tagged)) {
				xd_turn_drop(turn, XD_DROP_NO_PORT, f);
				continue;
			}
			xd_vlan_form(f, tagged);
		}
		*to++ = f;
	}
	sent = (uint16_t)(to - output->frames);
	if (again)
		xd_turn_send(turn, port, apart.frames, sent);
	else if (output->n == 0 && sent)
		turn->busy[turn->nb_busy++] = port;
	if (!again)
		output->n = sent;
}

static inline uint16_t
port_of(const struct xd_fdb *fdb, const struct xd_look *dst)
{
	return likely(dst->key) ? xd_fdb_lookup_from(fdb, dst->key, dst->first) : XD_PORT_NONE;
}

/* again is a constant: outputs may have frames already, in between which these belong. */
static __rte_always_inline void
forward(struct xd_turn *turn, const bool again)
{
	const struct xd_fdb *fdb = turn->in->bridge->fdb;
	const uint16_t n = turn->n;
	/* The frames to be looked up, a bit each, and as an end mark the bit behind the last one.
	 */
	uint64_t heads = xd_turn_fresh(turn) | 1ull << n;
	uint16_t first = 0, port = n ? port_of(fdb, &turn->dst[0]) : XD_PORT_NONE;

	if (!again)
		turn->nb_clones = 0;
	while (first < n) {
		uint16_t end, next = XD_PORT_NONE;

		heads &= heads - 1;
		end = (uint16_t)__builtin_ctzll(heads);
		if (likely(end < n)) {
			next = port_of(fdb, &turn->dst[end]);
			if (likely(next == port))
				continue;
		}
		if (likely(port != XD_PORT_NONE))
			forward_run(turn, &turn->frames[first], end - first, port, again);
		else
			xd_bridge_flood(turn, &turn->frames[first], end - first);
		first = end;
		port = next;
	}
}

/* The ports of frames whose destinations are not where they nearly always are. Where else they may
 * be is asked for for all of them, before any is waited for. */
static void
find_missed(const struct xd_turn *turn, uint32_t missed, uint16_t ports[XD_BATCH])
{
	const struct xd_fdb *fdb = turn->in->bridge->fdb;

	for (uint32_t left = missed; left; left &= left - 1)
		xd_fdb_prefetch_second(fdb, turn->dst[__builtin_ctz(left)].key);
	for (uint32_t left = missed; left; left &= left - 1) {
		const unsigned i = (unsigned)__builtin_ctz(left);
		const uint64_t key = turn->dst[i].key;

		ports[i] = xd_fdb_port(fdb, xd_fdb_find(fdb, key, xd_fdb_hash(fdb, key)));
	}
}

/* The port of each frame that is to be looked up, by its place. */
static void
find_ports(const struct xd_turn *turn, uint16_t ports[XD_BATCH])
{
	const struct xd_fdb *fdb = turn->in->bridge->fdb;
	uint32_t missed = 0;

	for (uint32_t left = xd_turn_fresh(turn); left; left &= left - 1) {
		const unsigned i = (unsigned)__builtin_ctz(left);
		const struct xd_look *dst = &turn->dst[i];
		uint64_t value = 0;

		if (likely(dst->key)) {
			value = xd_fdb_find_in(dst->first, dst->key);
			if (unlikely(value == 0))
				missed |= 1u << i;
		}
		ports[i] = xd_fdb_port(fdb, value);
	}
	if (missed)
		find_missed(turn, missed, ports);
}

/* The same with a table that is large: all destinations are looked up before the first frame is
 * handled. With a small one it takes longer. */
static __rte_noinline void
forward_by_ports(struct xd_turn *turn)
{
	/* As an end mark, the bit behind the last one. */
	uint64_t heads = xd_turn_fresh(turn) | 1ull << turn->n;
	uint16_t ports[XD_BATCH], first = 0;
	const uint16_t n = turn->n;

	find_ports(turn, ports);
	turn->nb_clones = 0;
	while (first < n) {
		const uint16_t port = ports[first];
		uint16_t end;

		do {
			heads &= heads - 1;
			end = (uint16_t)__builtin_ctzll(heads);
		} while (end < n && ports[end] == port);
		if (likely(port != XD_PORT_NONE))
			forward_run(turn, &turn->frames[first], end - first, port, false);
		else
			xd_bridge_flood(turn, &turn->frames[first], end - first);
		first = end;
	}
}

void
xd_bridge_forward(struct xd_turn *turn)
{
	if (unlikely(xd_fdb_is_large(turn->in->bridge->fdb)))
		forward_by_ports(turn);
	else
		forward(turn, false);
}

void
xd_bridge_forward_again(struct xd_turn *turn)
{
	forward(turn, true);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What stages have in common: dropping frames between stages, and putting frames on outputs. */
#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "bridge/bridge.h"

void
xd_turn_remove(struct xd_turn *turn, uint32_t drop, uint32_t taken, enum xd_drop reason)
{
	const uint32_t out = drop | taken;
	/* The frame whose look-ups are those of the frame at hand, and the last that was kept. */
	uint16_t looked = 0, kept = UINT16_MAX, n = 0;
	uint32_t repeats = 0;

	if (drop == 0 && taken == (uint32_t)((1ull << turn->n) - 1)) {
		turn->n = 0;
		turn->repeats = 0;
		return;
	}
	for (uint16_t i = 0; i < turn->n; i++) {
		if (!(turn->repeats >> i & 1))
			looked = i;
		if (out >> i & 1) {
			if (drop >> i & 1)
				xd_turn_drop(turn, reason, turn->frames[i]);
			continue;
		}
		if (kept == looked) {
			repeats |= 1u << n;
		} else {
			turn->src[n] = turn->src[looked];
			turn->dst[n] = turn->dst[looked];
		}
		kept = looked;
		turn->frames[n++] = turn->frames[i];
	}
	turn->n = n;
	turn->repeats = repeats;
}

void
xd_turn_filter(struct xd_turn *turn, uint32_t drop, enum xd_drop reason)
{
	xd_turn_remove(turn, drop, 0, reason);
}

void
xd_turn_take(struct xd_turn *turn, uint32_t taken)
{
	xd_turn_remove(turn, 0, taken, XD_DROP_NONE);
}

static uint64_t
mac_of(const uint8_t *mac)
{
	uint64_t key = 0;

	memcpy(&key, mac, 6);
	return key;
}

static void
look_up(struct xd_turn *turn, uint16_t i)
{
	const struct xd_fdb *fdb = turn->in->bridge->fdb;
	struct xd_frame *f = turn->frames[i];
	const uint8_t *data = xd_frame_data(f);

	turn->dst[i].key = 0;
	if (!(data[0] & 1))
		xd_look_at(fdb, &turn->dst[i], mac_of(data), f->vlan);
	xd_look_at(fdb, &turn->src[i], mac_of(data + 6), f->vlan);
}

void
xd_turn_look_anew(struct xd_turn *turn, uint32_t moved)
{
	const uint32_t repeats = turn->repeats;
	struct xd_look src = {0}, dst = {0}; /* as they were, of the frame at hand */

	for (uint16_t i = 0; i < turn->n; i++) {
		const uint32_t bit = 1u << i;

		if (!(repeats & bit)) {
			src = turn->src[i];
			dst = turn->dst[i];
		}
		if (moved & bit) {
			look_up(turn, i);
			turn->repeats &= ~bit;
		} else if ((repeats & bit) && (moved & bit >> 1)) {
			turn->src[i] = src;
			turn->dst[i] = dst;
			turn->repeats &= ~bit;
		}
	}
}

/* Both lists are in order; of a frame and its clone, the one that was there stays. */
static __rte_noinline void
merge(const struct xd_turn *turn, struct xd_output *out, struct xd_frame *const *frames, uint16_t n)
{
	struct xd_output merged = {0};
	uint16_t i = 0, k = 0;

	while (i < out->n || k < n) {
		int there = i < out->n ? xd_turn_number(turn, out->frames[i]) : XD_BATCH;
		int here = k < n ? xd_turn_number(turn, frames[k]) : XD_BATCH;

		merged.frames[merged.n++] = there <= here ? out->frames[i] : frames[k];
		i += there <= here;
		k += here <= there;
	}
	*out = merged;
}

void
xd_turn_send(struct xd_turn *turn, uint16_t port, struct xd_frame *const *frames, uint16_t n)
{
	struct xd_output *out;

	/* Then the port may be none. */
	if (n == 0)
		return;
	out = &turn->outputs[port];
	if (out->n == 0) {
		turn->busy[turn->nb_busy++] = port;
	} else if (unlikely(xd_turn_number(turn, out->frames[out->n - 1]) >=
			    xd_turn_number(turn, frames[0]))) {
		merge(turn, out, frames, n);
		return;
	}
	memcpy(&out->frames[out->n], frames, n * sizeof(*frames));
	out->n += n;
}

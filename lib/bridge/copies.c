/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies of frames that hooks ask for: a snapshot each, as it is at that moment; what is behind it
 * stays where it lies. */
#include <rte_branch_prediction.h>

#include "bridge/bridge.h"

static void
cut(struct xd_frame *f, uint16_t snap)
{
	if (snap == 0 || f->len <= snap)
		return;
	/* What is left lies in the snapshot, and there is nothing to be finished in it. */
	f->head_len = (uint8_t)RTE_MIN(f->head_len, snap);
	f->len = f->head_len;
	f->nb_segs = 0;
	f->mbuf = NULL;
	f->offload.word = 0;
}

static void
add(struct xd_turn *turn, struct xd_frame *f, uint16_t dst, uint16_t snap)
{
	struct xd_copies *copies = &turn->copies;
	struct xd_frame *copy = &copies->frames[copies->n];

	copies->dst[copies->n] = dst;
	copies->number[copies->n++] = xd_turn_number(turn, f);
	*copy = *f;
	/* Whoever gets the frame itself may take its mbuf, unless there are two of them. */
	f->nb_dst = copy->nb_dst = 2;
	cut(copy, snap);
}

void
xd_copies_add(struct xd_turn *turn, struct xd_hook_call *call)
{
	struct xd_burst *b = &call->burst;
	struct xd_hook_counters *c = &call->slot->counters[b->worker];
	uint16_t snap = b->copy_snap;

	if (unlikely(snap && (snap < XD_FRAME_MIN || snap > XD_HEAD))) {
		xd_hook_bad(turn, call->slot, XD_HOOK_BAD_SNAP, snap);
		snap = 0;
	}
	for (uint32_t left = b->copy; left; left &= left - 1) {
		const int i = __builtin_ctz(left);

		if (unlikely(!xd_hook_port_exists(turn, b->copy_dst[i]))) {
			xd_hook_bad(turn, call->slot, XD_HOOK_BAD_PORT, b->copy_dst[i]);
			b->copy &= ~(1u << i);
		} else if (turn->copies.n == XD_COPIES) {
			c->not_copied++;
			b->copy &= ~(1u << i);
		} else {
			add(turn, call->frames[i], b->copy_dst[i], snap);
		}
	}
}

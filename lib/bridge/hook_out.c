/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hooks at a port that frames are about to be sent to, after back pressure: what is in an output
 * has found room as far as is known, and has the form in which the port gets it.
 */
#include <rte_branch_prediction.h>

#include "bridge/bridge.h"

/* A frame that other ports get too is edited in a snapshot of its own. */
static void
own_frames(struct xd_turn *turn, struct xd_output *output)
{
	const struct xd_frame *owned = &turn->clones[XD_CLONES];

	for (uint16_t i = 0; i < output->n; i++) {
		struct xd_frame *f = output->frames[i], *own = &turn->clones[XD_CLONES + i];

		if (f->nb_dst < 2 || (f >= owned && f < owned + XD_BATCH))
			continue;
		*own = *f;
		turn->origin[XD_CLONES + i] = xd_turn_number(turn, f);
		output->frames[i] = own;
	}
}

static void
take_out(struct xd_output *output, uint32_t frames)
{
	uint16_t n = 0;

	for (uint16_t i = 0; i < output->n; i++) {
		if (!(frames >> i & 1))
			output->frames[n++] = output->frames[i];
	}
	output->n = n;
}

static void
obey(struct xd_turn *turn, struct xd_hook_call *call, struct xd_output *output)
{
	struct xd_burst *b = &call->burst;

	if (unlikely(b->moved | b->leave | b->to)) {
		xd_hook_bad(turn, call->slot, XD_HOOK_BAD_POINT, 0);
		b->moved = b->leave = b->to = 0;
	}
	if (b->copy)
		xd_copies_add(turn, call);
	if (b->drop | b->keep)
		take_out(output, b->drop | b->keep);
}

void
xd_bridge_hook_out(struct xd_turn *turn, const struct xd_plan_port *out, struct xd_output *output,
	uint16_t first)
{
	const struct xd_hook_list *list = &out->out_hooks;
	struct xd_hook_turn *hooks = &turn->out_hooks;

	hooks->nb_calls = 0;
	for (uint16_t i = first; i < list->n && output->n; i++) {
		struct xd_hook_call *call;

		if (list->slots[i]->hook.flags & XD_HOOK_EDITS)
			own_frames(turn, output);
		call = xd_hook_judge(turn, &hooks->calls[hooks->nb_calls++], list->slots[i],
			out->member_of ? out->member_of->index : out->index, output->frames,
			output->n);
		if (call->burst.drop | call->burst.moved | call->burst.leave | call->burst.to |
			call->burst.copy | call->burst.keep)
			obey(turn, call, output);
	}
}

/* What became of frames that went, and did not go to the port. */
static __rte_noinline void
account(struct xd_turn *turn, const struct xd_plan_port *out, struct xd_hook_call *call,
	uint32_t went)
{
	struct xd_drops *drops =
		&out->port->drops[xd_port_tx_queue(out->port, turn->batch->worker)];

	if (call->burst.drop & went)
		xd_drop(drops, XD_DROP_HOOK_OUT,
			(unsigned)__builtin_popcount(call->burst.drop & went));
	if (call->burst.keep)
		xd_kept_make(turn, call, went, drops);
}

void
xd_bridge_hook_sent(struct xd_turn *turn, const struct xd_plan_port *out, uint16_t first_left)
{
	struct xd_hook_turn *hooks = &turn->out_hooks;

	for (uint16_t i = 0; i < hooks->nb_calls; i++) {
		struct xd_hook_call *call = &hooks->calls[i];
		const uint32_t went = xd_hook_gone(turn, call, first_left);

		if (unlikely(call->burst.drop | call->burst.keep))
			account(turn, out, call, went);
		xd_hook_done(call, went);
	}
}

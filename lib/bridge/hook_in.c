/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stage after input, for ports that have hooks: each in turn judges the frames that are still
 * in play, before any of them is learned. Frames with a destination of a hook's are learned with
 * the others, then taken out of play until forward has put the rest on their way.
 */
#include <rte_branch_prediction.h>

#include "bridge/bridge.h"
#include "bridge/vlan.h"

#define BIT(i) (1u << (i))

/* Whether the frame at the queue's head has been left for as long as it may be, or the queue cannot
 * be rewound at all. */
static bool
is_late(const struct xd_turn *turn, uint16_t number)
{
	const struct xd_port_left *left = &turn->from->port->left[turn->in_queue];

	if (!turn->from->driver->rewind || turn->batch->nb_done == 0)
		return true;
	return number == 0 && left->since_tsc &&
	       *turn->now_tsc > left->since_tsc + turn->from->leave_tsc;
}

/* Frames from the first in `leave` on stay with their sender. Those that may not are dropped. */
static void
leave(struct xd_turn *turn, struct xd_hook_call *call)
{
	struct xd_burst *b = &call->burst;
	struct xd_hook_counters *c = &call->slot->counters[b->worker];

	while (b->leave) {
		const uint16_t first = (uint16_t)__builtin_ctz(b->leave);
		const uint16_t number = xd_turn_number(turn, call->frames[first]);
		const uint32_t stay = ~(BIT(first) - 1);

		if (is_late(turn, number)) {
			/* Those behind it are left as before, for their own time. */
			b->leave = first + 1 < b->n ? BIT(first + 1) : 0;
			xd_burst_drop(b, first, 0);
			c->expired++;
			continue;
		}
		c->left += (unsigned)__builtin_popcount(
			stay & ~b->again & (uint32_t)((1ull << b->n) - 1));
		turn->in_hooks.left = number;
		turn->n = first;
		turn->repeats &= ~stay;
		b->drop &= ~stay;
		b->moved &= ~stay;
		b->to &= ~stay;
		b->copy &= ~stay;
		b->keep &= ~stay;
		return;
	}
}

/* Notes where frames go, by their number, which stays whatever stages come. */
static void
direct(struct xd_turn *turn, struct xd_hook_call *call)
{
	struct xd_burst *b = &call->burst;
	uint16_t known = XD_DST_FLOOD;

	for (uint32_t left = b->to & ~b->drop; left; left &= left - 1) {
		const uint16_t i = (uint16_t)__builtin_ctz(left), dst = b->dst[i];
		const uint8_t number = xd_turn_number(turn, call->frames[i]);

		if (unlikely(dst != known && dst != XD_DST_FLOOD &&
			     !xd_hook_port_exists(turn, dst))) {
			xd_hook_bad(turn, call->slot, XD_HOOK_BAD_PORT, dst);
			xd_burst_drop(b, i, 0);
			continue;
		}
		known = dst;
		turn->in_hooks.to |= BIT(number);
		turn->in_hooks.dst[number] = dst;
	}
}

void
xd_hook_retag(struct xd_frame *f)
{
	if (f->tagged && f->vlan)
		xd_vlan_set_vid(f, f->vlan);
	else if (f->tagged)
		xd_vlan_pop(f);
}

/* A source that a hook made up must be one that can be learned. */
static void
move(struct xd_turn *turn, struct xd_hook_call *call)
{
	struct xd_burst *b = &call->burst;

	for (uint32_t left = b->moved & ~b->drop; left; left &= left - 1) {
		const uint16_t i = (uint16_t)__builtin_ctz(left);
		struct xd_frame *f = call->frames[i];

		if (likely(!(xd_frame_data(f)[6] & 1) && f->vlan <= XD_VLAN_MAX)) {
			xd_hook_retag(f);
			continue;
		}
		xd_hook_bad(turn, call->slot, XD_HOOK_BAD_FRAME, f->start);
		xd_burst_drop(b, i, 0);
	}
	xd_turn_look_anew(turn, b->moved);
}

static void
obey(struct xd_turn *turn, struct xd_hook_call *call)
{
	struct xd_burst *b = &call->burst;

	if (b->leave)
		leave(turn, call);
	if (b->copy)
		xd_copies_add(turn, call);
	if (b->to)
		direct(turn, call);
	if (b->moved)
		move(turn, call);
	if (b->drop | b->keep)
		xd_turn_remove(turn, b->drop, b->keep & ~b->drop, XD_DROP_HOOK);
}

static __rte_always_inline void
judge_from(struct xd_turn *turn, uint16_t first)
{
	const struct xd_hook_list *list = &turn->in->in_hooks;
	struct xd_hook_turn *hooks = &turn->in_hooks;

	hooks->nb_calls = 0;
	hooks->left = XD_BATCH;
	for (uint16_t i = first; i < list->n && turn->n; i++) {
		struct xd_hook_call *call = xd_hook_judge(turn, &hooks->calls[hooks->nb_calls++],
			list->slots[i], turn->in->index, turn->frames, turn->n);

		if (call->burst.drop | call->burst.moved | call->burst.leave | call->burst.to |
			call->burst.copy | call->burst.keep)
			obey(turn, call);
	}
}

void
xd_bridge_hook_in(struct xd_turn *turn)
{
	turn->in_hooks.to = 0;
	judge_from(turn, 0);
}

void
xd_bridge_hook_on(struct xd_turn *turn, uint16_t first)
{
	judge_from(turn, first);
}

void
xd_bridge_hook_take(struct xd_turn *turn)
{
	struct xd_hook_turn *hooks = &turn->in_hooks;
	uint32_t taken = 0;
	uint16_t n = 0;

	if (likely(hooks->to == 0))
		return;
	for (uint16_t i = 0; i < turn->n; i++) {
		const uint32_t is = hooks->to >> xd_turn_number(turn, turn->frames[i]) & 1;

		taken |= is << i;
		hooks->taken[n] = turn->frames[i];
		n += (uint16_t)is;
	}
	hooks->nb_taken = n;
	xd_turn_take(turn, taken);
}

static void
send_to(struct xd_turn *turn, uint16_t port, struct xd_frame *const *frames, uint16_t n)
{
	const struct xd_plan_port *out = turn->plan->ports[port];
	const uint64_t as_it_is = xd_frame_route(turn->in->index, out->untagged_vlan);
	struct xd_frame *leave[XD_BATCH];
	uint16_t nb_leave = 0;
	bool tagged;

	for (uint16_t i = 0; i < n; i++) {
		if (likely(frames[i]->route == as_it_is)) {
			leave[nb_leave++] = frames[i];
			continue;
		}
		if (unlikely(!xd_vlan_leaves(out, frames[i], &tagged))) {
			xd_turn_drop(turn, XD_DROP_NO_PORT, frames[i]);
			continue;
		}
		xd_vlan_form(frames[i], tagged);
		leave[nb_leave++] = frames[i];
	}
	xd_turn_send(turn, port, leave, nb_leave);
}

/* Of frames from number i on, how many have its destination. */
static uint16_t
run_of(const struct xd_turn *turn, uint16_t i)
{
	const struct xd_hook_turn *hooks = &turn->in_hooks;
	const uint16_t dst = hooks->dst[xd_turn_number(turn, hooks->taken[i])];
	uint16_t end = i + 1;

	while (end < hooks->nb_taken && hooks->dst[xd_turn_number(turn, hooks->taken[end])] == dst)
		end++;
	return end - i;
}

void
xd_bridge_hook_send(struct xd_turn *turn)
{
	const struct xd_hook_turn *hooks = &turn->in_hooks;

	if (likely(hooks->to == 0))
		return;
	for (uint16_t i = 0, n; i < hooks->nb_taken; i += n) {
		const uint16_t dst = hooks->dst[xd_turn_number(turn, hooks->taken[i])];

		n = run_of(turn, i);
		if (dst == XD_DST_FLOOD)
			xd_bridge_flood(turn, &hooks->taken[i], n);
		else
			send_to(turn, dst, &hooks->taken[i], n);
	}
}

void
xd_bridge_hook_done(struct xd_turn *turn)
{
	struct xd_hook_turn *hooks = &turn->in_hooks;

	for (uint16_t i = 0; i < hooks->nb_calls; i++) {
		struct xd_hook_call *call = &hooks->calls[i];
		const uint32_t went = xd_hook_gone(turn, call, turn->batch->n);

		if (unlikely(call->burst.keep))
			xd_kept_make(turn, call, went, &turn->from->port->drops[turn->in_queue]);
		xd_hook_done(call, went);
	}
}

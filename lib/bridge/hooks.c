/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls one hook, and counts what became of the frames that it saw. */
#include <rte_branch_prediction.h>
#include <rte_cycles.h>

#include "bridge/bridge.h"
#include "frame/edit.h"

#ifdef XD_DEBUG
#include <rte_debug.h>
#define DEBUG true
#else
#define DEBUG false
#endif

const char *
xd_hook_bad_text(enum xd_hook_bad what)
{
	static const char *const texts[] = {
		[XD_HOOK_BAD_BITS] = "a verdict on a frame that there is not, of so many",
		[XD_HOOK_BAD_POINT] = "a verdict that there is only where frames come in",
		[XD_HOOK_BAD_PORT] = "frames for a port that there is not: index",
		[XD_HOOK_BAD_REASON] = "a reason that it has not named: number",
		[XD_HOOK_BAD_SNAP] = "a copy of fewer or more bytes than can be:",
		[XD_HOOK_BAD_FRAME] =
			"a frame left broken, or without room for a tag: it begins at",
		[XD_HOOK_BAD_EDIT] = "bytes that it may not write to, from offset",
		[XD_HOOK_BAD_KEEP] = "frames to be kept, without buffers or done:",
	};

	return texts[what];
}

void
xd_hook_bad(const struct xd_turn *turn, struct xd_hook_slot *slot, enum xd_hook_bad what,
	uint16_t number)
{
	struct xd_hook_counters *c = &slot->counters[turn->batch->worker];

#ifdef XD_DEBUG
	/* As assert, which cannot name the hook. */
	rte_panic("hook %s: %s %u\n", slot->name, xd_hook_bad_text(what), number);
#endif
	c->bad++;
	c->bad_what = (uint32_t)what << 16 | number;
}

uint8_t *
xd_burst_edit(struct xd_burst *b, uint16_t i, uint32_t offset, uint32_t len)
{
	struct xd_hook_call *call = container_of(b, struct xd_hook_call, burst);
	uint8_t *at = NULL;

	/* The burst of a tick is no call's. */
	if (b->n == 0)
		return NULL;
	if (i < b->n && call->slot->hook.flags & XD_HOOK_EDITS)
		at = xd_frame_edit(b->frames[i], offset, len);
	if (unlikely(!at))
		xd_hook_bad(b->turn, call->slot, XD_HOOK_BAD_EDIT,
			(uint16_t)RTE_MIN(offset, (uint32_t)UINT16_MAX));
	return at;
}

bool
xd_hook_port_exists(const struct xd_turn *turn, uint16_t port)
{
	return port < XD_MAX_PORTS && turn->plan->ports[port] &&
	       !turn->plan->ports[port]->member_of;
}

/* Of frames in order, those before number n in the batch, a bit each. */
static uint32_t
before(const struct xd_turn *turn, struct xd_frame *const *frames, uint16_t nb_frames, uint32_t n)
{
	uint16_t i = nb_frames;

	while (i > 0 && xd_turn_number(turn, frames[i - 1]) >= n)
		i--;
	return (uint32_t)((1ull << i) - 1);
}

bool
xd_hook_frame_ok(const struct xd_frame *f, enum xd_hook_point point)
{
	/* All of them, without a branch for each: nearly always they are true. On its way out a
	 * frame has its tags. */
	return ((point == XD_HOOK_OUT) | (f->start >= XD_HOOK_ROOM)) &
	       (f->head_len >= XD_FRAME_MIN) & (f->start + f->head_len <= (int)sizeof(f->buf)) &
	       (f->head_len <= f->len) & ((f->nb_segs != 0) | (f->head_len == f->len)) &
	       (f->vlan <= XD_VLAN_MAX);
}

/* Frames that a hook left with too little room for tags, or in a shape that no frame has. */
static void
look_over(const struct xd_turn *turn, struct xd_hook_call *call)
{
	for (uint16_t i = 0; i < call->burst.n; i++) {
		const struct xd_frame *f = call->frames[i];

		if (likely(xd_hook_frame_ok(f, call->slot->hook.point)))
			continue;
		xd_hook_bad(turn, call->slot, XD_HOOK_BAD_FRAME, f->start);
		xd_burst_drop(&call->burst, i, 0);
	}
}

/* One that does not say that it edits should not have: one frame of each burst is looked at, and
 * once it was broken, all of them are. */
static bool
is_doubted(const struct xd_turn *turn, const struct xd_hook_call *call)
{
	struct xd_hook_counters *c = &call->slot->counters[turn->batch->worker];
	const uint32_t any = (uint16_t)*turn->now_tsc * (uint32_t)call->burst.n >> 16;

	if (unlikely(!xd_hook_frame_ok(call->frames[any], call->slot->hook.point)))
		c->doubted = true;
	return c->doubted;
}

/* Clears bits that stand for no frame, and reasons that the hook does not have. */
static void
check_masks(const struct xd_turn *turn, struct xd_hook_call *call)
{
	struct xd_burst *b = &call->burst;
	const uint32_t all = (uint32_t)((1ull << b->n) - 1);

	if (unlikely((b->drop | b->moved | b->leave | b->to | b->copy | b->keep) & ~all)) {
		xd_hook_bad(turn, call->slot, XD_HOOK_BAD_BITS, b->n);
		b->drop &= all;
		b->moved &= all;
		b->leave &= all;
		b->to &= all;
		b->copy &= all;
		b->keep &= all;
	}
	if (unlikely(b->keep && (!call->slot->pool || !call->slot->hook.done))) {
		xd_hook_bad(turn, call->slot, XD_HOOK_BAD_KEEP, 0);
		b->keep = 0;
	}
	b->keep &= ~b->drop;
	for (uint32_t left = b->drop; left; left &= left - 1) {
		uint8_t *why = &b->why[__builtin_ctz(left)];

		if (likely(*why < RTE_MAX(call->slot->nb_reasons, 1)))
			continue;
		xd_hook_bad(turn, call->slot, XD_HOOK_BAD_REASON, *why);
		*why = 0;
	}
}

struct xd_hook_call *
xd_hook_judge(struct xd_turn *turn, struct xd_hook_call *call, struct xd_hook_slot *slot,
	uint16_t port, struct xd_frame *const *frames, uint16_t n)
{
	struct xd_burst *b = &call->burst;
	uint64_t start;

	call->slot = slot;
	/* Of a constant size this is a few moves; what is behind n nobody reads. */
	memcpy(call->frames, frames, sizeof(call->frames));
	*b = (struct xd_burst){
		.n = n,
		.worker = turn->batch->worker,
		.port = port,
		.queue = turn->in_queue,
		.now_tsc = *turn->now_tsc,
		.frames = call->frames,
		.turn = turn,
	};
	if (unlikely(turn->again))
		b->again = before(turn, frames, n, turn->again);
	if (unlikely(turn->timed)) {
		start = rte_rdtsc();
		slot->hook.run(slot->ctx, b);
		slot->counters[b->worker].cycles += turn->timed * (rte_rdtsc() - start);
	} else {
		slot->hook.run(slot->ctx, b);
	}
	if (DEBUG || slot->hook.flags & XD_HOOK_EDITS || unlikely(is_doubted(turn, call)))
		look_over(turn, call);
	if (unlikely(b->drop | b->moved | b->leave | b->to | b->copy | b->keep))
		check_masks(turn, call);
	return call;
}

uint32_t
xd_hook_gone(const struct xd_turn *turn, const struct xd_hook_call *call, uint16_t first_left)
{
	return before(turn, call->frames, call->burst.n, first_left);
}

void
xd_hook_done(struct xd_hook_call *call, uint32_t went)
{
	const struct xd_burst *b = &call->burst;
	struct xd_hook_slot *slot = call->slot;
	struct xd_hook_counters *c = &slot->counters[b->worker];

	c->frames += (unsigned)__builtin_popcount(went);
	if (unlikely(b->drop | b->moved | b->to | b->copy)) {
		c->drops += (unsigned)__builtin_popcount(b->drop & went);
		c->moved += (unsigned)__builtin_popcount(b->moved & went & ~b->drop);
		c->redirected += (unsigned)__builtin_popcount(b->to & went & ~b->drop);
		c->copied += (unsigned)__builtin_popcount(b->copy & went);
		for (uint32_t left = b->drop & went; left; left &= left - 1)
			c->reasons[b->why[__builtin_ctz(left)]]++;
	}
	if (slot->hook.done)
		slot->hook.done(slot->ctx, b, went);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hooks as workers see them: what was registered, with a worker's counters, and the stages that
 * call them.
 *
 *   hooks.c     calls one, and counts what it did
 *   hook_in.c   after input: verdicts on the frames of a turn
 *   hook_out.c  before a transmit: verdicts on the frames of an output
 *   copies.c    copies of frames that hooks ask for, on their way beside the outputs
 *   take.c      bytes behind a frame's snapshot in memory of the worker's
 *   kept.c      frames that a hook keeps
 */
#ifndef XD_BRIDGE_HOOKS_H
#define XD_BRIDGE_HOOKS_H

#include "hook.h"

#define XD_PORT_HOOKS (2 * XD_HOOKS) /* of a port at each point: its own and its bridge's */
#define XD_COPIES     (2 * XD_BATCH) /* in a turn */

static_assert(XD_MAX_HOOKS <= 64, "hooks are bits of 64");

/* Each written by one worker. */
struct xd_hook_counters {
	uint64_t frames, drops, moved, redirected, copied, not_copied, left, expired, bad, cycles;
	uint64_t kept, not_kept, sent;
	uint64_t reasons[XD_HOOK_REASONS];
	uint64_t tick_tsc; /* when the worker calls its tick next */
	uint32_t bad_what; /* the last verdict that could not be: enum xd_hook_bad, and a number */
	bool doubted;      /* it broke a frame, and had not said that it edits */
} __attribute__((aligned(64)));

enum xd_hook_bad {
	XD_HOOK_BAD_BITS,   /* of frames that there are not */
	XD_HOOK_BAD_POINT,  /* not one of this point */
	XD_HOOK_BAD_PORT,   /* there is no such port */
	XD_HOOK_BAD_REASON, /* it has no such reason */
	XD_HOOK_BAD_SNAP,   /* a copy of so many bytes */
	XD_HOOK_BAD_FRAME,  /* was left without the room it needs, or broken */
	XD_HOOK_BAD_EDIT,   /* bytes that it may not write to */
	XD_HOOK_BAD_KEEP,   /* it has no buffers, or nobody to be given what it keeps */
};

/* A hook that was registered: control's but for the counters. */
struct xd_hook_slot {
	struct xd_hook hook; /* whole, whatever size it came with */
	char name[XD_NAME_MAX];
	void *ctx;
	unsigned index; /* in the switch */
	uint8_t nb_reasons;
	uint64_t bad_told;        /* counters.bad that the log was told of */
	struct rte_mempool *pool; /* of keep_buffers; NULL: it keeps none */
	uint64_t freed;           /* any thread's: kept frames that were not sent */
	struct xd_hook_counters counters[XD_MAX_WORKERS];
};

/* Hooks of a port, in the order in which frames meet them. */
struct xd_hook_list {
	uint16_t n;
	struct xd_hook_slot *slots[XD_PORT_HOOKS];
};

/* One call, until it is known which of its frames have gone. */
struct xd_hook_call {
	struct xd_hook_slot *slot;
	struct xd_burst burst;
	struct xd_frame *frames[XD_BATCH];
};

/* A worker's, for one turn of frames whose port has hooks. */
struct xd_hook_turn {
	uint16_t nb_calls;
	uint16_t left; /* number of the first frame that a hook leaves with its sender */
	uint32_t to;   /* frames with a destination of a hook's, by number in the batch */
	uint16_t dst[XD_BATCH];
	uint16_t nb_taken; /* those of them that are still in play after learn */
	struct xd_frame *taken[XD_BATCH];
	struct xd_hook_call calls[XD_PORT_HOOKS];
};

/* The first bytes of frames, contiguous: those behind the snapshot begin at XD_TAKE_BODY. */
#define XD_TAKE_BODY (XD_HEADROOM + XD_HEAD)

struct xd_taken {
	uint16_t nb_segs; /* used of segs */
	struct xd_seg segs[XD_BATCH_SEGS + XD_BATCH];
	uint8_t bytes[XD_BATCH][XD_TAKE_BODY + XD_TAKE_MAX]; /* by number in the batch */
};

#define XD_KEPT_BUFFER 2304
#define XD_KEPT_SEGS   30

/* A frame that a hook keeps, in its first buffer. */
struct xd_kept {
	struct xd_frame frame; /* first: aligned */
	struct xd_hook_slot *slot;
	struct rte_mbuf *mbuf; /* the buffers */
	struct xd_kept *next;  /* on its way */
	uint16_t at;           /* index of the port that had the hook, */
	uint64_t life;         /* and its life */
	uint16_t to;           /* where a hook before sent it; XD_DST_ON: none did */
	uint16_t dst;
	struct xd_seg segs[XD_KEPT_SEGS];
	uint8_t body[] __attribute__((aligned(64))); /* what is behind the snapshot */
};

#define XD_KEPT_FIRST (XD_KEPT_BUFFER - sizeof(struct xd_kept)) /* bytes of body there */

/* Kept frames on their way, in order. Empty between turns. */
struct xd_resent {
	struct xd_kept *first, *last;
};

/* Copies of frames: sent last, waited for by nobody. */
struct xd_copies {
	uint16_t n;
	uint16_t dst[XD_COPIES];
	uint8_t number[XD_COPIES]; /* of the frame in the batch */
	struct xd_frame frames[XD_COPIES];
};

struct xd_turn;
struct xd_output;
struct xd_drops;
struct xd_plan_port;

/* hooks.c. The worker that owns the turn. */

/* Has a hook judge frames, which lie in order. Returns the call. */
struct xd_hook_call *xd_hook_judge(struct xd_turn *turn, struct xd_hook_call *call,
	struct xd_hook_slot *slot, uint16_t port, struct xd_frame *const *frames, uint16_t n);
/* Of the frames of a call, those before number first_left in the batch. */
uint32_t xd_hook_gone(
	const struct xd_turn *turn, const struct xd_hook_call *call, uint16_t first_left);
/* Counts a call of whose frames these have gone, and tells the hook. */
void xd_hook_done(struct xd_hook_call *call, uint32_t went);
/* A verdict that cannot be. */
void xd_hook_bad(const struct xd_turn *turn, struct xd_hook_slot *slot, enum xd_hook_bad what,
	uint16_t number);
/* For people; the number follows. Any thread. */
const char *xd_hook_bad_text(enum xd_hook_bad what);
/* A port that frames can be sent to. */
bool xd_hook_port_exists(const struct xd_turn *turn, uint16_t port);

/* Whether what a hook of that point has left is a frame, with room for tags if it gets some. */
bool xd_hook_frame_ok(const struct xd_frame *f, enum xd_hook_point point);
/* hook_in.c. The tag of a frame comes to say what VLAN it is in. */
void xd_hook_retag(struct xd_frame *f);

/* The stages: bridge.h. */
void xd_bridge_hook_in(struct xd_turn *turn);
void xd_bridge_hook_take(struct xd_turn *turn);
void xd_bridge_hook_send(struct xd_turn *turn);
void xd_bridge_hook_done(struct xd_turn *turn);
/* Of the frames of an output, takes out those that hooks refuse or keep; by the hooks of the port
 * from number `first` of its list on. */
void xd_bridge_hook_out(struct xd_turn *turn, const struct xd_plan_port *out,
	struct xd_output *output, uint16_t first);
/* Of those that it saw, the ones before number first_left have gone; XD_BATCH: all. */
void xd_bridge_hook_sent(struct xd_turn *turn, const struct xd_plan_port *out, uint16_t first_left);

/* Of kept frames that go on: the hooks of their port from number `first` of its list on. */
void xd_bridge_hook_on(struct xd_turn *turn, uint16_t first);

/* copies.c: copies what a call asks for. */
void xd_copies_add(struct xd_turn *turn, struct xd_hook_call *call);

/* kept.c. Makes the copies that a call keeps, of frames that went; those that find no buffers are
 * counted in drops. The worker. */
void xd_kept_make(
	struct xd_turn *turn, struct xd_hook_call *call, uint32_t went, struct xd_drops *drops);
/* Buffers of a hook. Control. */
int xd_kept_make_pool(struct xd_hook_slot *slot, struct xd_error *err);
void xd_kept_free_pool(struct xd_hook_slot *slot);
unsigned xd_kept_used(const struct xd_hook_slot *slot);

#endif

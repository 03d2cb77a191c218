/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a bridge does with the frames of one turn, stage after stage: IEEE 802.1Q, 8.6.
 *
 *   input    input.c    drop what is no frame to switch, classify into a VLAN
 *   police   police.c   what a port may send, and have flooded; after forward, what it may be sent
 *   hook in  hook_in.c  the application's verdicts, for ports that have hooks
 *   kept     kept.c     instead of those before: frames that a hook has kept go on from here
 *   learn    learn.c    sources into the FDB
 *   forward  forward.c  destinations to ports, or to all ports (flood.c)
 *   hook to  hook_in.c  frames whose destination a hook said
 *   mirror   mirror.c   which frames are to be copied for who watches the bridge
 *   patch    patch.c    what goes to a patch port, through the bridge at its other end: from input
 *                       to mirror again
 *   bond     bond.c     frames for a bond to its members
 *   count    count.c    what came in, and what of it was dropped on the way
 *   rmon     rmon.c     the same by kind and size, for ports that want it
 *   hook out hook_out.c the application's verdicts once more, at each port that frames leave by
 *
 * They share turn.c (taking frames out between stages, putting them on outputs), vlan.h (the tag in
 * a frame) and plan.h (the configuration as workers see it).
 *
 * Each stage works on the whole batch, so that the memory it needs is asked for a stage ahead. The
 * result is a list of frames for each port; the worker transmits them. Counting comes after back
 * pressure, because only then it is known which frames stay with the sender and come again: a stage
 * before it may see a frame more than once.
 *
 * The contract of a stage:
 *
 * - In play are frames[0 .. n), in the order in which they came, and src and dst with them. A frame
 *   whose bit is set in `repeats` has the addresses and the VLAN of the one before it: its look-ups
 *   are that one's, and its own src and dst are unset. Addresses and VLANs may be judged once for
 *   it and its repeats (xd_turn_fresh); whatever else is judged, such as layer 3 and 4, is judged
 *   for repeats too.
 * - Before forward, frames leave the turn by xd_turn_filter, which counts them and keeps all of the
 *   above true. Where others go is changed in dst, not in outputs.
 * - Forward is the first to write outputs. A frame is in an output once at most, as it is or as its
 *   one clone, and frames of an output are in the order in which they came: back pressure takes
 *   them out from the end. xd_turn_send sees to that; only forward, which goes through the frames
 *   in order, does without.
 * - A frame has at most one clone, but for one more of each bridge that it comes to by a patch
 * port. Who gives a frame to two outputs or more, or to one as a clone, sets nb_dst of both to 2 at
 * least: then no port may take its mbuf.
 * - Mirror comes when outputs are those of the bridge's own ports, and only notes which frames are
 *   copied. The copies are made (xd_bridge_copies) when all else has been transmitted, and go out
 * at once: nothing waits for them, no stage sees them, and frames may be edited for them.
 * - Every frame in play ends in an output, or is dropped with a reason.
 * - A stage that few ports want costs the others one predicted branch a turn, where it is called:
 *   in xd_bridge_switch or xd_bridge_account.
 */
#ifndef XD_BRIDGE_BRIDGE_H
#define XD_BRIDGE_BRIDGE_H

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "bridge/hooks.h"
#include "bridge/plan.h"
#include "frame/frame.h"

/* Frames on their way to one port. */
struct xd_output {
	uint16_t n;
	struct xd_frame *frames[XD_BATCH];
};

/* An address to be looked up, and where it nearly always is. */
struct xd_look {
	uint64_t key;
	const struct xd_fdb_bucket *first;
};

/* A frame that the bridge does not forward. */
struct xd_lost {
	uint8_t frame;  /* number in the batch */
	uint8_t reason; /* enum xd_drop */
	uint8_t pass;   /* 0: as it came; else it came by a patch port, passes[pass - 1] */
};

#define XD_PASSES 64             /* through patch ports, of a turn */
#define XD_CLONES (8 * XD_BATCH) /* of a turn */

/* Frames that went from a patch port to its peer, a bit each by number in the batch. */
struct xd_pass {
	const struct xd_plan_port *out, *in;
	uint32_t frames, dropped;
};

static_assert(XD_BATCH <= 32, "frames of a turn are bits of 32");

/* What a policer let pass and what not, by number in the batch. */
struct xd_judged {
	const struct xd_plan_port *port;
	enum xd_policer policer;
	uint32_t passed, refused;
	uint64_t bits; /* of those that passed */
};

/* A worker's scratch for one turn. */
struct xd_turn {
	/* given */
	const struct xd_plan *plan;
	const struct xd_plan_port *in;   /* that the frames are switched as, */
	const struct xd_plan_port *from; /* and that received them: the same, or a member of it */
	struct xd_batch *batch;
	uint16_t in_queue;
	uint32_t now_s; /* the FDB's clock */
	/* from input on: the frames still in play, and what to look up for each */
	uint16_t n;
	uint16_t nb_lost;
	uint64_t bytes;   /* of all frames, as they came */
	uint32_t repeats; /* bit i: frame i has the addresses and the VLAN of frame i - 1 */
	struct xd_frame *frames[XD_BATCH];
	struct xd_look src[XD_BATCH]; /* unset for repeats */
	struct xd_look dst[XD_BATCH]; /* likewise; key 0: a group address, to be flooded */
	struct xd_lost lost[XD_BATCH + XD_CLONES];
	/* from forward on */
	uint16_t nb_judged; /* none of ports without limits */
	uint16_t nb_busy;
	uint16_t busy[XD_MAX_PORTS]; /* ports with frames in their output */
	uint16_t nb_clones;
	/* Frames that leave both with and without a tag, and behind them those of one output that
	 * a hook may edit; and the frame in the batch that each was made of. */
	struct xd_frame clones[XD_CLONES + XD_BATCH];
	uint8_t origin[XD_CLONES + XD_BATCH];
	/* the police's, for when it is known which frames went */
	uint64_t judged_tsc;
	struct xd_judged judged[XD_MAX_PORTS + XD_POLICERS];
	struct xd_output outputs[XD_MAX_PORTS];
	/* for ports with hooks */
	const uint64_t *now_tsc; /* the worker's clock */
	unsigned timed;          /* the turn is one of so many: hooks are timed for all of them */
	struct xd_hook_turn in_hooks, out_hooks;
	struct xd_copies copies;
	uint32_t again; /* so many of the queue's first frames may have been seen before */
	struct xd_resent resent;
	/* from patch on: what was received is the first bridge's, in */
	const struct xd_plan_port *first;
	uint8_t pass; /* that is being switched; 0: as it came */
	uint16_t nb_passes;
	struct xd_pass passes[XD_PASSES];
	/* from mirror on; unset without mirrors */
	uint64_t
		mirrors; /* those that copy frames of this turn, a bit each by number in the plan */
	uint64_t unchanged; /* of mirrors: those whose copies are the frames as they are */
	uint32_t whole;     /* frames of which more is copied than the snapshot, a bit each */
	struct xd_output
		mirrored[XD_MAX_MIRRORS]; /* by mirror: the frames, each once and in order */
	struct xd_frame cuts[XD_BATCH];   /* copies that are cut, */
	struct xd_seg mirror_segs[XD_BATCH_SEGS]; /* and where those lie */
	/* of hooks that take and keep */
	struct xd_kept *kept[XD_BATCH]; /* of the call that done is told of */
	struct xd_taken taken;
};

/* The stages. All by the worker that owns the turn. */
void xd_bridge_input(struct xd_turn *turn);
void xd_bridge_police_in(struct xd_turn *turn);
void xd_bridge_learn(struct xd_turn *turn);
void xd_bridge_forward(struct xd_turn *turn);
/* Of a patch port's peer: those frames, and outputs that may have frames already. */
void xd_bridge_input_again(struct xd_turn *turn, struct xd_frame *const *frames, uint16_t n);
void xd_bridge_forward_again(struct xd_turn *turn);
void xd_bridge_patch(struct xd_turn *turn);
void xd_bridge_police_out(struct xd_turn *turn);
void xd_bridge_bond_in(struct xd_turn *turn);
void xd_bridge_bond_out(struct xd_turn *turn);
void xd_bridge_flood(struct xd_turn *turn, struct xd_frame *const *frames, uint16_t n);
void xd_bridge_mirror(struct xd_turn *turn);
/* Of the frames that are in the batch at the end. */
void xd_bridge_police_take(struct xd_turn *turn);
void xd_bridge_count(const struct xd_turn *turn);
void xd_bridge_count_lost(const struct xd_turn *turn); /* that part of it */
void xd_bridge_rmon(const struct xd_turn *turn);
void xd_bridge_patch_count(const struct xd_turn *turn);

/* The stages behind hook in. */
static __rte_always_inline void
xd_bridge_switch_on(struct xd_turn *turn, const bool watched)
{
	xd_bridge_learn(turn);
	if (watched)
		xd_bridge_hook_take(turn);
	xd_bridge_forward(turn);
	if (watched)
		xd_bridge_hook_send(turn);
	if (watched && turn->plan->nb_mirrors) {
		turn->mirrors = turn->unchanged = 0;
		turn->whole = 0;
		xd_bridge_mirror(turn);
	}
	if (unlikely(turn->plan->any_patches))
		xd_bridge_patch(turn);
	if (unlikely(turn->plan->any_police_out))
		xd_bridge_police_out(turn);
	if (unlikely(turn->plan->any_bonds))
		xd_bridge_bond_out(turn);
}

/* The order of the stages: from what was received to outputs. watched is a constant: the plan has
 * hooks or mirrors. */
static __rte_always_inline void
xd_bridge_switch(struct xd_turn *turn, const bool watched)
{
	xd_bridge_input(turn);
	if (unlikely(turn->from != turn->in))
		xd_bridge_bond_in(turn);
	if (unlikely(turn->in->polices_in))
		xd_bridge_police_in(turn);
	if (watched)
		xd_bridge_hook_in(turn);
	xd_bridge_switch_on(turn, watched);
}

/* Instead of those: of kept frames, which have been through the stages before and the hooks before
 * number first. */
void xd_bridge_switch_kept(struct xd_turn *turn, uint16_t first);
/* Of those kept on their way out, which have been through all of them: to their port, in. */
void xd_bridge_send_kept(struct xd_turn *turn);

/* Instead of those: frames that a bond sends itself, but those by one member (xd_frame.member),
 * which the worker sends. */
void xd_bridge_bond_own(struct xd_turn *turn);

/* And once back pressure has said which frames stay with their sender. */
static __rte_always_inline void
xd_bridge_account(struct xd_turn *turn, const bool hooks)
{
	if (unlikely(turn->nb_judged))
		xd_bridge_police_take(turn);
	xd_bridge_count(turn);
	if (unlikely(turn->in->rmon))
		xd_bridge_rmon(turn);
	if (hooks)
		xd_bridge_hook_done(turn);
	if (unlikely(turn->plan->any_patches))
		xd_bridge_patch_count(turn);
}

/* The same of kept frames, which were counted when they came. */
void xd_bridge_account_kept(struct xd_turn *turn);

/* A mirror's copies as they leave by some of its ports: VLAN tags as those want them, cut to its
 * snaplen. tagged: for ports that carry its output_vlan with a tag. Fills in copies, in the order
 * in which the frames came, and returns how many; valid until the next call. Once all else has been
 * transmitted. */
uint16_t xd_bridge_copies(struct xd_turn *turn, const struct xd_plan_mirror *mirror,
	const struct xd_output *mirrored, bool tagged, struct xd_frame *copies[XD_BATCH]);

/* Between two stages before forward: drops frames in play, a bit each by their place in frames. */
void xd_turn_filter(struct xd_turn *turn, uint32_t drop, enum xd_drop reason);
/* The same without counting: somebody else sends them. */
void xd_turn_take(struct xd_turn *turn, uint32_t taken);
/* Both at once. */
void xd_turn_remove(struct xd_turn *turn, uint32_t drop, uint32_t taken, enum xd_drop reason);
/* Likewise: the frames' addresses or VLANs were changed, and are looked up by what they are now. */
void xd_turn_look_anew(struct xd_turn *turn, uint32_t moved);
/* Puts frames, which are in the order in which they came, on their way to a port, in their places
 * between those that are on it already; those that are on it stay as they are. */
void xd_turn_send(struct xd_turn *turn, uint16_t port, struct xd_frame *const *frames, uint16_t n);

/* The frames that are to be looked up, a bit each. */
static inline uint32_t
xd_turn_fresh(const struct xd_turn *turn)
{
	return ~turn->repeats & (uint32_t)((1ull << turn->n) - 1);
}

/* An address to be looked up in a VLAN, and its place in the FDB, prefetched. */
static inline void
xd_look_at(const struct xd_fdb *fdb, struct xd_look *l, uint64_t mac, uint64_t vlan)
{
	l->key = mac | vlan << 48;
	l->first = xd_fdb_prefetch(fdb, xd_fdb_hash(fdb, l->key));
}

static inline struct xd_counters *
xd_turn_counters(const struct xd_turn *turn)
{
	return &turn->from->port->counters[turn->batch->worker];
}

/* The number in the batch of a frame or its clone. */
static inline uint8_t
xd_turn_number(const struct xd_turn *turn, const struct xd_frame *f)
{
	if (f >= turn->clones && f < turn->clones + XD_CLONES + XD_BATCH)
		return turn->origin[f - turn->clones];
	return (uint8_t)(f - turn->batch->frames);
}

/* Notes that a frame of the batch does not leave the bridge. */
static inline void
xd_turn_drop(struct xd_turn *turn, enum xd_drop reason, const struct xd_frame *f)
{
	turn->lost[turn->nb_lost++] =
		(struct xd_lost){xd_turn_number(turn, f), (uint8_t)reason, turn->pass};
}

static inline void
xd_turn_drop_all(
	struct xd_turn *turn, enum xd_drop reason, struct xd_frame *const *frames, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		xd_turn_drop(turn, reason, frames[i]);
}

#endif

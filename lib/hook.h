/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hooks: functions of the application's that see the frames of a port or a bridge, and say what
 * becomes of them.
 *
 *     static void
 *     refuse_ipv6(void *ctx, struct xd_burst *b)
 *     {
 *         for (uint16_t i = 0; i < b->n; i++) {
 *             const uint8_t *data = xd_frame_data(b->frames[i]);
 *
 *             if (data[12] == 0x86 && data[13] == 0xdd)
 *                 xd_burst_drop(b, i, 0);
 *         }
 *     }
 *
 *     static const struct xd_hook hook = {
 *         .size = sizeof(hook), .name = "no-ipv6", .point = XD_HOOK_IN, .run = refuse_ipv6};
 *
 *     xd_hook_register(sw, &hook, NULL, &err);
 *     xd_port_config_set(vm1, "hooks", "no-ipv6", &err);
 *     xd_switch_apply(sw, config, &err);
 *
 * Which hooks a port has is part of its configuration, or of its bridge's for all ports there, and
 * changes with xd_switch_apply, while frames pass and without losing one. A frame meets the hooks
 * of the port that it came by and then those of its bridge, each in their order; on its way out
 * those of the bridge and then those of the port. One that both name is met once. What a patch port
 * takes to another bridge has met its hooks at XD_HOOK_IN: a bridge with patch ports can name none
 * of that point, and its other ports can.
 *
 * Twice. With `full: wait`, and where a hook leaves frames with their sender, frames come again
 * with a later turn, and run sees them again: its verdict must not depend on how often it was
 * asked. Nor can it be kept for the next time: the sender may have changed its frame. Bits in
 * `again` are frames that may have been seen before; done says which frames have gone, so what
 * counts frames or takes tokens for them belongs there.
 *
 * Threads. run and done are called by workers, inside a turn: by several at once, never by two for
 * frames of the same receive queue; `worker` is the number of the worker, below XD_MAX_WORKERS,
 * by which memory of one's own needs no lock. tick is called by workers likewise. They do not wait,
 * and call nothing of crossdock.h: a worker that waits for the switch's lock waits for a change
 * that waits for the worker. attach and detach are control calls, with the lock held.
 */
#ifndef XD_HOOK_H
#define XD_HOOK_H

#include <stdint.h>

#include "base/api.h"
#include "base/error.h"
#include "base/limits.h"
#include "frame/frame.h"

XD_API_BEGIN

struct xd_kept;
struct xd_switch;
struct xd_port_config;
struct xd_turn;

enum xd_hook_point {
	/* Frames received, when they are valid and their VLAN is known, before their source is
	 * learned and their destination looked up. Firewalls, translators, balancers, taps. */
	XD_HOOK_IN,
	/* Frames about to be sent to a port, in the form in which that gets them; but for copies,
	 * of hooks and of mirrors, which nobody judges. */
	XD_HOOK_OUT,
};

/* Of a hook that changes frames: all that it leaves are looked over, and at XD_HOOK_OUT a frame for
 * several ports is copied first (its snapshot), so that each may get another. Of one that does not
 * say so one frame of each burst is looked at, and all of them once it left one broken. */
#define XD_HOOK_EDITS 0x1

#define XD_DST_FLOOD 0xfffe /* a destination: every port of the bridge but the one it came by */
#define XD_DST_ON    0xfffd /* of a kept frame: where it would have gone, had it not been kept */
#define XD_HOOK_ROOM 8      /* bytes of headroom that one at XD_HOOK_IN leaves for tags */
#define XD_TAKE_MAX  2048   /* bytes of a frame that can be taken */

/* The frames that a hook sees at once: of one port and queue, in the order in which they came. Bit
 * i of a mask is frame i. */
struct xd_burst {
	uint16_t n;       /* at most XD_BATCH; 0 in a tick */
	uint16_t worker;  /* that calls */
	uint16_t port;    /* index (xd_switch_port_index) of the port that they came by or go to */
	uint16_t queue;   /* at XD_HOOK_IN: that they came from */
	uint32_t again;   /* frames that may have been seen before */
	uint64_t now_tsc; /* the worker's clock, as of the beginning of its round (rdtsc) */
	struct xd_frame *const *frames;

	/* The verdicts: all of them 0 when run is called, which means that every frame passes. */
	uint32_t drop; /* dropped, and counted at the port as "hook" and by the hook: why[] */
	/* XD_HOOK_IN alone, as are leave and to. The addresses in the frame, or frame->vlan (0 to
	 * XD_VLAN_MAX), were changed: learned and looked up by what they are now. */
	uint32_t moved;
	/* The first of these and all behind it stay with their sender, and come again, until the
	 * port's wait_us (1 ms where it has none) have passed: then the first is dropped. From a
	 * port that cannot be rewound (a NIC, a TAP) they are dropped at once. */
	uint32_t leave;
	uint32_t to;   /* go to dst[], whatever their address */
	uint32_t copy; /* are sent to copy_dst[] besides, as they are now, dropped or not */
	uint16_t dst[XD_BATCH];      /* index of a port of the switch, or XD_DST_FLOOD */
	uint16_t copy_dst[XD_BATCH]; /* index of a port */
	uint16_t copy_snap; /* bytes of each copy, XD_FRAME_MIN to XD_HEAD; 0: all of the frame */
	uint8_t why[XD_BATCH]; /* of those dropped: index in the hook's reasons */
	/* Of a hook with keep_buffers and done: go no further, and done is given a copy of each as
	 * it is then. */
	uint32_t keep;
	struct xd_kept *const *kept; /* done's: of a frame in keep that went; NULL: no buffers left,
					and it was dropped ("no-buffer") */
	struct xd_turn *turn;        /* the library's */
};

#define XD_HOOK_REASONS 8 /* names that a hook may have for why it drops */

struct xd_hook {
	uint32_t size;    /* sizeof(struct xd_hook); what a shorter one lacks is NULL or 0 */
	uint32_t flags;   /* XD_HOOK_EDITS */
	const char *name; /* unique in a switch; as names of ports */
	enum xd_hook_point point;
	uint32_t tick_ms; /* 1 to 3600000, where there is a tick */
	/* Why it drops, ended by NULL; NULL: "hook" is reason enough. */
	const char *const *reasons;
	/* Judges a burst. */
	void (*run)(void *ctx, struct xd_burst *b);
	/* Of the burst that run saw, with its verdicts, these have gone: they were dropped, kept,
	 * or sent (at XD_HOOK_IN: are about to be). The others come again, or did not find room at
	 * a port that is full. The frames may not be touched. May be NULL. */
	void (*done)(void *ctx, const struct xd_burst *b, uint32_t went);
	/* On each worker that may run the hook, about every tick_ms, also while no frames come: a
	 * sleeping worker wakes for it. While the hook has frames that it keeps, on each worker
	 * that there is, also when no port has the hook any more. b has no frames. May be NULL. */
	void (*tick)(void *ctx, const struct xd_burst *b);
	/* A port has the hook from now on, before it sees any of its frames; or (detach) not any
	 * more, and no worker is in it. An error refuses the configuration. Either may be NULL. */
	int (*attach)(
		void *ctx, const struct xd_port_config *port, uint16_t index, struct xd_error *err);
	void (*detach)(void *ctx, uint16_t index);
	/* Buffers for frames that it keeps, 0 to 1048576: 1472 bytes behind the snapshot are in the
	 * first of a frame, 2304 in each other. Their memory is the EAL's from xd_hook_register to
	 * xd_hook_unregister, and what is still in them goes with it. */
	uint32_t keep_buffers;
};

/* Drops frame i; why: index in the hook's reasons. In run. */
static inline void
xd_burst_drop(struct xd_burst *b, uint16_t i, uint8_t why)
{
	b->drop |= 1u << i;
	b->why[i] = why;
}

/* Sends frame i to a port, dst being its index, or to all (XD_DST_FLOOD). In run. */
static inline void
xd_burst_send(struct xd_burst *b, uint16_t i, uint16_t dst)
{
	b->to |= 1u << i;
	b->dst[i] = dst;
}

/* Sends a copy of frame i to a port, whose index is dst. In run. */
static inline void
xd_burst_copy(struct xd_burst *b, uint16_t i, uint16_t dst)
{
	b->copy |= 1u << i;
	b->copy_dst[i] = dst;
}

/* For writing, by a hook with XD_HOOK_EDITS: len bytes of the snapshot of frame i, from offset on,
 * as xd_frame_edit (frame/edit.h) has them: the frame's, and valid until run returns. NULL: they
 * do not all lie in it, there is no such frame, or the hook lacks the flag; that counts as `bad`,
 * and is said in the log. In run. */
uint8_t *xd_burst_edit(struct xd_burst *b, uint16_t i, uint32_t offset, uint32_t len);

/* Keeps frame i: done gets a copy. In run. */
static inline void
xd_burst_keep(struct xd_burst *b, uint16_t i)
{
	b->keep |= 1u << i;
}

/*
 * The first upto bytes of frame i in one piece, to be read until run returns. What was read is what
 * is sent: those behind the snapshot are copied out of the sender's memory, once, and go out from
 * there; those in it are the snapshot's (xd_frame_edit writes to them). In run; they are the
 * worker's. NULL: the frame has not so many, upto is above XD_TAKE_MAX, or the frame lies in more
 * pieces than can be told.
 */
const uint8_t *xd_frame_take(struct xd_burst *b, uint16_t i, uint32_t upto);

/*
 * Frames that a hook keeps: until it knows where to send them (ARP), what to make of them
 * (fragments), or until it is time (a shaper, at XD_HOOK_OUT). A kept frame is the hook's, which
 * sends or frees it in the end; one thread at a time uses it. Since run may see a frame twice, the
 * copy is made when the frame has gone, and is done's. A port that loses the hook loses none of
 * them: tick goes on until all are sent or freed, so a hook that keeps has one.
 *
 * Order. Kept frames go in the order in which they are sent, behind what their worker has under
 * way; a hook that lets others pass while it keeps some has these overtaken.
 */

/* The frame, to be read (segs too) and edited; it lives in k. Its vlan may be changed. One thread
 * at a time. */
struct xd_frame *xd_kept_frame(struct xd_kept *k);
/*
 * Sends it on, from where it was kept: to the hooks behind this one, and then to a port of index
 * dst, to all (XD_DST_FLOOD), or as its address says (XD_DST_ON); one kept at XD_HOOK_OUT to its
 * port alone (XD_DST_ON). Takes it. In run, done or tick, of which b is the burst; the frame goes
 * behind those of the burst. It cannot stay with its sender any more: what it finds full drops it,
 * whatever `full` says. One whose port has gone meanwhile is freed.
 */
void xd_kept_send(const struct xd_burst *b, struct xd_kept *k, uint16_t dst);
/* Drops it; NULL is fine. Any thread. */
void xd_kept_free(struct xd_kept *k);

/*
 * Makes a hook known to a switch, so that configurations may name it. The struct is copied, its
 * strings and reasons are borrowed until it is unregistered, as is ctx. Any thread.
 *   -EINVAL  no name or run, a point, size, tick_ms, keep_buffers or number of reasons that
 *            cannot be
 *   -EEXIST  the switch has a hook of this name
 *   -ENOSPC  it has XD_MAX_HOOKS of them
 *   -ENOMEM  also when the EAL has not the memory for keep_buffers
 */
int xd_hook_register(
	struct xd_switch *sw, const struct xd_hook *hook, void *ctx, struct xd_error *err);
/* When it returns 0 no worker is or will be in the hook, and ctx may go. Any thread. -ENOENT: there
 * is no such hook; -EBUSY: the configuration names it. xd_switch_destroy needs none. */
int xd_hook_unregister(struct xd_switch *sw, const char *name, struct xd_error *err);

/* What a hook has done, summed over workers. Frames count once, when they have gone. */
struct xd_hook_info {
	char name[XD_NAME_MAX]; /* as it was registered */
	enum xd_hook_point point;
	uint32_t nb_ports; /* that have it, themselves or by their bridge */
	uint64_t frames, drops, moved,
		redirected;          /* seen; of these, by verdict: to is redirected */
	uint64_t copied, not_copied; /* not: more copies in a turn than there is room for */
	uint64_t left, expired; /* left with their sender; of these and others, dropped for it */
	/* Verdicts that cannot be (no such port or reason, not at this point), and frames left
	 * broken: the frame is dropped, or where it is not concerned the verdict ignored. */
	uint64_t bad;
	uint64_t cycles;         /* of run, estimated from one round in 31 */
	uint64_t kept, not_kept; /* not: for lack of buffers */
	uint64_t sent, freed;    /* of those kept; freed too: those that could not be sent on */
	uint32_t keep_buffers, keep_used; /* all, and those with frames in them */
	unsigned nb_reasons;
	struct {
		const char *name;   /* the hook's */
		uint64_t drops;     /* for that reason */
	} reasons[XD_HOOK_REASONS]; /* nb_reasons of them */
};

/* Fills at most max entries, in the order in which they were registered, and returns how many there
 * are. Any thread. */
unsigned xd_switch_hooks(struct xd_switch *sw, struct xd_hook_info *info, unsigned max);

/* The index of a port, which stays while the port does. -ENOENT: there is none of that name. Any
 * thread. */
int xd_switch_port_index(struct xd_switch *sw, const char *port);
/* A grace period: when it returns no worker is in a call that began before, so what hooks cannot
 * find any more may be freed. Any thread but a worker's. */
void xd_switch_sync(struct xd_switch *sw);

XD_API_END

#endif

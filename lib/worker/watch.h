/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who takes too much of a worker's time: see stats/budget.h for what becomes of it.
 *
 * Usually a worker reads the clock once a round, and a notification that is a system call is timed
 * for itself. A round that took long, for whatever reason, makes the worker wary for a while: it
 * times each call of a driver. A receive that takes long, or giving buffers back, is the
 * sender's fault; a transmit is the receiver's, but for the sender's memory that it copies from. So
 * when that might be the reason, a wary worker takes that sender's next frames into memory of its
 * own first, as part of the receive, and then knows. What others kept it waiting for is not counted
 * against anybody: the lock of a queue, a core that the system or the hypervisor gave to somebody
 * else.
 *
 * All calls are the worker's.
 */
#ifndef XD_WORKER_WATCH_H
#define XD_WORKER_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "bridge/plan.h"
#include "frame/frame.h"
#include "stats/budget.h"

struct xd_notify;
struct xd_worker;

/* At least so long a worker stays wary after a round that took long, and takes a sender's frames
 * into its own memory after a transmit that did. It is XD_BUDGET_SHARE times as long as that took,
 * if this is longer: so who is slow before it is known, again and again, has no larger part of the
 * time than who is charged for it. */
#define XD_WATCH_S      10
#define XD_WATCH_COPY_S 2

struct xd_watch {
	uint32_t slow_us;               /* the least of any port's: the plan's */
	struct xd_budget_limits limits; /* with it */
	uint64_t until_tsc;             /* wary until then at least */
	uint64_t resume_tsc; /* when the first of the ports that rest does no more; none: 0 */
	bool copied;         /* this turn's frames lie in `copy` (while the worker is wary) */
	uint8_t *copy;       /* all that a turn's frames can be, */
	struct xd_seg segs[XD_BATCH]; /* and where each lies */
	/* The thread's times as last looked at; tsc 0: never. */
	uint64_t base_tsc, base_ran_ns;
	long base_blocked;
	uint64_t base_delay_ns; /* looked at while the worker is wary only */
	int delay_fd;           /* where it stands; -1: not open yet, or there is none */
};

/* Has what follows the snapshots of some of this turn's frames, a bit each by number in the batch,
 * lie in the worker's own memory, where their sender cannot change it. After the bridge: clones
 * follow. */
void xd_watch_hold(struct xd_worker *w, uint32_t frames);

int xd_watch_init(struct xd_worker *w); /* -ENOMEM */
void xd_watch_fini(struct xd_worker *w);

/* Looks at the thread's times: about once a second, after a sleep, and while the worker is wary
 * about once a millisecond. */
void xd_watch_look(struct xd_worker *w);
/* Of what a call has just taken, what was its own; and looks. Cycles. */
uint64_t xd_watch_own(struct xd_worker *w, uint64_t took);
/* slow_us of the plan is another. */
void xd_watch_set(struct xd_worker *w, uint32_t slow_us);
/* A round, or going to sleep, took longer than a call may for some port. */
void xd_watch_slow_round(struct xd_worker *w, uint64_t took);
/* A notification took so long. */
void xd_watch_slow_notify(struct xd_worker *w, const struct xd_plan_port *port, uint64_t took);

/* ---- While the worker is wary ---- */

/* At the start of a run: wakes ports that have rested, and perhaps the worker is wary no more. */
void xd_watch_run(struct xd_worker *w, uint64_t now);
/* Whether a port gets nothing of the worker's time now. */
bool xd_watch_rests(const struct xd_worker *w, const struct xd_port *port);
/* Milliseconds until a port has rested, or -1: none rests. */
int xd_watch_rest_ms(const struct xd_worker *w);

/* The calls of a driver, timed. Of a port that rests nothing comes, and what is sent to it is
 * dropped. */
uint16_t xd_watch_rx(struct xd_worker *w, const struct xd_plan_queue *q);
void xd_watch_release(struct xd_worker *w, const struct xd_plan_queue *q);
uint16_t xd_watch_tx(struct xd_worker *w, const struct xd_plan_port *out,
	struct xd_frame *const *frames, uint16_t n);
uint16_t xd_watch_room(struct xd_worker *w, const struct xd_plan_port *out, uint16_t wanted);
void xd_watch_notify(struct xd_worker *w, const struct xd_notify *n);
bool xd_watch_arm(struct xd_worker *w, const struct xd_plan_queue *q);
void xd_watch_disarm(struct xd_worker *w, const struct xd_plan_queue *q);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker: one thread, one core, some receive queues, and the loop that carries frames.
 *
 *   worker.c         the loop: one turn for each queue, accounting
 *   transmit.c       outputs of the bridge to ports; pending notifications
 *   coalesce.c       the same for ports that take several segments as one
 *   mirror.c         copies of frames for who watches a bridge
 *   back_pressure.c  frames for a full ring that wait in the sender's
 *   tick.c           timers of hooks
 *   resend.c         frames that hooks have kept, and send on
 *   sleep.c          what an idle worker does
 *   watch.c          ports that take too much of the worker's time
 *   watch_time.c     how much of the time that passes is the worker's own
 *   thread.c         a worker's own thread, or an application's
 */
#ifndef XD_WORKER_WORKER_H
#define XD_WORKER_WORKER_H

#include <pthread.h>
#include <rte_branch_prediction.h>
#include <rte_rcu_qsbr.h>
#include <sys/types.h>

#include "bridge/bridge.h"
#include "frame/coalesce.h"
#include "worker/watch.h"

#define XD_WORKER_TX_RETRIES 15  /* of a transmit to a full ring, before frames are dropped */
#define XD_WORKER_ROUNDS     32  /* turns of each queue before a worker reports itself quiescent */
#define XD_WORKER_SPIN_US    100 /* unless configured: without a frame for so long, it sleeps */
#define XD_WORKER_SAMPLE     31  /* of so many rounds, in one the turn of each queue is timed */

/* A pending notification: at the next flush the port is told, which notifies its guest if that
 * asked for it. */
struct xd_notify {
	const struct xd_plan_port *port;
	uint16_t queue; /* whose buffers were given back */
	bool tx;        /* of frames sent to it; else of its buffers given back */
};

/* What a worker shares with control. */
struct xd_worker_env {
	const struct xd_log *log;
	const struct xd_plan *const *plan; /* published by control */
	struct rte_rcu_qsbr *qsbr;
	uint64_t tsc_hz;
	uint64_t tsc_base; /* where now_s is 0 */
};

struct xd_worker {
	struct xd_worker_env env;
	struct xd_switch *sw;
	unsigned index; /* slot in plans, counters and qsbr */
	unsigned core;
	int node;  /* of the core; XD_NODE_ANY: not known */
	bool own;  /* has a thread of ours */
	pid_t tid; /* if not: the application's thread that registered it */
	pthread_t thread;
	uint32_t load_ppm; /* control's: share of its time that it was busy lately, */
	struct xd_node_bytes node_bytes;
	uint64_t seen_cycles; /* and busy_cycles when it last looked */
	bool stop;            /* written by control */
	int wake_fd;          /* eventfd: control writes it when `stop` or the plan has changed */
	int epoll_fd;         /* what it sleeps on; -1: it has not slept */
	uint64_t epoll_plan;  /* the number of the plan whose queues are in it */
	int outer_fd; /* of an application's: what it waits for, around epoll_fd; -1: none */
	bool armed;   /* likewise: its queues are asked for a sign, */
	int armed_ms; /* for so long at most */
	bool naps;    /* in this sleep a queue cannot wake it, and is looked at every XD_NAP_MS */

	/* The worker's own. */
	uint64_t now_tsc __rte_cache_aligned;
	uint64_t last_tsc;   /* end of the last run */
	uint64_t busy_tsc;   /* when a frame was last seen */
	uint64_t next_s_tsc; /* when now_s advances */
	uint64_t tick_tsc;   /* when a hook's tick is due, */
	uint64_t tick_plan;  /* under the plan of this number */
	unsigned nb_waiting; /* queues that waited for a full port in the last round */
	unsigned to_sample;  /* rounds until one is timed */
	unsigned first;      /* queue that a round begins with */
	unsigned nb_notify;
	bool wary;         /* calls of drivers are timed, and some ports may rest */
	uint64_t spin_tsc; /* the plan's */
	struct xd_notify notify[2 * XD_MAX_PORTS];

	uint64_t busy_cycles __rte_cache_aligned; /* read by control, as are those below */
	uint64_t idle_cycles;
	uint64_t frames;
	uint64_t turns;
	uint64_t rounds;
	uint64_t sleeps;
	uint64_t sleep_cycles;
	uint64_t sleep_tsc; /* it sleeps since then; 0: it does not */

	/* By port: its ring was full through all retries, and has not taken all of a turn's frames
	 * since. */
	bool stuck[XD_MAX_PORTS];
	struct xd_watch watch;
	struct xd_batch batch;
	struct xd_batch resent; /* kept frames that go on */
	struct xd_turn turn;
	struct xd_coalesced coalesced; /* of the transmit at hand */
};

/* Control. core is where it is to run; own: it gets a thread pinned there, at work when this
 * returns. A worker that is not own belongs to the calling thread. */
struct xd_worker *xd_worker_create(struct xd_switch *sw, const struct xd_worker_env *env,
	unsigned index, unsigned core, bool own, struct xd_error *err);
/* Stops the thread. No plan gives the worker queues any more. NULL is fine. */
void xd_worker_destroy(struct xd_worker *w);
/* Wakes a sleeping worker, to see a new plan or that it is to stop. Any thread. */
void xd_worker_wake(struct xd_worker *w);

/* The worker, online in RCU: turns over its queues, at most `rounds` of each while frames come.
 * Returns frames. Nothing of the plan is held on return. */
unsigned xd_worker_run(struct xd_worker *w, unsigned rounds);

/* The calls of drivers that touch a guest's memory. */

static inline uint16_t
xd_worker_rx(struct xd_worker *w, const struct xd_plan_queue *q)
{
	if (unlikely(w->wary))
		return xd_watch_rx(w, q);
	return q->port->driver->rx(q->port->port, q->queue, &w->batch);
}

static inline void
xd_worker_release(struct xd_worker *w, const struct xd_plan_queue *q)
{
	if (unlikely(w->wary))
		xd_watch_release(w, q);
	else
		q->port->driver->release(q->port->port, q->queue, &w->batch);
}

/* coalesce.c: what the driver's tx does, for a port that coalesces. Returns how many of the n are
 * dealt with. */
uint16_t xd_worker_tx_coalesced(struct xd_worker *w, const struct xd_plan_port *out,
	struct xd_frame *const *frames, uint16_t n);

/* Untimed. */
static inline uint16_t
xd_worker_driver_tx(struct xd_worker *w, const struct xd_plan_port *out,
	struct xd_frame *const *frames, uint16_t n)
{
	if (unlikely(out->coalesces))
		return xd_worker_tx_coalesced(w, out, frames, n);
	return out->driver->tx(out->port, w->index, frames, n);
}

static inline uint16_t
xd_worker_tx(struct xd_worker *w, const struct xd_plan_port *out, struct xd_frame *const *frames,
	uint16_t n)
{
	if (unlikely(w->wary))
		return xd_watch_tx(w, out, frames, n);
	return xd_worker_driver_tx(w, out, frames, n);
}

static inline uint16_t
xd_worker_room(struct xd_worker *w, const struct xd_plan_port *out, uint16_t wanted)
{
	if (unlikely(w->wary))
		return xd_watch_room(w, out, wanted);
	return out->driver->room(out->port, w->index, wanted);
}

static inline void
xd_worker_notify(const struct xd_worker *w, const struct xd_notify *n)
{
	if (n->tx)
		n->port->driver->notify_tx(n->port->port, w->index);
	else
		n->port->driver->notify_rx(n->port->port, n->queue, w->index);
}

/* transmit.c */
void xd_worker_transmit(struct xd_worker *w);
/* The same with the hooks of ports, from number `first` of their lists on, and the copies that
 * hooks asked for. */
void xd_worker_transmit_hooked(struct xd_worker *w, uint16_t first);
/* Has a port notified at the next flush: then one memory fence serves all of a turn's
 * notifications, when its stores have drained. notify_rx: of buffers that went back to a receive
 * queue; notify_tx: of frames that were sent. */
void xd_worker_notify_rx_later(
	struct xd_worker *w, const struct xd_plan_port *port, uint16_t queue);
void xd_worker_notify_tx_later(struct xd_worker *w, const struct xd_plan_port *port);
/* Gives the notifications that were put off. Before the worker is quiescent. */
void xd_worker_notify_flush(struct xd_worker *w);

/* mirror.c: transmits what mirrors copy of the turn, after all else. */
void xd_worker_mirror(struct xd_worker *w);

/* back_pressure.c */

/* Before a turn of a queue whose first frame waits for a full port: whether it still does. */
bool xd_worker_still_waiting(struct xd_worker *w, const struct xd_plan_queue *q);
/* After the bridge and before anything is transmitted: rewinds the queue to the first frame that
 * has to wait for a full port, and drops those that waited for too long. Transmits to one of the
 * ports that are waited for. */
void xd_worker_back_pressure(struct xd_worker *w, struct xd_plan_queue *q);

/* tick.c */

/* Calls the ticks that are due. */
void xd_worker_tick(struct xd_worker *w, const struct xd_plan_worker *mine);
/* How long until the next is, in milliseconds; -1: never. */
int xd_worker_tick_ms(const struct xd_worker *w, const struct xd_plan *plan);

/* resend.c: has kept frames that hooks send on go on, between two turns. */
void xd_worker_resend(struct xd_worker *w);

/* sleep.c: sleeps, offline in RCU, until a queue or control has something; returns at once when
 * frames are there already or a queue cannot wake it. */
void xd_worker_sleep(struct xd_worker *w);
/* Of an application's worker that has been armed (xd_worker_arm) and is polled again. */
void xd_worker_disarm(struct xd_worker *w);
/* Frees what it slept on. */
void xd_worker_sleep_end(struct xd_worker *w);

#endif

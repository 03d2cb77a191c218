/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The worker's loop. A turn takes one batch from one receive queue through the bridge to the ports
 * and gives the buffers back; a round is a turn of each queue; a run is some rounds under one plan.
 */
#include <rte_branch_prediction.h>
#include <rte_cycles.h>

#include "worker/worker.h"

/* What was received goes through the bridge and out. watched is a constant: the plan has hooks or
 * mirrors. */
static __rte_always_inline void
run_batch(struct xd_worker *w, struct xd_plan_queue *q, const bool watched)
{
	struct xd_turn *turn = &w->turn;
	const bool mirrors = watched && turn->plan->nb_mirrors;

	turn->in = q->in;
	turn->from = q->port;
	turn->in_queue = q->queue;
	xd_bridge_switch(turn, watched);
	/* A copy has the bytes that the receiver gets, also of a sender that writes to them now. */
	if (mirrors && turn->whole)
		xd_watch_hold(w, turn->whole);
	/* By now what the last turn wrote has left the store buffer, and the fence that asking for
	 * notifications takes is cheap. */
	xd_worker_notify_flush(w);
	/* A NIC's queue cannot be rewound, nor can frames that the driver made up itself. */
	if (unlikely(turn->plan->any_waits) && q->port->driver->rewind && turn->batch->nb_done)
		xd_worker_back_pressure(w, q);
	xd_bridge_account(turn, watched);
	if (watched)
		xd_worker_transmit_hooked(w, 0);
	else
		xd_worker_transmit(w);
	if (mirrors)
		xd_worker_mirror(w);
}

static __rte_noinline void
run_watched(struct xd_worker *w, struct xd_plan_queue *q)
{
	w->turn.copies.n = 0;
	w->turn.taken.nb_segs = 0;
	w->turn.again = q->port->port->left[q->queue].again;
	run_batch(w, q, true);
	if (unlikely(w->turn.resent.first))
		xd_worker_resend(w);
}

/* A frame of a bond's by one member. One that its device has no room for waits for the next round,
 * however long others keep the device full. Returns whether it was dealt with. */
static bool
send_by_member(struct xd_worker *w, const struct xd_plan_port *bond, struct xd_frame *f)
{
	const uint16_t index = bond->members[f->member % XD_BOND_MEMBERS];
	const struct xd_plan_port *out = index == XD_PORT_NONE ? NULL : w->turn.plan->ports[index];

	f->nb_dst = 1; /* one that has left is sent nothing */
	if (!out)
		return true;
	if (xd_worker_tx(w, out, &f, 1) == 0) {
		f->nb_dst = 0;
		return false;
	}
	xd_worker_notify_tx_later(w, out);
	return true;
}

/* What a bond sends itself. Returns the frames that were dealt with. */
static __rte_noinline unsigned
run_own(struct xd_worker *w, struct xd_plan_queue *q)
{
	struct xd_batch *batch = &w->batch;
	unsigned n = batch->n;

	w->turn.in = w->turn.from = q->port;
	w->turn.in_queue = q->queue;
	xd_bridge_bond_own(&w->turn);
	xd_worker_notify_flush(w);
	for (uint16_t i = 0; i < batch->n; i++) {
		if (batch->frames[i].member != XD_BOND_NONE)
			n -= !send_by_member(w, q->port, &batch->frames[i]);
	}
	xd_worker_transmit(w);
	xd_worker_release(w, q);
	w->turns += n != 0;
	return n;
}

/* One queue: receive, switch, transmit, give back. Returns the frames that were taken off it. */
static inline unsigned
run_queue(struct xd_worker *w, struct xd_plan_queue *q)
{
	struct xd_batch *batch = &w->batch;
	unsigned n;

	if (unlikely(q->wait_since_tsc) && xd_worker_still_waiting(w, q)) {
		w->nb_waiting++;
		return 0;
	}
	n = xd_worker_rx(w, q);
	if (unlikely(n == 0)) {
		/* Frames that waited may be gone with the guest that sent them. */
		q->wait_since_tsc = 0;
		q->port->port->left[q->queue] = (struct xd_port_left){0};
		if (batch->nb_done == 0)
			return 0;
	} else if (unlikely(q->port->bond)) {
		return run_own(w, q);
	} else if (unlikely(w->turn.plan->watched)) {
		run_watched(w, q);
	} else {
		run_batch(w, q, false);
	}
	xd_worker_release(w, q);
	xd_worker_notify_rx_later(w, q->port, q->queue);
	w->turns += batch->n != 0;
	return batch->n;
}

/* The same, and counts what it took. For all turns of the queue, of which one in XD_WORKER_SAMPLE
 * is timed. */
static unsigned
time_queue(struct xd_worker *w, struct xd_plan_queue *q)
{
	struct xd_port_load *load = &q->port->port->loads[q->queue];
	const uint64_t start = rte_rdtsc();
	unsigned n = run_queue(w, q);

	if (n)
		__atomic_store_n(&load->cycles,
			load->cycles + XD_WORKER_SAMPLE * (rte_rdtsc() - start), __ATOMIC_RELAXED);
	return n;
}

/* One turn of each queue, from the worker's first on. */
static __rte_always_inline unsigned
run_round(struct xd_worker *w, const struct xd_plan_worker *mine,
	unsigned (*run)(struct xd_worker *w, struct xd_plan_queue *q))
{
	unsigned first = w->first < mine->nb_queues ? w->first : 0;
	unsigned n = 0;

	w->nb_waiting = 0;
	for (unsigned i = first; i < mine->nb_queues; i++)
		n += run(w, &mine->queues[i]);
	for (unsigned i = 0; i < first; i++)
		n += run(w, &mine->queues[i]);
	/* Of queues that wait for the same port, each is the first in its turn to find room. */
	if (unlikely(w->nb_waiting))
		w->first = first + 1;
	return n;
}

/* Its queues' turns are timed. */
static __rte_noinline unsigned
time_round(struct xd_worker *w, const struct xd_plan_worker *mine)
{
	unsigned n;

	w->to_sample = XD_WORKER_SAMPLE - 1;
	w->turn.timed = XD_WORKER_SAMPLE;
	n = run_round(w, mine, time_queue);
	w->turn.timed = 0;
	return n;
}

static void
next_second(struct xd_worker *w, uint64_t now_tsc)
{
	w->turn.now_s = (uint32_t)((now_tsc - w->env.tsc_base) / w->env.tsc_hz);
	w->next_s_tsc = w->env.tsc_base + (w->turn.now_s + 1) * w->env.tsc_hz;
	xd_watch_look(w);
}

/* The one look at the clock that a round costs. Returns true. */
static inline bool
end_round(struct xd_worker *w)
{
	const uint64_t now = rte_rdtsc(), took = now - w->now_tsc;

	w->now_tsc = now;
	if (unlikely(took > w->watch.limits.call))
		xd_watch_slow_round(w, took);
	return true;
}

unsigned
xd_worker_run(struct xd_worker *w, unsigned rounds)
{
	const struct xd_plan *plan = __atomic_load_n(w->env.plan, __ATOMIC_ACQUIRE);
	const struct xd_plan_worker *mine = &plan->workers[w->index];
	uint64_t start = rte_rdtsc(), cycles;
	unsigned n, sum = 0, left = rounds;

	w->turn.plan = plan;
	w->now_tsc = start;
	w->spin_tsc = mine->spin_tsc;
	if (unlikely(plan->slow_us != w->watch.slow_us))
		xd_watch_set(w, plan->slow_us);
	if (unlikely(start >= w->next_s_tsc))
		next_second(w, start);
	if (unlikely(w->wary))
		xd_watch_run(w, start);
	if (unlikely(mine->ticks | mine->drains)) {
		xd_worker_tick(w, mine);
		if (unlikely(w->turn.resent.first))
			xd_worker_resend(w);
	}
	do {
		n = likely(w->to_sample--) ? run_round(w, mine, run_queue) : time_round(w, mine);
		sum += n;
	} while (n && --left && end_round(w));
	/* After this the plan may be gone, and the ports in it. */
	xd_worker_notify_flush(w);

	end_round(w);
	cycles = w->now_tsc - w->last_tsc;
	w->last_tsc = w->now_tsc;
	w->rounds += rounds - left + (n == 0);
	/* No sleep while frames wait: a receiver that has room again tells nobody. */
	if (sum || w->nb_waiting)
		w->busy_tsc = w->now_tsc;
	if (sum) {
		w->busy_cycles += cycles;
		w->frames += sum;
	} else {
		w->idle_cycles += cycles;
	}
	return sum;
}

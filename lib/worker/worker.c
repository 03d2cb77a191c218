/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_branch_prediction.h>
#include <rte_cycles.h>

#include "worker/worker.h"

/* One queue: receive, switch, transmit, give back. */
static inline unsigned
run_queue(struct xd_worker *w, const struct xd_plan_queue *q)
{
	const struct xd_driver *driver = q->port->driver;
	struct xd_port *port = q->port->port;
	struct xd_batch *batch = &w->batch;
	unsigned n = driver->rx(port, q->queue, batch);

	if (n == 0 && batch->nb_done == 0)
		return 0;
	if (likely(n)) {
		struct xd_turn *turn = &w->turn;

		turn->in = q->port;
		xd_bridge_input(turn);
		xd_bridge_learn(turn);
		xd_bridge_forward(turn);
		/* By now what the last turn wrote has left the store buffer, and the fence that
		 * asking for notifications takes is cheap. */
		xd_worker_pay(w);
		xd_worker_transmit(w);
	}
	driver->release(port, q->queue, batch);
	xd_worker_owe(w, q->port, q->queue, false);
	w->turns++;
	return n;
}

unsigned
xd_worker_run(struct xd_worker *w, unsigned rounds)
{
	const struct xd_plan *plan = __atomic_load_n(w->env.plan, __ATOMIC_ACQUIRE);
	const struct xd_plan_worker *mine = &plan->workers[w->index];
	uint64_t start = rte_rdtsc(), cycles;
	unsigned n, sum = 0;

	w->turn.plan = plan;
	if (unlikely(start >= w->next_s_tsc)) {
		w->turn.now_s = (uint32_t)((start - w->env.tsc_base) / w->env.tsc_hz);
		w->next_s_tsc = w->env.tsc_base + (w->turn.now_s + 1) * w->env.tsc_hz;
	}
	do {
		n = 0;
		for (unsigned i = 0; i < mine->nb_queues; i++)
			n += run_queue(w, &mine->queues[i]);
		sum += n;
	} while (n && --rounds);
	/* After this the plan may be gone, and the ports in it. */
	xd_worker_pay(w);

	w->now_tsc = rte_rdtsc();
	cycles = w->now_tsc - w->last_tsc;
	w->last_tsc = w->now_tsc;
	if (sum) {
		w->busy_tsc = w->now_tsc;
		w->busy_cycles += cycles;
		w->frames += sum;
	} else {
		w->idle_cycles += cycles;
	}
	return sum;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* From the bridge's outputs to the ports. */
#include <rte_branch_prediction.h>
#include <rte_pause.h>

#include "worker/worker.h"

void
xd_worker_owe(struct xd_worker *w, const struct xd_plan_port *port, uint16_t queue, bool tx)
{
	if (!(tx ? port->driver->notify_tx : port->driver->notify_rx))
		return;
	if (unlikely(w->nb_owed == RTE_DIM(w->owed)))
		xd_worker_pay(w);
	w->owed[w->nb_owed++] = (struct xd_owed){port, queue, tx};
}

void
xd_worker_pay(struct xd_worker *w)
{
	if (w->nb_owed == 0)
		return;
	/* What we published, then what the guest asked for: virtio 1.2, 2.7.13.4.1. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < w->nb_owed; i++) {
		const struct xd_owed *o = &w->owed[i];
		const struct xd_driver *driver = o->port->driver;

		(o->tx ? driver->notify_tx : driver->notify_rx)(o->port->port, o->queue, w->index);
	}
	w->nb_owed = 0;
}

/* All of one port's frames; what a full device does not take after some looks is dropped. */
static inline void
transmit_port(struct xd_worker *w, const struct xd_plan_port *out, struct xd_output *output)
{
	uint16_t done = 0;

	for (unsigned look = 0; look < XD_WORKER_LOOKS; look++) {
		done += out->driver->tx(out->port, (uint16_t)w->index, w->index,
			output->frames + done, output->n - done);
		if (likely(done == output->n))
			break;
		rte_pause();
	}
	if (unlikely(done < output->n))
		out->port->counters[w->index].drops[XD_DROP_RING_FULL] += output->n - done;
	output->n = 0;
}

void
xd_worker_transmit(struct xd_worker *w)
{
	struct xd_turn *turn = &w->turn;

	for (uint16_t i = 0; i < turn->nb_busy; i++) {
		const struct xd_plan_port *out = turn->plan->ports[turn->busy[i]];

		transmit_port(w, out, &turn->outputs[turn->busy[i]]);
		xd_worker_owe(w, out, (uint16_t)w->index, true);
	}
	turn->nb_busy = 0;
}

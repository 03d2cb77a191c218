/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transmits the bridge's outputs, with retries when a port is full, and drops what it does not take
 * then. Whose guests are to be notified of it is kept until a turn later, when one memory fence
 * serves all of them.
 */
#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_pause.h>

#include "worker/worker.h"

static inline void
notify_later(struct xd_worker *w, struct xd_notify n)
{
	if (unlikely(w->nb_notify == RTE_DIM(w->notify)))
		xd_worker_notify_flush(w);
	w->notify[w->nb_notify++] = n;
}

void
xd_worker_notify_rx_later(struct xd_worker *w, const struct xd_plan_port *port, uint16_t queue)
{
	if (port->driver->notify_rx)
		notify_later(w, (struct xd_notify){.port = port, .queue = queue});
}

void
xd_worker_notify_tx_later(struct xd_worker *w, const struct xd_plan_port *port)
{
	if (port->driver->notify_tx)
		notify_later(w, (struct xd_notify){.port = port, .tx = true});
}

/* Tells one port. A system call for its guest is timed by who makes it. */
static inline void
notify(struct xd_worker *w, const struct xd_notify *n)
{
	const struct xd_plan_port *port = n->port;
	const uint64_t *cycles = &port->port->counters[w->index].notify_cycles;
	const uint64_t before = *cycles;

	if (unlikely(w->wary)) {
		xd_watch_notify(w, n);
		return;
	}
	xd_worker_notify(w, n);
	if (unlikely(*cycles - before > w->watch.limits.call))
		xd_watch_slow_notify(w, port, *cycles - before);
}

void
xd_worker_notify_flush(struct xd_worker *w)
{
	if (w->nb_notify == 0)
		return;
	/* What we published, then what the guest asked for: virtio 1.2, 2.7.13.4.1. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < w->nb_notify; i++)
		notify(w, &w->notify[i]);
	w->nb_notify = 0;
}

static inline uint16_t
try_tx(struct xd_worker *w, const struct xd_plan_port *out, const struct xd_output *output,
	uint16_t done)
{
	return done + xd_worker_tx(w, out, output->frames + done, output->n - done);
}

/*
 * What a full device did not take at the first try. After some retries it is dropped, and there is
 * one try a turn, without retries, until the device takes all of a turn's frames again: a slow
 * receiver is waited for once, and does not cost others time turn after turn.
 */
static __rte_noinline void
transmit_rest(struct xd_worker *w, const struct xd_plan_port *out, const struct xd_output *output,
	uint16_t done)
{
	bool *stuck = &w->stuck[out->index];
	/* Frames that cannot wait in the ring they came from: see back_pressure.c. */
	bool waited = out->wait_us && !w->turn.from->driver->rewind;

	for (unsigned i = *stuck ? XD_WORKER_TX_RETRIES : 0; i < XD_WORKER_TX_RETRIES; i++) {
		rte_pause();
		done = try_tx(w, out, output, done);
		if (done == output->n)
			return;
	}
	*stuck = true;
	xd_drop(&out->port->drops[xd_port_tx_queue(out->port, w->index)],
		waited ? XD_DROP_WAITED : XD_DROP_RING_FULL, output->n - done);
}

static inline void
transmit_port(struct xd_worker *w, const struct xd_plan_port *out, struct xd_output *output)
{
	uint16_t done = try_tx(w, out, output, 0);

	if (unlikely(done < output->n))
		transmit_rest(w, out, output, done);
	else if (unlikely(w->stuck[out->index]))
		w->stuck[out->index] = false;
	output->n = 0;
}

void
xd_worker_transmit(struct xd_worker *w)
{
	struct xd_turn *turn = &w->turn;

	for (uint16_t i = 0; i < turn->nb_busy; i++) {
		const struct xd_plan_port *out = turn->plan->ports[turn->busy[i]];

		transmit_port(w, out, &turn->outputs[turn->busy[i]]);
		xd_worker_notify_tx_later(w, out);
	}
	turn->nb_busy = 0;
}

/* What a full port does not take is dropped, and not come for again. */
static void
transmit_judged(struct xd_worker *w, const struct xd_plan_port *out, struct xd_output *output,
	uint16_t first)
{
	xd_bridge_hook_out(&w->turn, out, output, first);
	if (output->n)
		transmit_port(w, out, output);
	xd_bridge_hook_sent(&w->turn, out, XD_BATCH);
}

/* Copies that follow each other to the same port; of frames that come again, none. */
static uint16_t
take_copies(struct xd_turn *turn, uint16_t first, struct xd_output *output)
{
	struct xd_copies *copies = &turn->copies;
	uint16_t i = first;

	output->n = 0;
	for (; i < copies->n && copies->dst[i] == copies->dst[first] && output->n < XD_BATCH; i++) {
		if (copies->number[i] < turn->batch->n)
			output->frames[output->n++] = &copies->frames[i];
	}
	return i;
}

/* One try: nobody waits for a copy. */
static void
transmit_copies(struct xd_worker *w)
{
	struct xd_turn *turn = &w->turn;
	struct xd_output output;
	uint16_t next;

	for (uint16_t i = 0; i < turn->copies.n; i = next) {
		const struct xd_plan_port *out = turn->plan->ports[turn->copies.dst[i]];
		uint16_t done;

		next = take_copies(turn, i, &output);
		if (output.n == 0)
			continue;
		done = try_tx(w, out, &output, 0);
		if (done < output.n)
			xd_drop(&out->port->drops[xd_port_tx_queue(out->port, w->index)],
				XD_DROP_RING_FULL, output.n - done);
		xd_worker_notify_tx_later(w, out);
	}
	turn->copies.n = 0;
}

void
xd_worker_transmit_hooked(struct xd_worker *w, uint16_t first)
{
	struct xd_turn *turn = &w->turn;

	for (uint16_t i = 0; i < turn->nb_busy; i++) {
		const struct xd_plan_port *out = turn->plan->ports[turn->busy[i]];

		if (out->out_hooks.n)
			transmit_judged(w, out, &turn->outputs[turn->busy[i]], first);
		else
			transmit_port(w, out, &turn->outputs[turn->busy[i]]);
		xd_worker_notify_tx_later(w, out);
	}
	turn->nb_busy = 0;
	if (turn->copies.n)
		transmit_copies(w);
}

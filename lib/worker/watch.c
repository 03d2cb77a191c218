/* SPDX-License-Identifier: BSD-3-Clause */
/* Slow rounds and calls: which port is charged with what they took, and the calls of a driver while
 * the worker is wary. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "worker/worker.h"

#define COPY_BYTES (XD_BATCH_BYTES + XD_FRAME_MAX) /* a turn ends when it has reached the first */

static uint64_t
cycles_of(const struct xd_worker *w, uint32_t us)
{
	return w->env.tsc_hz / 1000000 * us;
}

int
xd_watch_init(struct xd_worker *w)
{
	w->watch.limits = xd_budget_limits(w->env.tsc_hz);
	xd_watch_set(w, XD_BUDGET_CALL_US);
	w->watch.delay_fd = -1;
	w->watch.copy = malloc(COPY_BYTES);
	return w->watch.copy ? 0 : -ENOMEM;
}

void
xd_watch_set(struct xd_worker *w, uint32_t slow_us)
{
	w->watch.slow_us = slow_us;
	w->watch.limits.call = cycles_of(w, slow_us);
}

void
xd_watch_fini(struct xd_worker *w)
{
	if (w->watch.delay_fd >= 0)
		close(w->watch.delay_fd);
	free(w->watch.copy);
}

static struct xd_budget *
budget(const struct xd_worker *w, const struct xd_port *port)
{
	return &((struct xd_port *)port)->budgets[w->index];
}

/* ---- Slow calls ---- */

/* Until when what took so long is looked out for: for so many seconds at least. */
static uint64_t
until(const struct xd_worker *w, unsigned s, uint64_t took)
{
	return rte_rdtsc() + RTE_MAX(s * w->env.tsc_hz, took * XD_BUDGET_SHARE);
}

/* took: what nobody is charged for. */
static void
wary(struct xd_worker *w, uint64_t took)
{
	if (!w->wary)
		w->watch.copied = false;
	w->watch.until_tsc = RTE_MAX(w->watch.until_tsc, until(w, XD_WATCH_S, took));
	w->wary = true;
}

void
xd_watch_slow_round(struct xd_worker *w, uint64_t took)
{
	took = xd_watch_own(w, took);
	/* A wary worker has charged somebody, or will. */
	if (took > w->watch.limits.call)
		wary(w, w->wary ? 0 : took);
}

/* took: without what others kept the worker waiting for. */
static void
charge(struct xd_worker *w, const struct xd_plan_port *port, enum xd_budget_call call,
	uint64_t took)
{
	struct xd_watch *watch = &w->watch;
	struct xd_budget_limits limits = watch->limits;
	struct xd_budget *b = budget(w, port->port);

	limits.call = cycles_of(w, port->config.slow_us);
	if (took <= limits.call)
		return;
	wary(w, 0);
	if (xd_budget_charge(b, &limits, call, rte_rdtsc(), took) &&
		(watch->resume_tsc == 0 || b->until_tsc < watch->resume_tsc))
		watch->resume_tsc = b->until_tsc;
}

void
xd_watch_slow_notify(struct xd_worker *w, const struct xd_plan_port *port, uint64_t took)
{
	/* On a core that others use too, the times before it may hide this one; not the next. */
	wary(w, 0);
	charge(w, port, XD_BUDGET_NOTIFY, xd_watch_own(w, took));
}

/* ---- Resting ---- */

bool
xd_watch_rests(const struct xd_worker *w, const struct xd_port *port)
{
	return budget(w, port)->until_tsc != 0;
}

/* What the guest was not told while its port rested. */
static void
resume(struct xd_worker *w, const struct xd_plan_port *port)
{
	const struct xd_plan_worker *mine = &w->turn.plan->workers[w->index];

	__atomic_store_n(&budget(w, port->port)->until_tsc, 0, __ATOMIC_RELAXED);
	xd_worker_notify_tx_later(w, port);
	for (unsigned i = 0; i < mine->nb_queues; i++) {
		if (mine->queues[i].port == port)
			xd_worker_notify_rx_later(w, port, mine->queues[i].queue);
	}
}

void
xd_watch_run(struct xd_worker *w, uint64_t now)
{
	struct xd_watch *watch = &w->watch;
	uint64_t next = 0;

	if (watch->resume_tsc && now >= watch->resume_tsc) {
		for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
			const struct xd_plan_port *port = w->turn.plan->ports[i];
			uint64_t until_tsc = port ? budget(w, port->port)->until_tsc : 0;

			if (until_tsc && now >= until_tsc)
				resume(w, port);
			else if (until_tsc && (next == 0 || until_tsc < next))
				next = until_tsc;
		}
		watch->resume_tsc = next;
	}
	w->wary = watch->resume_tsc || now < watch->until_tsc;
	/* The shorter ago, the surer it is which call others kept waiting. */
	if (now - watch->base_tsc > w->env.tsc_hz / 1000)
		xd_watch_look(w);
}

int
xd_watch_rest_ms(const struct xd_worker *w)
{
	const uint64_t now = rte_rdtsc(), at = w->watch.resume_tsc;

	if (at == 0)
		return -1;
	return at > now ? (int)((at - now) / (w->env.tsc_hz / 1000)) + 1 : 0;
}

/* ---- Timed calls ---- */

/* A call that is being timed. */
struct timer {
	uint64_t start_tsc, lock_cycles;
};

static uint64_t
lock_cycles(const struct xd_worker *w, const struct xd_port *port)
{
	return port->counters[w->index].lock_cycles;
}

static struct timer
begin(const struct xd_worker *w, const struct xd_port *port)
{
	return (struct timer){rte_rdtsc(), lock_cycles(w, port)};
}

/* Without the time that another worker kept this one waiting. */
static uint64_t
took(const struct xd_worker *w, const struct xd_port *port, struct timer t)
{
	return rte_rdtsc() - t.start_tsc - (lock_cycles(w, port) - t.lock_cycles);
}

static void
end(struct xd_worker *w, const struct xd_plan_port *port, enum xd_budget_call call, struct timer t)
{
	uint64_t cycles = took(w, port->port, t);

	if (cycles > w->watch.limits.call)
		charge(w, port, call, xd_watch_own(w, cycles));
}

/* Takes what follows the snapshots of frames, a bit each, into the worker's own memory: then no
 * transmit reads the sender's. */
static void
copy_frames(struct xd_worker *w, uint32_t frames)
{
	uint8_t *at = w->watch.copy, *const end = at + COPY_BYTES;

	for (; frames; frames &= frames - 1) {
		const int i = __builtin_ctz(frames);
		struct xd_frame *f = &w->batch.frames[i];
		uint32_t len = f->len - f->head_len;

		if (f->nb_segs == 0 || f->mbuf || len > (size_t)(end - at))
			continue;
		w->watch.segs[i] = (struct xd_seg){at, len};
		for (unsigned k = 0; k < f->nb_segs; k++) {
			memcpy(at, f->segs[k].addr, f->segs[k].len);
			at += f->segs[k].len;
		}
		f->segs = &w->watch.segs[i];
		f->nb_segs = 1;
	}
}

void
xd_watch_hold(struct xd_worker *w, uint32_t frames)
{
	struct xd_turn *turn = &w->turn;
	struct timer t;

	if (w->wary && w->watch.copied)
		return;
	if (w->wary)
		t = begin(w, turn->from->port);
	copy_frames(w, frames);
	if (w->wary)
		end(w, turn->from, XD_BUDGET_RECEIVE, t);
	for (uint16_t i = 0; i < turn->nb_clones; i++) {
		const struct xd_frame *f = &w->batch.frames[turn->origin[i]];

		turn->clones[i].segs = f->segs;
		turn->clones[i].nb_segs = f->nb_segs;
	}
}

uint16_t
xd_watch_rx(struct xd_worker *w, const struct xd_plan_queue *q)
{
	struct timer t = begin(w, q->port->port);
	uint16_t n;

	if (xd_watch_rests(w, q->port->port)) {
		w->batch.n = w->batch.nb_done = 0;
		return 0;
	}
	n = q->port->driver->rx(q->port->port, q->queue, &w->batch);
	w->watch.copied = t.start_tsc < budget(w, q->port->port)->copy_until_tsc;
	if (w->watch.copied)
		copy_frames(w, (uint32_t)((1ull << n) - 1));
	end(w, q->port, XD_BUDGET_RECEIVE, t);
	return n;
}

void
xd_watch_release(struct xd_worker *w, const struct xd_plan_queue *q)
{
	struct timer t = begin(w, q->port->port);

	/* Also when the port is to rest since the receive: its buffers are not kept. */
	q->port->driver->release(q->port->port, q->queue, &w->batch);
	end(w, q->port, XD_BUDGET_RECEIVE, t);
}

/* Whether the sender's memory may be why a transmit of the frames was slow. */
static bool
reads_sender(const struct xd_worker *w, struct xd_frame *const *frames, uint16_t n)
{
	for (uint16_t i = 0; i < n && !w->watch.copied; i++) {
		if (frames[i]->nb_segs && !frames[i]->mbuf)
			return true;
	}
	return false;
}

void
xd_watch_notify(struct xd_worker *w, const struct xd_notify *n)
{
	struct xd_port *port = n->port->port;
	struct timer t = begin(w, port);

	/* The guest is told when its port has rested. */
	if (xd_watch_rests(w, port))
		return;
	xd_worker_notify(w, n);
	end(w, n->port, XD_BUDGET_NOTIFY, t);
}

uint16_t
xd_watch_tx(struct xd_worker *w, const struct xd_plan_port *out, struct xd_frame *const *frames,
	uint16_t n)
{
	struct xd_port *port = out->port;
	struct timer t = begin(w, port);
	uint64_t cycles;
	bool shared;
	uint16_t sent;

	if (xd_watch_rests(w, port)) {
		xd_drop(&port->drops[xd_port_tx_queue(port, w->index)], XD_DROP_TOO_SLOW, n);
		return n;
	}
	/* A frame that is taken whole is no more ours to ask. */
	shared = reads_sender(w, frames, n);
	sent = xd_worker_driver_tx(w, out, frames, n);
	cycles = took(w, port, t);
	if (cycles <= w->watch.limits.call)
		return sent;
	cycles = xd_watch_own(w, cycles);
	if (!shared) {
		charge(w, out, XD_BUDGET_TRANSMIT, cycles);
	} else if (cycles > w->watch.limits.call) {
		wary(w, cycles);
		budget(w, w->turn.from->port)->copy_until_tsc = until(w, XD_WATCH_COPY_S, cycles);
	}
	return sent;
}

uint16_t
xd_watch_room(struct xd_worker *w, const struct xd_plan_port *out, uint16_t wanted)
{
	struct timer t = begin(w, out->port);
	uint16_t n;

	/* What rests is not waited for. */
	if (xd_watch_rests(w, out->port))
		return wanted;
	n = out->driver->room(out->port, w->index, wanted);
	end(w, out, XD_BUDGET_TRANSMIT, t);
	return n;
}

bool
xd_watch_arm(struct xd_worker *w, const struct xd_plan_queue *q)
{
	struct timer t = begin(w, q->port->port);
	bool pending;

	pending = q->port->driver->arm(q->port->port, q->queue);
	end(w, q->port, XD_BUDGET_RECEIVE, t);
	return pending;
}

void
xd_watch_disarm(struct xd_worker *w, const struct xd_plan_queue *q)
{
	struct timer t = begin(w, q->port->port);

	if (xd_watch_rests(w, q->port->port))
		return;
	q->port->driver->disarm(q->port->port, q->queue);
	end(w, q->port, XD_BUDGET_RECEIVE, t);
}

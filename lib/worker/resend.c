/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames that hooks have kept, and send on: between two turns, some at a time, in the order in
 * which they were sent. Each batch is of frames that were kept at one port by one hook: it meets
 * the hooks behind that one, and then the stages that follow.
 */
#include <rte_mbuf.h>

#include "bridge/vlan.h"
#include "worker/worker.h"

/* The number of the first hook of its port that has not seen a frame which this one kept. One that
 * the port has no more has left it with all of them still to see. */
static uint16_t
hooks_behind(const struct xd_hook_list *list, const struct xd_hook_slot *slot)
{
	for (uint16_t i = 0; i < list->n; i++) {
		if (list->slots[i] == slot)
			return i + 1;
	}
	return 0;
}

/* Whether it was kept where it came in; else on its way out. */
static bool
is_in(const struct xd_kept *k)
{
	return k->slot->hook.point == XD_HOOK_IN;
}

/* The port that it came by, or that it is for, and where it was kept; or NULL: it has gone. */
static const struct xd_plan_port *
port_of(const struct xd_plan *plan, const struct xd_kept *k)
{
	const struct xd_plan_port *port = plan->ports[k->at];

	return port && port->port->life == k->life && !port->member_of ? port : NULL;
}

/* Whether it can go on: what the hook has made of it is a frame, for a port that there is. */
static bool
check(struct xd_turn *turn, struct xd_kept *k)
{
	struct xd_frame *f = &k->frame;
	const bool in = is_in(k), flood = k->dst == XD_DST_FLOOD || k->dst == XD_DST_ON;

	if (!in && k->dst != XD_DST_ON) {
		xd_hook_bad(turn, k->slot, XD_HOOK_BAD_POINT, k->dst);
		return false;
	}
	if (!flood && !xd_hook_port_exists(turn, k->dst)) {
		xd_hook_bad(turn, k->slot, XD_HOOK_BAD_PORT, k->dst);
		return false;
	}
	if (!xd_hook_frame_ok(f, k->slot->hook.point) || (in && xd_frame_data(f)[6] & 1)) {
		xd_hook_bad(turn, k->slot, XD_HOOK_BAD_FRAME, f->start);
		return false;
	}
	return true;
}

/* Takes the first of those on their way; NULL: it cannot go on. */
static struct xd_kept *
take_first(struct xd_turn *turn)
{
	struct xd_kept *k = turn->resent.first;

	turn->resent.first = k->next;
	if (port_of(turn->plan, k) && check(turn, k))
		return k;
	xd_kept_free(k);
	return NULL;
}

/* Fills the batch with those that follow each other and go the same way. */
static void
fill(struct xd_worker *w, struct rte_mbuf *mbufs[XD_BATCH])
{
	struct xd_turn *turn = &w->turn;
	struct xd_batch *batch = &w->resent;
	const struct xd_kept *first = turn->resent.first;
	const struct xd_hook_slot *slot = first->slot;
	const uint16_t at = first->at;

	batch->n = batch->nb_segs = batch->nb_done = 0;
	while (batch->n < XD_BATCH && turn->resent.first && turn->resent.first->slot == slot &&
		turn->resent.first->at == at) {
		struct xd_kept *k = take_first(turn);

		if (!k)
			continue;
		k->frame.nb_dst = 1;
		if (is_in(k)) {
			k->frame.in_port = at;
			xd_hook_retag(&k->frame);
		}
		mbufs[batch->n] = k->mbuf;
		turn->kept[batch->n] = k;
		batch->frames[batch->n++] = k->frame;
		k->slot->counters[w->index].sent++;
	}
}

static void
run_in(struct xd_worker *w, const struct xd_hook_slot *slot)
{
	struct xd_turn *turn = &w->turn;

	xd_bridge_switch_kept(turn, hooks_behind(&turn->in->in_hooks, slot));
	xd_worker_notify_flush(w);
	xd_bridge_account_kept(turn);
	xd_worker_transmit_hooked(w, 0);
	if (turn->plan->nb_mirrors)
		xd_worker_mirror(w);
}

static void
run_out(struct xd_worker *w, const struct xd_hook_slot *slot)
{
	struct xd_turn *turn = &w->turn;

	xd_bridge_send_kept(turn);
	xd_worker_notify_flush(w);
	xd_worker_transmit_hooked(w, hooks_behind(&turn->in->out_hooks, slot));
}

static void
run(struct xd_worker *w)
{
	struct xd_turn *turn = &w->turn;
	const struct xd_kept *first = turn->kept[0];

	turn->in = turn->from = turn->plan->ports[first->at];
	turn->in_queue = 0;
	turn->again = 0;
	turn->copies.n = 0;
	turn->taken.nb_segs = 0;
	if (is_in(first))
		run_in(w, first->slot);
	else
		run_out(w, first->slot);
}

void
xd_worker_resend(struct xd_worker *w)
{
	struct xd_turn *turn = &w->turn;
	struct rte_mbuf *mbufs[XD_BATCH];

	turn->batch = &w->resent;
	w->watch.copied = true; /* nobody is charged for where these lie */
	while (turn->resent.first) {
		fill(w, mbufs);
		if (w->resent.n == 0)
			continue;
		run(w);
		for (uint16_t i = 0; i < w->resent.n; i++)
			rte_pktmbuf_free(mbufs[i]);
	}
	turn->batch = &w->batch;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Back pressure, for ports with `full: wait`: frames for such a port whose ring is full wait in the
 * ring of the guest that sent them, whose driver sees it fill up.
 *
 * Frames are taken off a queue in order, so the first one that a full ring does not take blocks
 * those behind it, wherever they go (head-of-line blocking). The sending queue is rewound to that
 * frame, which comes again with a later turn; meanwhile the queue costs its worker one look at the
 * full ring a round, and other queues go on. A frame to several ports waits for all of them or is
 * sent to all of them, until it has waited long enough; then only the full port does without.
 */
#include <rte_branch_prediction.h>
#include <rte_cycles.h>

#include "worker/worker.h"

static uint64_t
wait_tsc(const struct xd_worker *w, const struct xd_plan_port *port)
{
	return w->env.tsc_hz / 1000000 * port->wait_us;
}

bool
xd_worker_still_waiting(struct xd_worker *w, const struct xd_plan_queue *q)
{
	const struct xd_plan_port *out = w->turn.plan->ports[q->waits_for];

	return out && out->wait_us && rte_rdtsc() - q->wait_since_tsc < wait_tsc(w, out) &&
	       xd_worker_room(w, out, 1) == 0;
}

/* How many frames of an output its port takes now; all, unless frames wait for the port. */
static uint16_t
room_for(struct xd_worker *w, const struct xd_plan_port *out, const struct xd_output *output)
{
	if (!out->wait_us)
		return output->n;
	return xd_worker_room(w, out, output->n);
}

/* Takes frames from number n on out of all outputs. */
static void
remove_from(struct xd_turn *turn, uint16_t n)
{
	uint16_t nb_busy = 0;

	for (uint16_t i = 0; i < turn->nb_busy; i++) {
		struct xd_output *output = &turn->outputs[turn->busy[i]];

		while (output->n && xd_turn_number(turn, output->frames[output->n - 1]) >= n)
			output->n--;
		if (output->n)
			turn->busy[nb_busy++] = turn->busy[i];
	}
	turn->nb_busy = nb_busy;
}

/* Rewinds the sending queue to before frame number n. */
static void
rewind_to(struct xd_worker *w, const struct xd_plan_queue *q, uint16_t n)
{
	struct xd_turn *turn = &w->turn;
	struct xd_batch *batch = turn->batch;
	struct xd_port_left *left = &q->port->port->left[q->queue];

	for (uint16_t i = n; i < batch->n; i++)
		turn->bytes -= xd_frame_received_len(&batch->frames[i]);
	xd_turn_counters(turn)->waits++;
	left->again = RTE_MAX(left->again, batch->n) - n;
	q->port->driver->rewind(q->port->port, q->queue, batch, n);
}

/* Whether the queue's first frame has waited long enough for a port. */
static bool
is_late(const struct xd_worker *w, const struct xd_plan_queue *q, const struct xd_plan_port *out)
{
	return q->wait_since_tsc && rte_rdtsc() - q->wait_since_tsc >= wait_tsc(w, out);
}

static void
drop_rest(const struct xd_worker *w, const struct xd_plan_port *out, struct xd_output *output,
	uint16_t n)
{
	xd_drop(&out->port->drops[xd_port_tx_queue(out->port, w->index)], XD_DROP_WAITED,
		output->n - n);
	output->n = n;
}

/* Of the frames that are sent this turn, drops those that have waited long enough for ports that
 * are still full. */
static void
drop_late(struct xd_worker *w, const struct xd_plan_queue *q)
{
	for (uint16_t i = 0; i < w->turn.nb_busy; i++) {
		const struct xd_plan_port *out = w->turn.plan->ports[w->turn.busy[i]];
		struct xd_output *output = &w->turn.outputs[w->turn.busy[i]];
		uint16_t room = room_for(w, out, output);

		if (room < output->n && is_late(w, q, out))
			drop_rest(w, out, output, room);
	}
}

/*
 * Sends the first output whose port waits before all others. Room is a hint, and a long frame may
 * need several buffers; what is not taken after all can still wait, because nothing that came
 * behind it has been sent. Returns the first frame that has to wait, or `first`.
 */
static uint16_t
send_first(struct xd_worker *w, struct xd_plan_queue *q, uint16_t first)
{
	struct xd_turn *turn = &w->turn;
	const struct xd_plan_port *out;
	struct xd_output *output;
	uint16_t i = 0, done;

	while (i < turn->nb_busy && !turn->plan->ports[turn->busy[i]]->wait_us)
		i++;
	if (i == turn->nb_busy)
		return first;
	out = turn->plan->ports[turn->busy[i]];
	output = &turn->outputs[turn->busy[i]];
	if (unlikely(out->out_hooks.n))
		xd_bridge_hook_out(turn, out, output, 0);
	done = output->n ? xd_worker_tx(w, out, output->frames, output->n) : 0;
	xd_worker_notify_tx_later(w, out);
	if (unlikely(done < output->n)) {
		if (is_late(w, q, out)) {
			drop_rest(w, out, output, done);
		} else {
			first = xd_turn_number(turn, output->frames[done]);
			q->waits_for = out->index;
		}
	}
	if (unlikely(out->out_hooks.n))
		xd_bridge_hook_sent(turn, out, done < output->n ? first : XD_BATCH);
	output->n = 0;
	return first;
}

/* The first frame that a hook leaves with its sender, or the batch's end. */
static uint16_t
left_by_hook(const struct xd_turn *turn)
{
	return turn->in->in_hooks.n ? RTE_MIN(turn->in_hooks.left, turn->batch->n) : turn->batch->n;
}

/* Frames that have gone are no longer at the queue's head. */
static void
forget_left(struct xd_port_left *left, uint16_t n)
{
	if (likely(left->again == 0 && left->since_tsc == 0))
		return;
	left->again -= RTE_MIN(left->again, n);
	left->since_tsc = 0;
}

/* The first frame that a full port must not lose, as far as is known before anything is sent. late:
 * there are frames that have waited too long. */
static uint16_t
find_first(struct xd_worker *w, struct xd_plan_queue *q, bool *late)
{
	const struct xd_turn *turn = &w->turn;
	uint16_t first = left_by_hook(turn);

	*late = false;
	for (uint16_t i = 0; i < turn->nb_busy; i++) {
		const struct xd_plan_port *out = turn->plan->ports[turn->busy[i]];
		const struct xd_output *output = &turn->outputs[turn->busy[i]];
		uint16_t room = room_for(w, out, output), number;

		if (likely(room >= output->n))
			continue;
		if (is_late(w, q, out)) {
			*late = true;
			continue;
		}
		number = xd_turn_number(turn, output->frames[room]);
		if (number < first) {
			first = number;
			q->waits_for = out->index;
		}
	}
	return first;
}

void
xd_worker_back_pressure(struct xd_worker *w, struct xd_plan_queue *q)
{
	struct xd_turn *turn = &w->turn;
	struct xd_port_left *left = &q->port->port->left[q->queue];
	const uint16_t by_hook = left_by_hook(turn);
	bool late;
	uint16_t first = find_first(w, q, &late);

	remove_from(turn, first);
	first = send_first(w, q, first);
	remove_from(turn, first);
	if (unlikely(late)) {
		drop_late(w, q);
		remove_from(turn, first);
	}
	if (likely(first == turn->batch->n)) {
		q->wait_since_tsc = 0;
		forget_left(left, first);
		return;
	}
	rewind_to(w, q, first);
	w->nb_waiting++;
	if (first == by_hook) {
		/* No port is waited for: the hook is asked again next turn. */
		q->wait_since_tsc = 0;
		if (first > 0 || left->since_tsc == 0)
			left->since_tsc = w->now_tsc;
		return;
	}
	left->since_tsc = 0;
	/* The clock is that of the frame at the queue's head. */
	if (first > 0 || q->wait_since_tsc == 0)
		q->wait_since_tsc = rte_rdtsc();
}

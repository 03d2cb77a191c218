/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transmits what mirrors copy (bridge/mirror.c), last of a turn. A port that has no room for a copy
 * is not tried again: the copy is the mirror's loss, and the frame's way is not delayed.
 */
#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "worker/worker.h"

static void
transmit_copies(struct xd_worker *w, const struct xd_plan_mirror *mirror,
	const struct xd_plan_port *out, struct xd_output *output)
{
	struct xd_mirror_counters *counters = &mirror->counters[w->index];
	uint64_t bytes = 0;
	uint16_t done;

	/* A driver may edit what it takes, and nothing else. */
	for (uint16_t i = 0; i < output->n; i++)
		bytes += output->frames[i]->len;
	done = xd_worker_tx(w, out, output->frames, output->n);
	for (uint16_t i = done; i < output->n; i++)
		bytes -= output->frames[i]->len;
	counters->tx_frames += done;
	counters->tx_bytes += bytes;
	counters->dropped += output->n - done;
	output->n = 0;
	xd_worker_notify_tx_later(w, out);
}

/* By some of a mirror's ports, all of which want the same tags. */
static void
send(struct xd_worker *w, const struct xd_plan_mirror *mirror, const struct xd_output *mirrored,
	bool tagged, const uint16_t *ports, uint16_t nb_ports)
{
	struct xd_turn *turn = &w->turn;
	struct xd_frame *copies[XD_BATCH];
	uint16_t n;

	if (nb_ports == 0)
		return;
	n = xd_bridge_copies(turn, mirror, mirrored, tagged, copies);
	for (uint16_t i = 0; i < nb_ports; i++)
		xd_turn_send(turn, ports[i], copies, n);
	if (unlikely(turn->plan->any_bonds))
		xd_bridge_bond_out(turn);
	for (uint16_t i = 0; i < turn->nb_busy; i++)
		transmit_copies(
			w, mirror, turn->plan->ports[turn->busy[i]], &turn->outputs[turn->busy[i]]);
	turn->nb_busy = 0;
}

/* The frames themselves, by one port. */
static void
send_unchanged(struct xd_worker *w, const struct xd_plan_mirror *mirror, struct xd_output *mirrored)
{
	if (mirror->nb_ports)
		transmit_copies(w, mirror, w->turn.plan->ports[mirror->ports[0]], mirrored);
}

/* Takes frames, a bit each, out of what a mirror copies. */
static void
take_out(const struct xd_turn *turn, struct xd_output *mirrored, uint32_t frames)
{
	uint16_t n = 0;

	for (uint16_t i = 0; i < mirrored->n; i++) {
		if (!(frames >> xd_turn_number(turn, mirrored->frames[i]) & 1))
			mirrored->frames[n++] = mirrored->frames[i];
	}
	mirrored->n = n;
}

/* Of several mirrors to one port, the first that copies a frame is the only one. */
static void
take_from_later(struct xd_turn *turn, unsigned i)
{
	const struct xd_plan_mirror *mirrors = turn->plan->mirrors;
	uint32_t frames = 0;

	for (uint16_t k = 0; k < turn->mirrored[i].n; k++)
		frames |= 1u << xd_turn_number(turn, turn->mirrored[i].frames[k]);
	for (unsigned k = i + 1; k < turn->plan->nb_mirrors; k++) {
		if ((turn->mirrors >> k & 1) && mirrors[k].output_vlan == XD_VLAN_NONE &&
			mirrors[k].nb_ports && mirrors[k].ports[0] == mirrors[i].ports[0])
			take_out(turn, &turn->mirrored[k], frames);
	}
}

/* Frames that wait with their sender are copied when they come again. */
static void
leave_waiting(const struct xd_turn *turn, struct xd_output *mirrored)
{
	while (mirrored->n &&
		xd_turn_number(turn, mirrored->frames[mirrored->n - 1]) >= turn->batch->n)
		mirrored->n--;
}

void
xd_worker_mirror(struct xd_worker *w)
{
	struct xd_turn *turn = &w->turn;

	for (uint64_t left = turn->mirrors; left; left &= left - 1) {
		const unsigned i = (unsigned)__builtin_ctzll(left);
		const struct xd_plan_mirror *mirror = &turn->plan->mirrors[i];
		struct xd_output *mirrored = &turn->mirrored[i];

		leave_waiting(turn, mirrored);
		if (mirrored->n == 0)
			continue;
		if (left & (left - 1) && mirror->output_vlan == XD_VLAN_NONE && mirror->nb_ports)
			take_from_later(turn, i);
		if (likely(turn->unchanged >> i & 1 && !turn->plan->any_bonds)) {
			send_unchanged(w, mirror, mirrored);
			continue;
		}
		send(w, mirror, mirrored, true, mirror->ports, mirror->nb_tagged);
		send(w, mirror, mirrored, false, mirror->ports + mirror->nb_tagged,
			mirror->nb_ports - mirror->nb_tagged);
		/* Tags were changed, which others may want as they were. */
		turn->unchanged = 0;
	}
}

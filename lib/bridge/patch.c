/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Patch ports, which join two bridges: what goes to one is switched as what came by its peer, from
 * where it lies, in the same turn. So a frame has its way through all bridges before anything of
 * the turn is transmitted, and waits with its sender (back pressure) for a full port in any of
 * them.
 *
 * A frame that other ports get too is cloned at the border, since the next bridge may give it
 * another tag. In a turn a frame comes to a bridge once: what comes to it again has gone round a
 * loop, and is dropped, as is what would take more passes or clones than there are.
 */
#include <rte_common.h>

#include "bridge/bridge.h"

/* More tags than these taken off, and the headers are not where offloads were checked to be. */
#define POPPED_MAX 4

/* Frames that have been in a bridge in this turn, a bit each. */
static uint32_t
seen_in(const struct xd_turn *turn, const struct xd_plan_bridge *bridge)
{
	uint32_t seen = turn->first->bridge == bridge ? UINT32_MAX : 0;

	for (uint16_t i = 0; i < turn->nb_passes; i++) {
		if (turn->passes[i].in->bridge == bridge)
			seen |= turn->passes[i].frames;
	}
	return seen;
}

/* The frame as the next bridge gets it: itself when nobody else has it. */
static struct xd_frame *
own(struct xd_turn *turn, struct xd_frame *f)
{
	struct xd_frame *clone = &turn->clones[turn->nb_clones];

	if (f->nb_dst < 2)
		return f;
	turn->origin[turn->nb_clones++] = xd_turn_number(turn, f);
	*clone = *f;
	return clone;
}

/* Switches what goes to a patch port as its peer's. */
static void
pass(struct xd_turn *turn, const struct xd_plan_port *out, const struct xd_output *output)
{
	const uint32_t seen = seen_in(turn, out->peer->bridge);
	struct xd_pass *p = &turn->passes[turn->nb_passes];
	struct xd_frame *frames[XD_BATCH];
	uint16_t n = 0;

	*p = (struct xd_pass){.out = out, .in = out->peer};
	for (uint16_t i = 0; i < output->n; i++) {
		struct xd_frame *f = output->frames[i];
		const uint32_t bit = 1u << xd_turn_number(turn, f);

		/* A pass clones a frame at most twice: here, and when it floods. */
		if (seen & bit || f->start > XD_HEADROOM + POPPED_MAX ||
			turn->nb_clones + 2 * (output->n - i + n) > XD_CLONES) {
			p->dropped |= bit;
			continue;
		}
		p->frames |= bit;
		frames[n++] = own(turn, f);
	}
	turn->pass = ++turn->nb_passes;
	turn->in = out->peer;
	xd_bridge_input_again(turn, frames, n);
	xd_bridge_learn(turn);
	xd_bridge_forward_again(turn);
	if (turn->plan->nb_mirrors)
		xd_bridge_mirror(turn);
}

/* Takes the first output to a patch port off the outputs; false: there is none. */
static bool
take_next(struct xd_turn *turn, const struct xd_plan_port **out, struct xd_output *output)
{
	for (uint16_t i = 0; i < turn->nb_busy; i++) {
		const uint16_t port = turn->busy[i];

		*out = turn->plan->ports[port];
		if (!(*out)->peer)
			continue;
		*output = turn->outputs[port];
		turn->outputs[port].n = 0;
		turn->nb_busy--;
		memmove(&turn->busy[i], &turn->busy[i + 1],
			(turn->nb_busy - i) * sizeof(*turn->busy));
		return true;
	}
	return false;
}

void
xd_bridge_patch(struct xd_turn *turn)
{
	const struct xd_plan_port *out;
	struct xd_output output;

	turn->first = turn->in;
	turn->nb_passes = 0;
	while (take_next(turn, &out, &output)) {
		if (turn->nb_passes < XD_PASSES)
			pass(turn, out, &output);
		else
			xd_drop(&out->peer->port->drops[0], XD_DROP_PATCH_LIMIT, output.n);
	}
	turn->in = turn->first;
	turn->pass = 0;
}

/* Bytes as they came to the switch. */
static uint64_t
bytes_of(const struct xd_turn *turn, uint32_t frames)
{
	uint64_t bytes = 0;

	for (; frames; frames &= frames - 1)
		bytes += xd_frame_received_len(&turn->batch->frames[__builtin_ctz(frames)]);
	return bytes;
}

void
xd_bridge_patch_count(const struct xd_turn *turn)
{
	const uint16_t worker = turn->batch->worker;
	const uint32_t there = (uint32_t)((1ull << turn->batch->n) - 1);

	for (uint16_t i = 0; i < turn->nb_passes; i++) {
		const struct xd_pass *p = &turn->passes[i];
		const uint32_t all = (p->frames | p->dropped) & there;
		const uint64_t n = (uint64_t)__builtin_popcount(all), bytes = bytes_of(turn, all);
		struct xd_counters *to = &p->out->port->counters[worker];
		struct xd_counters *from = &p->in->port->counters[worker];

		to->tx_frames += n;
		to->tx_bytes += bytes;
		from->rx_frames += n;
		from->rx_bytes += bytes;
		if (p->dropped & there)
			xd_drop(&p->in->port->drops[0], XD_DROP_PATCH_LIMIT,
				(uint64_t)__builtin_popcount(p->dropped & there));
	}
}

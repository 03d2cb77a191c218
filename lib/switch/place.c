/* SPDX-License-Identifier: BSD-3-Clause */
/* Which worker polls which receive queue: the rules of balance.h, with the ports of a state. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "switch/switch.h"

static_assert(XD_LOAD_UNKNOWN == XD_BALANCE_UNKNOWN, "a load that was not measured yet");

static uint8_t
worker_of_core(const struct xd_state *state, unsigned core)
{
	for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
		if (state->workers[w] && state->workers[w]->core == core)
			return (uint8_t)w;
	}
	return XD_BALANCE_NONE;
}

uint8_t
xd_state_pinned(const struct xd_state *state, unsigned port, unsigned queue)
{
	const struct xd_port_config *config = state->port_config[port];

	return queue < config->nb_affinity ? worker_of_core(state, config->affinity[queue])
					   : XD_BALANCE_NONE;
}

/* Figures of a state's workers and queues. owner: of each queue by now. */
static void
fill(struct xd_switch *sw, const struct xd_state *state,
	uint8_t (*owner)(const void *ctx, unsigned port, unsigned queue), const void *ctx)
{
	struct xd_balance *b = &sw->balance;

	b->isolate = state->config->isolate == XD_ISOLATE_PINNED;
	b->round_robin = state->config->assign == XD_ASSIGN_ROUNDROBIN;
	b->nb_queues = 0;
	for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
		b->workers[w].here = state->workers[w] != NULL;
		b->workers[w].node = state->workers[w] ? state->workers[w]->node : XD_NODE_ANY;
	}
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		const struct xd_port *port = state->ports[i];

		for (unsigned q = 0; port && q < port->nb_queues; q++)
			b->queues[b->nb_queues++] = (struct xd_balance_queue){
				.load = port->loads[q].ppm,
				.node = port->node,
				.owner = owner(ctx, i, q),
				.pinned = xd_state_pinned(state, i, q),
			};
	}
}

/* What the rules have decided, into a state's owners. */
static void
take_over(const struct xd_switch *sw, const struct xd_state *state,
	uint8_t owner[XD_MAX_PORTS][XD_PORT_QUEUES])
{
	const struct xd_balance_queue *queue = sw->balance.queues;

	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		for (unsigned q = 0; state->ports[i] && q < state->ports[i]->nb_queues; q++)
			owner[i][q] = (queue++)->owner;
	}
}

/* ---- When the configuration changes ---- */

struct before {
	const struct xd_state *state, *before;
};

static uint8_t
owner_before(const void *ctx, unsigned port, unsigned queue)
{
	const struct before *b = ctx;

	return b->state->ports[port] == b->before->ports[port] ? b->before->owner[port][queue]
							       : XD_BALANCE_NONE;
}

void
xd_switch_assign(struct xd_switch *sw, struct xd_state *state, const struct xd_state *before)
{
	const struct before ctx = {state, before};

	fill(sw, state, owner_before, &ctx);
	xd_balance_assign(&sw->balance);
	take_over(sw, state, state->owner);
}

/* ---- While it stays ---- */

static uint8_t
owner_now(const void *ctx, unsigned port, unsigned queue)
{
	return ((const struct xd_state *)ctx)->owner[port][queue];
}

/* Queues of now whose owner will be another. */
struct moves {
	const struct xd_state *state;
	uint8_t owner[XD_MAX_PORTS][XD_PORT_QUEUES];
};

static bool
without_moved(const void *ctx, const struct xd_port *port, uint16_t queue)
{
	const struct moves *m = ctx;

	return queue != XD_ALL_QUEUES &&
	       m->owner[port->index][queue] != m->state->owner[port->index][queue];
}

static unsigned
list_moves(const struct moves *m, struct xd_balance_move *list, unsigned max)
{
	unsigned n = 0;

	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		const struct xd_port *port = m->state->ports[i];

		for (uint16_t q = 0; port && q < port->nb_queues; q++) {
			if (!without_moved(m, port, q) || n == max)
				continue;
			memcpy(list[n].port, port->config.name, XD_NAME_MAX);
			list[n].queue = q;
			list[n].load_ppm = port->loads[q].ppm;
			list[n].from_core = m->state->workers[m->state->owner[i][q]]->core;
			list[n++].to_core = m->state->workers[m->owner[i][q]]->core;
		}
	}
	return n;
}

/* The old worker finishes its turn and is waited for before the new one begins. */
static int
carry_out(struct xd_switch *sw, struct moves *m)
{
	struct xd_plan *between = xd_plan_create(sw->state), *next = xd_plan_create(sw->state);

	if (!between || !next) {
		xd_plan_free(between);
		xd_plan_free(next);
		return -ENOMEM;
	}
	xd_plan_fill(between, sw->state, without_moved, m);
	memcpy(sw->state->owner, m->owner, sizeof(m->owner));
	xd_plan_fill(next, sw->state, NULL, NULL);
	xd_switch_publish(sw, sw->state, between);
	xd_switch_publish(sw, sw->state, next);
	xd_plan_free(sw->state->plan);
	sw->state->plan = next;
	xd_plan_free(between);
	return 0;
}

static void
tell(const struct xd_switch *sw, const struct xd_balance_info *info)
{
	for (unsigned i = 0; i < info->nb_moves; i++)
		xd_log(&sw->log, XD_LOG_WORKER, XD_LOG_INFO,
			"%s: queue %u, which takes %u %% of a core, goes from core %u to core %u",
			info->moves[i].port, info->moves[i].queue, info->moves[i].load_ppm / 10000,
			info->moves[i].from_core, info->moves[i].to_core);
}

int
xd_switch_move_queues(struct xd_switch *sw, uint32_t above_ppm, unsigned gain_percent, bool dry_run,
	struct xd_balance_info *info)
{
	struct moves *m = malloc(sizeof(*m));
	struct xd_balance_result result;
	int ret = 0;

	if (!m)
		return -ENOMEM;
	memset(info, 0, sizeof(*info));
	m->state = sw->state;
	memcpy(m->owner, sw->state->owner, sizeof(m->owner));
	if (xd_state_workers(sw->state)) {
		fill(sw, sw->state, owner_now, sw->state);
		result = xd_balance_improve(&sw->balance, above_ppm);
		take_over(sw, sw->state, m->owner);
		info->nb_moves = list_moves(m, info->moves, XD_BALANCE_MOVES);
		info->most_ppm = result.most;
		info->most_after_ppm = result.most_after;
		info->gain_percent = xd_balance_improvement(&result);
	}
	if (!dry_run && info->nb_moves && info->gain_percent >= gain_percent) {
		ret = carry_out(sw, m);
		info->moved = ret == 0;
	}
	if (info->moved)
		tell(sw, info);
	free(m);
	return ret;
}

int
xd_switch_balance(
	struct xd_switch *sw, bool dry_run, struct xd_balance_info *info, struct xd_error *err)
{
	int ret;

	if (!sw || !info)
		return xd_fail(err, -EINVAL, "a switch and a place for what is moved needed");
	xd_loop_lock(sw->loop);
	ret = xd_switch_move_queues(sw, 0, 0, dry_run, info);
	xd_loop_unlock(sw->loop);
	return ret ? xd_fail(err, ret, "no memory to move queues; nothing was changed") : 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Ticks of hooks: each about every so many milliseconds on each worker that may run the hook, and
 * not more than once a run. */
#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_cycles.h>

#include "worker/worker.h"

static uint64_t
period_tsc(const struct xd_worker *w, const struct xd_hook_slot *slot)
{
	return w->env.tsc_hz / 1000 * slot->hook.tick_ms;
}

static struct xd_hook_slot *
hook_of(const struct xd_worker *w, int index)
{
	return __atomic_load_n(&w->turn.plan->hooks[index], __ATOMIC_ACQUIRE);
}

/* Calls it if it is due; returns when it is next. */
static uint64_t
tick_hook(struct xd_worker *w, struct xd_hook_slot *slot)
{
	uint64_t *due = &slot->counters[w->index].tick_tsc;
	const uint64_t period = period_tsc(w, slot), now = w->now_tsc;
	struct xd_burst b = {.worker = (uint16_t)w->index,
		.port = XD_PORT_NONE,
		.now_tsc = now,
		.turn = &w->turn};

	/* Due later than a period from now: the worker had it at another time. */
	if (*due == 0 || *due > now + period)
		*due = now + period;
	if (now >= *due) {
		slot->hook.tick(slot->ctx, &b);
		*due = now + period;
	}
	return *due;
}

/* The hooks whose ticks the worker calls: its own, and while they have kept frames those that it
 * does not run. One of these may have been unregistered since the plan was made; who unregisters
 * one now waits for the end of this run. */
static uint64_t
ticks_of(const struct xd_worker *w, const struct xd_plan_worker *mine)
{
	uint64_t ticks = mine->ticks;

	for (uint64_t left = mine->drains; left; left &= left - 1) {
		const struct xd_hook_slot *slot = hook_of(w, __builtin_ctzll(left));

		if (slot && xd_kept_used(slot))
			ticks |= left & -left;
	}
	return ticks;
}

void
xd_worker_tick(struct xd_worker *w, const struct xd_plan_worker *mine)
{
	if (w->now_tsc < w->tick_tsc && w->tick_plan == w->turn.plan->number)
		return;
	w->tick_plan = w->turn.plan->number;
	w->tick_tsc = UINT64_MAX;
	for (uint64_t left = ticks_of(w, mine); left; left &= left - 1) {
		struct xd_hook_slot *slot = hook_of(w, __builtin_ctzll(left));

		if (likely(slot))
			w->tick_tsc = RTE_MIN(w->tick_tsc, tick_hook(w, slot));
	}
}

int
xd_worker_tick_ms(const struct xd_worker *w, const struct xd_plan *plan)
{
	const struct xd_plan_worker *mine = &plan->workers[w->index];
	const uint64_t now = rte_rdtsc(), ms = w->env.tsc_hz / 1000;

	if ((mine->ticks | mine->drains) == 0)
		return -1;
	if (plan->number != w->tick_plan || now >= w->tick_tsc)
		return 0;
	return w->tick_tsc == UINT64_MAX ? -1 : (int)((w->tick_tsc - now) / ms + 1);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Ticks of hooks: each about every so many milliseconds on each worker that may run the hook, and
 * not more than once a run. */
#include <rte_common.h>
#include <rte_cycles.h>

#include "worker/worker.h"

static uint64_t
period_tsc(const struct xd_worker *w, const struct xd_hook_slot *slot)
{
	return w->env.tsc_hz / 1000 * slot->hook.tick_ms;
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

void
xd_worker_tick(struct xd_worker *w, const struct xd_plan_worker *mine)
{
	if (w->now_tsc < w->tick_tsc && mine->ticks == w->ticks)
		return;
	w->ticks = mine->ticks;
	w->tick_tsc = UINT64_MAX;
	for (uint64_t left = mine->ticks; left; left &= left - 1) {
		const uint64_t due = tick_hook(w, w->turn.plan->hooks[__builtin_ctzll(left)]);

		w->tick_tsc = RTE_MIN(w->tick_tsc, due);
	}
}

int
xd_worker_tick_ms(const struct xd_worker *w, const struct xd_plan_worker *mine)
{
	const uint64_t now = rte_rdtsc(), ms = w->env.tsc_hz / 1000;

	if (mine->ticks == 0)
		return -1;
	if (mine->ticks != w->ticks || now >= w->tick_tsc)
		return 0;
	return (int)((w->tick_tsc - now) / ms + 1);
}

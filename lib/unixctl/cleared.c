/* SPDX-License-Identifier: BSD-3-Clause */
/* pmd-stats-clear: a worker's counters go on, and are shown from where they were when it was
 * typed. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "unixctl/commands.h"

bool
xd_unixctl_clear(struct xd_unixctl_call *call, unsigned core)
{
	struct xd_unixctl_cleared *cleared = call->cleared;
	unsigned n = xd_switch_workers(call->sw, NULL, 0), filled;
	struct xd_worker_info *now = calloc(n + 1, sizeof(*now));

	if (!now)
		return xd_unixctl_refuse(call, "no memory");
	filled = xd_switch_workers(call->sw, now, n);
	n = filled < n ? filled : n;
	/* Of other workers, what was cleared before stays so. */
	for (unsigned i = 0; i < n; i++) {
		struct xd_worker_info since = now[i];

		if (core == XD_UNIXCTL_ANY_CORE || core == now[i].core)
			continue;
		xd_unixctl_since(cleared, &since);
		now[i].busy_cycles -= since.busy_cycles;
		now[i].idle_cycles -= since.idle_cycles;
		now[i].sleep_cycles -= since.sleep_cycles;
		now[i].frames -= since.frames;
		now[i].turns -= since.turns;
		now[i].rounds -= since.rounds;
		now[i].sleeps -= since.sleeps;
	}
	free(cleared->workers);
	cleared->workers = now;
	cleared->nb_workers = n;
	cleared->at_ns = xd_clock_ns();
	return true;
}

void
xd_unixctl_since(const struct xd_unixctl_cleared *cleared, struct xd_worker_info *worker)
{
	for (unsigned i = 0; i < cleared->nb_workers; i++) {
		const struct xd_worker_info *then = &cleared->workers[i];

		/* One that was made anew since counts from 0. */
		if (then->core != worker->core || then->rounds > worker->rounds ||
			then->frames > worker->frames)
			continue;
		worker->busy_cycles -= then->busy_cycles;
		worker->idle_cycles -= then->idle_cycles;
		worker->sleep_cycles -= then->sleep_cycles;
		worker->frames -= then->frames;
		worker->turns -= then->turns;
		worker->rounds -= then->rounds;
		worker->sleeps -= then->sleeps;
	}
}

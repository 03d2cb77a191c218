/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports that take too much of workers' time, in the log. Control. */
#include <inttypes.h>

#include "switch/switch.h"

#define EVERY_S 60 /* lines of one port are at least so far apart */

void
xd_switch_tell_slow(struct xd_switch *sw, uint32_t now_s)
{
	const uint64_t now = rte_rdtsc(), ms = RTE_MAX(sw->tsc_hz / 1000, 1ull);

	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		struct xd_port *port = sw->state->ports[i];
		struct xd_budget sum = {0};

		if (!port)
			continue;
		for (unsigned w = 0; w < sw->nb_slots; w++)
			xd_budget_add(&sum, &port->budgets[w]);
		if (sum.nb_rests == port->rests_told || now_s < port->tell_rests_s)
			continue;
		port->rests_told = sum.nb_rests;
		port->tell_rests_s = now_s + EVERY_S;
		xd_log(&sw->log, XD_LOG_WORKER, XD_LOG_WARN,
			"%s: takes too long, others wait for it: it gets no frames for %" PRIu64
			" ms; see port show %s",
			port->config.name, sum.until_tsc > now ? (sum.until_tsc - now) / ms : 0,
			port->config.name);
	}
}

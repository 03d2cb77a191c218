/* SPDX-License-Identifier: BSD-3-Clause */
/* Has workers see a plan, and waits until they do. */
#include <sched.h>

#include "base/clock.h"
#include "switch/switch.h"

#define UNBLOCK_NS (10 * 1000 * 1000ull) /* before a turn is thought to be held up */

/* A worker that takes so long may be held up by a peer. */
static void
unblock_ports(const struct xd_state *state)
{
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		struct xd_port *port = state->ports[i];

		if (port && port->driver->unblock)
			port->driver->unblock(port);
	}
}

void
xd_switch_quiesce(struct xd_switch *sw)
{
	const uint64_t token = rte_rcu_qsbr_start(sw->qsbr);
	uint64_t looked_ns = xd_clock_ns();

	while (rte_rcu_qsbr_check(sw->qsbr, token, false) == 0) {
		/* A worker may need our core to finish its turn. */
		sched_yield();
		if (xd_clock_ns() - looked_ns < UNBLOCK_NS)
			continue;
		unblock_ports(sw->state);
		looked_ns = xd_clock_ns();
	}
}

void
xd_switch_publish(struct xd_switch *sw, const struct xd_state *state, struct xd_plan *plan)
{
	plan->number = ++sw->nb_plans;
	__atomic_store_n(&sw->plan, plan, __ATOMIC_SEQ_CST);
	for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
		if (state->workers[w])
			xd_worker_wake(state->workers[w]);
	}
	xd_switch_quiesce(sw);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Transmits to a port with `coalesce`: segments that follow each other go as one frame. */
#include "worker/worker.h"

/*
 * For a whole frame there has to be room at once, which a ring with few free buffers may never
 * have. So what is not taken is tried once more as it came, and is counted, dropped and tried again
 * as without this.
 */
uint16_t
xd_worker_tx_coalesced(struct xd_worker *w, const struct xd_plan_port *out,
	struct xd_frame *const *frames, uint16_t n)
{
	struct xd_coalesced *c = &w->coalesced;
	const struct xd_driver *driver = out->driver;
	const struct xd_coalesce_rules rules = {
		.max_frame = __atomic_load_n(&out->port->max_frame, __ATOMIC_RELAXED),
		.takes = n > 1 ? driver->takes(out->port, w->index) : 0,
		.pushed = out->config.coalesce == XD_COALESCE_PUSH,
	};
	uint16_t done, sent;

	if (!(rules.takes & (XD_OFFLOAD_TSO4 | XD_OFFLOAD_TSO6)))
		return driver->tx(out->port, w->index, frames, n);
	xd_coalesce(c, frames, n, &rules);
	if (c->nb_wholes == 0)
		return driver->tx(out->port, w->index, frames, n);
	done = driver->tx(out->port, w->index, c->frames, c->n);
	sent = done == c->n ? n : c->first[done];
	out->port->counters[w->index].coalesced += sent - done;
	if (sent < n && c->frames[done] != frames[sent])
		sent += driver->tx(out->port, w->index, frames + sent, n - sent);
	return sent;
}

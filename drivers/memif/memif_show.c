/* SPDX-License-Identifier: BSD-3-Clause */
/* A memif port in words, for `port show`. Control. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "drivers/memif/memif.h"
#include "port/describe.h"

static void
tell_ring(struct xd_teller *t, const struct xd_memif_ring *r, const char *what, unsigned q)
{
	char key[32];

	snprintf(key, sizeof(key), "%s_queue_%u", what, q);
	if (r->added)
		xd_tell(t, key, "ring of %u", r->size);
	else
		xd_tell(t, key, "not in use");
}

void
xd_memif_describe(struct xd_port *port, xd_describe_fn fn, void *ctx)
{
	const struct xd_memif_port *p = (const struct xd_memif_port *)port;
	struct xd_teller t = {fn, ctx};

	if (p->state == XD_MEMIF_UP)
		xd_tell(&t, "connection", "connected to %s for %" PRIu64 " s", p->remote,
			(uint64_t)((xd_clock_ns() - p->connected_at_ns) / XD_NS_PER_S));
	else
		xd_tell(&t, "connection", "%s",
			p->state != XD_MEMIF_IDLE ? "being made"
			: p->server               ? "waiting for a client"
						  : "trying to connect");
	if (p->problem[0])
		xd_tell(&t, "problem", "%s", p->problem);
	xd_tell(&t, "connects", "%" PRIu64, p->nb_connects);
	if (p->nb_faults)
		xd_tell(&t, "faults", "%" PRIu64, p->nb_faults);
	if (p->state != XD_MEMIF_UP)
		return;
	xd_tell(&t, "memory", "%u region%s, %" PRIu64 " KiB", p->nb_regions,
		p->nb_regions == 1 ? "" : "s", port->guest_bytes >> 10);
	for (unsigned q = 0; q < port->config.queues; q++) {
		tell_ring(&t, &p->from[q], "receive", q);
		tell_ring(&t, &p->to[q], "transmit", q);
	}
}

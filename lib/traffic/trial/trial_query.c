/* SPDX-License-Identifier: BSD-3-Clause */
/* What engines, and the other parts of a trial, ask of one that has been prepared or run. */
#include "traffic/trial/trial_parts.h"

double
xd_trial_asked_pps(const struct xd_trial *t)
{
	return xd_rate_limit_pps(&t->opts->rate, t->mean_bytes, t->opts->line_rate_bps);
}

unsigned
xd_trial_senders(const struct xd_trial *t)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->nb_ports; i++)
		n += t->ports[i].sends;
	return n;
}

uint64_t
xd_trial_delivered(const struct xd_trial *t, unsigned from)
{
	const struct xd_trial_port *p = &t->ports[from];
	uint64_t frames = 0;

	for (unsigned i = 0; i < t->nb_ports && p->sends; i++) {
		const struct xd_track *track = t->ports[i].track;

		for (uint32_t f = p->first_flow; track && f < p->list.nb_flows; f++)
			frames += track->flows[f].received;
	}
	return frames;
}

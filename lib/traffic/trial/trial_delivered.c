/* SPDX-License-Identifier: BSD-3-Clause */
/* How many of one sender's frames arrived. Apart from the row, for engines that ask while they tell
 * senders apart. */
#include "traffic/trial/trial_parts.h"

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

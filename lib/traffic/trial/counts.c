/* SPDX-License-Identifier: BSD-3-Clause */
/* Rates of ports between two moments. */
#include "traffic/trial/counts.h"

#define L1_EXTRA 24 /* bytes: preamble 8, FCS 4, gap 12 */

void
xd_gen_count(const struct xd_gen *gen, struct xd_gen_counts *counts)
{
	for (unsigned i = 0; i < gen->nb_ports; i++) {
		const struct xd_gen_port *port = gen->ports[i];

		counts->sent[i] = port->sent;
		counts->received[i] = port->received.frames;
		counts->bytes[i] = port->received.bytes;
	}
}

void
xd_gen_fill_rate(const struct xd_gen *gen, const struct xd_gen_counts *before,
	const struct xd_gen_counts *after, struct xd_row *row)
{
	struct xd_rate_figures *f = &row->rate;
	uint64_t bytes = 0;

	f->nb_ports = gen->nb_ports;
	for (unsigned i = 0; i < gen->nb_ports; i++) {
		struct xd_port_figures *p = &f->ports[i];

		p->sent_frames = after->sent[i] - before->sent[i];
		p->received_frames = after->received[i] - before->received[i];
		p->sent_pps = (double)p->sent_frames / row->time_s;
		p->received_pps = (double)p->received_frames / row->time_s;
		f->sent_frames += p->sent_frames;
		f->received_frames += p->received_frames;
		bytes += after->bytes[i] - before->bytes[i];
	}
	f->sent_pps = (double)f->sent_frames / row->time_s;
	f->pps = (double)f->received_frames / row->time_s;
	f->l2_bps = 8 * (double)bytes / row->time_s;
	f->l1_bps = f->l2_bps + 8 * L1_EXTRA * f->pps;
}

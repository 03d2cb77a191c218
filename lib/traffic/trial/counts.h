/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of all ports at two moments, and the rates between them: for engines with sources and
 * sinks of their own. Control, between runs. */
#ifndef XD_TRAFFIC_TRIAL_COUNTS_H
#define XD_TRAFFIC_TRIAL_COUNTS_H

#include "traffic/trial/gen.h"

struct xd_gen_counts {
	uint64_t sent[XD_GEN_PORTS_MAX], received[XD_GEN_PORTS_MAX]; /* frames */
	uint64_t bytes[XD_GEN_PORTS_MAX];                            /* received */
};

void xd_gen_count(const struct xd_gen *gen, struct xd_gen_counts *counts);
/* Fills row->rate but for what was asked. row->time_s is set. */
void xd_gen_fill_rate(const struct xd_gen *gen, const struct xd_gen_counts *before,
	const struct xd_gen_counts *after, struct xd_row *row);

#endif

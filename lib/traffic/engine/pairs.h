/* SPDX-License-Identifier: BSD-3-Clause */
/* The pairs engine: 2, 4, ... of the ports at once as disjoint pairs (or all to one, as a run with
 * its own name), and what each pair and all of them together get, beside one pair alone. */
#ifndef XD_TRAFFIC_ENGINE_PAIRS_H
#define XD_TRAFFIC_ENGINE_PAIRS_H

#include "traffic/traffic.h"
#include "traffic/trial/gen.h"

extern const struct xd_engine xd_pairs_engine;

struct xd_pairs_opts {
	struct xd_traffic_opts traffic; /* pattern: pairs or fan-in */
	unsigned nb_counts;
	unsigned counts[XD_GEN_PORTS_MAX]; /* VMs at once; 0 of them: 2, 4, ... all ports */
	double latency_pps; /* of each sender, for the times while loaded: of one frame in so many
			     */
	double time_s, warmup_s;
	unsigned trials;
};

/* Jain's index of fairness: (sum x)^2 / (n sum x^2), from 1/n to 1; 0 when nothing came. */
double xd_pairs_jain(const double *x, unsigned n);
/* Fills in what follows from the frames per second that each of n pairs (or senders) got;
 * baseline_pps: of the single pair, or 0. */
void xd_pairs_fill(struct xd_pairs_figures *f, const double *pps, unsigned n, double baseline_pps);

/* A row for each size, trial and number of ports: first the single pair, which is also the row of
 * two ports. As xd_rate_run. */
int xd_pairs_run(struct xd_gen *gen, const struct xd_pairs_opts *opts, struct xd_error *err);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* What a row of transactions is measured with, and what it says. Control. */
#ifndef XD_TRAFFIC_ENGINE_RR_MEASURE_H
#define XD_TRAFFIC_ENGINE_RR_MEASURE_H

#include "traffic/engine/rr/connect.h"
#include "traffic/engine/rr/rr.h"
#include "traffic/engine/rr/udp.h"

struct xd_rr_run {
	struct xd_gen *gen;
	const struct xd_rr_run_opts *opts;
	struct xd_message_pattern *pattern;
	struct xd_histogram *times; /* of all ports */
	uint16_t own_port;          /* of the next row's first connection */
};

struct xd_rr_tcp {
	const struct xd_rr_run *run;
	const struct xd_rr_run_opts *opts;
	enum xd_rr_test test;
	unsigned outstanding;
	struct xd_tcp_bench bench;
	struct xd_tcp_exchange exchanges[XD_GEN_PORTS_MAX]; /* by port, or */
	struct xd_rr_connects connects[XD_GEN_PORTS_MAX];   /* of those that open, of tcp_crr */
};

/* Forgets what was counted. ctx: a struct xd_rr_tcp. */
void xd_rr_tcp_reset(void *ctx);
void xd_rr_udp_reset(struct xd_rr_udp *u);
/* Fills in all but the path, and what is only known at the end. row->time_s is set. */
void xd_rr_tcp_fill(const struct xd_rr_tcp *t, struct xd_row *row, struct xd_rr_figures *f);
void xd_rr_udp_fill(const struct xd_rr_run *r, const struct xd_rr_udp *u, struct xd_row *row,
	struct xd_rr_figures *f);
void xd_rr_udp_faults(const struct xd_rr_udp *u, struct xd_rr_figures *f);
/* -ETIMEDOUT: nothing has come from a peer for long. */
int xd_rr_udp_silent(const struct xd_rr_udp *u, struct xd_error *err);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of engine iperf3 that no other has, as iperf3's users type them. Any thread. */
#ifndef PKTGEN_IPERF3_OPTIONS_H
#define PKTGEN_IPERF3_OPTIONS_H

#include "option_table.h"
#include "traffic/engine/iperf3/iperf3.h"

/* options.own is this. */
struct iperf3_own {
	bool server, once, json, v4, v6;
	struct xd_iperf3_test test;
	double interval_s;
	bool verbose;
	char format;             /* of rates; 0: as large as fit */
	const char *title, *log; /* argv's; NULL: none */
	const char *timestamps, *extra;
};

int iperf3_take_number(
	struct options *, const struct option_row *, const char *, struct xd_error *);
int iperf3_take_flag(struct options *, const struct option_row *, const char *, struct xd_error *);
int iperf3_take_congestion(
	struct options *, const struct option_row *, const char *, struct xd_error *);
int iperf3_take_port(struct options *, const struct option_row *, const char *, struct xd_error *);
int iperf3_take_interval(
	struct options *, const struct option_row *, const char *, struct xd_error *);
int iperf3_take_format(
	struct options *, const struct option_row *, const char *, struct xd_error *);
int iperf3_take_text(struct options *, const struct option_row *, const char *, struct xd_error *);
int iperf3_take_patience(
	struct options *, const struct option_row *, const char *, struct xd_error *);
/* -S and --dscp. */
int iperf3_take_tos(struct options *, const struct option_row *, const char *, struct xd_error *);
int iperf3_take_dscp(struct options *, const struct option_row *, const char *, struct xd_error *);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* The figures of a row that tables and charts show, in the units that people read. */
#ifndef PKTGEN_REPORT_FIGURE_H
#define PKTGEN_REPORT_FIGURE_H

#include "sample.h"

struct report_figure {
	const char *name, *unit; /* unit: HTML */
	bool less_is_better;
	report_figure_fn get;
	report_figure_fn beside; /* another that is shown with it, or NULL */
	const char *beside_unit;
};

#define REPORT_FIGURES_MAX 4

/* Those by which rows of this kind are compared; how many. */
unsigned report_figures_of(const struct xd_row *row, const struct report_figure **figures);
/* The same, for engines to have: engine.h. */
unsigned report_time_figures(const struct xd_row *row, const struct report_figure **figures);
unsigned report_search_figures(const struct xd_row *row, const struct report_figure **figures);
unsigned report_pairs_figures(const struct xd_row *row, const struct report_figure **figures);

double figure_mpps(const struct xd_row *row);
double figure_sent_mpps(const struct xd_row *row);
double figure_asked_mpps(const struct xd_row *row);
double figure_l2_gbps(const struct xd_row *row);
double figure_l1_gbps(const struct xd_row *row);
double figure_lost(const struct xd_row *row);
double figure_loss_percent(const struct xd_row *row); /* of frames sent */
double figure_cycles(const struct xd_row *row);       /* the switch's, of a frame */
double figure_busy_percent(const struct xd_row *row);
double figure_cpu_s(const struct xd_row *row);
double figure_steal_s(const struct xd_row *row);

double figure_found_mpps(const struct xd_row *row);
double figure_search_loss_percent(const struct xd_row *row);
double figure_burst(const struct xd_row *row);

double figure_pair_gbps(const struct xd_row *row); /* mean of a pair, L2 */
double figure_min_pair_gbps(const struct xd_row *row);
double figure_max_pair_gbps(const struct xd_row *row);
double figure_jain(const struct xd_row *row);
double figure_of_baseline(const struct xd_row *row);
double figure_unloaded_p50_us(const struct xd_row *row);
double figure_unloaded_p99_us(const struct xd_row *row);

/* Of engines whose rows begin with xd_message_figures. */
unsigned report_message_figures(const struct xd_row *row, const struct report_figure **figures);
double figure_message_gbps(const struct xd_row *row);
double figure_messages_s(const struct xd_row *row);
bool figure_is_message_latency(const struct xd_row *row);

double figure_half_mean_us(const struct xd_row *row);
double figure_jitter(const struct xd_row *row);
double figure_rfc3550_us(const struct xd_row *row);
double figure_times_count(const struct xd_row *row);
double figure_times_lost(const struct xd_row *row);

/* Of times: columns of min, mean, P50, P95, P99, P99.9, P99.99, max in us. */
enum figure_times { FIGURE_ACTUAL, FIGURE_PLANNED, FIGURE_LATENESS };
#define FIGURE_TIMES 8
extern const char *const figure_times_names[FIGURE_TIMES];
report_figure_fn figure_times(enum figure_times which, unsigned column);
/* Planned where the row has it: what a load is judged by; else actual. */
bool figure_is_planned(const struct xd_row *row);
double figure_p50_us(const struct xd_row *row);
double figure_p99_us(const struct xd_row *row);
double figure_p99_9_us(const struct xd_row *row);

double figure_within_percent(const struct xd_row *row); /* within 500 ns of plan */
double figure_max_burst(const struct xd_row *row);
double figure_late(const struct xd_row *row);
double figure_blocked(const struct xd_row *row);
double figure_skipped(const struct xd_row *row);
double figure_asked_error_ppm(const struct xd_row *row); /* sent rate to asked rate */

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* One figure of a cell's trials, and of two cells: what the tables show. */
#ifndef PKTGEN_REPORT_SAMPLE_H
#define PKTGEN_REPORT_SAMPLE_H

#include <stdbool.h>

#include "set.h"

/* A figure of a row, in the unit that people read; NAN: the row has none. */
typedef double (*report_figure_fn)(const struct xd_row *row);

struct report_sample {
	unsigned n;
	double median, mean;
	double low, high; /* 95 % confidence interval of the mean (Student's t); n < 3: NAN */
};

struct report_ratio {
	double value;   /* NAN: there is none */
	unsigned pairs; /* median of the ratios of so many trials; 0: ratio of the medians */
};

/* From this many pairs on their ratios are taken. */
#define REPORT_PAIRS_MIN 5

/* The same by any means. */
typedef double (*report_value_fn)(const struct xd_row *row, const void *ctx);
struct report_sample report_sample_by(
	const struct report_cell *cell, report_value_fn value, const void *ctx);

/* Of the trials that are used; n 0 and the rest NAN when none has the figure. */
struct report_sample report_sample_of(const struct report_cell *cell, report_figure_fn figure);

/* The cell's figure divided by the baseline's. Trials that stand in the same place of both cells
 * were measured in turn, as far as anybody can tell, and make a pair. */
struct report_ratio report_ratio_of(const struct report_cell *cell,
	const struct report_cell *baseline, report_figure_fn figure);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* The statistics of a cell: median, mean and the 95 % confidence interval of its trials; and the
 * ratio of two cells, of their pairs of trials if there are enough. */
#include <math.h>
#include <stdlib.h>

#include "sample.h"

/* Two-sided 95 % quantiles of Student's t for 1, 2, ... degrees of freedom. */
static const double student[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262,
	2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074,
	2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
#define STUDENT_MAX (sizeof(student) / sizeof(student[0]))

/* Beyond the table: the first terms of its expansion around the normal distribution's quantile. */
static double
student_t(unsigned freedom)
{
	const double z = 1.959964;

	if (freedom <= STUDENT_MAX)
		return student[freedom - 1];
	return z + (z * z * z + z) / (4.0 * freedom);
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts the values. */
static double
median(double *values, unsigned n)
{
	if (n == 0)
		return NAN;
	qsort(values, n, sizeof(*values), by_value);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void
spread(struct report_sample *s, const double *values)
{
	double squares = 0, half;

	for (unsigned i = 0; i < s->n; i++)
		squares += (values[i] - s->mean) * (values[i] - s->mean);
	half = student_t(s->n - 1) * sqrt(squares / (s->n - 1) / s->n);
	s->low = s->mean - half;
	s->high = s->mean + half;
}

struct report_sample
report_sample_by(const struct report_cell *cell, report_value_fn get, const void *ctx)
{
	struct report_sample s = {0, NAN, NAN, NAN, NAN};
	double *values = calloc(cell->n + 1, sizeof(*values)), sum = 0;

	if (!values)
		return s;
	for (unsigned i = 0; i < cell->n; i++) {
		double value = get(cell->trials[i].row, ctx);

		if (cell->trials[i].use != REPORT_USED || !isfinite(value))
			continue;
		values[s.n++] = value;
		sum += value;
	}
	if (s.n) {
		s.mean = sum / s.n;
		s.median = median(values, s.n);
	}
	if (s.n >= 3)
		spread(&s, values);
	free(values);
	return s;
}

static double
call_figure(const struct xd_row *row, const void *ctx)
{
	return (*(const report_figure_fn *)ctx)(row);
}

struct report_sample
report_sample_of(const struct report_cell *cell, report_figure_fn figure)
{
	return report_sample_by(cell, call_figure, &figure);
}

struct report_ratio
report_ratio_of(
	const struct report_cell *cell, const struct report_cell *baseline, report_figure_fn figure)
{
	unsigned n = cell->n < baseline->n ? cell->n : baseline->n;
	double *ratios = calloc(n + 1, sizeof(*ratios)), a, b;
	struct report_ratio ratio = {NAN, 0};

	for (unsigned i = 0; ratios && i < n; i++) {
		if (cell->trials[i].use != REPORT_USED || baseline->trials[i].use != REPORT_USED)
			continue;
		a = figure(cell->trials[i].row);
		b = figure(baseline->trials[i].row);
		if (isfinite(a) && isfinite(b) && b > 0)
			ratios[ratio.pairs++] = a / b;
	}
	if (ratio.pairs >= REPORT_PAIRS_MIN) {
		ratio.value = median(ratios, ratio.pairs);
	} else {
		a = report_sample_of(cell, figure).median;
		b = report_sample_of(baseline, figure).median;
		ratio.pairs = 0;
		ratio.value = b > 0 ? a / b : NAN;
	}
	free(ratios);
	return ratio;
}

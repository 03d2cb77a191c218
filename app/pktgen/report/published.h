/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Published figures that stand beside a line: those that the step of a suite names which measured
 * it, and of messages, when none does, all that are of the same protocol.
 */
#ifndef PKTGEN_REPORT_PUBLISHED_H
#define PKTGEN_REPORT_PUBLISHED_H

#include "html.h"
#include "reference.h"

#define PUBLISHED_MAX 12

/* Rows of a file that belong together: "vhost-user, same host". */
struct published_series {
	const struct report_reference *file;
	char name[96];
};

struct published_value {
	char name[200];
	double value; /* in the unit that was asked for */
};

enum published_unit { PUBLISHED_GBPS, PUBLISHED_PER_S, PUBLISHED_US };

/* What of a row is no figure, put together. Returns name. */
const char *published_name(const struct csv *csv, unsigned row, char *name, size_t size);

/* The series over the size of messages, of which a line of messages is a point; how many. */
unsigned published_series_of(const struct report_page *page, const struct report_line *line,
	struct published_series series[PUBLISHED_MAX]);
/* The series' value for messages of the line's size, or NAN. */
double published_of_size(const struct published_series *series, const struct report_line *line,
	enum published_unit unit);

/* Single values, which the line's step names; how many. */
unsigned published_values(const struct report_page *page, const struct report_line *line,
	enum published_unit unit, struct published_value values[PUBLISHED_MAX]);

#endif

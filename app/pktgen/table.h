/* SPDX-License-Identifier: BSD-3-Clause */
/* The results as tables for people, a line or a few for each row as it comes. */
#ifndef PKTGEN_TABLE_H
#define PKTGEN_TABLE_H

#include <stdbool.h>

#include "traffic/result/result.h"

/* Where a run stands in a suite. */
struct table_suite {
	unsigned step, steps; /* from 1 */
	double step_s;        /* expected of the step, */
	double later_s;       /* and of those behind it */
};

/* Of zeroes to begin with. */
struct table {
	bool terminal;    /* progress is shown */
	bool progress;    /* a progress line stands there */
	char title[160];  /* of the head that stands above the rows; empty: none yet */
	char name[64];    /* of the rows under it */
	char what[32];    /* goes on, */
	double since_s;   /* since that time, */
	double first, at; /* from that share, and has come so far */
	const struct table_suite *suite; /* NULL: none */
	double begun_s;                  /* of the step: when progress was first shown */
};

/* A bar and the time left, where progress is shown. */
void table_progress(struct table *table, const char *what, double share);
void table_clear_progress(struct table *table);
void table_row(struct table *table, const struct xd_row *row);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* The results as tables for people, a line or a few for each row as it comes. */
#ifndef PKTGEN_TABLE_H
#define PKTGEN_TABLE_H

#include <stdbool.h>

#include "traffic/result/result.h"

/* Of zeroes to begin with. */
struct table {
	bool terminal;    /* progress is shown */
	bool progress;    /* a progress line stands there */
	char title[160];  /* of the head that stands above the rows; empty: none yet */
	char name[64];    /* of the rows under it */
	char what[32];    /* goes on, */
	double since_s;   /* since that time, */
	double first, at; /* from that share, and has come so far */
};

/* A bar and the time left, where progress is shown. */
void table_progress(struct table *table, const char *what, double share);
void table_clear_progress(struct table *table);
void table_row(struct table *table, const struct xd_row *row);

#endif

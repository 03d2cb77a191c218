/* SPDX-License-Identifier: BSD-3-Clause */
/* The results as a table for people, a line for each row as it comes. */
#ifndef PKTGEN_TABLE_H
#define PKTGEN_TABLE_H

#include <stdbool.h>

#include "traffic/result.h"

struct table {
	bool terminal; /* progress is shown */
	bool headed;   /* the head line was printed */
	bool progress; /* a progress line stands there */
};

void table_progress(struct table *table, const char *what, double share);
void table_clear_progress(struct table *table);
void table_row(struct table *table, const struct xd_row *row);

#endif

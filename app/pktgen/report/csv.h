/* SPDX-License-Identifier: BSD-3-Clause */
/* A small table from a CSV file (RFC 4180) with a head line. */
#ifndef PKTGEN_REPORT_CSV_H
#define PKTGEN_REPORT_CSV_H

#include "base/error.h"

#define CSV_COLUMNS_MAX 32
#define CSV_BYTES_MAX   (4u << 20)

struct csv {
	char *text; /* that all fields are in */
	unsigned nb_columns, n, room;
	const char *names[CSV_COLUMNS_MAX];
	const char **fields; /* n times nb_columns */
};

/* Reads one; the caller ends it with csv_free, also after an error. -errno of opening; -EINVAL
 * names file and line: too few or too many fields, an open quote, not text; -EFBIG; -ENOMEM. */
int csv_load(const char *path, struct csv *csv, struct xd_error *err);
void csv_free(struct csv *csv);

/* The column of that name; -1: there is none. */
int csv_column(const struct csv *csv, const char *name);
const char *csv_field(const struct csv *csv, unsigned row, int column);
/* Its number, or NAN: it is none. */
double csv_number(const struct csv *csv, unsigned row, int column);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Published figures: CSV files, which stand beside what was measured where the units are the same.
 * What kind of figures a file has, its columns tell: config/reference/README.rst. */
#ifndef PKTGEN_REPORT_REFERENCE_H
#define PKTGEN_REPORT_REFERENCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "csv.h"

#define REFERENCES_MAX 16

struct report_reference {
	char name[96];   /* the file's, without .csv */
	char about[512]; /* the first line of FILE.txt beside FILE.csv; or empty */
	struct csv csv;
};

struct report_references {
	unsigned n;
	struct report_reference files[REFERENCES_MAX];
};

/* Loads the files, or, when none is named, those that came with the program; none of these is no
 * error. Destroyed also after an error. As csv_load; -E2BIG. */
int report_references_load(struct report_references *references, const char *const *paths,
	unsigned n, struct xd_error *err);
void report_references_destroy(struct report_references *references);

/* The file of that name, or NULL. */
const struct report_reference *report_reference_named(
	const struct report_references *references, const char *name);
/* Whether a row has the values that `select` names for columns; its "file" and "column" are none.
 */
bool report_reference_matches(const struct csv *csv, unsigned row, const json_t *select);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Parts of a result file that load.c has read. Errors go to the record. Any thread. */
#ifndef PKTGEN_REPORT_LOAD_ROW_H
#define PKTGEN_REPORT_LOAD_ROW_H

#include "record.h"
#include "traffic/result/result.h"

/* The record's first error, or 0. */
int load_row(struct record *r, struct xd_row *row);
void load_rings(struct record *r, struct xd_rings_figures *rings);
/* A whole number, or 0 for null. */
uint64_t load_count_or_null(struct record *r, const char *key);

#endif

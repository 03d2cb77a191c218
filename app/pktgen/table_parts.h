/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tables of the engines are put together from. */
#ifndef PKTGEN_TABLE_PARTS_H
#define PKTGEN_TABLE_PARTS_H

#include "table.h"

/* Prints title, with the rings of the row, and head lines when rows of another title stand above.
 * The heads are those of the columns before the tail; the second has their units. */
void table_head(struct table *table, const struct xd_row *row, const char *title, const char *head,
	const char *units);

/* What is measured, above the first row of that name. */
void table_name(struct table *table, const struct xd_row *row);

/* A mix's name or its mean, "~358"; or the size. Returns text. */
const char *table_size(const struct xd_row *row, char *text, size_t size);
/* In millions, or what is said when it is zero. Returns text. */
const char *table_mpps(double pps, const char *zero, char *text, size_t size);

/* What every row ends with: the switch's cycles, placement, CPU time; ends the line. */
void table_tail(const struct xd_row *row);

/* Lines below a row: schedule, times, flows, learning. */
void table_notes(const struct xd_row *row);

/* Nanoseconds in microseconds, with fewer decimals the longer it is. Returns text. */
const char *table_us(double ns, char *text, size_t size);

void table_rate_row(struct table *table, const struct xd_row *row);
void table_pairs_row(struct table *table, const struct xd_row *row);
void table_latency_row(struct table *table, const struct xd_row *row);
/* Of engines whose own figures begin with those of messages. */
void table_message_row(struct table *table, const struct xd_row *row);
void table_rr_row(struct table *table, const struct xd_row *row);
void table_search_row(struct table *table, const struct xd_row *row);
/* Any engine's own figures under their heads. */
void table_own_row(struct table *table, const struct xd_row *row);
/* The same, and frames a second. */
void table_own_frames_row(struct table *table, const struct xd_row *row);

#endif

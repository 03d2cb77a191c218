/* SPDX-License-Identifier: BSD-3-Clause */
/* The sections of the page: each writes itself, or nothing when there is nothing to say. */
#ifndef PKTGEN_REPORT_SECTION_H
#define PKTGEN_REPORT_SECTION_H

#include "engine.h"
#include "figure.h"
#include "html.h"

void section_environment(struct report_page *page);
/* Whether it has a line: of one system, what has tables of its own is there. */
bool section_has_summary(const struct report_set *set);
void section_summary(struct report_page *page);
void section_rate(struct report_page *page);
void section_latency(struct report_page *page);
void section_pacing(struct report_page *page);
void section_search(struct report_page *page);
void section_pairs(struct report_page *page);
void section_floor(struct report_page *page);
void section_steps(struct report_page *page);
void section_left_out(struct report_page *page);
void section_reference(struct report_page *page);
/* Messages: over their size, before all other sections; and of an engine that sends them. */
void section_message_charts(struct report_page *page);
void section_message(struct report_page *page, const struct engine *engine);
/* Of an engine's own figures. */
void section_own(struct report_page *page, const struct engine *engine);

/* Whether rows of any engine were timed. */
bool section_latency_has(const struct report_set *set);

/* What tables of all engines end with: bottleneck, the switch's cycles, CPU and steal time, cores,
 * NUMA nodes, trials. */
#define DETAIL_COLUMNS 8
void detail_head(FILE *out);
void detail_cells(const struct report_page *page, const struct report_cell *cell);
/* The median of a figure over the trials that are used, as a cell. */
void detail_median(FILE *out, const struct report_cell *cell, report_figure_fn figure);
void detail_median_count(FILE *out, const struct report_cell *cell, report_figure_fn figure);
/* Numbers of trials that do not count, and steal, as badges. */
void detail_badges(FILE *out, const struct report_line *line, const struct report_cell *cell);
/* The head cells of a line of a detail table: what it is, and the system. */
void detail_line(const struct report_page *page, const struct report_line *line, unsigned system);

typedef bool (*detail_mine_fn)(const struct report_line *line);
typedef void (*detail_write_fn)(
	struct report_page *page, const struct report_line *line, unsigned system);
/* Whether any system has a trial that counts. */
bool detail_is_used(const struct report_set *set, const struct report_line *line);
/* The body of such a table, which is open with its head written, and its end: all lines that are
 * mine, of every system that has trials that count, with a row of `columns` above each group. */
void detail_rows(
	struct report_page *page, detail_mine_fn mine, unsigned columns, detail_write_fn write);

/* Of a group of lines that begins at line i: where it ends. */
unsigned section_group_end(const struct report_line *lines, unsigned n, unsigned i);
/* A line of the generator alone that figures of a row cannot be better than, or NULL. timed: of
 * times, the same way, of the same size where there is one; else of rates, the fastest of the same
 * size and touch. */
const struct report_line *section_floor_of(
	const struct report_set *set, const struct xd_row *row, bool timed);

#endif

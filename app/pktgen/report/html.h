/* SPDX-License-Identifier: BSD-3-Clause */
/* Writing the page: text that is safe in HTML, numbers as people read them, and the page's state.
 */
#ifndef PKTGEN_REPORT_HTML_H
#define PKTGEN_REPORT_HTML_H

#include <stdio.h>

#include "sample.h"
#include "set.h"

struct report_references; /* reference.h */

struct report_page {
	FILE *out; /* memory */
	const struct report_set *set;
	const struct report_references *references; /* NULL: none */
	const char *title;
	struct xd_error *err;
	int rc; /* the first error of a chart; what is written after it is thrown away */
};

/* Of frames or messages: "64K" for 65536, and so on, where it comes out even. Returns text. */
#define HTML_BYTES 24
const char *html_bytes(char *text, uint64_t bytes);

/* Text that is not ours. Markup and control characters are taken out of it. */
void html_text(FILE *out, const char *text);
/* "<th>text</th>" and the like; class may be NULL. */
void html_cell(FILE *out, const char *tag, const char *class, const char *text);
/* A number with four digits that matter, as a cell; empty for NAN. */
void html_number_cell(FILE *out, double value);
/* The same into text: "12.35"; "-" for NAN. Returns text. */
#define HTML_NUMBER 32
const char *html_number(char *text, double value);
/* A whole number with thin spaces between thousands, as a cell. */
void html_count_cell(FILE *out, double value);

/* A span of the system's colour, and its name. */
void html_swatch(FILE *out, unsigned system);
void html_system(const struct report_page *page, unsigned system);
/* What a line's group is, "pairs, one way, 1 flow (mac), touch full, as fast as it goes", with its
 * engine before it, and what a line is in its group: "64 B". */
void html_group(FILE *out, const struct xd_row *row);
void html_line(FILE *out, const struct xd_row *row);
/* Plain text of the same, for ticks of charts: "64", "imix". At most size. */
void html_tick(const struct xd_row *row, char *text, size_t size);

/* The table is wrapped so that it scrolls by itself on a narrow screen. */
void html_table_open(FILE *out, const char *class);
void html_table_close(FILE *out);
/* A head line of a group over `columns` columns, if the line begins one. */
void html_group_row(const struct report_page *page, const struct report_line *line,
	const struct report_line *before, unsigned columns);

/* The first and last of the file. */
void html_open(FILE *out, const char *title);
void html_close(FILE *out);

#endif

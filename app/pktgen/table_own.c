/* SPDX-License-Identifier: BSD-3-Clause */
/* The table on the screen for engines that bring none: their own figures under their heads. */
#include <stdio.h>
#include <string.h>

#include "table_parts.h"

#define WIDTH 10 /* of a column, at least */

static int
width_of(const struct xd_figure *f)
{
	int len = (int)strlen(f->head);

	return len > WIDTH ? len : WIDTH;
}

/* As text; "-" where the row does not have it. */
static void
print_figure(const struct xd_figure *f, const struct xd_row *row, char *text, size_t size)
{
	const void *at = xd_figure_at(f, row);
	double scale = f->scale > 0 ? f->scale : 1;

	if (f->has && !f->has(row))
		snprintf(text, size, "-");
	else if (f->kind == XD_FIGURE_TEXT)
		snprintf(text, size, "%s", (const char *)at);
	else if (f->kind == XD_FIGURE_FLAG)
		snprintf(text, size, "%s", *(const bool *)at ? "yes" : "no");
	else if (f->kind == XD_FIGURE_REAL)
		snprintf(text, size, "%.3f", xd_figure_real(f, row) / scale);
	else if (f->kind != XD_FIGURE_TIMES)
		snprintf(text, size, "%llu", (unsigned long long)xd_figure_count(f, row));
	else
		snprintf(text, size, "%.2f", ((const struct xd_times *)at)->p50_ns / 1e3);
}

/* frames: of the row a second, too. */
static void
own_row(struct table *table, const struct xd_row *row, bool frames)
{
	char head[512] = "", units[512] = "", text[64];
	size_t used = 0;

	for (const struct xd_figure *f = row->engine->figures; f && f->key; f++) {
		if (!f->head || used + (size_t)width_of(f) + 2 >= sizeof(head))
			continue;
		snprintf(head + used, sizeof(head) - used, "%*s ", width_of(f), f->head);
		snprintf(units + used, sizeof(units) - used, "%*s ", width_of(f),
			f->unit ? f->unit : "");
		used += (size_t)width_of(f) + 1;
	}
	if (frames && used + WIDTH + 2 < sizeof(head)) {
		snprintf(head + used, sizeof(head) - used, "%*s ", WIDTH, "frames");
		snprintf(units + used, sizeof(units) - used, "%*s ", WIDTH, "1/s");
	}
	table_head(table, row, row->engine->name, head, units);
	table_name(table, row);
	for (const struct xd_figure *f = row->engine->figures; f && f->key; f++) {
		if (!f->head)
			continue;
		print_figure(f, row, text, sizeof(text));
		printf("%*s ", width_of(f), text);
	}
	if (frames)
		printf("%*.0f ", WIDTH, row->rate.pps);
	table_tail(row);
	table_notes(row);
}

void
table_own_row(struct table *table, const struct xd_row *row)
{
	own_row(table, row, false);
}

void
table_own_frames_row(struct table *table, const struct xd_row *row)
{
	own_row(table, row, true);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* An engine whose report is a table of its own figures. */
#include <math.h>

#include "section.h"

static double
value_of(const struct xd_figure *f, const struct xd_row *row)
{
	double value = f->kind == XD_FIGURE_REAL ? xd_figure_real(f, row)
						 : (double)xd_figure_count(f, row);

	if ((f->has && !f->has(row)) || (f->or_null && value == 0))
		return NAN;
	return f->scale > 0 ? value / f->scale : value;
}

/* Whether it is one of the columns. */
static bool
is_shown(const struct xd_figure *f)
{
	return f->head && (f->kind == XD_FIGURE_UNSIGNED || f->kind == XD_FIGURE_COUNT ||
				  f->kind == XD_FIGURE_REAL || f->kind == XD_FIGURE_TEXT);
}

static void
write_head(FILE *out, const struct xd_engine *engine)
{
	fputs("<thead><tr><th>system</th><th>trial</th>", out);
	for (const struct xd_figure *f = engine->figures; f->key; f++) {
		if (!is_shown(f))
			continue;
		fputs(f->kind == XD_FIGURE_TEXT ? "<th>" : "<th class=\"n\">", out);
		html_text(out, f->head);
		if (f->unit) {
			fputs("<br>", out);
			html_text(out, f->unit);
		}
		fputs("</th>", out);
	}
	fputs("</tr></thead>\n<tbody>\n", out);
}

static void
write_trial(struct report_page *page, const struct report_line *line, unsigned system, unsigned i)
{
	const struct xd_row *row = line->cells[system].trials[i].row;

	fputs("<tr><td class=\"s\">", page->out);
	html_system(page, system);
	fprintf(page->out, "</td><td>%u</td>", row->trial);
	for (const struct xd_figure *f = row->engine->figures; f->key; f++) {
		if (!is_shown(f))
			continue;
		if (f->kind == XD_FIGURE_TEXT)
			html_cell(page->out, "td", NULL, xd_figure_at(f, row));
		else if (f->kind == XD_FIGURE_REAL)
			html_number_cell(page->out, value_of(f, row));
		else
			html_count_cell(page->out, value_of(f, row));
	}
	fputs("</tr>\n", page->out);
}

void
section_own(struct report_page *page, const struct engine *engine)
{
	const struct report_set *set = page->set;
	bool open = false;

	for (unsigned i = 0; i < set->n && engine->results->figures; i++) {
		const struct report_line *line = &set->lines[i];

		if (line->like->engine != engine->results)
			continue;
		if (!open) {
			fprintf(page->out, "<h2 id=\"%s\">%s</h2>\n", engine->results->name,
				engine->report.title ? engine->report.title
						     : engine->results->name);
			html_table_open(page->out, "own");
			write_head(page->out, engine->results);
			open = true;
		}
		for (unsigned k = 0; k < set->nb_systems; k++)
			for (unsigned t = 0; t < line->cells[k].n; t++)
				write_trial(page, line, k, t);
	}
	if (open) {
		fputs("</tbody>\n", page->out);
		html_table_close(page->out);
	}
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the detail tables of several sections share: columns that say how a trial went (bottleneck,
 * cycles, CPU and stolen time), badges for trials that do not count, and the walk over lines and
 * systems.
 */
#include <math.h>
#include <string.h>

#include "section.h"

#define STEAL_SHARE 0.01 /* of one CPU, from which on a trial is marked */
#define BOTTLENECKS (XD_BOTTLENECK_GENERATOR_RECEIVE + 1)

void
detail_head(FILE *out)
{
	fputs("<th>bottleneck</th><th class=\"n\">switch<br>cycles/frame</th>"
	      "<th class=\"n\">switch<br>busy %</th><th class=\"n\">CPU s</th>"
	      "<th class=\"n\">steal "
	      "s</th><th>cores</th><th>NUMA<br><small>mem/core/guest</small></th>"
	      "<th>trials</th>",
		out);
}

void
detail_median(FILE *out, const struct report_cell *cell, report_figure_fn figure)
{
	html_number_cell(out, report_sample_of(cell, figure).median);
}

void
detail_median_count(FILE *out, const struct report_cell *cell, report_figure_fn figure)
{
	html_count_cell(out, report_sample_of(cell, figure).median);
}

static void
bottlenecks(FILE *out, const struct report_cell *cell)
{
	unsigned count[BOTTLENECKS] = {0}, kinds = 0, written = 0;

	for (unsigned i = 0; i < cell->n; i++)
		if (cell->trials[i].use == REPORT_USED)
			kinds += count[cell->trials[i].row->rate.bottleneck]++ == 0;
	fputs("<td>", out);
	for (unsigned i = 0; i < BOTTLENECKS; i++) {
		if (!count[i])
			continue;
		fputs(written++ ? ", " : "", out);
		html_text(out, xd_bottleneck_name((enum xd_bottleneck)i));
		if (kinds > 1)
			fprintf(out, " &times;%u", count[i]);
	}
	fputs(kinds ? "</td>" : "-</td>", out);
}

static bool
is_stolen(const struct report_cell *cell)
{
	for (unsigned i = 0; i < cell->n; i++) {
		const struct xd_row *row = cell->trials[i].row;

		if (cell->trials[i].use == REPORT_USED && row->steal_s > STEAL_SHARE * row->time_s)
			return true;
	}
	return false;
}

/* Of the first trial that counts: they were run alike. */
static void
numa_nodes(FILE *out, const struct report_cell *cell)
{
	char text[XD_NUMA_TEXT];

	for (unsigned i = 0; i < cell->n; i++)
		if (cell->trials[i].use == REPORT_USED) {
			fputs("<td>", out);
			html_text(
				out, xd_numa_text(&cell->trials[i].row->numa, text, sizeof(text)));
			fputs("</td>", out);
			return;
		}
	fputs("<td>-</td>", out);
}

static bool
is_remote(const struct report_cell *cell)
{
	for (unsigned i = 0; i < cell->n; i++)
		if (cell->trials[i].use == REPORT_USED && cell->trials[i].row->numa.remote)
			return true;
	return false;
}

static void
badge(FILE *out, unsigned n, const char *what, const char *why)
{
	if (n)
		fprintf(out, " <span class=\"badge\" title=\"%s\">%u %s</span>", why, n, what);
}

void
detail_badges(FILE *out, const struct report_line *line, const struct report_cell *cell)
{
	badge(out, cell->voids, "void", "the generator fell behind: not counted");
	badge(out, cell->partials, "partial", "cut short: not counted");
	badge(out, cell->other_class, "of other placement", "not compared: not counted");
	if (line && cell->class && line->class && strcmp(cell->class, line->class))
		fprintf(out,
			" <span class=\"badge\" title=\"the others' cores were %s\">cores %s, not "
			"%s</span>",
			line->class, cell->class, line->class);
	if (is_remote(cell))
		fputs(" <span class=\"badge\" title=\"frames lie on another NUMA node than the "
		      "core "
		      "that drives their port\">remote memory</span>",
			out);
	if (is_stolen(cell))
		fputs(" <span class=\"badge\" title=\"over 1 % of a CPU\">steal</span>", out);
}

void
detail_cells(const struct report_page *page, const struct report_cell *cell)
{
	bottlenecks(page->out, cell);
	detail_median(page->out, cell, figure_cycles);
	detail_median(page->out, cell, figure_busy_percent);
	detail_median(page->out, cell, figure_cpu_s);
	detail_median(page->out, cell, figure_steal_s);
	fprintf(page->out, "<td>%s</td>", cell->class ? cell->class : "-");
	numa_nodes(page->out, cell);
	fprintf(page->out, "<td>%u", cell->used);
	detail_badges(page->out, NULL, cell);
	fputs("</td></tr>\n", page->out);
}

void
detail_line(const struct report_page *page, const struct report_line *line, unsigned system)
{
	fputs("<tr><th class=\"f\">", page->out);
	html_line(page->out, line->like);
	fputs("</th><td class=\"s\">", page->out);
	html_system(page, system);
	fputs("</td>", page->out);
}

bool
detail_is_used(const struct report_set *set, const struct report_line *line)
{
	for (unsigned k = 0; k < set->nb_systems; k++)
		if (line->cells[k].used)
			return true;
	return false;
}

void
detail_rows(struct report_page *page, detail_mine_fn mine, unsigned columns, detail_write_fn write)
{
	const struct report_set *set = page->set;
	const struct report_line *before = NULL;

	fputs("<tbody>\n", page->out);
	for (unsigned i = 0; i < set->n; i++) {
		const struct report_line *line = &set->lines[i];

		if (!mine(line) || !detail_is_used(set, line))
			continue;
		html_group_row(page, line, before, columns);
		before = line;
		for (unsigned k = 0; k < set->nb_systems; k++)
			if (line->cells[k].used)
				write(page, line, k);
	}
	fputs("</tbody>\n", page->out);
	html_table_close(page->out);
}

unsigned
section_group_end(const struct report_line *lines, unsigned n, unsigned i)
{
	unsigned end = i + 1;

	while (end < n && !strcmp(lines[end].group, lines[i].group))
		end++;
	return end;
}

/* Whether a line of the generator alone has the size of a row. */
static bool
is_same_size(const struct xd_row *own, const struct xd_row *row)
{
	return own->size == row->size && !strcmp(own->mix, row->mix);
}

const struct report_line *
section_floor_of(const struct report_set *set, const struct xd_row *row, bool timed)
{
	const struct report_line *best = NULL;
	double most = 0;

	for (unsigned i = 0; i < set->nb_floor; i++) {
		const struct report_line *line = &set->floor[i];
		const struct xd_row *own = line->like;
		double mpps;

		if (!line->cells[0].used || own->timed != timed)
			continue;
		if (timed && own->latency.way != row->latency.way)
			continue;
		if (timed && (!best || is_same_size(own, row)))
			best = line;
		/* What sends or receives only is faster than anything that is measured through. */
		if (timed || own->rate.asked_pps > 0 || own->touch != row->touch ||
			!is_same_size(own, row) || strstr(own->name, " only"))
			continue;
		mpps = report_sample_of(&line->cells[0], figure_mpps).median;
		if (mpps > most) {
			most = mpps;
			best = line;
		}
	}
	return best;
}

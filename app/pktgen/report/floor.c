/* SPDX-License-Identifier: BSD-3-Clause */
/* What the generator does alone (calibrate): no figure of a switch can be better. */
#include "section.h"

static void
write_cells(struct report_page *page, const struct report_line *line)
{
	const struct report_cell *cell = &line->cells[0];
	struct report_sample s = report_sample_of(cell, figure_mpps);
	char low[HTML_NUMBER], high[HTML_NUMBER];

	fputs("<tr><th class=\"f\">", page->out);
	html_line(page->out, line->like);
	fputs("</th>", page->out);
	html_number_cell(page->out, s.median);
	fputs("<td class=\"n\">", page->out);
	if (s.n >= 3)
		fprintf(page->out, "[%s, %s] ", html_number(low, s.low), html_number(high, s.high));
	fprintf(page->out, "n=%u</td>", s.n);
	detail_median(page->out, cell, figure_l2_gbps);
	detail_median(page->out, cell, figure_p50_us);
	detail_median(page->out, cell, figure_p99_us);
	detail_median(page->out, cell, figure_p99_9_us);
	detail_median(page->out, cell, figure_times(FIGURE_ACTUAL, FIGURE_TIMES - 1));
	detail_cells(page, cell);
}

void
section_floor(struct report_page *page)
{
	const struct report_set *set = page->set;

	if (!set->nb_floor)
		return;
	fputs("<h2 id=\"calibrate\">The generator alone</h2>\n<p>Its ports connected to each "
	      "other, "
	      "with nothing in between: the most that it can send and receive, and the shortest "
	      "time that it can tell. A figure of a switch that comes near these is the "
	      "generator&rsquo;s own. Dashed grey in the charts.</p>\n",
		page->out);
	html_table_open(page->out, "alone");
	fputs("<thead><tr><th>frame</th><th class=\"n\">Mpps</th><th class=\"n\">95 % of the mean"
	      "</th><th class=\"n\">L2<br>Gbit/s</th><th class=\"n\">P50<br>&micro;s</th>"
	      "<th class=\"n\">P99</th><th class=\"n\">P99.9</th><th class=\"n\">max</th>",
		page->out);
	detail_head(page->out);
	fputs("</tr></thead>\n<tbody>\n", page->out);
	for (unsigned i = 0; i < set->nb_floor; i++) {
		html_group_row(
			page, &set->floor[i], i ? &set->floor[i - 1] : NULL, 8 + DETAIL_COLUMNS);
		write_cells(page, &set->floor[i]);
	}
	fputs("</tbody>\n", page->out);
	html_table_close(page->out);
}

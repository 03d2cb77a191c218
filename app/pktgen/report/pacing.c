/* SPDX-License-Identifier: BSD-3-Clause */
/* How well the schedule was kept, and by whose fault it was not. */
#include "section.h"

static void
write_line(struct report_page *page, const struct report_line *line, unsigned system, bool own)
{
	static const unsigned columns[] = {2, 4, 5, 7}; /* of figure_times_names */
	const struct report_cell *cell = &line->cells[system];

	if (own) {
		fputs("<tr><th class=\"f\">", page->out);
		html_line(page->out, line->like);
		fputs("</th><td>the generator alone</td>", page->out);
	} else {
		detail_line(page, line, system);
	}
	detail_median(page->out, cell, figure_asked_mpps);
	detail_median(page->out, cell, figure_sent_mpps);
	detail_median(page->out, cell, figure_asked_error_ppm);
	detail_median(page->out, cell, figure_within_percent);
	for (unsigned i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		detail_median(page->out, cell, figure_times(FIGURE_LATENESS, columns[i]));
	detail_median_count(page->out, cell, figure_max_burst);
	detail_median_count(page->out, cell, figure_late);
	detail_median_count(page->out, cell, figure_blocked);
	detail_median_count(page->out, cell, figure_skipped);
	fprintf(page->out, "<td>%u", cell->used);
	detail_badges(page->out, NULL, cell);
	fputs("</td></tr>\n", page->out);
}

static unsigned
count(const struct report_line *lines, unsigned n)
{
	unsigned paced = 0;

	for (unsigned i = 0; i < n; i++)
		paced += lines[i].like->paced;
	return paced;
}

static void
write_lines(struct report_page *page, const struct report_line *lines, unsigned n,
	unsigned nb_cells, bool own)
{
	const struct report_line *before = NULL;

	for (unsigned i = 0; i < n; i++) {
		if (!lines[i].like->paced)
			continue;
		html_group_row(page, &lines[i], before, 15);
		before = &lines[i];
		for (unsigned k = 0; k < nb_cells; k++)
			if (lines[i].cells[k].n)
				write_line(page, &lines[i], k, own);
	}
}

void
section_pacing(struct report_page *page)
{
	const struct report_set *set = page->set;

	if (!count(set->lines, set->n) && !count(set->floor, set->nb_floor))
		return;
	fputs("<h2 id=\"pacing\">Schedule</h2>\n<p>How exactly the generator sent what it was "
	      "asked "
	      "to: lateness is the time of sending less the time planned. Late frames are the "
	      "generator&rsquo;s fault and make a trial void; blocked and skipped ones the "
	      "switch&rsquo;s, which did not take them in time.</p>\n",
		page->out);
	html_table_open(page->out, "schedule");
	fputs("<thead><tr><th>frame</th><th>system</th><th class=\"n\">asked<br>Mpps each</th>"
	      "<th class=\"n\">sent<br>Mpps</th><th class=\"n\">off by<br>ppm</th>"
	      "<th class=\"n\">within<br>500 ns, %</th><th class=\"n\">lateness<br>P50 "
	      "&micro;s</th>"
	      "<th class=\"n\">P99</th><th class=\"n\">P99.9</th><th class=\"n\">max</th>"
	      "<th class=\"n\">largest<br>burst</th><th class=\"n\">late</th>"
	      "<th class=\"n\">blocked</th><th class=\"n\">skipped</th><th>trials</th></tr>"
	      "</thead>\n<tbody>\n",
		page->out);
	write_lines(page, set->floor, set->nb_floor, 1, true);
	write_lines(page, set->lines, set->n, set->nb_systems, false);
	fputs("</tbody>\n", page->out);
	html_table_close(page->out);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* All systems side by side, with their ratio to the baseline. */
#include <math.h>
#include <string.h>

#include "section.h"

/* Whether both have intervals, and these have nothing in common. */
static bool
are_apart(const struct report_sample *a, const struct report_sample *b)
{
	if (a->n < 3 || b->n < 3)
		return false;
	return a->low > b->high || b->low > a->high;
}

static void
write_ratio(FILE *out, const struct report_figure *figure, const struct report_cell *cell,
	const struct report_cell *baseline)
{
	struct report_ratio ratio = report_ratio_of(cell, baseline, figure->get);
	struct report_sample a = report_sample_of(cell, figure->get);
	struct report_sample b = report_sample_of(baseline, figure->get);
	double percent = 100 * (ratio.value - 1);
	bool alike = cell->class && baseline->class && !strcmp(cell->class, baseline->class);
	const char *class = "r";
	char text[HTML_NUMBER];

	if (!isfinite(ratio.value))
		return;
	if (alike && are_apart(&a, &b) && fabs(percent) >= 0.05)
		class = (percent > 0) != figure->less_is_better ? "r good" : "r bad";
	fprintf(out, "<span class=\"%s\">&times;%s (%+.1f %%)", class,
		html_number(text, ratio.value), percent);
	if (!alike)
		fprintf(out, " <span class=\"badge\">cores %s to %s</span>", cell->class,
			baseline->class);
	else if (ratio.pairs)
		fprintf(out, " <span class=\"u\">%u pairs</span>", ratio.pairs);
	fputs("</span>", out);
}

static void
write_sample(FILE *out, const struct report_figure *figure, const struct report_cell *cell)
{
	struct report_sample s = report_sample_of(cell, figure->get);
	char text[HTML_NUMBER], high[HTML_NUMBER];

	fprintf(out, "<span class=\"v\">%s</span> <span class=\"u\">%s",
		html_number(text, s.median), figure->unit);
	if (figure->beside)
		fprintf(out, " &middot; %s %s",
			html_number(text, report_sample_of(cell, figure->beside).median),
			figure->beside_unit);
	fputs("</span><span class=\"ci\">", out);
	if (s.n >= 3)
		fprintf(out, "[%s, %s] ", html_number(text, fmax(s.low, 0)),
			html_number(high, s.high)); /* no figure can be less */
	fprintf(out, "n=%u</span>", s.n);
}

static void
write_cell(struct report_page *page, const struct report_line *line,
	const struct report_figure *figure, unsigned system)
{
	const struct report_cell *cell = &line->cells[system];
	const struct report_set *set = page->set;

	fputs("<td class=\"m\">", page->out);
	if (report_sample_of(cell, figure->get).n) {
		write_sample(page->out, figure, cell);
		if (system != set->baseline)
			write_ratio(page->out, figure, cell, &line->cells[set->baseline]);
		else if (set->nb_systems > 1)
			fputs("<span class=\"r dim\">baseline</span>", page->out);
	} else {
		fputs("<span class=\"dim\">-</span>", page->out);
	}
	detail_badges(page->out, line, cell);
	fputs("</td>", page->out);
}

static void
write_head(struct report_page *page)
{
	fputs("<thead><tr><th>frame</th><th>figure</th>", page->out);
	for (unsigned i = 0; i < page->set->nb_systems; i++) {
		fputs("<th>", page->out);
		html_system(page, i);
		fputs("</th>", page->out);
	}
	fputs("<th>cores</th></tr></thead>\n<tbody>\n", page->out);
}

void
section_summary(struct report_page *page)
{
	const struct report_set *set = page->set;
	const struct report_figure *figures;

	if (!set->n)
		return;
	fputs("<h2 id=\"summary\">Summary</h2>\n<p>Median of the trials that count; below it the "
	      "95&nbsp;% confidence interval of their mean (Student&rsquo;s t, from three trials "
	      "on) and their number; then ",
		page->out);
	if (set->nb_systems > 1) {
		fputs("the ratio to <b>", page->out);
		html_text(page->out, set->systems[set->baseline].name);
		fputs("</b>. It is the median of the ratios of trials taken in turn where five or "
		      "more can be paired (&ldquo;pairs&rdquo;), else the ratio of the medians; it "
		      "has a colour only where the intervals do not overlap. ",
			page->out);
	} else {
		fputs("what did not count. ", page->out);
	}
	fputs("Void and partial trials are counted, and never averaged in. Only trials of one "
	      "placement class of the cores are compared; where a system has none of it, its cell "
	      "says so.</p>\n",
		page->out);
	html_table_open(page->out, "summary");
	write_head(page);
	for (unsigned i = 0; i < set->n; i++) {
		const struct report_line *line = &set->lines[i];
		unsigned n = report_figures_of(line->like, &figures);

		html_group_row(page, line, i ? line - 1 : NULL, set->nb_systems + 3);
		for (unsigned j = 0; j < n; j++) {
			fputs("<tr><th class=\"f\">", page->out);
			html_line(page->out, line->like);
			fprintf(page->out, "</th><td>%s</td>", figures[j].name);
			for (unsigned k = 0; k < set->nb_systems; k++)
				write_cell(page, line, &figures[j], k);
			fprintf(page->out, "<td>%s</td></tr>\n", line->class ? line->class : "-");
		}
	}
	fputs("</tbody>\n", page->out);
	html_table_close(page->out);
}

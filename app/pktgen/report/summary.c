/* SPDX-License-Identifier: BSD-3-Clause */
/* All systems side by side, with their ratio to the baseline. */
#include <math.h>
#include <string.h>

#include "published.h"
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

/* Whether any system has the figure in this line; those that do not count have a section. */
static bool
has_any(const struct report_set *set, const struct report_line *line, report_figure_fn get)
{
	for (unsigned k = 0; k < set->nb_systems; k++)
		if (report_sample_of(&line->cells[k], get).n)
			return true;
	return false;
}

/* Messages of many sizes have a table of theirs, which says as much when there is one system. */
static bool
is_elsewhere(const struct report_set *set, const struct report_line *line)
{
	const struct report_line *end = set->lines + set->n;

	if (set->nb_systems > 1 || !report_size_figure(line->like))
		return false;
	return (line > set->lines && !strcmp(line[-1].group, line->group)) ||
	       (line + 1 < end && !strcmp(line[1].group, line->group));
}

/* Whether published figures stand beside any line. */
static bool
has_published(const struct report_page *page)
{
	for (unsigned i = 0; i < page->set->nb_files; i++)
		if (page->references && page->set->files[i].reference &&
			!json_is_null(page->set->files[i].reference))
			return true;
	return false;
}

static void
write_unit(struct report_page *page, const struct report_line *line, const char *unit,
	unsigned *written)
{
	static const struct {
		const char *text;
		enum published_unit unit;
	} units[] = {{"Gbit/s", PUBLISHED_GBPS}, {"&micro;s", PUBLISHED_US}};
	struct published_value values[PUBLISHED_MAX];
	char text[HTML_NUMBER];

	for (size_t i = 0; unit && i < sizeof(units) / sizeof(units[0]); i++) {
		unsigned n = strcmp(units[i].text, unit)
				     ? 0
				     : published_values(page, line, units[i].unit, values);

		for (unsigned k = 0; k < n; k++) {
			fprintf(page->out, "%s<b>%s</b> %s <small>", (*written)++ ? "<br>" : "",
				html_number(text, values[k].value), unit);
			html_text(page->out, values[k].name);
			fputs("</small>", page->out);
		}
	}
}

static void
write_published(struct report_page *page, const struct report_line *line,
	const struct report_figure *figure)
{
	unsigned written = 0;

	fputs("<td class=\"p\">", page->out);
	write_unit(page, line, figure->unit, &written);
	write_unit(page, line, figure->beside_unit, &written);
	fputs(written ? "</td>" : "-</td>", page->out);
}

static void
write_line(struct report_page *page, const struct report_line *line,
	const struct report_figure *figure, bool published)
{
	fputs("<tr><th class=\"f\">", page->out);
	html_line(page->out, line->like);
	fprintf(page->out, "</th><td>%s</td>", figure->name);
	for (unsigned k = 0; k < page->set->nb_systems; k++)
		write_cell(page, line, figure, k);
	if (published)
		write_published(page, line, figure);
	fprintf(page->out, "<td>%s</td></tr>\n", line->class ? line->class : "-");
}

static void
write_head(struct report_page *page, bool published)
{
	fputs("<thead><tr><th>frame</th><th>figure</th>", page->out);
	for (unsigned i = 0; i < page->set->nb_systems; i++) {
		fputs("<th>", page->out);
		html_system(page, i);
		fputs("</th>", page->out);
	}
	fprintf(page->out, "%s<th>cores</th></tr></thead>\n<tbody>\n",
		published ? "<th>published</th>" : "");
}

bool
section_has_summary(const struct report_set *set)
{
	const struct report_figure *figures;

	for (unsigned i = 0; i < set->n; i++) {
		const struct report_line *line = &set->lines[i];
		unsigned n = is_elsewhere(set, line) ? 0 : report_figures_of(line->like, &figures);

		for (unsigned j = 0; j < n; j++)
			if (has_any(set, line, figures[j].get))
				return true;
	}
	return false;
}

void
section_summary(struct report_page *page)
{
	const struct report_set *set = page->set;
	const struct report_line *before = NULL;
	const struct report_figure *figures;
	bool published = has_published(page);

	if (!section_has_summary(set))
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
	write_head(page, published);
	for (unsigned i = 0; i < set->n; i++) {
		const struct report_line *line = &set->lines[i];
		unsigned n = is_elsewhere(set, line) ? 0 : report_figures_of(line->like, &figures);

		for (unsigned j = 0; j < n; j++) {
			if (!has_any(set, line, figures[j].get))
				continue;
			html_group_row(page, line, before, set->nb_systems + 3 + published);
			before = line;
			write_line(page, line, &figures[j], published);
		}
	}
	fputs("</tbody>\n", page->out);
	html_table_close(page->out);
}

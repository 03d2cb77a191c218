/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames and bits per second: over sizes, or over flows where only these differ. */
#include <string.h>

#include "chart.h"
#include "section.h"
#include "traffic/engine/rate.h"

static bool
is_rate(const struct report_line *line)
{
	return line->like->engine == &xd_rate_engine;
}

static void
add_floor(struct report_page *page, struct chart *chart, const struct report_line *lines,
	unsigned n, report_figure_fn figure)
{
	struct chart_series *s = chart_series(chart, 0);
	char text[24];

	if (!s)
		return;
	s->own = true;
	s->name = "the generator alone";
	for (unsigned i = 0; i < n; i++) {
		const struct report_line *own = section_floor_of(page->set, lines[i].like, false);

		if (!own)
			continue;
		html_tick(lines[i].like, text, sizeof(text));
		chart_value(s, chart_tick(chart, text),
			report_sample_of(&own->cells[0], figure).median);
	}
}

/* One chart of lines[0..n-1], which are of one group. */
static void
draw_sizes(struct report_page *page, const struct report_line *lines, unsigned n,
	report_figure_fn figure, const char *title, const char *label)
{
	struct chart *chart = chart_create(title, lines[0].like);
	char text[24];

	if (chart) {
		chart->x_label = "frame, B without FCS";
		chart->y_label = label;
		chart->from_zero = true;
		for (unsigned i = 0; i < n; i++) {
			html_tick(lines[i].like, text, sizeof(text));
			chart_tick(chart, text);
		}
		for (unsigned k = 0; k < page->set->nb_systems; k++) {
			struct chart_series *s = chart_series(chart, k);

			for (unsigned i = 0; s && i < n; i++) {
				struct report_sample sample =
					report_sample_of(&lines[i].cells[k], figure);

				html_tick(lines[i].like, text, sizeof(text));
				chart_point(s, chart_tick(chart, text), &sample);
			}
		}
		add_floor(page, chart, lines, n, figure);
	}
	chart_draw(page, chart);
}

/* Whether two lines differ in their number of flows only. */
static bool
same_but_flows(const struct report_line *a, const struct report_line *b)
{
	const struct xd_row *x = a->like, *y = b->like;

	return x->engine == y->engine && x->flow_kind == y->flow_kind && x->size == y->size &&
	       x->pattern == y->pattern && x->direction == y->direction && x->touch == y->touch &&
	       !strcmp(x->rings.rings, y->rings.rings) && !strcmp(x->rings.ids, y->rings.ids) &&
	       x->rings.ring_size == y->rings.ring_size && x->rings.tso == y->rings.tso &&
	       x->rate.asked_pps == y->rate.asked_pps && x->timed == y->timed &&
	       !strcmp(x->mix, y->mix) && !strcmp(x->name, y->name) &&
	       !strcmp(x->template_text, y->template_text) && !strcmp(x->capture, y->capture);
}

/* How many lines there are that differ from this one in flows only, with itself; 0: it is not the
 * first of them. */
static unsigned
count_flows(const struct report_set *set, unsigned first, bool must_be_first)
{
	unsigned n = 0;

	for (unsigned i = 0; i < set->n; i++) {
		if (!same_but_flows(&set->lines[i], &set->lines[first]))
			continue;
		if (i < first && must_be_first)
			return 0;
		n++;
	}
	return n;
}

/* Over flows, when line `first` is the first of several such lines. Groups come in the order in
 * which they were measured, which is that of a list of flows. */
static void
draw_flows(struct report_page *page, unsigned first)
{
	const struct report_set *set = page->set;
	struct chart *chart;
	char text[24];

	if (count_flows(set, first, true) < 2)
		return;
	chart = chart_create("Frame rate over flows", set->lines[first].like);
	for (unsigned k = 0; chart && k < set->nb_systems; k++) {
		struct chart_series *s = chart_series(chart, k);

		for (unsigned i = first; s && i < set->n; i++) {
			struct report_sample sample;

			if (!same_but_flows(&set->lines[i], &set->lines[first]))
				continue;
			sample = report_sample_of(&set->lines[i].cells[k], figure_mpps);
			snprintf(text, sizeof(text), "%u", set->lines[i].like->flows);
			chart_point(s, chart_tick(chart, text), &sample);
		}
	}
	if (chart) {
		chart->x_label = "flows";
		chart->y_label = "Mpps";
		chart->from_zero = true;
	}
	chart_draw(page, chart);
}

static void
draw(struct report_page *page)
{
	const struct report_set *set = page->set;

	fputs("<div class=\"charts\">\n", page->out);
	for (unsigned i = 0, end; i < set->n; i = end) {
		end = section_group_end(set->lines, set->n, i);
		if (!is_rate(&set->lines[i]))
			continue;
		/* One size of several numbers of flows is a point of another chart. */
		if (end - i == 1 && count_flows(set, i, false) > 1)
			continue;
		draw_sizes(
			page, &set->lines[i], end - i, figure_mpps, "Frame rate over size", "Mpps");
		draw_sizes(page, &set->lines[i], end - i, figure_l2_gbps, "Bit rate over size",
			"Gbit/s, L2");
	}
	for (unsigned i = 0; i < set->n; i++)
		if (is_rate(&set->lines[i]))
			draw_flows(page, i);
	fputs("</div>\n", page->out);
}

static void
write_line(struct report_page *page, const struct report_line *line, unsigned system)
{
	const struct report_cell *cell = &line->cells[system];

	detail_line(page, line, system);
	detail_median(page->out, cell, figure_asked_mpps);
	detail_median(page->out, cell, figure_sent_mpps);
	detail_median(page->out, cell, figure_mpps);
	detail_median(page->out, cell, figure_l2_gbps);
	detail_median(page->out, cell, figure_l1_gbps);
	detail_median_count(page->out, cell, figure_lost);
	detail_median(page->out, cell, figure_loss_percent);
	detail_cells(page, cell);
}

/* Sums over the trials that are used: of flows, a median says little. */
static void
write_flows(struct report_page *page, const struct report_line *line, unsigned system)
{
	const struct report_cell *cell = &line->cells[system];
	double lost = 0, reordered = 0, duplicated = 0, wrong = 0, flows = 0;
	bool checked = false, tracked = false;

	for (unsigned i = 0; i < cell->n; i++) {
		const struct xd_flow_figures *f = &cell->trials[i].row->flow_figures;

		if (cell->trials[i].use != REPORT_USED || !cell->trials[i].row->tracked)
			continue;
		tracked = true;
		checked |= f->checked;
		lost += (double)f->lost;
		reordered += (double)f->reordered;
		duplicated += (double)f->duplicated;
		wrong += (double)f->wrong_payload;
		flows += f->flows_with_loss;
	}
	if (!tracked)
		return;
	detail_line(page, line, system);
	html_count_cell(page->out, lost);
	html_count_cell(page->out, reordered);
	html_count_cell(page->out, duplicated);
	html_count_cell(page->out, flows);
	if (checked)
		html_count_cell(page->out, wrong);
	else
		fputs("<td class=\"n dim\">not compared</td>", page->out);
	fprintf(page->out, "<td class=\"n\">%u</td></tr>\n", cell->used);
}

static void
write_tracked(struct report_page *page)
{
	const struct report_set *set = page->set;
	const struct report_line *before = NULL;
	bool any = false;

	for (unsigned i = 0; i < set->n; i++)
		any |= set->lines[i].like->tracked && detail_is_used(set, &set->lines[i]);
	if (!any)
		return;
	fputs("<h3>Flows: frames lost, out of order, and twice</h3>\n", page->out);
	html_table_open(page->out, "flows");
	fputs("<thead><tr><th>frame</th><th>system</th><th class=\"n\">lost</th>"
	      "<th class=\"n\">reordered</th><th class=\"n\">duplicated</th>"
	      "<th class=\"n\">flows with loss</th><th class=\"n\">wrong payload</th>"
	      "<th class=\"n\">trials</th></tr></thead>\n<tbody>\n",
		page->out);
	for (unsigned i = 0; i < set->n; i++) {
		if (!set->lines[i].like->tracked || !detail_is_used(set, &set->lines[i]))
			continue;
		html_group_row(page, &set->lines[i], before, 8);
		before = &set->lines[i];
		for (unsigned k = 0; k < set->nb_systems; k++)
			write_flows(page, &set->lines[i], k);
	}
	fputs("</tbody>\n", page->out);
	html_table_close(page->out);
}

void
section_rate(struct report_page *page)
{
	const struct report_set *set = page->set;
	unsigned n = 0;

	for (unsigned i = 0; i < set->n; i++)
		n += is_rate(&set->lines[i]);
	if (n) {
		fputs("<h2 id=\"rate\">Rate</h2>\n", page->out);
		draw(page);
		fputs("<p>Medians of the trials that count. Delivered to the receiving side; L2 "
		      "without FCS, L1 with preamble, FCS and gap.</p>\n",
			page->out);
		html_table_open(page->out, "rate");
		fputs("<thead><tr><th>frame</th><th>system</th><th class=\"n\">asked<br>Mpps</th>"
		      "<th class=\"n\">sent<br>Mpps</th><th class=\"n\">delivered<br>Mpps</th>"
		      "<th class=\"n\">L2<br>Gbit/s</th><th class=\"n\">L1<br>Gbit/s</th>"
		      "<th class=\"n\">lost<br>frames</th><th class=\"n\">lost<br>%</th>",
			page->out);
		detail_head(page->out);
		fputs("</tr></thead>\n", page->out);
		detail_rows(page, is_rate, 9 + DETAIL_COLUMNS, write_line);
	}
	write_tracked(page);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What searches found, with their bounds. */
#include <math.h>
#include <string.h>

#include "chart.h"
#include "section.h"

static bool
is_method(const struct report_line *line, const char *method)
{
	return !strcmp(line->like->search.method, method);
}

/* The bounds of what was found: of one search its own, of several the confidence interval. */
static struct report_sample
found(const struct report_cell *cell)
{
	struct report_sample s = report_sample_of(cell, figure_found_mpps);

	for (unsigned i = 0; s.n == 1 && i < cell->n; i++) {
		const struct xd_search_figures *f = &cell->trials[i].row->search;

		if (cell->trials[i].use != REPORT_USED || f->upper_pps <= 0)
			continue;
		s.low = f->lower_pps / 1e6;
		s.high = f->upper_pps / 1e6;
	}
	return s;
}

static void
draw_found(struct report_page *page, const struct report_line *lines, unsigned n)
{
	struct chart *chart = chart_create("Rate found over size", lines[0].like);
	char text[24];

	if (chart) {
		chart->x_label = "frame, B without FCS";
		chart->y_label = "Mpps of each sender";
		chart->from_zero = true;
		for (unsigned k = 0; k < page->set->nb_systems; k++) {
			struct chart_series *s = chart_series(chart, k);

			for (unsigned i = 0; s && i < n; i++) {
				struct report_sample sample = found(&lines[i].cells[k]);

				html_tick(lines[i].like, text, sizeof(text));
				chart_point(s, chart_tick(chart, text), &sample);
			}
		}
	}
	chart_draw(page, chart);
}

/* Loss over the rate offered: lines of this size are spread over groups, one for each share of the
 * maximum. */
static void
draw_loss(struct report_page *page, unsigned first)
{
	const struct report_set *set = page->set;
	const struct xd_row *like = set->lines[first].like;
	struct chart *chart;
	char title[64];

	for (unsigned i = 0; i < first; i++)
		if (is_method(&set->lines[i], "frame-loss") &&
			set->lines[i].like->size == like->size &&
			!strcmp(set->lines[i].like->mix, like->mix))
			return;
	snprintf(title, sizeof(title), "Frame loss of %u B over offered rate", like->size);
	chart = chart_create(title, NULL);
	for (unsigned k = 0; chart && k < set->nb_systems; k++) {
		struct chart_series *s = chart_series(chart, k);

		for (unsigned i = first; s && i < set->n; i++) {
			const struct report_line *line = &set->lines[i];

			if (is_method(line, "frame-loss") && line->like->size == like->size &&
				!strcmp(line->like->mix, like->mix))
				chart_value(s,
					report_sample_of(&line->cells[k], figure_found_mpps).median,
					report_sample_of(
						&line->cells[k], figure_search_loss_percent)
						.median);
		}
	}
	if (chart) {
		chart->x_label = "offered, Mpps of each sender";
		chart->y_label = "loss, %";
		chart->from_zero = true;
	}
	chart_draw(page, chart);
}

/* Times over the share of the rate found: groups differ in their goal, which is that share. */
static void
draw_profile(struct report_page *page, unsigned first)
{
	static const report_figure_fn figures[] = {figure_p99_us, figure_p50_us};
	const struct report_set *set = page->set;
	const struct xd_row *like = set->lines[first].like;
	struct chart *chart;
	char title[64];

	for (unsigned i = 0; i < first; i++)
		if (is_method(&set->lines[i], "profile") && set->lines[i].like->size == like->size)
			return;
	snprintf(title, sizeof(title), "Latency of %u B over load", like->size);
	chart = chart_create(title, NULL);
	for (unsigned k = 0; chart && k < 2 * set->nb_systems; k++) {
		struct chart_series *s = chart_series(chart, k / 2);

		if (!s)
			break;
		s->name = k % 2 ? "P50" : "P99";
		s->dashed = k % 2;
		for (unsigned i = first; i < set->n; i++) {
			const struct report_line *line = &set->lines[i];
			struct report_sample sample;

			if (!is_method(line, "profile") || line->like->size != like->size)
				continue;
			sample = report_sample_of(&line->cells[k / 2], figures[k % 2]);
			chart_point(s, chart_tick(chart, line->like->search.goal), &sample);
		}
	}
	if (chart) {
		chart->x_label = "load, of the rate found";
		chart->y_label = CHART_US;
		chart->log_y = true;
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
		if (is_method(&set->lines[i], "throughput") || is_method(&set->lines[i], "mlr"))
			draw_found(page, &set->lines[i], end - i);
	}
	for (unsigned i = 0; i < set->n; i++) {
		if (is_method(&set->lines[i], "frame-loss"))
			draw_loss(page, i);
		if (is_method(&set->lines[i], "profile"))
			draw_profile(page, i);
	}
	fputs("</div>\n", page->out);
}

/* Of one search, unlike a median, all figures belong together: a row for each. */
static void
write_result(struct report_page *page, const struct report_line *line, unsigned system,
	const struct xd_row *row)
{
	const struct xd_search_figures *f = &row->search;

	detail_line(page, line, system);
	html_number_cell(page->out, f->found_pps > 0 ? f->found_pps / 1e6 : NAN);
	html_number_cell(page->out, f->lower_pps > 0 ? f->lower_pps / 1e6 : NAN);
	html_number_cell(page->out, f->upper_pps > 0 ? f->upper_pps / 1e6 : NAN);
	html_number_cell(page->out, row->rate.l2_bps > 0 ? row->rate.l2_bps / 1e9 : NAN);
	html_number_cell(page->out, 100 * f->loss_ratio);
	html_count_cell(page->out, f->burst_frames ? (double)f->burst_frames : NAN);
	html_count_cell(page->out, f->burst_frames ? (double)f->burst_min_frames : NAN);
	html_count_cell(page->out, f->burst_frames ? (double)f->burst_max_frames : NAN);
	html_number_cell(
		page->out, f->corrected_burst_frames > 0 ? f->corrected_burst_frames : NAN);
	html_number_cell(page->out, f->trial_s);
	html_count_cell(page->out, f->trials);
	html_number_cell(page->out, f->total_s);
	fputs(f->complete ? "<td class=\"good\">COMPLETE" : "<td class=\"w\">", page->out);
	if (!f->complete)
		html_text(page->out, f->missing[0] ? f->missing : "not complete");
	fputs("</td>", page->out);
}

static void
write_line(struct report_page *page, const struct report_line *line, unsigned system)
{
	const struct report_cell *cell = &line->cells[system];

	for (unsigned i = 0; i < cell->n; i++) {
		struct report_trial *trial = &cell->trials[i];
		struct report_cell alone = {.n = 1, .trials = trial, .used = 1};

		/* What a search found that does not count is worth seeing, as are its reasons. */
		alone.used = trial->use == REPORT_USED;
		alone.voids = trial->use == REPORT_VOID;
		alone.partials = trial->use == REPORT_PARTIAL;
		alone.other_class = trial->use == REPORT_OTHER_CLASS;
		alone.class = alone.used ? cell->class : NULL;
		write_result(page, line, system, trial->row);
		detail_cells(page, &alone);
	}
}

static bool
is_search(const struct report_line *line)
{
	return line->like->search.method[0];
}

void
section_search(struct report_page *page)
{
	const struct report_set *set = page->set;
	unsigned n = 0;

	for (unsigned i = 0; i < set->n; i++)
		n += is_search(&set->lines[i]);
	if (!n)
		return;
	fputs("<h2 id=\"search\">Searches</h2>\n", page->out);
	draw(page);
	fputs("<p>Rates are of each sending port; bounds are the highest rate that was good and "
	      "the "
	      "lowest that was not when the search ended. A shortened search names the clause that "
	      "it left out.</p>\n",
		page->out);
	html_table_open(page->out, "searches");
	fputs("<thead><tr><th>frame</th><th>system</th><th class=\"n\">found<br>Mpps</th>"
	      "<th class=\"n\">lower<br>Mpps</th><th class=\"n\">upper<br>Mpps</th>"
	      "<th class=\"n\">L2<br>Gbit/s</th><th class=\"n\">loss<br>%</th>"
	      "<th class=\"n\">burst<br>frames</th><th class=\"n\">min</th>"
	      "<th class=\"n\">max</th><th class=\"n\">corrected<br>burst</th>"
	      "<th class=\"n\">trial<br>s</th><th class=\"n\">trials</th>"
	      "<th class=\"n\">search<br>s</th><th>method</th>",
		page->out);
	detail_head(page->out);
	fputs("</tr></thead>\n", page->out);
	detail_rows(page, is_search, 15 + DETAIL_COLUMNS, write_line);
}

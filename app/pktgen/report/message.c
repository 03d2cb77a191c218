/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages: bandwidth and latency over their size, one line a system, and published ones; then
 * tables of all that is known of them. */
#include <math.h>
#include <string.h>

#include "chart.h"
#include "engine.h"
#include "published.h"
#include "section.h"

static bool
is_messages(const struct report_line *line)
{
	return engine_of(line->like)->report.protocol != NULL;
}

/* ---- Charts ---- */

static void
add_published(struct report_page *page, struct chart *chart, const struct report_line *lines,
	unsigned n, struct published_series *series)
{
	enum published_unit unit =
		figure_is_message_latency(lines[0].like) ? PUBLISHED_US : PUBLISHED_GBPS;
	unsigned count = published_series_of(page, &lines[0], series);

	for (unsigned k = 0; k < count; k++) {
		struct chart_series *s = chart_series(chart, page->set->nb_systems + k);

		if (!s)
			return;
		s->published = true;
		s->name = series[k].name;
		for (unsigned i = 0; i < n; i++)
			chart_value(s, (double)report_size(lines[i].like),
				published_of_size(&series[k], &lines[i], unit));
	}
}

/* Of lines that differ in size only. */
static void
draw_group(struct report_page *page, const struct report_line *lines, unsigned n)
{
	bool latency = figure_is_message_latency(lines[0].like);
	struct published_series series[PUBLISHED_MAX];
	struct chart *chart;
	char title[96];

	snprintf(title, sizeof(title), "%s %s over message size",
		!strcmp(engine_of(lines[0].like)->report.protocol, "tcp") ? "TCP" : "UDP",
		latency ? "latency" : "bandwidth");
	chart = chart_create(title, lines[0].like);
	if (chart) {
		chart->x_label = "message, B";
		chart->y_label = latency ? CHART_US ", round trip / 2" : "Gbit/s";
		chart->log_x = chart->log_y = true;
		for (unsigned k = 0; k < page->set->nb_systems; k++) {
			struct chart_series *s = chart_series(chart, k);

			for (unsigned i = 0; s && i < n; i++) {
				struct report_sample sample = report_sample_of(&lines[i].cells[k],
					latency ? figure_half_mean_us : figure_message_gbps);

				chart_point(s, (double)report_size(lines[i].like), &sample);
			}
		}
		add_published(page, chart, lines, n, series);
	}
	chart_draw(page, chart);
}

void
section_message_charts(struct report_page *page)
{
	const struct report_set *set = page->set;
	bool any = false;

	for (unsigned i = 0, end; i < set->n; i = end) {
		end = section_group_end(set->lines, set->n, i);
		if (!is_messages(&set->lines[i]) || end - i < 2)
			continue;
		fputs(any ? "" : "<div class=\"charts large\">\n", page->out);
		any = true;
		draw_group(page, &set->lines[i], end - i);
	}
	fputs(any ? "</div>\n" : "", page->out);
}

/* ---- Tables ---- */

/* A figure of its own that is neither what was asked for nor among the columns as it is. */
static bool
is_column(const struct xd_figure *f)
{
	return f->head && f->role == XD_FIGURE_FOUND &&
	       (f->kind == XD_FIGURE_UNSIGNED || f->kind == XD_FIGURE_COUNT ||
		       f->kind == XD_FIGURE_REAL);
}

static double
own_value(const struct xd_row *row, const void *ctx)
{
	const struct xd_figure *f = ctx;
	double value;

	if (f->has && !f->has(row))
		return NAN;
	value = f->kind == XD_FIGURE_REAL ? xd_figure_real(f, row)
					  : (double)xd_figure_count(f, row);
	return f->scale > 0 ? value / f->scale : value;
}

/* Delivered, acknowledgements among them. */
static double
frames_s(const struct xd_row *row, const void *ctx)
{
	(void)ctx;
	return row->rate.pps;
}

/* A table of one engine and one test. */
struct message_table {
	const struct engine *engine;
	bool latency, published;
	unsigned columns;
};

static bool
is_mine(const struct message_table *t, const struct report_line *line)
{
	return line->like->engine == t->engine->results &&
	       figure_is_message_latency(line->like) == t->latency;
}

static void
write_head(struct report_page *page, struct message_table *t)
{
	fputs("<thead><tr><th>message</th><th>system</th>", page->out);
	t->columns = 2;
	for (unsigned i = 0; t->latency && i < FIGURE_TIMES; i++, t->columns++)
		fprintf(page->out, "<th class=\"n\">%s<br>&micro;s</th>", figure_times_names[i]);
	if (t->latency)
		fputs("<th class=\"n\">mean/2<br>&micro;s</th><th class=\"n\">jitter</th>",
			page->out);
	t->columns += t->latency ? 2 : 0;
	for (const struct xd_figure *f = t->engine->results->figures; f->key; f++) {
		if (!is_column(f))
			continue;
		fputs("<th class=\"n\">", page->out);
		html_text(page->out, f->head);
		fputs("<br>", page->out);
		html_text(page->out, f->unit ? f->unit : "");
		fputs("</th>", page->out);
		t->columns++;
	}
	fputs("<th class=\"n\">frames<br>1/s</th>", page->out);
	fputs(t->published ? "<th>published</th>" : "", page->out);
	detail_head(page->out);
	fputs("</tr></thead>\n<tbody>\n", page->out);
	t->columns += 1 + t->published + DETAIL_COLUMNS;
}

static void
write_published(
	struct report_page *page, const struct message_table *t, const struct report_line *line)
{
	struct published_series series[PUBLISHED_MAX];
	unsigned n = published_series_of(page, line, series), written = 0;
	char text[HTML_NUMBER];

	fputs("<td class=\"p\">", page->out);
	for (unsigned i = 0; i < n; i++) {
		double value = published_of_size(
			&series[i], line, t->latency ? PUBLISHED_US : PUBLISHED_GBPS);

		if (!isfinite(value))
			continue;
		fprintf(page->out, "%s<b>%s</b> <small>", written++ ? "<br>" : "",
			html_number(text, value));
		html_text(page->out, series[i].name);
		fputs("</small>", page->out);
	}
	fputs(written ? "</td>" : "-</td>", page->out);
}

static void
write_line(struct report_page *page, const struct message_table *t, const struct report_line *line,
	unsigned system)
{
	const struct report_cell *cell = &line->cells[system];

	detail_line(page, line, system);
	for (unsigned i = 0; t->latency && i < FIGURE_TIMES; i++)
		detail_median(page->out, cell, figure_times(FIGURE_ACTUAL, i));
	if (t->latency) {
		detail_median(page->out, cell, figure_half_mean_us);
		detail_median(page->out, cell, figure_jitter);
	}
	for (const struct xd_figure *f = t->engine->results->figures; f->key; f++) {
		if (!is_column(f))
			continue;
		if (f->kind == XD_FIGURE_REAL)
			html_number_cell(page->out, report_sample_by(cell, own_value, f).median);
		else
			html_count_cell(page->out, report_sample_by(cell, own_value, f).median);
	}
	html_count_cell(page->out, report_sample_by(cell, frames_s, NULL).median);
	if (t->published)
		write_published(page, t, line);
	detail_cells(page, cell);
}

static void
write_table(struct report_page *page, struct message_table *t)
{
	const struct report_set *set = page->set;
	const struct report_line *before = NULL;

	for (unsigned i = 0; i < set->n; i++) {
		const struct report_line *line = &set->lines[i];

		if (!is_mine(t, line) || !detail_is_used(set, line))
			continue;
		if (!before) {
			fprintf(page->out, "<h3>%s</h3>\n",
				t->latency ? "Messages and their answers" : "One after the other");
			html_table_open(page->out, t->latency ? "answers" : "messages");
			write_head(page, t);
		}
		html_group_row(page, line, before, t->columns);
		before = line;
		for (unsigned k = 0; k < set->nb_systems; k++)
			if (line->cells[k].used)
				write_line(page, t, line, k);
	}
	if (before) {
		fputs("</tbody>\n", page->out);
		html_table_close(page->out);
	}
}

void
section_message(struct report_page *page, const struct engine *engine)
{
	const bool published = page->references && page->references->n;
	bool any = false;

	for (unsigned i = 0; i < page->set->n; i++)
		any |= page->set->lines[i].like->engine == engine->results;
	if (!any)
		return;
	fprintf(page->out, "<h2 id=\"%s\">%s</h2>\n", engine->results->name, engine->report.title);
	for (int latency = 0; latency < 2; latency++)
		write_table(page, &(struct message_table){engine, latency, published, 0});
}

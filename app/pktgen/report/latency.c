/* SPDX-License-Identifier: BSD-3-Clause */
/* Times, and how well a schedule was kept. */
#include <math.h>

#include "chart.h"
#include "section.h"

#define CURVES_MAX                                                                                 \
	4 /* charts of percentiles in a group of sizes; the other sizes are in its table */
#define FIRST_PERCENTILE 2 /* of figure_times_names: P50 */

/* Rows that the section is about: of any engine, if frames were timed; messages have theirs. */
static bool
is_timed(const struct report_line *line)
{
	return line->like->timed && !report_size_figure(line->like);
}

static void
add_curve(struct chart *chart, const struct report_cell *cell, unsigned system,
	enum figure_times which, const char *name)
{
	struct chart_series *s = chart_series(chart, system);

	if (!s)
		return;
	s->dashed = name && which == FIGURE_ACTUAL;
	s->name = name;
	for (unsigned i = FIRST_PERCENTILE; i < FIGURE_TIMES; i++) {
		struct report_sample sample = report_sample_of(cell, figure_times(which, i));

		/* An interval of each would hide the curves behind each other. */
		sample.low = sample.high = NAN;
		chart_point(s, i - FIRST_PERCENTILE, &sample);
	}
}

static void
draw_percentiles(struct report_page *page, const struct report_line *line, const char *title)
{
	struct chart *chart = chart_create(title, line->like);
	const struct report_line *own = section_floor_of(page->set, line->like, true);
	bool planned = figure_is_planned(line->like);

	if (chart) {
		chart->x_label = "percentile";
		chart->y_label = CHART_US;
		chart->log_y = true;
		for (unsigned i = FIRST_PERCENTILE; i < FIGURE_TIMES; i++)
			chart_tick(chart, figure_times_names[i]);
		for (unsigned k = 0; k < page->set->nb_systems; k++) {
			if (planned)
				add_curve(chart, &line->cells[k], k, FIGURE_PLANNED,
					"from planned time of sending");
			add_curve(chart, &line->cells[k], k, FIGURE_ACTUAL,
				planned ? "from actual time" : NULL);
		}
		if (own) {
			add_curve(chart, &own->cells[0], 0, FIGURE_ACTUAL, "the generator alone");
			chart->series[chart->nb_series - 1].own = true;
		}
	}
	chart_draw(page, chart);
}

static void
draw_sizes(struct report_page *page, const struct report_line *lines, unsigned n)
{
	static const struct {
		report_figure_fn figure;
		const char *name;
	} curves[] = {{figure_p99_us, "P99"}, {figure_p50_us, "P50"}};
	struct chart *chart = chart_create("P50 and P99 over size", lines[0].like);
	char text[24];

	if (chart) {
		chart->x_label = "frame, B without FCS";
		chart->y_label = CHART_US;
		chart->log_y = true;
		for (unsigned k = 0; k < 2 * page->set->nb_systems; k++) {
			struct chart_series *s = chart_series(chart, k / 2);

			if (!s)
				break;
			s->name = curves[k % 2].name;
			s->dashed = k % 2;
			for (unsigned i = 0; i < n; i++) {
				struct report_sample sample = report_sample_of(
					&lines[i].cells[k / 2], curves[k % 2].figure);

				html_tick(lines[i].like, text, sizeof(text));
				chart_point(s, chart_tick(chart, text), &sample);
			}
		}
	}
	chart_draw(page, chart);
}

static void
draw(struct report_page *page)
{
	const struct report_set *set = page->set;
	char title[96], text[48];

	fputs("<div class=\"charts\">\n", page->out);
	for (unsigned i = 0, end; i < set->n; i = end) {
		end = section_group_end(set->lines, set->n, i);
		/* Those of searches and of pairs have charts of their own. */
		if (!is_timed(&set->lines[i]) ||
			engine_of(set->lines[i].like)->report.draws_no_times)
			continue;
		for (unsigned j = i; j < end && j < i + CURVES_MAX; j++) {
			const struct xd_row *row = set->lines[j].like;

			/* The name of a mix is a file's; its size will do. */
			snprintf(text, sizeof(text), row->mix[0] ? "a mix, mean %u B" : "%u B",
				row->size);
			snprintf(title, sizeof(title), "Latency of %s", text);
			draw_percentiles(page, &set->lines[j], title);
		}
		if (end - i > 1)
			draw_sizes(page, &set->lines[i], end - i);
	}
	fputs("</div>\n", page->out);
}

static void
write_times(struct report_page *page, const struct report_line *line, unsigned system,
	enum figure_times which)
{
	const struct report_cell *cell = &line->cells[system];
	bool planned = figure_is_planned(line->like);

	detail_line(page, line, system);
	fprintf(page->out, "<td>%s</td>",
		which == FIGURE_PLANNED                       ? "planned"
		: !planned && line->like->rate.asked_pps <= 0 ? "sending"
							      : "actual");
	detail_median_count(page->out, cell, figure_times_count);
	detail_median_count(page->out, cell, figure_times_lost);
	for (unsigned i = 0; i < FIGURE_TIMES; i++)
		detail_median(page->out, cell, figure_times(which, i));
	detail_median(page->out, cell, figure_half_mean_us);
	detail_median(page->out, cell, figure_jitter);
	detail_median(page->out, cell, figure_rfc3550_us);
	detail_cells(page, cell);
}

static void
write_line(struct report_page *page, const struct report_line *line, unsigned system)
{
	if (figure_is_planned(line->like))
		write_times(page, line, system, FIGURE_PLANNED);
	write_times(page, line, system, FIGURE_ACTUAL);
}

bool
section_latency_has(const struct report_set *set)
{
	for (unsigned i = 0; i < set->n; i++)
		if (is_timed(&set->lines[i]))
			return true;
	return false;
}

void
section_latency(struct report_page *page)
{
	if (!section_latency_has(page->set))
		return;
	fputs("<h2 id=\"latency\">Latency</h2>\n", page->out);
	draw(page);
	fputs("<p>Microseconds; each is the median of the trials that count. From the planned send "
	      "time where a schedule was kept: a frame that could not be sent in time has waited "
	      "already. Mean/2 is of round trips, as qperf&rsquo;s latency; jitter is P99/P50.</p>"
	      "\n",
		page->out);
	html_table_open(page->out, "times");
	fputs("<thead><tr><th>frame</th><th>system</th><th>from</th><th class=\"n\">timed</th>"
	      "<th class=\"n\">lost</th>",
		page->out);
	for (unsigned i = 0; i < FIGURE_TIMES; i++)
		fprintf(page->out, "<th class=\"n\">%s</th>", figure_times_names[i]);
	fputs("<th class=\"n\">mean/2</th><th class=\"n\">jitter</th>"
	      "<th class=\"n\">RFC 3550<br>jitter</th>",
		page->out);
	detail_head(page->out);
	fputs("</tr></thead>\n", page->out);
	detail_rows(page, is_timed, 8 + FIGURE_TIMES + DETAIL_COLUMNS, write_line);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Pairs of VMs at once: what all of them get, what each gets, and how fairly. */
#include <string.h>

#include "chart.h"
#include "section.h"

struct curve {
	const char *title, *label;
	report_figure_fn figure;
	report_figure_fn beside; /* dashed, with a name; or NULL */
	const char *name, *beside_name;
	double top;
	bool log_y;
};

static bool
is_pairs(const struct report_line *line)
{
	return line->like->pairs.vms > 0;
}

/* Lines of a group come by size and then by VMs: one chart for each size. */
static unsigned
size_end(const struct report_line *lines, unsigned n, unsigned i)
{
	unsigned end = i + 1;

	while (end < n && !strcmp(lines[end].group, lines[i].group) &&
		lines[end].like->size == lines[i].like->size &&
		!strcmp(lines[end].like->mix, lines[i].like->mix))
		end++;
	return end;
}

static void
add_series(struct chart *chart, const struct report_line *lines, unsigned n, unsigned system,
	report_figure_fn figure, const char *name, bool dashed)
{
	struct chart_series *s = chart_series(chart, system);
	char text[16];

	if (!s)
		return;
	s->name = name;
	s->dashed = dashed;
	for (unsigned i = 0; i < n; i++) {
		struct report_sample sample = report_sample_of(&lines[i].cells[system], figure);

		snprintf(text, sizeof(text), "%u", lines[i].like->pairs.vms);
		chart_point(s, chart_tick(chart, text), &sample);
	}
}

static void
draw_size(struct report_page *page, const struct report_line *lines, unsigned n)
{
	static const struct curve curves[] = {
		{"Total over VMs", "Gbit/s, L2", figure_l2_gbps, NULL, NULL, NULL, 0, false},
		{"One pair over VMs", "Gbit/s, L2", figure_pair_gbps, NULL, NULL, NULL, 0, false},
		{"Fairness over VMs", "Jain index", figure_jain, NULL, NULL, NULL, 1.05, false},
		{"Loaded latency over VMs", CHART_US, figure_p99_us, figure_p50_us, "P99", "P50", 0,
			true},
	};

	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		const struct curve *curve = &curves[i];
		struct chart *chart = chart_create(curve->title, lines[0].like);

		for (unsigned k = 0; chart && k < page->set->nb_systems; k++) {
			add_series(chart, lines, n, k, curve->figure, curve->name, false);
			if (curve->beside)
				add_series(chart, lines, n, k, curve->beside, curve->beside_name,
					true);
		}
		if (chart) {
			chart->x_label = "VMs at once";
			chart->y_label = curve->label;
			chart->log_y = curve->log_y;
			chart->from_zero = true;
			chart->top = curve->top;
		}
		chart_draw(page, chart);
	}
}

static void
write_line(struct report_page *page, const struct report_line *line, unsigned system)
{
	const struct report_cell *cell = &line->cells[system];

	detail_line(page, line, system);
	fprintf(page->out, "<td class=\"n\">%u</td>", line->like->pairs.pairs);
	detail_median(page->out, cell, figure_l2_gbps);
	detail_median(page->out, cell, figure_mpps);
	detail_median(page->out, cell, figure_min_pair_gbps);
	detail_median(page->out, cell, figure_pair_gbps);
	detail_median(page->out, cell, figure_max_pair_gbps);
	detail_median(page->out, cell, figure_jain);
	detail_median(page->out, cell, figure_of_baseline);
	detail_median(page->out, cell, figure_unloaded_p50_us);
	detail_median(page->out, cell, figure_unloaded_p99_us);
	detail_median(page->out, cell, figure_p50_us);
	detail_median(page->out, cell, figure_p99_us);
	detail_median(page->out, cell, figure_p99_9_us);
	detail_cells(page, cell);
}

void
section_pairs(struct report_page *page)
{
	const struct report_set *set = page->set;
	unsigned n = 0;

	for (unsigned i = 0; i < set->n; i++)
		n += is_pairs(&set->lines[i]);
	if (!n)
		return;
	fputs("<h2 id=\"pairs\">Pairs of VMs</h2>\n<div class=\"charts\">\n", page->out);
	for (unsigned i = 0, end; i < set->n; i = end) {
		end = size_end(set->lines, set->n, i);
		if (is_pairs(&set->lines[i]))
			draw_size(page, &set->lines[i], end - i);
	}
	fputs("</div>\n<p>Jain&rsquo;s index of the pairs&rsquo; bandwidth is 1 when all get the "
	      "same, and 1/n when one gets all. Times are of single frames before (unloaded), and "
	      "under the full load of all pairs (loaded).</p>\n",
		page->out);
	html_table_open(page->out, "pairs");
	fputs("<thead><tr><th>frame</th><th>system</th><th class=\"n\">pairs</th>"
	      "<th class=\"n\">total<br>Gbit/s</th><th class=\"n\">total<br>Mpps</th>"
	      "<th class=\"n\">pair: min<br>Gbit/s</th><th class=\"n\">mean<br>Gbit/s</th>"
	      "<th class=\"n\">max<br>Gbit/s</th><th class=\"n\">Jain</th>"
	      "<th class=\"n\">of single<br>pair</th><th class=\"n\">unloaded<br>P50 &micro;s</th>"
	      "<th class=\"n\">P99</th><th class=\"n\">loaded<br>P50 &micro;s</th>"
	      "<th class=\"n\">P99</th><th class=\"n\">P99.9</th>",
		page->out);
	detail_head(page->out);
	fputs("</tr></thead>\n", page->out);
	detail_rows(page, is_pairs, 15 + DETAIL_COLUMNS, write_line);
}

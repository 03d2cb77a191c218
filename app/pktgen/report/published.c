/* SPDX-License-Identifier: BSD-3-Clause */
/* The section with published figures: beside ours where the unit is the same. */
#include <math.h>
#include <string.h>

#include "published.h"
#include "section.h"

#define SERIES_MAX  PUBLISHED_MAX
#define UDP_HEADERS 42 /* Ethernet, IPv4 and UDP: what a message of qperf does not count */
#define GBIT        "_gbit_per_s"

/* Rows of a file that belong together: "vhost-user, same host". */
struct series {
	char name[96];
};

static unsigned
find_series(const struct csv *csv, struct series *series)
{
	struct series now;
	unsigned n = 0, at;

	for (unsigned row = 0; row < csv->n; row++) {
		published_name(csv, row, now.name, sizeof(now.name));
		for (at = 0; at < n; at++)
			if (!strcmp(series[at].name, now.name))
				break;
		if (at == n && n < SERIES_MAX)
			series[n++] = now;
	}
	return n;
}

/* The figure of a series where the column `by` is x, or the greatest that is not above it. */
static double
figure_at(const struct csv *csv, const struct series *s, int by, double x, bool exact, int column)
{
	double found = NAN, best = -1;
	struct series now;

	for (unsigned row = 0; row < csv->n; row++) {
		double value = csv_number(csv, row, by);

		published_name(csv, row, now.name, sizeof(now.name));
		if (strcmp(now.name, s->name) || !(value <= x) || value <= best)
			continue;
		if (exact && value != x)
			continue;
		best = value;
		found = csv_number(csv, row, column);
	}
	return found;
}

static void
write_heads(struct report_page *page, const struct series *series, unsigned n)
{
	for (unsigned i = 0; i < page->set->nb_systems; i++) {
		fputs("<th class=\"n\">", page->out);
		html_system(page, i);
		fputs("</th>", page->out);
	}
	for (unsigned i = 0; i < n; i++)
		html_cell(page->out, "th", "n dim", series[i].name);
	fputs("</tr></thead>\n<tbody>\n", page->out);
}

/* Our pairs with the longest frames: the first of their lines, or NULL. */
static const struct report_line *
longest_pairs(const struct report_set *set)
{
	const struct report_line *best = NULL;

	for (unsigned i = 0; i < set->n; i++) {
		const struct xd_row *row = set->lines[i].like;

		if (row->pairs.vms && row->pattern == XD_PATTERN_PAIRS &&
			(!best || row->size > best->like->size))
			best = &set->lines[i];
	}
	return best;
}

static void
write_vms(struct report_page *page, const struct csv *csv, const struct report_line *like,
	unsigned vms, const struct series *series, unsigned n)
{
	static const struct {
		const char *name, *column;
		report_figure_fn figure;
	} rows[] = {{"total", "link_tcp" GBIT, figure_l2_gbps},
		{"one pair", "vm_tcp" GBIT, figure_pair_gbps}};
	const struct report_set *set = page->set;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fprintf(page->out, "<tr><th class=\"f\">%u VMs, %s</th>", vms, rows[i].name);
		for (unsigned k = 0; k < set->nb_systems; k++) {
			double value = NAN;

			for (unsigned j = 0; j < set->n; j++) {
				const struct report_line *line = &set->lines[j];

				if (!strcmp(line->group, like->group) &&
					line->like->size == like->like->size &&
					line->like->pairs.vms == vms)
					value = report_sample_of(&line->cells[k], rows[i].figure)
							.median;
			}
			html_number_cell(page->out, value);
		}
		for (unsigned k = 0; k < n; k++)
			html_number_cell(
				page->out, figure_at(csv, &series[k], csv_column(csv, "vms"), vms,
						   true, csv_column(csv, rows[i].column)));
		fputs("</tr>\n", page->out);
	}
}

static bool
beside_pairs(struct report_page *page, const struct csv *csv)
{
	const struct report_line *like = longest_pairs(page->set);
	struct series series[SERIES_MAX];
	unsigned n = find_series(csv, series);

	if (!like || csv_column(csv, "vms") < 0 || csv_column(csv, "link_tcp" GBIT) < 0)
		return false;
	fprintf(page->out,
		"<p>Gbit/s. Ours are Ethernet frames of %u B (L2), published ones are TCP.</p>\n",
		like->like->size);
	html_table_open(page->out, "published");
	fputs("<thead><tr><th></th>", page->out);
	write_heads(page, series, n);
	for (unsigned vms = 2; vms <= XD_GEN_PORTS_MAX; vms += 2) {
		bool any = false;

		for (unsigned i = 0; i < page->set->n; i++)
			any |= !strcmp(page->set->lines[i].group, like->group) &&
			       page->set->lines[i].like->size == like->like->size &&
			       page->set->lines[i].like->pairs.vms == vms;
		if (any)
			write_vms(page, csv, like, vms, series, n);
	}
	fputs("</tbody>\n", page->out);
	html_table_close(page->out);
	return true;
}

static bool
is_round_trip(const struct report_line *line)
{
	return line->like->timed && !line->like->search.method[0] &&
	       line->like->latency.half_mean_ns > 0 && line->like->rate.asked_pps <= 0;
}

static bool
beside_latency(struct report_page *page, const struct csv *csv)
{
	int by = csv_column(csv, "message_bytes"), column = csv_column(csv, "latency_us");
	const struct report_set *set = page->set;
	struct series series[SERIES_MAX];
	unsigned n = find_series(csv, series), ours = 0;

	for (unsigned i = 0; i < set->n; i++)
		ours += is_round_trip(&set->lines[i]);
	if (!ours || by < 0 || column < 0)
		return false;
	fprintf(page->out,
		"<p>Latency in &micro;s: half the mean of round trips, one at a time. Published "
		"are messages: each frame stands beside the longest message that its UDP payload "
		"(the frame less %u B of headers) would have held.</p>\n",
		UDP_HEADERS);
	html_table_open(page->out, "published");
	fputs("<thead><tr><th></th>", page->out);
	write_heads(page, series, n);
	for (unsigned i = 0; i < set->n; i++) {
		const struct report_line *line = &set->lines[i];

		if (!is_round_trip(line))
			continue;
		fputs("<tr><th class=\"f\">", page->out);
		html_line(page->out, line->like);
		fputs("</th>", page->out);
		for (unsigned k = 0; k < set->nb_systems; k++)
			html_number_cell(page->out,
				report_sample_of(&line->cells[k], figure_half_mean_us).median);
		for (unsigned k = 0; k < n; k++)
			html_number_cell(page->out,
				figure_at(csv, &series[k], by,
					(double)line->like->size - UDP_HEADERS, false, column));
		fputs("</tr>\n", page->out);
	}
	fputs("</tbody>\n", page->out);
	html_table_close(page->out);
	return true;
}

/* Our one-way stream between two VMs with the longest frames, or NULL. */
static const struct report_line *
longest_rate(const struct report_set *set)
{
	const struct report_line *best = NULL;

	for (unsigned i = 0; i < set->n; i++) {
		const struct xd_row *row = set->lines[i].like;

		if (!row->engine->section && row->rate.pps > 0 &&
			row->pattern == XD_PATTERN_PAIRS && row->direction == XD_DIRECTION_ONE &&
			row->rate.asked_pps <= 0 && (!best || row->size > best->like->size))
			best = &set->lines[i];
	}
	return best;
}

/* Whether a column is the bandwidth from one VM to another, the first to the second. */
static bool
is_between_vms(const char *name)
{
	return !strcmp(name, "vm_to_vm" GBIT) || !strcmp(name, "vm0_to_vm1" GBIT);
}

static void
write_names(FILE *out, const struct csv *csv)
{
	fputs("<thead><tr>", out);
	for (unsigned i = 0; i < csv->nb_columns; i++)
		html_cell(out, "th", NULL, csv->names[i]);
	fputs("</tr></thead>\n<tbody>\n", out);
}

static void
write_rows(FILE *out, const struct csv *csv)
{
	for (unsigned row = 0; row < csv->n; row++) {
		fputs("<tr>", out);
		for (unsigned i = 0; i < csv->nb_columns; i++)
			html_cell(out, "td", isfinite(csv_number(csv, row, (int)i)) ? "n" : NULL,
				csv_field(csv, row, (int)i));
		fputs("</tr>\n", out);
	}
}

static bool
beside_rate(struct report_page *page, const struct csv *csv)
{
	const struct report_line *line = longest_rate(page->set);
	bool any = false;

	for (unsigned i = 0; i < csv->nb_columns; i++)
		any |= is_between_vms(csv->names[i]);
	if (!line || !any)
		return false;
	fputs("<p>Gbit/s. Published ones are TCP; ours, below them, are Ethernet frames (L2): ",
		page->out);
	html_line(page->out, line->like);
	fputs(".</p>\n", page->out);
	html_table_open(page->out, "published");
	write_names(page->out, csv);
	write_rows(page->out, csv);
	for (unsigned k = 0; k < page->set->nb_systems; k++) {
		double value = report_sample_of(&line->cells[k], figure_l2_gbps).median;

		if (!isfinite(value))
			continue;
		fputs("<tr><th class=\"f\">", page->out);
		html_system(page, k);
		fputs("</th>", page->out);
		for (unsigned i = 1; i < csv->nb_columns; i++)
			html_number_cell(page->out, is_between_vms(csv->names[i]) ? value : NAN);
		fputs("</tr>\n", page->out);
	}
	fputs("</tbody>\n", page->out);
	html_table_close(page->out);
	return true;
}

static void
write_whole(FILE *out, const struct csv *csv)
{
	fprintf(out, "<details><summary>All %u rows as published</summary>\n", csv->n);
	html_table_open(out, "published");
	write_names(out, csv);
	write_rows(out, csv);
	fputs("</tbody>\n", out);
	html_table_close(out);
	fputs("</details>\n", out);
}

void
section_reference(struct report_page *page)
{
	const struct report_references *references = page->references;

	if (!references || !references->n)
		return;
	fputs("<h2 id=\"published\">Published figures</h2>\n"
	      "<p class=\"note\">From write-ups by others, for orientation only. <b>The hardware "
	      "differs, and often the protocol: nothing here was beaten, or lost to.</b> They "
	      "stand beside measured figures only where the units are the same.</p>\n",
		page->out);
	for (unsigned i = 0; i < references->n; i++) {
		const struct report_reference *file = &references->files[i];

		fputs("<h3>", page->out);
		html_text(page->out, file->name);
		fputs("</h3>\n<p>", page->out);
		html_text(page->out, file->about);
		fputs("</p>\n", page->out);
		if (beside_rate(page, &file->csv))
			continue;
		if (!beside_pairs(page, &file->csv) && !beside_latency(page, &file->csv))
			fputs("<p class=\"dim\">Nothing was measured here in these units.</p>\n",
				page->out);
		write_whole(page->out, &file->csv);
	}
}

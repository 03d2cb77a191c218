/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds the published figures that stand beside a line. */
#include <math.h>
#include <string.h>

#include "engine.h"
#include "published.h"

/* Columns of a unit, and what a figure in them is multiplied by. */
static const struct {
	enum published_unit unit;
	const char *ending;
	double scale;
} columns[] = {
	{PUBLISHED_GBPS, "_gbit_per_s", 1},
	{PUBLISHED_GBPS, "bandwidth_bytes_per_s", 8e-9},
	{PUBLISHED_PER_S, "messages_per_s", 1},
	{PUBLISHED_US, "latency_us", 1},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* What a column's figures are multiplied by to be of the unit; 0: they are of another. */
static double
scale_of(const char *column, enum published_unit unit)
{
	size_t len = strlen(column), end;

	for (size_t i = 0; i < COLUMNS; i++) {
		end = strlen(columns[i].ending);
		if (columns[i].unit == unit && len >= end &&
			!strcmp(column + len - end, columns[i].ending))
			return columns[i].scale;
	}
	return 0;
}

const char *
published_name(const struct csv *csv, unsigned row, char *name, size_t size)
{
	static const char *const words[] = {"fabric", "placement", "protocol"};
	size_t used = 0;

	name[0] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *word = csv_field(csv, row, csv_column(csv, words[i]));

		if (*word && used < size)
			used += (size_t)snprintf(
				name + used, size - used, "%s%s", used ? ", " : "", word);
	}
	if (!used)
		snprintf(name, size, "%s %s", csv->names[0], csv_field(csv, row, 0));
	return name;
}

/* ---- What a line's step names ---- */

/* Calls see for each of its references, until it returns true. */
static bool
each_select(const struct report_page *page, const struct report_line *line,
	bool (*see)(const json_t *select, void *ctx), void *ctx)
{
	for (unsigned k = 0; k < page->set->nb_systems; k++)
		for (unsigned i = 0; i < line->cells[k].n; i++) {
			const json_t *reference =
				page->set->files[line->cells[k].trials[i].file].reference;

			if (json_is_object(reference) && see(reference, ctx))
				return true;
			for (size_t j = 0; j < json_array_size(reference); j++)
				if (see(json_array_get(reference, j), ctx))
					return true;
		}
	return false;
}

struct row_wanted {
	const struct report_reference *file;
	unsigned row;
	bool any; /* a reference is to the file */
};

static bool
is_wanted(const json_t *select, void *ctx)
{
	struct row_wanted *w = ctx;
	const char *name = json_string_value(json_object_get(select, "file"));

	if (!name || strcmp(name, w->file->name) || json_object_get(select, "column"))
		return false;
	w->any = true;
	return report_reference_matches(&w->file->csv, w->row, select);
}

/* ---- Series over sizes ---- */

static bool
is_of_protocol(const struct csv *csv, unsigned row, const char *protocol)
{
	return !strcmp(csv_field(csv, row, csv_column(csv, "protocol")), protocol);
}

unsigned
published_series_of(const struct report_page *page, const struct report_line *line,
	struct published_series series[PUBLISHED_MAX])
{
	const char *protocol = engine_of(line->like)->report.protocol;
	unsigned n = 0, at;

	for (unsigned i = 0; page->references && protocol && i < page->references->n; i++) {
		const struct report_reference *file = &page->references->files[i];
		struct row_wanted wanted = {.file = file};
		char name[sizeof(series[0].name)];

		if (csv_column(&file->csv, "message_bytes") < 0)
			continue;
		for (; wanted.row < file->csv.n; wanted.row++) {
			if (!is_of_protocol(&file->csv, wanted.row, protocol) ||
				(!each_select(page, line, is_wanted, &wanted) && wanted.any))
				continue;
			published_name(&file->csv, wanted.row, name, sizeof(name));
			for (at = 0; at < n; at++)
				if (series[at].file == file && !strcmp(series[at].name, name))
					break;
			if (at < n || n == PUBLISHED_MAX)
				continue;
			series[n].file = file;
			memcpy(series[n++].name, name, sizeof(name));
		}
	}
	return n;
}

double
published_of_size(const struct published_series *series, const struct report_line *line,
	enum published_unit unit)
{
	const struct csv *csv = &series->file->csv;
	int by = csv_column(csv, "message_bytes");
	char name[sizeof(series->name)];

	for (unsigned column = 0; column < csv->nb_columns; column++) {
		double scale = scale_of(csv->names[column], unit);

		for (unsigned row = 0; scale > 0 && row < csv->n; row++)
			if (csv_number(csv, row, by) == (double)report_size(line->like) &&
				!strcmp(published_name(csv, row, name, sizeof(name)), series->name))
				return scale * csv_number(csv, row, (int)column);
	}
	return NAN;
}

/* ---- Single values ---- */

struct values_wanted {
	const struct report_page *page;
	const struct xd_row *like;
	enum published_unit unit;
	struct published_value *values;
	unsigned n;
};

/* Of a reference without a column: those of the same number of VMs, or the same message. */
static bool
is_like(const struct csv *csv, unsigned row, const struct xd_row *like)
{
	unsigned vms = like->pairs.vms ? like->pairs.vms : like->rate.nb_ports;
	int by_vms = csv_column(csv, "vms"), by_size = csv_column(csv, "message_bytes");

	if (by_vms >= 0)
		return csv_number(csv, row, by_vms) == vms;
	return by_size >= 0 && report_size_figure(like) &&
	       csv_number(csv, row, by_size) == (double)report_size(like);
}

static void
add_value(struct values_wanted *w, const struct report_reference *file, unsigned row, int column)
{
	double value =
		csv_number(&file->csv, row, column) * scale_of(file->csv.names[column], w->unit);
	struct published_value *v = &w->values[w->n];
	char name[96];

	if (!isfinite(value) || value <= 0 || w->n == PUBLISHED_MAX)
		return;
	snprintf(v->name, sizeof(v->name), "%s: %s",
		published_name(&file->csv, row, name, sizeof(name)), file->csv.names[column]);
	v->value = value;
	for (unsigned i = 0; i < w->n; i++)
		if (!strcmp(w->values[i].name, v->name))
			return;
	w->n++;
}

static bool
take_values(const json_t *select, void *ctx)
{
	struct values_wanted *w = ctx;
	const char *name = json_string_value(json_object_get(select, "file"));
	const char *column = json_string_value(json_object_get(select, "column"));
	const struct report_reference *file =
		name ? report_reference_named(w->page->references, name) : NULL;

	for (unsigned row = 0; file && row < file->csv.n; row++) {
		if (!report_reference_matches(&file->csv, row, select) ||
			(!column && !is_like(&file->csv, row, w->like)))
			continue;
		for (unsigned i = 0; i < file->csv.nb_columns; i++)
			if (!column || !strcmp(file->csv.names[i], column))
				add_value(w, file, row, (int)i);
	}
	return false;
}

unsigned
published_values(const struct report_page *page, const struct report_line *line,
	enum published_unit unit, struct published_value values[PUBLISHED_MAX])
{
	struct values_wanted w = {page, line->like, unit, values, 0};

	if (page->references)
		each_select(page, line, take_values, &w);
	return w.n;
}

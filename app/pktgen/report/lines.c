/* SPDX-License-Identifier: BSD-3-Clause */
/* Lays rows of result files side by side: finds the line and the cell that each belongs to, and
 * decides which trials count. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "lines.h"
#include "traffic/host/placement.h"

static const char *const classes[] = {"near", "far", "mixed", "unknown"};
#define CLASSES 4

const char *
report_class(const struct xd_row *row)
{
	return xd_placement_class(row->placement_before_ns, row->placement_after_ns);
}

const char *
report_use_name(enum report_use use)
{
	static const char *const names[] = {"used", "void", "partial", "other placement"};

	return names[use];
}

const struct xd_figure *
report_size_figure(const struct xd_row *row)
{
	for (const struct xd_figure *f = row->engine->figures; f && f->key; f++)
		if (f->role == XD_FIGURE_ASKED_SIZE)
			return f;
	return NULL;
}

uint64_t
report_size(const struct xd_row *row)
{
	const struct xd_figure *f = report_size_figure(row);

	return f ? xd_figure_count(f, row) : row->size;
}

/* What was asked for among an engine's own figures, but for the size. */
static void
write_asked(FILE *out, const struct xd_row *row)
{
	for (const struct xd_figure *f = row->engine->figures; f && f->key; f++) {
		if (f->role != XD_FIGURE_ASKED)
			continue;
		if (f->kind == XD_FIGURE_TEXT)
			fprintf(out, "\n%s", (const char *)xd_figure_at(f, row));
		else if (f->kind == XD_FIGURE_FLAG)
			fprintf(out, "\n%d", *(const bool *)xd_figure_at(f, row));
		else if (f->kind == XD_FIGURE_REAL)
			fprintf(out, "\n%.6g", xd_figure_real(f, row));
		else
			fprintf(out, "\n%llu", (unsigned long long)xd_figure_count(f, row));
	}
}

/* What tells a row from rows of another kind, but for its size. asked_pps of a search is what it
 * found, not what it was asked for. Frames' sizes are not what messages differ in. */
static char *
group_of(const struct xd_row *row)
{
	const struct xd_search_figures *s = &row->search;
	bool searched = s->method[0];
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "%s\n%s\n%s\n%s\n%u\n%d\n%d\n%d\n%d\n%.6g\n%d\n%s\n%s\n%s\n%s\n%u\n%d",
		row->engine->name, row->name, row->template_text, row->capture, row->flows,
		row->flow_kind, row->pattern, row->direction, row->touch,
		searched ? 0 : row->rate.asked_pps, row->timed ? 1 + (int)row->latency.way : 0,
		s->method, s->goal, row->rings.rings, row->rings.ids, row->rings.ring_size,
		row->rings.tso);
	if (report_size_figure(row))
		fprintf(out, "\n%u\n%u", row->size, row->rate.nb_ports);
	write_asked(out, row);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static char *
key_of(const struct xd_row *row, const char *group)
{
	char *text = NULL;

	if (asprintf(&text, "%s\n%llu\n%s\n%u\n%u\n%d", group, (unsigned long long)report_size(row),
		    row->mix, row->pairs.vms, row->pairs.pairs, row->pairs.is_baseline) < 0)
		return NULL;
	return text;
}

/* The line of a row, made when it is the first of its kind; NULL without memory. */
static struct report_line *
line_of(struct report_line **lines, unsigned *n, unsigned *room, const struct xd_row *row)
{
	char *group = group_of(row), *key = group ? key_of(row, group) : NULL;

	for (unsigned i = 0; key && i < *n; i++)
		if (!strcmp((*lines)[i].key, key)) {
			free(group);
			free(key);
			return &(*lines)[i];
		}
	if (key && *n == *room) {
		unsigned more = *room ? 2 * *room : 16;
		struct report_line *grown = realloc(*lines, more * sizeof(*grown));

		if (grown) {
			*lines = grown;
			*room = more;
		}
	}
	if (!key || *n == *room) {
		free(group);
		free(key);
		return NULL;
	}
	(*lines)[*n] = (struct report_line){.group = group, .key = key, .like = row};
	return &(*lines)[(*n)++];
}

static int
add_trial(struct report_cell *cell, const struct xd_row *row, unsigned file, unsigned number)
{
	if (cell->n == cell->room) {
		unsigned room = cell->room ? 2 * cell->room : 8;
		struct report_trial *trials = realloc(cell->trials, room * sizeof(*trials));

		if (!trials)
			return -ENOMEM;
		cell->trials = trials;
		cell->room = room;
	}
	cell->trials[cell->n++] = (struct report_trial){.row = row, .file = file, .number = number};
	return 0;
}

int
report_lines_add(struct report_set *set, unsigned file)
{
	const struct xd_results *results = &set->files[file].results;

	for (unsigned i = 0; i < results->n; i++) {
		const struct xd_row *row = &results->rows[i];
		bool own = engine_of(row)->report.is_alone;
		struct report_line *line;

		if (row->search.is_trial)
			continue;
		line = own ? line_of(&set->floor, &set->nb_floor, &set->floor_room, row)
			   : line_of(&set->lines, &set->n, &set->room, row);
		if (!line || add_trial(&line->cells[own ? 0 : set->files[file].system], row, file,
				     i + 1))
			return -ENOMEM;
	}
	return 0;
}

/* How many systems have trials of a class that could be used, and then how many trials. */
static unsigned
support(const struct report_line *line, unsigned nb_cells, const char *class)
{
	unsigned systems = 0, trials = 0;

	for (unsigned i = 0; i < nb_cells; i++) {
		unsigned here = 0;

		for (unsigned j = 0; j < line->cells[i].n; j++) {
			const struct xd_row *row = line->cells[i].trials[j].row;

			here += !row->is_void && !row->partial && !strcmp(report_class(row), class);
		}
		systems += here > 0;
		trials += here;
	}
	return systems * 1000000 + trials;
}

static const char *
best_class(const struct report_line *line, unsigned nb_cells)
{
	const char *best = NULL;
	unsigned most = 0;

	for (unsigned i = 0; i < CLASSES; i++) {
		unsigned now = support(line, nb_cells, classes[i]);

		if (now > most) {
			most = now;
			best = classes[i];
		}
	}
	return best;
}

static bool
has_class(const struct report_cell *cell, const char *class)
{
	for (unsigned i = 0; i < cell->n; i++) {
		const struct xd_row *row = cell->trials[i].row;

		if (!row->is_void && !row->partial && !strcmp(report_class(row), class))
			return true;
	}
	return false;
}

static void
choose_trials(struct report_cell *cell, const char *class)
{
	for (unsigned i = 0; i < cell->n; i++) {
		struct report_trial *trial = &cell->trials[i];

		if (trial->row->is_void) {
			trial->use = REPORT_VOID;
			cell->voids++;
		} else if (trial->row->partial) {
			trial->use = REPORT_PARTIAL;
			cell->partials++;
		} else if (strcmp(report_class(trial->row), class)) {
			trial->use = REPORT_OTHER_CLASS;
			cell->other_class++;
		} else {
			trial->use = REPORT_USED;
			cell->used++;
		}
	}
	cell->class = cell->used ? class : NULL;
}

static void
choose(struct report_line *line, unsigned nb_cells)
{
	line->class = best_class(line, nb_cells);
	for (unsigned i = 0; i < nb_cells; i++) {
		struct report_line alone = {.cells = {line->cells[i]}};
		const char *class = line->class;

		if (class && !has_class(&line->cells[i], class))
			class = best_class(&alone, 1);
		choose_trials(&line->cells[i], class ? class : "");
	}
}

static int
by_size(const void *a, const void *b)
{
	const struct xd_row *x = ((const struct report_line *)a)->like;
	const struct xd_row *y = ((const struct report_line *)b)->like;

	if (!x->mix[0] != !y->mix[0])
		return x->mix[0] ? 1 : -1;
	if (report_size(x) != report_size(y))
		return report_size(x) < report_size(y) ? -1 : 1;
	if (x->pairs.vms != y->pairs.vms)
		return x->pairs.vms < y->pairs.vms ? -1 : 1;
	return (int)y->pairs.is_baseline - (int)x->pairs.is_baseline;
}

/* Groups in the order in which they are first seen, engines in theirs. */
static void
sort(struct report_line *lines, unsigned n)
{
	unsigned done = 0;

	for (unsigned engine = 0; engines[engine]; engine++)
		for (unsigned i = done; i < n; i++) {
			unsigned begin = done;

			if (lines[i].like->engine != engines[engine]->results)
				continue;
			for (unsigned j = i; j < n; j++) {
				struct report_line line = lines[j];

				if (j > i && strcmp(line.group, lines[begin].group))
					continue;
				memmove(&lines[done + 1], &lines[done], (j - done) * sizeof(line));
				lines[done++] = line;
			}
			qsort(&lines[begin], done - begin, sizeof(*lines), by_size);
			i = done - 1;
		}
}

void
report_lines_arrange(struct report_set *set)
{
	for (unsigned i = 0; i < set->n; i++)
		choose(&set->lines[i], set->nb_systems);
	for (unsigned i = 0; i < set->nb_floor; i++)
		choose(&set->floor[i], 1);
	sort(set->lines, set->n);
	sort(set->floor, set->nb_floor);
}

void
report_lines_destroy(struct report_line *lines, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		for (unsigned j = 0; j < REPORT_SYSTEMS_MAX; j++)
			free(lines[i].cells[j].trials);
		free(lines[i].group);
		free(lines[i].key);
	}
	free(lines);
}

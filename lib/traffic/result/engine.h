/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What results know of an engine: its name, the figures that only its rows have, and those of them
 * that --fail-if can be about. A row points to its engine; nothing else tells rows apart.
 *
 * An engine's own figures lie in the row: in a member of their own, or in row.own, which is the
 * engine's to lay out. A list says where each is and how it is written, so that JSON, CSV, the
 * screen and the report have them without code for each.
 */
#ifndef XD_TRAFFIC_RESULT_ENGINE_H
#define XD_TRAFFIC_RESULT_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct xd_row;

enum xd_figure_kind {
	XD_FIGURE_UNSIGNED, /* unsigned */
	XD_FIGURE_COUNT,    /* uint64_t */
	XD_FIGURE_REAL,     /* double; null when it is not finite */
	XD_FIGURE_FLAG,     /* bool */
	XD_FIGURE_TEXT,     /* char[size] */
	XD_FIGURE_TIMES,    /* struct xd_times; null when there are none */
};

/* What a figure says: what was found; or what was asked for, so that rows which differ in it are
 * not trials of one thing. Of these one can be a size, over which the others are shown. */
enum xd_figure_role { XD_FIGURE_FOUND, XD_FIGURE_ASKED, XD_FIGURE_ASKED_SIZE };

struct xd_figure {
	const char *key; /* JSON; NULL ends a list */
	enum xd_figure_kind kind;
	bool or_null;                          /* zero, or an empty text, is null */
	size_t offset, size;                   /* in struct xd_row, bytes */
	bool (*has)(const struct xd_row *row); /* else it is null; NULL: every row has it */
	const char *head, *unit;               /* for people; NULL head: not shown to them */
	double scale; /* what is shown is the figure / scale; 0: as it is */
	enum xd_figure_role role;
};

/* A figure for --fail-if, beside those that all engines have (fail_if.h). */
struct xd_condition_figure {
	const char *name;                                     /* NULL ends a list */
	bool (*get)(const struct xd_row *row, double *value); /* false: the row does not have it */
};

struct xd_engine {
	const char *name;    /* the command, and JSON's "engine" */
	const char *section; /* JSON's key for its own figures, null in others' rows; NULL: none */
	const struct xd_figure *figures;              /* NULL: none */
	const struct xd_condition_figure *conditions; /* NULL: none */
};

/* Lists of engines end with NULL. */

static inline const void *
xd_figure_at(const struct xd_figure *f, const struct xd_row *row)
{
	return (const char *)row + f->offset;
}

/* Of kind unsigned or count. */
static inline uint64_t
xd_figure_count(const struct xd_figure *f, const struct xd_row *row)
{
	unsigned small;
	uint64_t count;

	/* What an engine lays out itself has no type of its own. */
	if (f->kind == XD_FIGURE_UNSIGNED)
		memcpy(&small, xd_figure_at(f, row), sizeof(small));
	else
		memcpy(&count, xd_figure_at(f, row), sizeof(count));
	return f->kind == XD_FIGURE_UNSIGNED ? small : count;
}

/* Of kind real. */
static inline double
xd_figure_real(const struct xd_figure *f, const struct xd_row *row)
{
	double real;

	memcpy(&real, xd_figure_at(f, row), sizeof(real));
	return real;
}

#endif

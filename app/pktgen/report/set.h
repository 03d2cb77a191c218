/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Results side by side. A line is one thing that was measured (engine, pattern, size, flows, ...),
 * a cell what one system got there: its trials.
 *
 * Not every trial counts. Void and partial ones never do. Of the others those of one placement
 * class do (near, far, mixed): the class that most systems have in this line. A system that has
 * none of it counts with the class it has, and its cell says so.
 */
#ifndef PKTGEN_REPORT_SET_H
#define PKTGEN_REPORT_SET_H

#include <stdbool.h>

#include <jansson.h>

#include "base/error.h"
#include "traffic/result/result.h"

#define REPORT_SYSTEMS_MAX 16

enum report_use { REPORT_USED, REPORT_VOID, REPORT_PARTIAL, REPORT_OTHER_CLASS };

struct report_trial {
	const struct xd_row *row;
	unsigned file;   /* it is of */
	unsigned number; /* of its row in the file, from 1 */
	enum report_use use;
};

struct report_cell {
	unsigned n, room;
	struct report_trial *trials; /* in the order of the files */
	unsigned used, voids, partials, other_class;
	const char *class; /* of those that are used; NULL: none is */
};

struct report_line {
	char *group; /* what is the same in lines that differ in size only */
	char *key;
	const struct xd_row *like; /* one of its rows */
	const char *class;         /* that its cells should have; NULL: no trial is used */
	struct report_cell cells[REPORT_SYSTEMS_MAX];
};

/* What an engine wrote: a file, or a step of a suite's. */
struct report_file {
	const char *path;
	const char *step;        /* its name; NULL: it is a file of its own */
	const json_t *reference; /* the step's, of published figures; or NULL */
	char *name;              /* path, and step */
	struct xd_results results;
	int system; /* -1: of the generator alone (calibrate) */
};

/* A file that a suite wrote. */
struct report_suite {
	const char *path;
	const json_t *root;
};

struct report_system {
	char name[160];
};

struct report_set {
	unsigned nb_roots; /* documents, one a path */
	json_t **roots;
	unsigned nb_suites;
	struct report_suite *suites;
	unsigned nb_files, files_room;
	struct report_file *files;
	unsigned nb_systems;
	struct report_system systems[REPORT_SYSTEMS_MAX];
	unsigned baseline; /* of them */
	unsigned n, room;
	struct report_line *lines; /* of one group next to each other, by size */
	struct report_line *floor; /* calibrate's, with one cell for all files; */
	unsigned nb_floor, floor_room;
};

/* Loads all files, engines' and suites', and lays them side by side. Files with one label are one
 * system. baseline: a label or file; NULL: the first. The set is destroyed also after an error. As
 * report_read and report_load; -EINVAL: no such baseline, -E2BIG: too many systems. */
int report_set_load(struct report_set *set, char *const *paths, unsigned n, const char *baseline,
	struct xd_error *err);
void report_set_destroy(struct report_set *set);

/* The size that its lines differ in: of messages, where it has one; else of frames. */
uint64_t report_size(const struct xd_row *row);
/* The figure that is a row's size, or NULL: it is that of its frames. */
const struct xd_figure *report_size_figure(const struct xd_row *row);

/* The class of a row's placement: "near", "far", "mixed", "unknown". */
const char *report_class(const struct xd_row *row);
const char *report_use_name(enum report_use use);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Loads result files, those of suites step by step, and finds the system that each is of. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "engine.h"
#include "lines.h"
#include "load.h"
#include "suite/suite.h"

static const char *
file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* The system of a file's label, or of its name when it has none: an old one or a new one. */
static int
system_of(struct report_set *set, struct report_file *file, struct xd_error *err)
{
	const char *label = file->results.label;
	const char *name = label[0] ? label : file_name(file->path);

	for (unsigned i = 0; i < set->nb_systems; i++)
		if ((label[0] || file->step) && !strcmp(set->systems[i].name, name))
			return (int)i;
	if (set->nb_systems == REPORT_SYSTEMS_MAX)
		return xd_fail(err, -E2BIG,
			"%s: more than %u systems: give fewer files, or the same --label to those "
			"of "
			"one system when measuring",
			file->path, REPORT_SYSTEMS_MAX);
	snprintf(set->systems[set->nb_systems].name, sizeof(set->systems[0].name), "%.150s", name);
	return (int)set->nb_systems++;
}

static bool
is_floor_only(const struct xd_results *results)
{
	for (unsigned i = 0; i < results->n; i++)
		if (!engine_of(&results->rows[i])->report.is_alone)
			return false;
	return true;
}

static int
find_baseline(struct report_set *set, const char *baseline, struct xd_error *err)
{
	const char *names[REPORT_SYSTEMS_MAX + 1] = {NULL};
	char hint[256];

	if (!baseline)
		return 0;
	for (unsigned i = 0; i < set->nb_systems; i++) {
		names[i] = set->systems[i].name;
		if (!strcmp(baseline, names[i])) {
			set->baseline = i;
			return 0;
		}
	}
	for (unsigned i = 0; i < set->nb_files; i++)
		if (set->files[i].system >= 0 &&
			(!strcmp(set->files[i].path, baseline) ||
				!strcmp(file_name(set->files[i].path), baseline))) {
			set->baseline = (unsigned)set->files[i].system;
			return 0;
		}
	return xd_fail(err, -EINVAL, "--baseline %s: no result has this label%s", baseline,
		xd_suggest_hint(baseline, names, hint, sizeof(hint)));
}

static struct report_file *
new_file(struct report_set *set)
{
	if (set->nb_files == set->files_room) {
		unsigned room = set->files_room ? 2 * set->files_room : 16;
		struct report_file *files = realloc(set->files, room * sizeof(*files));

		if (!files)
			return NULL;
		set->files = files;
		set->files_room = room;
	}
	memset(&set->files[set->nb_files], 0, sizeof(*set->files));
	return &set->files[set->nb_files++];
}

/* One document of an engine's. step: that it is of, or NULL. */
static int
load_file(struct report_set *set, const char *path, json_t *root, const json_t *step,
	struct xd_error *err)
{
	const char *name = json_string_value(json_object_get(step, "name"));
	struct report_file *file = new_file(set);
	int rc;

	if (!file)
		return xd_fail(err, -ENOMEM, "no memory for the results");
	file->path = path;
	file->step = step ? (name ? name : "a step") : NULL;
	file->reference = json_object_get(step, "reference");
	file->system = -1;
	if (asprintf(&file->name, "%s%s%s", path, step ? ", " : "", step ? file->step : "") < 0) {
		file->name = NULL;
		return xd_fail(err, -ENOMEM, "no memory for the results");
	}
	rc = report_load(file->name, root, &file->results, err);
	if (rc)
		return rc;
	if (!is_floor_only(&file->results)) {
		file->system = system_of(set, file, err);
		if (file->system < 0)
			return file->system;
	}
	if (report_lines_add(set, set->nb_files - 1))
		return xd_fail(err, -ENOMEM, "no memory for the results");
	return 0;
}

/* The steps of a suite that measured something. */
static int
load_suite(struct report_set *set, const char *path, json_t *root, struct xd_error *err)
{
	json_t *steps = json_object_get(root, "steps"), *step;
	unsigned files = set->nb_files;
	int rc = 0;
	size_t i;

	set->suites[set->nb_suites++] = (struct report_suite){path, root};
	json_array_foreach(steps, i, step)
	{
		json_t *result = json_object_get(step, "result");

		if (!rc && json_array_size(json_object_get(result, "rows")))
			rc = load_file(set, path, result, step, err);
	}
	if (!rc && set->nb_files == files)
		return xd_fail(err, -EINVAL, "%s: steps: none of them has measured anything", path);
	return rc;
}

static int
load_path(struct report_set *set, const char *path, struct xd_error *err)
{
	json_t *root = report_read(path, err);
	const char *schema = json_string_value(json_object_get(root, "schema"));

	if (!root)
		return err->code;
	set->roots[set->nb_roots++] = root;
	if (schema && !strcmp(schema, SUITE_SCHEMA))
		return load_suite(set, path, root, err);
	return load_file(set, path, root, NULL, err);
}

int
report_set_load(struct report_set *set, char *const *paths, unsigned n, const char *baseline,
	struct xd_error *err)
{
	int rc = 0;

	memset(set, 0, sizeof(*set));
	set->roots = calloc(n, sizeof(json_t *));
	set->suites = calloc(n, sizeof(*set->suites));
	if (!set->roots || !set->suites)
		return xd_fail(err, -ENOMEM, "no memory for the results");
	for (unsigned i = 0; i < n && !rc; i++)
		rc = load_path(set, paths[i], err);
	if (rc)
		return rc;
	report_lines_arrange(set);
	return find_baseline(set, baseline, err);
}

void
report_set_destroy(struct report_set *set)
{
	report_lines_destroy(set->lines, set->n);
	report_lines_destroy(set->floor, set->nb_floor);
	for (unsigned i = 0; i < set->nb_files; i++) {
		xd_results_fini(&set->files[i].results);
		free(set->files[i].name);
	}
	free(set->files);
	for (unsigned i = 0; i < set->nb_roots; i++)
		json_decref(set->roots[i]);
	free(set->roots);
	free(set->suites);
	memset(set, 0, sizeof(*set));
}

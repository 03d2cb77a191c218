/* SPDX-License-Identifier: BSD-3-Clause */
/* What published figures stand beside a step: a file, perhaps a column, and values of its others.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "report/reference.h"
#include "suite.h"

static int
refuse(const struct suite *s, const struct suite_step *step, const char *inner, const char *what,
	struct xd_error *err)
{
	char key[128];

	snprintf(key, sizeof(key), "%s.reference%s%.60s", step->key, inner[0] ? "." : "", inner);
	return suite_blame(s, key, -EINVAL, what, err);
}

static int
refuse_file(const struct suite *s, const struct suite_step *step, const char *name,
	const struct report_references *references, struct xd_error *err)
{
	const char *names[REFERENCES_MAX + 1];
	char hint[200], what[300];
	unsigned n = 0;

	for (; n < references->n; n++)
		names[n] = references->files[n].name;
	names[n] = NULL;
	snprintf(what, sizeof(what), "there are no published figures of the name %.40s%s", name,
		xd_suggest_hint(name, names, hint, sizeof(hint)));
	return refuse(s, step, "file", what, err);
}

static int
refuse_column(const struct suite *s, const struct suite_step *step, const char *key,
	const char *name, const struct csv *csv, struct xd_error *err)
{
	const char *names[CSV_COLUMNS_MAX + 1];
	char hint[200], what[300];
	unsigned n = 0;

	for (; n < csv->nb_columns; n++)
		names[n] = csv->names[n];
	names[n] = NULL;
	snprintf(what, sizeof(what), "the file has no column %.40s%s", name,
		xd_suggest_hint(name, names, hint, sizeof(hint)));
	return refuse(s, step, key, what, err);
}

static int
check_one(const struct suite *s, const struct suite_step *step, const json_t *one,
	const struct report_references *references, struct xd_error *err)
{
	const char *name = json_string_value(json_object_get(one, "file")), *key;
	const struct report_reference *file;
	json_t *value;

	if (!name)
		return refuse(s, step, "file", "is missing: a name such as virtink_qperf", err);
	file = report_reference_named(references, name);
	if (!file)
		return refuse_file(s, step, name, references, err);
	json_object_foreach((json_t *)(uintptr_t)one, key, value)
	{
		const char *column = !strcmp(key, "column") ? json_string_value(value) : key;

		if (!json_is_string(value))
			return refuse(s, step, key, "a value is wanted", err);
		if (strcmp(key, "file") && csv_column(&file->csv, column) < 0)
			return refuse_column(s, step, key, column, &file->csv, err);
	}
	for (unsigned i = 0; i < file->csv.n; i++)
		if (report_reference_matches(&file->csv, i, one))
			return 0;
	return refuse(s, step, "", "no row of the file has these values", err);
}

int
suite_reference_check(const struct suite *s, const struct suite_step *step,
	const struct report_references *references, struct xd_error *err)
{
	const json_t *one;
	int rc = 0;
	size_t i;

	if (!step->reference)
		return 0;
	if (json_is_object(step->reference))
		return check_one(s, step, step->reference, references, err);
	if (!json_is_array(step->reference))
		return refuse(s, step, "", "{file: NAME, COLUMN: VALUE, ...} is wanted", err);
	json_array_foreach(step->reference, i, one) if (!rc) rc =
		check_one(s, step, one, references, err);
	return rc;
}

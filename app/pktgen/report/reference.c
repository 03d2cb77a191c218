/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the CSV files of published figures: those named, or all of a directory. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "beside.h"
#include "reference.h"

static void
read_about(struct report_reference *file, const char *path)
{
	size_t len = strlen(path);
	char other[PATH_MAX];
	FILE *text;

	if (len < 4 || strcmp(path + len - 4, ".csv") || len >= sizeof(other))
		return;
	snprintf(other, sizeof(other), "%.*s.txt", (int)len - 4, path);
	text = fopen(other, "re");
	if (!text)
		return;
	if (!fgets(file->about, sizeof(file->about), text))
		file->about[0] = '\0';
	file->about[strcspn(file->about, "\r\n")] = '\0';
	fclose(text);
}

static int
load_one(struct report_references *references, const char *path, struct xd_error *err)
{
	struct report_reference *file = &references->files[references->n];
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t len = strlen(name);

	if (references->n == REFERENCES_MAX)
		return xd_fail(
			err, -E2BIG, "--reference %s: at most %u files", path, REFERENCES_MAX);
	references->n++;
	if (len > 4 && !strcmp(name + len - 4, ".csv"))
		len -= 4;
	snprintf(file->name, sizeof(file->name), "%.*s", (int)(len < 95 ? len : 95), name);
	read_about(file, path);
	return csv_load(path, &file->csv, err);
}

static int
is_csv(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 4 && !strcmp(entry->d_name + len - 4, ".csv");
}

/* Whether the directory is there; then *rc is what came of loading its files. */
static bool
load_directory(struct report_references *references, const char *dir, int *rc, struct xd_error *err)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, is_csv, alphasort);
	char path[PATH_MAX + NAME_MAX + 2];

	if (n < 0)
		return false;
	for (int i = 0; i < n; i++) {
		int size = snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);

		if (!*rc && size < (int)sizeof(path))
			*rc = load_one(references, path, err);
		free(entries[i]);
	}
	free(entries);
	return n > 0;
}

int
report_references_load(struct report_references *references, const char *const *paths, unsigned n,
	struct xd_error *err)
{
	char dir[PATH_MAX];
	int rc = 0;

	memset(references, 0, sizeof(*references));
	for (unsigned i = 0; i < n && !rc; i++)
		rc = load_one(references, paths[i], err);
	for (unsigned i = 0; !n && beside_dir("reference", i, dir, sizeof(dir)); i++)
		if (load_directory(references, dir, &rc, err))
			break;
	return rc;
}

void
report_references_destroy(struct report_references *references)
{
	for (unsigned i = 0; i < references->n; i++)
		csv_free(&references->files[i].csv);
	references->n = 0;
}

const struct report_reference *
report_reference_named(const struct report_references *references, const char *name)
{
	for (unsigned i = 0; i < references->n; i++)
		if (!strcmp(references->files[i].name, name))
			return &references->files[i];
	return NULL;
}

bool
report_reference_matches(const struct csv *csv, unsigned row, const json_t *select)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)select, key, value)
	{
		int column = csv_column(csv, key);

		if (!strcmp(key, "file") || !strcmp(key, "column"))
			continue;
		if (column < 0 || !json_is_string(value) ||
			strcmp(csv_field(csv, row, column), json_string_value(value)))
			return false;
	}
	return true;
}

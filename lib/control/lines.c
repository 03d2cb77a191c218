/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the keys of a file stand: see lines.h. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/lines.h"

struct xd_lines {
	json_t *by_key; /* key path: line */
};

struct xd_lines *
xd_lines_create(void)
{
	struct xd_lines *lines = malloc(sizeof(*lines));

	if (!lines)
		return NULL;
	lines->by_key = json_object();
	if (!lines->by_key) {
		free(lines);
		return NULL;
	}
	return lines;
}

void
xd_lines_destroy(struct xd_lines *lines)
{
	if (!lines)
		return;
	json_decref(lines->by_key);
	free(lines);
}

int
xd_lines_add(struct xd_lines *lines, const char *key, unsigned line)
{
	if (!lines)
		return 0;
	return json_object_set_new(lines->by_key, key, json_integer(line)) ? -ENOMEM : 0;
}

unsigned
xd_lines_find(const struct xd_lines *lines, const char *key)
{
	char path[128];

	if (!lines)
		return 0;
	snprintf(path, sizeof(path), "%s", key);
	for (;;) {
		json_t *line = json_object_get(lines->by_key, path);
		char *dot;

		if (line)
			return json_integer_value(line);
		if (!path[0])
			return 0;
		dot = strrchr(path, '.');
		*(dot ? dot : path) = 0;
	}
}

char *
xd_lines_format(const struct xd_lines *lines, const char *file, const struct xd_error *err,
	char *text, size_t size)
{
	unsigned line = xd_lines_find(lines, err->key);
	char where[16] = "";

	if (line)
		snprintf(where, sizeof(where), "%u:", line);
	snprintf(text, size, "%s%s%s%s%s%s%s", file ? file : "", file ? ":" : "", where,
		file ? " " : (where[0] ? " " : ""), err->key, err->key[0] ? ": " : "", err->text);
	return text;
}

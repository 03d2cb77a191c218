/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds and reads a suite's file. What options mean is not looked at here: words.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/suggest.h"
#include "beside.h"
#include "control/read_file.h"
#include "control/yaml.h"
#include "file.h"
#include "option_table.h"

#define EXTENSION ".yaml"
#define NAMES_MAX 32
#define KEY_BYTES 128

/* ---- Errors ---- */

int
suite_blame(
	const struct suite *s, const char *key, int code, const char *what, struct xd_error *err)
{
	struct xd_error at;
	char text[sizeof(err->text)];

	xd_fail_key(&at, code, key, "%s", what);
	return xd_fail(
		err, code, "%s", xd_lines_format(s->lines, s->path, &at, text, sizeof(text)));
}

int
suite_refuse(const struct suite *s, const char *key, const char *inner, const char *what,
	struct xd_error *err)
{
	char path[KEY_BYTES];

	snprintf(path, sizeof(path), "%.100s%s%.24s", key, key[0] && inner[0] ? "." : "", inner);
	return suite_blame(s, path, -EINVAL, what, err);
}

int
suite_refuse_unknown(const struct suite *s, const char *key, const char *inner,
	const char *const *names, struct xd_error *err)
{
	char hint[256], what[300];

	snprintf(what, sizeof(what), "there is no such key%s",
		xd_suggest_hint(inner, names, hint, sizeof(hint)));
	return suite_refuse(s, key, inner, what, err);
}

bool
suite_is_among(const char *word, const char *const *names)
{
	for (unsigned i = 0; names[i]; i++)
		if (!strcmp(names[i], word))
			return true;
	return false;
}

int
suite_read_text(const struct suite *s, const char *key, const json_t *keys, const char *name,
	size_t max, const char **text, struct xd_error *err)
{
	const json_t *value = json_object_get(keys, name);
	char what[64];

	if (!value)
		return 0;
	*text = json_string_value(value);
	if (*text && strlen(*text) <= max && (*text)[0])
		return 0;
	snprintf(what, sizeof(what), "a text of 1 to %zu bytes is wanted", max);
	return suite_refuse(s, key, name, what, err);
}

/* ---- The file ---- */

/* Common options: each is one of some step's engine. */
static int
check_common(const struct suite *s, struct xd_error *err)
{
	const json_t *common = json_object_get(s->root, "options");
	const char *name;
	json_t *value;

	if (common && !json_is_object(common))
		return suite_refuse(s, "options", "", "options are wanted, such as time: 1", err);
	json_object_foreach((json_t *)(uintptr_t)common, name, value)
	{
		const char *names[SUITE_NAMES_MAX + 1];
		bool found = false;
		int rc;

		rc = suite_check_place(s, "options", name, err);
		if (rc)
			return rc;
		for (unsigned i = 0; i < s->nb_steps; i++)
			found |= option_find(s->steps[i].engine, name) != NULL;
		if (found)
			continue;
		suite_step_names(s->steps[0].engine, names);
		return suite_refuse_unknown(s, "options", name, names + SUITE_STEP_KEYS, err);
	}
	return 0;
}

static int
read_root(struct suite *s, struct xd_error *err)
{
	static const char *const names[] = {"title", "switch", "guest", "options", "steps", NULL};
	json_t *steps = json_object_get(s->root, "steps"), *value;
	const char *key;
	int rc = 0;
	size_t i;

	if (!json_is_object(s->root))
		return suite_refuse(s, "", "", "is no suite: title: and steps: are wanted", err);
	json_object_foreach(
		s->root, key, value) if (!suite_is_among(key, names)) return suite_refuse_unknown(s,
		"", key, names, err);
	s->title = s->name;
	rc = suite_read_text(s, "", s->root, "title", 200, &s->title, err);
	if (rc)
		return rc;
	s->device = json_object_get(s->root, "switch");
	if (s->device && !json_is_object(s->device))
		return suite_refuse(s, "switch", "",
			"a configuration of crossdockd is wanted, such as workers: {idle: poll}",
			err);
	if (!json_is_array(steps) || !json_array_size(steps))
		return suite_refuse(s, "steps", "",
			"a list of steps is wanted, such as \"- {name: frames, engine: rate}\"",
			err);
	s->steps = calloc(SUITE_STEPS_MAX, sizeof(*s->steps));
	if (!s->steps)
		return xd_fail(err, -ENOMEM, "no memory for a suite");
	json_array_foreach(steps, i, value) if (!rc) rc =
		suite_read_step(s, (unsigned)i + 1, value, err);
	return rc ? rc : check_common(s, err);
}

/* The file that is meant. */
static int
find(struct suite *s, const char *word, struct xd_error *err)
{
	char names[NAMES_MAX][64], hint[256], path[PATH_MAX];
	const char *list[NAMES_MAX + 1];
	unsigned n = 0;

	if (strchr(word, '/') || !access(word, F_OK)) {
		if (!realpath(word, s->path))
			return xd_fail(err, -errno, "%s: %s", word, strerror(errno));
		return 0;
	}
	for (unsigned i = 0; beside_dir("suites", i, path, sizeof(path)); i++) {
		size_t len = strlen(path);

		snprintf(path + len, sizeof(path) - len, "/%.100s" EXTENSION, word);
		if (realpath(path, s->path))
			return 0;
	}
	n = beside_names("suites", EXTENSION, names, NAMES_MAX);
	for (unsigned i = 0; i < n; i++)
		list[i] = names[i];
	list[n] = NULL;
	return xd_fail(err, -ENOENT, "%s: there is no such file or suite%s", word,
		xd_suggest_hint(word, list, hint, sizeof(hint)));
}

void
suite_offer(const char *begun, FILE *out)
{
	char names[NAMES_MAX][64];
	unsigned n = beside_names("suites", EXTENSION, names, NAMES_MAX);

	for (unsigned i = 0; i < n; i++)
		if (!strncmp(names[i], begun, strlen(begun)))
			fprintf(out, "%s\n", names[i]);
}

static void
take_name(struct suite *s)
{
	const char *slash = strrchr(s->path, '/'), *name = slash ? slash + 1 : s->path;
	size_t len = strlen(name), ext = strlen(EXTENSION);

	if (len > ext && !strcmp(name + len - ext, EXTENSION))
		len -= ext;
	snprintf(s->name, sizeof(s->name), "%.*s", (int)(len < 63 ? len : 63), name);
}

int
suite_load(struct suite *s, const char *file_or_name, struct xd_error *err)
{
	struct xd_error inner = {0};
	char *text;
	size_t len;
	int rc;

	memset(s, 0, sizeof(*s));
	rc = find(s, file_or_name, err);
	if (rc)
		return rc;
	take_name(s);
	text = xd_read_file(s->path, XD_READ_REGULAR, &len, &inner);
	if (!text)
		return xd_fail(err, inner.code, "%s: %s", s->path, inner.text);
	s->lines = xd_lines_create();
	s->root = s->lines ? xd_yaml_parse(text, len, s->lines, &inner) : NULL;
	free(text);
	if (!s->lines)
		return xd_fail(err, -ENOMEM, "no memory for a suite");
	if (!s->root)
		return suite_blame(s, inner.key, inner.code, inner.text, err);
	return read_root(s, err);
}

void
suite_free(struct suite *s)
{
	for (unsigned i = 0; i < s->nb_steps; i++)
		json_decref(s->steps[i].options);
	free(s->steps);
	json_decref(s->root);
	xd_lines_destroy(s->lines);
	memset(s, 0, sizeof(*s));
}

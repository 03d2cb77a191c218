/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a suite's file. What options mean is not looked at here: words.c. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/suggest.h"
#include "beside.h"
#include "control/read_file.h"
#include "control/yaml.h"
#include "option_table.h"
#include "suite.h"
#include "traffic/frames/sizes.h"

#define EXTENSION ".yaml"
#define NAMES_MAX 32
#define KEY_BYTES 128
#define WORDS_MAX (OPTION_ROWS_MAX + 8)

static const char *const step_keys[] = {"name", "engine", "ports", "guest", "reference", NULL};

/* Options that are about the run as a whole. */
static const char *const run_options[] = {"port", "switch", "core", "cores", "numa", "placement",
	"label", "json", "csv", "quiet", "help", "version", NULL};

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

static int
refuse(const struct suite *s, const char *key, const char *inner, const char *what,
	struct xd_error *err)
{
	char path[KEY_BYTES];

	snprintf(path, sizeof(path), "%.100s%s%.24s", key, key[0] && inner[0] ? "." : "", inner);
	return suite_blame(s, path, -EINVAL, what, err);
}

/* A key that is not among names. */
static int
refuse_unknown(const struct suite *s, const char *key, const char *inner, const char *const *names,
	struct xd_error *err)
{
	char hint[256], what[300];

	snprintf(what, sizeof(what), "there is no such key%s",
		xd_suggest_hint(inner, names, hint, sizeof(hint)));
	return refuse(s, key, inner, what, err);
}

static bool
is_among(const char *word, const char *const *names)
{
	for (unsigned i = 0; names[i]; i++)
		if (!strcmp(names[i], word))
			return true;
	return false;
}

/* ---- A step ---- */

static bool
is_flag(const char *text, bool *on)
{
	static const char *const words[] = {"true", "yes", "on", "false", "no", "off"};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i], text)) {
			*on = i < 3;
			return true;
		}
	return false;
}

static void
add_words(json_t *words, const char *name, const char *value)
{
	json_array_append_new(words, json_sprintf("--%s", name));
	if (value)
		json_array_append_new(words, json_string(value));
}

/* The words of one option: "--size", "64"; of a list, of each of its values. */
static int
read_option(const struct suite *s, const char *key, const struct option_row *row,
	const json_t *value, json_t *words, struct xd_error *err)
{
	const char *text = json_string_value(value);
	bool on = true;
	json_t *item;
	size_t i;

	if (!row->argument) {
		if (!json_is_null(value) && (!text || !is_flag(text, &on)))
			return refuse(s, key, row->name, "true or false is wanted", err);
		if (on)
			add_words(words, row->name, NULL);
		return 0;
	}
	if (text) {
		add_words(words, row->name, text);
		return 0;
	}
	if (!json_is_array(value) || !json_array_size(value))
		return refuse(s, key, row->name,
			"a value is wanted, as behind the option on the command line, or a list of "
			"them",
			err);
	json_array_foreach(value, i, item)
	{
		if (!json_is_string(item))
			return refuse(s, key, row->name, "a list of values is wanted", err);
		add_words(words, row->name, json_string_value(item));
	}
	return 0;
}

/* The step's own keys, then its engine's options. */
static void
names_of_step(const struct engine *engine, const char **names)
{
	unsigned n = 0;

	for (; step_keys[n]; n++)
		names[n] = step_keys[n];
	for (const struct option_row *row = engine->options; row->name && n < WORDS_MAX; row++)
		if (!is_among(row->name, run_options))
			names[n++] = row->name;
	names[n] = NULL;
}

static int
refuse_run_option(const struct suite *s, const char *key, const char *name, struct xd_error *err)
{
	return refuse(s, key, name,
		"is not for a file: where a suite runs, and what it writes, its command line says",
		err);
}

static int
read_options(struct suite *s, struct suite_step *step, const json_t *keys, struct xd_error *err)
{
	json_t *common = json_object_get(s->root, "options"), *value;
	const char *names[WORDS_MAX + 1], *name;
	const struct option_row *row;
	int rc = 0;

	step->options = json_array();
	json_object_foreach(common, name, value)
	{
		row = option_find(step->engine, name);
		if (row && !json_object_get(keys, name) && !rc)
			rc = read_option(s, "options", row, value, step->options, err);
	}
	json_object_foreach((json_t *)(uintptr_t)keys, name, value)
	{
		if (rc || is_among(name, step_keys))
			continue;
		if (is_among(name, run_options))
			return refuse_run_option(s, step->key, name, err);
		row = option_find(step->engine, name);
		names_of_step(step->engine, names);
		rc = row ? read_option(s, step->key, row, value, step->options, err)
			 : refuse_unknown(s, step->key, name, names, err);
	}
	return rc;
}

static int
read_engine(
	const struct suite *s, struct suite_step *step, const json_t *keys, struct xd_error *err)
{
	const char *names[ENGINES_MAX + 1],
		*word = json_string_value(json_object_get(keys, "engine"));
	char hint[256], what[300];
	unsigned n = 0;

	for (unsigned i = 0; engines[i]; i++)
		if (option_find(engines[i], "json") && !engines[i]->main)
			names[n++] = engines[i]->results->name;
	names[n] = NULL;
	if (!word)
		return refuse(s, step->key, "engine",
			"is missing: a command that measures, such as rate", err);
	step->engine = is_among(word, names) ? engine_named(word) : NULL;
	if (step->engine)
		return 0;
	snprintf(what, sizeof(what), "%.40s is no engine%s", word,
		xd_suggest_hint(word, names, hint, sizeof(hint)));
	return refuse(s, step->key, "engine", what, err);
}

static int
read_ports(const struct suite *s, const struct suite_step *step, const json_t *keys,
	struct xd_sizes *ports, struct xd_error *err)
{
	const json_t *value = json_object_get(keys, "ports");
	const char *text = json_string_value(value);

	if (step->engine->makes_ports && value)
		return refuse(s, step->key, "ports", "this engine makes its own", err);
	if (xd_sizes_parse(text ? text : "2", 1, XD_GEN_PORTS_MAX, ports, NULL) || (value && !text))
		return refuse(
			s, step->key, "ports", "1 to 64 are wanted, such as 2 or 2:14:+2", err);
	for (unsigned i = 0; i < ports->n; i++)
		if (ports->mix[i].n > 1)
			return refuse(
				s, step->key, "ports", "whole numbers are wanted, such as 2", err);
	return 0;
}

static int
read_text(const struct suite *s, const char *key, const json_t *keys, const char *name, size_t max,
	const char **text, struct xd_error *err)
{
	const json_t *value = json_object_get(keys, name);
	char what[64];

	if (!value)
		return 0;
	*text = json_string_value(value);
	if (*text && strlen(*text) <= max && (*text)[0])
		return 0;
	snprintf(what, sizeof(what), "a text of 1 to %zu bytes is wanted", max);
	return refuse(s, key, name, what, err);
}

static int
add_step(struct suite *s, const struct suite_step *step, struct xd_error *err)
{
	for (unsigned i = 0; i < s->nb_steps; i++)
		if (!strcmp(s->steps[i].name, step->name))
			return refuse(s, step->key, "name", "an earlier step has it already", err);
	if (s->nb_steps == SUITE_STEPS_MAX)
		return refuse(s, step->key, "", "there are more than 200 steps", err);
	s->steps[s->nb_steps] = *step;
	json_incref(s->steps[s->nb_steps++].options);
	return 0;
}

/* A step for each number of ports. */
static int
add_steps(struct suite *s, struct suite_step *step, const char *name, const struct xd_sizes *ports,
	struct xd_error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < ports->n && !rc; i++) {
		step->nb_ports = step->engine->makes_ports ? 0 : ports->mix[i].bytes[0];
		if (ports->n > 1)
			snprintf(step->name, sizeof(step->name), "%.60s, %u ports", name,
				step->nb_ports);
		else
			snprintf(step->name, sizeof(step->name), "%.60s", name);
		rc = add_step(s, step, err);
	}
	return rc;
}

static int
read_step(struct suite *s, unsigned number, json_t *keys, struct xd_error *err)
{
	struct suite_step step = {.guest = ""};
	const char *name = NULL;
	struct xd_sizes ports;
	int rc;

	snprintf(step.key, sizeof(step.key), "steps.%u", number);
	if (!json_is_object(keys))
		return refuse(s, step.key, "", "a step is wanted: name, engine, options", err);
	rc = read_text(s, step.key, keys, "name", 60, &name, err);
	if (!rc)
		rc = read_engine(s, &step, keys, err);
	if (!rc && !name)
		name = step.engine->results->name;
	if (!rc)
		rc = read_ports(s, &step, keys, &ports, err);
	if (!rc)
		rc = read_text(s, "", s->root, "guest", 200, &step.guest, err);
	if (!rc)
		rc = read_text(s, step.key, keys, "guest", 200, &step.guest, err);
	step.reference = json_object_get(keys, "reference");
	if (!rc)
		rc = read_options(s, &step, keys, err);
	if (!rc)
		rc = add_steps(s, &step, name, &ports, err);
	json_decref(step.options);
	return rc;
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
		return refuse(s, "options", "", "options are wanted, such as time: 1", err);
	json_object_foreach((json_t *)(uintptr_t)common, name, value)
	{
		const char *names[WORDS_MAX + 1];
		bool found = false;

		if (is_among(name, run_options))
			return refuse_run_option(s, "options", name, err);
		for (unsigned i = 0; i < s->nb_steps; i++)
			found |= option_find(s->steps[i].engine, name) != NULL;
		if (found)
			continue;
		names_of_step(s->steps[0].engine, names);
		return refuse_unknown(s, "options", name, names + 5, err);
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
		return refuse(s, "", "", "is no suite: title: and steps: are wanted", err);
	json_object_foreach(s->root, key, value) if (!is_among(key, names)) return refuse_unknown(
		s, "", key, names, err);
	s->title = s->name;
	rc = read_text(s, "", s->root, "title", 200, &s->title, err);
	if (rc)
		return rc;
	s->device = json_object_get(s->root, "switch");
	if (s->device && !json_is_object(s->device))
		return refuse(s, "switch", "",
			"a configuration of crossdockd is wanted, such as workers: {idle: poll}",
			err);
	if (!json_is_array(steps) || !json_array_size(steps))
		return refuse(s, "steps", "",
			"a list of steps is wanted, such as \"- {name: frames, engine: rate}\"",
			err);
	s->steps = calloc(SUITE_STEPS_MAX, sizeof(*s->steps));
	if (!s->steps)
		return xd_fail(err, -ENOMEM, "no memory for a suite");
	json_array_foreach(steps, i, value) if (!rc) rc = read_step(s, (unsigned)i + 1, value, err);
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

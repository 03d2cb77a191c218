/* SPDX-License-Identifier: BSD-3-Clause */
/* A step of a suite's file: its own keys, and its engine's options as words. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "file.h"
#include "option_table.h"
#include "traffic/frames/sizes.h"

static const char *const step_keys[SUITE_STEP_KEYS + 1] = {
	"name", "engine", "ports", "guest", "reference", NULL};

/* Options that are about the run as a whole. */
static const char *const run_options[] = {"port", "switch", "core", "cores", "numa", "placement",
	"peer", "label", "json", "csv", "quiet", "help", "version", NULL};

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
			return suite_refuse(s, key, row->name, "true or false is wanted", err);
		if (on)
			add_words(words, row->name, NULL);
		return 0;
	}
	if (text) {
		add_words(words, row->name, text);
		return 0;
	}
	if (!json_is_array(value) || !json_array_size(value))
		return suite_refuse(s, key, row->name,
			"a value is wanted, as behind the option on the command line, or a list of "
			"them",
			err);
	json_array_foreach(value, i, item)
	{
		if (!json_is_string(item))
			return suite_refuse(s, key, row->name, "a list of values is wanted", err);
		add_words(words, row->name, json_string_value(item));
	}
	return 0;
}

void
suite_step_names(const struct engine *engine, const char **names)
{
	unsigned n = 0;

	for (; step_keys[n]; n++)
		names[n] = step_keys[n];
	for (const struct option_row *row = engine->options; row->name && n < SUITE_NAMES_MAX;
		row++)
		if (!suite_is_among(row->name, run_options))
			names[n++] = row->name;
	names[n] = NULL;
}

int
suite_check_place(const struct suite *s, const char *key, const char *name, struct xd_error *err)
{
	if (!suite_is_among(name, run_options))
		return 0;
	return suite_refuse(s, key, name,
		"is not for a file: where a suite runs, and what it writes, its command line says",
		err);
}

static int
read_options(struct suite *s, struct suite_step *step, const json_t *keys, struct xd_error *err)
{
	json_t *common = json_object_get(s->root, "options"), *value;
	const char *names[SUITE_NAMES_MAX + 1], *name;
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
		if (rc || suite_is_among(name, step_keys))
			continue;
		rc = suite_check_place(s, step->key, name, err);
		if (rc)
			return rc;
		row = option_find(step->engine, name);
		suite_step_names(step->engine, names);
		rc = row ? read_option(s, step->key, row, value, step->options, err)
			 : suite_refuse_unknown(s, step->key, name, names, err);
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
		return suite_refuse(s, step->key, "engine",
			"is missing: a command that measures, such as rate", err);
	step->engine = suite_is_among(word, names) ? engine_named(word) : NULL;
	if (step->engine)
		return 0;
	snprintf(what, sizeof(what), "%.40s is no engine%s", word,
		xd_suggest_hint(word, names, hint, sizeof(hint)));
	return suite_refuse(s, step->key, "engine", what, err);
}

static int
read_ports(const struct suite *s, const struct suite_step *step, const json_t *keys,
	struct xd_sizes *ports, struct xd_error *err)
{
	const json_t *value = json_object_get(keys, "ports");
	const char *text = json_string_value(value);

	if (step->engine->makes_ports && value)
		return suite_refuse(s, step->key, "ports", "this engine makes its own", err);
	if (xd_sizes_parse(text ? text : "2", 1, XD_GEN_PORTS_MAX, ports, NULL) || (value && !text))
		return suite_refuse(
			s, step->key, "ports", "1 to 64 are wanted, such as 2 or 2:14:+2", err);
	for (unsigned i = 0; i < ports->n; i++)
		if (ports->mix[i].n > 1)
			return suite_refuse(
				s, step->key, "ports", "whole numbers are wanted, such as 2", err);
	return 0;
}

static int
add_step(struct suite *s, const struct suite_step *step, struct xd_error *err)
{
	for (unsigned i = 0; i < s->nb_steps; i++)
		if (!strcmp(s->steps[i].name, step->name))
			return suite_refuse(
				s, step->key, "name", "an earlier step has it already", err);
	if (s->nb_steps == SUITE_STEPS_MAX)
		return suite_refuse(s, step->key, "", "there are more than 200 steps", err);
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

int
suite_read_step(struct suite *s, unsigned number, json_t *keys, struct xd_error *err)
{
	struct suite_step step = {.guest = ""};
	const char *name = NULL;
	struct xd_sizes ports;
	int rc;

	snprintf(step.key, sizeof(step.key), "steps.%u", number);
	if (!json_is_object(keys))
		return suite_refuse(
			s, step.key, "", "a step is wanted: name, engine, options", err);
	rc = suite_read_text(s, step.key, keys, "name", 60, &name, err);
	if (!rc)
		rc = read_engine(s, &step, keys, err);
	if (!rc && !name)
		name = step.engine->results->name;
	if (!rc)
		rc = read_ports(s, &step, keys, &ports, err);
	if (!rc)
		rc = suite_read_text(s, "", s->root, "guest", 200, &step.guest, err);
	if (!rc)
		rc = suite_read_text(s, step.key, keys, "guest", 200, &step.guest, err);
	step.reference = json_object_get(keys, "reference");
	if (!rc)
		rc = read_options(s, &step, keys, err);
	if (!rc)
		rc = add_steps(s, &step, name, &ports, err);
	json_decref(step.options);
	return rc;
}

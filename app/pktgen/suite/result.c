/* SPDX-License-Identifier: BSD-3-Clause */
/* The JSON of a suite. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "result.h"
#include "traffic/result/result_json.h"

/* What makes a step the same in two suites. */
static const char *const same[] = {"name", "engine", "ports", "guest", "options"};

static json_t *
step_json(const struct suite_step *step)
{
	json_t *reference =
		step->reference ? json_incref((json_t *)(uintptr_t)step->reference) : json_null();

	return json_pack("{s:s, s:s, s:i, s:o, s:O, s:o, s:s, s:n, s:f, s:n, s:n}", "name",
		step->name, "engine", step->engine->results->name, "ports", (int)step->nb_ports,
		"guest", step->guest[0] ? json_string(step->guest) : json_null(), "options",
		step->options, "reference", reference, "state", "pending", "reason", "expected_s",
		step->expected_s, "took_s", "result");
}

static void
set_time(json_t *root)
{
	char text[32] = "";
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_object_set_new(root, "started", json_string(text));
}

static json_t *
text_or_null(const char *text)
{
	json_t *made = text && text[0] ? json_string(text) : NULL;

	return made ? made : json_null();
}

int
suite_result_init(struct suite_result *r, const struct suite *s, const char *command,
	const char *label, struct xd_error *err)
{
	json_t *steps = json_array();

	r->root = json_pack("{s:s, s:s, s:o, s:s, s:o}", "schema", SUITE_SCHEMA, "suite", s->name,
		"file", text_or_null(s->path), "title", s->title, "command", text_or_null(command));
	for (unsigned i = 0; i < s->nb_steps; i++)
		json_array_append_new(steps, step_json(&s->steps[i]));
	if (!r->root || json_array_size(steps) != s->nb_steps) {
		json_decref(steps);
		return xd_fail(err, -ENOMEM, "no memory for the results");
	}
	set_time(r->root);
	json_object_set_new(r->root, "label", text_or_null(label));
	json_object_set_new(r->root, "partial", json_true());
	json_object_set_new(r->root, "reason", json_null());
	json_object_set_new(r->root, "steps", steps);
	return 0;
}

void
suite_result_fini(struct suite_result *r)
{
	json_decref(r->root);
	r->root = NULL;
}

json_t *
suite_result_read(const char *path, struct xd_error *err)
{
	json_error_t bad;
	json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &bad);
	const char *schema = json_string_value(json_object_get(root, "schema"));

	if (!root && bad.line < 0)
		xd_fail(err, -ENOENT, "%s", bad.text); /* it names the file */
	else if (!root)
		xd_fail(err, -EINVAL, "%s: line %d: not JSON: %s", path, bad.line, bad.text);
	else if (!schema || strcmp(schema, SUITE_SCHEMA) ||
		 !json_is_array(json_object_get(root, "steps")))
		xd_fail(err, -EINVAL, "%s: is not what a suite of this version wrote", path);
	else
		return root;
	json_decref(root);
	return NULL;
}

static bool
is_same(const json_t *a, const json_t *b)
{
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		if (!json_equal(json_object_get(a, same[i]), json_object_get(b, same[i])))
			return false;
	return true;
}

unsigned
suite_result_continue(struct suite_result *r, const json_t *earlier)
{
	static const char *const kept[] = {"state", "reason", "took_s", "result"};
	json_t *steps = json_object_get(r->root, "steps");
	json_t *old_steps = json_object_get(earlier, "steps"), *step, *old;
	unsigned n = 0;
	size_t i, k;

	json_object_set(r->root, "started", json_object_get(earlier, "started"));
	if (json_is_null(json_object_get(r->root, "label")) && json_object_get(earlier, "label"))
		json_object_set(r->root, "label", json_object_get(earlier, "label"));
	json_array_foreach(steps, i, step) json_array_foreach(old_steps, k, old)
	{
		const char *state = json_string_value(json_object_get(old, "state"));

		if (!state || strcmp(state, "done") || !is_same(step, old) ||
			!json_is_object(json_object_get(old, "result")))
			continue;
		for (size_t m = 0; m < sizeof(kept) / sizeof(kept[0]); m++)
			json_object_set(step, kept[m], json_object_get(old, kept[m]));
		n++;
		break;
	}
	return n;
}

const char *
suite_result_state(const struct suite_result *r, unsigned step)
{
	const json_t *one = json_array_get(json_object_get(r->root, "steps"), step);

	return json_string_value(json_object_get(one, "state"));
}

void
suite_result_set(struct suite_result *r, unsigned step, const char *state, const char *reason,
	double took_s, json_t *result)
{
	json_t *one = json_array_get(json_object_get(r->root, "steps"), step);

	json_object_set_new(one, "state", json_string(state));
	json_object_set_new(one, "reason", text_or_null(reason));
	json_object_set_new(one, "took_s", json_real(took_s));
	json_object_set_new(one, "result", result ? result : json_null());
}

int
suite_result_write(
	struct suite_result *r, const char *reason, const char *path, struct xd_error *err)
{
	json_t *steps = json_object_get(r->root, "steps"), *step;
	bool partial = reason != NULL;
	char *text;
	size_t i;
	int rc;

	json_array_foreach(steps, i, step)
	{
		const char *state = json_string_value(json_object_get(step, "state"));

		partial |= strcmp(state, "done") && strcmp(state, "skipped");
	}
	json_object_set_new(r->root, "partial", json_boolean(partial));
	json_object_set_new(r->root, "reason", text_or_null(reason));
	text = json_dumps(r->root, JSON_INDENT(1) | JSON_REAL_PRECISION(XD_RESULT_DIGITS));
	rc = text ? xd_results_write(text, "--json", path, err)
		  : xd_fail(err, -ENOMEM, "no memory for the results");
	free(text);
	return rc;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* A JSON tree to YAML text. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "control/yaml.h"

struct print {
	yaml_emitter_t emitter;
	unsigned block_levels;
	char *text;
	size_t len;
};

/* Words that other YAML readers would take for something else than text. */
static bool
wants_quotes(const char *text)
{
	static const char *const words[] = {
		"", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n"};

	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!strcasecmp(text, words[i]))
			return true;
	}
	return strchr("0123456789+-.", text[0]);
}

static int
emit_scalar(struct print *print, const char *text, bool quoted)
{
	yaml_event_t event;

	if (!yaml_scalar_event_initialize(&event, NULL, NULL, (const unsigned char *)text,
		    strlen(text), 1, 1,
		    quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_ANY_SCALAR_STYLE))
		return -ENOMEM;
	return yaml_emitter_emit(&print->emitter, &event) ? 0 : -ENOMEM;
}

static int emit(struct print *print, const json_t *value, unsigned depth);

static int
emit_object(struct print *print, const json_t *value, unsigned depth)
{
	bool block = depth < print->block_levels && json_object_size(value) > 0;
	yaml_event_t event;
	const char *key;
	json_t *item;

	if (!yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
		    block ? YAML_BLOCK_MAPPING_STYLE : YAML_FLOW_MAPPING_STYLE) ||
		!yaml_emitter_emit(&print->emitter, &event))
		return -ENOMEM;
	json_object_foreach((json_t *)value, key, item)
	{
		if (emit_scalar(print, key, wants_quotes(key)) || emit(print, item, depth + 1))
			return -ENOMEM;
	}
	yaml_mapping_end_event_initialize(&event);
	return yaml_emitter_emit(&print->emitter, &event) ? 0 : -ENOMEM;
}

/* How many integers, each one more than the one before, begin at list[i]. */
static size_t
run_length(const json_t *list, size_t i)
{
	json_int_t first = json_integer_value(json_array_get(list, i));
	size_t n = 0;

	while (json_is_integer(json_array_get(list, i + n)) &&
		json_integer_value(json_array_get(list, i + n)) == first + (json_int_t)n)
		n++;
	return n;
}

static int
emit_item(struct print *print, const json_t *list, size_t *i, unsigned depth)
{
	size_t n = run_length(list, *i);
	json_int_t first = json_integer_value(json_array_get(list, *i));
	char range[48];

	/* "20-30" reads better than eleven numbers; settings take either. */
	if (n > 2) {
		snprintf(range, sizeof(range), "%" JSON_INTEGER_FORMAT "-%" JSON_INTEGER_FORMAT,
			first, first + (json_int_t)n - 1);
		*i += n;
		return emit_scalar(print, range, false);
	}
	return emit(print, json_array_get(list, (*i)++), depth);
}

static int
emit_array(struct print *print, const json_t *value, unsigned depth)
{
	yaml_event_t event;
	size_t i = 0;

	if (!yaml_sequence_start_event_initialize(
		    &event, NULL, NULL, 1, YAML_FLOW_SEQUENCE_STYLE) ||
		!yaml_emitter_emit(&print->emitter, &event))
		return -ENOMEM;
	while (i < json_array_size(value)) {
		if (emit_item(print, value, &i, depth + 1))
			return -ENOMEM;
	}
	yaml_sequence_end_event_initialize(&event);
	return yaml_emitter_emit(&print->emitter, &event) ? 0 : -ENOMEM;
}

static int
emit(struct print *print, const json_t *value, unsigned depth)
{
	char number[24];

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return emit_object(print, value, depth);
	case JSON_ARRAY:
		return emit_array(print, value, depth);
	case JSON_STRING:
		return emit_scalar(
			print, json_string_value(value), wants_quotes(json_string_value(value)));
	case JSON_INTEGER:
		snprintf(
			number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return emit_scalar(print, number, false);
	case JSON_TRUE:
		return emit_scalar(print, "true", false);
	case JSON_FALSE:
		return emit_scalar(print, "false", false);
	default:
		return emit_scalar(print, "~", false);
	}
}

static int
write_text(void *ctx, unsigned char *data, size_t size)
{
	struct print *print = ctx;
	char *text = realloc(print->text, print->len + size + 1);

	if (!text)
		return 0;
	memcpy(text + print->len, data, size);
	print->text = text;
	print->len += size;
	text[print->len] = 0;
	return 1;
}

char *
xd_yaml_print(const json_t *root, unsigned block_levels)
{
	struct print print = {.block_levels = block_levels};
	yaml_emitter_t *emitter = &print.emitter;
	yaml_event_t event;
	bool ok;

	if (!yaml_emitter_initialize(emitter))
		return NULL;
	yaml_emitter_set_output(emitter, write_text, &print);
	yaml_emitter_set_unicode(emitter, 1);
	yaml_emitter_set_width(emitter, -1);
	ok = yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) &&
	     yaml_emitter_emit(emitter, &event) &&
	     yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1) &&
	     yaml_emitter_emit(emitter, &event) && emit(&print, root, 0) == 0 &&
	     yaml_document_end_event_initialize(&event, 1) && yaml_emitter_emit(emitter, &event) &&
	     yaml_stream_end_event_initialize(&event) && yaml_emitter_emit(emitter, &event) &&
	     yaml_emitter_flush(emitter);
	yaml_emitter_delete(emitter);
	if (!ok) {
		free(print.text);
		return NULL;
	}
	return print.text;
}

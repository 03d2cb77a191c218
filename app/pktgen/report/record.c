/* SPDX-License-Identifier: BSD-3-Clause */
/* Members of a JSON object taken one by one, each with its kind and range checked. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "engine.h"
#include "record.h"
#include "traffic/result/result.h"

#define WORDS_MAX 32
#define COUNT_MAX 9007199254740992.0 /* 2^53: all whole numbers up to there are exact */

static void
refuse(struct record *r, const char *key, const char *why)
{
	if (r->rc)
		return;
	if (r->row)
		r->rc = xd_fail(r->err, -EINVAL, "%s: row %zu: %s%s: %s", r->file, r->row, r->path,
			key, why);
	else
		r->rc = xd_fail(r->err, -EINVAL, "%s: %s%s: %s", r->file, r->path, key, why);
}

bool
record_has(const struct record *r, const char *key)
{
	const json_t *value = json_object_get(r->object, key);

	return value && !json_is_null(value);
}

double
record_number(struct record *r, const char *key, enum record_need need)
{
	json_t *value = json_object_get(r->object, key);

	if (need == RECORD_OR_NULL && (!value || json_is_null(value)))
		return 0;
	if (!json_is_number(value) || !isfinite(json_number_value(value))) {
		refuse(r, key, "a number is expected");
		return 0;
	}
	return json_number_value(value);
}

uint64_t
record_count(struct record *r, const char *key)
{
	double value = record_number(r, key, RECORD_MUST);

	if (value < 0 || value > COUNT_MAX || value != floor(value)) {
		refuse(r, key, "a whole number, not negative, is expected");
		return 0;
	}
	return (uint64_t)value;
}

bool
record_flag(struct record *r, const char *key)
{
	json_t *value = json_object_get(r->object, key);

	if (value && !json_is_boolean(value) && !json_is_null(value))
		refuse(r, key, "true or false is expected");
	return json_is_true(value);
}

void
record_text(struct record *r, const char *key, char *text, size_t size)
{
	json_t *value = json_object_get(r->object, key);
	size_t used;

	text[0] = '\0';
	if (!value || json_is_null(value))
		return;
	if (!json_is_string(value)) {
		refuse(r, key, "text is expected");
		return;
	}
	used = (size_t)snprintf(text, size, "%s", json_string_value(value));
	if (used < size)
		return;
	/* Half a character of UTF-8 is none. */
	used = size - 1;
	while (used > 0 && ((unsigned char)json_string_value(value)[used] & 0xc0) == 0x80)
		used--;
	text[used] = '\0';
}

/* The word for a value of an enumeration, or NULL after the last. */
static const char *
word_of(enum record_words words, int value)
{
	switch (words) {
	case RECORD_ENGINE:
		return engines[value] ? engines[value]->results->name : NULL;
	case RECORD_FLOW_KIND:
		return value <= XD_FLOW_L4 ? xd_flow_kind_name((enum xd_flow_kind)value) : NULL;
	case RECORD_DIRECTION:
		return value <= XD_DIRECTION_BOTH ? xd_direction_name((enum xd_direction)value)
						  : NULL;
	case RECORD_PATTERN:
		return value <= XD_PATTERN_REFLECT ? xd_pattern_name((enum xd_pattern)value) : NULL;
	case RECORD_TOUCH:
		return value <= XD_TOUCH_NONE ? xd_touch_name((enum xd_touch)value) : NULL;
	case RECORD_BOTTLENECK:
		return value <= XD_BOTTLENECK_GENERATOR_RECEIVE
			       ? xd_bottleneck_name((enum xd_bottleneck)value)
			       : NULL;
	default:
		return value <= XD_TIMES_ONE_WAY ? xd_times_way_name((enum xd_times_way)value)
						 : NULL;
	}
}

int
record_word(struct record *r, const char *key, enum record_words words)
{
	const char *text = json_string_value(json_object_get(r->object, key));
	const char *valid[WORDS_MAX + 1] = {NULL};
	char why[256], hint[160];

	for (int i = 0; i < WORDS_MAX; i++) {
		valid[i] = word_of(words, i);
		if (!valid[i])
			break;
		if (text && !strcmp(text, valid[i]))
			return i;
	}
	if (!text)
		snprintf(why, sizeof(why), "a word is expected");
	else
		snprintf(why, sizeof(why), "unknown word %.40s%s", text,
			xd_suggest_hint(text, valid, hint, sizeof(hint)));
	refuse(r, key, why);
	return 0;
}

bool
record_enter(struct record *outer, json_t *object, const char *key, bool may_be_null,
	struct record *inner)
{
	json_t *value = json_object_get(object, key);

	if (may_be_null && (!value || json_is_null(value)))
		return false;
	if (!json_is_object(value)) {
		refuse(outer, key, "an object is expected");
		return false;
	}
	*inner = *outer;
	inner->object = value;
	snprintf(inner->path, sizeof(inner->path), "%.40s%.20s.", outer->path, key);
	return true;
}

void
record_leave(struct record *outer, const struct record *inner)
{
	outer->rc = inner->rc;
}

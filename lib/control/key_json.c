/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of keys to JSON and back, and an entry's values or differences as an object. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/key_json.h"

/* ---- To JSON ---- */

static json_t *
numbers_to_json(const char *text)
{
	unsigned numbers[XD_RANGES_MAX];
	int n = xd_ranges_list(numbers, XD_RANGES_MAX, text, XD_RANGES_MAX - 1, NULL);
	json_t *list = json_array();

	for (int i = 0; i < n; i++)
		json_array_append_new(list, json_integer(numbers[i]));
	return list;
}

/* "a,b" as an array of strings. */
static json_t *
words_to_json(const char *text)
{
	json_t *list = json_array();

	while (*text) {
		size_t len = strcspn(text, ",");

		json_array_append_new(list, json_stringn(text, len));
		text += len + (text[len] == ',');
	}
	return list;
}

json_t *
xd_key_to_json(const struct xd_key *key, const void *entry)
{
	char text[XD_KEY_CHARS];

	xd_key_print(key, entry, text);
	if (!text[0])
		return json_null();
	switch (key->kind) {
	case XD_KEY_NUMBER:
		return json_integer((json_int_t)xd_key_number(key, entry));
	case XD_KEY_LIST:
	case XD_KEY_SET:
		return numbers_to_json(text);
	case XD_KEY_NAMES:
	case XD_KEY_FLAGS:
	case XD_KEY_MACS:
		return words_to_json(text);
	default:
		return key->list ? words_to_json(text) : json_string(text);
	}
}

json_t *
xd_entry_to_json(const struct xd_noun *noun, const void *entry)
{
	json_t *object = json_object();

	XD_NOUN_FOREACH(noun, entry, key)
	{
		json_t *value = xd_key_to_json(key, entry);

		if (!json_is_null(value))
			json_object_set_new(object, key->name, value);
	}
	return object;
}

json_t *
xd_entry_diff(const struct xd_noun *noun, const void *from, const void *to)
{
	json_t *object = json_object();

	XD_NOUN_FOREACH(noun, to, key)
	{
		if (!xd_noun_keeps(noun, key, from, to))
			json_object_set_new(object, key->name, xd_key_to_json(key, to));
	}
	return object;
}

/* ---- From JSON ---- */

/* A string or an integer at text. Returns bytes written, -EINVAL, or -E2BIG. */
static int
scalar_text(const json_t *value, char *text, size_t size)
{
	int len;

	if (json_is_string(value))
		len = snprintf(text, size, "%s", json_string_value(value));
	else if (json_is_integer(value))
		len = snprintf(text, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		return -EINVAL;
	return (size_t)len < size ? len : -E2BIG;
}

int
xd_key_from_json(const json_t *value, char text[XD_KEY_CHARS])
{
	size_t used = 0, i;
	json_t *item;
	int len;

	text[0] = 0;
	if (json_is_null(value))
		return 0;
	if (!json_is_array(value)) {
		len = scalar_text(value, text, XD_KEY_CHARS);
		return len < 0 ? len : 0;
	}
	json_array_foreach(value, i, item)
	{
		if (i > 0 && used + 2 > XD_KEY_CHARS)
			return -E2BIG;
		if (i > 0)
			strcpy(text + used++, ",");
		len = scalar_text(item, text + used, XD_KEY_CHARS - used);
		if (len < 0)
			return len;
		used += (size_t)len;
	}
	return 0;
}

/* NULL, or what is wrong with a value whatever its text. */
static const char *
wrong_kind(const struct xd_key *key, const json_t *value, enum xd_json_from from)
{
	bool words = key->kind == XD_KEY_FLAGS || key->kind == XD_KEY_MACS ||
		     key->kind == XD_KEY_NAMES || key->list;
	bool list = words || key->kind == XD_KEY_LIST || key->kind == XD_KEY_SET;

	if (json_is_null(value) && from == XD_JSON_FILE)
		return "has no value";
	if (json_is_object(value))
		return "is a section, but one value is wanted";
	if (json_is_array(value) && !list)
		return "is a list, but one value is wanted";
	/* It could mean all of them or none. */
	if (json_is_array(value) && words && json_array_size(value) == 0)
		return from == XD_JSON_FILE ? "is an empty list: leave the key out"
					    : "is an empty list: null takes the setting back";
	return NULL;
}

static int
set_key(const struct xd_noun *noun, void *entry, const char *name, const json_t *value,
	enum xd_json_from from, struct xd_error *err)
{
	/* An unknown key is worth more to know than a wrong kind of value. */
	int ret = xd_noun_known(noun, entry, name, err);
	char text[XD_KEY_CHARS];
	const char *wrong;

	if (ret)
		return ret;
	wrong = wrong_kind(xd_noun_key(noun, entry, name), value, from);
	if (wrong)
		return xd_noun_fail(err, -EINVAL, noun, entry, name, "%s", wrong);
	ret = xd_key_from_json(value, text);
	if (ret == -E2BIG)
		return xd_noun_fail(err, ret, noun, entry, name, "is longer than any value");
	if (ret)
		return xd_noun_fail(err, ret, noun, entry, name,
			json_is_array(value) ? "is not a plain list of values"
					     : "must be a string, a number or a list of those");
	return xd_noun_set(noun, entry, name, text, err);
}

int
xd_entry_from_json(const struct xd_noun *noun, void *entry, const json_t *object,
	enum xd_json_from from, struct xd_error *err)
{
	const char *name, *first = noun->more ? noun->keys[0].name : NULL;
	json_t *value = first ? json_object_get(object, first) : NULL;
	int ret = 0;

	/* The type first: it says which other keys there are. */
	if (value)
		ret = set_key(noun, entry, first, value, from, err);
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		if ((first && !strcmp(name, first)) ||
			(from == XD_JSON_REQUEST && noun->size && !strcmp(name, "name")))
			continue;
		if (ret == 0)
			ret = set_key(noun, entry, name, value, from, err);
	}
	return ret;
}

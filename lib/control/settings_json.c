/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/settings.h"

static json_t *
list_to_json(const char *text)
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
xd_setting_to_json(const struct xd_setting *setting, const void *entry)
{
	char text[XD_SETTING_TEXT];

	setting->print(entry, text);
	if (!text[0])
		return json_null();
	if (setting->kind == XD_SETTING_NUMBER)
		return json_integer(strtoll(text, NULL, 10));
	if (setting->kind == XD_SETTING_LIST)
		return list_to_json(text);
	if (setting->kind == XD_SETTING_WORDS)
		return words_to_json(text);
	return json_string(text);
}

json_t *
xd_settings_to_json(const struct xd_setting *table, const char *type, const void *entry)
{
	json_t *object = json_object();

	for (const struct xd_setting *s = table; s->key; s++) {
		json_t *value;

		if (type && !xd_setting_applies(s, type))
			continue;
		value = xd_setting_to_json(s, entry);
		if (!json_is_null(value))
			json_object_set_new(object, s->key, value);
	}
	return object;
}

json_t *
xd_port_to_json(const struct xd_port_config *port)
{
	return xd_settings_to_json(xd_port_settings, port->type, port);
}

json_t *
xd_bridge_to_json(const struct xd_bridge_config *bridge)
{
	return xd_settings_to_json(xd_bridge_settings, NULL, bridge);
}

/* A string or an integer at text. Returns bytes written, or -EINVAL. */
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
	return (size_t)len < size ? len : -EINVAL;
}

int
xd_setting_from_json(const json_t *value, char text[XD_SETTING_TEXT])
{
	size_t used = 0, i;
	json_t *item;
	int len;

	if (json_is_null(value)) {
		text[0] = 0;
		return 0;
	}
	if (!json_is_array(value))
		return scalar_text(value, text, XD_SETTING_TEXT) < 0 ? -EINVAL : 0;
	text[0] = 0;
	json_array_foreach(value, i, item)
	{
		if (i > 0) {
			if (used + 2 > XD_SETTING_TEXT)
				return -EINVAL;
			strcpy(text + used++, ",");
		}
		len = scalar_text(item, text + used, XD_SETTING_TEXT - used);
		if (len < 0)
			return -EINVAL;
		used += len;
	}
	return 0;
}

bool
xd_setting_ambiguous(const struct xd_setting *setting, const json_t *value)
{
	return setting && setting->kind == XD_SETTING_WORDS && json_is_array(value) &&
	       json_array_size(value) == 0;
}

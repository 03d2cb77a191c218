/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of columns: value.h. */
#include <string.h>

#include "ovsdb/value.h"

/* The list of ["tag", [...]]; NULL: it is not one. */
static const json_t *
tagged(const json_t *value, const char *tag)
{
	const json_t *list = json_array_get(value, 1);
	const char *is = json_string_value(json_array_get(value, 0));

	return json_array_size(value) == 2 && is && !strcmp(is, tag) && json_is_array(list) ? list
											    : NULL;
}

size_t
xd_ovsdb_set_size(const json_t *value)
{
	const json_t *list = tagged(value, "set");

	if (list)
		return json_array_size(list);
	return value && (!json_is_array(value) || xd_ovsdb_uuid(value));
}

const json_t *
xd_ovsdb_set_get(const json_t *value, size_t i)
{
	const json_t *list = tagged(value, "set");

	if (list)
		return json_array_get(list, i);
	return i < xd_ovsdb_set_size(value) ? value : NULL;
}

const char *
xd_ovsdb_string(const json_t *value)
{
	return json_string_value(xd_ovsdb_set_get(value, 0));
}

const char *
xd_ovsdb_uuid(const json_t *atom)
{
	const char *is = json_string_value(json_array_get(atom, 0));

	return json_array_size(atom) == 2 && is && !strcmp(is, "uuid")
		       ? json_string_value(json_array_get(atom, 1))
		       : NULL;
}

json_int_t
xd_ovsdb_integer(const json_t *value, json_int_t fallback)
{
	const json_t *atom = xd_ovsdb_set_get(value, 0);

	return json_is_integer(atom) ? json_integer_value(atom) : fallback;
}

bool
xd_ovsdb_bool(const json_t *value, bool fallback)
{
	const json_t *atom = xd_ovsdb_set_get(value, 0);

	return json_is_boolean(atom) ? json_is_true(atom) : fallback;
}

size_t
xd_ovsdb_map_size(const json_t *map)
{
	return json_array_size(tagged(map, "map"));
}

bool
xd_ovsdb_map_get(const json_t *map, size_t i, const char **key, const char **value)
{
	const json_t *pair = json_array_get(tagged(map, "map"), i);

	*key = json_string_value(json_array_get(pair, 0));
	*value = json_string_value(json_array_get(pair, 1));
	return *key && *value;
}

const char *
xd_ovsdb_map_find(const json_t *map, const char *key)
{
	const char *is, *value;

	for (size_t i = 0; i < xd_ovsdb_map_size(map); i++) {
		if (xd_ovsdb_map_get(map, i, &is, &value) && !strcmp(is, key))
			return value;
	}
	return NULL;
}

const json_t *
xd_ovsdb_map_at(const json_t *map, json_int_t key)
{
	const json_t *list = tagged(map, "map");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *pair = json_array_get(list, i), *is = json_array_get(pair, 0);

		if (json_is_integer(is) && json_integer_value(is) == key)
			return json_array_get(pair, 1);
	}
	return NULL;
}

json_t *
xd_ovsdb_make_empty(void)
{
	return json_pack("[s, []]", "set");
}

json_t *
xd_ovsdb_make_map(void)
{
	return json_pack("[s, []]", "map");
}

void
xd_ovsdb_map_add(json_t *map, const char *key, json_t *value)
{
	json_t *pair = json_array();

	json_array_append_new(pair, json_string(key));
	json_array_append_new(pair, value);
	json_array_append_new(json_array_get(map, 1), pair);
}

json_t *
xd_ovsdb_make_uuid(const char *uuid)
{
	return json_pack("[s, s]", "uuid", uuid);
}

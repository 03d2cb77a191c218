/* SPDX-License-Identifier: BSD-3-Clause */
/* The difference of two configurations, one line per key. */
#include <stdio.h>
#include <string.h>

#include "config/names.h"
#include "control/delta.h"

static void
append(json_t *list, const char *op, const char *key, const char *from, const char *to)
{
	json_t *change = json_pack("{s:s, s:s}", "op", op, "key", key);

	if (from)
		json_object_set_new(change, "from", json_string(from));
	if (to)
		json_object_set_new(change, "to", json_string(to));
	json_array_append_new(list, change);
}

static void
list_keys(json_t *list, const struct xd_noun *noun, const void *from, const void *to)
{
	char a[XD_KEY_CHARS], b[XD_KEY_CHARS], path[XD_NOUN_PATH];

	XD_NOUN_FOREACH(noun, to, key)
	{
		const char *unset = key->unset ? key->unset : "none";

		if (xd_noun_keeps(noun, key, from, to))
			continue;
		a[0] = 0;
		if (xd_noun_has(noun, from, key))
			xd_key_print(key, from, a);
		xd_key_print(key, to, b);
		append(list, "set", xd_noun_path(noun, to, key->name, path), a[0] ? a : unset,
			b[0] ? b : unset);
	}
}

/* "type=vhost-user bridge=br0 ..." of what is set, as `port add` takes it. */
static void
describe(const struct xd_noun *noun, const void *entry, char *text, size_t size)
{
	char value[XD_KEY_CHARS];
	size_t used = 0;

	text[0] = 0;
	XD_NOUN_FOREACH(noun, entry, key)
	{
		xd_key_print(key, entry, value);
		if (value[0] && used < size)
			used += snprintf(text + used, size - used, "%s%s=%s", used ? " " : "",
				key->name, value);
	}
}

static void
list_entries(json_t *list, const struct xd_noun *noun, const struct xd_names *old_names,
	const struct xd_names *new_names)
{
	const struct xd_config *from = xd_names_config(old_names), *to = xd_names_config(new_names);
	char path[XD_NOUN_PATH], text[XD_KEY_CHARS + 4096];

	for (unsigned i = 0; i < xd_noun_count(noun, from); i++) {
		const void *entry = xd_noun_entry(noun, from, i);

		if (!xd_names_get(new_names, noun, entry))
			append(list, "del", xd_noun_path(noun, entry, NULL, path), NULL, NULL);
	}
	for (unsigned i = 0; i < xd_noun_count(noun, to); i++) {
		const void *entry = xd_noun_entry(noun, to, i);
		const void *old = xd_names_get(old_names, noun, entry);

		if (old) {
			if (!xd_noun_equal(noun, old, entry))
				list_keys(list, noun, old, entry);
			continue;
		}
		describe(noun, entry, text, sizeof(text));
		append(list, "add", xd_noun_path(noun, entry, NULL, path), NULL, text);
	}
}

json_t *
xd_delta_list(const struct xd_daemon_config *from, const struct xd_daemon_config *to)
{
	struct xd_names *old_names = xd_names_create(from->config);
	struct xd_names *new_names = xd_names_create(to->config);
	json_t *list = old_names && new_names ? json_array() : NULL;
	const struct xd_noun *noun;

	for (unsigned i = 0; list && (noun = xd_daemon_noun(i)); i++) {
		if (noun->size)
			list_entries(list, noun, old_names, new_names);
		else
			list_keys(list, noun, xd_daemon_section(from, noun),
				xd_daemon_section(to, noun));
	}
	xd_names_destroy(old_names);
	xd_names_destroy(new_names);
	return list;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The difference of two configurations, one line per key. */
#include <stdio.h>
#include <string.h>

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

		if (xd_key_equal(key, from, to))
			continue;
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
list_entries(json_t *list, const struct xd_noun *noun, const struct xd_config *from,
	const struct xd_config *to)
{
	char path[XD_NOUN_PATH], text[XD_KEY_CHARS + 4096];

	for (unsigned i = 0; i < xd_noun_count(noun, from); i++) {
		const void *entry = xd_noun_entry(noun, from, i);

		if (!xd_noun_get(noun, to, entry))
			append(list, "del", xd_noun_path(noun, entry, NULL, path), NULL, NULL);
	}
	for (unsigned i = 0; i < xd_noun_count(noun, to); i++) {
		const void *entry = xd_noun_entry(noun, to, i);
		const void *old = xd_noun_get(noun, from, entry);

		if (old) {
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
	json_t *list = json_array();
	const struct xd_noun *noun;

	for (unsigned i = 0; (noun = xd_daemon_noun(i)); i++) {
		if (noun->size)
			list_entries(list, noun, from->config, to->config);
		else
			list_keys(list, noun, xd_daemon_section(from, noun),
				xd_daemon_section(to, noun));
	}
	return list;
}

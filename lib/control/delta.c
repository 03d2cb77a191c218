/* SPDX-License-Identifier: BSD-3-Clause */
/* The difference of two configurations: made as JSON, and applied to a configuration file that may
 * have changed meanwhile. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/names.h"
#include "control/delta.h"
#include "control/key_json.h"

/* ---- Making ---- */

/* Puts value into root[section][name], or drops it when it is empty. */
static void
put(json_t *root, const char *section, const char *name, json_t *value)
{
	json_t *in = json_object_get(root, section);

	if (json_object_size(value) == 0 && json_array_size(value) == 0) {
		json_decref(value);
		return;
	}
	if (!in) {
		in = json_object();
		json_object_set_new(root, section, in);
	}
	json_object_set_new(in, name, value);
}

static void
make_entries(json_t *root, const struct xd_noun *noun, const struct xd_names *old_names,
	const struct xd_names *new_names)
{
	json_t *added = json_object(), *changed = json_object(), *deleted = json_array();
	const struct xd_config *from = xd_names_config(old_names), *to = xd_names_config(new_names);

	for (unsigned i = 0; i < xd_noun_count(noun, from); i++) {
		const char *name = xd_noun_entry(noun, from, i);

		if (!xd_names_get(new_names, noun, name))
			json_array_append_new(deleted, json_string(name));
	}
	for (unsigned i = 0; i < xd_noun_count(noun, to); i++) {
		const void *entry = xd_noun_entry(noun, to, i);
		const void *old = xd_names_get(old_names, noun, entry);

		if (!old)
			json_object_set_new(added, entry, xd_entry_to_json(noun, entry));
		else if (!xd_noun_equal(noun, old, entry))
			json_object_set_new(changed, entry, xd_entry_diff(noun, old, entry));
	}
	put(root, "deleted", noun->section, deleted);
	put(root, "added", noun->section, added);
	put(root, "changed", noun->section, changed);
}

json_t *
xd_delta_make(const struct xd_daemon_config *from, const struct xd_daemon_config *to)
{
	struct xd_names *old_names = xd_names_create(from->config);
	struct xd_names *new_names = xd_names_create(to->config);
	json_t *root = old_names && new_names ? json_object() : NULL, *keys;
	const struct xd_noun *noun;

	for (unsigned i = 0; root && (noun = xd_daemon_noun(i)); i++) {
		if (noun->size) {
			make_entries(root, noun, old_names, new_names);
			continue;
		}
		keys = xd_entry_diff(
			noun, xd_daemon_section(from, noun), xd_daemon_section(to, noun));
		if (json_object_size(keys))
			json_object_set(root, noun->section, keys);
		json_decref(keys);
	}
	xd_names_destroy(old_names);
	xd_names_destroy(new_names);
	return root;
}

/* ---- Laying over ---- */

static int
set_keys(const struct xd_noun *noun, void *entry, const json_t *keys, struct xd_error *err)
{
	if (!json_is_object(keys))
		return xd_noun_fail(err, -EINVAL, noun, entry, NULL, "is not a section");
	return xd_entry_from_json(noun, entry, keys, XD_JSON_REQUEST, err);
}

static int
set_section(const struct xd_noun *noun, struct xd_daemon_config *config, const json_t *keys,
	struct xd_error *err)
{
	return keys ? set_keys(noun, xd_daemon_section(config, noun), keys, err) : 0;
}

static void
delete_names(const struct xd_noun *noun, struct xd_config *config, const json_t *deleted)
{
	json_t *name;
	size_t i;

	/* What the file has no longer either is gone as was asked for. */
	json_array_foreach(json_object_get(deleted, noun->section), i, name)
		xd_noun_del(noun, config, json_string_value(name) ?: "", NULL);
}

/* Whether the keys, set on a copy of the entry, change nothing of it. */
static bool
has_already(const struct xd_noun *noun, const void *entry, const json_t *keys)
{
	void *asked = malloc(noun->size);
	bool same;

	if (!asked)
		return false;
	memcpy(asked, entry, noun->size);
	same = set_keys(noun, asked, keys, NULL) == 0 && xd_noun_equal(noun, asked, entry);
	free(asked);
	return same;
}

static int
lay_entry(const struct xd_noun *noun, struct xd_config *config, const char *name,
	const json_t *keys, bool add, struct xd_error *err)
{
	void *entry = xd_noun_get(noun, config, name);
	struct xd_error inner;

	if (!add)
		return entry ? set_keys(noun, entry, keys, err)
			     : xd_noun_fail(err, -ENOENT, noun, name, NULL,
				       "was changed, but the configuration has it no longer");
	/* Fine when the file has meanwhile taken over the very same. */
	if (entry && has_already(noun, entry, keys))
		return 0;
	if (entry)
		return xd_noun_fail(err, -EEXIST, noun, name, NULL,
			"was added, and the configuration has another of this name");
	entry = xd_noun_add(noun, config, name, &inner);
	if (!entry)
		return xd_noun_fail(err, inner.code, noun, name, NULL, "%s", inner.text);
	return set_keys(noun, entry, keys, err);
}

static int
lay_entries(const struct xd_noun *noun, struct xd_config *config, const json_t *section, bool add,
	struct xd_error *err)
{
	const char *name;
	json_t *keys;

	json_object_foreach(json_object_get(section, noun->section), name, keys)
	{
		int ret = lay_entry(noun, config, name, keys, add, err);

		if (ret)
			return ret;
	}
	return 0;
}

static int
check_sections(const json_t *delta, struct xd_error *err)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)delta, key, value)
	{
		const struct xd_noun *noun = xd_daemon_noun_find(key);

		if (strcmp(key, "deleted") && strcmp(key, "added") && strcmp(key, "changed") &&
			(!noun || noun->size))
			return xd_fail_key(err, -EINVAL, key, "there is no such section");
	}
	return 0;
}

int
xd_delta_apply(struct xd_daemon_config *config, const json_t *delta, struct xd_error *err)
{
	json_t *added = json_object_get(delta, "added"),
	       *changed = json_object_get(delta, "changed");
	const struct xd_noun *noun;
	int ret = check_sections(delta, err);

	for (unsigned i = 0; ret == 0 && (noun = xd_daemon_noun(i)); i++) {
		if (!noun->size) {
			ret = set_section(noun, config, json_object_get(delta, noun->section), err);
			continue;
		}
		delete_names(noun, config->config, json_object_get(delta, "deleted"));
		ret = lay_entries(noun, config->config, added, true, err);
		if (ret == 0)
			ret = lay_entries(noun, config->config, changed, false, err);
	}
	return ret;
}

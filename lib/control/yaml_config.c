/* SPDX-License-Identifier: BSD-3-Clause */
/* A configuration from YAML. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "control/key_json.h"
#include "control/yaml.h"

#define MAX_SECTIONS 32

/* A section that is a mapping; null counts as empty. */
static int
check_mapping(const json_t *value, const char *path, struct xd_error *err)
{
	if (json_is_object(value) || json_is_null(value))
		return 0;
	return xd_fail_key(err, -EINVAL, path, "is %s, but a section (key: value) is wanted",
		json_is_array(value) ? "a list" : "one value");
}

/* Sets every key of an entry, or of a section. */
static int
read_keys(const struct xd_noun *noun, void *entry, const json_t *keys, struct xd_error *err)
{
	char path[XD_NOUN_PATH];
	int ret = check_mapping(keys, xd_noun_path(noun, entry, NULL, path), err);

	return ret ? ret : xd_entry_from_json(noun, entry, keys, XD_JSON_FILE, err);
}

static int
read_entries(const struct xd_noun *noun, struct xd_config *config, const json_t *section,
	struct xd_error *err)
{
	const char *name;
	json_t *keys;
	int ret = check_mapping(section, noun->section, err);

	json_object_foreach((json_t *)(uintptr_t)section, name, keys)
	{
		char path[XD_NOUN_PATH];
		struct xd_error inner;
		void *entry;

		if (ret)
			break;
		entry = xd_noun_add(noun, config, name, &inner);
		snprintf(path, sizeof(path), "%s.%.100s", noun->section, name);
		if (!entry)
			return xd_fail_key(err, inner.code, path, "%s", inner.text);
		ret = read_keys(noun, entry, keys, err);
	}
	return ret;
}

static int
check_sections(const json_t *root, struct xd_error *err)
{
	const char *sections[MAX_SECTIONS + 1] = {NULL}, *key;
	const struct xd_noun *noun;
	char hint[256];
	json_t *value;

	for (unsigned i = 0; i < MAX_SECTIONS && (noun = xd_daemon_noun(i)); i++)
		sections[i] = noun->section;
	json_object_foreach((json_t *)(uintptr_t)root, key, value)
	{
		noun = xd_daemon_noun_find(key);
		if (!noun || strcmp(noun->section, key))
			return xd_fail_key(err, -ENOENT, key, "there is no such section%s",
				xd_suggest_hint(key, sections, hint, sizeof(hint)));
	}
	return 0;
}

static int
read_sections(const json_t *root, struct xd_daemon_config *config, struct xd_error *err)
{
	const struct xd_noun *noun;
	int ret;

	if (!json_is_object(root) && !json_is_null(root))
		return xd_fail(err, -EINVAL,
			"is not a configuration: sections such as "
			"\"bridges:\" and \"ports:\" are wanted");
	ret = check_sections(root, err);
	for (unsigned i = 0; ret == 0 && (noun = xd_daemon_noun(i)); i++) {
		const json_t *section = json_object_get(root, noun->section);

		if (section && noun->size)
			ret = read_entries(noun, config->config, section, err);
		else if (section)
			ret = read_keys(noun, xd_daemon_section(config, noun), section, err);
	}
	return ret;
}

struct xd_daemon_config *
xd_yaml_read_config(const char *text, size_t len, unsigned default_core, struct xd_lines *lines,
	struct xd_error *err)
{
	struct xd_daemon_config *config;
	json_t *root = xd_yaml_parse(text, len, lines, err);

	if (!root)
		return NULL;
	config = xd_daemon_config_create();
	if (!config) {
		xd_fail(err, -ENOMEM, "no memory");
	} else if (read_sections(root, config, err)) {
		xd_daemon_config_destroy(config);
		config = NULL;
	} else if (!json_object_get(json_object_get(root, "workers"), "cores")) {
		xd_config_set_workers(config->config, &default_core, 1);
	}
	json_decref(root);
	return config;
}

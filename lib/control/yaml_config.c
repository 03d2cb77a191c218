/* SPDX-License-Identifier: BSD-3-Clause */
/* A configuration from YAML. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "control/yaml.h"

static const char *const sections[] = {
	"workers", "memory", "control", "log", "bridges", "ports", NULL};

/* The text of a value, or an error when it is of the wrong kind for the setting. */
static int
value_text(const json_t *value, const char *prefix, const char *key, const struct xd_setting *table,
	char *text, struct xd_error *err)
{
	const struct xd_setting *setting = xd_setting_find(table, key);
	char path[128];
	bool list =
		setting && (setting->kind == XD_SETTING_LIST || setting->kind == XD_SETTING_WORDS);

	snprintf(path, sizeof(path), "%.63s.%.60s", prefix, key);
	if (json_is_null(value))
		return xd_fail_key(err, -EINVAL, path, "has no value");
	if (json_is_object(value))
		return xd_fail_key(err, -EINVAL, path, "is a section, but one value is wanted");
	if (json_is_array(value) && !list)
		return xd_fail_key(err, -EINVAL, path, "is a list, but one value is wanted");
	if (xd_setting_ambiguous(setting, value))
		return xd_fail_key(err, -EINVAL, path, "is an empty list: leave the key out");
	if (xd_setting_from_json(value, text))
		return xd_fail_key(err, -EINVAL, path, "is not a plain list of values");
	return 0;
}

/* A section that is a mapping; null counts as empty. */
static int
check_mapping(const json_t *value, const char *path, struct xd_error *err)
{
	if (json_is_object(value) || json_is_null(value))
		return 0;
	return xd_fail_key(err, -EINVAL, path, "is %s, but a section (key: value) is wanted",
		json_is_array(value) ? "a list" : "one value");
}

/* Sets every key of a section. */
static int
read_settings(const struct xd_setting *table, const char *type, const json_t *section,
	const char *prefix, void *entry, struct xd_error *err)
{
	char text[XD_SETTING_TEXT];
	const char *key;
	json_t *value;
	int ret = check_mapping(section, prefix, err);

	if (ret)
		return ret;
	json_object_foreach((json_t *)section, key, value)
	{
		/* An unknown key is worth more to know than a wrong kind of value. */
		ret = xd_setting_known(table, type, prefix, key, err);
		if (ret == 0)
			ret = value_text(value, prefix, key, table, text, err);
		if (ret == 0)
			ret = xd_setting_set(table, type, prefix, entry, key, text, err);
		if (ret)
			return ret;
	}
	return 0;
}

static int
read_bridges(const json_t *section, struct xd_config *config, struct xd_error *err)
{
	const char *name;
	json_t *value;
	int ret = check_mapping(section, "bridges", err);

	if (ret)
		return ret;
	json_object_foreach((json_t *)section, name, value)
	{
		struct xd_bridge_config *bridge;
		struct xd_error inner;
		char path[128];

		snprintf(path, sizeof(path), "bridges.%.100s", name);
		bridge = xd_config_add_bridge(config, name, &inner);
		if (!bridge)
			return xd_fail_key(err, inner.code, path, "%s", inner.text);
		ret = read_settings(xd_bridge_settings, NULL, value, path, bridge, err);
		if (ret)
			return ret;
	}
	return 0;
}

static int
read_port(const json_t *value, const char *name, struct xd_config *config, struct xd_error *err)
{
	json_t *type = json_object_get(value, "type");
	struct xd_port_config *port;
	struct xd_error inner;
	char path[128];
	int ret;

	snprintf(path, sizeof(path), "ports.%.100s", name);
	port = xd_config_add_port(config, name, "", "", &inner);
	if (!port)
		return xd_fail_key(err, inner.code, path, "%s", inner.text);
	/* The type first: it says which other keys there are. */
	if (json_is_string(type)) {
		ret = xd_port_set(port, "type", json_string_value(type), err);
		if (ret)
			return ret;
	}
	return read_settings(xd_port_settings, port->type, value, path, port, err);
}

static int
read_ports(const json_t *section, struct xd_config *config, struct xd_error *err)
{
	const char *name;
	json_t *value;
	int ret = check_mapping(section, "ports", err);

	if (ret)
		return ret;
	json_object_foreach((json_t *)section, name, value)
	{
		ret = read_port(value, name, config, err);
		if (ret)
			return ret;
	}
	return 0;
}

static int
read_sections(const json_t *root, struct xd_daemon_config *config, struct xd_error *err)
{
	const struct {
		const char *name;
		const struct xd_setting *table;
		void *entry;
	} tables[] = {
		{"workers", xd_worker_settings, config->config},
		{"memory", xd_memory_settings, config->config},
		{"control", xd_control_settings, config},
		{"log", xd_log_settings, config},
	};
	char hint[160];
	const char *key;
	json_t *value;
	int ret;

	if (!json_is_object(root) && !json_is_null(root))
		return xd_fail(err, -EINVAL,
			"is not a configuration: sections such as "
			"\"bridges:\" and \"ports:\" are wanted");
	json_object_foreach((json_t *)root, key, value)
	{
		bool known = false;

		for (unsigned i = 0; sections[i]; i++)
			known = known || !strcmp(sections[i], key);
		if (!known)
			return xd_fail_key(err, -ENOENT, key, "there is no such section%s",
				xd_suggest_hint(key, sections, hint, sizeof(hint)));
	}
	for (unsigned i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		value = json_object_get(root, tables[i].name);
		ret = value ? read_settings(tables[i].table, NULL, value, tables[i].name,
				      tables[i].entry, err)
			    : 0;
		if (ret)
			return ret;
	}
	value = json_object_get(root, "bridges");
	ret = value ? read_bridges(value, config->config, err) : 0;
	value = json_object_get(root, "ports");
	return ret || !value ? ret : read_ports(value, config->config, err);
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

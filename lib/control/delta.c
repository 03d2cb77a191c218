/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "control/delta.h"

/* ---- Making ---- */

/* The keys of `to` whose values are not those of `from`. type: the port's, or NULL. */
static json_t *
changed_keys(const struct xd_setting *table, const char *type, const void *from, const void *to)
{
	char a[XD_SETTING_TEXT], b[XD_SETTING_TEXT];
	json_t *keys = json_object();

	for (const struct xd_setting *s = table; s->key; s++) {
		if (type && !xd_setting_applies(s, type))
			continue;
		s->print(from, a);
		s->print(to, b);
		if (strcmp(a, b))
			json_object_set_new(keys, s->key, xd_setting_to_json(s, to));
	}
	return keys;
}

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
put_section(json_t *root, const char *section, json_t *keys)
{
	if (json_object_size(keys))
		json_object_set_new(root, section, keys);
	else
		json_decref(keys);
}

static void
make_bridges(json_t *root, const struct xd_config *from, const struct xd_config *to)
{
	json_t *added = json_object(), *changed = json_object(), *deleted = json_array();

	for (unsigned i = 0; i < from->nb_bridges; i++) {
		if (!xd_config_bridge(to, from->bridges[i].name))
			json_array_append_new(deleted, json_string(from->bridges[i].name));
	}
	for (unsigned i = 0; i < to->nb_bridges; i++) {
		const struct xd_bridge_config *bridge = &to->bridges[i];
		const struct xd_bridge_config *old = xd_config_bridge(from, bridge->name);

		if (!old)
			json_object_set_new(added, bridge->name, xd_bridge_to_json(bridge));
		else if (!xd_bridge_config_equal(old, bridge))
			json_object_set_new(changed, bridge->name,
				changed_keys(xd_bridge_settings, NULL, old, bridge));
	}
	put(root, "deleted", "bridges", deleted);
	put(root, "added", "bridges", added);
	put(root, "changed", "bridges", changed);
}

static void
make_ports(json_t *root, const struct xd_config *from, const struct xd_config *to)
{
	json_t *added = json_object(), *changed = json_object(), *deleted = json_array();

	for (unsigned i = 0; i < from->nb_ports; i++) {
		if (!xd_config_port(to, from->ports[i].name))
			json_array_append_new(deleted, json_string(from->ports[i].name));
	}
	for (unsigned i = 0; i < to->nb_ports; i++) {
		const struct xd_port_config *port = &to->ports[i];
		const struct xd_port_config *old = xd_config_port(from, port->name);

		if (!old)
			json_object_set_new(added, port->name, xd_port_to_json(port));
		else if (!xd_port_config_equal(old, port))
			json_object_set_new(changed, port->name,
				changed_keys(xd_port_settings, port->type, old, port));
	}
	put(root, "deleted", "ports", deleted);
	put(root, "added", "ports", added);
	put(root, "changed", "ports", changed);
}

json_t *
xd_delta_make(const struct xd_daemon_config *from, const struct xd_daemon_config *to)
{
	json_t *root = json_object();

	put_section(
		root, "workers", changed_keys(xd_worker_settings, NULL, from->config, to->config));
	put_section(root, "log", changed_keys(xd_log_settings, NULL, from, to));
	make_bridges(root, from->config, to->config);
	make_ports(root, from->config, to->config);
	return root;
}

/* ---- Laying over ---- */

static int
set_keys(const struct xd_setting *table, const char *type, const char *prefix, void *entry,
	const json_t *keys, struct xd_error *err)
{
	char text[XD_SETTING_TEXT];
	const char *key;
	json_t *value;

	if (!json_is_object(keys))
		return xd_fail_key(err, -EINVAL, prefix, "is not a section");
	json_object_foreach((json_t *)keys, key, value)
	{
		int ret;

		if (xd_setting_from_json(value, text))
			return xd_fail_key(err, -EINVAL, prefix, "%.60s is not a value", key);
		ret = xd_setting_set(table, type, prefix, entry, key, text, err);
		if (ret)
			return ret;
	}
	return 0;
}

static int
set_bridge_keys(struct xd_bridge_config *bridge, const json_t *keys, struct xd_error *err)
{
	char prefix[XD_NAME_MAX + 16];

	snprintf(prefix, sizeof(prefix), "bridges.%s", bridge->name);
	return set_keys(xd_bridge_settings, NULL, prefix, bridge, keys, err);
}

static int
set_port_keys(struct xd_port_config *port, const json_t *keys, struct xd_error *err)
{
	const char *type = json_string_value(json_object_get(keys, "type"));
	char prefix[XD_NAME_MAX + 16];
	int ret;

	/* The type first: it says which other keys there are. */
	ret = type ? xd_port_set(port, "type", type, err) : 0;
	if (ret)
		return ret;
	snprintf(prefix, sizeof(prefix), "ports.%s", port->name);
	return set_keys(xd_port_settings, port->type, prefix, port, keys, err);
}

static void
delete_names(struct xd_config *config, const json_t *deleted)
{
	json_t *name;
	size_t i;

	/* What the file has no longer either is gone as was asked for. */
	json_array_foreach(json_object_get(deleted, "ports"), i, name)
		xd_config_del_port(config, json_string_value(name) ?: "", NULL);
	json_array_foreach(json_object_get(deleted, "bridges"), i, name)
		xd_config_del_bridge(config, json_string_value(name) ?: "", NULL);
}

static int
lay_bridge(struct xd_config *config, const char *name, const json_t *keys, bool add,
	struct xd_error *err)
{
	struct xd_bridge_config *bridge = xd_config_bridge(config, name), asked, *entry;
	struct xd_error inner;
	char key[128];

	snprintf(key, sizeof(key), "bridges.%.100s", name);
	if (!add)
		return bridge ? set_bridge_keys(bridge, keys, err)
			      : xd_fail_key(err, -ENOENT, key,
					"was changed, but the configuration has it no longer");
	if (bridge) {
		/* Fine when the file has meanwhile taken over the very same. */
		asked = *bridge;
		if (set_bridge_keys(&asked, keys, NULL) == 0 &&
			xd_bridge_config_equal(&asked, bridge))
			return 0;
		return xd_fail_key(err, -EEXIST, key,
			"was added, and the configuration has another of this name");
	}
	entry = xd_config_add_bridge(config, name, &inner);
	if (!entry)
		return xd_fail_key(err, inner.code, key, "%s", inner.text);
	return set_bridge_keys(entry, keys, err);
}

static int
lay_port(struct xd_config *config, const char *name, const json_t *keys, bool add,
	struct xd_error *err)
{
	struct xd_port_config *port = xd_config_port(config, name), asked, *entry;
	struct xd_error inner;
	char key[128];

	snprintf(key, sizeof(key), "ports.%.100s", name);
	if (!add)
		return port ? set_port_keys(port, keys, err)
			    : xd_fail_key(err, -ENOENT, key,
				      "was changed, but the configuration has it no longer");
	if (port) {
		asked = *port;
		if (set_port_keys(&asked, keys, NULL) == 0 && xd_port_config_equal(&asked, port))
			return 0;
		return xd_fail_key(err, -EEXIST, key,
			"was added, and the configuration has another of this name");
	}
	entry = xd_config_add_port(config, name, "", "", &inner);
	if (!entry)
		return xd_fail_key(err, inner.code, key, "%s", inner.text);
	return set_port_keys(entry, keys, err);
}

static int
lay_over(struct xd_config *config, const json_t *section, bool add, struct xd_error *err)
{
	const char *name;
	json_t *keys;
	int ret;

	json_object_foreach(json_object_get(section, "bridges"), name, keys)
	{
		ret = lay_bridge(config, name, keys, add, err);
		if (ret)
			return ret;
	}
	json_object_foreach(json_object_get(section, "ports"), name, keys)
	{
		ret = lay_port(config, name, keys, add, err);
		if (ret)
			return ret;
	}
	return 0;
}

int
xd_delta_apply(struct xd_daemon_config *config, const json_t *delta, struct xd_error *err)
{
	static const char *const sections[] = {
		"workers", "log", "deleted", "added", "changed", NULL};
	json_t *workers = json_object_get(delta, "workers"), *log = json_object_get(delta, "log");
	const char *key;
	json_t *value;
	int ret = 0;

	json_object_foreach((json_t *)delta, key, value)
	{
		bool known = false;

		for (unsigned i = 0; sections[i]; i++)
			known = known || !strcmp(sections[i], key);
		if (!known)
			return xd_fail_key(err, -EINVAL, key, "there is no such section");
	}
	if (workers)
		ret = set_keys(xd_worker_settings, NULL, "workers", config->config, workers, err);
	if (ret == 0 && log)
		ret = set_keys(xd_log_settings, NULL, "log", config, log, err);
	if (ret)
		return ret;
	delete_names(config->config, json_object_get(delta, "deleted"));
	ret = lay_over(config->config, json_object_get(delta, "added"), true, err);
	return ret ? ret : lay_over(config->config, json_object_get(delta, "changed"), false, err);
}

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
list_keys(json_t *list, const struct xd_setting *table, const char *prefix, const void *from,
	const void *to)
{
	char a[XD_SETTING_TEXT], b[XD_SETTING_TEXT], key[128];

	for (const struct xd_setting *s = table; s->key; s++) {
		const char *unset = s->unset ? s->unset : "none";

		s->print(from, a);
		s->print(to, b);
		snprintf(key, sizeof(key), "%s.%s", prefix, s->key);
		if (strcmp(a, b))
			append(list, "set", key, a[0] ? a : unset, b[0] ? b : unset);
	}
}

/* "type=vhost-user bridge=br0 ..." of what is set, as `port add` takes it. */
static void
describe(const struct xd_setting *table, const char *type, const void *entry, char *text,
	size_t size)
{
	char value[XD_SETTING_TEXT];
	size_t used = 0;

	text[0] = 0;
	for (const struct xd_setting *s = table; s->key && used < size; s++) {
		if (type && !xd_setting_applies(s, type))
			continue;
		s->print(entry, value);
		if (value[0])
			used += snprintf(text + used, size - used, "%s%s=%s", used ? " " : "",
				s->key, value);
	}
}

static void
list_bridges(json_t *list, const struct xd_config *from, const struct xd_config *to)
{
	char key[XD_NAME_MAX + 16], text[256];

	for (unsigned i = 0; i < from->nb_bridges; i++) {
		snprintf(key, sizeof(key), "bridges.%s", from->bridges[i].name);
		if (!xd_config_bridge(to, from->bridges[i].name))
			append(list, "del", key, NULL, NULL);
	}
	for (unsigned i = 0; i < to->nb_bridges; i++) {
		const struct xd_bridge_config *bridge = &to->bridges[i];
		const struct xd_bridge_config *old = xd_config_bridge(from, bridge->name);

		snprintf(key, sizeof(key), "bridges.%s", bridge->name);
		if (old) {
			list_keys(list, xd_bridge_settings, key, old, bridge);
			continue;
		}
		describe(xd_bridge_settings, NULL, bridge, text, sizeof(text));
		append(list, "add", key, NULL, text);
	}
}

static void
list_ports(json_t *list, const struct xd_config *from, const struct xd_config *to)
{
	char key[XD_NAME_MAX + 16], text[XD_SETTING_TEXT + 4096];

	for (unsigned i = 0; i < from->nb_ports; i++) {
		snprintf(key, sizeof(key), "ports.%s", from->ports[i].name);
		if (!xd_config_port(to, from->ports[i].name))
			append(list, "del", key, NULL, NULL);
	}
	for (unsigned i = 0; i < to->nb_ports; i++) {
		const struct xd_port_config *port = &to->ports[i];
		const struct xd_port_config *old = xd_config_port(from, port->name);

		snprintf(key, sizeof(key), "ports.%s", port->name);
		if (old) {
			list_keys(list, xd_port_settings, key, old, port);
			continue;
		}
		describe(xd_port_settings, port->type, port, text, sizeof(text));
		append(list, "add", key, NULL, text);
	}
}

json_t *
xd_delta_list(const struct xd_daemon_config *from, const struct xd_daemon_config *to)
{
	json_t *list = json_array();

	list_keys(list, xd_worker_settings, "workers", from->config, to->config);
	list_keys(list, xd_memory_settings, "memory", from->config, to->config);
	list_keys(list, xd_control_settings, "control", from, to);
	list_keys(list, xd_log_settings, "log", from, to);
	list_bridges(list, from->config, to->config);
	list_ports(list, from->config, to->config);
	return list;
}

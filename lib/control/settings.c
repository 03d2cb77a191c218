/* SPDX-License-Identifier: BSD-3-Clause */
/* Settings by their keys, and those of bridges. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "control/settings_read.h"

#define MAX_KEYS 32 /* that are offered for one that there is not */

static int
set_ageing(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	uint64_t number;
	int ret = xd_read_number(setting, text, &number, err);

	if (ret == 0)
		((struct xd_bridge_config *)entry)->ageing_s = number;
	return ret;
}

static void
print_ageing(const void *entry, char *text)
{
	sprintf(text, "%" PRIu32, ((const struct xd_bridge_config *)entry)->ageing_s);
}

static int
set_mac_limit(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	uint64_t number;
	int ret = xd_read_number(setting, text, &number, err);

	if (ret == 0)
		((struct xd_bridge_config *)entry)->mac_limit = number;
	return ret;
}

static void
print_mac_limit(const void *entry, char *text)
{
	sprintf(text, "%" PRIu32, ((const struct xd_bridge_config *)entry)->mac_limit);
}

const struct xd_setting xd_bridge_settings[] = {
	{"ageing_s", NULL, XD_SETTING_NUMBER, "1 to 1000000 seconds", 1, 1000000, set_ageing,
		print_ageing, NULL},
	{"mac_limit", NULL, XD_SETTING_NUMBER, "1 to 16777216 addresses", 1, 16777216,
		set_mac_limit, print_mac_limit, NULL},
	{0},
};

bool
xd_setting_applies(const struct xd_setting *setting, const char *type)
{
	/* What an application's own driver makes of a key is its own affair. */
	if (strcmp(type, "vhost-user") && strcmp(type, "dpdk"))
		return true;
	return !setting->type || !strcmp(setting->type, type);
}

int
xd_setting_known(const struct xd_setting *table, const char *type, const char *prefix,
	const char *key, struct xd_error *err)
{
	const char *keys[MAX_KEYS + 1] = {NULL};
	char path[128], hint[256];
	unsigned n = 0;

	snprintf(path, sizeof(path), "%.63s.%.60s", prefix, key);
	for (const struct xd_setting *s = table; s->key; s++) {
		bool applies = !type || xd_setting_applies(s, type);

		if (!strcmp(s->key, key) && !applies)
			return xd_fail_key(err, -EINVAL, path,
				"a port of type %s has no %s: that is for type %s", type, key,
				s->type);
		if (!strcmp(s->key, key))
			return 0;
		if (applies && n < MAX_KEYS)
			keys[n++] = s->key;
	}
	return xd_fail_key(err, -ENOENT, path, "there is no such key%s",
		xd_suggest_hint(key, keys, hint, sizeof(hint)));
}

const struct xd_setting *
xd_setting_find(const struct xd_setting *table, const char *key)
{
	for (; table->key; table++) {
		if (!strcmp(table->key, key))
			return table;
	}
	return NULL;
}

int
xd_setting_set(const struct xd_setting *table, const char *type, const char *prefix, void *entry,
	const char *key, const char *text, struct xd_error *err)
{
	int ret = xd_setting_known(table, type, prefix, key, err);
	const struct xd_setting *s = xd_setting_find(table, key);
	struct xd_error inner;
	char path[128];

	if (ret)
		return ret;
	ret = s->set(s, entry, text, &inner);
	if (ret == 0)
		return 0;
	snprintf(path, sizeof(path), "%.63s.%.60s", prefix, key);
	return xd_fail_key(err, ret, path, "%s", inner.text);
}

int
xd_port_set(struct xd_port_config *port, const char *key, const char *text, struct xd_error *err)
{
	char prefix[XD_NAME_MAX + 8];

	snprintf(prefix, sizeof(prefix), "ports.%.31s", port->name);
	return xd_setting_set(xd_port_settings, port->type, prefix, port, key, text, err);
}

int
xd_bridge_set(
	struct xd_bridge_config *bridge, const char *key, const char *text, struct xd_error *err)
{
	char prefix[XD_NAME_MAX + 16];

	snprintf(prefix, sizeof(prefix), "bridges.%.31s", bridge->name);
	return xd_setting_set(xd_bridge_settings, NULL, prefix, bridge, key, text, err);
}

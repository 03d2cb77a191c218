/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "control/settings.h"
#include "control/words.h"

/* ---- Readers and printers ---- */

static int
read_number(
	const struct xd_setting *setting, const char *text, uint64_t *number, struct xd_error *err)
{
	switch (xd_words_number(text, setting->min, setting->max, number)) {
	case 0:
		return 0;
	case -ERANGE:
		return xd_fail(err, -EINVAL, "is %.20s: must be %s", text, setting->help);
	default:
		return xd_fail(
			err, -EINVAL, "\"%.60s\" is not a number: must be %s", text, setting->help);
	}
}

static int
read_string(char *to, size_t size, const char *what, const char *text, struct xd_error *err)
{
	size_t len = strlen(text);

	if (len >= size)
		return xd_fail(err, -ENAMETOOLONG, "has %zu bytes: %s has at most %zu", len, what,
			size - 1);
	memcpy(to, text, len + 1);
	return 0;
}

static bool
is_none(const char *text)
{
	return !text[0] || !strcmp(text, "none");
}

static void
clear_foreign(struct xd_port_config *port)
{
	if (strcmp(port->type, "vhost-user")) {
		port->path[0] = 0;
		port->mode = XD_SOCKET_CLIENT;
	}
	if (strcmp(port->type, "dpdk"))
		port->devargs[0] = 0;
}

static int
set_type(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	struct xd_port_config *port = entry;

	(void)setting;
	if (strlen(text) >= sizeof(port->type) || !text[0])
		return xd_fail(err, -EINVAL, "there is no port type \"%.60s\"", text);
	if (strcmp(port->type, text)) {
		strcpy(port->type, text);
		clear_foreign(port);
	}
	return 0;
}

static void
print_type(const void *entry, char *text)
{
	strcpy(text, ((const struct xd_port_config *)entry)->type);
}

static int
set_bridge(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	struct xd_port_config *port = entry;

	(void)setting;
	return read_string(port->bridge, sizeof(port->bridge), "a name", text, err);
}

static void
print_bridge(const void *entry, char *text)
{
	strcpy(text, ((const struct xd_port_config *)entry)->bridge);
}

static int
set_vlan(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	struct xd_port_config *port = entry;
	uint64_t number = XD_VLAN_NONE;
	int ret = is_none(text) ? 0 : read_number(setting, text, &number, err);

	if (ret == 0)
		port->vlan = number;
	return ret;
}

static void
print_vlan(const void *entry, char *text)
{
	const struct xd_port_config *port = entry;

	text[0] = 0;
	if (port->vlan != XD_VLAN_NONE)
		sprintf(text, "%u", port->vlan);
}

static int
set_vlans(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	struct xd_port_config *port = entry;
	struct xd_ranges ranges;
	int ret;

	if (is_none(text)) {
		port->has_vlans = false;
		memset(port->vlans, 0, sizeof(port->vlans));
		return 0;
	}
	ret = xd_ranges_parse(&ranges, text, setting->max, err);
	if (ret)
		return ret;
	port->has_vlans = true;
	memcpy(port->vlans, ranges.bits, sizeof(port->vlans));
	return 0;
}

static void
print_vlans(const void *entry, char *text)
{
	const struct xd_port_config *port = entry;
	struct xd_ranges ranges;

	text[0] = 0;
	if (!port->has_vlans)
		return;
	memcpy(ranges.bits, port->vlans, sizeof(ranges.bits));
	xd_ranges_print(&ranges, text);
}

static int
set_queues(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	uint64_t number;
	int ret = read_number(setting, text, &number, err);

	if (ret == 0)
		((struct xd_port_config *)entry)->queues = number;
	return ret;
}

static void
print_queues(const void *entry, char *text)
{
	sprintf(text, "%u", ((const struct xd_port_config *)entry)->queues);
}

static int
set_mtu(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	uint64_t number;
	int ret = read_number(setting, text, &number, err);

	if (ret == 0)
		((struct xd_port_config *)entry)->mtu = number;
	return ret;
}

static void
print_mtu(const void *entry, char *text)
{
	sprintf(text, "%u", ((const struct xd_port_config *)entry)->mtu);
}

static int
set_path(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	struct xd_port_config *port = entry;

	(void)setting;
	return read_string(port->path, sizeof(port->path), "a socket path", text, err);
}

static void
print_path(const void *entry, char *text)
{
	strcpy(text, ((const struct xd_port_config *)entry)->path);
}

static int
set_mode(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	struct xd_port_config *port = entry;

	if (!strcmp(text, "client"))
		port->mode = XD_SOCKET_CLIENT;
	else if (!strcmp(text, "server"))
		port->mode = XD_SOCKET_SERVER;
	else
		return xd_fail(
			err, -EINVAL, "\"%.60s\" is not a mode: must be %s", text, setting->help);
	return 0;
}

static void
print_mode(const void *entry, char *text)
{
	const struct xd_port_config *port = entry;

	strcpy(text, port->mode == XD_SOCKET_SERVER ? "server" : "client");
}

static int
set_devargs(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	struct xd_port_config *port = entry;

	(void)setting;
	return read_string(port->devargs, sizeof(port->devargs), "a device", text, err);
}

static void
print_devargs(const void *entry, char *text)
{
	strcpy(text, ((const struct xd_port_config *)entry)->devargs);
}

static int
set_ageing(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	uint64_t number;
	int ret = read_number(setting, text, &number, err);

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
	int ret = read_number(setting, text, &number, err);

	if (ret == 0)
		((struct xd_bridge_config *)entry)->mac_limit = number;
	return ret;
}

static void
print_mac_limit(const void *entry, char *text)
{
	sprintf(text, "%" PRIu32, ((const struct xd_bridge_config *)entry)->mac_limit);
}

/* ---- The tables ---- */

/* type comes first: which other keys are valid depends on it. */
const struct xd_setting xd_port_settings[] = {
	{"type", NULL, XD_SETTING_WORD, "vhost-user or dpdk", 0, 0, set_type, print_type},
	{"bridge", NULL, XD_SETTING_WORD, "the name of a bridge", 0, 0, set_bridge, print_bridge},
	{"vlan", NULL, XD_SETTING_NUMBER, "1 to 4094, or none", 1, XD_VLAN_MAX, set_vlan,
		print_vlan},
	{"vlans", NULL, XD_SETTING_LIST, "a list such as 10,20 or 10-20, or none", 0, XD_VLAN_MAX,
		set_vlans, print_vlans},
	{"queues", NULL, XD_SETTING_NUMBER, "1 to 16", 1, 16, set_queues, print_queues},
	{"mtu", NULL, XD_SETTING_NUMBER, "68 to 65535", 68, 65535, set_mtu, print_mtu},
	{"path", "vhost-user", XD_SETTING_WORD, "the path of a socket", 0, 0, set_path, print_path},
	{"mode", "vhost-user", XD_SETTING_WORD, "client or server", 0, 0, set_mode, print_mode},
	{"devargs", "dpdk", XD_SETTING_WORD, "a PCI address or a DPDK device such as net_tap0", 0,
		0, set_devargs, print_devargs},
	{0},
};

const struct xd_setting xd_bridge_settings[] = {
	{"ageing_s", NULL, XD_SETTING_NUMBER, "1 to 1000000 seconds", 1, 1000000, set_ageing,
		print_ageing},
	{"mac_limit", NULL, XD_SETTING_NUMBER, "1 to 16777216 addresses", 1, 16777216,
		set_mac_limit, print_mac_limit},
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
	const char *keys[16] = {0};
	char path[128], hint[200];
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
		if (applies)
			keys[n++] = s->key;
	}
	return xd_fail_key(err, -ENOENT, path, "there is no such key%s",
		xd_words_hint(key, keys, hint, sizeof(hint)));
}

int
xd_setting_set(const struct xd_setting *table, const char *type, const char *prefix, void *entry,
	const char *key, const char *text, struct xd_error *err)
{
	int ret = xd_setting_known(table, type, prefix, key, err);
	const struct xd_setting *s = table;
	struct xd_error inner;
	char path[128];

	if (ret)
		return ret;
	while (strcmp(s->key, key))
		s++;
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

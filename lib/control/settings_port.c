/* SPDX-License-Identifier: BSD-3-Clause */
/* The settings of ports: those that all types have, and the table of all. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/settings_read.h"
#include "control/settings_vhost.h"

static void
clear_foreign(struct xd_port_config *port)
{
	if (strcmp(port->type, "vhost-user"))
		xd_vhost_settings_clear(port);
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
	return xd_read_string(port->bridge, sizeof(port->bridge), "a name", text, err);
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
	int ret = xd_read_none(text) ? 0 : xd_read_number(setting, text, &number, err);

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

	if (xd_read_none(text)) {
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
	int ret = xd_read_number(setting, text, &number, err);

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
	int ret = xd_read_number(setting, text, &number, err);

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
set_devargs(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	struct xd_port_config *port = entry;

	(void)setting;
	return xd_read_string(port->devargs, sizeof(port->devargs), "a device", text, err);
}

static void
print_devargs(const void *entry, char *text)
{
	strcpy(text, ((const struct xd_port_config *)entry)->devargs);
}

/* Two hexadecimal digits, or -1. */
static int
read_byte(const char *text)
{
	char pair[3] = {text[0], text[0] ? text[1] : 0, 0};

	return isxdigit((unsigned char)pair[0]) && isxdigit((unsigned char)pair[1])
		       ? (int)strtoul(pair, NULL, 16)
		       : -1;
}

static int
add_mac(void *ctx, const char *word, struct xd_error *err)
{
	struct xd_port_config *port = ctx;
	bool ok = strlen(word) == 17;

	if (port->nb_macs == XD_PORT_MACS)
		return xd_fail(err, -E2BIG, "has more than %d addresses", XD_PORT_MACS);
	for (unsigned i = 0; ok && i < 6; i++) {
		int byte = read_byte(word + 3 * i);

		ok = byte >= 0 && (i == 5 || word[3 * i + 2] == ':');
		port->macs[port->nb_macs][i] = (uint8_t)byte;
	}
	if (!ok)
		return xd_fail(err, -EINVAL,
			"\"%.60s\" is not an address such as 52:54:00:12:34:56", word);
	port->nb_macs++;
	return 0;
}

static int
set_macs(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	struct xd_port_config *port = entry;

	(void)setting;
	memset(port->macs, 0, sizeof(port->macs));
	port->nb_macs = 0;
	if (xd_read_none(text) || !strcmp(text, "any"))
		return 0;
	return xd_read_list(text, add_mac, port, err);
}

static void
print_macs(const void *entry, char *text)
{
	const struct xd_port_config *port = entry;
	char *end = text;

	*end = 0;
	for (unsigned i = 0; i < port->nb_macs && i < XD_PORT_MACS; i++) {
		const uint8_t *mac = port->macs[i];

		end += sprintf(end, "%s%02x:%02x:%02x:%02x:%02x:%02x", i ? "," : "", mac[0], mac[1],
			mac[2], mac[3], mac[4], mac[5]);
	}
}

static int
set_mac_limit(const struct xd_setting *setting, void *entry, const char *text, struct xd_error *err)
{
	uint64_t number = 0;
	int ret = xd_read_none(text) ? 0 : xd_read_number(setting, text, &number, err);

	if (ret == 0)
		((struct xd_port_config *)entry)->mac_limit = (uint32_t)number;
	return ret;
}

static void
print_mac_limit(const void *entry, char *text)
{
	const struct xd_port_config *port = entry;

	text[0] = 0;
	if (port->mac_limit)
		sprintf(text, "%" PRIu32, port->mac_limit);
}

/* type comes first: which other keys are valid depends on it. */
const struct xd_setting xd_port_settings[] = {
	{"type", NULL, XD_SETTING_WORD, "vhost-user or dpdk", 0, 0, set_type, print_type, NULL},
	{"bridge", NULL, XD_SETTING_WORD, "the name of a bridge", 0, 0, set_bridge, print_bridge,
		NULL},
	{"vlan", NULL, XD_SETTING_NUMBER, "1 to 4094, or none", 1, XD_VLAN_MAX, set_vlan,
		print_vlan, NULL},
	{"vlans", NULL, XD_SETTING_LIST, "a list such as 10,20 or 10-20, or none", 0, XD_VLAN_MAX,
		set_vlans, print_vlans, NULL},
	{"queues", NULL, XD_SETTING_NUMBER, "1 to 16", 1, 16, set_queues, print_queues, NULL},
	{"mtu", NULL, XD_SETTING_NUMBER, "68 to 65535", 68, 65535, set_mtu, print_mtu, NULL},
	{"macs", NULL, XD_SETTING_WORDS, "the only source addresses allowed in, at most 16, or any",
		0, 0, set_macs, print_macs, "any"},
	{"mac_limit", NULL, XD_SETTING_NUMBER, "0 to 16777216 addresses, 0 for no limit", 0,
		16777216, set_mac_limit, print_mac_limit, "0"},
	{"path", "vhost-user", XD_SETTING_WORD, "the path of a socket", 0, 0, xd_vhost_set_path,
		xd_vhost_print_path, NULL},
	{"mode", "vhost-user", XD_SETTING_WORD, "client or server", 0, 0, xd_vhost_set_mode,
		xd_vhost_print_mode, NULL},
	{"full", "vhost-user", XD_SETTING_WORD, "drop or wait", 0, 0, xd_vhost_set_full,
		xd_vhost_print_full, "drop"},
	{"wait_us", "vhost-user", XD_SETTING_NUMBER, "1 to 1000000 microseconds", 1, 1000000,
		xd_vhost_set_wait_us, xd_vhost_print_wait_us, "1000"},
	{"features", "vhost-user", XD_SETTING_WORDS, "a list such as mrg_rxbuf,event_idx, or all",
		0, 0, xd_vhost_set_features, xd_vhost_print_features, "all"},
	{"compat", "vhost-user", XD_SETTING_WORD, "ovs-3.1, ovs-3.1-tso or none", 0, 0,
		xd_vhost_set_compat, xd_vhost_print_compat, NULL},
	{"socket_owner", "vhost-user", XD_SETTING_WORD, "the name or number of a user, or none", 0,
		0, xd_vhost_set_socket_owner, xd_vhost_print_socket_owner, NULL},
	{"socket_group", "vhost-user", XD_SETTING_WORD, "the name or number of a group, or none", 0,
		0, xd_vhost_set_socket_group, xd_vhost_print_socket_group, NULL},
	{"socket_mode", "vhost-user", XD_SETTING_WORD, "permission bits from \"0600\" to \"0777\"",
		0600, 0777, xd_vhost_set_socket_mode, xd_vhost_print_socket_mode, NULL},
	{"devargs", "dpdk", XD_SETTING_WORD, "a PCI address or a DPDK device such as net_tap0", 0,
		0, set_devargs, print_devargs, NULL},
	{0},
};

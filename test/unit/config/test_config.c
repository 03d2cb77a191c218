/* SPDX-License-Identifier: BSD-3-Clause */
/* Configurations as plain data, and their settings as text. */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/owner.h"
#include "base/suggest.h"
#include "config/check.h"
#include "control/key_json.h"
#include "drivers/ethdev/config.h"
#include "drivers/vhost/config.h"
#include "port/port.h"
#include "virtqueue/feature_names.h"

#define CORE 0 /* every machine has it */

/* ---- Settings ---- */

static void
test_settings(void **state)
{
	struct xd_config *config = xd_config_create();
	struct xd_port_config *port;
	char text[XD_KEY_CHARS];
	struct xd_error err;
	json_t *json;

	(void)state;
	port = xd_config_add_port(config, "p", "vhost-user", "br0", &err);
	assert_int_equal(xd_port_config_set(port, "vlans", "30,10, 11,12-14", &err), 0);
	XD_NOUN_FOREACH(&xd_port_noun, port, key)
	{
		xd_key_print(key, port, text);
		if (!strcmp(key->name, "vlans"))
			assert_string_equal(text, "10-14,30");
		if (!strcmp(key->name, "vlan") || !strcmp(key->name, "path"))
			assert_string_equal(text, "");
	}
	json = xd_entry_to_json(&xd_port_noun, port);
	assert_int_equal(json_array_size(json_object_get(json, "vlans")), 6);
	assert_null(json_object_get(json, "vlan"));
	assert_null(json_object_get(json, "devargs"));
	assert_int_equal(json_integer_value(json_object_get(json, "mtu")), 1500);
	json_decref(json);
	assert_int_equal(xd_port_config_set(port, "vlans", "none", &err), 0);
	assert_false(port->has_vlans);
	assert_int_equal(xd_port_config_set(port, "vlan", "4094", &err), 0);
	assert_int_equal(port->vlan, 4094);
	assert_int_equal(xd_port_config_set(port, "vlan", "none", &err), 0);
	assert_int_equal(port->vlan, XD_VLAN_NONE);
	/* What belongs to the former type goes with it. */
	assert_int_equal(xd_port_config_set(port, "path", "/tmp/x", &err), 0);
	assert_int_equal(xd_port_config_set(port, "mode", "server", &err), 0);
	assert_int_equal(xd_port_config_set(port, "type", "dpdk", &err), 0);
	assert_string_equal(xd_vhost_config(port)->path, "");
	assert_int_equal(xd_vhost_config(port)->mode, XD_SOCKET_CLIENT);
	assert_int_equal(xd_port_config_set(port, "nope", "1", &err), -ENOENT);
	assert_string_equal(err.key, "ports.p.nope");
	xd_config_destroy(config);
}

/* Settings that print as nothing while they have their default: what is set, what is printed then,
 * and the kind of the JSON value; each is a setting of guests' ports, the first two of all. */
static const struct {
	const char *key, *text, *printed;
	json_type json;
} optional[] = {
	{"macs", "02:00:00:00:00:0A, 02:00:00:00:00:0b", "02:00:00:00:00:0a,02:00:00:00:00:0b",
		JSON_ARRAY},
	{"mac_limit", "5", "5", JSON_INTEGER},
	{"police_in_bit_s", "100M", "100000000", JSON_INTEGER},
	{"police_out_burst_bytes", "64k", "64000", JSON_INTEGER},
	{"full", "wait", "wait", JSON_STRING},
	{"wait_us", "1", "1", JSON_INTEGER},
	{"features", " MQ ,csum,bogus_or_not", NULL, JSON_NULL},
	{"features", " MQ ,csum", "csum,mq", JSON_ARRAY},
	{"compat", "ovs-3.1", "ovs-3.1", JSON_STRING},
	{"compat", "ovs-3.1-tso", "ovs-3.1-tso", JSON_STRING},
	{"socket_owner", "root", "root", JSON_STRING},
	{"socket_group", "7", "7", JSON_STRING},
	{"socket_mode", "660", "0660", JSON_STRING},
};

static void
test_optional(void **state)
{
	struct xd_config *config = xd_config_create();
	struct xd_port_config fresh, *port;
	struct xd_error err;

	(void)state;
	port = xd_config_add_port(config, "p", "vhost-user", "br0", &err);
	fresh = *port;
	for (unsigned i = 0; i < sizeof(optional) / sizeof(*optional); i++) {
		const struct xd_key *key = xd_noun_key(&xd_port_noun, port, optional[i].key);
		bool common = xd_key_find(xd_port_noun.keys, optional[i].key);
		char text[XD_KEY_CHARS];
		json_t *json;

		xd_key_print(key, port, text);
		assert_string_equal(text, "");
		if (!optional[i].printed) {
			/* What is refused changes nothing. */
			assert_int_equal(
				xd_port_config_set(port, key->name, optional[i].text, &err),
				-EINVAL);
			assert_true(xd_port_config_equal(port, &fresh));
			continue;
		}
		if (xd_port_config_set(port, key->name, optional[i].text, &err))
			fail_msg("%s: %s", err.key, err.text);
		xd_key_print(key, port, text);
		assert_string_equal(text, optional[i].printed);
		assert_false(xd_port_config_equal(port, &fresh));
		json = xd_key_to_json(key, port);
		assert_int_equal(json_typeof(json), optional[i].json);
		assert_int_equal(xd_port_config_set(port, key->name, "", &err), 0);
		assert_true(xd_port_config_equal(port, &fresh));
		/* Back by way of JSON, and lost with the type. */
		assert_int_equal(xd_key_from_json(json, text), 0);
		assert_int_equal(xd_port_config_set(port, key->name, text, &err), 0);
		xd_key_print(key, port, text);
		assert_string_equal(text, optional[i].printed);
		assert_int_equal(xd_port_config_set(port, "type", "dpdk", &err), 0);
		assert_true(common == !!xd_noun_key(&xd_port_noun, port, key->name));
		assert_int_equal(xd_port_config_set(port, "type", "vhost-user", &err), 0);
		xd_key_print(key, port, text);
		assert_string_equal(text, common ? optional[i].printed : "");
		*port = fresh;
		json_decref(json);
	}
	xd_config_destroy(config);
}

static void
test_feature_names(void **state)
{
	/* virtio 1.2, 5.1.3, 5.1.3.1 and 6; vhost-user */
	static const struct {
		const char *name;
		int bit;
	} known[] = {{"csum", 0}, {"guest_tso4", 7}, {"host_ufo", 14}, {"mrg_rxbuf", 15},
		{"mq", 22}, {"notify_on_empty", 24}, {"log_all", 26}, {"any_layout", 27},
		{"indirect_desc", 28}, {"event_idx", 29}, {"protocol_features", 30},
		{"version_1", 32}, {"iommu_platform", 33}, {"access_platform", 33},
		{"ring_packed", 34}, {"in_order", 35}, {"guest_uso4", 54}, {"guest_uso6", 55},
		{"host_uso", 56}, {"speed_duplex", 63}, {"nonsense", -1}, {"", -1}, {"bit_25", -1}};
	char text[XD_FEATURES_TEXT];
	unsigned last = 0;

	(void)state;
	for (unsigned i = 0; i < sizeof(known) / sizeof(*known); i++)
		assert_int_equal(xd_feature_bit(known[i].name), known[i].bit);
	for (const struct xd_bit_name *f = xd_feature_names; f->name; f++) {
		assert_in_range(f->bit, last, 63);
		last = f->bit;
		assert_int_equal(xd_feature_bit(f->name), f->bit);
	}
	assert_string_equal(xd_feature_name(33), "iommu_platform");
	assert_null(xd_feature_name(25));
	assert_null(xd_feature_name(64));
	assert_string_equal(xd_feature_text(0, ' ', text), "");
	assert_string_equal(
		xd_feature_text(1 << 25 | 1ull << 63 | 1, ' ', text), "csum bit_25 speed_duplex");
	assert_true(strlen(xd_feature_text(UINT64_MAX, ',', text)) < XD_FEATURES_TEXT);
}

static void
test_owner(void **state)
{
	struct xd_error err;
	uid_t uid = 9;
	gid_t gid = 9;

	(void)state;
	assert_int_equal(xd_owner_user("root", &uid, &err), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(xd_owner_user("4294967294", &uid, &err), 0);
	assert_true(uid == 4294967294);
	assert_int_equal(xd_owner_group("root", &gid, NULL), 0);
	assert_int_equal(gid, 0);
	assert_int_equal(xd_owner_group("17", &gid, &err), 0);
	assert_int_equal(gid, 17);
	assert_int_equal(xd_owner_user("no-such-user", &uid, &err), -ENOENT);
	assert_int_equal(xd_owner_group("no-such-group", &gid, NULL), -ENOENT);
	assert_int_equal(xd_owner_user("", &uid, &err), -ENOENT);
	assert_int_equal(xd_owner_user("-1", &uid, &err), -ENOENT);
	assert_int_equal(xd_owner_user("4294967295", &uid, &err), -EINVAL);
	assert_int_equal(xd_owner_group("18446744073709551616", &gid, &err), -EINVAL);
	assert_int_equal(gid, 17);
}

static void
test_from_json(void **state)
{
	static const struct {
		const char *json, *text; /* NULL: refused */
	} values[] = {{"\"a\"", "a"}, {"7", "7"}, {"null", ""}, {"[10, \"20-30\"]", "10,20-30"},
		{"[]", ""}, {"true", NULL}, {"1.5", NULL}, {"{}", NULL}, {"[[1]]", NULL}};
	char text[XD_KEY_CHARS];
	char *large = malloc(XD_KEY_CHARS + 3);
	json_t *json;

	(void)state;
	for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++) {
		json = json_loads(values[i].json, JSON_DECODE_ANY, NULL);
		assert_non_null(json);
		assert_int_equal(xd_key_from_json(json, text), values[i].text ? 0 : -EINVAL);
		if (values[i].text)
			assert_string_equal(text, values[i].text);
		json_decref(json);
	}
	memset(large, 'x', XD_KEY_CHARS + 2);
	large[XD_KEY_CHARS + 2] = 0;
	json = json_string(large);
	assert_int_equal(xd_key_from_json(json, text), -E2BIG);
	json_decref(json);
	json = json_array();
	for (unsigned i = 0; i < XD_KEY_CHARS; i++)
		json_array_append_new(json, json_integer(1));
	assert_int_equal(xd_key_from_json(json, text), -E2BIG);
	json_decref(json);
	free(large);
}

static void
test_ranges(void **state)
{
	char text[XD_RANGES_TEXT];
	struct xd_ranges ranges;
	unsigned list[4];

	(void)state;
	/* The longest list there is fits. */
	for (unsigned i = 0; i < XD_RANGES_MAX / 64; i++)
		ranges.bits[i] = 0xdb6db6db6db6db6d;
	xd_ranges_print(&ranges, text);
	assert_true(strlen(text) < XD_RANGES_TEXT - 1);
	assert_int_equal(xd_ranges_list(list, 4, "3,1,3", 9, NULL), 3);
	assert_int_equal(list[0], 3);
	assert_int_equal(list[1], 1);
	assert_int_equal(list[2], 3);
	assert_int_equal(xd_ranges_list(list, 4, "0-4", 9, NULL), -E2BIG);
	assert_int_equal(xd_ranges_list(list, 4, "1,", 9, NULL), -EINVAL);
	assert_int_equal(xd_ranges_list(list, 4, ",1", 9, NULL), -EINVAL);
	assert_int_equal(xd_ranges_list(list, 4, "-1", 9, NULL), -EINVAL);
	assert_int_equal(xd_ranges_list(list, 4, "1-", 9, NULL), -EINVAL);
	assert_int_equal(xd_ranges_list(list, 4, "99999999999999999999999", 9, NULL), -EINVAL);
}

static void
test_words(void **state)
{
	static const char *const words[] = {"port", "bridge", "worker", NULL};

	(void)state;
	assert_string_equal(xd_suggest_nearest("prot", words), "port");
	assert_string_equal(xd_suggest_nearest("Bridges", words), "bridge");
	assert_string_equal(xd_suggest_nearest("wo", words), "worker");
	assert_string_equal(xd_suggest_nearest("rid", words), "bridge");
	assert_null(xd_suggest_nearest("zzzzzz", words));
	assert_null(xd_suggest_nearest("", words));
}

/* Where not all words fit, whole ones and "..." do. */
static void
test_hint(void **state)
{
	static const char *const words[] = {"port", "bridge", "worker", NULL};
	static const char whole[] = "; valid are: port, bridge, worker";
	char text[64];

	(void)state;
	assert_string_equal(xd_suggest_hint("zzzzzz", words, text, sizeof(text)), whole);
	assert_string_equal(xd_suggest_hint("zzzzzz", words, text, sizeof(whole)), whole);
	assert_string_equal(xd_suggest_hint("zzzzzz", words, text, sizeof(whole) - 1),
		"; valid are: port, bridge, ...");
	assert_string_equal(xd_suggest_hint("zzzzzz", words, text, 26), "; valid are: port, ...");
	assert_string_equal(
		xd_suggest_hint("prot", words, text, sizeof(text)), "; did you mean port?");
}

/* ---- The plain data ---- */

static void
test_names(void **state)
{
	static const char *const names[] = {
		"", "a b", "a/b", "a\n", "\xc3\xa4", "0123456789012345678901234567890123456789"};
	struct xd_config *config = xd_config_create();
	struct xd_error err;

	(void)state;
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_null(xd_config_add_bridge(config, names[i], &err));
		assert_int_equal(err.code, -EINVAL);
		assert_null(xd_config_add_port(config, names[i], "dpdk", "br0", &err));
		assert_int_equal(err.code, -EINVAL);
	}
	for (char name[] = "a"; name[0] <= 'e'; name[0]++) {
		assert_non_null(xd_config_add_bridge(config, name, &err));
		assert_non_null(xd_config_add_port(config, name, "dpdk", "br0", &err));
	}
	assert_null(xd_config_add_bridge(config, "c", &err));
	assert_int_equal(err.code, -EEXIST);
	assert_null(xd_config_add_port(config, "c", "dpdk", "br0", &err));
	assert_int_equal(err.code, -EEXIST);
	assert_int_equal(xd_config_del_bridge(config, "b", &err), 0);
	assert_int_equal(xd_config_del_bridge(config, "b", &err), -ENOENT);
	assert_int_equal(xd_config_del_port(config, "e", &err), 0);
	assert_int_equal(xd_config_del_port(config, "a", &err), 0);
	assert_int_equal(xd_config_nb_bridges(config), 4);
	assert_string_equal(xd_config_bridges(config)[1].name, "c");
	assert_int_equal(xd_config_nb_ports(config), 3);
	assert_string_equal(xd_config_ports(config)[0].name, "b");
	assert_string_equal(xd_config_ports(config)[2].name, "d");
	xd_config_destroy(config);
	xd_config_destroy(NULL);
}

/* Who refers to an entry follows it to its new name. */
static void
test_rename(void **state)
{
	struct xd_config *config = xd_config_create();
	struct xd_error err;

	(void)state;
	xd_config_add_bridge(config, "br0", NULL);
	xd_config_add_bridge(config, "br1", NULL);
	xd_config_add_port(config, "p", "dpdk", "br0", NULL);
	xd_config_add_port(config, "q", "dpdk", "br1", NULL);
	assert_int_equal(xd_noun_rename(&xd_bridge_noun, config, "br0", "br1", &err), -EEXIST);
	assert_int_equal(xd_noun_rename(&xd_bridge_noun, config, "br2", "br3", &err), -ENOENT);
	assert_int_equal(xd_noun_rename(&xd_bridge_noun, config, "br0", "a b", &err), -EINVAL);
	assert_int_equal(xd_noun_rename(&xd_bridge_noun, config, "br0", "lan", &err), 0);
	assert_null(xd_config_bridge(config, "br0"));
	assert_string_equal(xd_config_port(config, "p")->bridge, "lan");
	assert_string_equal(xd_config_port(config, "q")->bridge, "br1");
	assert_int_equal(xd_noun_unused(&xd_bridge_noun, config, "lan", &err), -EBUSY);
	assert_non_null(strstr(err.text, "has ports, such as p"));
	assert_int_equal(xd_noun_unused(&xd_bridge_noun, config, "br0", &err), 0);
	xd_config_destroy(config);
}

static struct xd_config *
good_config(void)
{
	struct xd_config *config = xd_config_create();
	struct xd_port_config *port;
	unsigned core = CORE;

	xd_config_set_workers(config, &core, 1);
	xd_config_add_bridge(config, "br0", NULL);
	port = xd_config_add_port(config, "p", "dpdk", "br0", NULL);
	strcpy(xd_ethdev_config(port)->devargs, "net_null0");
	return config;
}

#define CHECK_FAILS(config, key_)                                                                  \
	do {                                                                                       \
		struct xd_error err_ = {0};                                                        \
		assert_int_not_equal(xd_config_check(config, NULL, &err_), 0);                     \
		assert_string_equal(err_.key, key_);                                               \
		assert_int_not_equal(xd_config_check(config, NULL, NULL), 0);                      \
	} while (0)

static void
check_port_data(struct xd_config *config, struct xd_port_config *port)
{
	struct xd_port_config good;

	assert_int_equal(xd_port_config_set(port, "type", "vhost-user", NULL), 0);
	strcpy(xd_vhost_config(port)->path, "/tmp/xd-test.sock");
	good = *port;
	memset(port->macs, 2, sizeof(port->macs));
	for (unsigned i = 0; i < XD_PORT_MACS; i++)
		port->macs[i][5] = (uint8_t)i;
	port->nb_macs = XD_PORT_MACS;
	port->mac_limit = 16777216;
	port->wait_us = 1000000;
	port->full = XD_FULL_WAIT;
	xd_vhost_config(port)->features = 1;
	assert_int_equal(xd_config_check(config, NULL, NULL), 0);
	port->nb_macs++;
	CHECK_FAILS(config, "ports.p.macs");
	port->nb_macs--;
	port->macs[15][5] = 3;
	CHECK_FAILS(config, "ports.p.macs");
	port->macs[15][5] = 15;
	port->macs[7][0] = 3;
	CHECK_FAILS(config, "ports.p.macs");
	memset(port->macs[7], 0, 6);
	CHECK_FAILS(config, "ports.p.macs");
	*port = good;
	port->mac_limit = 16777217;
	CHECK_FAILS(config, "ports.p.mac_limit");
	*port = good;
	port->full = 2;
	CHECK_FAILS(config, "ports.p.full");
	*port = good;
	port->wait_us = 0;
	CHECK_FAILS(config, "ports.p.wait_us");
	port->wait_us = 1000001;
	CHECK_FAILS(config, "ports.p.wait_us");
	*port = good;
	xd_vhost_config(port)->features = 0;
	CHECK_FAILS(config, "ports.p.features");
	*port = good;
	xd_vhost_config(port)->compat = 3;
	CHECK_FAILS(config, "ports.p.compat");
	*port = good;
	xd_vhost_config(port)->mode = XD_SOCKET_SERVER;
	xd_vhost_config(port)->socket_mode = 0577;
	CHECK_FAILS(config, "ports.p.socket_mode");
	xd_vhost_config(port)->socket_mode = 01000;
	CHECK_FAILS(config, "ports.p.socket_mode");
	xd_vhost_config(port)->socket_mode = 0777;
	assert_int_equal(xd_config_check(config, NULL, NULL), 0);
	memset(xd_vhost_config(port)->socket_owner, '0',
		sizeof(xd_vhost_config(port)->socket_owner));
	CHECK_FAILS(config, "ports.p.socket_owner");
	strcpy(xd_vhost_config(port)->socket_owner, "no-such-user");
	CHECK_FAILS(config, "ports.p.socket_owner");
	strcpy(xd_vhost_config(port)->socket_owner, "root");
	memset(xd_vhost_config(port)->socket_group, '0',
		sizeof(xd_vhost_config(port)->socket_group));
	CHECK_FAILS(config, "ports.p.socket_group");
	strcpy(xd_vhost_config(port)->socket_group, "no-such-group");
	CHECK_FAILS(config, "ports.p.socket_group");
	*port = good;
}

/* What an application may write into the plain data without going through text. */
static void
test_check(void **state)
{
	struct xd_config *config = good_config();
	struct xd_port_config *port = xd_config_ports(config);

	(void)state;
	assert_int_equal(xd_config_check(config, NULL, NULL), 0);
	port->vlan = 0;
	CHECK_FAILS(config, "ports.p.vlan");
	port->vlan = 4095;
	CHECK_FAILS(config, "ports.p.vlan");
	port->vlan = XD_VLAN_NONE;
	port->has_vlans = true;
	port->vlans[63] = 1ull << 63;
	CHECK_FAILS(config, "ports.p.vlans");
	port->has_vlans = false;
	port->queues = 0;
	CHECK_FAILS(config, "ports.p.queues");
	port->queues = 17;
	CHECK_FAILS(config, "ports.p.queues");
	port->queues = 1;
	port->mtu = 67;
	CHECK_FAILS(config, "ports.p.mtu");
	port->mtu = 1500;
	check_port_data(config, port);
	assert_int_equal(xd_port_config_set(port, "type", "dpdk", NULL), 0);
	strcpy(xd_ethdev_config(port)->devargs, "net_null0");
	strcpy(port->bridge, "br1");
	CHECK_FAILS(config, "ports.p.bridge");
	strcpy(port->bridge, "br0");
	xd_config_bridges(config)[0].ageing_s = 0;
	CHECK_FAILS(config, "bridges.br0.ageing_s");
	xd_config_bridges(config)[0].ageing_s = 1;
	xd_config_bridges(config)[0].mac_limit = 0;
	CHECK_FAILS(config, "bridges.br0.mac_limit");
	xd_config_bridges(config)[0].mac_limit = 1;
	config->nb_cores = 2;
	config->cores[1] = config->cores[0];
	CHECK_FAILS(config, "workers.cores");
	config->cores[1] = 65535;
	CHECK_FAILS(config, "workers.cores");
	config->nb_cores = 0; /* fine: an application brings its own workers */
	assert_int_equal(xd_config_check(config, NULL, NULL), 0);
	xd_config_add_port(config, "q", "dpdk", "br0", NULL);
	strcpy(xd_ethdev_config(&xd_config_ports(config)[1])->devargs, "net_null1");
	strcpy(xd_config_ports(config)[1].name, "p");
	CHECK_FAILS(config, "ports.p");
	xd_config_ports(config)[1].name[0] = 0;
	CHECK_FAILS(config, "ports.");
	xd_config_destroy(config);
}

/* The EAL narrows a thread's affinity: what the process may use is asked of the kernel. */
static void
test_cores_that_this_thread_does_not_use(void **state)
{
	struct xd_config *config = xd_config_create();
	cpu_set_t before, one;
	int core = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	while (!CPU_ISSET(core, &before))
		core++;
	CPU_ZERO(&one);
	CPU_SET(core, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	for (int i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &before)) {
			config->nb_cores = 1;
			config->cores[0] = (uint16_t)i;
			assert_int_equal(xd_config_check(config, NULL, NULL), 0);
		}
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	xd_config_destroy(config);
}

/* What two ports cannot have, however it is spelled. */
static void
test_claims(void **state)
{
	static const struct {
		const char *type, *key, *a, *b;
		int ret;
	} cases[] = {
		{"vhost-user", "path", "/tmp/xd-a", "/tmp/xd-b", 0},
		{"vhost-user", "path", "/tmp/xd-a", "/tmp/./xd-a", -EEXIST},
		{"vhost-user", "path", "/tmp/xd-a", "//tmp//xd-a", -EEXIST},
		{"vhost-user", "path", "/tmp/xd-a", "/usr/../tmp/xd-a", -EEXIST},
		{"dpdk", "devargs", "0000:03:00.0", "03:00.0", -EEXIST},
		{"dpdk", "devargs", "0000:0A:00.0", "0000:0a:00.0,x=1", -EEXIST},
		{"dpdk", "devargs", "net_tap0", "net_tap1", 0},
		{"dpdk", "devargs", "net_tap0,iface=x", "net_af_packet0,iface=x", -EEXIST},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct xd_config *config = xd_config_create();
		struct xd_port_config *port;
		struct xd_error err = {0};
		char key[64];

		xd_config_add_bridge(config, "br0", NULL);
		port = xd_config_add_port(config, "p", cases[i].type, "br0", NULL);
		assert_int_equal(xd_port_config_set(port, cases[i].key, cases[i].a, NULL), 0);
		port = xd_config_add_port(config, "q", cases[i].type, "br0", NULL);
		assert_int_equal(xd_port_config_set(port, cases[i].key, cases[i].b, NULL), 0);
		assert_int_equal(xd_config_check(config, NULL, &err), cases[i].ret);
		snprintf(key, sizeof(key), "ports.q.%s", cases[i].key);
		assert_string_equal(err.key, cases[i].ret ? key : "");
		xd_config_destroy(config);
	}
}

static unsigned times_asked;

static unsigned
count_and_claim(const struct xd_port_config *config, struct xd_claim *claim)
{
	times_asked++;
	*claim = (struct xd_claim){.kind = "made-up", .key = "type", .what = "name"};
	snprintf(claim->name, sizeof(claim->name), "%.3s", config->name); /* "p12", also of p120 */
	return 1;
}

/* A driver may follow a path to answer: with 1024 ports it must not be asked for each pair. */
static void
test_claims_are_asked_for_once(void **state)
{
	static const struct xd_driver driver = {.type = "made-up", .claims = count_and_claim};
	static const struct xd_driver *const drivers[] = {&driver, NULL};
	struct xd_config *config = xd_config_create();
	struct xd_error err = {0};
	char name[8];

	(void)state;
	xd_config_add_bridge(config, "br0", NULL);
	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "p%02u", i);
		assert_non_null(xd_config_add_port(config, name, "made-up", "br0", NULL));
	}
	times_asked = 0;
	assert_int_equal(xd_config_check(config, drivers, &err), 0);
	assert_int_equal(times_asked, 100);
	/* Of several, the first in the order of the configuration is named. */
	xd_config_add_port(config, "p70x", "made-up", "br0", NULL);
	xd_config_add_port(config, "p12x", "made-up", "br0", NULL);
	assert_int_equal(xd_config_check(config, drivers, &err), -EEXIST);
	assert_string_equal(err.key, "ports.p70x.type");
	assert_non_null(strstr(err.text, "p70 is the name of port p70 already"));
	xd_config_destroy(config);
}

/* Of entries with one name the first is found, as by xd_noun_get. */
static void
test_names_of_many(void **state)
{
	struct xd_config *config = xd_config_create();
	struct xd_names *names;
	char name[XD_NAME_MAX];

	(void)state;
	names = xd_names_create(config);
	assert_null(xd_names_get(names, &xd_port_noun, "p0"));
	xd_names_destroy(names);
	xd_config_add_bridge(config, "p7", NULL);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		assert_non_null(xd_config_add_port(config, name, "vhost-user", "p7", NULL));
	}
	memset(xd_config_ports(config)[500].name, 'x', XD_NAME_MAX); /* and no NUL */
	strcpy(xd_config_ports(config)[900].name, "p70");
	names = xd_names_create(config);
	assert_ptr_equal(xd_names_config(names), config);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "p%u", i);
		assert_ptr_equal(
			xd_names_get(names, &xd_port_noun, name), xd_config_port(config, name));
	}
	assert_null(xd_names_get(names, &xd_port_noun, "p500"));
	assert_ptr_equal(xd_names_get(names, &xd_bridge_noun, "p7"), xd_config_bridges(config));
	assert_null(xd_names_get(names, &xd_bridge_noun, "p8"));
	xd_names_destroy(names);
	xd_names_destroy(NULL);
	xd_config_destroy(config);
}

static unsigned times_checked;

static int
count_check(const struct xd_port_config *config, struct xd_error *err)
{
	(void)config;
	(void)err;
	times_checked++;
	return 0;
}

/* What runs already is not asked again, by whoever checks what shall run next. */
static void
test_check_of_a_change(void **state)
{
	static const struct xd_driver driver = {
		.type = "made-up", .claims = count_and_claim, .check = count_check};
	static const struct xd_driver *const drivers[] = {&driver, NULL};
	struct xd_config *config = xd_config_create(), *next;
	struct xd_claims *running;
	struct xd_names *names;
	struct xd_error err = {0};

	(void)state;
	xd_config_add_bridge(config, "br0", NULL);
	xd_config_add_port(config, "a", "made-up", "br0", NULL);
	xd_config_add_port(config, "b", "made-up", "br0", NULL);
	names = xd_names_create(config);
	running = xd_claims_create(names, drivers, NULL);
	next = xd_config_copy(config);
	times_asked = times_checked = 0;
	assert_int_equal(xd_config_check_next(next, running, drivers, &err), 0);
	assert_int_equal(times_asked + times_checked, 0);
	xd_config_port(next, "b")->mtu = 9000;
	xd_config_add_port(next, "c", "made-up", "br0", NULL);
	assert_int_equal(xd_config_check_next(next, running, drivers, &err), 0);
	assert_int_equal(times_asked, 2);
	assert_int_equal(times_checked, 2);
	/* What runs and what is new claim the same. */
	xd_config_add_port(next, "a", "made-up", "br0", NULL);
	xd_config_rename_port(next, "c", "b...", NULL);
	xd_config_rename_port(next, "b", "b..", NULL);
	assert_int_equal(xd_config_check_next(next, running, drivers, &err), -EEXIST);
	assert_string_equal(err.key, "ports.b....type");
	/* A bridge that goes is missed by a port that stays. */
	xd_config_del_port(next, "b...", NULL);
	xd_config_del_bridge(next, "br0", NULL);
	assert_int_equal(xd_config_check_next(next, running, drivers, &err), -ENOENT);
	xd_claims_destroy(running);
	xd_names_destroy(names);
	xd_config_destroy(next);
	xd_config_destroy(config);
}

/* Nobody waits for a port that cannot tell how much room it has. */
static void
test_wait_without_room(void **state)
{
	struct xd_config *config = good_config();

	(void)state;
	xd_config_ports(config)[0].full = XD_FULL_WAIT;
	CHECK_FAILS(config, "ports.p.full");
	xd_config_destroy(config);
}

static void
test_copy(void **state)
{
	struct xd_config *config = good_config(), *copy = xd_config_copy(config);

	(void)state;
	assert_true(xd_port_config_equal(xd_config_ports(config), xd_config_ports(copy)));
	xd_config_ports(copy)[0].mtu++;
	assert_false(xd_port_config_equal(xd_config_ports(config), xd_config_ports(copy)));
	xd_config_ports(copy)[0].mtu--;
	/* The set counts only when there is one. */
	xd_config_ports(copy)[0].vlans[3] = 1;
	assert_true(xd_port_config_equal(xd_config_ports(config), xd_config_ports(copy)));
	xd_config_ports(copy)[0].has_vlans = xd_config_ports(config)[0].has_vlans = true;
	assert_false(xd_port_config_equal(xd_config_ports(config), xd_config_ports(copy)));
	xd_config_ports(copy)[0].has_vlans = xd_config_ports(config)[0].has_vlans = false;
	/* Addresses count up to their number. */
	xd_config_ports(copy)[0].macs[1][5] = 1;
	assert_true(xd_port_config_equal(xd_config_ports(config), xd_config_ports(copy)));
	xd_config_ports(copy)[0].nb_macs = xd_config_ports(config)[0].nb_macs = 2;
	assert_false(xd_port_config_equal(xd_config_ports(config), xd_config_ports(copy)));
	assert_true(xd_bridge_config_equal(xd_config_bridges(config), xd_config_bridges(copy)));
	xd_config_bridges(copy)[0].mac_limit++;
	assert_false(xd_bridge_config_equal(xd_config_bridges(config), xd_config_bridges(copy)));
	xd_config_destroy(copy);
	xd_config_destroy(config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_optional),
		cmocka_unit_test(test_feature_names),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_from_json),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_hint),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_rename),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_cores_that_this_thread_does_not_use),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_claims_are_asked_for_once),
		cmocka_unit_test(test_names_of_many),
		cmocka_unit_test(test_check_of_a_change),
		cmocka_unit_test(test_wait_without_room),
		cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Configurations as plain data, and their settings as text. */
#include <errno.h>
#include <limits.h>
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

#include "control/settings.h"
#include "control/words.h"

#define CORE 0 /* every machine has it */

/* ---- Settings ---- */

static void
test_settings(void **state)
{
	struct xd_config *config = xd_config_create();
	struct xd_port_config *port;
	char text[XD_SETTING_TEXT];
	struct xd_error err;
	json_t *json;

	(void)state;
	port = xd_config_add_port(config, "p", "vhost-user", "br0", &err);
	assert_int_equal(xd_port_set(port, "vlans", "30,10, 11,12-14", &err), 0);
	for (const struct xd_setting *s = xd_port_settings; s->key; s++) {
		s->print(port, text);
		if (!strcmp(s->key, "vlans"))
			assert_string_equal(text, "10-14,30");
		if (!strcmp(s->key, "vlan") || !strcmp(s->key, "path"))
			assert_string_equal(text, "");
	}
	json = xd_port_to_json(port);
	assert_int_equal(json_array_size(json_object_get(json, "vlans")), 6);
	assert_null(json_object_get(json, "vlan"));
	assert_null(json_object_get(json, "devargs"));
	assert_int_equal(json_integer_value(json_object_get(json, "mtu")), 1500);
	json_decref(json);
	assert_int_equal(xd_port_set(port, "vlans", "none", &err), 0);
	assert_false(port->has_vlans);
	assert_int_equal(xd_port_set(port, "vlan", "4094", &err), 0);
	assert_int_equal(port->vlan, 4094);
	assert_int_equal(xd_port_set(port, "vlan", "none", &err), 0);
	assert_int_equal(port->vlan, XD_VLAN_NONE);
	/* What belongs to the former type goes with it. */
	assert_int_equal(xd_port_set(port, "path", "/tmp/x", &err), 0);
	assert_int_equal(xd_port_set(port, "mode", "server", &err), 0);
	assert_int_equal(xd_port_set(port, "type", "dpdk", &err), 0);
	assert_string_equal(port->path, "");
	assert_int_equal(port->mode, XD_SOCKET_CLIENT);
	assert_int_equal(xd_port_set(port, "nope", "1", &err), -ENOENT);
	assert_string_equal(err.key, "ports.p.nope");
	xd_config_destroy(config);
}

static void
test_from_json(void **state)
{
	static const struct {
		const char *json, *text; /* NULL: refused */
	} values[] = {{"\"a\"", "a"}, {"7", "7"}, {"null", ""}, {"[10, \"20-30\"]", "10,20-30"},
		{"[]", ""}, {"true", NULL}, {"1.5", NULL}, {"{}", NULL}, {"[[1]]", NULL}};
	char text[XD_SETTING_TEXT];
	char *large = malloc(XD_SETTING_TEXT + 3);
	json_t *json;

	(void)state;
	for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++) {
		json = json_loads(values[i].json, JSON_DECODE_ANY, NULL);
		assert_non_null(json);
		assert_int_equal(xd_setting_from_json(json, text), values[i].text ? 0 : -EINVAL);
		if (values[i].text)
			assert_string_equal(text, values[i].text);
		json_decref(json);
	}
	memset(large, 'x', XD_SETTING_TEXT + 2);
	large[XD_SETTING_TEXT + 2] = 0;
	json = json_string(large);
	assert_int_equal(xd_setting_from_json(json, text), -EINVAL);
	json_decref(json);
	json = json_array();
	for (unsigned i = 0; i < XD_SETTING_TEXT; i++)
		json_array_append_new(json, json_integer(1));
	assert_int_equal(xd_setting_from_json(json, text), -EINVAL);
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
	assert_string_equal(xd_words_nearest("prot", words), "port");
	assert_string_equal(xd_words_nearest("Bridges", words), "bridge");
	assert_string_equal(xd_words_nearest("wo", words), "worker");
	assert_null(xd_words_nearest("zzzzzz", words));
	assert_null(xd_words_nearest("", words));
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
	assert_int_equal(config->nb_bridges, 4);
	assert_string_equal(config->bridges[1].name, "c");
	assert_int_equal(config->nb_ports, 3);
	assert_string_equal(config->ports[0].name, "b");
	assert_string_equal(config->ports[2].name, "d");
	xd_config_destroy(config);
	xd_config_destroy(NULL);
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
	strcpy(port->devargs, "net_null0");
	return config;
}

#define CHECK_FAILS(config, key_)                                                                  \
	do {                                                                                       \
		struct xd_error err_ = {0};                                                        \
		assert_int_not_equal(xd_config_check(config, NULL, &err_), 0);                     \
		assert_string_equal(err_.key, key_);                                               \
		assert_int_not_equal(xd_config_check(config, NULL, NULL), 0);                      \
	} while (0)

/* What an application may write into the plain data without going through text. */
static void
test_check(void **state)
{
	struct xd_config *config = good_config();
	struct xd_port_config *port = config->ports;

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
	strcpy(port->bridge, "br1");
	CHECK_FAILS(config, "ports.p.bridge");
	strcpy(port->bridge, "br0");
	config->bridges[0].ageing_s = 0;
	CHECK_FAILS(config, "bridges.br0.ageing_s");
	config->bridges[0].ageing_s = 1;
	config->bridges[0].mac_limit = 0;
	CHECK_FAILS(config, "bridges.br0.mac_limit");
	config->bridges[0].mac_limit = 1;
	config->nb_cores = 2;
	config->cores[1] = config->cores[0];
	CHECK_FAILS(config, "workers.cores");
	config->cores[1] = 65535;
	CHECK_FAILS(config, "workers.cores");
	config->nb_cores = 0; /* fine: an application brings its own workers */
	assert_int_equal(xd_config_check(config, NULL, NULL), 0);
	xd_config_add_port(config, "q", "dpdk", "br0", NULL);
	strcpy(config->ports[1].devargs, "net_null1");
	strcpy(config->ports[1].name, "p");
	CHECK_FAILS(config, "ports.p");
	config->ports[1].name[0] = 0;
	CHECK_FAILS(config, "ports.");
	xd_config_destroy(config);
}

static void
test_copy(void **state)
{
	struct xd_config *config = good_config(), *copy = xd_config_copy(config);

	(void)state;
	assert_true(xd_port_config_equal(config->ports, copy->ports));
	copy->ports[0].mtu++;
	assert_false(xd_port_config_equal(config->ports, copy->ports));
	copy->ports[0].mtu--;
	/* The set counts only when there is one. */
	copy->ports[0].vlans[3] = 1;
	assert_true(xd_port_config_equal(config->ports, copy->ports));
	copy->ports[0].has_vlans = config->ports[0].has_vlans = true;
	assert_false(xd_port_config_equal(config->ports, copy->ports));
	assert_true(xd_bridge_config_equal(config->bridges, copy->bridges));
	copy->bridges[0].mac_limit++;
	assert_false(xd_bridge_config_equal(config->bridges, copy->bridges));
	xd_config_destroy(copy);
	xd_config_destroy(config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_from_json),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

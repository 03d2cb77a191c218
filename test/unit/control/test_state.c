/* SPDX-License-Identifier: BSD-3-Clause */
/* What was changed at run time: deltas, the file they are kept in, and reading it back. */
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

#include "control/control.h"
#include "control/delta.h"
#include "control/read_file.h"
#include "control/state.h"
#include "control/yaml.h"

struct files {
	char dir[64], config[80], state[80], aside[80];
};

static int
setup(void **state)
{
	struct files *files = calloc(1, sizeof(*files));

	strcpy(files->dir, "/tmp/xd-state-XXXXXX");
	assert_non_null(mkdtemp(files->dir));
	snprintf(files->config, sizeof(files->config), "%s/config.yaml", files->dir);
	snprintf(files->state, sizeof(files->state), "%s/state.yaml", files->dir);
	snprintf(files->aside, sizeof(files->aside), "%s/state.yaml.tmp", files->dir);
	*state = files;
	return 0;
}

static int
teardown(void **state)
{
	struct files *files = *state;

	unlink(files->config);
	unlink(files->state);
	rmdir(files->aside);
	unlink(files->aside);
	assert_int_equal(rmdir(files->dir), 0);
	free(files);
	return 0;
}

static void
write_file(const char *path, const char *text, size_t len)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static struct xd_daemon_config *
from_yaml(const char *text)
{
	struct xd_error err;
	struct xd_daemon_config *config = xd_yaml_read_config(text, strlen(text), 0, NULL, &err);

	if (!config)
		fail_msg("%s: %s", err.key, err.text);
	return config;
}

/* Equal but for the order of bridges and ports. */
static void
assert_same(const struct xd_daemon_config *a, const struct xd_daemon_config *b)
{
	json_t *difference = xd_delta_list(a, b);

	if (json_array_size(difference))
		fail_msg("%s", json_dumps(difference, JSON_INDENT(1)));
	json_decref(difference);
	assert_int_equal(xd_config_nb_ports(a->config), xd_config_nb_ports(b->config));
}

static const char base_yaml[] =
	"control: {path: /tmp/xd-state.sock}\n"
	"workers: {cores: [0]}\n"
	"bridges: {br0: {ageing_s: 60}, br1: {}}\n"
	"ports:\n"
	"  a: {type: dpdk, bridge: br0, devargs: net_null0, vlan: 10}\n"
	"  b: {type: vhost-user, bridge: br0, path: /tmp/b.sock, mode: server}\n"
	"  c: {type: dpdk, bridge: br1, devargs: net_null1, vlans: [1, 2]}\n";

/* Other configurations that base may be changed into. */
static const char *const others[] = {
	base_yaml,
	"",
	"workers: {cores: [0, 1], idle: poll}\nlog: {level: debug}\n"
	"bridges: {br1: {}, br0: {ageing_s: 60}}\n"
	"ports:\n"
	"  a: {type: dpdk, bridge: br0, devargs: net_null0, vlan: 10}\n",
	"bridges: {br0: {mac_limit: 5}, br2: {ageing_s: 1}}\n"
	"ports:\n"
	"  a: {type: dpdk, bridge: br2, devargs: net_null0, mtu: 9000, queues: 3}\n"
	"  b: {type: dpdk, bridge: br0, devargs: net_null2}\n"
	"  c: {type: vhost-user, bridge: br0, path: /tmp/c.sock}\n"
	"  d: {type: vhost-user, bridge: br2, path: /tmp/d.sock, vlans: 0-4094, vlan: 1}\n",
	/* every setting that may be unset is set here, and is unset above */
	"bridges: {br0: {ageing_s: 60}, br1: {}}\n"
	"ports:\n"
	"  a: {type: dpdk, bridge: br0, devargs: net_null0, mac_limit: 4,\n"
	"      macs: [02:00:00:00:00:01, 02:00:00:00:00:02]}\n"
	"  b: {type: vhost-user, bridge: br0, path: /tmp/b.sock, mode: server, macs: "
	"2a:00:00:00:00:01,\n"
	"      mac_limit: 1, full: wait, wait_us: 1000000, features: [mrg_rxbuf, ring_packed],\n"
	"      compat: ovs-3.1, socket_owner: root, socket_group: \"0\", socket_mode: \"0777\"}\n"
	"  c: {type: vhost-user, bridge: br0, path: /tmp/c.sock, features: mq, full: wait,\n"
	"      compat: ovs-3.1-tso}\n",
	/* other types, whose settings lie where those above have theirs */
	"bridges: {br0: {ageing_s: 60}, br1: {}}\n"
	"ports:\n"
	"  a: {type: app, bridge: br0, ring: 64}\n"
	"  b: {type: memif, bridge: br0, path: /tmp/b.sock}\n"
	"  c: {type: tap, bridge: br0, ifname: c0}\n",
};

#define NB_OTHERS (sizeof(others) / sizeof(*others))

static void
test_delta(void **state)
{
	const struct files *files = *state;

	for (unsigned i = 0; i < NB_OTHERS * NB_OTHERS; i++) {
		struct xd_daemon_config *from = from_yaml(others[i / NB_OTHERS]);
		struct xd_daemon_config *to = from_yaml(others[i % NB_OTHERS]), *made;
		json_t *delta, *kept;
		struct xd_error err;

		strcpy(to->control_path, from->control_path); /* cannot change at run time */
		delta = xd_delta_make(from, to);
		assert_int_equal(json_object_size(delta) == 0, i / NB_OTHERS == i % NB_OTHERS);
		assert_int_equal(xd_state_write(files->state, delta, &err), 0);
		assert_int_not_equal(access(files->aside, F_OK), 0);
		kept = xd_state_read(files->state, &err);
		assert_non_null(kept);
		made = xd_daemon_config_copy(from);
		if (xd_delta_apply(made, kept, &err))
			fail_msg("%u: %s: %s", i, err.key, err.text);
		assert_same(made, to);
		for (unsigned p = 0; p < xd_config_nb_ports(to->config); p++) {
			const struct xd_port_config *port = &xd_config_ports(to->config)[p];

			assert_true(xd_port_config_equal(
				port, xd_config_port(made->config, port->name)));
		}
		json_decref(delta);
		json_decref(kept);
		xd_daemon_config_destroy(made);
		xd_daemon_config_destroy(from);
		xd_daemon_config_destroy(to);
	}
}

/* Only what was changed is kept: the file may change the rest. */
static void
test_delta_is_by_key(void **state)
{
	struct xd_daemon_config *from = from_yaml(base_yaml), *to = from_yaml(base_yaml);
	struct xd_daemon_config *later = from_yaml(base_yaml);
	struct xd_error err;
	json_t *delta;

	(void)state;
	xd_config_port(to->config, "a")->mtu = 9000;
	delta = xd_delta_make(from, to);
	xd_config_port(later->config, "a")->vlan = 77;
	assert_int_equal(xd_delta_apply(later, delta, &err), 0);
	assert_int_equal(xd_config_port(later->config, "a")->vlan, 77);
	assert_int_equal(xd_config_port(later->config, "a")->mtu, 9000);
	json_decref(delta);
	xd_daemon_config_destroy(from);
	xd_daemon_config_destroy(to);
	xd_daemon_config_destroy(later);
}

static void
test_delta_does_not_fit(void **state)
{
	static const struct {
		const char *delta, *key;
	} cases[] = {
		{"changed: {ports: {x: {mtu: 1500}}}", "ports.x"},
		{"changed: {bridges: {x: {ageing_s: 1}}}", "bridges.x"},
		{"added: {ports: {a: {type: dpdk, bridge: br0, devargs: net_null9}}}", "ports.a"},
		{"added: {bridges: {br0: {ageing_s: 1}}}", "bridges.br0"},
		{"added: {ports: {z: {type: dpdk, path: /tmp/x}}}", "ports.z.path"},
		{"changed: {ports: {a: {mtu: 1}}}", "ports.a.mtu"},
		{"changed: {ports: {a: []}}", "ports.a"},
		{"changed: {ports: {b: {features: [mq, nope]}}}", "ports.b.features"},
		{"changed: {ports: {b: {socket_mode: 999}}}", "ports.b.socket_mode"},
		{"changed: {ports: {a: {macs: [x]}}}", "ports.a.macs"},
		{"workers: {cores: x}", "workers.cores"},
		{"chnaged: {}", "chnaged"},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct xd_daemon_config *base = from_yaml(base_yaml);
		struct xd_error err = {0};
		json_t *delta = xd_yaml_parse(cases[i].delta, strlen(cases[i].delta), NULL, &err);

		assert_non_null(delta);
		assert_int_not_equal(xd_delta_apply(base, delta, &err), 0);
		assert_string_equal(err.key, cases[i].key);
		json_decref(delta);
		xd_daemon_config_destroy(base);
	}
}

/* What people are shown of a setting that was unset can be typed. */
static void
test_delta_list(void **state)
{
	static const struct {
		const char *key, *to, *unset;
	} want[] = {{"macs", "2a:00:00:00:00:01", "any"}, {"mac_limit", "1", "0"},
		{"full", "wait", "drop"}, {"wait_us", "1000000", "1000"},
		{"features", "mrg_rxbuf,ring_packed", "all"}, {"compat", "ovs-3.1", "none"},
		{"socket_owner", "root", "none"}, {"socket_group", "0", "none"},
		{"socket_mode", "0777", "none"}};
	struct xd_daemon_config *from = from_yaml(base_yaml), *to = from_yaml(others[4]);
	struct xd_port_config port = *xd_config_port(to->config, "b");
	json_t *list, *change;
	struct xd_error err;
	unsigned found = 0;
	char key[64];
	size_t i;

	(void)state;
	list = xd_delta_list(from, to);
	json_array_foreach(list, i, change)
	{
		for (unsigned w = 0; w < sizeof(want) / sizeof(*want); w++) {
			snprintf(key, sizeof(key), "ports.b.%s", want[w].key);
			if (strcmp(json_string_value(json_object_get(change, "key")), key))
				continue;
			found++;
			assert_string_equal(
				json_string_value(json_object_get(change, "to")), want[w].to);
			assert_string_equal(
				json_string_value(json_object_get(change, "from")), want[w].unset);
			assert_int_equal(
				xd_port_config_set(&port, want[w].key, want[w].unset, &err), 0);
		}
	}
	assert_int_equal(found, sizeof(want) / sizeof(*want));
	assert_true(xd_port_config_equal(&port, xd_config_port(from->config, "b")));
	json_decref(list);
	xd_daemon_config_destroy(from);
	xd_daemon_config_destroy(to);
}

/* Of a port that becomes one of another type nothing is shown that it never had. */
static void
test_delta_list_type(void **state)
{
	static const char *const want[][3] = {{"ports.a.type", "dpdk", "app"},
		{"ports.a.vlan", "10", "none"}, {"ports.a.ring", "none", "64"},
		{"ports.b.type", "vhost-user", "memif"}, {"ports.b.path", "none", "/tmp/b.sock"},
		{"ports.c.type", "dpdk", "tap"}, {"ports.c.bridge", "br1", "br0"},
		{"ports.c.vlans", "1,2", "none"}, {"ports.c.ifname", "none", "c0"}};
	struct xd_daemon_config *from = from_yaml(base_yaml), *to = from_yaml(others[5]);
	const size_t n = sizeof(want) / sizeof(*want);
	json_t *list, *change;
	size_t i, found = 0;

	(void)state;
	list = xd_delta_list(from, to);
	json_array_foreach(list, i, change)
	{
		const char *key = json_string_value(json_object_get(change, "key"));

		if (strncmp(key, "ports.", 6))
			continue;
		assert_true(found < n);
		assert_string_equal(key, want[found][0]);
		assert_string_equal(
			json_string_value(json_object_get(change, "from")), want[found][1]);
		assert_string_equal(
			json_string_value(json_object_get(change, "to")), want[found][2]);
		found++;
	}
	assert_int_equal(found, n);
	json_decref(list);
	xd_daemon_config_destroy(from);
	xd_daemon_config_destroy(to);
}

/* What was added or deleted at run time and is so in the file by now is no contradiction. */
static void
test_delta_taken_over(void **state)
{
	static const char text[] =
		"added: {ports: {a: {type: dpdk, bridge: br0, devargs: net_null0, vlan: 10}},\n"
		"        bridges: {br0: {ageing_s: 60}}}\n"
		"deleted: {ports: [gone], bridges: [gone]}";
	struct xd_daemon_config *base = from_yaml(base_yaml), *same = from_yaml(base_yaml);
	struct xd_error err;
	json_t *delta = xd_yaml_parse(text, strlen(text), NULL, &err);

	(void)state;
	assert_int_equal(xd_delta_apply(base, delta, &err), 0);
	assert_same(base, same);
	json_decref(delta);
	xd_daemon_config_destroy(base);
	xd_daemon_config_destroy(same);
}

/* ---- The file ---- */

static void
test_no_file(void **state)
{
	const struct files *files = *state;
	struct xd_error err;
	json_t *delta = xd_state_read(files->state, &err);

	assert_int_equal(json_object_size(delta), 0);
	json_decref(delta);
	assert_null(xd_state_read(files->dir, &err));
	assert_non_null(strstr(err.text, files->dir));
}

/* Cut short after any byte, or with any byte changed, it is refused as a whole. */
static void
test_damaged_file(void **state)
{
	const struct files *files = *state;
	struct xd_daemon_config *from = from_yaml(base_yaml), *to = from_yaml(others[3]);
	json_t *delta = xd_delta_make(from, to);
	struct xd_error err;
	size_t len;
	char *text;

	assert_int_equal(xd_state_write(files->state, delta, &err), 0);
	text = xd_read_file(files->state, XD_READ_REGULAR, &len, &err);
	assert_non_null(text);
	for (size_t cut = 0; cut < len; cut++) {
		write_file(files->state, text, cut);
		assert_null(xd_state_read(files->state, &err));
		assert_non_null(strstr(err.text, files->state));
		assert_non_null(strstr(err.text, "remove it"));
	}
	for (size_t at = 0; at < len; at++) {
		text[at] ^= 1;
		write_file(files->state, text, len);
		assert_null(xd_state_read(files->state, &err));
		text[at] ^= 1;
	}
	write_file(files->state, text, len);
	json_decref(delta);
	delta = xd_state_read(files->state, &err);
	assert_non_null(delta);
	json_decref(delta);
	free(text);
	xd_daemon_config_destroy(from);
	xd_daemon_config_destroy(to);
}

/* A write that fails leaves the former file. */
static void
test_write_fails(void **state)
{
	const struct files *files = *state;
	json_t *first = json_pack("{s:{s:s}}", "workers", "idle", "poll"), *kept;
	json_t *second = json_object();
	struct xd_error err;
	char path[PATH_MAX + 1];
	struct stat st;

	assert_int_equal(xd_state_write(files->state, first, &err), 0);
	assert_int_equal(stat(files->state, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(mkdir(files->aside, 0700), 0);
	assert_int_not_equal(xd_state_write(files->state, second, &err), 0);
	assert_non_null(strstr(err.text, files->state));
	assert_int_equal(rmdir(files->aside), 0);
	kept = xd_state_read(files->state, &err);
	assert_true(json_equal(kept, first));
	json_decref(kept);
	/* Where no file can be put: what was written aside goes. */
	assert_int_equal(unlink(files->state), 0);
	assert_int_equal(mkdir(files->state, 0700), 0);
	assert_int_equal(xd_state_write(files->state, second, &err), -EISDIR);
	assert_int_equal(access(files->aside, F_OK), -1);
	assert_int_equal(rmdir(files->state), 0);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(xd_state_write(path, second, &err), -ENAMETOOLONG);
	json_decref(first);
	json_decref(second);
}

/* A path is of the working directory, as one says so. */
static void
test_path_without_directory(void **state)
{
	const struct files *files = *state;
	json_t *delta = json_pack("{s:{s:s}}", "workers", "idle", "poll"), *kept;
	char before[PATH_MAX];
	struct xd_error err;

	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(files->dir), 0);
	assert_int_equal(xd_state_write("state.yaml", delta, &err), 0);
	assert_int_equal(chdir(before), 0);
	kept = xd_state_read(files->state, &err);
	assert_true(json_equal(kept, delta));
	json_decref(kept);
	json_decref(delta);
}

/* What a later version wrote, whole as it is, is not understood by half. */
static void
test_another_version(void **state)
{
	const struct files *files = *state;
	json_t *delta = json_pack(
		"{s:s, s:{s:s}}", "format", "crossdock-state-99", "workers", "idle", "poll");
	struct xd_error err;

	assert_int_equal(xd_state_write(files->state, delta, &err), 0);
	assert_null(xd_state_read(files->state, &err));
	assert_int_equal(err.code, -EINVAL);
	assert_non_null(strstr(err.text, "is of another version: remove it"));
	json_decref(delta);
}

/* ---- Both files, as at the start ---- */

static void
test_load(void **state)
{
	struct xd_lines *lines = xd_lines_create();
	static const char bad_yaml[] = "control: {path: /tmp/xd-state.sock}\n"
				       "ports:\n"
				       "  a: {type: dpdk, bridge: br9, devargs: net_null0}\n";
	const struct files *files = *state;
	struct xd_control_source source = {
		.config_file = files->config, .state_file = files->state};
	json_t *delta = json_pack("{s:{s:{s:{s:i}}}}", "changed", "ports", "a", "mtu", 9000);
	struct xd_daemon_config *base, *running;
	char text[1024], want[256];

	write_file(files->config, base_yaml, strlen(base_yaml));
	assert_int_equal(xd_state_write(files->state, delta, NULL), 0);
	if (xd_control_load(&source, lines, &base, &running, text, sizeof(text)))
		fail_msg("%s", text);
	assert_int_equal(xd_config_port(base->config, "a")->mtu, 1500);
	assert_int_equal(xd_config_port(running->config, "a")->mtu, 9000);
	xd_daemon_config_destroy(base);
	xd_daemon_config_destroy(running);
	json_decref(delta);

	/* An error of the configuration file names that file and the line... */
	write_file(files->config, bad_yaml, strlen(bad_yaml));
	assert_int_not_equal(
		xd_control_load(&source, lines, &base, &running, text, sizeof(text)), 0);
	snprintf(want, sizeof(want), "%s:3: ports.a.bridge: there is no bridge", files->config);
	assert_memory_equal(text, want, strlen(want));
	/* ... and one that comes from the state, the state file and what to do. */
	write_file(files->config, "control: {path: /tmp/xd-state.sock}\n", 36);
	assert_int_not_equal(
		xd_control_load(&source, lines, &base, &running, text, sizeof(text)), 0);
	assert_non_null(strstr(text, files->state));
	assert_non_null(strstr(text, "ports.a"));
	assert_non_null(strstr(text, "remove"));
	assert_null(base);
	assert_null(running);
	unlink(files->config);
	assert_int_not_equal(
		xd_control_load(&source, lines, &base, &running, text, sizeof(text)), 0);
	assert_non_null(strstr(text, "No such file"));
	xd_lines_destroy(lines);
}

/* --control stands in for the path in the file, which need not even be possible. */
static void
test_load_socket_path(void **state)
{
	struct xd_lines *lines = xd_lines_create();
	static const char yaml[] = "control: {path: /nonexistent/x}\n";
	const struct files *files = *state;
	struct xd_control_source source = {.config_file = files->config};
	struct xd_daemon_config *base, *running;
	char text[1024], path[128];

	write_file(files->config, yaml, strlen(yaml));
	assert_int_not_equal(
		xd_control_load(&source, lines, &base, &running, text, sizeof(text)), 0);
	snprintf(path, sizeof(path), "%s/sock", files->dir);
	source.socket_path = path;
	assert_int_equal(xd_control_load(&source, lines, &base, &running, text, sizeof(text)), 0);
	assert_string_equal(running->control_path, path);
	xd_daemon_config_destroy(base);
	xd_daemon_config_destroy(running);
	memset(path, 'x', 120);
	path[120] = 0;
	assert_int_not_equal(
		xd_control_load(&source, lines, &base, &running, text, sizeof(text)), 0);
	assert_non_null(strstr(text, "control.path"));
	xd_lines_destroy(lines);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_delta),
		TEST(test_delta_is_by_key),
		TEST(test_delta_does_not_fit),
		TEST(test_delta_list),
		TEST(test_delta_list_type),
		TEST(test_delta_taken_over),
		TEST(test_no_file),
		TEST(test_damaged_file),
		TEST(test_write_fails),
		TEST(test_path_without_directory),
		TEST(test_another_version),
		TEST(test_load),
		TEST(test_load_socket_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

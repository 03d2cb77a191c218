/* SPDX-License-Identifier: BSD-3-Clause */
/* What a port keeps over a change: its guest, what was learned behind it, its counters. */
#include <sched.h>

#include "switch_env.h"

/* a and b carry frames, 1 and 2 are learned behind them. */
static int
open_with_ports(void **state)
{
	struct env *env;

	if (open_switch(state))
		return -1;
	env = *state;
	add(env, "a", "/a");
	add(env, "b", "/b");
	apply(env);
	send_frame(env, "/a", 1, 0xff);
	send_frame(env, "/b", 2, 1);
	return 0;
}

static void
rename_port(struct env *env, const char *from, const char *to)
{
	assert_int_equal(xd_config_rename_port(env->config, from, to, &env->err), 0);
}

/* Names that a port cannot get, and ports that are not there. */
static void
names_that_cannot_be(void **state)
{
	struct env *env = *state;

	assert_int_equal(xd_config_rename_port(env->config, "a", "b", &env->err), -EEXIST);
	assert_int_equal(xd_config_rename_port(env->config, "a", "a", &env->err), -EEXIST);
	assert_int_equal(xd_config_rename_port(env->config, "a", "", &env->err), -EINVAL);
	assert_int_equal(xd_config_rename_port(env->config, "a", "x/y", NULL), -EINVAL);
	assert_int_equal(xd_config_rename_port(env->config, "c", "d", &env->err), -ENOENT);
	assert_int_equal(xd_config_rename_port(env->config, NULL, "d", &env->err), -EINVAL);
	assert_int_equal(xd_config_rename_port(NULL, "a", "d", &env->err), -EINVAL);
	assert_int_equal(xd_config_nb_ports(env->config), 2);
	assert_string_equal(xd_config_ports(env->config)[0].name, "a");
}

static void
assert_path(struct env *env, const char *name, const char *path)
{
	struct xd_port_info info = info_of(env, name);

	assert_string_equal(made_up_path(&info.config), path);
}

/* Whoever is behind the device was not disconnected, and frames find it. */
static void
assert_same_port(struct env *env, const char *name, const char *path, uint16_t index)
{
	unsigned nb_out = made_up_device(path)->nb_out;

	assert_int_equal(made_up_device(path)->connects, 1);
	assert_int_equal(info_of(env, name).index, index);
	assert_int_equal(info_of(env, name).nb_macs, 1);
	assert_int_equal(info_of(env, name).counters.rx_frames, 1);
	send_frame(env, "/b", 2, 1);
	assert_int_equal(made_up_device(path)->nb_out, nb_out + 1);
}

static void
a_new_name(void **state)
{
	struct env *env = *state;
	uint16_t index = info_of(env, "a").index;
	struct xd_fdb_info *entries;
	int n;

	rename_port(env, "a", "c");
	apply(env);
	assert_same_port(env, "c", "/a", index);
	assert_int_equal(xd_switch_describe_port(env->sw, "a", NULL, NULL), -EINVAL);
	n = xd_switch_fdb(env->sw, "br0", &entries, &env->err);
	assert_int_equal(n, 2);
	for (int i = 0; i < n; i++)
		assert_string_equal(entries[i].port, entries[i].mac[5] == 1 ? "c" : "b");
	free(entries);
	/* And back, with other settings. */
	rename_port(env, "c", "a");
	port_of(env, "a")->mtu = 2000;
	apply(env);
	assert_int_equal(made_up_device("/a")->mtu, 2000);
	assert_same_port(env, "a", "/a", index);
}

/* A name that changes while the change fails. */
static void
a_new_name_that_fails(void **state)
{
	struct env *env = *state;
	struct seen *seen = look(env);

	rename_port(env, "a", "c");
	add(env, "d", "/d");
	made_up_fail(START, "d", -ENODEV, false);
	assert_int_equal(xd_switch_apply(env->sw, env->config, &env->err), -ENODEV);
	assert_unchanged(env, seen);
}

/* Another device under an old name, and an old device under another name. */
static void
names_that_change_places(void **state)
{
	struct env *env = *state;

	rename_port(env, "a", "x");
	rename_port(env, "b", "a");
	rename_port(env, "x", "b");
	apply(env);
	assert_path(env, "a", "/b");
	assert_path(env, "b", "/a");
	send_frame(env, "/a", 1, 0xff);
	send_frame(env, "/b", 2, 1);
	assert_int_equal(info_of(env, "a").nb_macs, 1);
}

/* A driver that takes no new settings gets a new port, which is the old one to others. */
static void
a_rigid_driver(void **state)
{
	struct env *env = *state;
	struct xd_port_config *port = xd_config_add_port(env->config, "r", "rigid", "br0", NULL);

	snprintf(made_up_path(port), XD_PATH_MAX, "/r");
	apply(env);
	send_frame(env, "/r", 3, 0xff);
	/* What is the plan's business does not concern it. */
	port_of(env, "r")->mac_limit = 100;
	apply(env);
	assert_int_equal(made_up_device("/r")->connects, 1);
	port_of(env, "r")->mtu = 9000;
	apply(env);
	assert_int_equal(made_up_device("/r")->connects, 2);
	assert_int_equal(made_up_device("/r")->mtu, 9000);
	assert_int_equal(info_of(env, "r").counters.rx_frames, 1);
	assert_int_equal(info_of(env, "r").nb_macs, 1);
	send_frame(env, "/b", 2, 3);
	/* The flood of before, and this. */
	assert_int_equal(made_up_device("/r")->nb_out, 1);
	assert_int_equal(made_up_device("/a")->nb_out, 2);
}

/* What was learned behind another device is not true of this one. */
static void
another_device(void **state)
{
	struct env *env = *state;
	uint16_t index = info_of(env, "a").index;

	snprintf(made_up_path(port_of(env, "a")), XD_PATH_MAX, "/other");
	apply(env);
	assert_int_equal(info_of(env, "a").index, index);
	assert_int_equal(info_of(env, "a").nb_macs, 0);
	assert_int_equal(info_of(env, "a").counters.rx_frames, 1);
	assert_null(made_up_device("/a")->holder);
	made_up_send(made_up_device("/a"), 7, 2);
	assert_int_equal(xd_worker_poll(env->worker), 0);
	send_frame(env, "/b", 2, 1);
	assert_int_equal(made_up_device("/other")->nb_out, 1);
}

/* A port of another kind under the same name starts from nothing. */
static void
another_type(void **state)
{
	struct env *env = *state;

	snprintf(port_of(env, "a")->type, sizeof(port_of(env, "a")->type), "rigid");
	apply(env);
	assert_int_equal(made_up_device("/a")->connects, 2);
	assert_int_equal(info_of(env, "a").counters.rx_frames, 0);
	assert_int_equal(info_of(env, "a").nb_macs, 0);
}

static void
fill(struct env *env, const char *what)
{
	for (unsigned i = xd_config_nb_ports(env->config); i < XD_MAX_PORTS; i++) {
		char name[XD_NAME_MAX], path[XD_PATH_MAX];

		snprintf(name, sizeof(name), "%s%u", what, i);
		snprintf(path, sizeof(path), "/%s", name);
		add(env, name, path);
	}
}

/* As many ports as there can be, all of them made anew at once, under their names and under
 * others. */
static void
all_ports_anew(void **state)
{
	struct env *env = *state;

	fill(env, "p");
	apply(env);
	assert_int_equal(made_up.nb_ports, XD_MAX_PORTS);
	for (unsigned i = 2; i < XD_MAX_PORTS; i++)
		xd_config_ports(env->config)[i].queues = 2;
	apply(env);
	assert_int_equal(made_up_device("/p5")->connects, 2);
	assert_int_equal(made_up_device("/a")->connects, 1);
	for (unsigned i = 0; i < XD_MAX_PORTS; i++)
		snprintf(made_up_path(&xd_config_ports(env->config)[i]), XD_PATH_MAX, "/q%u", i);
	apply(env);
	assert_int_equal(made_up.nb_ports, XD_MAX_PORTS);
	while (xd_config_nb_ports(env->config))
		xd_config_del_port(env->config, xd_config_ports(env->config)->name, NULL);
	fill(env, "n");
	apply(env);
	assert_int_equal(made_up.nb_ports, XD_MAX_PORTS);
	send_frame(env, "/n0", 1, 0xff);
	assert_int_equal(made_up_device("/n1023")->nb_out, 1);
	assert_int_equal(info_of(env, "n0").nb_macs, 1);
}

/* A port is started with the workers that it will have. */
static void
workers_are_counted_with_the_change(void **state)
{
	struct env *env = *state;
	unsigned core = (unsigned)sched_getcpu();

	add(env, "c", "/c");
	assert_int_equal(xd_config_set_workers(env->config, &core, 1), 0);
	apply(env);
	assert_int_equal(made_up_device("/a")->nb_workers, 1);
	assert_int_equal(made_up_device("/c")->nb_workers, 2);
	assert_int_equal(xd_config_set_workers(env->config, NULL, 0), 0);
	add(env, "d", "/d");
	made_up_fail(START, "d", -ENODEV, false);
	assert_int_equal(xd_switch_apply(env->sw, env->config, &env->err), -ENODEV);
	made_up_fail(START, "", 0, false);
	apply(env);
	assert_int_equal(made_up_device("/d")->nb_workers, 1);
}

static void
add_bond(struct env *env, const char *members)
{
	struct xd_port_config *bond =
		xd_config_add_port(env->config, "bond", "bond", "br0", &env->err);

	assert_non_null(bond);
	assert_int_equal(xd_port_config_set(bond, "members", members, &env->err), 0);
}

/* Members whose links are known to be of different speeds; one that is down has none. */
static void
members_of_one_speed(void **state)
{
	struct env *env = *state;
	struct xd_port *a = made_up_device("/a")->holder, *b = made_up_device("/b")->holder;
	struct seen *before;

	strcpy(port_of(env, "a")->bridge, "none");
	strcpy(port_of(env, "b")->bridge, "none");
	apply(env);
	add_bond(env, "a,b");
	a->up = b->up = true;
	a->speed_mbps = 1000;
	b->speed_mbps = 10000;
	before = look(env);
	assert_int_equal(xd_switch_apply(env->sw, env->config, &env->err), -EINVAL);
	assert_string_equal(env->err.key, "ports.bond.members");
	assert_string_equal(
		env->err.text, "a runs at 1000 Mbit/s and b at 10000: they must be the same");
	assert_unchanged(env, before);
	b->up = false;
	apply(env);
	del(env, "bond");
	apply(env);
	b->up = true;
	b->speed_mbps = 0;
	add_bond(env, "a,b");
	apply(env);
	del(env, "bond");
	apply(env);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_with_ports, close_switch)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_new_name),
		CASE(names_that_cannot_be),
		CASE(a_new_name_that_fails),
		CASE(names_that_change_places),
		CASE(a_rigid_driver),
		CASE(another_device),
		CASE(another_type),
		CASE(all_ports_anew),
		CASE(workers_are_counted_with_the_change),
		CASE(members_of_one_speed),
	};

	return cmocka_run_group_tests_name("switch_ports", tests, start_eal, stop_eal);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Every call of crossdock.h, with NULL for each of its pointers: an error or nothing, no crash. */
#include "switch_env.h"

/* The error says the same as what is returned; it may be NULL as well. */
#define REFUSED(env, call)                                                                         \
	do {                                                                                       \
		struct xd_error *err = &(env)->err;                                                \
		memset(err, 0, sizeof(*err));                                                      \
		assert_int_equal(call, -EINVAL);                                                   \
		assert_int_equal(err->code, -EINVAL);                                              \
		assert_true(err->text[0] != 0);                                                    \
		err = NULL;                                                                        \
		assert_int_equal(call, -EINVAL);                                                   \
	} while (0)

#define REFUSED_POINTER(env, call)                                                                 \
	do {                                                                                       \
		struct xd_error *err = &(env)->err;                                                \
		memset(err, 0, sizeof(*err));                                                      \
		assert_null(call);                                                                 \
		assert_int_equal(err->code, -EINVAL);                                              \
		assert_true(err->text[0] != 0);                                                    \
		err = NULL;                                                                        \
		assert_null(call);                                                                 \
	} while (0)

static void
no_configuration(void **state)
{
	struct env *env = *state;

	REFUSED_POINTER(env, xd_config_add_bridge(NULL, "br0", err));
	REFUSED_POINTER(env, xd_config_add_port(NULL, "a", "made-up", "br0", err));
	REFUSED(env, xd_config_del_bridge(NULL, "br0", err));
	REFUSED(env, xd_config_del_port(NULL, "a", err));
	REFUSED(env, xd_config_rename_port(NULL, "a", "b", err));
	REFUSED(env, xd_config_check(NULL, NULL, err));
	assert_int_equal(xd_config_set_workers(NULL, NULL, 0), -EINVAL);
	assert_null(xd_config_copy(NULL));
	assert_null(xd_config_bridge(NULL, "br0"));
	assert_null(xd_config_port(NULL, "a"));
	assert_int_equal(xd_config_nb_bridges(NULL), 0);
	assert_int_equal(xd_config_nb_ports(NULL), 0);
	assert_null(xd_config_bridges(NULL));
	assert_null(xd_config_ports(NULL));
	xd_config_destroy(NULL);
}

static void
no_name(void **state)
{
	struct env *env = *state;
	struct xd_config *config = env->config;

	add(env, "a", "/a");
	REFUSED_POINTER(env, xd_config_add_bridge(config, NULL, err));
	REFUSED_POINTER(env, xd_config_add_port(config, NULL, "made-up", "br0", err));
	REFUSED_POINTER(env, xd_config_add_port(config, "b", NULL, "br0", err));
	REFUSED_POINTER(env, xd_config_add_port(config, "b", "made-up", NULL, err));
	REFUSED(env, xd_config_del_bridge(config, NULL, err));
	REFUSED(env, xd_config_del_port(config, NULL, err));
	REFUSED(env, xd_config_rename_port(config, NULL, "b", err));
	REFUSED(env, xd_config_rename_port(config, "a", NULL, err));
	assert_null(xd_config_bridge(config, NULL));
	assert_null(xd_config_port(config, NULL));
	assert_int_equal(xd_config_set_workers(config, NULL, 1), -EINVAL);
	assert_int_equal(xd_config_set_workers(config, NULL, 0), 0);
	assert_int_equal(xd_config_nb_ports(config), 1);
	assert_int_equal(xd_config_nb_bridges(config), 1);
}

static void
no_entry(void **state)
{
	struct env *env = *state;
	struct xd_port_config *port = add(env, "a", "/a");
	struct xd_bridge_config *bridge = xd_config_bridge(env->config, "br0");

	REFUSED(env, xd_bridge_config_set(NULL, "ageing_s", "10", err));
	REFUSED(env, xd_bridge_config_set(bridge, NULL, "10", err));
	REFUSED(env, xd_bridge_config_set(bridge, "ageing_s", NULL, err));
	REFUSED(env, xd_port_config_set(NULL, "mtu", "1500", err));
	REFUSED(env, xd_port_config_set(port, NULL, "1500", err));
	REFUSED(env, xd_port_config_set(port, "mtu", NULL, err));
	assert_false(xd_port_config_equal(port, NULL));
	assert_false(xd_port_config_equal(NULL, port));
	assert_true(xd_port_config_equal(NULL, NULL));
	assert_false(xd_bridge_config_equal(bridge, NULL));
	assert_false(xd_bridge_config_equal(NULL, bridge));
	assert_true(xd_bridge_config_equal(NULL, NULL));
}

static void
no_switch(void **state)
{
	struct env *env = *state;
	struct xd_fdb_info *entries, entry;
	struct xd_memory_info memory;
	uint32_t place = 0;

	REFUSED(env, xd_switch_apply(NULL, env->config, err));
	REFUSED(env, xd_switch_check(NULL, env->config, err));
	REFUSED(env, xd_switch_fdb(NULL, "br0", &entries, err));
	REFUSED(env, xd_switch_fdb_part(NULL, "br0", &place, &entry, 1, err));
	REFUSED(env, xd_switch_fdb_flush(NULL, "br0", NULL, err));
	REFUSED_POINTER(env, xd_worker_register(NULL, err));
	assert_int_equal(xd_switch_describe_port(NULL, "a", NULL, NULL), -EINVAL);
	assert_int_equal(xd_switch_port_xstats(NULL, "a", NULL, NULL), -EINVAL);
	assert_int_equal(xd_switch_event_fd(NULL), -EINVAL);
	assert_int_equal(xd_switch_log_level(NULL, XD_LOG_PORT, XD_LOG_DEBUG), -EINVAL);
	assert_int_equal(xd_switch_ports(NULL, NULL, 1), 0);
	assert_int_equal(xd_switch_port(NULL, "a", NULL), -EINVAL);
	assert_int_equal(xd_switch_bridges(NULL, NULL, 1), 0);
	assert_int_equal(xd_switch_workers(NULL, NULL, 1), 0);
	assert_int_equal(xd_switch_worker_queues(NULL, 0, NULL, 1), 0);
	assert_int_equal(xd_switch_tsc_hz(NULL), 0);
	assert_null(xd_switch_config(NULL));
	assert_null(xd_switch_log(NULL));
	xd_switch_memory(NULL, &memory);
	assert_int_equal(memory.fdb_bytes, 0);
	xd_switch_memory(NULL, NULL);
	xd_switch_destroy(NULL);
	assert_int_equal(xd_worker_poll(NULL), 0);
	assert_int_equal(xd_worker_unregister(NULL), 0);
}

/* Of a switch that there is, all else is NULL. */
static void
nothing_else(void **state)
{
	struct env *env = *state;
	struct xd_switch *sw = env->sw, *other;
	uint32_t place = 0;

	add(env, "a", "/a");
	apply(env);
	REFUSED(env, xd_switch_apply(sw, NULL, err));
	REFUSED(env, xd_switch_check(sw, NULL, err));
	REFUSED(env, xd_switch_fdb(sw, NULL, NULL, err));
	REFUSED(env, xd_switch_fdb(sw, "br0", NULL, err));
	REFUSED(env, xd_switch_fdb_part(sw, NULL, &place, NULL, 0, err));
	REFUSED(env, xd_switch_fdb_part(sw, "br0", NULL, NULL, 0, err));
	REFUSED(env, xd_switch_fdb_part(sw, "br0", &place, NULL, 1, err));
	REFUSED(env, xd_switch_fdb_flush(sw, NULL, NULL, err));
	assert_int_equal(xd_switch_describe_port(sw, NULL, NULL, NULL), -EINVAL);
	assert_int_equal(xd_switch_describe_port(sw, "a", NULL, NULL), -EINVAL);
	assert_int_equal(xd_switch_port_xstats(sw, NULL, NULL, NULL), -EINVAL);
	assert_int_equal(xd_switch_port_xstats(sw, "a", NULL, NULL), -EINVAL);
	assert_int_equal(xd_switch_ports(sw, NULL, 1), 1);
	assert_int_equal(xd_switch_port(sw, NULL, NULL), -EINVAL);
	assert_int_equal(xd_switch_port(sw, "a", NULL), -EINVAL);
	assert_int_equal(xd_switch_bridges(sw, NULL, 1), 1);
	assert_int_equal(xd_switch_workers(sw, NULL, 1), 1);
	assert_int_equal(xd_switch_worker_queues(sw, 0, NULL, 1), 1);
	xd_switch_memory(sw, NULL);
	other = xd_switch_create(NULL, NULL);
	assert_non_null(other);
	xd_switch_destroy(other);
	assert_int_equal(xd_memory_start(NULL, NULL), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_switch, close_switch)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(no_configuration),
		CASE(no_name),
		CASE(no_entry),
		CASE(no_switch),
		CASE(nothing_else),
	};

	return cmocka_run_group_tests_name("switch_null", tests, start_eal, stop_eal);
}

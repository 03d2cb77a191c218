/* SPDX-License-Identifier: BSD-3-Clause */
/* Methods that each noun has, called as the control socket does. Those that need a switch that runs
 * are tested with crossdockd. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/methods.h"
#include "control/yaml.h"

static const char yaml[] = "bridges: {br0: {ageing_s: 60}, br1: {}}\n"
			   "ports:\n"
			   "  a: {type: dpdk, bridge: br0, devargs: net_null0, vlans: [1, 2]}\n";

static int
setup(void **state)
{
	struct xd_control *control = calloc(1, sizeof(*control));
	struct xd_error err;

	assert_non_null(control);
	control->running = xd_yaml_read_config(yaml, sizeof(yaml) - 1, 0, NULL, &err);
	if (!control->running)
		fail_msg("%s", err.text);
	*state = control;
	return 0;
}

static int
teardown(void **state)
{
	struct xd_control *control = *state;

	xd_daemon_config_destroy(control->running);
	free(control);
	return 0;
}

static json_t *
show(struct xd_control *control, const struct xd_noun *noun, const char *name, struct xd_error *err)
{
	json_t *params = name ? json_pack("{s:s}", "name", name) : json_object(), *result;
	struct xd_rpc_call call = {.ctx = control, .arg = noun, .params = params};

	result = xd_method_entry_show(&call);
	json_decref(params);
	*err = call.err;
	return result;
}

/* What a noun without a method of its own shows: its entries, as they are configured. */
static void
test_show(void **state)
{
	struct xd_error err;
	json_t *result = show(*state, &xd_bridge_noun, NULL, &err), *list, *one;

	list = json_object_get(result, "bridges");
	assert_int_equal(json_array_size(list), 2);
	one = json_array_get(list, 0);
	assert_string_equal(json_string_value(json_object_get(one, "name")), "br0");
	assert_int_equal(json_integer_value(json_object_get(one, "ageing_s")), 60);
	json_decref(result);

	result = show(*state, &xd_bridge_noun, "br1", &err);
	list = json_object_get(result, "bridges");
	assert_int_equal(json_array_size(list), 1);
	assert_int_equal(
		json_integer_value(json_object_get(json_array_get(list, 0), "ageing_s")), 300);
	json_decref(result);

	result = show(*state, &xd_port_noun, "a", &err);
	one = json_array_get(json_object_get(result, "ports"), 0);
	assert_string_equal(json_string_value(json_object_get(one, "devargs")), "net_null0");
	assert_int_equal(json_array_size(json_object_get(one, "vlans")), 2);
	json_decref(result);

	assert_null(show(*state, &xd_bridge_noun, "br2", &err));
	assert_non_null(strstr(err.text, "br2"));
}

/* Every noun that has entries has every verb. */
static void
test_table(void **state)
{
	static const char *const verbs[] = {"show", "add", "set", "del", "rename"};
	struct xd_rpc_method *methods = xd_control_methods_create();

	(void)state;
	assert_non_null(methods);
	for (unsigned n = 0; xd_nouns[n]; n++)
		for (unsigned v = 0; xd_nouns[n]->size && v < sizeof(verbs) / sizeof(*verbs); v++) {
			char name[64];
			unsigned found = 0;

			snprintf(name, sizeof(name), "%s.%s", xd_nouns[n]->name, verbs[v]);
			for (unsigned i = 0; methods[i].name; i++)
				found += !strcmp(methods[i].name, name);
			if (!found)
				fail_msg("%s is missing", name);
		}
	free(methods);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_show, setup, teardown),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

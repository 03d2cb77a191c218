/* SPDX-License-Identifier: BSD-3-Clause */
/* What readers of events are told of. */
#include "switch_env.h"

#include <poll.h>

#include "event.h"
#include "hook.h"

static struct xd_events *
open_reader(struct env *env)
{
	struct xd_events *reader = xd_events_open(env->sw, &env->err);

	assert_non_null(reader);
	return reader;
}

static bool
is_readable(const struct xd_events *reader)
{
	struct pollfd p = {.fd = xd_events_fd(reader), .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static struct xd_event
next(struct xd_events *reader)
{
	struct xd_event e = {0};

	assert_true(is_readable(reader));
	assert_int_equal(xd_events_read(reader, &e, 1), 1);
	return e;
}

static void
expect(struct xd_events *reader, enum xd_event_kind kind, const char *name)
{
	struct xd_event e = next(reader);

	assert_string_equal(xd_event_name(e.kind), xd_event_name(kind));
	assert_string_equal(e.name, name);
}

static void
expect_nothing(struct xd_events *reader)
{
	struct xd_event e;

	assert_false(is_readable(reader));
	assert_int_equal(xd_events_read(reader, &e, 1), 0);
}

static void
set_up(struct env *env, const char *path, bool up)
{
	struct xd_port *port = made_up_device(path)->holder;

	(void)env;
	port->up = up;
	port->env->changed(port->env->ctx, port);
}

static void
tells_of_ports(void **state)
{
	struct env *env = *state;
	struct xd_events *reader = open_reader(env);
	struct xd_event e;

	expect_nothing(reader);
	add(env, "a", "/a")->cookie = 17;
	apply(env);
	expect(reader, XD_EVENT_BRIDGE_ADDED, "br0");
	e = next(reader);
	assert_int_equal(e.kind, XD_EVENT_PORT_ADDED);
	assert_string_equal(e.name, "a");
	assert_string_equal(e.was, "");
	assert_int_equal(e.cookie, 17);
	assert_int_equal(e.port, xd_switch_port_index(env->sw, "a"));
	assert_true(e.up);
	assert_int_equal(e.number, 2);
	set_up(env, "/a", false);
	set_up(env, "/a", false);
	set_up(env, "/a", true);
	expect(reader, XD_EVENT_PORT_DOWN, "a");
	expect(reader, XD_EVENT_PORT_CHANGED, "a");
	expect(reader, XD_EVENT_PORT_UP, "a");
	/* Of a configuration that changes nothing, and of one that fails, there is nothing to say.
	 */
	apply(env);
	made_up_fail(START, "b", -EIO, false);
	add(env, "b", "/b");
	assert_int_equal(xd_switch_apply(env->sw, env->config, &env->err), -EIO);
	del(env, "b");
	expect_nothing(reader);
	port_of(env, "a")->cookie = 18;
	apply(env);
	e = next(reader);
	assert_int_equal(e.kind, XD_EVENT_PORT_SET);
	assert_int_equal(e.cookie, 18);
	del(env, "a");
	apply(env);
	expect(reader, XD_EVENT_PORT_REMOVED, "a");
	expect_nothing(reader);
	xd_events_close(reader);
}

/* Made anew, and under another name, it is the same port; another in its place is not. */
static void
knows_ports(void **state)
{
	struct env *env = *state;
	struct xd_events *reader;
	struct xd_event e;

	add(env, "a", "/a");
	apply(env);
	reader = open_reader(env);
	port_of(env, "a")->queues = 2;
	apply(env);
	expect(reader, XD_EVENT_PORT_SET, "a");
	expect_nothing(reader);
	del(env, "a");
	add(env, "z", "/a")->queues = 2;
	apply(env);
	e = next(reader);
	assert_int_equal(e.kind, XD_EVENT_PORT_SET);
	assert_string_equal(e.name, "z");
	assert_string_equal(e.was, "a");
	set_up(env, "/a", false);
	expect(reader, XD_EVENT_PORT_DOWN, "z");
	/* Up again by being made anew. */
	port_of(env, "z")->queues = 1;
	apply(env);
	expect(reader, XD_EVENT_PORT_SET, "z");
	expect(reader, XD_EVENT_PORT_UP, "z");
	del(env, "z");
	add(env, "y", "/y");
	apply(env);
	e = next(reader);
	if (e.kind == XD_EVENT_PORT_ADDED)
		expect(reader, XD_EVENT_PORT_REMOVED, "z");
	else
		expect(reader, XD_EVENT_PORT_ADDED, "y");
	expect_nothing(reader);
	xd_events_close(reader);
}

static void
tells_of_bridges(void **state)
{
	struct env *env = *state;
	struct xd_events *reader;

	apply(env);
	reader = open_reader(env);
	xd_config_add_bridge(env->config, "br1", &env->err)->cookie = 5;
	apply(env);
	assert_int_equal(next(reader).cookie, 5);
	xd_config_bridge(env->config, "br1")->ageing_s = 10;
	apply(env);
	expect(reader, XD_EVENT_BRIDGE_SET, "br1");
	xd_config_del_bridge(env->config, "br1", NULL);
	apply(env);
	expect(reader, XD_EVENT_BRIDGE_REMOVED, "br1");
	expect_nothing(reader);
	xd_events_close(reader);
}

/* Each reader gets all; one that does not read is told how many it has lost, in their place. */
static void
tells_of_loss(void **state)
{
	struct env *env = *state;
	struct xd_events *slow, *quick;
	struct xd_event e[100];
	uint64_t number = 0;
	unsigned n, sum = 0;

	add(env, "a", "/a");
	apply(env);
	slow = open_reader(env);
	quick = open_reader(env);
	for (unsigned i = 0; i < 1500; i++) {
		set_up(env, "/a", i % 2);
		assert_int_equal(xd_events_read(quick, e, 100), 1);
	}
	while (sum < 1024) {
		n = xd_events_read(slow, e, 64);
		assert_int_equal(n, 64);
		sum += n;
		for (unsigned i = 0; i < n; i++) {
			assert_true(number == 0 || e[i].number == number + 1);
			number = e[i].number;
		}
	}
	assert_true(is_readable(slow));
	assert_int_equal(xd_events_read(slow, e, 64), 1);
	assert_int_equal(e[0].kind, XD_EVENT_LOST);
	assert_int_equal(e[0].lost, 1500 - 1024);
	assert_false(is_readable(slow));
	/* And when there is room again before it has read all. */
	for (unsigned i = 0; i < 1030; i++)
		set_up(env, "/a", i % 2);
	/* Room for one is none: what was lost comes first. */
	assert_int_equal(xd_events_read(slow, e, 1), 1);
	set_up(env, "/a", true);
	assert_int_equal(xd_events_read(slow, e, 99), 99);
	set_up(env, "/a", true);
	for (sum = 100; sum < 1024; sum += n)
		n = xd_events_read(slow, e, 84 /* of 924 */);
	assert_int_equal(xd_events_read(slow, e, 100), 2);
	assert_int_equal(e[0].kind, XD_EVENT_LOST);
	assert_int_equal(e[0].lost, 7);
	assert_int_equal(e[1].kind, XD_EVENT_PORT_CHANGED);
	assert_false(is_readable(slow));
	xd_events_close(slow);
	set_up(env, "/a", false);
	xd_events_close(quick);
	xd_events_close(NULL);
	assert_null(xd_events_open(NULL, &env->err));
	assert_int_equal(xd_events_read(NULL, e, 1), 0);
	assert_int_equal(xd_events_fd(NULL), -EINVAL);
}

#define ON_SWITCH(f) cmocka_unit_test_setup_teardown(f, open_switch, close_switch)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SWITCH(tells_of_ports),
		ON_SWITCH(knows_ports),
		ON_SWITCH(tells_of_bridges),
		ON_SWITCH(tells_of_loss),
	};

	return cmocka_run_group_tests(tests, start_eal, stop_eal);
}

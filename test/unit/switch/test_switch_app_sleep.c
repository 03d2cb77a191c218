/* SPDX-License-Identifier: BSD-3-Clause */
/* Programs and workers that sleep until there are frames. */
#include "app_env.h"

#include <unistd.h>

#include "hook.h"

static void
is_readable_while_frames_wait(void **state)
{
	struct env *env = *state;
	struct xd_app *app;
	int fd;

	add(env, "a", "/a");
	add_app(env, "in", 1, 64);
	apply(env);
	app = open_app(env, "in");
	send_frame(env, "/a", 1, 0xff); /* before anybody asked for a descriptor */
	fd = xd_app_fd(app, 0);
	assert_true(is_readable(fd, 0));
	assert_int_equal(receive_all(app), 1);
	assert_false(is_readable(fd, 0));
	for (unsigned round = 0; round < 3; round++) {
		send_frame(env, "/a", 1, 0xff);
		send_frame(env, "/a", 1, 0xff);
		xd_worker_poll(env->worker);
		assert_true(is_readable(fd, 0));
		rte_pktmbuf_free(rx(app, 0));
		assert_true(is_readable(fd, 0));
		rte_pktmbuf_free(rx(app, 0));
		assert_null(rx(app, 0));
		assert_false(is_readable(fd, 0));
		assert_null(rx(app, 0));
		assert_false(is_readable(fd, 0));
	}
	xd_app_close(app);
}

static bool
is_sleeping(struct env *env)
{
	struct xd_worker_info workers[2];
	unsigned n = xd_switch_workers(env->sw, workers, 2);

	for (unsigned i = 0; i < n; i++) {
		if (workers[i].own && workers[i].sleeping)
			return true;
	}
	return false;
}

/* Each wakes the other: the program the worker, the worker the program. */
static void
wakes_and_is_woken(void **state)
{
	struct env *env = *state;
	struct xd_app *one, *two;
	unsigned core = (unsigned)sched_getcpu();
	int fd;

	add_app(env, "one", 1, 64);
	add_app(env, "two", 1, 64);
	assert_int_equal(xd_worker_unregister(env->worker), 0);
	env->worker = NULL;
	assert_int_equal(xd_config_set_workers(env->config, &core, 1), 0);
	apply(env);
	one = open_app(env, "one");
	two = open_app(env, "two");
	fd = xd_app_fd(two, 0);
	receive_all(two);
	for (unsigned i = 0; i < 20; i++) {
		while (!is_sleeping(env))
			usleep(100);
		tx(one, 0, make(1, 0xff, 60));
		assert_true(is_readable(fd, 60000));
		assert_int_equal(receive_all(two), 1);
	}
	xd_app_close(one);
	xd_app_close(two);
	assert_int_equal(xd_config_set_workers(env->config, NULL, 0), 0);
	apply(env);
	env->worker = xd_worker_register(env->sw, &env->err);
}

static void
tick(void *ctx, const struct xd_burst *b)
{
	(void)b;
	++*(unsigned *)ctx;
}

static void
pass_all(void *ctx, struct xd_burst *b)
{
	(void)ctx;
	(void)b;
}

/* A worker on the program's own thread, which waits by itself. */
static void
sleeps_by_itself(void **state)
{
	static const struct xd_hook hook = {
		.size = sizeof(hook), .name = "h", .run = pass_all, .tick = tick, .tick_ms = 20};
	struct env *env = *state;
	struct xd_worker_info info;
	struct xd_app *one, *two;
	unsigned ticks = 0;
	bool timed = false;
	int fd = xd_worker_fd(env->worker), ms = 0;

	assert_true(fd >= 0);
	add_app(env, "one", 1, 64);
	add_app(env, "two", 1, 64);
	apply(env);
	one = open_app(env, "one");
	two = open_app(env, "two");
	for (unsigned i = 0; i < 3; i++) {
		assert_true(xd_worker_arm(env->worker, &ms));
		assert_int_equal(ms, -1);
		assert_false(is_readable(fd, 0));
		xd_switch_workers(env->sw, &info, 1);
		assert_true(info.sleeping);
		tx(one, 0, make(1, 0xff, 60));
		assert_true(is_readable(fd, 60000));
		assert_int_equal(xd_worker_poll(env->worker), 1);
		assert_int_equal(receive_all(two), 1);
		xd_switch_workers(env->sw, &info, 1);
		assert_false(info.sleeping);
		assert_int_equal(info.sleeps, i + 1);
	}
	/* Frames that are there already, and a change of the configuration. */
	tx(one, 0, make(1, 0xff, 60));
	assert_false(xd_worker_arm(env->worker, NULL));
	assert_int_equal(xd_worker_poll(env->worker), 1);
	assert_true(xd_worker_arm(env->worker, NULL));
	add_app(env, "three", 1, 64);
	assert_int_equal(xd_hook_register(env->sw, &hook, &ticks, &env->err), 0);
	assert_int_equal(xd_port_config_set(port_of(env, "three"), "hooks", "h", &env->err), 0);
	apply(env);
	assert_true(is_readable(fd, 60000));
	assert_int_equal(fd, xd_worker_fd(env->worker));
	/* A timer of a hook's is due at some time. */
	while (ticks < 2 || !timed) {
		xd_worker_poll(env->worker);
		if (xd_worker_arm(env->worker, &ms)) {
			assert_in_range(ms, 0, 21);
			timed |= ms > 0;
			is_readable(fd, ms);
		}
	}
	/* Who wakes nobody is polled. */
	add(env, "a", "/a");
	apply(env);
	xd_worker_poll(env->worker);
	assert_false(xd_worker_arm(env->worker, &ms));
	assert_int_equal(xd_worker_fd(NULL), -EINVAL);
	assert_false(xd_worker_arm(NULL, &ms));
	xd_app_close(one);
	xd_app_close(two);
}

#define ON_SWITCH(f) cmocka_unit_test_setup_teardown(f, open_switch, close_whole)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SWITCH(is_readable_while_frames_wait),
		ON_SWITCH(wakes_and_is_woken),
		ON_SWITCH(sleeps_by_itself),
	};

	return cmocka_run_group_tests(tests, start, stop);
}

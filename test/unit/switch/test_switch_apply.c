/* SPDX-License-Identifier: BSD-3-Clause */
/* A change of configuration that fails, at each step at which it can: nothing has changed, and
 * nobody behind a port has noticed. */
#include <pthread.h>
#include <sys/mman.h>

#include <sched.h>

#include "switch_env.h"

/* ---- Memory that runs out, on the thread that asks for it ---- */

static __thread int allocations_left = -1; /* -1: any number */

static bool
refuse(void)
{
	if (allocations_left < 0)
		return false;
	if (allocations_left > 0) {
		allocations_left--;
		return false;
	}
	errno = ENOMEM;
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void *__real_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset);
int __real_eventfd(unsigned count, int flags);
int __real_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset);
int __wrap_eventfd(unsigned count, int flags);
int __wrap_pthread_create(
	pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg);

void *
__wrap_malloc(size_t size)
{
	return refuse() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return refuse() ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t size)
{
	return refuse() ? NULL : __real_realloc(p, size);
}

void *
__wrap_aligned_alloc(size_t align, size_t size)
{
	return refuse() ? NULL : __real_aligned_alloc(align, size);
}

void *
__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	return refuse() ? MAP_FAILED : __real_mmap(addr, len, prot, flags, fd, offset);
}

int
__wrap_eventfd(unsigned count, int flags)
{
	return refuse() ? -1 : __real_eventfd(count, flags);
}

int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	return refuse() ? EAGAIN : __real_pthread_create(thread, attr, fn, arg);
}

/* ---- */

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
try_and_fail(struct env *env, int code)
{
	struct seen *seen = look(env);

	memset(&env->err, 0xff, sizeof(env->err));
	assert_int_equal(xd_switch_apply(env->sw, env->config, &env->err), code);
	assert_int_equal(env->err.code, code);
	assert_true(strlen(env->err.text) > 0);
	assert_int_equal(xd_switch_apply(env->sw, env->config, NULL), code);
	assert_unchanged(env, seen);
	/* And frames pass as they did. */
	send_frame(env, "/a", 1, 2);
	send_frame(env, "/b", 2, 1);
}

static void
a_new_port_fails(void **state)
{
	struct env *env = *state;

	add(env, "c", "/c");
	for (unsigned silent = 0; silent < 2; silent++) {
		made_up_fail(CREATE, "c", -EINVAL, silent);
		try_and_fail(env, -EINVAL);
		made_up_fail(CREATE, "", 0, false);
		made_up_fail(START, "c", -EINVAL, silent);
		try_and_fail(env, -EINVAL);
		made_up_fail(START, "", 0, false);
	}
	assert_int_equal(made_up_device("/c")->connects, 0);
	apply(env);
	assert_int_equal(made_up_device("/c")->connects, 1);
}

/* Of several, whichever it is. */
static void
one_of_several_new_ports_fails(void **state)
{
	static const char *const names[] = {"c", "d", "e"};
	struct env *env = *state;

	add(env, "c", "/c");
	add(env, "d", "/d");
	add(env, "e", "/e");
	for (unsigned i = 0; i < 3; i++) {
		made_up_fail(START, names[i], -ENODEV, false);
		assert_int_equal(xd_switch_apply(env->sw, env->config, &env->err), -ENODEV);
		made_up_fail(START, "", 0, false);
		made_up_fail(CREATE, names[i], -ENODEV, false);
		assert_int_equal(xd_switch_apply(env->sw, env->config, &env->err), -ENODEV);
		made_up_fail(CREATE, "", 0, false);
		assert_int_equal(made_up.nb_ports, 2);
		for (unsigned k = 0; k < 3; k++)
			assert_null(made_up_device((char[]){'/', names[k][0], 0})->holder);
	}
	assert_int_equal(made_up_device("/a")->connects, 1);
	assert_int_equal(made_up_device("/b")->connects, 1);
}

/* A new port takes the device of an old one, and another port cannot be made. */
static void
a_port_in_the_way_is_not_touched(void **state)
{
	struct env *env = *state;

	del(env, "a");
	add(env, "c", "/a")->queues = 2; /* made anew */
	add(env, "d", "/d");
	made_up_fail(START, "d", -ENODEV, false);
	try_and_fail(env, -ENODEV);
	made_up_fail(START, "", 0, false);
	made_up_fail(CREATE, "d", -ENODEV, false);
	try_and_fail(env, -ENODEV);
	made_up_fail(CREATE, "", 0, false);
	made_up_fail(CREATE, "c", -ENODEV, false);
	try_and_fail(env, -ENODEV);
	assert_int_equal(made_up_device("/a")->connects, 1);
	made_up_fail(CREATE, "", 0, false);
	apply(env);
	assert_int_equal(made_up_device("/a")->connects, 2);
	send_frame(env, "/b", 2, 1);
}

/* The port that is in the way has to go before it is known whether the new one starts: it comes
 * back. */
static void
a_port_in_the_way_comes_back(void **state)
{
	struct env *env = *state;

	port_of(env, "a")->queues = 2;
	made_up_fail(START, "a", -ENODEV, false);
	made_up.fail[START].times = 1;
	assert_int_equal(xd_switch_apply(env->sw, env->config, &env->err), -ENODEV);
	assert_int_equal(made_up.nb_ports, 2);
	assert_int_equal(made_up_device("/a")->connects, 2);
	assert_int_equal(info_of(env, "a").config.queues, 1);
	send_frame(env, "/a", 1, 2);
	send_frame(env, "/b", 2, 1);
	/* If it cannot, the others go on. */
	made_up_fail(START, "a", -ENODEV, false);
	assert_int_equal(xd_switch_apply(env->sw, env->config, &env->err), -ENODEV);
	made_up_fail(START, "", 0, false);
	assert_null(made_up_device("/a")->holder);
	assert_int_equal(made_up.nb_ports, 2);
	send_frame(env, "/b", 2, 0xff);
	apply(env);
	assert_non_null(made_up_device("/a")->holder);
}

/* New settings are taken over last of all. */
static void
settings_wait_for_what_can_fail(void **state)
{
	struct env *env = *state;

	port_of(env, "a")->mtu = 9000;
	add(env, "c", "/c");
	made_up_fail(START, "c", -ENODEV, false);
	try_and_fail(env, -ENODEV);
	made_up_fail(START, "", 0, false);
	made_up_fail(CREATE, "c", -ENODEV, false);
	try_and_fail(env, -ENODEV);
	made_up_fail(CREATE, "", 0, false);
	made_up_fail(CAN_SET, "a", -ERANGE, false);
	try_and_fail(env, -ERANGE);
	made_up_fail(CAN_SET, "a", -ERANGE, true);
	try_and_fail(env, -ERANGE);
	made_up_fail(CAN_SET, "", 0, false);
	assert_int_equal(made_up_device("/a")->mtu, 1500);
	apply(env);
	assert_int_equal(made_up_device("/a")->mtu, 9000);
	assert_int_equal(made_up_device("/a")->connects, 1);
	assert_int_equal(info_of(env, "a").config.mtu, 9000);
}

/* A change that asks for something of everything. */
static void
ask_for_much(struct env *env)
{
	unsigned core = (unsigned)sched_getcpu();

	assert_int_equal(xd_config_set_workers(env->config, &core, 1), 0);
	xd_config_add_bridge(env->config, "br1", NULL);
	xd_config_bridge(env->config, "br0")->mac_limit = 1000;
	port_of(env, "a")->mtu = 9000;
	del(env, "b");
	add(env, "c", "/b")->queues = 2; /* b is in the way */
	add(env, "d", "/d");
}

static void
memory_runs_out(void **state)
{
	struct env *env = *state;
	struct seen *seen;
	unsigned n;
	int ret;

	ask_for_much(env);
	for (n = 0; n < 1000; n++) {
		seen = look(env);
		allocations_left = (int)n;
		ret = xd_switch_apply(env->sw, env->config, &env->err);
		allocations_left = -1;
		if (ret == 0)
			break;
		if (ret != -ENOMEM && ret != -EAGAIN)
			fail_msg("allocation %u: %d, %s", n, ret, env->err.text);
		assert_unchanged(env, seen);
	}
	/* All of it was tried. */
	assert_in_range(n, 10, 999);
	xd_config_destroy(seen->config);
	free(seen);
	assert_int_equal(made_up_device("/b")->connects, 2);
	assert_int_equal(made_up_device("/a")->connects, 1);
}

static void
memory_runs_out_for_a_switch(void **state)
{
	struct xd_switch *sw = NULL;
	struct xd_error err;
	unsigned n;

	(void)state;
	for (n = 0; !sw && n < 1000; n++) {
		allocations_left = (int)n;
		sw = xd_switch_create(NULL, &err);
		allocations_left = -1;
		if (!sw)
			assert_true(err.code < 0 && err.text[0]);
	}
	assert_in_range(n, 5, 999);
	xd_switch_destroy(sw);
}

static void
memory_runs_out_for_workers(void **state)
{
	struct env *env = *state;
	struct xd_worker *worker = NULL;
	struct seen *seen;
	unsigned n;
	int ret = -1;

	for (n = 0; !worker && n < 1000; n++) {
		seen = look(env);
		allocations_left = (int)n;
		worker = xd_worker_register(env->sw, &env->err);
		allocations_left = -1;
		if (!worker)
			assert_unchanged(env, seen);
	}
	assert_in_range(n, 5, 999);
	xd_config_destroy(seen->config);
	free(seen);
	for (n = 0; ret && n < 1000; n++) {
		seen = look(env);
		allocations_left = (int)n;
		ret = xd_worker_unregister(worker);
		allocations_left = -1;
		if (ret)
			assert_unchanged(env, seen);
	}
	assert_in_range(n, 5, 999);
	xd_config_destroy(seen->config);
	free(seen);
	send_frame(env, "/a", 1, 2);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_with_ports, close_switch)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_new_port_fails),
		CASE(one_of_several_new_ports_fails),
		CASE(a_port_in_the_way_is_not_touched),
		CASE(a_port_in_the_way_comes_back),
		CASE(settings_wait_for_what_can_fail),
		CASE(memory_runs_out),
		CASE(memory_runs_out_for_a_switch),
		CASE(memory_runs_out_for_workers),
	};

	return cmocka_run_group_tests_name("switch_apply", tests, start_eal, stop_eal);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The library's calls as an application makes them: a switch's life, drivers of the application's,
 * workers on its own threads, callbacks that call back. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "switch_env.h"

#include "port/simple.h"

static void
frames_pass(void **state)
{
	struct env *env = *state;

	add(env, "a", "/a");
	add(env, "b", "/b");
	apply(env);
	send_frame(env, "/a", 1, 0xff);
	assert_int_equal(made_up_device("/b")->nb_out, 1);
	send_frame(env, "/b", 2, 1);
	assert_int_equal(made_up_device("/a")->nb_out, 1);
	assert_int_equal(info_of(env, "a").counters.rx_frames, 1);
	assert_int_equal(info_of(env, "a").nb_macs, 1);
	assert_int_equal(xd_worker_poll(env->worker), 0);
}

/* ---- Drivers ---- */

static void
refuse_driver(const struct xd_driver *a, const struct xd_driver *b, const char *reason)
{
	const struct xd_driver *drivers[] = {a, b, NULL};
	struct xd_switch_opts opts = {.size = sizeof(opts), .drivers = drivers};
	struct xd_error err = {0};

	assert_null(xd_switch_create(&opts, &err));
	assert_int_equal(err.code, -EINVAL);
	assert_non_null(strstr(err.text, reason));
}

static unsigned
no_members(const struct xd_port_config *config, const char **names)
{
	(void)config;
	(void)names;
	return 0;
}

/* ---- A driver with what it must have alone ---- */

static uint16_t
least_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	uint8_t bytes[60];

	(void)queue;
	batch->n = batch->nb_done = 0;
	if (xd_port_is_up(port)) {
		memset(bytes, 2, sizeof(bytes));
		memset(xd_batch_add(batch, bytes, sizeof(bytes)), 0xff, 6);
	}
	return batch->n;
}

static uint16_t
least_tx(struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n)
{
	return xd_port_is_up(port) ? xd_port_sent(port, worker, frames, n)
				   : xd_port_drop_down(port, worker, n);
}

static void
the_least_driver(void **state)
{
	static const struct xd_driver least = {.size = sizeof(least),
		.type = "least",
		.rx = least_rx,
		.tx = least_tx,
		.port_bytes = sizeof(struct xd_port) + 1};
	static const struct xd_driver *const drivers[] = {&least, NULL};
	const struct xd_switch_opts opts = {.size = sizeof(opts), .drivers = drivers};
	struct xd_port_info info;
	struct xd_error err;
	struct xd_switch *sw = xd_switch_create(&opts, &err);
	struct xd_worker *worker = xd_worker_register(sw, &err);
	struct xd_config *config = xd_switch_config(sw);

	(void)state;
	assert_non_null(worker);
	assert_non_null(config);
	xd_config_add_bridge(config, "br0", &err);
	xd_config_add_port(config, "a", "least", "br0", &err)->queues = 3;
	xd_config_add_port(config, "b", "least", "br0", &err);
	assert_int_equal(xd_switch_apply(sw, config, &err), 0);
	assert_int_equal(xd_worker_poll(worker), 4);
	assert_int_equal(xd_switch_port(sw, "b", &info), 0);
	assert_true(info.up);
	assert_int_equal(info.counters.tx_frames, 3);
	assert_int_equal(info.counters.tx_bytes, 180);
	/* Made anew, with others, and gone while the other is asked. */
	xd_config_port(config, "a")->mtu = 9000;
	assert_int_equal(xd_switch_apply(sw, config, &err), 0);
	assert_int_equal(xd_worker_poll(worker), 4);
	xd_config_del_port(config, "a", &err);
	assert_int_equal(xd_switch_apply(sw, config, &err), 0);
	assert_int_equal(xd_worker_poll(worker), 1);
	xd_worker_unregister(worker);
	xd_switch_destroy(sw);
	xd_config_destroy(config);
}

static void
drivers_that_lack_something(void **state)
{
	struct xd_driver d = made_up_driver;

	(void)state;
	refuse_driver(&made_up_driver, &made_up_driver, "two drivers");
	d.tx = NULL;
	refuse_driver(&d, NULL, "needs rx and tx");
	d = made_up_driver;
	d.create = NULL;
	d.port_bytes = sizeof(struct xd_port);
	refuse_driver(&d, NULL, "needs create and destroy, or port_bytes");
	d.destroy = NULL;
	d.port_bytes--;
	refuse_driver(&d, NULL, "needs create and destroy, or port_bytes");
	d = made_up_driver;
	d.stop = NULL;
	refuse_driver(&d, NULL, "both of start and stop");
	d = made_up_driver;
	d.set = NULL;
	refuse_driver(&d, NULL, "both of can_set and set");
	d = made_up_driver;
	d.members = no_members;
	refuse_driver(&d, NULL, "all of members, bond, links, activate, slow and announce");
	d = made_up_driver;
	d.type = NULL;
	refuse_driver(&d, NULL, "its type");
	d.type = "a type of too many letters";
	refuse_driver(&d, NULL, "its type");
	d = made_up_driver;
	d.size = 0;
	refuse_driver(&d, NULL, "the size of a driver is 0");
	d.size = sizeof(d) + 1;
	refuse_driver(&d, NULL, "the size of a driver");
}

/* An application's driver finds what it was given, and no other of the same functions does. */
static void
drivers_have_a_context(void **state)
{
	struct xd_driver one = made_up_driver, two = made_up_driver;
	const struct xd_driver *drivers[] = {&one, &two, NULL};
	struct xd_switch_opts opts = {.size = sizeof(opts), .drivers = drivers};
	struct env *env = *state;
	struct xd_switch *sw;
	int a, b;

	one.ctx = &a;
	two.type = "second";
	two.ctx = &b;
	env->config->drivers = drivers;
	sw = xd_switch_create(&opts, NULL);
	add(env, "a", "/a");
	assert_int_equal(xd_switch_apply(sw, env->config, &env->err), 0);
	assert_ptr_equal(made_up.ctx, &a);
	assert_ptr_equal(made_up_device("/a")->holder->driver->ctx, &a);
	snprintf(xd_config_port(env->config, "a")->type, XD_TYPE_MAX, "second");
	assert_int_equal(xd_switch_apply(sw, env->config, &env->err), 0);
	assert_ptr_equal(made_up.ctx, &b);
	assert_ptr_equal(made_up_device("/a")->holder->driver->ctx, &b);
	xd_switch_destroy(sw);
}

/* Of every driver's port, also when it stays under another MTU. */
static void
longest_frame_follows_mtu(void **state)
{
	static const uint16_t cases[][2] = {
		{1500, 1518}, {9000, 9018}, {65516, 65534}, {65517, 65535}, {65535, 65535}};
	struct env *env = *state;

	add(env, "a", "/a");
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		xd_config_port(env->config, "a")->mtu = cases[i][0];
		apply(env);
		assert_int_equal(made_up_device("/a")->holder->max_frame, cases[i][1]);
	}
	assert_int_equal(made_up_device("/a")->connects, 1);
}

static void
refuse_port(struct env *env, const char *reason)
{
	memset(&env->err, 0xff, sizeof(env->err));
	assert_int_equal(xd_switch_apply(env->sw, env->config, &env->err), -EINVAL);
	assert_int_equal(env->err.code, -EINVAL);
	assert_non_null(strstr(env->err.text, reason));
	assert_int_equal(made_up.nb_ports, 0);
}

static void
drivers_that_break_the_contract(void **state)
{
	struct env *env = *state;

	add(env, "a", "/a");
	made_up_fail(CREATE, "a", -1, true);
	refuse_port(env, "port a: its driver, made-up, makes no port and gives no reason");
	made_up_fail(CREATE, "", 0, false);
	made_up.misaligned = true;
	refuse_port(env, "aligned");
	made_up.misaligned = false;
	made_up.without_init = true;
	refuse_port(env, "xd_port_init");
	made_up.without_init = false;
	made_up.nb_queues = XD_PORT_QUEUES + 1;
	refuse_port(env, "17 receive");
	made_up.nb_queues = 0;
	made_up_fail(START, "a", -EINVAL, true);
	refuse_port(env, "gives no reason");
	made_up_fail(START, "", 0, false);
	apply(env);
}

static void
calls_back(void *ctx, const char *key, const char *value)
{
	(void)key;
	(void)value;
	xd_switch_ports(ctx, NULL, 0);
}

/* It ends instead of waiting for itself. */
static void
a_callback_that_calls_back(void **state)
{
	struct env *env = *state;
	int status;
	pid_t pid;

	add(env, "a", "/a");
	apply(env);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* Of the other threads there is none here; the assertion's line is not for people.
		 */
		signal(SIGABRT, SIG_DFL);
		dup2(open("/dev/null", O_WRONLY), 2);
		alarm(30);
		xd_switch_describe_port(env->sw, "a", calls_back, env->sw);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void
add_up(void *ctx, const char *name, uint64_t value)
{
	if (!strcmp(name, "most"))
		assert_int_equal(value, UINT64_MAX);
	++*(unsigned *)ctx;
}

static void
what_a_device_counts(void **state)
{
	struct env *env = *state;
	unsigned n = 0;

	add(env, "a", "/a");
	apply(env);
	assert_int_equal(xd_switch_port_xstats(env->sw, "a", add_up, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(xd_switch_port_xstats(env->sw, "b", add_up, &n), -ENOENT);
	assert_int_equal(n, 2);
}

/* ---- Workers of the application's ---- */

static void *
unregister_another(void *arg)
{
	return (void *)(intptr_t)xd_worker_unregister(arg);
}

static void *
register_and_leave(void *arg)
{
	return xd_worker_register(arg, NULL);
}

static void *
in_thread(void *(*fn)(void *), void *arg)
{
	pthread_t thread;
	void *result;

	assert_int_equal(pthread_create(&thread, NULL, fn, arg), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	return result;
}

static void
a_worker_is_its_threads(void **state)
{
	struct env *env = *state;
	struct xd_worker_info info[4];
	struct xd_worker *left;

	add(env, "a", "/a");
	add(env, "b", "/b");
	apply(env);
	assert_int_equal((intptr_t)in_thread(unregister_another, env->worker), -EPERM);
	send_frame(env, "/a", 1, 0xff);
	assert_int_equal(made_up_device("/b")->nb_out, 1);

	/* A thread that ends without unregistering leaves its worker to others. */
	left = in_thread(register_and_leave, env->sw);
	assert_non_null(left);
	assert_int_equal(xd_switch_workers(env->sw, info, 4), 2);
	assert_false(info[1].own);
	assert_int_equal(xd_worker_unregister(left), 0);
	assert_int_equal(xd_switch_workers(env->sw, info, 4), 1);
	assert_int_equal(info[0].nb_queues, 2);
}

/* Queues are spread over the workers, and come back from one that leaves. */
static void
workers_share_queues(void **state)
{
	struct env *env = *state;
	struct xd_worker *second;
	struct xd_worker_queue queues[4];

	add(env, "a", "/a");
	add(env, "b", "/b");
	second = xd_worker_register(env->sw, &env->err);
	assert_non_null(second);
	apply(env);
	assert_int_equal(xd_switch_worker_queues(env->sw, 0, queues, 4), 1);
	assert_int_equal(xd_switch_worker_queues(env->sw, 1, queues, 4), 1);
	made_up_send(made_up_device("/a"), 1, 0xff);
	assert_int_equal(xd_worker_poll(env->worker) + xd_worker_poll(second), 1);
	assert_int_equal(xd_worker_unregister(second), 0);
	assert_int_equal(xd_switch_worker_queues(env->sw, 0, queues, 4), 2);
}

static void
a_switch_that_is_destroyed_first(void **state)
{
	struct env *env = *state;
	struct xd_worker *second = xd_worker_register(env->sw, &env->err);

	add(env, "a", "/a");
	add(env, "b", "/b");
	apply(env);
	made_up_send(made_up_device("/a"), 1, 0xff);
	xd_switch_destroy(env->sw);
	env->sw = NULL;
	assert_int_equal(made_up.nb_ports, 0);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(xd_worker_poll(env->worker) + xd_worker_poll(second), 0);
	assert_int_equal((intptr_t)in_thread(unregister_another, second), -EPERM);
	assert_int_equal(xd_worker_unregister(second), 0);
	assert_int_equal(xd_worker_poll(env->worker), 0);
	/* The last one, by close_switch, frees what there is. */
}

/* A worker that polls while the switch is destroyed. */
struct poller {
	struct xd_switch *sw;
	bool runs, stop;
};

static void *
poll_on(void *arg)
{
	struct poller *p = arg;
	struct xd_worker *worker = xd_worker_register(p->sw, NULL);

	__atomic_store_n(&p->runs, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&p->stop, __ATOMIC_ACQUIRE))
		xd_worker_poll(worker);
	return (void *)(intptr_t)xd_worker_unregister(worker);
}

static void
a_switch_destroyed_under_its_workers(void **state)
{
	struct env *env = *state;

	for (unsigned i = 0; i < 20; i++) {
		struct poller p = {.sw = xd_switch_create(NULL, &env->err)};
		pthread_t thread;
		void *result;

		assert_non_null(p.sw);
		assert_int_equal(pthread_create(&thread, NULL, poll_on, &p), 0);
		while (!__atomic_load_n(&p.runs, __ATOMIC_ACQUIRE))
			sched_yield();
		xd_switch_destroy(p.sw);
		__atomic_store_n(&p.stop, true, __ATOMIC_RELEASE);
		assert_int_equal(pthread_join(thread, &result), 0);
		assert_int_equal((intptr_t)result, 0);
	}
}

/* ---- What an application can watch ---- */

static void
log_nothing(void *ctx, enum xd_log_level level, enum xd_log_component component, const char *line)
{
	(void)ctx;
	(void)level;
	(void)component;
	(void)line;
}

static void
count_warnings(
	void *ctx, enum xd_log_level level, enum xd_log_component component, const char *line)
{
	(void)component;
	*(unsigned *)ctx += level == XD_LOG_WARN && strstr(line, "no workers");
}

/* What does less than it says is not accepted in silence. */
static void
warnings(void **state)
{
	static const struct xd_driver *const drivers[] = {&made_up_driver, NULL};
	unsigned n = 0;
	struct xd_switch_opts opts = {.size = sizeof(opts),
		.drivers = drivers,
		.log = count_warnings,
		.log_ctx = &n,
		.log_level = XD_LOG_WARN};
	struct xd_switch *sw = xd_switch_create(&opts, NULL);
	struct env *env = *state;

	assert_int_equal(xd_switch_apply(sw, env->config, &env->err), 0);
	assert_int_equal(n, 0);
	add(env, "a", "/a");
	assert_int_equal(xd_switch_apply(sw, env->config, &env->err), 0);
	assert_int_equal(n, 1);
	xd_switch_destroy(sw);
}

static void
levels_and_version(void **state)
{
	struct xd_switch_opts opts = {
		.size = sizeof(opts), .log = log_nothing, .log_level = XD_LOG_WARN};
	struct xd_switch *sw = xd_switch_create(&opts, NULL);

	(void)state;
	assert_non_null(sw);
	assert_int_equal(xd_switch_log(sw)->level[XD_LOG_PORT], XD_LOG_WARN);
	assert_int_equal(xd_switch_log_level(sw, XD_LOG_PORT, XD_LOG_DEBUG), 0);
	assert_int_equal(xd_switch_log(sw)->level[XD_LOG_PORT], XD_LOG_DEBUG);
	assert_int_equal(xd_switch_log_level(sw, XD_LOG_COMPONENTS, XD_LOG_DEBUG), -EINVAL);
	assert_true(xd_switch_event_fd(sw) >= 0);
	assert_true(xd_switch_tsc_hz(sw) > 0);
	assert_non_null(strchr(xd_version(), '.'));
	xd_switch_destroy(sw);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_switch, close_switch)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(frames_pass),
		CASE(drivers_that_lack_something),
		CASE(the_least_driver),
		CASE(drivers_have_a_context),
		CASE(longest_frame_follows_mtu),
		CASE(drivers_that_break_the_contract),
		CASE(a_callback_that_calls_back),
		CASE(what_a_device_counts),
		CASE(a_worker_is_its_threads),
		CASE(workers_share_queues),
		CASE(a_switch_that_is_destroyed_first),
		CASE(a_switch_destroyed_under_its_workers),
		CASE(warnings),
		CASE(levels_and_version),
	};

	return cmocka_run_group_tests_name("switch", tests, start_eal, stop_eal);
}

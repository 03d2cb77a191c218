/* SPDX-License-Identifier: BSD-3-Clause */
/* Hooks as part of the configuration: attached and detached, in their order, and exchanged while
 * frames pass. */
#include <pthread.h>

#include "switch_env.h"

/* A hook that notes what it is told, and the order in which hooks see a frame. */
struct noting {
	char letter;
	unsigned attached, detached;
	bool refuse;
	unsigned frames;
};

static char order[64];

static void
note_run(void *ctx, struct xd_burst *b)
{
	const struct noting *n = ctx;
	const char letter[2] = {n->letter, 0};

	(void)b;
	if (n->letter && strlen(order) < sizeof(order) - 1)
		strcat(order, letter);
}

static void
note_done(void *ctx, const struct xd_burst *b, uint32_t went)
{
	(void)b;
	((struct noting *)ctx)->frames += (unsigned)__builtin_popcount(went);
}

static int
note_attach(void *ctx, const struct xd_port_config *port, uint16_t index, struct xd_error *err)
{
	struct noting *n = ctx;

	(void)port;
	(void)index;
	(void)err;
	if (n->refuse)
		return -EPERM;
	n->attached++;
	return 0;
}

static void
note_detach(void *ctx, uint16_t index)
{
	(void)index;
	((struct noting *)ctx)->detached++;
}

static void
add_hook(struct env *env, const char *name, enum xd_hook_point point, struct noting *n)
{
	struct xd_hook hook = {
		.size = sizeof(hook),
		.name = name,
		.point = point,
		.run = note_run,
		.done = note_done,
		.attach = note_attach,
		.detach = note_detach,
	};

	assert_int_equal(xd_hook_register(env->sw, &hook, n, &env->err), 0);
}

static void
set_bridge_hooks(struct env *env, const char *hooks)
{
	assert_int_equal(xd_bridge_config_set(
				 xd_config_bridge(env->config, "br0"), "hooks", hooks, &env->err),
		0);
}

static void
meets_them_in_order(void **state)
{
	struct env *env = *state;
	/* Detached when the switch is destroyed, after this. */
	static struct noting a = {.letter = 'a'}, b = {.letter = 'b'}, o = {.letter = 'o'},
			     p = {.letter = 'p'};

	add_hook(env, "a", XD_HOOK_IN, &a);
	add_hook(env, "b", XD_HOOK_IN, &b);
	add_hook(env, "o", XD_HOOK_OUT, &o);
	add_hook(env, "p", XD_HOOK_OUT, &p);
	add(env, "one", "/one");
	add(env, "two", "/two");
	set_hooks(env, "one", "b");
	set_bridge_hooks(env, "o,a,b");
	set_hooks(env, "two", "p");
	apply(env);
	order[0] = 0;
	send_frame(env, "/one", 1, 0xff);
	assert_string_equal(order, "baop");
	set_hooks(env, "one", "a");
	set_bridge_hooks(env, "b,o");
	apply(env);
	order[0] = 0;
	send_frame(env, "/one", 1, 0xff);
	assert_string_equal(order, "abop");
}

static void
refused(struct env *env, const char *text)
{
	assert_int_equal(xd_switch_apply(env->sw, env->config, &env->err), -EINVAL);
	if (!strstr(env->err.text, text))
		fail_msg("'%s' is not in '%s'", text, env->err.text);
}

/* A frame meets the hooks of the port that it came to the switch by, and no patch port goes round
 * those of a bridge. */
static void
patch_ports(void **state)
{
	struct env *env = *state;
	static struct noting a = {.letter = 'a'}, o = {.letter = 'o'};
	struct xd_port_config *port;

	add_hook(env, "a", XD_HOOK_IN, &a);
	add_hook(env, "o", XD_HOOK_OUT, &o);
	assert_non_null(xd_config_add_bridge(env->config, "br1", &env->err));
	add(env, "one", "/one");
	snprintf(add(env, "two", "/two")->bridge, XD_NAME_MAX, "br1");
	port = xd_config_add_port(env->config, "p0", "patch", "br0", &env->err);
	assert_int_equal(xd_port_config_set(port, "peer", "p1", &env->err), 0);
	port = xd_config_add_port(env->config, "p1", "patch", "br1", &env->err);
	assert_int_equal(xd_port_config_set(port, "peer", "p0", &env->err), 0);
	set_bridge_hooks(env, "o,a");
	refused(env, "has \"a\", which does not see what comes by patch ports as p0");
	set_bridge_hooks(env, "none");
	set_hooks(env, "p0", "o");
	refused(env, "are none of a patch port's");
	set_hooks(env, "p0", "none");
	set_bridge_hooks(env, "o");
	set_hooks(env, "one", "a");
	set_hooks(env, "two", "o");
	apply(env);
	order[0] = 0;
	send_frame(env, "/one", 1, 0xff);
	assert_string_equal(order, "ao");
	order[0] = 0;
	send_frame(env, "/two", 2, 0xff);
	assert_string_equal(order, "o");
}

static void
attaches_and_detaches(void **state)
{
	struct env *env = *state;
	static struct noting a, b;
	struct seen *before;

	add_hook(env, "a", XD_HOOK_IN, &a);
	add_hook(env, "b", XD_HOOK_IN, &b);
	add(env, "one", "/one");
	add(env, "two", "/two");
	set_bridge_hooks(env, "a");
	apply(env);
	assert_int_equal(a.attached, 2);
	/* Refused, and all else with it. */
	before = look(env);
	b.refuse = true;
	add(env, "three", "/three");
	set_hooks(env, "three", "a,b");
	assert_int_equal(xd_switch_apply(env->sw, env->config, &env->err), -EPERM);
	assert_non_null(strstr(env->err.text, "hook b refuses"));
	made_up.nb_calls = before->made_up.nb_calls;
	assert_int_equal(a.attached - a.detached, 2);
	del(env, "three");
	xd_config_destroy(before->config);
	free(before);
	/* Under other settings it is the same port; one that goes is told of. */
	b.refuse = false;
	port_of(env, "one")->mtu = 9000;
	snprintf(made_up_path(port_of(env, "two")), XD_PATH_MAX, "/elsewhere");
	apply(env);
	assert_int_equal(a.attached - a.detached, 2);
	assert_int_equal(xd_hook_unregister(env->sw, "a", &env->err), -EBUSY);
	assert_int_equal(xd_hook_unregister(env->sw, "aa", &env->err), -ENOENT);
	del(env, "two");
	apply(env);
	assert_int_equal(a.attached - a.detached, 1);
	del(env, "one");
	apply(env);
	assert_int_equal(a.attached, a.detached);
	assert_int_equal(xd_hook_unregister(env->sw, "a", &env->err), -EBUSY);
	set_bridge_hooks(env, "none");
	apply(env);
	assert_int_equal(xd_hook_unregister(env->sw, "a", &env->err), 0);
	assert_int_equal(xd_switch_hooks(env->sw, NULL, 0), 1);
}

static bool stop;

static void *
poll_worker(void *arg)
{
	struct env *env = arg;
	struct xd_worker *worker = xd_worker_register(env->sw, NULL);

	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		for (unsigned d = 0; d < 2; d++) {
			struct device *device = &made_up.devices[d];

			/* All that it had has gone: the same once more. */
			if (device->taken == device->nb_in)
				device->taken = 0;
		}
		xd_worker_poll(worker);
	}
	xd_worker_unregister(worker);
	return NULL;
}

/* Each frame that was received has been sent, and was met by as many hooks as there were. */
static void
exchanged_under_traffic(void **state)
{
	static const char *const lists[] = {"none", "a", "b", "a,b", "b,a"};
	struct env *env = *state;
	static struct noting a, b;
	struct xd_port_info one, two;
	pthread_t thread;

	assert_int_equal(xd_worker_unregister(env->worker), 0);
	env->worker = NULL;
	add_hook(env, "a", XD_HOOK_IN, &a);
	add_hook(env, "b", XD_HOOK_OUT, &b);
	add(env, "one", "/one");
	add(env, "two", "/two");
	for (unsigned i = 0; i < 32; i++) {
		made_up_send(made_up_device("/one"), 1, 2);
		made_up_send(made_up_device("/two"), 2, 1);
	}
	stop = false;
	apply(env);
	assert_int_equal(pthread_create(&thread, NULL, poll_worker, env), 0);
	for (unsigned i = 0; i < 3000; i++) {
		set_hooks(env, "one", lists[i % 5]);
		set_hooks(env, "two", lists[i % 3]);
		apply(env);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	one = info_of(env, "one");
	two = info_of(env, "two");
	assert_true(one.counters.rx_frames > 1000);
	assert_int_equal(one.counters.rx_frames + two.counters.rx_frames,
		one.counters.tx_frames + two.counters.tx_frames);
	assert_true(a.frames > 0);
	assert_true(b.frames > 0);
	assert_true(a.frames <= one.counters.rx_frames + two.counters.rx_frames);
}

int
main(void)
{
#define ON_SWITCH(f) cmocka_unit_test_setup_teardown(f, open_switch, close_switch)
	const struct CMUnitTest tests[] = {
		ON_SWITCH(meets_them_in_order),
		ON_SWITCH(patch_ports),
		ON_SWITCH(attaches_and_detaches),
		ON_SWITCH(exchanged_under_traffic),
	};

	return cmocka_run_group_tests(tests, start_eal, stop_eal);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Which worker polls which queue, and queues that move to another: with two workers, both of them
 * the thread of the test, on cores and nodes that are made up. */
#include "switch_env.h"
#include <unistd.h>

#include "switch/switch.h"
#include "worker/worker.h"

#define CORE   100 /* of the first; the second's is the next */
#define LOOKS  300
#define TRIES  6000
#define TRY_US 10000

static struct xd_worker *
second_worker(struct env *env)
{
	struct xd_worker *second = xd_worker_register(env->sw, &env->err);

	assert_non_null(second);
	env->worker->core = CORE;
	second->core = CORE + 1;
	env->worker->node = second->node = -1;
	return second;
}

/* The ports whose queue 0 a worker has, in the order in which they were added. */
static const char *
ports_of(struct env *env, unsigned worker)
{
	static char text[4][64];
	struct xd_worker_queue queues[8];
	unsigned n = xd_switch_worker_queues(env->sw, worker, queues, 8);

	text[worker][0] = 0;
	for (unsigned i = 0; i < n; i++)
		strcat(text[worker], queues[i].port);
	return text[worker];
}

static struct xd_worker_queue
queue_of(struct env *env, const char *port)
{
	struct xd_worker_queue queues[8] = {0};

	for (unsigned w = 0; w < 2; w++) {
		unsigned n = xd_switch_worker_queues(env->sw, w, queues, 8);

		for (unsigned i = 0; i < n; i++) {
			if (!strcmp(queues[i].port, port))
				return queues[i];
		}
	}
	fail_msg("nobody polls %s", port);
	return queues[0];
}

/* What was measured decays once a second, and all of it alike. */
static void
set_load(const char *path, unsigned percent)
{
	made_up_device(path)->holder->loads[0].ppm = percent * 10000;
}

static void
open_three(struct env *env)
{
	add(env, "a", "/a");
	add(env, "b", "/b");
	add(env, "c", "/c");
	apply(env);
	assert_string_equal(ports_of(env, 0), "ac");
	assert_string_equal(ports_of(env, 1), "b");
}

static void
balance_moves_queues(void **state)
{
	struct env *env = *state;
	struct xd_worker *second = second_worker(env);
	struct xd_balance_info info;

	open_three(env);
	assert_int_equal(xd_switch_balance(env->sw, false, &info, NULL), 0);
	assert_int_equal(info.nb_moves, 0);
	set_load("/a", 60);
	set_load("/b", 5);
	set_load("/c", 30);
	assert_int_equal(xd_switch_balance(env->sw, true, &info, NULL), 0);
	assert_int_equal(info.nb_moves, 1);
	assert_false(info.moved);
	assert_string_equal(info.moves[0].port, "c");
	assert_int_equal(info.moves[0].from_core, CORE);
	assert_int_equal(info.moves[0].to_core, CORE + 1);
	assert_true(info.gain_percent > 50);
	assert_string_equal(ports_of(env, 0), "ac");
	/* Frames that wait are the new worker's, in their order. */
	made_up_send(made_up_device("/c"), 3, 0xff);
	made_up_send(made_up_device("/c"), 3, 1);
	assert_int_equal(xd_switch_balance(env->sw, false, &info, NULL), 0);
	assert_true(info.moved);
	assert_string_equal(ports_of(env, 0), "a");
	assert_string_equal(ports_of(env, 1), "bc");
	assert_int_equal(xd_worker_poll(env->worker), 0);
	assert_int_equal(xd_worker_poll(second), 2);
	assert_int_equal(made_up_device("/a")->nb_out, 2);
	/* It stays there whatever else changes. */
	port_of(env, "a")->mtu = 9000;
	apply(env);
	assert_string_equal(ports_of(env, 1), "bc");
	assert_int_equal(xd_worker_unregister(second), 0);
	assert_string_equal(ports_of(env, 0), "abc");
}

static void
affinity_and_isolation(void **state)
{
	struct env *env = *state;
	struct xd_worker *second = second_worker(env);
	struct xd_worker_info info[2];

	open_three(env);
	port_of(env, "c")->nb_affinity = 1;
	port_of(env, "c")->affinity[0] = CORE + 1;
	apply(env);
	assert_string_equal(ports_of(env, 0), "ab");
	assert_string_equal(ports_of(env, 1), "c");
	assert_true(queue_of(env, "c").pinned);
	assert_false(queue_of(env, "a").pinned);
	assert_int_equal(xd_switch_workers(env->sw, info, 2), 2);
	assert_false(info[0].isolated);
	assert_true(info[1].isolated);
	/* Shared again, it gets what is new. */
	env->config->isolate = XD_ISOLATE_NONE;
	add(env, "d", "/d");
	apply(env);
	assert_string_equal(ports_of(env, 1), "cd");
	/* Of a core without a worker: as if there were no affinity, but said. */
	port_of(env, "c")->affinity[0] = CORE + 2;
	apply(env);
	assert_int_equal(queue_of(env, "c").missing_core, CORE + 2);
	assert_false(queue_of(env, "c").pinned);
	assert_int_equal(queue_of(env, "a").missing_core, -1);
	assert_int_equal(xd_worker_unregister(second), 0);
}

static void
queues_follow_their_memory(void **state)
{
	struct env *env = *state;
	struct xd_worker *second = second_worker(env);
	struct xd_balance_info info;

	env->worker->node = 0;
	second->node = 1;
	open_three(env);
	made_up_device("/a")->holder->node = 1;
	made_up_device("/b")->holder->node = 1;
	made_up_device("/c")->holder->node = 2;
	assert_true(queue_of(env, "a").far);
	assert_false(queue_of(env, "b").far);
	assert_true(queue_of(env, "c").far);
	set_load("/a", 1);
	set_load("/b", 1);
	set_load("/c", 1);
	assert_int_equal(xd_switch_balance(env->sw, false, &info, NULL), 0);
	assert_int_equal(info.nb_moves, 1);
	assert_string_equal(ports_of(env, 0), "c");
	assert_string_equal(ports_of(env, 1), "ab");
	assert_int_equal(queue_of(env, "a").node, 1);
	assert_false(queue_of(env, "a").far);
	assert_int_equal(xd_worker_unregister(second), 0);
}

static void
round_robin(void **state)
{
	struct env *env = *state;
	struct xd_worker *second = second_worker(env);

	env->config->assign = XD_ASSIGN_ROUNDROBIN;
	open_three(env);
	set_load("/b", 90);
	add(env, "d", "/d");
	add(env, "e", "/e");
	apply(env);
	assert_string_equal(ports_of(env, 0), "ace");
	assert_string_equal(ports_of(env, 1), "bd");
	assert_int_equal(xd_worker_unregister(second), 0);
}

static struct xd_node_traffic
traffic_of(struct env *env, const char *port)
{
	struct xd_port_info info;

	assert_int_equal(xd_switch_port(env->sw, port, &info), 0);
	return info.traffic;
}

static void
look_now(struct env *env)
{
	xd_loop_lock(env->sw->loop);
	xd_switch_look_at_loads(env->sw);
	xd_loop_unlock(env->sw->loop);
}

/* Bytes count as crossed where the worker that carries them is on another node than the memory they
 * come from or go to. */
static void
frames_that_cross_nodes(void **state)
{
	struct env *env = *state;
	struct xd_worker *second = second_worker(env);
	struct xd_worker_info info[2];

	env->worker->node = 0;
	second->node = 1;
	open_three(env);
	/* a, which the first worker polls, is near; b, where its frames go to, far; of c it is not
	 * known. */
	made_up_device("/a")->holder->node = 0;
	made_up_device("/b")->holder->node = 1;
	look_now(env);
	send_frame(env, "/a", 1, 0xff);
	look_now(env);
	assert_int_equal(traffic_of(env, "a").bytes, 64);
	assert_int_equal(traffic_of(env, "a").crossed_bytes, 0);
	assert_int_equal(traffic_of(env, "a").node, 0);
	assert_int_equal(traffic_of(env, "b").crossed_bytes, traffic_of(env, "b").bytes);
	assert_true(traffic_of(env, "b").crossed_ppm > 0);
	assert_int_equal(traffic_of(env, "c").crossed_bytes, 0);
	assert_int_equal(traffic_of(env, "c").node, -1);
	xd_switch_workers(env->sw, info, 2);
	assert_int_equal(info[0].traffic.crossed_bytes, traffic_of(env, "b").bytes);
	assert_true(info[0].traffic.bytes > info[0].traffic.crossed_bytes);
	assert_int_equal(info[1].traffic.bytes, 0);
	/* What was counted before the memory moved stays as it was. */
	made_up_device("/a")->holder->node = 1;
	look_now(env);
	assert_int_equal(traffic_of(env, "a").crossed_bytes, 0);
	assert_int_equal(xd_worker_unregister(second), 0);
}

/* Of a port that carries nothing it is asked now and then where its memory lies. The switch itself
 * looks too, once a second. */
static void
idle_ports_are_asked_for_their_node_seldom(void **state)
{
	struct env *env = *state;
	struct device *idle = made_up_device("/idle"), *busy = made_up_device("/busy");
	struct xd_port_config *port;

	add(env, "a", "/a");
	port = xd_config_add_port(env->config, "idle", "rigid", "br0", &env->err);
	strcpy(made_up_path(port), "/idle");
	port = xd_config_add_port(env->config, "busy", "rigid", "br0", &env->err);
	strcpy(made_up_path(port), "/busy");
	idle->node = busy->node = -1;
	apply(env);
	for (unsigned i = 0; i < LOOKS; i++)
		look_now(env);
	assert_true(idle->nb_asked >= LOOKS); /* not known yet */
	idle->node = busy->node = 1;
	look_now(env);
	look_now(env);
	assert_int_equal(traffic_of(env, "idle").node, 1);
	idle->nb_asked = busy->nb_asked = 0;
	for (unsigned i = 0; i < LOOKS; i++) {
		busy->holder->counters[0].tx_bytes++;
		look_now(env);
	}
	assert_true(busy->nb_asked >= LOOKS);
	assert_in_range(idle->nb_asked, LOOKS / 30, LOOKS / 10);
	idle->node = 0;
	for (unsigned i = 0; i < LOOKS; i++)
		look_now(env);
	assert_int_equal(traffic_of(env, "idle").node, 0);
}

/* Whose memory has moved is followed by itself, whatever the loads. */
static void
memory_is_followed(void **state)
{
	struct env *env = *state;
	struct xd_worker *second = second_worker(env);

	env->config->balance = XD_BALANCING_AUTO;
	env->config->balance_interval_s = 1;
	env->worker->node = 0;
	second->node = 1;
	open_three(env);
	made_up_device("/c")->holder->node = 1;
	for (unsigned i = 0; i < TRIES && !strcmp(ports_of(env, 0), "ac"); i++)
		usleep(TRY_US);
	assert_string_equal(ports_of(env, 0), "a");
	assert_string_equal(ports_of(env, 1), "bc");
	assert_int_equal(xd_worker_unregister(second), 0);
}

/* By themselves, when one worker is too busy and the other is not, for long enough. */
static void
balance_by_itself(void **state)
{
	struct env *env = *state;
	struct xd_worker *second = second_worker(env);
	char name[3] = "/a";

	env->config->balance = XD_BALANCING_AUTO;
	env->config->balance_load_percent = 1;
	env->config->balance_interval_s = 1;
	open_three(env);
	for (unsigned i = 0; i < TRIES && !strcmp(ports_of(env, 0), "ac"); i++) {
		/* a and c each keep the first worker busy for a third of its time, as is counted.
		 */
		for (name[1] = 'a'; name[1] <= 'c'; name[1] += 2)
			made_up_device(name)->holder->loads[0].cycles +=
				xd_switch_tsc_hz(env->sw) / 300;
		env->worker->busy_cycles += xd_switch_tsc_hz(env->sw) / 150;
		usleep(TRY_US);
	}
	assert_string_not_equal(ports_of(env, 0), "ac");
	assert_int_equal(strlen(ports_of(env, 0)), 1);
	assert_int_equal(xd_worker_unregister(second), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(balance_moves_queues, open_switch, close_switch),
		cmocka_unit_test_setup_teardown(affinity_and_isolation, open_switch, close_switch),
		cmocka_unit_test_setup_teardown(
			queues_follow_their_memory, open_switch, close_switch),
		cmocka_unit_test_setup_teardown(round_robin, open_switch, close_switch),
		cmocka_unit_test_setup_teardown(balance_by_itself, open_switch, close_switch),
		cmocka_unit_test_setup_teardown(frames_that_cross_nodes, open_switch, close_switch),
		cmocka_unit_test_setup_teardown(memory_is_followed, open_switch, close_switch),
		cmocka_unit_test_setup_teardown(
			idle_ports_are_asked_for_their_node_seldom, open_switch, close_switch),
	};

	return cmocka_run_group_tests(tests, start_eal, stop_eal);
}

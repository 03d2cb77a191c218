/* SPDX-License-Identifier: BSD-3-Clause */
/* The tcp engine over two ports that are each other's peer: rows, faults, many connections, and
 * what is refused. Beside it the table of connections and the bytes of messages. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "traffic/engine/message/pattern.h"
#include "traffic/engine/respond/ask.h"
#include "traffic/engine/tcp/session.h"
#include "traffic/engine/tcp/time_wait.h"
#include "traffic/engine/tcp/tcp.h"
#include "loop_pair.h"

struct env {
	struct loop_pair loop;
	struct xd_tcp_run_opts opts;
};

static struct env *
create(void)
{
	struct env *env = calloc(1, sizeof(*env));

	assert_non_null(env);
	loop_pair_open(&env->loop);
	env->opts = (struct xd_tcp_run_opts){
		.message = {.tests = {true, true},
			.streams = 3,
			.time_s = 0.05,
			.trials = 1,
			.verify = true,
			.touch = XD_TOUCH_FULL},
		.hosts = {.frame_bytes = 1514,
			.window = 200000,
			.impair = env->loop.impair,
			.port = 5001,
			.timeout_s = 10},
	};
	xd_sizes_parse("1,3000", 1, XD_MESSAGE_MAX, &env->opts.message.sizes, NULL);
	return env;
}

static void
destroy(struct env *env)
{
	loop_pair_close(&env->loop);
	free(env);
}

static struct xd_tcp_figures
figures_of(const struct xd_row *row)
{
	struct xd_tcp_figures f;

	memcpy(&f, row->own, sizeof(f));
	return f;
}

static struct xd_tcp_figures
figures(const struct env *env, unsigned row)
{
	assert_true(row < env->loop.nb_rows);
	return figures_of(&env->loop.rows[row]);
}

static void
run(void *ctx)
{
	struct env *env = ctx;
	struct xd_error err = {0};
	int rc = xd_tcp_run(&env->loop.gen, &env->opts, &err);

	if (rc)
		fail_msg("%s", err.text);
}

static void
run_until(struct env *env, bool (*enough)(const struct xd_row *row))
{
	loop_pair_run_until(&env->loop, &env->opts.message.time_s, run, env, enough);
}

static bool
has_messages(const struct xd_row *row)
{
	return figures_of(row).message.messages > 0;
}

/* Nor was the host without a core for a retransmission timeout. */
static bool
has_nothing_twice(const struct xd_row *row)
{
	return has_messages(row) && figures_of(row).path.retransmitted == 0;
}

static bool
has_losses(const struct xd_row *row)
{
	return has_messages(row) && figures_of(row).path.impaired_lost > 0;
}

static void
check_row(const struct env *env, unsigned row)
{
	const struct xd_tcp_figures f = figures(env, row);
	const double limited =
		f.path.limited_receiver + f.path.limited_congestion + f.path.limited_core;

	assert_int_equal(f.message.wrong_bytes, 0);
	assert_int_equal(f.path.wrong_frames, 0);
	assert_int_equal(f.path.failed, 0);
	assert_true(f.path.segment_bytes <= f.path.mss);
	assert_true(limited <= 1.0001);
	assert_false(env->loop.rows[row].partial);
	assert_true(env->loop.rows[row].time_s > 0.04);
}

static void
test_rows(void **state)
{
	struct env *env = create();

	(void)state;
	run_until(env, has_nothing_twice);
	assert_int_equal(env->loop.nb_rows, 4);
	for (unsigned i = 0; i < 4; i++) {
		const struct xd_tcp_figures f = figures(env, i);

		check_row(env, i);
		assert_int_equal(f.message.message_bytes, i % 2 ? 3000 : 1);
		assert_string_equal(f.message.test, i < 2 ? "bandwidth" : "latency");
		assert_int_equal(f.message.streams, 3);
		assert_int_equal(f.path.mss, 1448);
		assert_true(f.path.segment_bytes > 0);
		assert_int_equal(env->loop.rows[i].timed, i >= 2);
		if (i >= 2)
			assert_true(env->loop.rows[i].latency.count == f.message.messages);
	}
	destroy(env);
}

/* As TCP_NODELAY has it: a message that was sent while nothing else waited is not held back for the
 * next one. */
static void
test_small_messages(void **state)
{
	(void)state;
	for (unsigned nagle = 0; nagle < 2; nagle++) {
		struct env *env = create();

		env->opts.hosts.nagle = nagle;
		env->opts.message.tests[XD_MESSAGE_LATENCY] = false;
		run_until(env, has_messages);
		check_row(env, 0);
		if (nagle)
			assert_true(figures(env, 0).path.segment_bytes > 1000);
		else
			assert_true(figures(env, 0).path.segment_bytes == 1);
		destroy(env);
	}
}

static void
test_faults(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		struct env *env = create();

		env->opts.hosts.v6 = i & 1;
		env->opts.hosts.nagle = i & 2;
		env->opts.message.way = (enum xd_message_way)(i % 3);
		env->opts.message.tests[XD_MESSAGE_LATENCY] = false;
		for (unsigned k = 0; k < 2; k++)
			env->loop.impair[k] = (struct xd_impair){
				.loss = 0.01, .dup = 0.02, .reorder = 0.05, .seed = i + k};
		run_until(env, has_losses);
		assert_int_equal(env->loop.nb_rows, 2);
		check_row(env, 1);
		destroy(env);
	}
}

static void
test_many_connections(void **state)
{
	struct env *env = create();

	(void)state;
	env->opts.message.streams = 70000; /* more than a port has numbers */
	env->opts.message.tests[XD_MESSAGE_BANDWIDTH] = false;
	env->opts.message.sizes.n = 1;
	env->opts.message.time_s = 0.5;
	env->opts.hosts.timeout_s = 60;
	run(env);
	check_row(env, 0);
	assert_int_equal(env->loop.rows[0].flows, 70000);
	destroy(env);
}

static void
test_nobody_there(void **state)
{
	struct env *env = create();
	struct xd_error err = {0};

	(void)state;
	/* The other end has another address. */
	env->opts.hosts.addresses[1] = "fd00::2";
	assert_int_equal(xd_tcp_run(&env->loop.gen, &env->opts, &err), -EINVAL);
	assert_string_equal(err.text, "ports 0 and 1 have no addresses of one kind");
	env->opts.hosts.addresses[0] = "10.0.0.2";
	env->opts.hosts.addresses[1] = "10.0.0.x";
	assert_int_equal(xd_tcp_run(&env->loop.gen, &env->opts, &err), -EINVAL);
	env->opts.hosts.addresses[1] = NULL;
	env->loop.impair[1].loss = 1;
	env->opts.hosts.timeout_s = 0.05;
	assert_int_equal(xd_tcp_run(&env->loop.gen, &env->opts, &err), -ETIMEDOUT);
	assert_string_equal(err.text, "3 of 3 connections were not answered within 0.05 s");
	assert_int_equal(env->loop.nb_rows, 0);
	destroy(env);
}

static void
test_sessions(void **state)
{
	struct xd_tcp_sessions t;
	struct xd_ip_route route = {.from = {10, 0, 0, 1}, .to = {10, 0, 0, 2}};
	struct xd_ip_route came = {.from = {10, 0, 0, 2}, .to = {10, 0, 0, 1}};
	struct xd_tcp_session *all[1000];
	unsigned r;

	(void)state;
	assert_int_equal(xd_tcp_sessions_init(&t, 1000, NULL), 0);
	assert_int_equal(xd_tcp_sessions_route(&t, &came), XD_TCP_ROUTES);
	r = xd_tcp_sessions_keep_route(&t, &route);
	assert_int_equal(xd_tcp_sessions_route(&t, &came), r);
	for (unsigned i = 0; i < 1000; i++) {
		all[i] = xd_tcp_sessions_add(&t, r, 5, (uint16_t)i);
		assert_non_null(all[i]);
	}
	assert_null(xd_tcp_sessions_add(&t, r, 6, 0));
	for (unsigned i = 0; i < 1000; i += 2)
		xd_tcp_sessions_remove(&t, all[i]);
	for (unsigned i = 0; i < 1000; i++)
		assert_ptr_equal(
			xd_tcp_sessions_find(&t, r, 5, (uint16_t)i), i % 2 ? all[i] : NULL);
	came.from[3] = 3;
	assert_int_equal(xd_tcp_sessions_route(&t, &came), XD_TCP_ROUTES);
	assert_int_equal(t.used, 500);
	/* As many peers as there are, and no more. */
	for (unsigned i = 1; i <= XD_TCP_ROUTES; i++) {
		route.to[3] = (uint8_t)(2 + i);
		assert_int_equal(xd_tcp_sessions_keep_route(&t, &route), i);
	}
	xd_tcp_sessions_fini(&t);
}

static void
test_time_waits(void **state)
{
	const struct xd_tcp_rest rest = {.snd_nxt = 7};
	struct xd_tcp_time_waits t;
	struct xd_tcp_time_wait *w;

	(void)state;
	assert_int_equal(xd_tcp_time_waits_init(&t, 64, 1000, NULL), 0);
	for (unsigned i = 0; i < 1000; i++) {
		xd_tcp_time_waits_add(&t, i % 3, (uint16_t)(i / 3), 80, &rest, 10 * i);
		w = xd_tcp_time_waits_find(&t, i % 3, (uint16_t)(i / 3), 80, 10 * i);
		assert_non_null(w);
		assert_int_equal(w->rest.snd_nxt, 7);
		if (i % 5 == 0) /* leaves a gap in the ring */
			xd_tcp_time_waits_remove(&t, w);
	}
	/* The last 64 of them, unless their time is over or they were removed. */
	for (unsigned i = 0; i < 1000; i++) {
		w = xd_tcp_time_waits_find(&t, i % 3, (uint16_t)(i / 3), 80, 10400);
		assert_int_equal(w != NULL, i >= 941 && i % 5);
		w = xd_tcp_time_waits_find(&t, i % 3, (uint16_t)(i / 3), 80, 10400);
		assert_int_equal(w != NULL, i >= 941 && i % 5);
	}
	xd_tcp_time_waits_fini(&t);
}

static void
test_pattern(void **state)
{
	struct xd_message_pattern *p = xd_message_pattern_create();
	uint8_t data[1000];

	(void)state;
	assert_non_null(p);
	for (uint64_t at = 0; at < 1u << 20; at += 777) {
		memcpy(data, xd_message_pattern_at(p, 5, at), sizeof(data));
		assert_int_equal(xd_message_pattern_differ(p, 5, at, data, sizeof(data)), 0);
		assert_true(xd_message_pattern_differ(p, 5, at + 1, data, sizeof(data)) > 900);
		assert_true(xd_message_pattern_differ(p, 6, at, data, sizeof(data)) > 900);
		assert_true(xd_message_pattern_differ(p, 5, at + 65536, data, sizeof(data)) > 900);
		data[500] ^= 1;
		assert_int_equal(xd_message_pattern_differ(p, 5, at, data, sizeof(data)), 1);
	}
	free(p);
}

/* A host asks, another answers, the first understands. */
static void
test_asking(void **state)
{
	struct xd_respond_host a, b;
	struct xd_respond_target target;
	uint8_t frame[XD_RESPOND_ROOM], mac[6];

	(void)state;
	xd_respond_host_init(&a, 0, "10.0.0.1,fd00::1", NULL);
	xd_respond_host_init(&b, 1, "10.0.0.2,fd00::2", NULL);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		uint32_t len;

		assert_int_equal(
			xd_respond_target_parse(v6 ? "fd00::2" : "10.0.0.2", &target, NULL), 0);
		len = xd_respond_ask(&a, &target, frame);
		assert_false(xd_respond_is_answer(&target, frame, len, mac));
		assert_int_equal(xd_respond_answer(&b, frame, &len, false),
			v6 ? XD_RESPOND_NEIGHBOUR : XD_RESPOND_ARP);
		assert_true(xd_respond_is_answer(&target, frame, len, mac));
		assert_memory_equal(mac, b.mac, 6);
		assert_false(xd_respond_is_answer(&target, frame, 41, mac));
		xd_respond_target_parse(v6 ? "fd00::3" : "10.0.0.3", &target, NULL);
		assert_false(xd_respond_is_answer(&target, frame, len, mac));
	}
	assert_int_equal(xd_respond_target_parse("ff02::1", &target, NULL), -EINVAL);
	assert_int_equal(xd_respond_target_parse("10.0.0.1/8", &target, NULL), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pattern),
		cmocka_unit_test(test_asking),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_time_waits),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_small_messages),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_many_connections),
		cmocka_unit_test(test_nobody_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

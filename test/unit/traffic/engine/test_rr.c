/* SPDX-License-Identifier: BSD-3-Clause */
/* The rr engine over two ports that are each other's peer: rows; each transaction counted once,
 * whatever the network loses, repeats and reorders; ports that come round. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "traffic/engine/message/pattern.h"
#include "traffic/engine/rr/connect.h"
#include "traffic/engine/rr/rr.h"
#include "traffic/engine/rr/udp.h"
#include "loop_pair.h"

#define TRIES   2000 /* runs of SLICE_S, until what is waited for has happened */
#define SLICE_S 0.02
#define ROUND   70000 /* connections: more than ports have numbers */

struct env {
	struct loop_pair loop;
	struct xd_rr_run_opts opts;
};

static struct env *
create(void)
{
	struct env *env = calloc(1, sizeof(*env));

	assert_non_null(env);
	loop_pair_open(&env->loop);
	env->opts = (struct xd_rr_run_opts){
		.hosts = {.frame_bytes = 1514,
			.window = 200000,
			.impair = env->loop.impair,
			.port = 5002,
			.streams = 3,
			.verify = true,
			.touch = XD_TOUCH_FULL,
			.timeout_s = 10},
		.tests = {true, true, true},
		.request_bytes = 100,
		.response_bytes = 3000,
		.wait_s = 30, /* nothing is lost that is not to be */
		.time_s = 0.05,
		.trials = 1,
	};
	xd_sizes_parse("1,16", 1, XD_RR_OUTSTANDING_MAX, &env->opts.outstanding, NULL);
	return env;
}

static void
destroy(struct env *env)
{
	loop_pair_close(&env->loop);
	free(env);
}

static void
impair(struct env *env, unsigned seed)
{
	for (unsigned i = 0; i < 2; i++)
		env->loop.impair[i] = (struct xd_impair){.loss = 0.02,
			.dup = 0.02,
			.reorder = 0.05,
			.seed = seed + i,
			.direction = i ? XD_IMPAIR_BOTH : XD_IMPAIR_TX};
}

static struct xd_rr_figures
figures_of(const struct xd_row *row)
{
	struct xd_rr_figures f;

	memcpy(&f, row->own, sizeof(f));
	return f;
}

static struct xd_rr_figures
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

	if (xd_rr_run(&env->loop.gen, &env->opts, &err))
		fail_msg("%s", err.text);
}

static void
run_until(struct env *env, bool (*enough)(const struct xd_row *row))
{
	loop_pair_run_until(&env->loop, &env->opts.time_s, run, env, enough);
}

static bool
has_all_answers(const struct xd_row *row)
{
	const struct xd_rr_figures f = figures_of(row);

	return f.transactions > 0 && f.lost == 0;
}

static bool
has_losses(const struct xd_row *row)
{
	const struct xd_rr_figures f = figures_of(row);

	return f.transactions > 0 && f.path.impaired_lost > 0 &&
	       (f.lost > 0 || !f.is_udp || f.outstanding == 1);
}

static void
check_row(const struct env *env, unsigned i)
{
	const struct xd_rr_figures f = figures(env, i);
	const struct xd_row *row = &env->loop.rows[i];

	assert_false(row->partial);
	assert_true(row->timed && f.asks);
	assert_int_equal(f.wrong_bytes, 0);
	assert_int_equal(f.path.wrong_frames, 0);
	assert_int_equal(f.path.failed, 0);
	assert_int_equal(f.strange, 0);
	assert_true(f.transactions > 0);
	assert_int_equal(row->latency.count, f.transactions);
	assert_true(f.p90_ns >= row->latency.actual.p50_ns);
	assert_true(f.p90_ns <= row->latency.actual.p95_ns);
	assert_true(f.response_bps / f.request_bps > 29.9 && f.response_bps / f.request_bps < 30.1);
}

static void
test_rows(void **state)
{
	static const char *const names[] = {"tcp_rr", "tcp_rr", "tcp_crr", "udp_rr", "udp_rr"};
	static const unsigned outstanding[] = {1, 16, 1, 1, 16};

	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct env *env = create();

		env->opts.hosts.v6 = v6;
		run_until(env, has_all_answers);
		assert_int_equal(env->loop.nb_rows, 5);
		for (unsigned i = 0; i < 5; i++) {
			check_row(env, i);
			assert_string_equal(figures(env, i).test, names[i]);
			assert_int_equal(figures(env, i).outstanding, outstanding[i]);
			assert_int_equal(figures(env, i).streams, 3);
		}
		destroy(env);
	}
}

static void
test_faults(void **state)
{
	struct env *env = create();

	(void)state;
	impair(env, 5);
	env->opts.wait_s = 0.01;
	env->opts.time_s = 0.3;
	run_until(env, has_losses);
	for (unsigned i = 0; i < 5; i++) {
		check_row(env, i);
		assert_int_equal(figures(env, i).is_udp, i > 2);
	}
	destroy(env);
}

/* ---- Each once ---- */

struct tcp {
	struct xd_tcp_bench bench;
	struct xd_tcp_exchange asks, answers;
	struct xd_rr_connects connects;
};

static void
create_tcp(struct env *env, struct tcp *t, const struct xd_message_pattern *pattern)
{
	t->bench = (struct xd_tcp_bench){.gen = &env->loop.gen,
		.hosts = &env->opts.hosts,
		.pattern = pattern,
		.reopens = t->connects.answers,
		.apps = {t->connects.answers ? &t->connects.app : &t->asks.app, &t->answers.app}};
	assert_int_equal(xd_tcp_bench_create(&t->bench, NULL), 0);
}

/* Every request is answered, and every answer is of one: also those that were on their way when
 * asking ended. */
static void
test_once_tcp(void **state)
{
	struct xd_message_pattern *pattern = xd_message_pattern_create();
	struct env *env = create();
	struct tcp t = {0};
	struct xd_tcp_path path;

	(void)state;
	impair(env, 9);
	assert_int_equal(xd_tcp_exchange_init_asks(&t.asks, 100, 3000, 16, 3, NULL), 0);
	xd_tcp_exchange_init_answers(&t.answers, 100, 3000);
	create_tcp(env, &t, pattern);
	assert_int_equal(xd_tcp_bench_connect(&t.bench, 7, NULL), 0);
	for (unsigned i = 0; i < TRIES && t.asks.done < 3000; i++)
		assert_int_equal(xd_message_lanes_run(&t.bench.lanes, SLICE_S, "", NULL), 0);
	assert_int_equal(xd_tcp_bench_close(&t.bench, NULL), 0);
	assert_int_equal(xd_tcp_bench_faults(&t.bench, &path), 0);
	assert_true(t.asks.done >= 3000);
	assert_int_equal(t.asks.done, t.answers.done);
	assert_int_equal(t.asks.done, xd_histogram_count(t.asks.answers));
	assert_int_equal(t.bench.ends[0].counts.received_bytes, 3000 * t.asks.done);
	assert_int_equal(t.bench.ends[1].counts.received_bytes, 100 * t.asks.done);
	xd_tcp_bench_destroy(&t.bench);
	xd_tcp_exchange_fini(&t.asks);
	free(pattern);
	destroy(env);
}

/* Connections until ports have come round; with streams in turn, without faults and with. */
static void
connect_many(struct env *env, uint64_t many)
{
	struct xd_message_pattern *pattern = xd_message_pattern_create();
	struct tcp t = {0};
	struct xd_tcp_path path;
	int route;

	assert_int_equal(xd_rr_connects_init(&t.connects, 10, 20, NULL), 0);
	xd_tcp_exchange_init_answers(&t.answers, 10, 20);
	create_tcp(env, &t, pattern);
	route = xd_tcp_bench_route(&t.bench, 0, NULL);
	assert_true(route >= 0);
	xd_rr_connects_begin(&t.connects, &t.bench.ends[0], (unsigned)route, 5002, 60000,
		env->opts.hosts.streams, &t.bench.lanes.over);
	for (unsigned i = 0; i < TRIES && t.connects.done < many; i++)
		assert_int_equal(xd_message_lanes_run(&t.bench.lanes, SLICE_S, "", NULL), 0);
	assert_true(t.connects.done >= many);
	assert_int_equal(t.connects.alive, env->opts.hosts.streams);
	assert_int_equal(xd_tcp_bench_close(&t.bench, NULL), 0);
	assert_int_equal(t.connects.done, xd_histogram_count(t.connects.answers));
	assert_int_equal(t.connects.done, t.answers.done);
	assert_int_equal(t.connects.done, t.bench.ends[1].counts.accepted);
	assert_int_equal(xd_tcp_bench_faults(&t.bench, &path), 0);
	assert_int_equal(path.failed, 0);
	if (!env->loop.impair[0].loss) {
		const uint64_t frames = env->loop.gen.ports[0]->sent + env->loop.gen.ports[1]->sent;

		assert_int_equal(t.bench.ends[0].counts.refused, 0);
		assert_int_equal(t.bench.ends[1].counts.refused, 0);
		/* No acknowledgement goes alone but the last; besides, hosts say who they are. */
		if (!t.bench.ends[0].counts.retransmitted && !t.bench.ends[1].counts.retransmitted)
			assert_in_range(frames, 7 * t.connects.done, 7 * t.connects.done + 20);
	}
	xd_tcp_bench_destroy(&t.bench);
	xd_rr_connects_fini(&t.connects);
	free(pattern);
}

static void
test_ports_come_round(void **state)
{
	struct env *env = create();

	(void)state;
	env->opts.hosts.streams = 20;
	connect_many(env, ROUND);
	destroy(env);
}

static void
test_once_connect(void **state)
{
	struct env *env = create();

	(void)state;
	impair(env, 3);
	env->opts.hosts.streams = 200;
	connect_many(env, 2000);
	destroy(env);
}

static void
once_udp(uint32_t request, uint32_t response, unsigned outstanding)
{
	struct xd_message_pattern *pattern = xd_message_pattern_create();
	struct env *env = create();
	struct xd_rr_udp u = {.gen = &env->loop.gen,
		.hosts = &env->opts.hosts,
		.datagrams = {request, response, pattern, true},
		.outstanding = outstanding,
		.wait_s = 0.02};
	const struct xd_rr_datagram_counts *asks, *answers;

	impair(env, 7);
	assert_int_equal(xd_rr_udp_create(&u, NULL), 0);
	asks = &u.ends[0].asks.counts;
	answers = &u.ends[1].answers.counts;
	assert_int_equal(xd_rr_udp_begin(&u, 60000, NULL), 0);
	for (unsigned i = 0; i < TRIES && asks->done < 2000; i++)
		assert_int_equal(xd_message_lanes_run(&u.lanes, SLICE_S, "", NULL), 0);
	u.ends[0].asks.stopped = true;
	for (unsigned i = 0; i < TRIES && u.ends[0].asks.oldest != UINT32_MAX; i++)
		assert_int_equal(xd_message_lanes_run(&u.lanes, SLICE_S, "", NULL), 0);
	assert_true(asks->done >= 2000 && asks->lost > 0);
	assert_int_equal(asks->done, xd_histogram_count(u.ends[0].asks.answers));
	/* What was asked was answered or lost; what came besides was late, or came twice. */
	assert_int_equal(u.ends[0].host.counts.sent, asks->done + asks->lost);
	assert_int_equal(u.ends[0].host.counts.received, asks->done + asks->late);
	assert_int_equal(u.ends[1].host.counts.received, answers->done);
	assert_int_equal(asks->strange + answers->strange, 0);
	assert_int_equal(asks->wrong_bytes + answers->wrong_bytes, 0);
	xd_rr_udp_destroy(&u);
	free(pattern);
	destroy(env);
}

static void
test_once_udp(void **state)
{
	(void)state;
	once_udp(1, 1, 1);
	once_udp(1, 1, 100);
	once_udp(2, 700, 256);
	once_udp(5000, 3, 7); /* in fragments */
}

/* Who answers, but too late for each, is there. */
static void
test_late_answers(void **state)
{
	struct xd_message_pattern *pattern = xd_message_pattern_create();
	struct env *env = create();
	struct xd_rr_udp u = {.gen = &env->loop.gen,
		.hosts = &env->opts.hosts,
		.datagrams = {64, 64, pattern, true},
		.outstanding = 1,
		.wait_s = 1e-9};
	const struct xd_rr_asks *asks;
	uint64_t begun;

	(void)state;
	assert_int_equal(xd_rr_udp_create(&u, NULL), 0);
	asks = &u.ends[0].asks;
	assert_int_equal(xd_rr_udp_begin(&u, 60000, NULL), 0);
	begun = asks->last_at;
	for (unsigned i = 0; i < TRIES && asks->counts.late == 0; i++)
		assert_int_equal(xd_message_lanes_run(&u.lanes, SLICE_S, "", NULL), 0);
	assert_true(asks->counts.late > 0);
	assert_true(asks->last_at > begun);
	xd_rr_udp_destroy(&u);
	free(pattern);
	destroy(env);
}

/* ---- Nobody answers ---- */

static void
test_silence(void **state)
{
	struct env *env = create();
	struct xd_error err = {0};

	(void)state;
	env->loop.impair[1].loss = 1;
	env->opts.tests[XD_RR_TCP] = env->opts.tests[XD_RR_CONNECT] = false;
	env->opts.wait_s = 0.01;
	env->opts.time_s = 1.1;
	assert_int_equal(xd_rr_run(&env->loop.gen, &env->opts, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "no answer from port 5002 for "));
	assert_int_equal(env->loop.nb_rows, 1);
	assert_true(env->loop.rows[0].partial);
	assert_int_equal(figures(env, 0).transactions, 0);
	assert_true(figures(env, 0).lost > 0);
	destroy(env);
}

static void
test_limits(void **state)
{
	struct env *env = create();
	struct xd_error err = {0};

	(void)state;
	env->opts.request_bytes = 65508;
	assert_int_equal(xd_rr_run(&env->loop.gen, &env->opts, &err), -EINVAL);
	assert_string_equal(err.text, "a datagram over IPv4 has at most 65507 bytes: ask udp_rr "
				      "for less than 65508");
	env->opts.request_bytes = 1;
	env->opts.hosts.streams = 32001;
	assert_int_equal(xd_rr_run(&env->loop.gen, &env->opts, &err), -EINVAL);
	assert_string_equal(err.text, "tcp_crr has at most 32000 streams, not 32001");
	destroy(env);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_once_tcp),
		cmocka_unit_test(test_once_connect),
		cmocka_unit_test(test_ports_come_round),
		cmocka_unit_test(test_once_udp),
		cmocka_unit_test(test_late_answers),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* A row of two processes, both here: what is counted and what is timed begin at the same moment,
 * also when answers come while the other end is waited for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "loop_pair.h"
#include "traffic/engine/udp/bench.h"

#define SLICE_S  0.001
#define MANY     20u /* messages */
#define PATIENCE 100000
#define AWAY     20 /* looks: four make a quiet moment, before and after the ends meet */

/* Either end: a port of the pair. */
struct end {
	struct xd_gen gen;
	struct xd_udp_run_opts opts;
	struct xd_message_link link;
	struct xd_udp_bench bench;
};

struct ends {
	struct loop_pair loop;
	struct xd_message_pattern *pattern;
	struct end near, far;
	unsigned looks; /* of the near end */
};

static int
go_on(void *ctx, enum xd_message_point point, struct xd_error *err)
{
	(void)ctx;
	(void)point;
	(void)err;
	return 0;
}

static void
look(void *ctx)
{
	(void)ctx;
}

static void
run(struct end *e)
{
	assert_int_equal(xd_message_lanes_run(&e->bench.lanes, SLICE_S, "", NULL), 0);
}

static uint64_t
received(const struct ends *e)
{
	return xd_udp_bench_counts(&e->near.bench).received;
}

/* The far end comes to where what is measured begins when it has answered a while. */
static int
far_told(void *ctx, enum xd_message_point point, struct xd_error *err)
{
	struct ends *e = ctx;

	(void)err;
	if (point != XD_MESSAGE_BEGIN)
		return 1;
	run(&e->far);
	return received(e) >= MANY;
}

/* What takes frames is away at first. */
static void
look_at_one_that_was_away(void *ctx)
{
	struct ends *e = ctx;

	if (++e->looks > AWAY)
		run(&e->far);
}

static void
create_end(struct ends *e, struct end *end, unsigned port, enum xd_message_test test)
{
	end->gen = e->loop.gen;
	end->gen.ports[0] = e->loop.gen.ports[port];
	end->gen.nb_ports = 1;
	end->link.tell = go_on;
	end->link.look = look;
	end->link.ctx = e;
	end->opts = (struct xd_udp_run_opts){
		.message = {.way = XD_MESSAGE_BOTH, .streams = 1},
		.hosts = {.frame_bytes = 1514,
			.impair = e->loop.impair,
			.link = &end->link,
			.port = 5001,
			.streams = 1},
		.wait_s = 100,
	};
	end->bench = (struct xd_udp_bench){.gen = &end->gen,
		.opts = &end->opts,
		.pattern = e->pattern,
		.test = test,
		.message_bytes = 1000};
	assert_int_equal(xd_udp_bench_create(&end->bench, NULL), 0);
}

static void
open_stream(struct end *from, struct end *to, uint16_t own_port, uint16_t peer_port)
{
	struct xd_ip_route route;

	assert_int_equal(xd_message_route(&from->bench.ends[0].host.station,
				 &to->bench.ends[0].host.station, &route, NULL),
		0);
	assert_int_equal(
		xd_udp_talk_open(&from->bench.ends[0].talk, &route, own_port, peer_port), 0);
}

static struct ends *
create(enum xd_message_test test)
{
	struct ends *e = calloc(1, sizeof(*e));

	assert_non_null(e);
	loop_pair_open(&e->loop);
	e->pattern = xd_message_pattern_create();
	e->near.link.told = far_told;
	e->far.link.far = true;
	create_end(e, &e->near, 0, test);
	create_end(e, &e->far, 1, test);
	open_stream(&e->near, &e->far, 2000, 5001);
	open_stream(&e->far, &e->near, 5001, 2000);
	return e;
}

static void
destroy(struct ends *e)
{
	xd_udp_bench_destroy(&e->near.bench);
	xd_udp_bench_destroy(&e->far.bench);
	loop_pair_close(&e->loop);
	free(e->pattern);
	free(e);
}

static void
test_answers_before_it_begins(void **state)
{
	struct ends *e = create(XD_MESSAGE_LATENCY);
	const struct xd_udp_bench *b = &e->near.bench;
	const struct xd_histogram *times = b->ends[0].talk.answers;

	(void)state;
	assert_int_equal(xd_udp_bench_begin(&e->near.bench, NULL), 0);
	assert_true(received(e) >= MANY);
	assert_int_equal(b->begun.received, received(e));
	assert_int_equal(xd_histogram_count(times), 0);
	for (unsigned i = 0; i < PATIENCE && received(e) < 2 * b->begun.received; i++) {
		run(&e->near);
		run(&e->far);
	}
	assert_true(received(e) > b->begun.received);
	assert_int_equal(xd_histogram_count(times), received(e) - b->begun.received);
	destroy(e);
}

static void
test_jitter_before_it_begins(void **state)
{
	struct ends *e = create(XD_MESSAGE_BANDWIDTH);
	const struct xd_udp_talk *talk = &e->near.bench.ends[0].talk;

	(void)state;
	assert_int_equal(xd_udp_bench_begin(&e->near.bench, NULL), 0);
	assert_true(received(e) >= MANY);
	assert_true(xd_udp_talk_jitter_ns(talk) < 0);
	for (unsigned i = 0; i < PATIENCE && received(e) < 2 * e->near.bench.begun.received; i++) {
		run(&e->near);
		run(&e->far);
	}
	assert_true(xd_udp_talk_jitter_ns(talk) >= 0);
	destroy(e);
}

static void
test_settled_when_all_is_taken(void **state)
{
	struct ends *e = create(XD_MESSAGE_BANDWIDTH);

	(void)state;
	xd_udp_talk_stop(&e->far.bench.ends[0].talk, true);
	run(&e->near);
	assert_true(xd_gen_port_outstanding(e->near.gen.ports[0]) > 0);
	e->near.link.look = look_at_one_that_was_away;
	assert_int_equal(xd_udp_bench_settle(&e->near.bench, XD_MESSAGE_QUIET, NULL), 0);
	assert_true(e->looks > AWAY);
	assert_int_equal(xd_gen_port_outstanding(e->near.gen.ports[0]), 0);
	destroy(e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_before_it_begins),
		cmocka_unit_test(test_jitter_before_it_begins),
		cmocka_unit_test(test_settled_when_all_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

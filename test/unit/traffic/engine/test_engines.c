/* SPDX-License-Identifier: BSD-3-Clause */
/* The engines over ports that this test makes up: a switch that learns, floods, loses and breaks as
 * it is told, in one thread. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "traffic/engine/latency.h"
#include "traffic/engine/rate.h"
#include "traffic/engine/search/wait.h"
#include "traffic/host/tsc.h"

#define QUEUE 1024
#define ROWS  16

struct fabric;

struct fake {
	struct xd_gen_port port;
	struct fabric *fabric;
	unsigned index;
	uint64_t waiting; /* frames on their way to it */
	uint8_t frame[64];
};

struct fabric {
	struct xd_gen gen;
	struct fake ports[4];
	unsigned lose_each;    /* every n-th frame is lost; 0: none */
	bool deaf;             /* nothing gets through */
	uint64_t die_after;    /* frames until a port's peer goes away; 0: never */
	uint64_t cancel_after; /* frames until cancel is set */
	volatile bool cancel;
	uint64_t frames;
	uint64_t learned_flows; /* of port 0, by its source addresses */
	uint8_t seen[1u << 16];
	unsigned nb_rows;
	struct xd_row rows[ROWS];
};

static struct fake *
fake(struct xd_gen_port *port)
{
	return (struct fake *)port;
}

static void
deliver(struct fabric *f, unsigned to)
{
	if (f->deaf || (f->lose_each && f->frames % f->lose_each == 0))
		return;
	/* The receiver may be another lane's. */
	__atomic_fetch_add(&f->ports[to].waiting, 1, __ATOMIC_RELEASE);
}

static void
forward(struct fabric *f, unsigned from, const uint8_t *frame)
{
	unsigned flow = (unsigned)(frame[10] << 8 | frame[11]);

	f->frames++;
	if (f->cancel_after && f->frames > f->cancel_after)
		f->cancel = true;
	if (from == 0 && !f->seen[flow]) {
		f->seen[flow] = 1;
		f->learned_flows++;
	}
	if (frame[0] == 0xff) {
		for (unsigned i = 0; i < f->gen.nb_ports; i++)
			if (i != from)
				deliver(f, i);
	} else {
		deliver(f, frame[2]); /* the port that owns the address */
	}
}

static int
load(struct xd_gen_port *port, struct xd_error *err)
{
	(void)port;
	(void)err;
	return 0;
}

static uint16_t
fake_send(struct xd_gen_port *port, uint16_t n)
{
	struct fake *p = fake(port);

	for (uint16_t i = 0; i < n; i++) {
		xd_stream_write_any(&port->stream, p->frame, XD_TOUCH_STAMP);
		forward(p->fabric, p->index, p->frame);
	}
	return n;
}

static uint16_t
fake_receive(struct xd_gen_port *port, uint16_t n)
{
	struct fake *p = fake(port);
	uint64_t waiting = __atomic_load_n(&p->waiting, __ATOMIC_ACQUIRE);

	if (n > waiting)
		n = (uint16_t)waiting;
	__atomic_fetch_sub(&p->waiting, n, __ATOMIC_RELAXED);
	port->received.frames += n;
	port->received.bytes += (uint64_t)n * port->expect;
	return n;
}

static void
notify(struct xd_gen_port *port, enum xd_gen_way way, bool fenced)
{
	(void)port;
	(void)way;
	(void)fenced;
}

static unsigned
outstanding(struct xd_gen_port *port)
{
	(void)port;
	return 0;
}

static bool
alive(struct xd_gen_port *port)
{
	struct fabric *f = fake(port)->fabric;

	if (!f->die_after || f->frames < f->die_after)
		return true;
	snprintf(port->fault, sizeof(port->fault), "gone");
	return false;
}

static const struct xd_gen_port_ops ops = {
	.load = load,
	.send = fake_send,
	.receive = fake_receive,
	.notify = notify,
	.outstanding = outstanding,
	.alive = alive,
};

static int
keep_row(void *ctx, const struct xd_row *row)
{
	struct fabric *f = ctx;

	assert_true(f->nb_rows < ROWS);
	f->rows[f->nb_rows++] = *row;
	return 0;
}

static struct fabric *
begin(unsigned nb_ports)
{
	struct fabric *f = aligned_alloc(64, (sizeof(*f) + 63) / 64 * 64);

	assert_non_null(f);
	memset(f, 0, sizeof(*f));
	f->gen.nb_ports = nb_ports;
	f->gen.tsc_hz = xd_tsc_calibrate();
	f->gen.nb_cores = 1;
	f->gen.cores[0] = f->gen.cores[1] = -1;
	f->gen.placement[0] = f->gen.placement[1] = -1;
	f->gen.cancel = &f->cancel;
	f->gen.row = keep_row;
	f->gen.ctx = f;
	for (unsigned i = 0; i < nb_ports; i++) {
		f->ports[i].port.ops = &ops;
		f->ports[i].port.ring_size = QUEUE;
		f->ports[i].port.max_frame = 1518;
		snprintf(f->ports[i].port.name, sizeof(f->ports[i].port.name), "fake%u", i);
		f->ports[i].fabric = f;
		f->ports[i].index = i;
		f->gen.ports[i] = &f->ports[i].port;
	}
	return f;
}

static void
end(struct fabric *f)
{
	for (unsigned i = 0; i < f->gen.nb_ports; i++)
		xd_stream_fini(&f->ports[i].port.stream);
	free(f);
}

static struct xd_sizes
sizes_of(unsigned n, uint32_t a, uint32_t b, uint32_t c)
{
	return (struct xd_sizes){
		.n = n,
		.mix = {{.n = 1, .bytes = {a}, .weight = {1}},
			{.n = 1, .bytes = {b}, .weight = {1}},
			{.n = 1, .bytes = {c}, .weight = {1}}},
	};
}

static struct xd_rate_opts
rate_opts(void)
{
	return (struct xd_rate_opts){
		.traffic = {.sizes = sizes_of(1, 64, 0, 0), .flows = 1},
		.time_s = 0.02,
		.warmup_s = 0.005,
		.trials = 1,
	};
}

static void
test_rate_one_way(void **state)
{
	struct fabric *f = begin(2);
	struct xd_rate_opts opts = rate_opts();
	struct xd_error err;
	struct xd_rate_figures *r;

	(void)state;
	opts.traffic.sizes = sizes_of(2, 64, 1500, 0);
	opts.trials = 2;
	assert_int_equal(xd_rate_run(&f->gen, &opts, &err), 0);
	assert_int_equal(f->nb_rows, 4);
	for (unsigned i = 0; i < 4; i++) {
		r = &f->rows[i].rate;
		assert_int_equal(f->rows[i].size, i < 2 ? 64 : 1500);
		assert_int_equal(f->rows[i].trial, i % 2 + 1);
		assert_false(f->rows[i].partial);
		assert_true(r->sent_frames > 0);
		assert_int_equal(r->received_frames, r->sent_frames);
		assert_int_equal(r->lost_frames, 0);
		assert_int_equal(r->ports[1].sent_frames, 0);
		assert_int_equal(r->ports[0].received_frames, 0);
		assert_true(fabs(r->l2_bps - r->pps * 8 * f->rows[i].size) < 1);
		assert_true(fabs(r->l1_bps - r->pps * 8 * (f->rows[i].size + 24)) < 1);
		assert_true(r->pps * f->rows[i].time_s <= (double)r->received_frames + 0.5);
		assert_int_equal(r->bottleneck, XD_BOTTLENECK_GENERATOR);
	}
	end(f);
}

static void
test_rate_both_ways_and_pairs(void **state)
{
	struct fabric *f = begin(4);
	struct xd_rate_opts opts = rate_opts();
	struct xd_error err;

	(void)state;
	opts.traffic.direction = XD_DIRECTION_BOTH;
	opts.traffic.flows = 10;
	assert_int_equal(xd_rate_run(&f->gen, &opts, &err), 0);
	for (unsigned i = 0; i < 4; i++) {
		const struct xd_port_figures *p = f->rows[0].rate.ports;

		assert_true(p[i].sent_frames > 0);
		assert_int_equal(p[i].sent_frames, p[i ^ 1].received_frames);
	}
	assert_int_equal(f->rows[0].rate.lost_frames, 0);
	f->gen.nb_ports = 3;
	assert_int_equal(xd_rate_run(&f->gen, &opts, &err), -EINVAL);
	f->gen.nb_ports = 1;
	assert_int_equal(xd_rate_run(&f->gen, &opts, &err), -EINVAL);
	f->gen.nb_ports = 4;
	end(f);
}

static void
test_rate_on_two_cores(void **state)
{
	struct fabric *f = begin(4);
	struct xd_rate_opts opts = rate_opts();
	struct xd_error err;
	const struct xd_rate_figures *r = &f->rows[0].rate;

	(void)state;
	f->gen.nb_cores = 2; /* ports 0 and 2 send on one, 1 and 3 receive on the other */
	assert_int_equal(xd_rate_run(&f->gen, &opts, &err), 0);
	assert_true(r->ports[0].sent_frames > 0 && r->ports[2].sent_frames > 0);
	assert_int_equal(r->ports[1].received_frames, r->ports[0].sent_frames);
	assert_int_equal(r->ports[3].received_frames, r->ports[2].sent_frames);
	assert_int_equal(r->lost_frames, 0);
	end(f);
}

static void
test_rate_counts_what_is_lost(void **state)
{
	struct fabric *f = begin(2);
	struct xd_rate_opts opts = rate_opts();
	struct xd_error err;
	const struct xd_rate_figures *r = &f->rows[0].rate;

	(void)state;
	f->lose_each = 10;
	assert_int_equal(xd_rate_run(&f->gen, &opts, &err), 0);
	assert_int_equal(r->lost_frames, r->sent_frames - r->received_frames);
	assert_true(llabs((long long)r->lost_frames * 10 - (long long)r->sent_frames) <= 20);
	end(f);
}

static void
test_broadcast(void **state)
{
	struct fabric *f = begin(4);
	struct xd_rate_opts opts = rate_opts();
	const struct xd_rate_figures *r = &f->rows[0].rate;
	struct xd_error err;

	(void)state;
	opts.traffic.pattern = XD_PATTERN_BROADCAST;
	opts.traffic.direction = XD_DIRECTION_BOTH; /* means nothing here */
	opts.traffic.flows = 5;
	assert_int_equal(xd_rate_run(&f->gen, &opts, &err), 0);
	assert_int_equal(f->rows[0].direction, XD_DIRECTION_ONE);
	assert_int_equal(r->lost_frames, 0);
	assert_int_equal(r->received_frames, 3 * r->sent_frames);
	for (unsigned i = 1; i < 4; i++) {
		assert_int_equal(r->ports[i].sent_frames, 0);
		assert_int_equal(r->ports[i].received_frames, r->sent_frames);
	}
	end(f);
}

static void
test_every_flow_is_learned(void **state)
{
	struct fabric *f = begin(2);
	struct xd_rate_opts opts = rate_opts();
	struct xd_error err;

	(void)state;
	opts.traffic.flows = 50000;
	opts.time_s = 0.001;
	opts.warmup_s = 0;
	f->cancel_after = 2 * 50000; /* before it has begun to measure */
	xd_rate_run(&f->gen, &opts, &err);
	assert_int_equal(f->learned_flows, 50000);
	f->cancel = false;
	f->cancel_after = 0;
	assert_int_equal(xd_rate_run(&f->gen, &opts, &err), 0);
	assert_int_equal(f->rows[f->nb_rows - 1].rate.learned_frames, 100000);
	assert_int_equal(f->rows[f->nb_rows - 1].rate.learn_lost_frames, 0);
	end(f);
}

static void
test_asked_rate(void **state)
{
	struct fabric *f = begin(2);
	struct xd_rate_opts opts = rate_opts();
	const struct xd_rate_figures *r = &f->rows[0].rate;
	struct xd_error err;

	(void)state;
	opts.traffic.rate = (struct xd_rate_limit){.kind = XD_RATE_PPS, .value = 20000};
	opts.time_s = 0.2;
	assert_int_equal(xd_rate_run(&f->gen, &opts, &err), 0);
	assert_true(r->asked_pps == 20000);
	/* A pace may fall short on a loaded machine, and must never be exceeded. */
	assert_true(r->sent_frames <= 20000 * f->rows[0].time_s + 1);
	assert_true(r->sent_frames > 0);
	end(f);
}

static void
test_nobody_hears(void **state)
{
	struct fabric *f = begin(2);
	struct xd_rate_opts opts = rate_opts();
	struct xd_error err;

	(void)state;
	f->deaf = true;
	assert_int_equal(xd_rate_run(&f->gen, &opts, &err), -EHOSTUNREACH);
	assert_non_null(strstr(err.text, "fake0"));
	assert_non_null(strstr(err.text, "fake1"));
	assert_int_equal(f->nb_rows, 0);
	end(f);
}

static void
test_switch_goes_away(void **state)
{
	struct fabric *f = begin(2);
	struct xd_rate_opts opts = rate_opts();
	struct xd_latency_opts latency = {
		.traffic = {.sizes = sizes_of(1, 64, 0, 0), .flows = 1}, .time_s = 5, .trials = 1};
	struct xd_error err;

	(void)state;
	opts.time_s = 5;
	opts.warmup_s = 0;
	f->die_after = 10000;
	assert_int_equal(xd_rate_run(&f->gen, &opts, &err), -EPIPE);
	assert_non_null(strstr(err.text, "gone"));
	assert_int_equal(f->nb_rows, 1);
	assert_true(f->rows[0].partial);
	assert_true(f->rows[0].rate.received_frames > 0);
	f->frames = 0;
	assert_int_equal(xd_latency_run(&f->gen, &latency, &err), -EPIPE);
	assert_int_equal(f->nb_rows, 2);
	assert_true(f->rows[1].partial);
	assert_true(f->rows[1].latency.count > 0);
	end(f);
}

static void
test_cancel(void **state)
{
	struct fabric *f = begin(2);
	struct xd_rate_opts opts = rate_opts();
	struct xd_error err;

	(void)state;
	opts.traffic.sizes = sizes_of(3, 64, 128, 256);
	opts.time_s = 5;
	opts.warmup_s = 0;
	f->cancel_after = 10000;
	assert_int_equal(xd_rate_run(&f->gen, &opts, &err), -EINTR);
	assert_int_equal(f->nb_rows, 1);
	assert_true(f->rows[0].partial);
	assert_true(f->rows[0].time_s < 5);
	end(f);
}

static void
test_latency(void **state)
{
	struct fabric *f = begin(2);
	struct xd_latency_opts opts = {.traffic = {.sizes = sizes_of(2, 64, 1500, 0), .flows = 1},
		.count = 500,
		.time_s = 5,
		.warmup_s = 0.001,
		.trials = 1};
	struct xd_error err;

	(void)state;
	assert_int_equal(xd_latency_run(&f->gen, &opts, &err), 0);
	assert_int_equal(f->nb_rows, 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct xd_latency_figures *l = &f->rows[i].latency;

		assert_ptr_equal(f->rows[i].engine, &xd_latency_engine);
		assert_int_equal(f->rows[i].size, i ? 1500 : 64);
		assert_int_equal(l->count, 500);
		assert_int_equal(l->lost, 0);
		assert_true(l->actual.min_ns > 0);
		assert_true(l->actual.min_ns <= l->actual.p50_ns &&
			    l->actual.p50_ns <= l->actual.p95_ns);
		assert_true(l->actual.p95_ns <= l->actual.p99_ns &&
			    l->actual.p99_ns <= l->actual.p99_9_ns);
		assert_true(l->actual.p99_9_ns <= l->actual.p99_99_ns &&
			    l->actual.p99_99_ns <= l->actual.max_ns);
		assert_true(l->actual.mean_ns >= l->actual.min_ns &&
			    l->actual.mean_ns <= l->actual.max_ns);
		assert_true(fabs(l->half_mean_ns * 2 - l->actual.mean_ns) < 1e-6);
	}
	end(f);
}

static void
test_latency_lost(void **state)
{
	struct fabric *f = begin(2);
	struct xd_latency_opts opts = {.traffic = {.sizes = sizes_of(1, 64, 0, 0), .flows = 1},
		.count = 100,
		.time_s = 5,
		.trials = 1};
	struct xd_error err;

	(void)state;
	f->lose_each = 61; /* of 200 frames and some */
	assert_int_equal(xd_latency_run(&f->gen, &opts, &err), 0);
	assert_int_equal(f->rows[0].latency.count, 100);
	assert_in_range(f->rows[0].latency.lost, 2, 4);
	end(f);
}

static void
test_touch_none_needs_room(void **state)
{
	struct fabric *f = begin(2);
	struct xd_rate_opts opts = rate_opts();
	struct xd_error err;

	(void)state;
	opts.traffic.touch = XD_TOUCH_NONE;
	opts.traffic.flows = QUEUE;
	assert_int_equal(xd_rate_run(&f->gen, &opts, &err), 0);
	opts.traffic.flows = QUEUE + 1;
	assert_int_equal(xd_rate_run(&f->gen, &opts, &err), -EINVAL);
	assert_non_null(strstr(err.text, "stamp"));
	end(f);
}

/* A pause between trials ends when the run is cancelled, before it has begun or within. */
static void
test_wait(void **state)
{
	struct fabric *f = begin(2);

	(void)state;
	assert_int_equal(xd_search_wait(&f->gen, 0), 0);
	assert_int_equal(xd_search_wait(&f->gen, 0.06), 0);
	f->cancel = true;
	assert_int_equal(xd_search_wait(&f->gen, 0), -EINTR);
	assert_int_equal(xd_search_wait(&f->gen, 3600), -EINTR);
	end(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate_one_way),
		cmocka_unit_test(test_rate_both_ways_and_pairs),
		cmocka_unit_test(test_rate_on_two_cores),
		cmocka_unit_test(test_rate_counts_what_is_lost),
		cmocka_unit_test(test_broadcast),
		cmocka_unit_test(test_every_flow_is_learned),
		cmocka_unit_test(test_asked_rate),
		cmocka_unit_test(test_nobody_hears),
		cmocka_unit_test(test_switch_goes_away),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_latency),
		cmocka_unit_test(test_latency_lost),
		cmocka_unit_test(test_touch_none_needs_room),
		cmocka_unit_test(test_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

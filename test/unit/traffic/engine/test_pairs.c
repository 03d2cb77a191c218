/* SPDX-License-Identifier: BSD-3-Clause */
/* The engines that measure pairs and the generator itself, over ports that are each other's peer:
 * which rows there are, and what is in them. */
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

#include "traffic/engine/calibrate.h"
#include "traffic/engine/pairs.h"
#include "traffic/host/tsc.h"

#define ROWS 64

/* ---- Arithmetic ---- */

static void
assert_near(double value, double want)
{
	if (!(fabs(value - want) <= 1e-9 * fmax(1, fabs(want))))
		fail_msg("%g, not %g", value, want);
}

static void
test_jain(void **state)
{
	(void)state;
	assert_near(xd_pairs_jain((double[]){5, 5, 5, 5}, 4), 1);
	assert_near(xd_pairs_jain((double[]){7e6}, 1), 1);
	assert_near(xd_pairs_jain((double[]){3, 0, 0, 0}, 4), 0.25);
	assert_near(xd_pairs_jain((double[]){1, 2, 3}, 3), 36.0 / 42);
	assert_near(xd_pairs_jain((double[]){1e6, 2e6, 3e6}, 3), 36.0 / 42);
	assert_near(xd_pairs_jain((double[]){0, 0}, 2), 0);
	assert_near(xd_pairs_jain(NULL, 0), 0);
}

static void
test_fill(void **state)
{
	struct xd_pairs_figures f = {.vms = 8};

	(void)state;
	xd_pairs_fill(&f, (double[]){4, 1, 3, 2}, 4, 5);
	assert_int_equal(f.vms, 8);
	assert_int_equal(f.pairs, 4);
	assert_near(f.min_pps, 1);
	assert_near(f.mean_pps, 2.5);
	assert_near(f.max_pps, 4);
	assert_near(f.of_baseline, 2);
	assert_near(f.jain, 100.0 / 120);
	xd_pairs_fill(&f, (double[]){0, 0}, 2, 0);
	assert_near(f.min_pps, 0);
	assert_near(f.of_baseline, 0);
	assert_near(f.jain, 0);
	xd_pairs_fill(&f, NULL, 0, 1);
	assert_near(f.min_pps, 0);
	assert_near(f.mean_pps, 0);
}

/* ---- The engines ---- */

struct env {
	struct xd_gen gen;
	unsigned n;
	bool cancel_at_row, lossy;
	volatile bool cancel;
	struct xd_row rows[ROWS];
};

static int
keep(void *ctx, const struct xd_row *row)
{
	struct env *e = ctx;

	assert_true(e->n < ROWS);
	e->rows[e->n++] = *row;
	e->cancel = e->cancel_at_row;
	return 0;
}

static struct env *
make(unsigned pairs)
{
	static const char *const names[] = {"loop:a", "loop:b", "loop:c"};
	struct env *e = calloc(1, sizeof(*e));
	struct xd_error err;

	assert_non_null(e);
	e->gen = (struct xd_gen){
		.tsc_hz = xd_tsc_calibrate(),
		.nb_cores = 1,
		.cores = {-1, -1},
		.placement = {-1, -1},
		.cancel = &e->cancel,
		.row = keep,
		.ctx = e,
	};
	for (unsigned i = 0; i < 2 * pairs; i++) {
		struct xd_gen_port_opts opts = {
			.frame_bytes = 1514, .node = -1, .others = e->gen.ports, .nb_others = i};

		e->gen.ports[i] = xd_gen_port_open(names[i / 2], &opts, &err);
		if (!e->gen.ports[i])
			fail_msg("%s", err.text);
		e->gen.nb_ports++;
	}
	return e;
}

static void
fini(struct env *e)
{
	while (e->gen.nb_ports)
		xd_gen_port_close(e->gen.ports[--e->gen.nb_ports]);
	free(e);
}

static struct xd_pairs_opts *
pairs_opts(const char *sizes)
{
	struct xd_pairs_opts *o = calloc(1, sizeof(*o));
	struct xd_error err;

	assert_non_null(o);
	assert_int_equal(xd_sizes_parse(sizes, 60, 1514, &o->traffic.sizes, &err), 0);
	o->traffic.flows = 4;
	o->traffic.pattern = XD_PATTERN_PAIRS;
	o->traffic.direction = XD_DIRECTION_BOTH;
	o->time_s = 0.02;
	o->trials = 1;
	return o;
}

static void
run_pairs(struct env *e, const struct xd_pairs_opts *o)
{
	struct xd_error err = {0};

	if (xd_pairs_run(&e->gen, o, &err))
		fail_msg("%s", err.text);
}

static void
assert_pairs_row(const struct env *e, unsigned i, unsigned vms, uint32_t size, unsigned trial)
{
	const struct xd_row *r = &e->rows[i];
	double sum = 0;

	assert_ptr_equal(r->engine, &xd_pairs_engine);
	assert_int_equal(r->pairs.vms, vms);
	assert_int_equal(r->pairs.pairs, vms / 2);
	assert_int_equal(r->pairs.is_baseline, vms == 2);
	assert_int_equal(r->size, size);
	assert_int_equal(r->trial, trial);
	assert_int_equal(r->rate.lost_frames, 0);
	assert_true(r->rate.received_frames > 0);
	for (unsigned p = 0; p < vms; p++)
		sum += r->rate.ports[p].received_pps;
	assert_near(sum, r->pairs.mean_pps * (vms / 2));
	assert_true(r->pairs.min_pps <= r->pairs.mean_pps * (1 + 1e-9));
	assert_true(r->pairs.mean_pps <= r->pairs.max_pps * (1 + 1e-9));
	assert_true(r->pairs.jain >= 0 && r->pairs.jain <= 1 + 1e-9);
	assert_true(r->pairs.unloaded.count > 0);
	/* On a busy machine nothing may have come in so short a time, but afterwards. */
	if (r->rate.pps <= 0 || e->rows[i + 1 - vms / 2].rate.pps <= 0)
		return;
	assert_true(r->pairs.jain > 0);
	if (vms == 2)
		assert_near(r->pairs.of_baseline, 1);
	else if (e->rows[i + 1 - vms / 2].is_void) /* the single pair's, on a busy machine */
		assert_near(r->pairs.of_baseline, 0);
	else
		assert_near(r->pairs.of_baseline, sum / e->rows[i + 1 - vms / 2].rate.pps);
}

/* 2, 4 and 6 ports for each size and trial; two are the single pair. */
static void
test_pairs_rows(void **state)
{
	static const uint32_t sizes[] = {60, 594};
	struct env *e = make(3);
	struct xd_pairs_opts *o = pairs_opts("60,594");
	unsigned i = 0;

	(void)state;
	o->trials = 2;
	run_pairs(e, o);
	assert_int_equal(e->n, 12);
	for (unsigned s = 0; s < 2; s++)
		for (unsigned trial = 1; trial <= 2; trial++)
			for (unsigned vms = 2; vms <= 6; vms += 2, i++) {
				assert_pairs_row(e, i, vms, sizes[s], trial);
				assert_false(e->rows[i].timed);
			}
	free(o);
	fini(e);
}

/* Counts that were asked for, and times while loaded: on a schedule of one frame in ten; without,
 * of as many as an estimate says, which the machine's other work disturbs. */
static void
test_pairs_times(void **state)
{
	struct env *e = make(2);
	struct xd_pairs_opts *o = pairs_opts("60");

	(void)state;
	o->traffic.rate = (struct xd_rate_limit){XD_RATE_PPS, 100e3};
	o->latency_pps = 10e3;
	o->nb_counts = 1;
	o->counts[0] = 4;
	run_pairs(e, o);
	assert_int_equal(e->n, 2);
	for (unsigned i = 0; i < 2; i++) {
		const struct xd_row *r = &e->rows[i];
		/* One frame in ten; the first of each receiver is timed, too. */
		uint64_t want = r->rate.received_frames / 10;

		assert_pairs_row(e, i, 2 + 2 * i, 60, 1);
		assert_true(r->timed);
		assert_int_equal(r->latency.way, XD_TIMES_ONE_WAY);
		assert_in_range(r->latency.count, want, want + 4);
	}
	o->traffic.rate = (struct xd_rate_limit){0};
	e->n = 0;
	run_pairs(e, o);
	for (unsigned i = 0; i < 2; i++) {
		const struct xd_row *r = &e->rows[i];

		assert_pairs_row(e, i, 2 + 2 * i, 60, 1);
		assert_true(r->timed);
		assert_in_range(r->latency.count, 1, r->rate.received_frames);
	}
	free(o);
	fini(e);
}

/* From one to one, the least of a fan-in: its share is what came. */
static void
test_fan_in(void **state)
{
	struct env *e = make(1);
	struct xd_pairs_opts *o = pairs_opts("60");

	(void)state;
	o->traffic.pattern = XD_PATTERN_FAN_IN;
	run_pairs(e, o);
	assert_int_equal(e->n, 1);
	assert_int_equal(e->rows[0].pairs.pairs, 1);
	assert_true(e->rows[0].pairs.is_baseline);
	assert_true(e->rows[0].rate.received_frames > 0);
	assert_near(e->rows[0].pairs.mean_pps, e->rows[0].rate.pps);
	assert_near(e->rows[0].pairs.jain, e->rows[0].rate.pps > 0);
	free(o);
	fini(e);
}

/* Ports of a switch that hands frames over as they are sent and, once it is told to, loses every
 * second one of port 2. */
struct hub {
	struct xd_gen_port port;
	struct env *env;
	unsigned index;
	uint64_t sent;
};

static int
hub_load(struct xd_gen_port *port, struct xd_error *err)
{
	(void)port;
	(void)err;
	return 0;
}

static uint16_t
hub_send(struct xd_gen_port *port, uint16_t n)
{
	struct hub *hub = (struct hub *)port;
	struct env *e = hub->env;
	uint8_t frame[2048];

	for (uint16_t i = 0; i < n; i++) {
		uint32_t len = xd_stream_write_any(&port->stream, frame, XD_TOUCH_FULL);

		hub->sent++;
		assert_in_range(frame[2], 0, e->gen.nb_ports - 1);
		if (e->lossy && hub->index == 2 && hub->sent % 2)
			continue;
		xd_receive_begin(&e->gen.ports[frame[2]]->received);
		xd_receive_frame(&e->gen.ports[frame[2]]->received, frame, len);
	}
	return n;
}

static uint16_t
hub_receive(struct xd_gen_port *port, uint16_t n)
{
	(void)port;
	(void)n;
	return 0;
}

static void
hub_notify(struct xd_gen_port *port, enum xd_gen_way way, bool fenced)
{
	(void)port;
	(void)way;
	(void)fenced;
}

static unsigned
hub_outstanding(struct xd_gen_port *port)
{
	(void)port;
	return 0;
}

static bool
hub_alive(struct xd_gen_port *port)
{
	(void)port;
	return true;
}

static void
hub_close(struct xd_gen_port *port)
{
	free(port);
}

static void
add_hub(struct env *e, unsigned ports)
{
	static const struct xd_gen_port_ops ops = {
		hub_load, hub_send, hub_receive, hub_notify, hub_outstanding, hub_alive, hub_close};

	for (unsigned i = 0; i < ports; i++) {
		struct hub *hub = aligned_alloc(64, (sizeof(*hub) + 63) / 64 * 64);

		assert_non_null(hub);
		memset(hub, 0, sizeof(*hub));
		hub->port.ops = &ops;
		hub->port.max_frame = 1514;
		hub->env = e;
		hub->index = i;
		e->gen.ports[e->gen.nb_ports++] = &hub->port;
	}
}

/* A row once the addresses are learned: from then on frames may be lost. */
static int
keep_and_lose(void *ctx, const struct xd_row *row)
{
	struct env *e = ctx;

	e->lossy = true;
	return keep(ctx, row);
}

/* Three to one: what each sender got through is told by its flows. */
static void
test_fan_in_shares(void **state)
{
	struct env *e = make(0);
	struct xd_pairs_opts *o = pairs_opts("60");
	const struct xd_pairs_figures *f = &e->rows[1].pairs;

	(void)state;
	add_hub(e, 4);
	e->gen.row = keep_and_lose;
	o->traffic.pattern = XD_PATTERN_FAN_IN;
	o->nb_counts = 1;
	o->counts[0] = 4;
	run_pairs(e, o);
	assert_int_equal(e->n, 2);
	assert_int_equal(e->rows[1].pattern, XD_PATTERN_FAN_IN);
	assert_int_equal(f->vms, 4);
	assert_int_equal(f->pairs, 3);
	/* All three send the same; of one half arrives. */
	assert_true(fabs(f->min_pps / f->max_pps - 0.5) < 0.01);
	assert_true(fabs(f->mean_pps / f->max_pps - 2.5 / 3) < 0.01);
	assert_true(fabs(f->jain - 2.5 * 2.5 / (3 * 2.25)) < 0.01);
	assert_near(f->mean_pps * 3, e->rows[1].rate.pps);
	free(o);
	fini(e);
}

static void
assert_refused(struct env *e, struct xd_pairs_opts *o, const char *says)
{
	struct xd_error err = {0};

	assert_int_equal(xd_pairs_run(&e->gen, o, &err), -EINVAL);
	if (!strstr(err.text, says))
		fail_msg("%s", err.text);
	assert_int_equal(e->n, 0);
}

static void
test_pairs_refused(void **state)
{
	struct env *e = make(2);
	struct xd_pairs_opts *o = pairs_opts("60");

	(void)state;
	o->nb_counts = 2;
	o->counts[0] = 2;
	o->counts[1] = 6;
	assert_refused(e, o, "4 were given");
	o->counts[1] = 3;
	assert_refused(e, o, "do not make pairs");
	o->counts[1] = 1;
	assert_refused(e, o, "2 to 4");
	o->nb_counts = 0;
	o->traffic.pattern = XD_PATTERN_MESH;
	assert_refused(e, o, "mesh");
	free(o);
	fini(e);
}

/* What was measured until then is kept. */
static void
test_pairs_cancelled(void **state)
{
	struct env *e = make(2);
	struct xd_pairs_opts *o = pairs_opts("60");
	struct xd_error err;

	(void)state;
	e->cancel_at_row = true;
	assert_int_equal(xd_pairs_run(&e->gen, o, &err), -EINTR);
	assert_in_range(e->n, 1, 2);
	assert_true(e->rows[0].pairs.is_baseline);
	assert_false(e->rows[0].partial);
	free(o);
	fini(e);
}

static unsigned
rows_named(const struct env *e, const char *name)
{
	unsigned n = 0;

	for (unsigned i = 0; i < e->n; i++)
		n += !strcmp(e->rows[i].name, name);
	return n;
}

static void
assert_calibrated(const struct env *e, const char *cores)
{
	static const struct {
		const char *name;
		unsigned rows;
		bool paced, timed;
	} want[] = {
		{"send and receive, touch=stamp", 2, false, false},
		{"send and receive, touch=full", 2, false, false},
		{"schedule at 100 kpps", 1, true, false},
		{"schedule at 1 Mpps", 1, true, false},
		{"schedule at 10 Mpps", 1, true, false},
		{"one-way times at 100 kpps", 1, true, true},
	};
	char name[64];

	for (unsigned k = 0; k < sizeof(want) / sizeof(want[0]); k++) {
		snprintf(name, sizeof(name), "%s, %s", want[k].name, cores);
		assert_int_equal(rows_named(e, name), want[k].rows);
		for (unsigned i = 0; i < e->n; i++) {
			if (strcmp(e->rows[i].name, name))
				continue;
			assert_int_equal(e->rows[i].paced, want[k].paced);
			assert_int_equal(e->rows[i].timed, want[k].timed);
			assert_int_equal(e->rows[i].rate.lost_frames, 0);
			assert_true(e->rows[i].rate.received_frames > 0);
		}
	}
}

static void
test_calibrate(void **state)
{
	struct env *e = make(0);
	struct xd_calibrate_opts *o = calloc(1, sizeof(*o));
	struct xd_error err = {0};

	(void)state;
	assert_non_null(o);
	assert_int_equal(xd_sizes_parse("60,imix", 60, 1514, &o->sizes, &err), 0);
	o->time_s = 0.02;
	o->trials = 1;
	e->gen.nb_cores = 2;
	if (xd_calibrate_run(&e->gen, o, &err))
		fail_msg("%s", err.text);
	assert_calibrated(e, "one core");
	assert_calibrated(e, "two cores");
	for (unsigned i = 0; i < 4; i++) {
		static const char *const halves[] = {"send only, touch=stamp, one core",
			"receive only, touch=stamp, one core", "send only, touch=full, one core",
			"receive only, touch=full, one core"};

		assert_int_equal(rows_named(e, halves[i]), 2);
	}
	assert_int_equal(rows_named(e, "round trips, one at a time, one core"), 1);
	for (unsigned i = 0; i < e->n; i++) {
		assert_ptr_equal(e->rows[i].engine, &xd_calibrate_engine);
		assert_int_equal(e->rows[i].trial, 1);
		assert_true(e->rows[i].time_s > 0);
	}
	assert_int_equal(rows_named(e, "the core by itself, looked at every 100 ns, one core"), 1);
	assert_int_equal(e->n, 8 + 8 + 8 + 1 + 1);
	assert_int_equal(e->gen.nb_ports, 0);
	free(o);
	fini(e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jain),
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_pairs_rows),
		cmocka_unit_test(test_pairs_times),
		cmocka_unit_test(test_fan_in),
		cmocka_unit_test(test_fan_in_shares),
		cmocka_unit_test(test_pairs_refused),
		cmocka_unit_test(test_pairs_cancelled),
		cmocka_unit_test(test_calibrate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

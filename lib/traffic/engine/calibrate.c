/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The calibrate engine: opens pairs of loop ports itself, on one core and on two, and gives a row
 * for each thing that bounds the others: rates, sending and receiving apart, pacing, an idle core,
 * times.
 */
#include <errno.h>
#include <stdio.h>

#include "memory/memory.h"
#include "traffic/engine/calibrate.h"
#include "traffic/engine/round_trip.h"
#include "traffic/host/idle_core.h"
#include "traffic/host/tsc.h"
#include "traffic/trial/lane.h"
#include "traffic/trial/trial.h"

const struct xd_engine xd_calibrate_engine = {.name = "calibrate"};

#define L1_EXTRA 24   /* bytes: preamble 8, FCS 4, gap 12 */
#define TURNS    1024 /* bursts between looks at whether to go on */
#define LOAD_PPS 100e3

/* The generator with two ports that are each other's peer, driven by one core or two. */
struct loop {
	struct xd_gen gen;
	const struct xd_calibrate_opts *opts;
	struct xd_traffic_opts traffic;
	const char *cores; /* as rows have it */
};

static const struct {
	double pps;
	const char *name;
} schedules[] = {{100e3, "100 kpps"}, {1e6, "1 Mpps"}, {10e6, "10 Mpps"}};

static int
give_row(
	struct loop *l, struct xd_row *row, unsigned number, const char *name, struct xd_error *err)
{
	row->engine = &xd_calibrate_engine;
	row->trial = number;
	snprintf(row->name, sizeof(row->name), "%s, %s", name, l->cores);
	return xd_gen_keep_row(&l->gen, row, 0, err);
}

/* A trial, and its row unless it ended before anything was measured. */
static int
run_row(struct loop *l, struct xd_trial *trial, double pps, unsigned number, const char *name,
	struct xd_row *row, struct xd_error *err)
{
	struct xd_trial_load load = {.pps = pps, .time_s = l->opts->time_s, .what = name};
	int rc = xd_trial_run(trial, &load, row, err), kept = 0;

	if (!rc || row->time_s > 0)
		kept = give_row(l, row, number, name, rc ? NULL : err);
	return rc ? rc : kept;
}

/* ---- What sending and receiving take of a core each ---- */

struct halves {
	uint64_t frames, send_cycles, receive_cycles;
};

static int
time_halves(struct loop *l, struct halves *h, struct xd_error *err)
{
	struct xd_gen_port *from = l->gen.ports[0], *to = l->gen.ports[1];
	uint64_t cycles = (uint64_t)(l->opts->time_s * l->gen.tsc_hz), start = xd_tsc();

	*h = (struct halves){0};
	while (xd_tsc() - start < cycles) {
		for (unsigned i = 0; i < TURNS; i++) {
			uint64_t before, between;

			before = xd_tsc();
			if (from->stream.list)
				from->stream.list->now = before;
			h->frames += xd_gen_port_send(from, XD_GEN_BURST);
			between = xd_tsc();
			xd_gen_port_receive(to, XD_GEN_BURST);
			h->send_cycles += between - before;
			h->receive_cycles += xd_tsc() - between;
		}
		if (xd_gen_cancelled(&l->gen))
			return xd_fail(err, -EINTR, "interrupted");
	}
	return 0;
}

/* The row of one half: that of both, with what differs. */
static int
half_row(struct loop *l, const struct xd_row *both, const struct halves *h, bool sending,
	const char *touch, unsigned number, struct xd_error *err)
{
	double seconds = (double)(sending ? h->send_cycles : h->receive_cycles) / l->gen.tsc_hz;
	double bytes = both->rate.pps > 0 ? both->rate.l2_bps / 8 / both->rate.pps : both->size;
	struct xd_row row = *both;
	char name[48];

	row.time_s = seconds;
	row.cpu_s = row.steal_s = 0;
	row.rate = (struct xd_rate_figures){
		.sent_frames = h->frames,
		.received_frames = h->frames,
		.nb_ports = 2,
		.ports = {{.sent_frames = h->frames}, {.received_frames = h->frames}},
		.bottleneck =
			sending ? XD_BOTTLENECK_GENERATOR_SEND : XD_BOTTLENECK_GENERATOR_RECEIVE,
	};
	if (seconds > 0)
		row.rate.pps = row.rate.sent_pps = (double)h->frames / seconds;
	row.rate.l2_bps = row.rate.pps * 8 * bytes;
	row.rate.l1_bps = row.rate.pps * 8 * (bytes + L1_EXTRA);
	snprintf(name, sizeof(name), "%s only, touch=%s", sending ? "send" : "receive", touch);
	return give_row(l, &row, number, name, err);
}

static int
halves(struct loop *l, struct xd_trial *trial, const struct xd_row *both, const char *touch,
	unsigned number, struct xd_error *err)
{
	struct halves h;
	int rc = xd_trial_ready(trial, err);

	if (!rc)
		rc = time_halves(l, &h, err);
	if (!rc)
		rc = half_row(l, both, &h, true, touch, number, err);
	return rc ? rc : half_row(l, both, &h, false, touch, number, err);
}

/* ---- The rows ---- */

static int
ceiling(struct loop *l, unsigned mix, enum xd_touch touch, struct xd_error *err)
{
	struct xd_trial *trial;
	struct xd_row row;
	char name[48];
	int rc = 0;

	snprintf(name, sizeof(name), "send and receive, touch=%s", xd_touch_name(touch));
	l->traffic.touch = touch;
	trial = xd_trial_create(&l->gen, &l->traffic, mix, 0, err);
	if (!trial)
		return err->code;
	for (unsigned number = 1; number <= l->opts->trials && !rc; number++) {
		rc = run_row(l, trial, 0, number, name, &row, err);
		if (!rc && l->gen.nb_cores == 1)
			rc = halves(l, trial, &row, xd_touch_name(touch), number, err);
	}
	xd_trial_destroy(trial);
	return rc;
}

static int
pacing(struct loop *l, struct xd_error *err)
{
	struct xd_trial *trial = xd_trial_create(&l->gen, &l->traffic, 0, 0, err);
	struct xd_row row;
	char name[48];
	int rc = 0;

	if (!trial)
		return err->code;
	for (unsigned i = 0; i < sizeof(schedules) / sizeof(schedules[0]) && !rc; i++) {
		snprintf(name, sizeof(name), "schedule at %s", schedules[i].name);
		for (unsigned number = 1; number <= l->opts->trials && !rc; number++)
			rc = run_row(l, trial, schedules[i].pps, number, name, &row, err);
	}
	xd_trial_destroy(trial);
	return rc;
}

/* The core by itself, which bounds all of the above. */
static int
idle_core(struct loop *l, struct xd_error *err)
{
	struct xd_histogram *lateness = xd_histogram_create();
	int rc = lateness ? 0 : xd_fail(err, -ENOMEM, "no memory for a histogram");

	for (unsigned number = 1; number <= l->opts->trials && !rc; number++) {
		struct xd_row row = {.flows = 1, .time_s = l->opts->time_s, .paced = true};
		struct xd_pacing_figures *f = &row.pacing;

		xd_idle_core_look(lateness, l->opts->time_s, l->gen.tsc_hz);
		xd_times_of(&f->lateness, lateness);
		f->within_500ns = xd_histogram_share(lateness, 500);
		f->late_frames = (uint64_t)((1 - xd_histogram_share(lateness, XD_LATE_NS)) *
						    (double)f->lateness.count +
					    0.5);
		f->sound_percentile = 100 * xd_histogram_share(lateness, XD_LATE_NS);
		rc = give_row(l, &row, number, "the core by itself, looked at every 100 ns", err);
	}
	xd_histogram_destroy(lateness);
	return rc;
}

static int
one_way(struct loop *l, struct xd_error *err)
{
	struct xd_trial *trial;
	struct xd_row row;
	int rc = 0;

	l->traffic.every = 1;
	trial = xd_trial_create(&l->gen, &l->traffic, 0, 0, err);
	if (!trial)
		return err->code;
	for (unsigned number = 1; number <= l->opts->trials && !rc; number++)
		rc = run_row(l, trial, LOAD_PPS, number, "one-way times at 100 kpps", &row, err);
	xd_trial_destroy(trial);
	l->traffic.every = 0;
	return rc;
}

/* One core takes both ends in turn, as the latency engine does. */
static int
round_trips(struct loop *l, struct xd_error *err)
{
	int rc = 0;

	for (unsigned number = 1; number <= l->opts->trials && !rc; number++) {
		struct xd_row row = {
			.size = (uint32_t)(xd_size_mix_mean(&l->traffic.sizes.mix[0]) + 0.5),
			.flows = 1,
			.direction = XD_DIRECTION_BOTH,
			.touch = l->traffic.touch,
			.time_s = l->opts->time_s,
			.timed = true,
			.latency = {.way = XD_TIMES_ROUND_TRIP},
		};
		struct xd_times *times = &row.latency.actual;

		rc = xd_round_trips_unloaded(&l->gen, &l->traffic, 0, l->opts->time_s, times, err);
		if (rc)
			break;
		row.latency.count = times->count;
		row.latency.half_mean_ns = times->mean_ns / 2;
		row.latency.jitter = times->p50_ns > 0 ? times->p99_ns / times->p50_ns : 0;
		rc = give_row(l, &row, number, "round trips, one at a time", err);
	}
	return rc;
}

static int
run_all(struct loop *l, struct xd_error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < l->opts->sizes.n && !rc; i++) {
		rc = ceiling(l, i, XD_TOUCH_STAMP, err);
		if (!rc)
			rc = ceiling(l, i, XD_TOUCH_FULL, err);
	}
	if (!rc && l->gen.nb_cores == 1)
		rc = idle_core(l, err);
	if (!rc)
		rc = pacing(l, err);
	if (!rc)
		rc = one_way(l, err);
	if (!rc && l->gen.nb_cores == 1)
		rc = round_trips(l, err);
	return rc;
}

/* ---- The ports ---- */

static int
open_ports(struct loop *l, struct xd_error *err)
{
	for (unsigned i = 0; i < 2; i++) {
		int core = l->gen.cores[i % l->gen.nb_cores];
		struct xd_gen_port_opts opts = {
			.frame_bytes = xd_sizes_max(&l->opts->sizes),
			.node = core < 0 ? XD_NODE_ANY : xd_memory_core_node((unsigned)core),
			.others = l->gen.ports,
			.nb_others = i,
		};

		l->gen.ports[i] = xd_gen_port_open("loop:calibrate", &opts, err);
		if (!l->gen.ports[i])
			return err->code;
	}
	return 0;
}

/* All of it with both ports on the first core, or one on each of the first two. */
static int
run_cores(struct xd_gen *gen, const struct xd_calibrate_opts *opts, unsigned nb_cores,
	struct xd_error *err)
{
	struct loop l = {
		.gen = *gen,
		.opts = opts,
		.cores = nb_cores == 1 ? "one core" : "two cores",
		.traffic = {.sizes = opts->sizes,
			.flows = 1,
			.pattern = XD_PATTERN_PAIRS,
			.direction = XD_DIRECTION_ONE,
			.touch = XD_TOUCH_FULL},
	};
	int rc;

	l.gen.nb_ports = 2;
	l.gen.ports[0] = l.gen.ports[1] = NULL;
	l.gen.nb_cores = nb_cores;
	l.gen.probe = NULL; /* there is no switch */
	for (unsigned i = 0; i < 2; i++)
		l.gen.placement[i] = nb_cores == 2 ? gen->cores[i] : -1;
	rc = open_ports(&l, err);
	if (!rc)
		rc = run_all(&l, err);
	xd_gen_port_close(l.gen.ports[1]);
	xd_gen_port_close(l.gen.ports[0]);
	return rc;
}

int
xd_calibrate_run(struct xd_gen *gen, const struct xd_calibrate_opts *opts, struct xd_error *err)
{
	struct xd_error own = {0};
	int rc = run_cores(gen, opts, 1, &own);

	if (!rc && gen->nb_cores > 1)
		rc = run_cores(gen, opts, 2, &own);
	if (rc && err)
		*err = own;
	return rc;
}

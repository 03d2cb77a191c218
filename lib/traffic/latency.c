/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "stats/histogram.h"
#include "traffic/latency.h"
#include "traffic/learn.h"
#include "traffic/tsc.h"

#define LOST_S      0.1  /* a frame that is not there after so long is lost */
#define LOOK_UP_S   0.05 /* between looks at whether to go on */
#define REPORT_EACH 4    /* looks */

/* Round trips one after the other. */
struct trips {
	struct xd_gen *gen;
	struct xd_histogram *histogram; /* ns; NULL: warming up */
	uint64_t count, lost, max_count;
	uint64_t start, now, cycles, next_look, look_cycles, lost_cycles;
	unsigned looks;
	const char *what;
};

/* Sends a frame from one port and waits for it at the other. False when it is lost. */
static inline bool
leg(struct trips *t, struct xd_gen_port *from, struct xd_gen_port *to)
{
	uint64_t seen = to->received.frames, start = xd_tsc();

	while (xd_gen_port_send(from, 1) == 0)
		if (xd_tsc() - start > t->lost_cycles)
			return false;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	xd_gen_port_notify(from, true);
	for (unsigned i = 1;; i++) {
		if (xd_gen_port_receive(to, 1)) {
			if (to->received.frames != seen)
				return true;
		} else {
			__builtin_ia32_pause();
		}
		if (i % 256 == 0 && xd_tsc() - start > t->lost_cycles)
			return false;
	}
}

/* A frame that was given up and comes late would be taken for the next one. */
static int
recover(struct trips *t, struct xd_error *err)
{
	int rc = xd_gen_drain(t->gen, err);

	t->lost++;
	return rc ? rc : xd_gen_check_ports(t->gen, err);
}

static int
look_up(struct trips *t, struct xd_error *err)
{
	t->next_look = t->now + t->look_cycles;
	if (xd_gen_cancelled(t->gen))
		return xd_fail(err, -EINTR, "interrupted");
	if (t->looks++ % REPORT_EACH == 0)
		xd_gen_progress(t->gen, t->what, (double)(t->now - t->start) / (double)t->cycles);
	return xd_gen_check_ports(t->gen, err);
}

static int
run(struct trips *t, struct xd_error *err)
{
	struct xd_gen_port *a = t->gen->ports[0], *b = t->gen->ports[1];
	double ns_per_cycle = 1e9 / t->gen->tsc_hz;
	int rc = 0;

	t->start = t->now = t->next_look = xd_tsc();
	while (!rc && t->now - t->start < t->cycles && t->count < t->max_count) {
		uint64_t before = xd_tsc();
		bool back = leg(t, a, b) && leg(t, b, a);

		t->now = xd_tsc();
		if (back) {
			t->count++;
			if (t->histogram)
				xd_histogram_record(t->histogram,
					(uint64_t)((double)(t->now - before) * ns_per_cycle + 0.5));
		} else {
			rc = recover(t, err);
		}
		/* Receive buffers that were given back may be what the switch waits for. */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		xd_gen_port_notify(a, true);
		xd_gen_port_notify(b, true);
		if (!rc && t->now >= t->next_look)
			rc = look_up(t, err);
	}
	return rc;
}

static struct trips
trips(struct xd_gen *gen, double seconds, const char *what)
{
	return (struct trips){
		.gen = gen,
		.max_count = UINT64_MAX,
		.cycles = (uint64_t)(seconds * gen->tsc_hz),
		.look_cycles = (uint64_t)(LOOK_UP_S * gen->tsc_hz),
		.lost_cycles = (uint64_t)(LOST_S * gen->tsc_hz),
		.what = what,
	};
}

static void
fill(const struct trips *t, struct xd_latency_figures *f)
{
	const struct xd_histogram *h = t->histogram;

	f->count = t->count;
	f->lost = t->lost;
	f->min_ns = (double)xd_histogram_min(h);
	f->mean_ns = xd_histogram_mean(h);
	f->p50_ns = (double)xd_histogram_percentile(h, 50);
	f->p95_ns = (double)xd_histogram_percentile(h, 95);
	f->p99_ns = (double)xd_histogram_percentile(h, 99);
	f->p99_9_ns = (double)xd_histogram_percentile(h, 99.9);
	f->p99_99_ns = (double)xd_histogram_percentile(h, 99.99);
	f->max_ns = (double)xd_histogram_max(h);
	f->half_mean_ns = f->mean_ns / 2;
}

/* Learns both addresses and makes both ports ready to send. */
static int
prepare(struct xd_gen *gen, const struct xd_latency_opts *opts, uint32_t size, struct xd_error *err)
{
	struct xd_stream_opts streams[2];
	struct xd_learned learned = {0};
	int rc = 0;

	for (unsigned i = 0; i < 2; i++)
		streams[i] = (struct xd_stream_opts){.size = size,
			.flows = 1,
			.from = (uint8_t)i,
			.to = (uint8_t)xd_gen_peer(i)};
	for (unsigned i = 0; i < 2 && !rc; i++)
		rc = xd_learn(gen, &streams[i], &learned, err);
	for (unsigned i = 0; i < 2 && !rc; i++)
		rc = xd_gen_port_load(gen->ports[i], &streams[i], opts->touch, size, err);
	return rc;
}

static int
run_trial(struct xd_gen *gen, const struct xd_latency_opts *opts, uint32_t size, struct xd_row *row,
	struct xd_histogram *histogram, struct xd_error *err)
{
	struct trips warm = trips(gen, opts->warmup_s, "warm-up");
	struct trips t = trips(gen, opts->time_s, "measuring");
	struct xd_surroundings before;
	int rc = prepare(gen, opts, size, err), kept;

	if (!rc)
		rc = run(&warm, err);
	if (rc)
		return rc;
	if (opts->count)
		t.max_count = opts->count;
	t.histogram = histogram;
	xd_histogram_reset(histogram);
	xd_gen_look_before(gen, &before);
	rc = run(&t, err);
	row->time_s = (double)(t.now - t.start) / gen->tsc_hz;
	row->partial = rc != 0;
	if (row->time_s > 0)
		xd_gen_look_after(gen, &before, row);
	fill(&t, &row->latency);
	kept = gen->row(gen->ctx, row);
	return rc || !kept ? rc : xd_fail(err, kept, "no memory for a row");
}

int
xd_latency_run(struct xd_gen *gen, const struct xd_latency_opts *opts, struct xd_error *err)
{
	struct xd_histogram *histogram;
	int rc = 0;

	if (gen->nb_ports != 2)
		return xd_fail(err, -EINVAL, "latency needs two ports; give --port twice");
	histogram = xd_histogram_create();
	if (!histogram)
		return xd_fail(err, -ENOMEM, "no memory for a histogram");
	for (unsigned i = 0; i < opts->sizes.n && !rc; i++)
		for (unsigned trial = 1; trial <= opts->trials && !rc; trial++) {
			struct xd_row row = {
				.engine = XD_ENGINE_LATENCY,
				.trial = trial,
				.size = opts->sizes.bytes[i],
				.flows = 1,
				.touch = opts->touch,
			};

			rc = run_trial(gen, opts, row.size, &row, histogram, err);
		}
	xd_histogram_destroy(histogram);
	return rc;
}

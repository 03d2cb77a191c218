/* SPDX-License-Identifier: BSD-3-Clause */
/* The loop of round trips: one thread sends a frame, polls until it is there, has it sent back, and
 * records how long that took. A lost frame is waited for and counted. */
#include <errno.h>

#include "traffic/engine/round_trip.h"
#include "traffic/host/tsc.h"

#define LOST_S      1    /* a frame that is not there after so long is lost */
#define LOOK_UP_S   0.05 /* between looks at whether to go on */
#define REPORT_EACH 4    /* looks */

/* Round trips one after the other. */
struct trips {
	struct xd_gen *gen;
	const struct xd_round_trips_opts *opts;
	struct xd_gen_port *a, *b;
	struct xd_histogram *histogram; /* ns; or NULL */
	struct xd_round_trips *out;
	uint64_t start, now, cycles, next_look, look_cycles, lost_cycles;
	unsigned looks;
};

static inline void
set_time(struct xd_gen_port *from, uint64_t now)
{
	if (from->stream.list)
		from->stream.list->now = now;
}

/* Sends a frame from one port and waits for it at the other. False when it is lost. */
static inline bool
leg(struct trips *t, struct xd_gen_port *from, struct xd_gen_port *to)
{
	uint64_t seen = to->received.frames, start = xd_tsc();

	set_time(from, start);
	while (xd_gen_port_send(from, 1) == 0)
		if (xd_tsc() - start > t->lost_cycles)
			return false;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	xd_gen_port_notify(from, true);
	for (unsigned i = 1;; i++) {
		/* It may have come while this thread was kept from running: seen before it looks.
		 */
		const bool late = i % 256 == 0 && xd_tsc() - start > t->lost_cycles;

		if (xd_gen_port_receive(to, 1)) {
			if (to->received.frames != seen)
				return true;
		} else {
			__builtin_ia32_pause();
		}
		if (late)
			return false;
	}
}

/* A frame that was given up and comes late would be taken for the next one. */
static int
recover(struct trips *t, struct xd_error *err)
{
	int rc = xd_gen_drain(t->gen, err);

	t->out->lost++;
	return rc ? rc : xd_gen_check_ports(t->gen, err);
}

static int
look_up(struct trips *t, struct xd_error *err)
{
	t->next_look = t->now + t->look_cycles;
	if (xd_gen_cancelled(t->gen))
		return xd_fail(err, -EINTR, "interrupted");
	if (t->looks++ % REPORT_EACH == 0)
		xd_gen_progress(
			t->gen, t->opts->what, (double)(t->now - t->start) / (double)t->cycles);
	return xd_gen_check_ports(t->gen, err);
}

static int
run(struct trips *t, struct xd_error *err)
{
	double ns_per_cycle = 1e9 / t->gen->tsc_hz;
	uint64_t max = t->opts->count ? t->opts->count : UINT64_MAX;
	int rc = 0;

	t->start = t->now = t->next_look = xd_tsc();
	while (!rc && t->now - t->start < t->cycles && t->out->count < max) {
		uint64_t before = xd_tsc();
		bool back = leg(t, t->a, t->b) && (t->a == t->b || leg(t, t->b, t->a));

		t->now = xd_tsc();
		if (back) {
			t->out->count++;
			if (t->histogram)
				xd_histogram_record(t->histogram,
					(uint64_t)((double)(t->now - before) * ns_per_cycle + 0.5));
		} else {
			rc = recover(t, err);
		}
		/* Receive buffers that were given back may be what the switch waits for. */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		xd_gen_port_notify(t->a, true);
		xd_gen_port_notify(t->b, true);
		if (!rc && t->now >= t->next_look)
			rc = look_up(t, err);
	}
	return rc;
}

int
xd_round_trips(struct xd_gen *gen, const struct xd_round_trips_opts *opts,
	struct xd_histogram *histogram, struct xd_round_trips *out, struct xd_error *err)
{
	struct trips t = {
		.gen = gen,
		.opts = opts,
		.a = gen->ports[0],
		.b = gen->ports[gen->nb_ports > 1 ? 1 : 0],
		.histogram = histogram,
		.out = out,
		.cycles = (uint64_t)(opts->time_s * gen->tsc_hz),
		.look_cycles = (uint64_t)(LOOK_UP_S * gen->tsc_hz),
		.lost_cycles = (uint64_t)(LOST_S * gen->tsc_hz),
	};
	int rc;

	*out = (struct xd_round_trips){0};
	rc = run(&t, err);
	out->elapsed_s = (double)(t.now - t.start) / gen->tsc_hz;
	return rc;
}

int
xd_round_trips_unloaded(struct xd_gen *gen, const struct xd_traffic_opts *traffic, unsigned mix,
	double time_s, struct xd_times *times, struct xd_error *err)
{
	struct xd_round_trips_opts opts = {.time_s = time_s, .what = "round trips"};
	struct xd_traffic_opts both = *traffic;
	struct xd_histogram *histogram = xd_histogram_create();
	struct xd_trial *trial = NULL;
	struct xd_round_trips out;
	int rc = histogram ? 0 : xd_fail(err, -ENOMEM, "no memory for a histogram");

	both.pattern = XD_PATTERN_PAIRS;
	both.direction = XD_DIRECTION_BOTH;
	both.every = 0;
	if (!rc)
		trial = xd_trial_create(gen, &both, mix, 2, err);
	if (!rc && !trial)
		rc = err->code ? err->code : -EINVAL;
	if (!rc)
		rc = xd_trial_ready(trial, err);
	if (!rc)
		rc = xd_round_trips(gen, &opts, histogram, &out, err);
	if (histogram)
		xd_times_of(times, histogram);
	xd_trial_destroy(trial);
	xd_histogram_destroy(histogram);
	return rc;
}

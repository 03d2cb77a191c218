/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "traffic/lane.h"
#include "traffic/learn.h"
#include "traffic/rate.h"

#define L1_EXTRA     24    /* bytes: preamble 8, FCS 4, gap 12 */
#define WAITING_MUCH 0.10  /* of the generator's time: the switch is what was measured */
#define REACHED      0.995 /* of the rate asked for */

/* One trial at one size. */
struct trial {
	struct xd_gen *gen;
	const struct xd_rate_opts *opts;
	uint32_t size;
	struct xd_lane lanes[XD_GEN_CORES_MAX];
	struct xd_learned learned;
	struct xd_port_figures before[XD_GEN_PORTS_MAX], at_end[XD_GEN_PORTS_MAX];
};

static bool
sends(const struct trial *t, unsigned port)
{
	if (t->opts->pattern == XD_PATTERN_BROADCAST)
		return port == 0;
	return t->opts->direction == XD_DIRECTION_BOTH || port % 2 == 0;
}

static struct xd_stream_opts
stream_from(const struct trial *t, unsigned port, enum xd_pattern pattern)
{
	return (struct xd_stream_opts){
		.size = t->size,
		.flows = t->opts->flows,
		.flow_kind = t->opts->flow_kind,
		.pattern = pattern,
		.from = (uint8_t)port,
		.to = (uint8_t)xd_gen_peer(port),
	};
}

/* Every sender's addresses, and for unicast those that frames go to. */
static int
learn(struct trial *t, struct xd_error *err)
{
	bool broadcast = t->opts->pattern == XD_PATTERN_BROADCAST;
	int rc = 0;

	for (unsigned i = 0; i < (broadcast ? 1 : t->gen->nb_ports) && !rc; i++) {
		struct xd_stream_opts stream = stream_from(t, i, t->opts->pattern);

		rc = xd_learn(t->gen, &stream, &t->learned, err);
	}
	return rc;
}

static int
load(struct trial *t, struct xd_error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < t->gen->nb_ports && !rc; i++) {
		struct xd_stream_opts stream = stream_from(t, i, t->opts->pattern);

		rc = xd_gen_port_load(t->gen->ports[i], sends(t, i) ? &stream : NULL,
			t->opts->touch, t->size, err);
	}
	return rc;
}

static void
lay_lanes(struct trial *t, double seconds, const char *what)
{
	struct xd_gen *gen = t->gen;
	double pps = xd_rate_limit_pps(&t->opts->rate, t->size);

	memset(t->lanes, 0, sizeof(t->lanes));
	for (unsigned i = 0; i < gen->nb_cores; i++) {
		t->lanes[i].gen = gen;
		t->lanes[i].core = gen->cores[i];
		t->lanes[i].frames_per_cycle = pps / gen->tsc_hz;
		t->lanes[i].cycles = (uint64_t)(seconds * gen->tsc_hz);
	}
	t->lanes[0].what = what;
	for (unsigned i = 0; i < gen->nb_ports; i++) {
		struct xd_lane *lane = &t->lanes[i % gen->nb_cores];

		lane->ports[lane->nb_ports++] = gen->ports[i];
		if (sends(t, i))
			lane->senders[lane->nb_senders++] = gen->ports[i];
	}
}

static void
read_counts(const struct xd_gen *gen, struct xd_port_figures *figures)
{
	for (unsigned i = 0; i < gen->nb_ports; i++) {
		figures[i].sent_frames = gen->ports[i]->sent;
		figures[i].received_frames = gen->ports[i]->received.frames;
		figures[i].foreign_frames = gen->ports[i]->received.foreign;
	}
}

static bool
cancelled(const struct trial *t)
{
	for (unsigned i = 0; i < t->gen->nb_cores; i++)
		if (t->lanes[i].cancelled)
			return true;
	return false;
}

/* Figures per port: within the time for rates, and with what came after it for counts. */
static void
fill_ports(const struct trial *t, struct xd_rate_figures *f)
{
	struct xd_port_figures now[XD_GEN_PORTS_MAX];

	read_counts(t->gen, now);
	f->nb_ports = t->gen->nb_ports;
	for (unsigned i = 0; i < f->nb_ports; i++) {
		const struct xd_lane *lane = &t->lanes[i % t->gen->nb_cores];
		double s = (double)lane->elapsed_cycles / t->gen->tsc_hz;
		struct xd_port_figures *p = &f->ports[i];

		p->sent_frames = now[i].sent_frames - t->before[i].sent_frames;
		p->received_frames = now[i].received_frames - t->before[i].received_frames;
		p->foreign_frames = now[i].foreign_frames - t->before[i].foreign_frames;
		if (s <= 0)
			continue;
		p->sent_pps = (double)(t->at_end[i].sent_frames - t->before[i].sent_frames) / s;
		p->received_pps =
			(double)(t->at_end[i].received_frames - t->before[i].received_frames) / s;
	}
}

/* The generator was busy as far as the lane that waited least was. */
static double
waiting_share(const struct trial *t)
{
	double least = 1;

	for (unsigned i = 0; i < t->gen->nb_cores; i++) {
		const struct xd_lane *lane = &t->lanes[i];

		if (lane->elapsed_cycles && lane->nb_ports &&
			(double)lane->waiting_cycles / (double)lane->elapsed_cycles < least)
			least = (double)lane->waiting_cycles / (double)lane->elapsed_cycles;
	}
	return least;
}

static void
fill(const struct trial *t, struct xd_rate_figures *f)
{
	unsigned senders = 0;
	uint64_t expected;

	fill_ports(t, f);
	f->asked_pps = xd_rate_limit_pps(&t->opts->rate, t->size);
	for (unsigned i = 0; i < f->nb_ports; i++) {
		senders += sends(t, i);
		f->sent_frames += f->ports[i].sent_frames;
		f->sent_pps += f->ports[i].sent_pps;
		f->received_frames += f->ports[i].received_frames;
		f->pps += f->ports[i].received_pps;
	}
	expected = f->sent_frames;
	if (t->opts->pattern == XD_PATTERN_BROADCAST)
		expected *= f->nb_ports - 1;
	f->lost_frames = (int64_t)(expected - f->received_frames);
	f->l2_bps = f->pps * 8 * t->size;
	f->l1_bps = f->pps * 8 * (t->size + L1_EXTRA);
	f->learned_frames = t->learned.frames;
	f->learn_lost_frames = t->learned.lost;
	f->waiting_share = waiting_share(t);
	if (f->asked_pps > 0 && f->sent_pps >= REACHED * f->asked_pps * senders)
		f->bottleneck = XD_BOTTLENECK_ASKED;
	else
		f->bottleneck = f->waiting_share > WAITING_MUCH ? XD_BOTTLENECK_SWITCH
								: XD_BOTTLENECK_GENERATOR;
}

static int
warm_up(struct trial *t, struct xd_error *err)
{
	int rc;

	if (t->opts->warmup_s <= 0)
		return 0;
	lay_lanes(t, t->opts->warmup_s, "warm-up");
	rc = xd_lanes_run(t->lanes, t->gen->nb_cores, err);
	if (!rc && cancelled(t))
		rc = xd_fail(err, -EINTR, "interrupted");
	return rc ? rc : xd_gen_drain(t->gen, err);
}

/* The measured time. The row is worth handing over even when this fails. */
static int
measure(struct trial *t, struct xd_row *row, struct xd_error *err)
{
	struct xd_surroundings before;
	int rc, drained = 0;

	xd_gen_look_before(t->gen, &before);
	read_counts(t->gen, t->before);
	lay_lanes(t, t->opts->time_s, "measuring");
	rc = xd_lanes_run(t->lanes, t->gen->nb_cores, err);
	if (!rc && cancelled(t))
		rc = xd_fail(err, -EINTR, "interrupted");
	read_counts(t->gen, t->at_end);
	row->time_s = (double)t->lanes[0].elapsed_cycles / t->gen->tsc_hz;
	if (rc != -EPIPE)
		drained = xd_gen_drain(t->gen, rc ? NULL : err);
	xd_gen_look_after(t->gen, &before, row);
	fill(t, &row->rate);
	if (!rc)
		rc = drained;
	row->partial = rc != 0;
	return rc;
}

static int
run_trial(struct xd_gen *gen, const struct xd_rate_opts *opts, uint32_t size, unsigned number,
	struct xd_error *err)
{
	struct trial t = {.gen = gen, .opts = opts, .size = size};
	struct xd_row row = {
		.engine = XD_ENGINE_RATE,
		.trial = number,
		.size = size,
		.flows = opts->flows,
		.flow_kind = opts->flow_kind,
		.direction =
			opts->pattern == XD_PATTERN_BROADCAST ? XD_DIRECTION_ONE : opts->direction,
		.pattern = opts->pattern,
		.touch = opts->touch,
	};
	int rc = learn(&t, err), kept;

	if (!rc)
		rc = load(&t, err);
	if (!rc)
		rc = warm_up(&t, err);
	if (rc)
		return rc;
	rc = measure(&t, &row, err);
	kept = gen->row(gen->ctx, &row);
	if (!rc && kept)
		rc = xd_fail(err, kept, "no memory for a row");
	return rc;
}

int
xd_rate_check(const struct xd_gen *gen, const struct xd_rate_opts *opts, struct xd_error *err)
{
	if (gen->nb_ports < 2)
		return xd_fail(err, -EINVAL, "rate needs two ports or more; give --port twice");
	if (opts->pattern == XD_PATTERN_UNICAST && gen->nb_ports % 2)
		return xd_fail(err, -EINVAL,
			"%u ports: unicast goes between pairs; give one port more or less, or "
			"--pattern broadcast",
			gen->nb_ports);
	for (unsigned i = 0; i < gen->nb_ports && opts->touch == XD_TOUCH_NONE; i++)
		if (opts->flows > 1 && gen->ports[i]->ring_size &&
			opts->flows > gen->ports[i]->ring_size)
			return xd_fail(err, -EINVAL,
				"touch none sends buffers as they are: %s holds %u different "
				"flows, "
				"not %u; give --touch stamp",
				gen->ports[i]->name, gen->ports[i]->ring_size, opts->flows);
	return 0;
}

int
xd_rate_run(struct xd_gen *gen, const struct xd_rate_opts *opts, struct xd_error *err)
{
	int rc = xd_rate_check(gen, opts, err);

	for (unsigned i = 0; i < opts->sizes.n && !rc; i++)
		for (unsigned trial = 1; trial <= opts->trials && !rc; trial++)
			rc = run_trial(gen, opts, opts->sizes.bytes[i], trial, err);
	return rc;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The tcp engine: a row for each size of a message, each test and each trial. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/engine/tcp/bench.h"
#include "traffic/host/tsc.h"

#define L1_EXTRA 24   /* bytes: preamble 8, FCS 4, gap 12 */
#define OWN_STEP 7919 /* between the ports of rows: none is used again soon */

struct run {
	struct xd_gen *gen;
	const struct xd_tcp_run_opts *opts;
	struct xd_message_pattern *pattern;
	struct xd_histogram *times;
	uint16_t own_port; /* of the next row's first connection */
};

/* Of all ports, before and after what is measured. */
struct snapshot {
	struct xd_tcp_counts sum;           /* of all hosts */
	uint64_t limited_us[XD_TCP_LIMITS]; /* of those that send */
	uint64_t messages;                  /* where they count */
	uint64_t sent[XD_GEN_PORTS_MAX], received[XD_GEN_PORTS_MAX], bytes[XD_GEN_PORTS_MAX];
};

static void
add(struct snapshot *s, const struct xd_tcp_endpoint *e, const struct xd_tcp_counts *c)
{
	s->sum.data_frames += c->data_frames;
	s->sum.data_bytes += c->data_bytes;
	s->sum.retransmitted += c->retransmitted;
	s->sum.wrong_bytes += c->wrong_bytes;
	s->sum.wrong_frames += c->wrong_frames;
	s->sum.failed += c->failed;
	for (unsigned i = 0; i < XD_TCP_LIMITS && e->opts.talk != XD_TCP_LISTENS; i++)
		s->limited_us[i] += c->limited_us[i];
	if (e->opts.talk != XD_TCP_ANSWERS)
		s->messages += c->messages;
}

static void
take_snapshot(struct xd_tcp_bench *b, struct snapshot *s)
{
	struct xd_tcp_counts counts;

	memset(s, 0, sizeof(*s));
	for (unsigned i = 0; i < b->gen->nb_ports; i++) {
		const struct xd_gen_port *port = b->gen->ports[i];

		xd_tcp_endpoint_look(&b->ends[i], &counts);
		add(s, &b->ends[i], &counts);
		s->sent[i] = port->sent;
		s->received[i] = port->received.frames;
		s->bytes[i] = port->received.bytes;
	}
}

/* ---- A row ---- */

static void
fill_rate(const struct xd_gen *gen, const struct snapshot *a, const struct snapshot *z,
	struct xd_row *row)
{
	struct xd_rate_figures *f = &row->rate;
	uint64_t bytes = 0;

	f->nb_ports = gen->nb_ports;
	for (unsigned i = 0; i < gen->nb_ports; i++) {
		struct xd_port_figures *p = &f->ports[i];

		p->sent_frames = z->sent[i] - a->sent[i];
		p->received_frames = z->received[i] - a->received[i];
		p->sent_pps = (double)p->sent_frames / row->time_s;
		p->received_pps = (double)p->received_frames / row->time_s;
		f->sent_frames += p->sent_frames;
		f->received_frames += p->received_frames;
		bytes += z->bytes[i] - a->bytes[i];
	}
	f->sent_pps = (double)f->sent_frames / row->time_s;
	f->pps = (double)f->received_frames / row->time_s;
	f->l2_bps = 8 * (double)bytes / row->time_s;
	f->l1_bps = f->l2_bps + 8 * L1_EXTRA * f->pps;
}

static void
fill_limits(const struct snapshot *a, const struct snapshot *z, struct xd_tcp_figures *f)
{
	double all = 0, us[XD_TCP_LIMITS];

	for (unsigned i = 0; i < XD_TCP_LIMITS; i++) {
		us[i] = (double)(z->limited_us[i] - a->limited_us[i]);
		all += us[i];
	}
	if (all <= 0)
		return;
	f->limited_receiver = us[XD_TCP_LIMIT_RECEIVER] / all;
	f->limited_congestion = us[XD_TCP_LIMIT_CONGESTION] / all;
	f->limited_core = us[XD_TCP_LIMIT_CALLER] / all;
	if (!strcmp(f->message.test, xd_message_test_name(XD_MESSAGE_BANDWIDTH)))
		f->limited_core += us[XD_TCP_LIMIT_NOTHING] / all; /* it had not written more */
}

static void
fill_impaired(const struct xd_tcp_bench *b, struct xd_tcp_figures *f)
{
	for (unsigned i = 0; i < b->gen->nb_ports; i++) {
		f->impaired_lost += b->ends[i].outbox->lost;
		f->impaired_dup += b->ends[i].outbox->duplicated;
		f->impaired_reordered += b->ends[i].outbox->reordered;
	}
}

static void
fill_own(const struct xd_tcp_bench *b, const struct snapshot *a, const struct snapshot *z,
	double time_s, struct xd_tcp_figures *f)
{
	const uint64_t frames = z->sum.data_frames - a->sum.data_frames;
	struct xd_message_figures *m = &f->message;

	strcpy(m->test, xd_message_test_name(b->test));
	strcpy(m->way, xd_message_way_name(b->opts->message.way));
	m->message_bytes = b->message_bytes;
	m->streams = xd_tcp_bench_streams(b);
	m->verified = b->opts->message.verify;
	m->messages = z->messages - a->messages;
	m->messages_s = (double)m->messages / time_s;
	m->bps = 8 * (double)b->message_bytes * m->messages_s;
	f->mss = b->ends[0].tcp[b->ends[0].station.host.nb_v4 == 0].mss - XD_TCP_TS_BYTES;
	f->retransmitted = z->sum.retransmitted - a->sum.retransmitted;
	if (frames)
		f->segment_bytes = (double)(z->sum.data_bytes - a->sum.data_bytes) / (double)frames;
	fill_limits(a, z, f);
	fill_impaired(b, f);
}

static void
fill_times(struct run *r, const struct xd_tcp_bench *b, struct xd_row *row)
{
	if (b->test != XD_MESSAGE_LATENCY)
		return;
	xd_histogram_reset(r->times);
	for (unsigned i = 0; i < r->gen->nb_ports; i++)
		if (b->ends[i].answers)
			xd_histogram_merge(r->times, b->ends[i].answers);
	xd_message_times(row, r->times);
}

static void
describe(const struct xd_tcp_bench *b, struct xd_row *row)
{
	row->engine = &xd_tcp_engine;
	row->size = b->opts->frame_bytes;
	row->flows = xd_tcp_bench_streams(b);
	row->flow_kind = XD_FLOW_L4;
	row->touch = b->opts->message.touch;
	row->direction = b->test == XD_MESSAGE_LATENCY || b->opts->message.way == XD_MESSAGE_BOTH
				 ? XD_DIRECTION_BOTH
				 : XD_DIRECTION_ONE;
	for (unsigned i = 0; i < b->gen->nb_ports; i++)
		xd_rings_add(&row->rings, b->gen->ports[i]);
}

/* Connections are there; what is measured is what happens now. */
static int
measure(struct run *r, struct xd_tcp_bench *b, struct xd_row *row, struct xd_error *err)
{
	const struct xd_message_opts *o = &r->opts->message;
	struct snapshot before, after, end;
	struct xd_tcp_figures figures = {0};
	struct xd_surroundings around;
	int rc = o->warmup_s > 0 ? xd_tcp_bench_run(b, o->warmup_s, "warm-up", err) : 0;

	if (rc)
		return rc;
	for (unsigned i = 0; i < r->gen->nb_ports; i++)
		if (b->ends[i].answers)
			xd_histogram_reset(b->ends[i].answers);
	xd_gen_look_before(r->gen, &around);
	take_snapshot(b, &before);
	rc = xd_tcp_bench_run(b, o->time_s, "measuring", err);
	if (rc == -EINTR && r->opts->until_stopped)
		rc = 0;
	take_snapshot(b, &after);
	row->time_s = b->ran_s;
	row->partial = rc != 0;
	if (row->time_s <= 0)
		return rc;
	xd_gen_look_after(r->gen, &around, row);
	fill_rate(r->gen, &before, &after, row);
	fill_own(b, &before, &after, row->time_s, &figures);
	fill_times(r, b, row);
	if (!rc && !xd_gen_cancelled(r->gen))
		rc = xd_tcp_bench_close(b, err);
	take_snapshot(b, &end); /* what was still on its way is looked at, too */
	figures.message.wrong_bytes = end.sum.wrong_bytes;
	figures.wrong_frames = end.sum.wrong_frames;
	figures.failed = end.sum.failed;
	memcpy(row->own, &figures, sizeof(figures));
	return rc;
}

static int
run_row(struct run *r, enum xd_message_test test, uint64_t bytes, unsigned trial,
	struct xd_error *err)
{
	struct xd_tcp_bench b = {.gen = r->gen,
		.opts = r->opts,
		.pattern = r->pattern,
		.test = test,
		.message_bytes = bytes};
	struct xd_row row = {.trial = trial};
	int rc = xd_tcp_bench_create(&b, err), kept;

	r->own_port = (uint16_t)(r->own_port + OWN_STEP);
	if (!rc)
		rc = xd_tcp_bench_connect(&b, r->own_port, err);
	if (!rc)
		rc = measure(r, &b, &row, err);
	if (row.time_s > 0) {
		describe(&b, &row);
		kept = r->gen->row(r->gen->ctx, &row);
		if (!rc && kept)
			rc = xd_fail(err, kept, "no memory for a row");
	}
	if (!rc)
		rc = xd_gen_drain(r->gen, err);
	xd_tcp_bench_destroy(&b);
	return rc;
}

static int
check(const struct xd_gen *gen, const struct xd_tcp_run_opts *opts, struct xd_error *err)
{
	if (gen->nb_ports != 1 && gen->nb_ports % 2)
		return xd_fail(
			err, -EINVAL, "tcp has one port, or pairs of them, not %u", gen->nb_ports);
	if (opts->has_peer && gen->nb_ports != 1)
		return xd_fail(err, -EINVAL,
			"--connect goes with one port: of two, the second is connected to");
	for (unsigned i = 0; i < gen->nb_ports; i++)
		if (gen->ports[i]->max_frame < opts->frame_bytes)
			return xd_fail(err, -EINVAL,
				"%s: frames of %u bytes are too long for it: it carries %u",
				gen->ports[i]->name, opts->frame_bytes, gen->ports[i]->max_frame);
	return 0;
}

static int
run_all(struct run *r, struct xd_error *err)
{
	const struct xd_message_opts *o = &r->opts->message;
	int rc = 0;

	for (unsigned test = 0; test < XD_MESSAGE_TESTS; test++)
		for (unsigned i = 0; i < o->sizes.n && !xd_gen_cancelled(r->gen); i++)
			for (unsigned n = 1; o->tests[test] && n <= o->trials && !rc; n++)
				rc = run_row(r, test, o->sizes.mix[i].bytes[0], n, err);
	return rc;
}

int
xd_tcp_run(struct xd_gen *gen, const struct xd_tcp_run_opts *opts, struct xd_error *err)
{
	struct run r = {.gen = gen, .opts = opts, .own_port = (uint16_t)(xd_tsc() >> 10)};
	int rc = check(gen, opts, err);

	if (rc)
		return rc;
	r.pattern = xd_message_pattern_create();
	r.times = xd_histogram_create();
	rc = r.pattern && r.times ? run_all(&r, err)
				  : xd_fail(err, -ENOMEM, "no memory for messages");
	free(r.pattern);
	xd_histogram_destroy(r.times);
	return rc;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The udp engine: a row for each size of a message, each test and each trial. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/engine/udp/bench.h"
#include "traffic/host/tsc.h"
#include "traffic/trial/counts.h"

#define OWN_STEP 7919 /* between the ports of rows: none is used again soon */

struct run {
	struct xd_gen *gen;
	const struct xd_udp_run_opts *opts;
	struct xd_message_pattern *pattern;
	struct xd_histogram *times;
	uint16_t own_port; /* of the next row's first stream */
};

/* Of all hosts. */
static struct xd_udp_talk_counts
sum_counts(const struct xd_udp_bench *b)
{
	struct xd_udp_talk_counts sum = {0};

	for (unsigned i = 0; i < b->gen->nb_ports; i++) {
		const struct xd_udp_talk_counts *c = &b->ends[i].talk.counts;
		const enum xd_udp_role role = xd_udp_bench_role(b, i);

		sum.sent += role == XD_UDP_ANSWERS && b->gen->nb_ports > 1 ? 0 : c->sent;
		sum.received += role == XD_UDP_ANSWERS && b->gen->nb_ports > 1 ? 0 : c->received;
		sum.lost += c->lost;
		sum.late += c->late;
		sum.reordered += c->reordered;
		sum.duplicated += c->duplicated;
		sum.wrong_bytes += c->wrong_bytes;
		sum.strange += c->strange;
	}
	return sum;
}

static void
reset(struct xd_udp_bench *b)
{
	for (unsigned i = 0; i < b->gen->nb_ports; i++) {
		b->ends[i].host.counts = (struct xd_udp_counts){0};
		xd_udp_talk_reset(&b->ends[i].talk);
	}
}

/* ---- A row ---- */

static void
describe(const struct xd_udp_bench *b, struct xd_row *row)
{
	row->size = b->opts->hosts.frame_bytes;
	row->flows = xd_message_hosts_streams(&b->opts->hosts, b->gen->nb_ports);
	row->flow_kind = XD_FLOW_L4;
	row->touch = XD_TOUCH_FULL;
	row->direction = b->test == XD_MESSAGE_LATENCY || b->opts->message.way == XD_MESSAGE_BOTH
				 ? XD_DIRECTION_BOTH
				 : XD_DIRECTION_ONE;
	for (unsigned i = 0; i < b->gen->nb_ports; i++)
		xd_rings_add(&row->rings, b->gen->ports[i]);
}

/* Within the time. */
static void
fill_messages(const struct xd_udp_bench *b, double time_s, struct xd_udp_figures *f)
{
	const struct xd_udp_talk_counts c = sum_counts(b);
	struct xd_message_figures *m = &f->message;
	const bool sends_alone = b->gen->nb_ports == 1 && xd_udp_bench_role(b, 0) == XD_UDP_SENDS;

	strcpy(m->test, xd_message_test_name(b->test));
	strcpy(m->way, xd_message_way_name(b->opts->message.way));
	strcpy(f->counted, sends_alone ? "sender" : "receiver");
	m->message_bytes = b->message_bytes;
	m->streams = xd_message_hosts_streams(&b->opts->hosts, b->gen->nb_ports);
	m->verified = b->opts->message.verify;
	m->messages = sends_alone ? c.sent : c.received;
	m->messages_s = (double)m->messages / time_s;
	m->bps = 8 * (double)b->message_bytes * m->messages_s;
	f->sent_messages = c.sent;
	f->sent_bps = 8 * (double)b->message_bytes * (double)c.sent / time_s;
	f->datagrams = b->ends[0].talk.parts.n;
}

static void
fill_jitter(const struct xd_udp_bench *b, struct xd_udp_figures *f)
{
	unsigned n = 0;

	for (unsigned i = 0; i < b->gen->nb_ports; i++) {
		const double ns = xd_udp_talk_jitter_ns(&b->ends[i].talk);

		if (ns < 0)
			continue;
		f->jitter_ns += ns;
		n++;
	}
	f->has_jitter = n > 0;
	if (n)
		f->jitter_ns /= n;
}

/* When all has come. A request is lost when its time is over; a message, when it has not come until
 * now. Repeats of datagrams too short for a number look like more than were sent. */
static void
fill_faults(const struct xd_udp_bench *b, struct xd_udp_figures *f)
{
	const struct xd_udp_talk_counts c = sum_counts(b);

	f->lost_messages = b->test == XD_MESSAGE_LATENCY ? c.lost
			   : c.sent > c.received         ? c.sent - c.received
							 : 0;
	if (c.sent)
		f->loss_ratio = (double)f->lost_messages / (double)c.sent;
	f->has_order = xd_udp_parts_marked(&b->ends[0].talk.parts) && c.received;
	f->reordered = c.reordered;
	f->duplicated = c.duplicated;
	f->late = c.late;
	f->strange = c.strange;
	f->message.wrong_bytes = c.wrong_bytes;
	for (unsigned i = 0; i < b->gen->nb_ports; i++) {
		const struct xd_udp_host *h = &b->ends[i].host;
		const struct xd_fragments_counts *g = xd_fragments_counts(h->fragments);

		f->fragments += h->counts.fragments;
		f->not_reassembled += g->overlaps + g->timed_out + g->pushed;
		f->wrong_frames += h->counts.wrong + g->wrong;
		f->impaired_lost += h->outbox.lost;
		f->impaired_dup += h->outbox.duplicated;
		f->impaired_reordered += h->outbox.reordered;
	}
}

static void
fill_times(struct run *r, const struct xd_udp_bench *b, struct xd_row *row)
{
	if (b->test != XD_MESSAGE_LATENCY)
		return;
	xd_histogram_reset(r->times);
	for (unsigned i = 0; i < r->gen->nb_ports; i++)
		if (b->ends[i].talk.answers)
			xd_histogram_merge(r->times, b->ends[i].talk.answers);
	xd_message_times(row, r->times);
	row->latency.lost = sum_counts(b).lost;
}

/* Streams are there; what is measured is what happens now. Nothing is on its way when it begins,
 * and what is when it ends is waited for, to tell what is lost. */
static int
measure(struct run *r, struct xd_udp_bench *b, struct xd_row *row, struct xd_error *err)
{
	const struct xd_message_opts *o = &r->opts->message;
	struct xd_udp_figures figures = {0};
	struct xd_gen_counts before, after;
	struct xd_surroundings around;
	int rc = 0;

	if (o->warmup_s > 0)
		rc = xd_message_lanes_run(&b->lanes, o->warmup_s, "warm-up", err);
	if (!rc && o->warmup_s > 0 && !r->opts->until_stopped)
		rc = xd_udp_bench_settle(b, err);
	if (rc)
		return rc;
	reset(b);
	xd_gen_look_before(r->gen, &around);
	xd_gen_count(r->gen, &before);
	rc = xd_message_lanes_run(&b->lanes, o->time_s, "measuring", err);
	if (rc == -EINTR && r->opts->until_stopped)
		rc = 0;
	xd_gen_count(r->gen, &after);
	row->time_s = b->lanes.ran_s;
	row->partial = rc != 0;
	if (row->time_s <= 0)
		return rc;
	describe(b, row);
	xd_gen_look_after(r->gen, &around, row);
	xd_gen_fill_rate(r->gen, &before, &after, row);
	fill_messages(b, row->time_s, &figures);
	fill_jitter(b, &figures);
	fill_times(r, b, row);
	if (!rc && !xd_gen_cancelled(r->gen))
		rc = xd_udp_bench_settle(b, err);
	fill_faults(b, &figures);
	memcpy(row->own, &figures, sizeof(figures));
	return rc;
}

static int
run_row(void *ctx, enum xd_message_test test, uint64_t bytes, unsigned trial, struct xd_error *err)
{
	struct run *r = ctx;
	struct xd_udp_bench b = {.gen = r->gen,
		.opts = r->opts,
		.pattern = r->pattern,
		.test = test,
		.message_bytes = bytes,
		.own_port = r->own_port};
	struct xd_row row = {.engine = &xd_udp_engine, .trial = trial};
	int rc = xd_udp_bench_create(&b, err);

	r->own_port = (uint16_t)(r->own_port + OWN_STEP);
	if (!rc)
		rc = xd_udp_bench_connect(&b, err);
	if (!rc)
		rc = measure(r, &b, &row, err);
	if (row.time_s > 0)
		rc = xd_gen_keep_row(r->gen, &row, rc, err);
	if (!rc)
		rc = xd_gen_drain(r->gen, err);
	xd_udp_bench_destroy(&b);
	return rc;
}

int
xd_udp_run(struct xd_gen *gen, const struct xd_udp_run_opts *opts, struct xd_error *err)
{
	struct xd_udp_run_opts mine = *opts;
	struct run r = {.gen = gen, .opts = &mine, .own_port = (uint16_t)(xd_tsc() >> 10)};
	int rc = xd_message_hosts_check(gen, &opts->hosts, "udp", err);

	if (rc)
		return rc;
	mine.hosts.streams = opts->message.streams;
	mine.hosts.verify = opts->message.verify;
	r.pattern = xd_message_pattern_create();
	r.times = xd_histogram_create();
	rc = r.pattern && r.times ? xd_message_run_rows(gen, &opts->message, run_row, &r, err)
				  : xd_fail(err, -ENOMEM, "no memory for messages");
	free(r.pattern);
	xd_histogram_destroy(r.times);
	return rc;
}

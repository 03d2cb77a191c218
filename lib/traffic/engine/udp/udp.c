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
	const struct xd_udp_talk_counts c = xd_udp_bench_counts(b);
	const uint64_t sent = c.sent - b->begun.sent, received = c.received - b->begun.received;
	struct xd_message_figures *m = &f->message;
	const bool sends_alone = xd_message_hosts_alone(&b->opts->hosts, b->gen->nb_ports) &&
				 xd_udp_bench_role(b, 0) == XD_UDP_SENDS;

	strcpy(m->test, xd_message_test_name(b->test));
	strcpy(m->way, xd_message_way_name(b->opts->message.way));
	strcpy(f->counted, sends_alone ? "sender" : "receiver");
	m->message_bytes = b->message_bytes;
	m->streams = xd_message_hosts_streams(&b->opts->hosts, b->gen->nb_ports);
	m->verified = b->opts->message.verify;
	m->messages = sends_alone ? sent : received;
	m->messages_s = (double)m->messages / time_s;
	m->bps = 8 * (double)b->message_bytes * m->messages_s;
	f->sent_messages = sent;
	f->sent_bps = 8 * (double)b->message_bytes * (double)sent / time_s;
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
	const struct xd_udp_talk_counts c = xd_udp_bench_counts(b);

	f->lost_messages = b->test == XD_MESSAGE_LATENCY ? c.lost
			   : c.sent > c.received         ? c.sent - c.received
							 : 0;
	if (c.sent)
		f->loss_ratio = (double)f->lost_messages / (double)c.sent;
	f->all_sent = c.sent;
	f->all_received = c.received;
	f->is_marked = xd_udp_parts_marked(&b->ends[0].talk.parts);
	f->has_order = f->is_marked && c.received;
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
		f->impaired_lost += h->outbox.lost + h->impaired.lost;
		f->impaired_dup += h->outbox.duplicated + h->impaired.duplicated;
		f->impaired_reordered += h->outbox.reordered + h->impaired.reordered;
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
	row->latency.lost = xd_udp_bench_counts(b).lost - b->begun.lost;
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
		rc = xd_udp_bench_settle(b, XD_MESSAGE_QUIET, err);
	if (!rc)
		rc = xd_udp_bench_begin(b, err);
	if (rc)
		return rc;
	xd_gen_look_before(r->gen, &around);
	xd_gen_count(r->gen, &before);
	rc = xd_message_lanes_run(&b->lanes, o->time_s, "measuring", err);
	if (rc == -EINTR && r->opts->until_stopped)
		rc = 0;
	xd_gen_count(r->gen, &after);
	row->time_s = b->lanes.ran_s;
	if (row->time_s <= 0)
		return rc;
	describe(b, row);
	xd_gen_look_after(r->gen, &around, row);
	xd_gen_fill_rate(r->gen, &before, &after, row);
	xd_message_lanes_limit(&b->lanes, row);
	fill_messages(b, row->time_s, &figures);
	fill_jitter(b, &figures);
	fill_times(r, b, row);
	if (!rc)
		rc = xd_message_meet(&b->lanes, XD_MESSAGE_END, err);
	if (!rc && !xd_gen_cancelled(r->gen))
		rc = xd_udp_bench_settle(b, XD_MESSAGE_DONE, err);
	row->partial = rc != 0;
	fill_faults(b, &figures);
	memcpy(row->own, &figures, sizeof(figures));
	return rc;
}

/* What is lost only both ends know, of messages that are not asked for. */
static void
merge(struct xd_row *row, const struct xd_row *far)
{
	struct xd_udp_figures f, other;

	memcpy(&f, row->own, sizeof(f));
	memcpy(&other, far->own, sizeof(other));
	xd_message_merge(&f.message, &other.message);
	f.sent_messages += other.sent_messages;
	f.sent_bps += other.sent_bps;
	f.all_sent += other.all_sent;
	f.all_received += other.all_received;
	if (strcmp(f.message.test, xd_message_test_name(XD_MESSAGE_LATENCY)))
		f.lost_messages = f.all_sent > f.all_received ? f.all_sent - f.all_received : 0;
	f.loss_ratio = f.all_sent ? (double)f.lost_messages / (double)f.all_sent : 0;
	if (other.jitter_ns > 0) {
		f.jitter_ns = f.has_jitter ? (f.jitter_ns + other.jitter_ns) / 2 : other.jitter_ns;
		f.has_jitter = true;
	}
	f.has_order |= f.is_marked && other.all_received;
	f.reordered += other.reordered;
	f.duplicated += other.duplicated;
	f.late += other.late;
	f.fragments += other.fragments;
	f.not_reassembled += other.not_reassembled;
	f.strange += other.strange;
	f.wrong_frames += other.wrong_frames;
	f.impaired_lost += other.impaired_lost;
	f.impaired_dup += other.impaired_dup;
	f.impaired_reordered += other.impaired_reordered;
	memcpy(row->own, &f, sizeof(f));
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
		rc = xd_message_swap(r->opts->hosts.link, &row, rc, merge, err);
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
	/* With a link, both ends have to know it. */
	const uint64_t from = opts->hosts.link ? 0 : xd_tsc() >> 10;
	struct run r = {.gen = gen, .opts = &mine, .own_port = (uint16_t)from};
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

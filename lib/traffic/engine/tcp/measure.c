/* SPDX-License-Identifier: BSD-3-Clause */
/* What is measured on a bench: frames, and how the segments went. */
#include <string.h>

#include "traffic/engine/tcp/bench.h"

/* Of all hosts, before and after. */
struct snapshot {
	struct xd_gen_counts frames;
	struct xd_tcp_counts sum;
	uint64_t limited_us[XD_TCP_LIMITS]; /* of those that send */
};

static void
take_snapshot(struct xd_tcp_bench *b, struct snapshot *s)
{
	struct xd_tcp_counts c;

	memset(s, 0, sizeof(*s));
	xd_gen_count(b->gen, &s->frames);
	for (unsigned i = 0; i < b->gen->nb_ports; i++) {
		xd_tcp_endpoint_look(&b->ends[i], &c);
		s->sum.data_frames += c.data_frames;
		s->sum.data_bytes += c.data_bytes;
		s->sum.retransmitted += c.retransmitted;
		s->sum.wrong_bytes += c.wrong_bytes;
		s->sum.wrong_frames += c.wrong_frames;
		s->sum.failed += c.failed;
		for (unsigned k = 0; k < XD_TCP_LIMITS && !b->takes[i]; k++)
			s->limited_us[k] += c.limited_us[k];
	}
}

static void
fill_limits(const struct xd_tcp_bench *b, const struct snapshot *a, const struct snapshot *z,
	struct xd_tcp_path *p)
{
	double all = 0, us[XD_TCP_LIMITS];

	for (unsigned i = 0; i < XD_TCP_LIMITS; i++) {
		us[i] = (double)(z->limited_us[i] - a->limited_us[i]);
		all += us[i];
	}
	if (all <= 0)
		return;
	p->limited_receiver = us[XD_TCP_LIMIT_RECEIVER] / all;
	p->limited_congestion = us[XD_TCP_LIMIT_CONGESTION] / all;
	p->limited_core = us[XD_TCP_LIMIT_CALLER] / all;
	if (b->stream_bytes)
		p->limited_core += us[XD_TCP_LIMIT_NOTHING] / all;
}

static void
fill_path(const struct xd_tcp_bench *b, const struct snapshot *a, const struct snapshot *z,
	struct xd_tcp_path *p)
{
	const struct xd_tcp_endpoint *first = &b->ends[0];
	const uint64_t frames = z->sum.data_frames - a->sum.data_frames;

	p->mss = first->tcp[first->station.host.nb_v4 == 0].mss - XD_TCP_TS_BYTES;
	p->retransmitted = z->sum.retransmitted - a->sum.retransmitted;
	if (frames)
		p->segment_bytes = (double)(z->sum.data_bytes - a->sum.data_bytes) / (double)frames;
	fill_limits(b, a, z, p);
	for (unsigned i = 0; i < b->gen->nb_ports; i++) {
		const struct xd_outbox *out = &b->ends[i].outbox;
		const struct xd_impaired_sink *in = &b->ends[i].impaired;

		p->impaired_lost += out->lost + in->lost;
		p->impaired_dup += out->duplicated + in->duplicated;
		p->impaired_reordered += out->reordered + in->reordered;
	}
}

static void
describe(const struct xd_tcp_bench *b, struct xd_row *row)
{
	row->size = b->hosts->frame_bytes;
	row->flows = xd_tcp_bench_streams(b);
	row->flow_kind = XD_FLOW_L4;
	row->touch = b->hosts->touch;
	row->direction = XD_DIRECTION_BOTH;
	for (unsigned i = 0; i < b->gen->nb_ports; i++)
		xd_rings_add(&row->rings, b->gen->ports[i]);
}

int
xd_tcp_bench_measure(struct xd_tcp_bench *b, double warmup_s, double time_s,
	void (*reset)(void *ctx), void *ctx, struct xd_row *row, struct xd_tcp_path *path,
	struct xd_error *err)
{
	struct xd_surroundings around;
	struct snapshot before, after;
	int rc = warmup_s > 0 ? xd_message_lanes_run(&b->lanes, warmup_s, "warm-up", err) : 0;

	if (!rc)
		rc = xd_message_meet(&b->lanes, XD_MESSAGE_BEGIN, err);
	if (rc)
		return rc;
	reset(ctx);
	xd_gen_look_before(b->gen, &around);
	take_snapshot(b, &before);
	rc = xd_message_lanes_run(&b->lanes, time_s, "measuring", err);
	take_snapshot(b, &after);
	row->time_s = b->lanes.ran_s;
	row->partial = rc != 0;
	if (row->time_s <= 0)
		return rc;
	describe(b, row);
	xd_gen_look_after(b->gen, &around, row);
	xd_gen_fill_rate(b->gen, &before.frames, &after.frames, row);
	xd_message_lanes_limit(&b->lanes, row);
	fill_path(b, &before, &after, path);
	return rc;
}

/* Of a share of the time of each end that sends: both do, or one. */
static void
merge_limits(struct xd_tcp_path *p, const struct xd_tcp_path *far)
{
	const bool near_sends = p->limited_receiver + p->limited_congestion + p->limited_core > 0;
	const bool far_sends =
		far->limited_receiver + far->limited_congestion + far->limited_core > 0;
	const double part = near_sends && far_sends ? 0.5 : 1;

	p->limited_receiver = part * (p->limited_receiver + far->limited_receiver);
	p->limited_congestion = part * (p->limited_congestion + far->limited_congestion);
	p->limited_core = part * (p->limited_core + far->limited_core);
}

void
xd_tcp_path_merge(struct xd_tcp_path *path, const struct xd_tcp_path *far)
{
	merge_limits(path, far);
	if (path->segment_bytes > 0 && far->segment_bytes > 0)
		path->segment_bytes = (path->segment_bytes + far->segment_bytes) / 2;
	else
		path->segment_bytes += far->segment_bytes;
	path->retransmitted += far->retransmitted;
	path->wrong_frames += far->wrong_frames;
	path->failed += far->failed;
	path->impaired_lost += far->impaired_lost;
	path->impaired_dup += far->impaired_dup;
	path->impaired_reordered += far->impaired_reordered;
}

uint64_t
xd_tcp_bench_faults(struct xd_tcp_bench *b, struct xd_tcp_path *path)
{
	struct snapshot all;

	take_snapshot(b, &all); /* what was still on its way is looked at, too */
	path->wrong_frames = all.sum.wrong_frames;
	path->failed = all.sum.failed;
	return all.sum.wrong_bytes;
}

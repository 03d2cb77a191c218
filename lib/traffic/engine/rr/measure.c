/* SPDX-License-Identifier: BSD-3-Clause */
/* The figures of transactions. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "traffic/engine/message/message.h"
#include "traffic/engine/rr/measure.h"
#include "traffic/host/tsc.h"

#define SILENT_S 1 /* without an answer: the peer has gone */

/* ---- Before ---- */

void
xd_rr_tcp_reset(void *ctx)
{
	struct xd_rr_tcp *t = ctx;

	for (unsigned i = 0; i < XD_GEN_PORTS_MAX; i++) {
		t->exchanges[i].done = t->connects[i].done = 0;
		if (t->exchanges[i].answers)
			xd_histogram_reset(t->exchanges[i].answers);
		if (t->connects[i].answers)
			xd_histogram_reset(t->connects[i].answers);
	}
}

void
xd_rr_udp_reset(struct xd_rr_udp *u)
{
	for (unsigned i = 0; i < u->gen->nb_ports; i++) {
		u->ends[i].asks.counts = (struct xd_rr_datagram_counts){0};
		u->ends[i].asks.begun_at = xd_tsc();
		u->ends[i].answers.counts = (struct xd_rr_datagram_counts){0};
		if (u->ends[i].asks.answers)
			xd_histogram_reset(u->ends[i].asks.answers);
	}
}

/* ---- After ---- */

/* What all rows have: done of them, which took these times. */
static void
fill(const struct xd_rr_run *r, enum xd_rr_test test, unsigned outstanding, uint64_t done,
	const struct xd_histogram *times, struct xd_row *row, struct xd_rr_figures *f)
{
	const struct xd_rr_run_opts *o = r->opts;

	strcpy(f->test, xd_rr_test_name(test));
	f->outstanding = outstanding;
	f->streams = xd_message_hosts_streams(&o->hosts, r->gen->nb_ports);
	f->request_bytes = o->request_bytes;
	f->response_bytes = o->response_bytes;
	f->verified = o->hosts.verify;
	f->transactions = done;
	f->transactions_s = (double)done / row->time_s;
	f->request_bps = 8 * (double)o->request_bytes * f->transactions_s;
	f->response_bps = 8 * (double)o->response_bytes * f->transactions_s;
	f->asks = times != NULL;
	if (!times)
		return;
	xd_message_times(row, times);
	if (test == XD_RR_CONNECT)
		row->latency.half_mean_ns = 0;
	f->p90_ns = (double)xd_histogram_percentile(times, 90);
	f->stddev_ns = sqrt(xd_histogram_variance(times));
}

/* What took most of the time. Who asks has nothing to send while it waits for answers: those are
 * the limit, unless a core had no time to spare for what came. */
static void
fill_limit(const struct xd_message_lanes *lanes, struct xd_row *row, struct xd_rr_figures *f)
{
	const char *limit = "answers";
	double most = 0.5;

	xd_message_lanes_limit(lanes, row);
	if (row->rate.bottleneck == XD_BOTTLENECK_GENERATOR)
		limit = "core";
	if (f->path.limited_receiver > most) {
		most = f->path.limited_receiver;
		limit = "receiver";
	}
	if (f->path.limited_congestion > most)
		limit = "congestion";
	strcpy(f->limit, limit);
}

void
xd_rr_tcp_fill(const struct xd_rr_tcp *t, struct xd_row *row, struct xd_rr_figures *f)
{
	const struct xd_tcp_bench *b = &t->bench;
	struct xd_histogram *times = t->run->times;
	uint64_t done = 0, answered = 0;
	bool asks = false;

	xd_histogram_reset(times);
	for (unsigned i = 0; i < b->gen->nb_ports; i++) {
		const bool connects = t->connects[i].answers != NULL;

		if (!xd_tcp_bench_opens(b, i)) {
			answered += t->exchanges[i].done;
			continue;
		}
		asks = true;
		done += connects ? t->connects[i].done : t->exchanges[i].done;
		xd_histogram_merge(
			times, connects ? t->connects[i].answers : t->exchanges[i].answers);
	}
	fill(t->run, t->test, t->outstanding, asks ? done : answered, asks ? times : NULL, row, f);
	fill_limit(&b->lanes, row, f);
}

void
xd_rr_udp_fill(const struct xd_rr_run *r, const struct xd_rr_udp *u, struct xd_row *row,
	struct xd_rr_figures *f)
{
	uint64_t done = 0, answered = 0;
	bool asks = false;

	xd_histogram_reset(r->times);
	for (unsigned i = 0; i < u->gen->nb_ports; i++) {
		const struct xd_rr_udp_end *e = &u->ends[i];

		answered += e->answers.counts.done;
		if (!e->asks.answers)
			continue;
		asks = true;
		done += e->asks.counts.done;
		f->lost += e->asks.counts.lost;
		f->late += e->asks.counts.late;
		xd_histogram_merge(r->times, e->asks.answers);
	}
	f->is_udp = true;
	row->size = u->hosts->frame_bytes;
	row->flow_kind = XD_FLOW_L4;
	row->touch = u->hosts->touch;
	row->direction = XD_DIRECTION_BOTH;
	for (unsigned i = 0; i < u->gen->nb_ports; i++)
		xd_rings_add(&row->rings, u->gen->ports[i]);
	fill(r, XD_RR_UDP, u->outstanding, asks ? done : answered, asks ? r->times : NULL, row, f);
	row->flows = f->streams;
	fill_limit(&u->lanes, row, f);
}

void
xd_rr_udp_faults(const struct xd_rr_udp *u, struct xd_rr_figures *f)
{
	for (unsigned i = 0; i < u->gen->nb_ports; i++) {
		const struct xd_rr_udp_end *e = &u->ends[i];

		f->wrong_bytes += e->asks.counts.wrong_bytes + e->answers.counts.wrong_bytes;
		f->strange += e->asks.counts.strange + e->answers.counts.strange;
		f->path.wrong_frames += e->host.counts.wrong;
		const struct xd_outbox *out = &e->host.outbox;
		const struct xd_impaired_sink *in = &e->host.impaired;

		f->path.impaired_lost += out->lost + in->lost;
		f->path.impaired_dup += out->duplicated + in->duplicated;
		f->path.impaired_reordered += out->reordered + in->reordered;
	}
}

int
xd_rr_udp_silent(const struct xd_rr_udp *u, struct xd_error *err)
{
	const uint64_t now = xd_tsc();

	for (unsigned i = 0; i < u->gen->nb_ports; i++) {
		const struct xd_rr_asks *a = &u->ends[i].asks;
		const double s = (double)(now - a->last_at) / u->gen->tsc_hz;

		if (a->answers && s > SILENT_S && s > 3 * u->wait_s)
			return xd_fail(err, -ETIMEDOUT,
				"no answer from port %u for %.1f s: the peer has gone, or sends "
				"back something else",
				u->hosts->port, s);
	}
	return 0;
}

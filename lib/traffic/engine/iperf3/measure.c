/* SPDX-License-Identifier: BSD-3-Clause */
/* A running test: what its streams send, and what is counted of them. */
#include <errno.h>
#include <sys/resource.h>
#include <time.h>

#include "traffic/engine/iperf3/host.h"

#define AHEAD    65536u /* bytes that are written before there is room to send them */
#define QUIET_S  120    /* in which nothing moves: iperf3's own limit */
#define BROKEN_S 0.5    /* for the peer to say why a stream has ended */
#define REST_S   5.0    /* for what is still on its way when so many bytes were to be sent */
#define SHORT    0.1    /* of an interval: the last one, with nothing in it, is not shown */

/* ---- Figures ---- */

/* Bytes of a client's streams begin with the cookie. */
static uint64_t
without_cookie(uint64_t bytes, bool cookie)
{
	const uint64_t n = cookie ? XD_IPERF3_COOKIE : 0;

	return bytes > n ? bytes - n : 0;
}

/* As of now, from its connection. */
static void
look(struct xd_iperf3_host *h, struct xd_iperf3_stream *stream)
{
	const struct xd_tcp_conn *c;

	if (!stream->session)
		return;
	c = &stream->session->conn;
	if (!stream->sends) {
		stream->now.bytes = without_cookie(xd_tcp_received(c), h->opts->server);
		return;
	}
	/* As iperf3 counts: what it was given, of which some may still be to leave. */
	stream->now.bytes = without_cookie((uint64_t)c->end - 1, !h->opts->server);
	stream->now.retransmits = c->retransmitted;
	stream->cwnd = c->cwnd;
	stream->wnd = c->wnd;
	stream->rtt_us = c->srtt_us;
	stream->rttvar_us = c->rttvar_us;
}

static struct xd_iperf3_figures
since(const struct xd_iperf3_figures *now, const struct xd_iperf3_figures *then)
{
	return (struct xd_iperf3_figures){
		.bytes = now->bytes - then->bytes,
		.retransmits = now->retransmits - then->retransmits,
		.packets = now->packets - then->packets,
		.lost = now->lost - then->lost,
		.out_of_order = now->out_of_order - then->out_of_order,
	};
}

static uint32_t
larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* A sender's path, once an interval, as iperf3 does. */
static void
sample_path(struct xd_iperf3_stream *s)
{
	s->max_cwnd = larger(s->max_cwnd, s->cwnd);
	s->max_wnd = larger(s->max_wnd, s->wnd);
	s->max_rtt_us = larger(s->max_rtt_us, s->rtt_us);
	if (s->nb_rtt == 0 || s->rtt_us < s->min_rtt_us)
		s->min_rtt_us = s->rtt_us;
	s->sum_rtt_us += s->rtt_us;
	s->nb_rtt++;
	s->mean_rtt_us = (uint32_t)(s->sum_rtt_us / s->nb_rtt);
}

/* All bytes that have moved since the streams began, their acknowledgements included. */
static uint64_t
look_at_all(struct xd_iperf3_host *h)
{
	uint64_t moved = 0;

	for (unsigned i = 0; i < h->run.nb_streams; i++) {
		struct xd_iperf3_stream *s = &h->run.streams[i];

		look(h, s);
		moved += s->now.bytes;
		if (s->session)
			moved += xd_tcp_delivered(&s->session->conn);
	}
	return moved;
}

static double
seconds(uint64_t from_us, uint64_t to_us)
{
	return to_us > from_us ? (double)(to_us - from_us) / 1e6 : 0;
}

static void
used(double cpu[3])
{
	struct rusage usage;
	struct timespec now;

	getrusage(RUSAGE_SELF, &usage);
	clock_gettime(CLOCK_MONOTONIC, &now);
	cpu[0] = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
	cpu[1] = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6;
	cpu[2] = (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
}

/* ---- Intervals ---- */

static void
end_interval(struct xd_iperf3_host *h)
{
	struct xd_iperf3_run *run = &h->run;

	run->from_s = seconds(h->start_us, h->mark_us);
	run->to_s = seconds(h->start_us, h->e.now_us);
	for (unsigned i = 0; i < run->nb_streams; i++) {
		struct xd_iperf3_stream *s = &run->streams[i];

		s->interval = since(&s->now, &s->mark);
		s->mark = s->now;
		if (s->sends)
			sample_path(s);
	}
	h->mark_us = h->e.now_us;
	h->opts->watch->interval(h->opts->watch->ctx, run);
}

/* What came so far does not count. */
static void
begin_counting(struct xd_iperf3_host *h)
{
	look_at_all(h);
	h->start_us = h->mark_us = h->e.now_us;
	for (unsigned i = 0; i < h->run.nb_streams; i++)
		h->run.streams[i].base = h->run.streams[i].mark = h->run.streams[i].now;
	used(h->cpu_begin);
}

void
xd_iperf3_measure_begin(struct xd_iperf3_host *h)
{
	const struct xd_tcp_session *first = h->run.streams[0].session;

	h->running = true;
	h->run.omitted = h->run.test.omit_s > 0;
	h->run.began_at = time(NULL);
	h->run.mss = first ? first->conn.mss : 0;
	for (unsigned i = 0; i < h->run.nb_streams && h->run.test.window; i++)
		if (h->run.streams[i].session)
			xd_tcp_set_window(&h->run.streams[i].session->conn, h->run.test.window);
	begin_counting(h);
	h->moved_us = h->e.now_us;
	h->opts->watch->began(h->opts->watch->ctx, &h->run);
}

/* ---- The end ---- */

void
xd_iperf3_measure_stop(struct xd_iperf3_host *h)
{
	struct xd_iperf3_run *run = &h->run;
	double cpu[3], last_s = seconds(h->mark_us, h->e.now_us);
	uint64_t bytes = 0;

	if (h->stopped)
		return;
	h->stopped = true;
	h->sending = false;
	if (!h->running)
		return;
	h->running = false;
	look_at_all(h);
	for (unsigned i = 0; i < run->nb_streams; i++) {
		struct xd_iperf3_stream *s = &run->streams[i];

		s->total = since(&s->now, &s->base);
		bytes += s->now.bytes - s->mark.bytes;
	}
	run->time_s = seconds(h->start_us, h->e.now_us);
	used(cpu);
	for (unsigned i = 1; i < 3 && cpu[0] > h->cpu_begin[0]; i++)
		run->cpu[i] = 100 * (cpu[i] - h->cpu_begin[i]) / (cpu[0] - h->cpu_begin[0]);
	run->cpu[0] = run->cpu[1] + run->cpu[2];
	if (h->opts->interval_s > 0 && (bytes || last_s > SHORT * h->opts->interval_s))
		end_interval(h);
	else
		for (unsigned i = 0; i < run->nb_streams; i++)
			if (run->streams[i].sends && !run->streams[i].nb_rtt)
				sample_path(&run->streams[i]);
}

void
xd_iperf3_measure_gone(struct xd_iperf3_host *h, struct xd_iperf3_stream *stream)
{
	look(h, stream);
	stream->session = NULL;
	if (h->running && !h->broken_us)
		h->broken_us = h->e.now_us;
}

void
xd_iperf3_measure_tell(struct xd_iperf3_host *h)
{
	struct xd_iperf3_results *own = &h->control.own;

	*own = (struct xd_iperf3_results){
		.has_retransmits = !h->run.test.udp,
	};
	if (!h->run.test.udp)
		strcpy(own->congestion, "reno");
	memcpy(own->cpu, h->run.cpu, sizeof(own->cpu));
	for (unsigned i = 0; i < h->run.nb_streams; i++) {
		const struct xd_iperf3_stream *s = &h->run.streams[i];

		own->streams[own->n++] = (struct xd_iperf3_told){
			.id = s->id,
			.bytes = s->total.bytes,
			.retransmits =
				s->sends && !h->run.test.udp ? (int64_t)s->total.retransmits : -1,
			.jitter_s = s->jitter_s,
			.lost = s->now.lost > 0 ? (uint64_t)s->now.lost : 0,
			.packets = s->now.packets,
			.seconds = h->run.time_s,
		};
	}
}

void
xd_iperf3_measure_told(struct xd_iperf3_host *h)
{
	const struct xd_iperf3_results *peer = &h->control.peer;

	h->run.told = true;
	h->run.peer = *peer;
	for (unsigned i = 0; i < h->run.nb_streams; i++)
		for (unsigned k = 0; k < peer->n; k++)
			if (peer->streams[k].id == h->run.streams[i].id) {
				h->run.streams[i].peer = peer->streams[k];
				h->run.streams[i].told = true;
			}
}

/* ---- Time ---- */

/* Whether a client has what it was told to send, or to get: what is sent has arrived, then. */
static bool
all_moved(const struct xd_iperf3_host *h)
{
	const uint64_t limit = xd_iperf3_test_limit(&h->run.test);
	uint64_t sent = 0, received = 0;

	for (unsigned i = 0; i < h->run.nb_streams; i++) {
		const struct xd_iperf3_stream *s = &h->run.streams[i];
		const uint64_t bytes = s->now.bytes - s->base.bytes;

		if (!s->sends)
			received += bytes;
		else if (!s->session || !xd_tcp_pending(&s->session->conn))
			sent += bytes;
	}
	return limit && !h->run.omitted && (sent >= limit || received >= limit);
}

bool
xd_iperf3_measure_awaits(const struct xd_iperf3_host *h)
{
	return h->opts->server && h->running && !h->broken_us && !h->run.test.reverse &&
	       xd_iperf3_test_limit(&h->run.test) && !all_moved(h) &&
	       seconds(h->over_us, h->e.now_us) < REST_S;
}

static void
check_peer(struct xd_iperf3_host *h, uint64_t moved)
{
	if (moved != h->moved)
		h->moved_us = h->e.now_us;
	h->moved = moved;
	if (h->broken_us && seconds(h->broken_us, h->e.now_us) > BROKEN_S)
		xd_fail(&h->control.err, -ECONNRESET,
			"the %s has ended a stream while the test ran",
			h->opts->server ? "client" : "server");
	else if (seconds(h->moved_us, h->e.now_us) > QUIET_S)
		xd_fail(&h->control.err, -ETIMEDOUT,
			"nothing was sent or received for %d s: is the %s still there?", QUIET_S,
			h->opts->server ? "client" : "server");
	else
		return;
	xd_iperf3_host_fail(h);
}

/* Streams that wait for their rate's next block. */
static void
wake_paced(struct xd_iperf3_host *h)
{
	for (unsigned i = 0; i < h->run.nb_streams && h->sending && h->run.test.rate_bps; i++)
		if (h->run.streams[i].sends && h->run.streams[i].session)
			xd_tcp_endpoint_wake(&h->e, h->run.streams[i].session);
}

void
xd_iperf3_measure_tick(struct xd_iperf3_host *h)
{
	const struct xd_iperf3_test *test = &h->run.test;
	const double interval_s = h->opts->interval_s;
	const uint64_t moved = look_at_all(h);
	double passed_s = seconds(h->start_us, h->e.now_us);

	wake_paced(h);
	if (h->control.step == XD_IPERF3_STEP_FIGURES && h->over_us) {
		if (!xd_iperf3_measure_awaits(h))
			xd_iperf3_host_event(h, XD_IPERF3_FIGURES);
		return;
	}
	if (interval_s > 0 && seconds(h->mark_us, h->e.now_us) >= interval_s)
		end_interval(h);
	if (h->run.omitted && passed_s >= test->omit_s) {
		h->run.omitted = false;
		begin_counting(h);
		passed_s = 0;
	}
	if (!h->opts->server && h->sending && !h->run.omitted &&
		((test->time_s && passed_s >= test->time_s) || all_moved(h))) {
		xd_iperf3_measure_stop(h);
		xd_iperf3_control_end(&h->control, h->e.now_us);
		xd_iperf3_host_flush(h);
		return;
	}
	check_peer(h, moved);
}

/* ---- What streams send ---- */

/* Blocks that may be begun now. */
static uint64_t
blocks_due(const struct xd_iperf3_host *h, const struct xd_iperf3_stream *s)
{
	const struct xd_iperf3_test *test = &h->run.test;
	const uint64_t block = test->block_bytes, limit = xd_iperf3_test_limit(test);
	uint64_t n = block < AHEAD && !test->no_delay ? AHEAD / block : 1, due, written = 0;

	if (test->rate_bps) {
		due = (uint64_t)(seconds(h->start_us, h->e.now_us) * (double)test->rate_bps / 8);
		due += block + s->base.bytes;
		due = due > s->written ? (due - s->written) / block : 0;
		n = n < due ? n : due;
	}
	if (limit && !h->run.omitted) {
		for (unsigned i = 0; i < h->run.nb_streams; i++)
			if (h->run.streams[i].sends)
				written += h->run.streams[i].written - h->run.streams[i].base.bytes;
		due = written < limit ? (limit - written + block - 1) / block : 0;
		n = n < due ? n : due;
	}
	return n;
}

bool
xd_iperf3_measure_due(const struct xd_iperf3_host *h, const struct xd_iperf3_stream *s)
{
	return blocks_due(h, s) > 0;
}

bool
xd_iperf3_measure_write(struct xd_iperf3_host *h, struct xd_tcp_session *s)
{
	struct xd_iperf3_stream *stream = &h->run.streams[xd_iperf3_slot(h, s)->stream];
	const uint64_t unsent = xd_tcp_unsent(&s->conn);
	const bool alone = h->run.test.no_delay && h->run.test.block_bytes < s->conn.mss;
	uint64_t n;

	if (!h->sending || !stream->sends || unsent >= (alone ? 1 : AHEAD))
		return false;
	n = blocks_due(h, stream);
	if (n == 0)
		return false;
	stream->written += n * h->run.test.block_bytes;
	xd_tcp_write(&s->conn, n * h->run.test.block_bytes, h->e.now_us);
	return true;
}

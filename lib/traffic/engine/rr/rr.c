/* SPDX-License-Identifier: BSD-3-Clause */
/* The rr engine: a row for each test, number of outstanding requests and trial. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/engine/rr/measure.h"
#include "traffic/host/tsc.h"

#define OWN_STEP 7919 /* between the ports of rows: none is used again soon */

/* ---- A row over TCP ---- */

static int
prepare(struct xd_rr_tcp *t, struct xd_error *err)
{
	const struct xd_rr_run_opts *o = t->opts;
	struct xd_tcp_bench *b = &t->bench;
	int rc = 0;

	b->reopens = t->test == XD_RR_CONNECT;
	for (unsigned i = 0; i < b->gen->nb_ports && !rc; i++) {
		b->apps[i] = &t->exchanges[i].app;
		if (!xd_tcp_bench_opens(b, i)) {
			xd_tcp_exchange_init_answers(
				&t->exchanges[i], o->request_bytes, o->response_bytes);
		} else if (t->test == XD_RR_CONNECT) {
			b->apps[i] = &t->connects[i].app;
			rc = xd_rr_connects_init(
				&t->connects[i], o->request_bytes, o->response_bytes, err);
		} else {
			rc = xd_tcp_exchange_init_asks(&t->exchanges[i], o->request_bytes,
				o->response_bytes, t->outstanding, xd_tcp_bench_sessions(b, i),
				err);
		}
	}
	return rc;
}

static void
clean_up(struct xd_rr_tcp *t)
{
	for (unsigned i = 0; i < XD_GEN_PORTS_MAX; i++) {
		xd_tcp_exchange_fini(&t->exchanges[i]);
		xd_rr_connects_fini(&t->connects[i]);
	}
	xd_tcp_bench_destroy(&t->bench);
}

/* Of connections that are opened again and again, the first. */
static int
begin_connects(struct xd_rr_tcp *t, uint16_t own_port, struct xd_error *err)
{
	struct xd_tcp_bench *b = &t->bench;
	int route = xd_message_meet(&b->lanes, XD_MESSAGE_READY, err);

	for (unsigned i = 0; i < b->gen->nb_ports && route >= 0; i++) {
		if (!xd_tcp_bench_opens(b, i))
			continue;
		route = xd_tcp_bench_route(b, i, err);
		if (route >= 0)
			xd_rr_connects_begin(&t->connects[i], &b->ends[i], (unsigned)route,
				b->hosts->port, own_port, b->hosts->streams, &b->lanes.over);
	}
	return route < 0 ? route : 0;
}

/* -ECONNRESET: streams of tcp_crr have ended. */
static int
lost_streams(const struct xd_rr_tcp *t, struct xd_error *err)
{
	const struct xd_tcp_bench *b = &t->bench;
	enum xd_tcp_end why = XD_TCP_END_NONE;
	unsigned lost = 0;

	if (t->test != XD_RR_CONNECT)
		return xd_tcp_bench_lost(b, err);
	for (unsigned i = 0; i < b->gen->nb_ports; i++) {
		if (!xd_tcp_bench_opens(b, i) || t->connects[i].alive == b->hosts->streams)
			continue;
		lost += b->hosts->streams - t->connects[i].alive;
		why = t->connects[i].why;
	}
	return lost ? xd_tcp_bench_say_lost(b, lost, why, err) : 0;
}

static int
measure_tcp(struct xd_rr_tcp *t, struct xd_row *row, struct xd_error *err)
{
	const struct xd_rr_run_opts *o = t->opts;
	struct xd_rr_figures f = {0};
	int rc = xd_tcp_bench_measure(
		&t->bench, o->warmup_s, o->time_s, xd_rr_tcp_reset, t, row, &f.path, err);

	if (rc == -EINTR && o->until_stopped)
		rc = 0;
	if (!rc)
		rc = lost_streams(t, err);
	if (row->time_s <= 0)
		return rc;
	xd_rr_tcp_fill(t, row, &f);
	if (!rc && !xd_gen_cancelled(t->bench.gen))
		rc = xd_tcp_bench_close(&t->bench, err);
	row->partial = rc != 0;
	f.wrong_bytes = xd_tcp_bench_faults(&t->bench, &f.path);
	memcpy(row->own, &f, sizeof(f));
	return rc;
}

static int
run_tcp(struct xd_rr_run *r, enum xd_rr_test test, unsigned outstanding, struct xd_row *row,
	struct xd_error *err)
{
	struct xd_rr_tcp *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return xd_fail(err, -ENOMEM, "no memory for connections");
	t->run = r;
	t->opts = r->opts;
	t->test = test;
	t->outstanding = outstanding;
	t->bench = (struct xd_tcp_bench){
		.gen = r->gen, .hosts = &r->opts->hosts, .pattern = r->pattern};
	rc = prepare(t, err);
	if (!rc)
		rc = xd_tcp_bench_create(&t->bench, err);
	if (!rc)
		rc = test == XD_RR_CONNECT ? begin_connects(t, r->own_port, err)
					   : xd_tcp_bench_connect(&t->bench, r->own_port, err);
	if (!rc)
		rc = measure_tcp(t, row, err);
	clean_up(t);
	free(t);
	return rc;
}

/* ---- A row over UDP ---- */

static int
measure_udp(struct xd_rr_run *r, struct xd_rr_udp *u, struct xd_row *row, struct xd_error *err)
{
	const struct xd_rr_run_opts *o = r->opts;
	struct xd_rr_figures f = {0};
	struct xd_surroundings around;
	struct xd_gen_counts before, after;
	int rc = o->warmup_s > 0 ? xd_message_lanes_run(&u->lanes, o->warmup_s, "warm-up", err) : 0;

	if (!rc)
		rc = xd_message_meet(&u->lanes, XD_MESSAGE_BEGIN, err);
	if (rc)
		return rc;
	xd_rr_udp_reset(u);
	xd_gen_look_before(r->gen, &around);
	xd_gen_count(r->gen, &before);
	rc = xd_message_lanes_run(&u->lanes, o->time_s, "measuring", err);
	xd_gen_count(r->gen, &after);
	row->time_s = u->lanes.ran_s;
	if (rc == -EINTR && o->until_stopped)
		rc = 0;
	if (row->time_s <= 0)
		return rc;
	xd_gen_look_after(r->gen, &around, row);
	xd_gen_fill_rate(r->gen, &before, &after, row);
	xd_rr_udp_fill(r, u, row, &f);
	if (!rc)
		rc = xd_rr_udp_silent(u, err);
	if (!rc && !xd_gen_cancelled(r->gen))
		rc = xd_rr_udp_end(u, err);
	row->partial = rc != 0;
	xd_rr_udp_faults(u, &f);
	memcpy(row->own, &f, sizeof(f));
	return rc;
}

static int
run_udp(struct xd_rr_run *r, unsigned outstanding, struct xd_row *row, struct xd_error *err)
{
	const struct xd_rr_run_opts *o = r->opts;
	struct xd_rr_udp u = {
		.gen = r->gen,
		.hosts = &o->hosts,
		.datagrams = {o->request_bytes, o->response_bytes, r->pattern, o->hosts.verify},
		.outstanding = outstanding,
		.wait_s = o->wait_s,
	};
	int rc = xd_rr_udp_create(&u, err);

	if (!rc)
		rc = xd_rr_udp_begin(&u, (uint16_t)(XD_TCP_OWN_FIRST), err);
	if (!rc)
		rc = measure_udp(r, &u, row, err);
	xd_rr_udp_destroy(&u);
	return rc;
}

/* ---- All rows ---- */

/* Transactions and their times are counted where they were asked for. */
static void
merge(struct xd_row *row, const struct xd_row *far)
{
	struct xd_rr_figures f, other;

	memcpy(&f, row->own, sizeof(f));
	memcpy(&other, far->own, sizeof(other));
	f.wrong_bytes += other.wrong_bytes;
	f.strange += other.strange;
	xd_tcp_path_merge(&f.path, &other.path);
	if (!strcmp(f.limit, "answers") && !strcmp(other.limit, "core"))
		strcpy(f.limit, "core");
	memcpy(row->own, &f, sizeof(f));
}

static int
run_row(struct xd_rr_run *r, enum xd_rr_test test, unsigned outstanding, unsigned trial,
	struct xd_error *err)
{
	struct xd_row row = {.engine = &xd_rr_engine, .trial = trial};
	int rc;

	r->own_port = (uint16_t)(r->own_port + OWN_STEP);
	rc = test == XD_RR_UDP ? run_udp(r, outstanding, &row, err)
			       : run_tcp(r, test, outstanding, &row, err);
	if (row.time_s > 0)
		rc = xd_message_swap(r->opts->hosts.link, &row, rc, merge, err);
	if (row.time_s > 0)
		rc = xd_gen_keep_row(r->gen, &row, rc, err);
	return rc ? rc : xd_gen_drain(r->gen, err);
}

/* Whether all hosts talk by IPv6. */
static bool
is_v6(const struct xd_gen *gen, const struct xd_message_hosts *hosts)
{
	bool v6 = true;

	if (!xd_message_hosts_outside(hosts))
		return hosts->v6;
	for (unsigned i = 0; i < gen->nb_ports; i++)
		v6 = v6 && hosts->peers[i].v6;
	return v6;
}

static int
check(const struct xd_gen *gen, const struct xd_rr_run_opts *o, struct xd_error *err)
{
	const bool v6 = is_v6(gen, &o->hosts);
	const uint32_t most = xd_udp_max(v6);

	if (o->tests[XD_RR_UDP] && (o->request_bytes > most || o->response_bytes > most))
		return xd_fail(err, -EINVAL,
			"a datagram over IPv%d has at most %u bytes: ask udp_rr for less than %u",
			v6 ? 6 : 4, most,
			o->request_bytes > most ? o->request_bytes : o->response_bytes);
	if (o->tests[XD_RR_CONNECT] && o->hosts.streams > XD_RR_CONNECT_STREAMS_MAX)
		return xd_fail(err, -EINVAL, "tcp_crr has at most %u streams, not %u",
			XD_RR_CONNECT_STREAMS_MAX, o->hosts.streams);
	if (o->tests[XD_RR_UDP] && o->hosts.streams > XD_RR_UDP_STREAMS_MAX)
		return xd_fail(err, -EINVAL, "udp_rr has at most %u streams, not %u",
			XD_RR_UDP_STREAMS_MAX, o->hosts.streams);
	return xd_message_hosts_check(gen, &o->hosts, "rr", err);
}

static int
run_test(struct xd_rr_run *r, enum xd_rr_test test, struct xd_error *err)
{
	const struct xd_sizes *all = &r->opts->outstanding;
	const unsigned n = test == XD_RR_CONNECT ? 1 : all->n;
	int rc = 0;

	for (unsigned i = 0; i < n && !xd_gen_cancelled(r->gen); i++)
		for (unsigned k = 1; k <= r->opts->trials && !rc; k++)
			rc = run_row(
				r, test, test == XD_RR_CONNECT ? 1 : all->mix[i].bytes[0], k, err);
	return rc;
}

int
xd_rr_run(struct xd_gen *gen, const struct xd_rr_run_opts *opts, struct xd_error *err)
{
	struct xd_rr_run r = {.gen = gen, .opts = opts, .own_port = (uint16_t)(xd_tsc() >> 10)};
	int rc = check(gen, opts, err);

	if (rc)
		return rc;
	r.pattern = xd_message_pattern_create();
	r.times = xd_histogram_create();
	if (!r.pattern || !r.times)
		rc = xd_fail(err, -ENOMEM, "no memory for transactions");
	for (unsigned i = 0; i < XD_RR_TESTS && !rc; i++)
		if (opts->tests[i])
			rc = run_test(&r, i, err);
	free(r.pattern);
	xd_histogram_destroy(r.times);
	return rc;
}

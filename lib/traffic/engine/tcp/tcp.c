/* SPDX-License-Identifier: BSD-3-Clause */
/* The tcp engine: a row for each size of a message, each test and each trial. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/engine/tcp/exchange.h"
#include "traffic/engine/tcp/stream.h"
#include "traffic/engine/tcp/tcp.h"
#include "traffic/host/tsc.h"

#define OWN_STEP 7919 /* between the ports of rows: none is used again soon */

struct run {
	struct xd_gen *gen;
	const struct xd_tcp_run_opts *opts;
	struct xd_message_hosts hosts;
	struct xd_message_pattern *pattern;
	struct xd_histogram *times;
	uint16_t own_port; /* of the next row's first connection */
};

/* What a row's connections are used for, by port: one of either kind. */
struct apps {
	struct xd_tcp_streams streams[XD_GEN_PORTS_MAX];
	struct xd_tcp_exchange exchanges[XD_GEN_PORTS_MAX];
};

static int
prepare(struct run *r, struct xd_tcp_bench *b, struct apps *apps, enum xd_message_test test,
	uint64_t bytes, struct xd_error *err)
{
	const enum xd_message_way way = r->opts->message.way;
	int rc = 0;

	b->stream_bytes = test == XD_MESSAGE_BANDWIDTH ? bytes : 0;
	for (unsigned i = 0; i < r->gen->nb_ports && !rc; i++) {
		const bool opens = xd_tcp_bench_opens(b, i);
		const bool sends = way == XD_MESSAGE_BOTH || (way == XD_MESSAGE_FORWARD) == opens;

		b->takes[i] = test == XD_MESSAGE_BANDWIDTH && !sends;
		if (test == XD_MESSAGE_BANDWIDTH)
			xd_tcp_streams_init(&apps->streams[i], bytes, sends,
				xd_message_hosts_alone(&r->hosts, r->gen->nb_ports));
		else if (opens)
			rc = xd_tcp_exchange_init_asks(&apps->exchanges[i], bytes, bytes, 1,
				xd_tcp_bench_sessions(b, i), err);
		else
			xd_tcp_exchange_init_answers(&apps->exchanges[i], bytes, bytes);
		b->apps[i] = test == XD_MESSAGE_BANDWIDTH ? &apps->streams[i].app
							  : &apps->exchanges[i].app;
	}
	return rc;
}

static void
reset(void *ctx)
{
	struct apps *apps = ctx;

	for (unsigned i = 0; i < XD_GEN_PORTS_MAX; i++) {
		apps->streams[i].messages = 0;
		apps->exchanges[i].done = 0;
		if (apps->exchanges[i].answers)
			xd_histogram_reset(apps->exchanges[i].answers);
	}
}

/* ---- A row ---- */

static void
fill_messages(struct run *r, const struct xd_tcp_bench *b, const struct apps *apps,
	enum xd_message_test test, uint64_t bytes, struct xd_row *row, struct xd_message_figures *m)
{
	xd_histogram_reset(r->times);
	for (unsigned i = 0; i < r->gen->nb_ports; i++) {
		const struct xd_tcp_exchange *x = &apps->exchanges[i];

		m->messages += apps->streams[i].messages;
		if (!x->answers)
			continue;
		m->messages += x->done;
		xd_histogram_merge(r->times, x->answers);
	}
	strcpy(m->test, xd_message_test_name(test));
	strcpy(m->way, xd_message_way_name(r->opts->message.way));
	m->message_bytes = bytes;
	m->streams = xd_tcp_bench_streams(b);
	m->verified = r->hosts.verify;
	m->messages_s = (double)m->messages / row->time_s;
	m->bps = 8 * (double)bytes * m->messages_s;
	if (test == XD_MESSAGE_LATENCY)
		xd_message_times(row, r->times);
	else if (r->opts->message.way != XD_MESSAGE_BOTH)
		row->direction = XD_DIRECTION_ONE;
}

/* Connections are there; what is measured is what happens now. */
static int
measure(struct run *r, struct xd_tcp_bench *b, struct apps *apps, enum xd_message_test test,
	uint64_t bytes, struct xd_row *row, struct xd_error *err)
{
	const struct xd_message_opts *o = &r->opts->message;
	struct xd_tcp_figures figures = {0};
	int rc = xd_tcp_bench_measure(
		b, o->warmup_s, o->time_s, reset, apps, row, &figures.path, err);

	if (rc == -EINTR && r->opts->until_stopped)
		rc = 0;
	if (!rc)
		rc = xd_tcp_bench_lost(b, err);
	if (row->time_s <= 0)
		return rc;
	fill_messages(r, b, apps, test, bytes, row, &figures.message);
	if (!rc && !xd_gen_cancelled(r->gen))
		rc = xd_tcp_bench_close(b, err);
	row->partial = rc != 0;
	figures.message.wrong_bytes = xd_tcp_bench_faults(b, &figures.path);
	memcpy(row->own, &figures, sizeof(figures));
	return rc;
}

/* What came is counted where it came, answers where they were asked for. */
static void
merge(struct xd_row *row, const struct xd_row *far)
{
	struct xd_tcp_figures f, other;

	memcpy(&f, row->own, sizeof(f));
	memcpy(&other, far->own, sizeof(other));
	xd_message_merge(&f.message, &other.message);
	xd_tcp_path_merge(&f.path, &other.path);
	memcpy(row->own, &f, sizeof(f));
}

static int
run_row(void *ctx, enum xd_message_test test, uint64_t bytes, unsigned trial, struct xd_error *err)
{
	struct run *r = ctx;
	struct xd_tcp_bench b = {.gen = r->gen, .hosts = &r->hosts, .pattern = r->pattern};
	struct xd_row row = {.engine = &xd_tcp_engine, .trial = trial};
	struct apps apps = {0};
	int rc = prepare(r, &b, &apps, test, bytes, err);

	if (!rc)
		rc = xd_tcp_bench_create(&b, err);
	r->own_port = (uint16_t)(r->own_port + OWN_STEP);
	if (!rc)
		rc = xd_tcp_bench_connect(&b, r->own_port, err);
	if (!rc)
		rc = measure(r, &b, &apps, test, bytes, &row, err);
	if (row.time_s > 0)
		rc = xd_message_swap(r->hosts.link, &row, rc, merge, err);
	if (row.time_s > 0)
		rc = xd_gen_keep_row(r->gen, &row, rc, err);
	if (!rc)
		rc = xd_gen_drain(r->gen, err);
	xd_tcp_bench_destroy(&b);
	for (unsigned i = 0; i < XD_GEN_PORTS_MAX; i++)
		xd_tcp_exchange_fini(&apps.exchanges[i]);
	return rc;
}

int
xd_tcp_run(struct xd_gen *gen, const struct xd_tcp_run_opts *opts, struct xd_error *err)
{
	struct run r = {.gen = gen,
		.opts = opts,
		.hosts = opts->hosts,
		.own_port = (uint16_t)(xd_tsc() >> 10)};
	int rc = xd_message_hosts_check(gen, &opts->hosts, "tcp", err);

	if (rc)
		return rc;
	r.hosts.streams = opts->message.streams;
	r.hosts.verify = opts->message.verify;
	r.hosts.touch = opts->message.touch;
	r.pattern = xd_message_pattern_create();
	r.times = xd_histogram_create();
	rc = r.pattern && r.times ? xd_message_run_rows(gen, &opts->message, run_row, &r, err)
				  : xd_fail(err, -ENOMEM, "no memory for messages");
	free(r.pattern);
	xd_histogram_destroy(r.times);
	return rc;
}

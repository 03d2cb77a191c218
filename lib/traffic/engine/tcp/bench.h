/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts behind all ports, their connections made, and lanes that run them for a while: what a row
 * is measured on. Control. */
#ifndef XD_TRAFFIC_ENGINE_TCP_BENCH_H
#define XD_TRAFFIC_ENGINE_TCP_BENCH_H

#include "traffic/engine/tcp/endpoint.h"
#include "traffic/engine/tcp/tcp.h"
#include "traffic/trial/lane.h"

struct xd_tcp_bench {
	struct xd_gen *gen;
	const struct xd_tcp_run_opts *opts;
	const struct xd_message_pattern *pattern;
	enum xd_message_test test;
	uint64_t message_bytes;
	struct xd_tcp_endpoint *ends; /* by port */
	struct xd_timers *timers;     /* by lane */
	double ran_s;                 /* the last run of the lanes */
};

/* of->gen and what follows are set. -EINVAL, -EBUSY, -ENOMEM. */
int xd_tcp_bench_create(struct xd_tcp_bench *b, struct xd_error *err);
/* Also after it failed. */
void xd_tcp_bench_destroy(struct xd_tcp_bench *b);

/* Makes all connections. own_port: the first that is used. -ETIMEDOUT, -ECONNREFUSED,
 * -EHOSTUNREACH, or as xd_tcp_bench_run. */
int xd_tcp_bench_connect(struct xd_tcp_bench *b, uint16_t own_port, struct xd_error *err);
/* Lets all go on. -EINTR, -EPIPE. */
int xd_tcp_bench_run(
	struct xd_tcp_bench *b, double seconds, const char *what, struct xd_error *err);
/* Closes all, or resets what does not close in time. */
int xd_tcp_bench_close(struct xd_tcp_bench *b, struct xd_error *err);

/* Whether the host behind a port opens connections. */
static inline bool
xd_tcp_bench_opens(const struct xd_tcp_bench *b, unsigned port)
{
	return b->gen->nb_ports == 1 ? b->opts->has_peer : port % 2 == 0;
}

/* Connections of all pairs. */
static inline unsigned
xd_tcp_bench_streams(const struct xd_tcp_bench *b)
{
	return b->opts->message.streams * ((b->gen->nb_ports + 1) / 2);
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts behind all ports, their connections made, and lanes that run them for a while: what a row
 * is measured on. Control. */
#ifndef XD_TRAFFIC_ENGINE_TCP_BENCH_H
#define XD_TRAFFIC_ENGINE_TCP_BENCH_H

#include "traffic/engine/message/hosts.h"
#include "traffic/engine/message/lanes.h"
#include "traffic/engine/tcp/endpoint.h"
#include "traffic/engine/tcp/path.h"
#include "traffic/trial/counts.h"

#define XD_TCP_OWN_FIRST   1024u   /* of the ports that connections begin from, */
#define XD_TCP_OWN_PORTS   64000u  /* of so many */
#define XD_TCP_STREAMS_MAX 100000u /* of a pair of ports */

struct xd_tcp_bench {
	struct xd_gen *gen;
	const struct xd_message_hosts *hosts;
	const struct xd_message_pattern *pattern;
	const struct xd_tcp_app *apps[XD_GEN_PORTS_MAX]; /* of each port's host */
	bool takes[XD_GEN_PORTS_MAX]; /* it sends nothing: what keeps it from that is no matter */
	bool reopens; /* who opens does so for each connection that ends: it has room for one more,
		       * and what becomes of them is the application's */
	/* Messages of so many bytes that the others always have to send: what they did not was
	 * theirs. 0: they have none but what they are asked for. */
	uint64_t stream_bytes;
	struct xd_tcp_endpoint *ends; /* by port */
	struct xd_message_lanes lanes;
};

/* gen to streams are set. -EINVAL, -EBUSY, -ENOMEM. */
int xd_tcp_bench_create(struct xd_tcp_bench *b, struct xd_error *err);
/* Also after it failed. */
void xd_tcp_bench_destroy(struct xd_tcp_bench *b);

/* Where the host behind a port, which opens connections, connects to: of xd_tcp_endpoint_open, or
 * -EHOSTUNREACH, -EINVAL, -ENOBUFS, or as xd_message_lanes_run. */
int xd_tcp_bench_route(struct xd_tcp_bench *b, unsigned port, struct xd_error *err);
/* Makes all connections. own_port: the first that is used. -ETIMEDOUT, -ECONNREFUSED,
 * -EHOSTUNREACH, or as xd_message_lanes_run. */
int xd_tcp_bench_connect(struct xd_tcp_bench *b, uint16_t own_port, struct xd_error *err);
/* Closes all, or resets what does not close in time. -ETIMEDOUT: a peer did not answer; else as
 * xd_message_lanes_run. */
int xd_tcp_bench_close(struct xd_tcp_bench *b, struct xd_error *err);

/* Warms up, calls reset and lets all go on for time_s: what a row says of that, but for the
 * engine's own, and of the path. Nothing was measured if row->time_s is 0. As xd_message_lanes_run.
 */
int xd_tcp_bench_measure(struct xd_tcp_bench *b, double warmup_s, double time_s,
	void (*reset)(void *ctx), void *ctx, struct xd_row *row, struct xd_tcp_path *path,
	struct xd_error *err);
/* What has become of all of it since it was created: to be asked when all is closed. Returns how
 * many bytes were not what they should be. */
uint64_t xd_tcp_bench_faults(struct xd_tcp_bench *b, struct xd_tcp_path *path);

/* -ECONNRESET: of the connections that were made not all are there, for the peer's part. */
int xd_tcp_bench_lost(const struct xd_tcp_bench *b, struct xd_error *err);
/* The same of so many of them, and the reason of one. */
int xd_tcp_bench_say_lost(
	const struct xd_tcp_bench *b, unsigned lost, enum xd_tcp_end why, struct xd_error *err);

/* Whether the host behind a port opens connections. */
static inline bool
xd_tcp_bench_opens(const struct xd_tcp_bench *b, unsigned port)
{
	return xd_message_hosts_opens(b->hosts, b->gen->nb_ports, port);
}

/* Connections of all pairs. */
static inline unsigned
xd_tcp_bench_streams(const struct xd_tcp_bench *b)
{
	return xd_message_hosts_streams(b->hosts, b->gen->nb_ports);
}

/* That the host behind a port can have at once. */
uint32_t xd_tcp_bench_sessions(const struct xd_tcp_bench *b, unsigned port);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tcp engine: messages over TCP connections, both ends of which are ours (even ports open them,
 * odd ports accept), or one, the other being anybody's: with one port, a host that connects to a
 * peer, or one that is connected to.
 *
 * A message is complete when its last byte has arrived in order; a byte counts once.
 */
#ifndef XD_TRAFFIC_ENGINE_TCP_TCP_H
#define XD_TRAFFIC_ENGINE_TCP_TCP_H

#include "traffic/engine/message/message.h"
#include "traffic/engine/tcp/bench.h"

extern const struct xd_engine xd_tcp_engine;

struct xd_tcp_run_opts {
	struct xd_message_opts message;
	struct xd_message_hosts hosts; /* but for streams, verify and touch: the messages' are */
	bool until_stopped;            /* being told to stop is the end, of a port that listens */
};

/* In row.own; JSON: tcp. */
struct xd_tcp_figures {
	struct xd_message_figures message;
	struct xd_tcp_path path;
};

/* A row for each size, test and trial. -EINVAL; -ETIMEDOUT, -ECONNREFUSED, -EHOSTUNREACH: there is
 * no connection; else as xd_rate_run. */
int xd_tcp_run(struct xd_gen *gen, const struct xd_tcp_run_opts *opts, struct xd_error *err);

#endif

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
#include "traffic/engine/respond/ask.h"
#include "traffic/trial/gen.h"

#define XD_TCP_STREAMS_MAX 100000u /* of a pair of ports */

extern const struct xd_engine xd_tcp_engine;

struct xd_tcp_run_opts {
	struct xd_message_opts message;
	const char *addresses[XD_GEN_PORTS_MAX]; /* as of respond; NULL: one that is made up */
	bool v6;                                 /* of those that are made up */
	uint32_t frame_bytes; /* longest frame on the wire, without FCS: it gives the MSS */
	uint32_t window;      /* bytes, of each connection */
	bool nagle;
	const struct xd_impair *impair; /* by port, XD_GEN_PORTS_MAX of them */
	bool has_peer;                  /* one port: to connect to */
	struct xd_respond_target peer;
	uint16_t port;      /* that is connected to, or listened on */
	double timeout_s;   /* for connections to be made, and closed */
	bool until_stopped; /* being told to stop is the end, of a port that listens */
};

/* In row.own; JSON: tcp. */
struct xd_tcp_figures {
	struct xd_message_figures message;
	unsigned mss;              /* bytes of payload in a full segment */
	double segment_bytes;      /* of payload in a frame that was sent with any, on average */
	uint64_t retransmitted;    /* segments */
	double limited_receiver;   /* share of the time that what was sent waited for its window, */
	double limited_congestion; /* for the congestion window, */
	double limited_core;       /* for us */
	uint64_t wrong_frames;     /* that came: a checksum, a length */
	uint64_t failed;           /* connections that ended with an error */
	uint64_t impaired_lost, impaired_dup, impaired_reordered; /* segments; made by --impair */
};

/* A row for each size, test and trial. -EINVAL; -ETIMEDOUT, -ECONNREFUSED, -EHOSTUNREACH: there is
 * no connection; else as xd_rate_run. */
int xd_tcp_run(struct xd_gen *gen, const struct xd_tcp_run_opts *opts, struct xd_error *err);

#endif

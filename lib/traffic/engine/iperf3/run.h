/* SPDX-License-Identifier: BSD-3-Clause */
/* An iperf3 test as it is seen by whoever shows it: what was asked for, its streams, their figures.
 * Written by the port's thread, and shown by it. */
#ifndef XD_TRAFFIC_ENGINE_IPERF3_RUN_H
#define XD_TRAFFIC_ENGINE_IPERF3_RUN_H

#include "traffic/engine/iperf3/parameters.h"
#include "traffic/engine/iperf3/results.h"
#include "traffic/engine/tcp/session.h"

/* What one end has counted of a stream. */
struct xd_iperf3_figures {
	uint64_t bytes;             /* that it was given to send; or received, in order */
	uint64_t retransmits;       /* segments; of a sender */
	uint64_t packets;           /* datagrams: sent; or the highest number that came */
	int64_t lost, out_of_order; /* of a receiver; what came late is not lost any more */
};

struct xd_iperf3_stream {
	unsigned id; /* iperf3 has 1, 3, 4, 5, ... */
	bool sends;  /* this end does */
	uint16_t own_port, peer_port;
	struct xd_iperf3_figures total;    /* from the start on, without what is omitted */
	struct xd_iperf3_figures interval; /* the last one's */
	double jitter_s;
	uint32_t cwnd, wnd, rtt_us, rttvar_us; /* bytes; of a sender, now */
	uint32_t max_cwnd, max_wnd, max_rtt_us, min_rtt_us, mean_rtt_us; /* as of intervals */
	bool told;
	struct xd_iperf3_told peer; /* what the other end counted */

	/* The port's thread's own. */
	struct xd_tcp_session *session;           /* NULL: it is closed */
	struct xd_iperf3_figures now, base, mark; /* all in all; at the start; at an interval's */
	uint64_t written;                         /* bytes that were begun to be sent */
	uint64_t sum_rtt_us;
	unsigned nb_rtt;
	bool greets; /* of UDP: a hello is to be sent; jitter has begun, with */
	bool timed;
	double transit_s;
};

struct xd_iperf3_run {
	bool server;
	struct xd_iperf3_test test;
	char cookie[XD_IPERF3_COOKIE];
	bool v6;
	uint8_t own_address[XD_IP_ADDRESS], peer_address[XD_IP_ADDRESS]; /* as of a route */
	uint16_t port, peer_port; /* the server's; the client's of the control connection */
	unsigned mss;             /* bytes */
	int64_t began_at;         /* time(2) */
	unsigned nb_streams;
	struct xd_iperf3_stream streams[2 * XD_IPERF3_STREAMS_MAX];
	double from_s, to_s; /* the last interval */
	bool omitted;        /* it is */
	double time_s;       /* from the start, or the end of what is omitted, to the end */
	double cpu[3];       /* percent of a core: all, user, system */
	bool told;
	struct xd_iperf3_results peer;
	struct xd_error err; /* code 0: it went to its end */
};

/* All called by the port's thread. */
struct xd_iperf3_watch {
	void (*listening)(void *ctx, unsigned number); /* server: to its n-th test */
	void (*began)(void *ctx, const struct xd_iperf3_run *run);
	void (*interval)(void *ctx, const struct xd_iperf3_run *run);
	/* With figures, if it ever began; of a server that goes on, also when it failed. */
	void (*ended)(void *ctx, const struct xd_iperf3_run *run);
	/* Of a server, after that: what it has shown of the test, to be freed; NULL: nothing. json:
	 * it is a document, not lines. NULL: it does not tell. */
	char *(*output)(void *ctx, bool *json);
	void *ctx;
};

#endif

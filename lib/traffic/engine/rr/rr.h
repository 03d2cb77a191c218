/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The rr engine: transactions, each a request and its answer, as netperf's TCP_RR, TCP_CRR and
 * UDP_RR. Even ports ask and odd ports answer, or one port does either, the other end being
 * anybody's.
 *
 * Of tcp_rr and udp_rr up to `outstanding` requests of a stream are on their way (netperf's -b is
 * one less). A transaction of tcp_crr is a connection: opened, one request and its answer, closed
 * by who asked, until both ends have closed it.
 */
#ifndef XD_TRAFFIC_ENGINE_RR_RR_H
#define XD_TRAFFIC_ENGINE_RR_RR_H

#include "traffic/engine/tcp/bench.h"
#include "traffic/engine/tcp/exchange.h"
#include "traffic/frames/sizes.h"

#define XD_RR_OUTSTANDING_MAX     XD_TCP_OUTSTANDING_MAX
#define XD_RR_CONNECT_STREAMS_MAX 32000u /* half of the ports that connections begin from */
#define XD_RR_UDP_STREAMS_MAX     60000u /* each from a port of its own */

extern const struct xd_engine xd_rr_engine;

enum xd_rr_test { XD_RR_TCP, XD_RR_CONNECT, XD_RR_UDP, XD_RR_TESTS };

struct xd_rr_run_opts {
	struct xd_message_hosts hosts;
	bool tests[XD_RR_TESTS];
	struct xd_sizes outstanding; /* requests of a stream; a row for each, but of tcp_crr */
	uint32_t request_bytes, response_bytes;
	double wait_s; /* of udp_rr: after which an answer is lost */
	double time_s, warmup_s;
	unsigned trials;
	bool until_stopped; /* being told to stop is the end, of a port that listens */
};

/* In row.own; JSON: rr. */
struct xd_rr_figures {
	char test[16]; /* "tcp_rr", "tcp_crr", "udp_rr" */
	unsigned outstanding;
	unsigned streams; /* in all */
	uint64_t request_bytes, response_bytes;
	bool verified;
	uint64_t wrong_bytes; /* null unless it was verified */
	uint64_t transactions;
	double transactions_s;
	double request_bps, response_bps; /* bit/s of them, without headers */
	bool asks;                        /* the row's port, or one of them, does: it has times */
	double p90_ns, stddev_ns;         /* beside the row's latency; null: it only answers */
	char limit[16]; /* what kept it from more: "answers", "core", "receiver", "congestion" */
	bool is_udp;
	uint64_t lost, late, strange; /* of udp_rr, else null: answers that did not come in time,
				       * that came later; datagrams of another length or stream */
	struct xd_tcp_path path;      /* of udp_rr: but for faults, null */
};

/* "tcp_rr", ... */
const char *xd_rr_test_name(enum xd_rr_test test);

/* A row for each test, number of outstanding requests and trial. -EINVAL; -ETIMEDOUT,
 * -ECONNREFUSED, -EHOSTUNREACH: there is no connection; -ECONNRESET: the peer ended some, and the
 * last row is of what there was until then; else as xd_rate_run. */
int xd_rr_run(struct xd_gen *gen, const struct xd_rr_run_opts *opts, struct xd_error *err);

#endif

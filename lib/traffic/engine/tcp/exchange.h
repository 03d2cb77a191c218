/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests and their answers over a host's connections. Who asks has up to so many of a connection
 * on their way, as netperf's bursts; who answers sends an answer for each request that is complete.
 * They come in order, so that the oldest request is what an answer is for.
 *
 * The port's thread; control between runs.
 */
#ifndef XD_TRAFFIC_ENGINE_TCP_EXCHANGE_H
#define XD_TRAFFIC_ENGINE_TCP_EXCHANGE_H

#include "stats/histogram.h"
#include "traffic/engine/tcp/endpoint.h"

#define XD_TCP_OUTSTANDING_MAX 256u

struct xd_tcp_exchange {
	struct xd_tcp_app app; /* for the endpoint's options */
	uint64_t request_bytes, answer_bytes;
	uint32_t outstanding;
	uint64_t done;                /* requests that were answered, or came; only grows */
	struct xd_histogram *answers; /* nanoseconds until one had come; NULL: it answers */
	uint32_t mask;
	uint64_t *times; /* when requests were sent, mask + 1 of a session; NULL: in the session */
};

/* The exchange stays where it is while the endpoint has app. sessions: as the endpoint's. -ENOMEM.
 */
int xd_tcp_exchange_init_asks(struct xd_tcp_exchange *x, uint64_t request_bytes,
	uint64_t answer_bytes, uint32_t outstanding, uint32_t sessions, struct xd_error *err);
void xd_tcp_exchange_init_answers(
	struct xd_tcp_exchange *x, uint64_t request_bytes, uint64_t answer_bytes);
/* Of zeroes is fine. */
void xd_tcp_exchange_fini(struct xd_tcp_exchange *x);

#endif

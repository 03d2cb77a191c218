/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests and their answers in UDP datagrams: applications of udp/host.h. An answer begins with
 * the first bytes of its request, up to four, which are the request's number; by it an answer is
 * known that comes when it was given up, or in another order. Servers that send back what they get
 * will do as well.
 *
 * A request without an answer in time is lost, and counted, and the next one is sent.
 *
 * The port's thread; control between runs.
 */
#ifndef XD_TRAFFIC_ENGINE_RR_DATAGRAMS_H
#define XD_TRAFFIC_ENGINE_RR_DATAGRAMS_H

#include "stats/histogram.h"
#include "traffic/engine/message/pattern.h"
#include "traffic/engine/udp/host.h"

#define XD_RR_NUMBER  4     /* bytes, at most */
#define XD_RR_ANSWERS 1024u /* that wait to be sent; a power of two */

/* What both ends know. */
struct xd_rr_datagrams {
	uint32_t request_bytes, answer_bytes;
	const struct xd_message_pattern *pattern; /* of what follows the number */
	bool verify;
};

/* Figures that only grow. */
struct xd_rr_datagram_counts {
	uint64_t done;       /* requests that were answered, or came */
	uint64_t lost, late; /* answers that did not come in time; that came afterwards, or again */
	uint64_t strange;    /* datagrams of another length, port or number */
	uint64_t wrong_bytes;
};

struct xd_rr_request {
	uint64_t sent_at; /* time stamp counter */
	uint32_t number;
	uint32_t before, after; /* of those that wait for their answer, by when they were sent */
	bool waits;
};

struct xd_rr_asks {
	struct xd_rr_datagrams opts;
	struct xd_udp_app app; /* for the host's options */
	struct xd_ip_route route;
	uint16_t first_port, peer_port; /* of the first stream, each having the next; the peer's */
	uint32_t outstanding, n;        /* requests of a stream; of all */
	uint32_t stride;                /* of a request's numbers: a power of two */
	uint32_t number_mask;           /* bits of a number that there is room for */
	struct xd_rr_request *requests;
	uint32_t *ready, head, tail, mask; /* a ring of those to be sent; free running */
	uint32_t oldest, newest;           /* that wait; UINT32_MAX: none */
	uint64_t wait;                     /* cycles */
	uint64_t last_at; /* when the last answer came, late or not; time stamp counter */
	double ns_per_cycle;
	bool stopped; /* nothing more is sent */
	struct xd_histogram *answers;
	struct xd_rr_datagram_counts counts;
	uint64_t begun_at; /* what was asked before is not counted as lost; time stamp counter */
};

struct xd_rr_answer {
	struct xd_ip_route route;
	uint16_t from_port, to_port;
	uint8_t number[XD_RR_NUMBER];
};

struct xd_rr_answers {
	struct xd_rr_datagrams opts;
	struct xd_udp_app app;
	const struct xd_udp_host *host; /* that it is the application of */
	uint16_t port;                  /* that it answers at */
	uint32_t head, tail;            /* of the ring; free running */
	struct xd_rr_answer ring[XD_RR_ANSWERS];
	struct xd_rr_datagram_counts counts; /* strange: also when too many waited */
};

/* Both stay where they are while the host has app. -ENOMEM. */
int xd_rr_asks_init(struct xd_rr_asks *a, const struct xd_rr_datagrams *opts, uint32_t streams,
	uint32_t outstanding, double wait_s, double tsc_hz, struct xd_error *err);
void xd_rr_asks_fini(struct xd_rr_asks *a); /* of zeroes, too */
/* From here to there; then it asks. */
void xd_rr_asks_begin(struct xd_rr_asks *a, const struct xd_ip_route *route, uint16_t first_port,
	uint16_t peer_port);
void xd_rr_answers_init(struct xd_rr_answers *a, const struct xd_rr_datagrams *opts,
	const struct xd_udp_host *host, uint16_t port);

#endif

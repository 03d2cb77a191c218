/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages over a host's streams: an application of udp/host.h. A host sends them as fast as they
 * go, or takes them, or both; or it asks, one message of each stream at a time, and another answers
 * each with what came. An answer that does not come in time is lost, and the next is asked for.
 *
 * The port's thread; control between runs.
 */
#ifndef XD_TRAFFIC_ENGINE_UDP_TALK_H
#define XD_TRAFFIC_ENGINE_UDP_TALK_H

#include "stats/histogram.h"
#include "traffic/engine/message/pattern.h"
#include "traffic/engine/udp/host.h"
#include "traffic/engine/udp/streams.h"

enum xd_udp_role { XD_UDP_TAKES, XD_UDP_SENDS, XD_UDP_ASKS, XD_UDP_ANSWERS };

struct xd_udp_talk_opts {
	enum xd_udp_role role;
	uint64_t message_bytes;
	uint32_t longest; /* bytes of a datagram's payload */
	bool verify;
	uint32_t streams; /* at most */
	bool listens;     /* others begin streams, too, to this port: */
	uint16_t port;
	double wait_s; /* for an answer */
	const struct xd_message_pattern *pattern;
	double tsc_hz;
	struct xd_timers *timers; /* of the lane */
	unsigned tick_shift;
	const struct xd_udp_host *host; /* that it is the application of */
};

/* Figures that only grow. */
struct xd_udp_talk_counts {
	uint64_t sent;       /* messages, all of their datagrams */
	uint64_t received;   /* complete; of who asks, answers */
	uint64_t lost, late; /* answers that did not come in time; that came afterwards */
	uint64_t reordered, duplicated; /* datagrams that came: RFC 4737, RFC 5560 */
	uint64_t wrong_bytes;
	uint64_t strange; /* datagrams of no stream, or of another length */
};

struct xd_udp_talk {
	struct xd_udp_talk_opts opts;
	struct xd_udp_app app; /* for the host's options */
	struct xd_udp_parts parts;
	struct xd_udp_streams streams;
	uint32_t ready_head, ready_tail;
	bool stopped; /* nothing more is begun */
	double ns_per_cycle;
	struct xd_histogram *answers; /* ns, of who asks; else NULL */
	struct xd_udp_talk_counts counts;
	uint64_t begun_at; /* what was asked before is not counted as lost; time stamp counter */
};

/* The talk stays where it is. -ENOMEM. */
int xd_udp_talk_init(
	struct xd_udp_talk *t, const struct xd_udp_talk_opts *opts, struct xd_error *err);
void xd_udp_talk_fini(struct xd_udp_talk *t); /* of zeroes, too */

/* A stream that is there from the start. -ENOBUFS. */
int xd_udp_talk_open(struct xd_udp_talk *t, const struct xd_ip_route *route, uint16_t own_port,
	uint16_t peer_port);
/* No message is begun any more, or they are again. */
void xd_udp_talk_stop(struct xd_udp_talk *t, bool stop);
/* Forgets what was counted. */
void xd_udp_talk_reset(struct xd_udp_talk *t);
/* Times and jitter are from now on: forgets those of before. */
void xd_udp_talk_begin(struct xd_udp_talk *t);
/* RFC 3550's interarrival jitter, the mean of all streams; negative: nothing came that says when it
 * was sent. */
double xd_udp_talk_jitter_ns(const struct xd_udp_talk *t);

#endif

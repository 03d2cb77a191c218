/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages one after the other over a host's connections, as fast as they go; or what only takes
 * them. The port's thread; control between runs. */
#ifndef XD_TRAFFIC_ENGINE_TCP_STREAM_H
#define XD_TRAFFIC_ENGINE_TCP_STREAM_H

#include "traffic/engine/tcp/endpoint.h"

struct xd_tcp_streams {
	struct xd_tcp_app app; /* for the endpoint's options */
	uint64_t message_bytes;
	uint64_t messages; /* that came, complete, or were acknowledged; only grows */
};

/* The streams stay where they are while the endpoint has app. alone: the other end is somebody
 * else's, and messages count here when they were acknowledged, as well as when they came. */
void xd_tcp_streams_init(struct xd_tcp_streams *t, uint64_t message_bytes, bool sends, bool alone);

/* Whether a message of so many bytes is written now. Without Nagle's algorithm, one of less than a
 * segment leaves in a segment of its own: the next is written when it has left. */
static inline bool
xd_tcp_may_write(const struct xd_tcp_session *s, uint64_t bytes)
{
	return s->conn.opts->nagle || bytes >= s->conn.mss || xd_tcp_unsent(&s->conn) == 0;
}

/* How many more messages are complete now, of so many bytes each: s->next_done is the end of the
 * next one, and has been reached. */
static inline uint64_t
xd_tcp_complete(struct xd_tcp_session *s, uint64_t bytes)
{
	const uint64_t more = xd_tcp_received(&s->conn) - s->next_done;
	const uint64_t n = more < bytes ? 1 : 1 + more / bytes;

	s->next_done += n * bytes;
	return n;
}

#endif

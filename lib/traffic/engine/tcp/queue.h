/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections of a host in turn: a list through the table of them. A connection is in one queue at
 * a time. The port's thread; control between runs. */
#ifndef XD_TRAFFIC_ENGINE_TCP_QUEUE_H
#define XD_TRAFFIC_ENGINE_TCP_QUEUE_H

#include "traffic/engine/tcp/session.h"

struct xd_tcp_queue {
	uint32_t head, tail; /* places in the table; XD_TCP_NO_SESSION: it is empty */
};

#define XD_TCP_QUEUE_EMPTY                                                                         \
	(struct xd_tcp_queue)                                                                      \
	{                                                                                          \
		XD_TCP_NO_SESSION, XD_TCP_NO_SESSION                                               \
	}

static inline bool
xd_tcp_queue_is_empty(const struct xd_tcp_queue *q)
{
	return q->head == XD_TCP_NO_SESSION;
}

/* Behind the others. It is in no queue yet. */
static inline void
xd_tcp_queue_put(struct xd_tcp_queue *q, struct xd_tcp_sessions *t, struct xd_tcp_session *s)
{
	const uint32_t i = (uint32_t)(s - t->all);

	s->queued = true;
	s->next_ready = XD_TCP_NO_SESSION;
	if (xd_tcp_queue_is_empty(q))
		q->head = i;
	else
		t->all[q->tail].next_ready = i;
	q->tail = i;
}

/* The first; NULL: there is none. */
static inline struct xd_tcp_session *
xd_tcp_queue_take(struct xd_tcp_queue *q, struct xd_tcp_sessions *t)
{
	struct xd_tcp_session *s;

	if (xd_tcp_queue_is_empty(q))
		return NULL;
	s = &t->all[q->head];
	q->head = s->next_ready;
	s->queued = false;
	return s;
}

#endif

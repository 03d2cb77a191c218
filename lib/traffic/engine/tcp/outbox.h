/* SPDX-License-Identifier: BSD-3-Clause */
/* Segments of all connections of a host that are about to be sent, in order, and what happens to
 * them on purpose (frames/impair.h). The port's thread. */
#ifndef XD_TRAFFIC_ENGINE_TCP_OUTBOX_H
#define XD_TRAFFIC_ENGINE_TCP_OUTBOX_H

#include "traffic/engine/tcp/packet.h"
#include "traffic/frames/impair.h"

#define XD_TCP_OUTBOX 256 /* segments; a power of two */

/* Of a connection that may be gone when it is sent. */
struct xd_tcp_sending {
	struct xd_tcp_route route;
	uint16_t from_port, to_port;
	struct xd_tcp_segment segment;
};

struct xd_tcp_outbox {
	uint32_t head, tail; /* head: next to be sent; free running */
	struct xd_impair impair;
	uint64_t random;
	bool held;     /* one waits to be overtaken, */
	unsigned idle; /* for so many looks */
	uint64_t lost, duplicated, reordered;
	struct xd_tcp_sending hold;
	struct xd_tcp_sending slots[XD_TCP_OUTBOX];
};

/* impair may be NULL. The outbox is of zeroes. */
void xd_tcp_outbox_init(struct xd_tcp_outbox *o, const struct xd_impair *impair);
/* There is room: xd_tcp_outbox_has_room. */
void xd_tcp_outbox_put(struct xd_tcp_outbox *o, const struct xd_tcp_sending *s);
/* Looks at what was held for too long. */
void xd_tcp_outbox_look(struct xd_tcp_outbox *o);

static inline uint32_t
xd_tcp_outbox_count(const struct xd_tcp_outbox *o)
{
	return o->tail - o->head;
}

/* For one put, whatever is made of it. */
static inline bool
xd_tcp_outbox_has_room(const struct xd_tcp_outbox *o)
{
	return xd_tcp_outbox_count(o) + 3 <= XD_TCP_OUTBOX;
}

/* The next; there is one. It is as it is until the next put. */
static inline const struct xd_tcp_sending *
xd_tcp_outbox_take(struct xd_tcp_outbox *o)
{
	return &o->slots[o->head++ & (XD_TCP_OUTBOX - 1)];
}

#endif

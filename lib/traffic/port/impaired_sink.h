/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A sink (receive.h) before another one, which makes faults in what comes (frames/impair.h): frames
 * are lost, shown twice, or shown behind the next one, of which a copy is kept. So loss on the way
 * here can be tried where nothing on the way can be made to lose.
 *
 * The thread that drives the port.
 */
#ifndef XD_TRAFFIC_PORT_IMPAIRED_SINK_H
#define XD_TRAFFIC_PORT_IMPAIRED_SINK_H

#include "base/error.h"
#include "traffic/port/receive.h"

#define XD_IMPAIRED_SINK_LOOKS 1000 /* when nothing overtakes one that is held, it goes on */

struct xd_impaired_sink {
	struct xd_sink sink; /* the port's */
	struct xd_sink next;
	struct xd_impair impair;
	uint64_t random;
	uint64_t lost, duplicated, reordered;
	bool held;     /* one waits to be overtaken, */
	unsigned idle; /* for so many looks */
	struct xd_arrival hold;
	uint8_t *frame; /* its bytes; NULL: none is ever held */
};

/* -ENOMEM. */
int xd_impaired_sink_init(struct xd_impaired_sink *s, const struct xd_impair *impair,
	struct xd_sink next, struct xd_error *err);
/* The same, and is in the place of *sink then, if there are faults for what is received. impair may
 * be NULL. */
int xd_impaired_sink_insert(struct xd_impaired_sink *s, const struct xd_impair *impair,
	struct xd_sink *sink, struct xd_error *err);
void xd_impaired_sink_fini(struct xd_impaired_sink *s); /* of zeroes, too */

/* Shows the one that is held, now. */
void xd_impaired_sink_release(struct xd_impaired_sink *s);

/* Looks at what was held for too long. Also of zeroes. */
static inline void
xd_impaired_sink_look(struct xd_impaired_sink *s)
{
	if (s->held && ++s->idle > XD_IMPAIRED_SINK_LOOKS)
		xd_impaired_sink_release(s);
}

#endif

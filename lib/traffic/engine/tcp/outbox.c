/* SPDX-License-Identifier: BSD-3-Clause */
/* Faults in what is about to be sent. */
#include "traffic/engine/tcp/outbox.h"

#define HELD_LOOKS 1000 /* when nothing overtakes a segment that was held back, it goes on */

void
xd_tcp_outbox_init(struct xd_tcp_outbox *o, const struct xd_impair *impair)
{
	if (!impair)
		return;
	o->impair = *impair;
	o->random = xd_impair_begin(impair);
}

static void
push(struct xd_tcp_outbox *o, const struct xd_tcp_sending *s)
{
	o->slots[o->tail++ & (XD_TCP_OUTBOX - 1)] = *s;
}

static void
release(struct xd_tcp_outbox *o)
{
	o->held = false;
	push(o, &o->hold);
}

void
xd_tcp_outbox_put(struct xd_tcp_outbox *o, const struct xd_tcp_sending *s)
{
	const bool was_held = o->held;

	if (xd_impair_happens(&o->random, o->impair.loss)) {
		o->lost++;
		return;
	}
	if (!was_held && xd_impair_happens(&o->random, o->impair.reorder)) {
		o->reordered++;
		o->hold = *s;
		o->held = true;
		o->idle = 0;
		return;
	}
	push(o, s);
	if (xd_impair_happens(&o->random, o->impair.dup)) {
		o->duplicated++;
		push(o, s);
	}
	if (was_held)
		release(o);
}

void
xd_tcp_outbox_look(struct xd_tcp_outbox *o)
{
	if (o->held && ++o->idle > HELD_LOOKS)
		release(o);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Faults in what is received. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/port/impaired_sink.h"

#define ROOM 65562 /* bytes of the longest frame: virtio 1.2, 5.1.6.3.1 */

static void
show(struct xd_impaired_sink *s, const struct xd_arrival *frame)
{
	s->next.take(s->next.ctx, frame);
}

/* It lies where the next one will, or is given back: what is kept is a copy. */
static void
hold(struct xd_impaired_sink *s, const struct xd_arrival *frame)
{
	s->reordered++;
	memcpy(s->frame, frame->data, frame->len);
	s->hold = *frame;
	s->hold.data = s->frame;
	s->hold.gathered = false;
	s->held = true;
	s->idle = 0;
}

void
xd_impaired_sink_release(struct xd_impaired_sink *s)
{
	s->held = false;
	show(s, &s->hold);
}

static void
take(void *ctx, const struct xd_arrival *frame)
{
	struct xd_impaired_sink *s = ctx;
	const bool was_held = s->held;

	if (xd_impair_happens(&s->random, s->impair.loss)) {
		s->lost++;
		return;
	}
	if (!was_held && frame->len <= ROOM && xd_impair_happens(&s->random, s->impair.reorder)) {
		hold(s, frame);
		return;
	}
	show(s, frame);
	if (xd_impair_happens(&s->random, s->impair.dup)) {
		s->duplicated++;
		show(s, frame);
	}
	if (was_held) {
		s->hold.now = frame->now;
		xd_impaired_sink_release(s);
	}
}

static void
end(void *ctx)
{
	struct xd_impaired_sink *s = ctx;

	s->next.end(s->next.ctx);
}

int
xd_impaired_sink_init(struct xd_impaired_sink *s, const struct xd_impair *impair,
	struct xd_sink next, struct xd_error *err)
{
	*s = (struct xd_impaired_sink){
		.sink = {.take = take, .ctx = s, .end = next.end ? end : NULL},
		.next = next,
		.impair = *impair,
		.random = xd_impair_begin_rx(impair),
	};
	if (impair->reorder <= 0)
		return 0;
	s->frame = malloc(ROOM);
	if (!s->frame)
		return xd_fail(err, -ENOMEM, "no memory for frames that are held");
	return 0;
}

int
xd_impaired_sink_insert(struct xd_impaired_sink *s, const struct xd_impair *impair,
	struct xd_sink *sink, struct xd_error *err)
{
	int rc;

	if (!impair || impair->direction == XD_IMPAIR_TX || !xd_impair_any(impair))
		return 0;
	rc = xd_impaired_sink_init(s, impair, *sink, err);
	*sink = s->sink;
	return rc;
}

void
xd_impaired_sink_fini(struct xd_impaired_sink *s)
{
	free(s->frame);
	s->frame = NULL;
	s->held = false;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When what is on its way was sent last: RFC 8985 (RACK-TLP), section 5.2, has a time for each
 * segment. Here a few stretches of sequence numbers, one behind the other, share one each, so that
 * a connection stays small however much it has sent: new data joins the stretch before it when
 * that has just been begun, and when there are too many, two neighbours become one. A stretch knows
 * when its first and its last segment were sent, and whoever asks takes the one that is on the safe
 * side: a loss is then found later, or by a timeout, but nothing is taken for lost that is not.
 *
 * Numbers and times are compared modulo 2^32. One thread.
 */
#ifndef XD_TRAFFIC_ENGINE_TCP_SENT_H
#define XD_TRAFFIC_ENGINE_TCP_SENT_H

#include <stddef.h>

#include "traffic/engine/tcp/ranges.h"

#define XD_TCP_SENT 4

/* From where the one before ends, or from the oldest that is not acknowledged. */
struct xd_tcp_stretch {
	uint32_t end; /* sequence number, exclusive */
	uint32_t first_us;
	uint32_t spread_us : 29; /* from the first to the last */
	uint32_t again : 1;      /* some of it was sent more than once */
	uint32_t mixed : 1;      /* not in the order of its numbers */
	uint32_t lost : 1;       /* all of it that the peer does not have */
};

struct xd_tcp_sent {
	struct xd_tcp_stretch at[XD_TCP_SENT];
};

/* All calls: *n is how many there are. */

/* Sent behind all others, up to `end`. grain_us: what joins a stretch was sent so soon after its
 * first. */
void xd_tcp_sent_add(struct xd_tcp_sent *s, uint8_t *n, uint32_t end, uint32_t now_us,
	uint32_t grain_us, bool again);
/* The same for what most is: sent once, when nothing else is on its way, or right behind the last
 * and soon after it. False: it is not, and nothing was changed. */
static inline bool
xd_tcp_sent_join(struct xd_tcp_sent *s, uint8_t *n, uint32_t begin, uint32_t end, uint32_t now_us,
	uint32_t grain_us)
{
	struct xd_tcp_stretch *last = &s->at[*n ? *n - 1 : 0];

	if (!*n) {
		*last = (struct xd_tcp_stretch){.end = end, .first_us = now_us};
		*n = 1;
		return true;
	}
	if (last->end != begin || now_us - last->first_us > grain_us ||
		(last->again | last->mixed | last->lost))
		return false;
	last->end = end;
	last->spread_us = now_us - last->first_us;
	return true;
}

/* From begin to end, which is in the stretches or joins the last, in a stretch of its own. una: the
 * oldest that is not acknowledged. */
void xd_tcp_sent_put(struct xd_tcp_sent *s, uint8_t *n, uint32_t una, uint32_t begin,
	struct xd_tcp_stretch what);
/* Removes what is before una. */
static inline void
xd_tcp_sent_trim(struct xd_tcp_sent *s, uint8_t *n, uint32_t una)
{
	uint8_t i = 0, k = 0;

	while (i < *n && !xd_tcp_before(una, s->at[i].end))
		i++;
	if (!i)
		return;
	while (i < *n)
		s->at[k++] = s->at[i++];
	*n = k;
}

/* The stretch that a number is in, or NULL. */
static inline const struct xd_tcp_stretch *
xd_tcp_sent_find(const struct xd_tcp_sent *s, uint8_t n, uint32_t seq)
{
	for (uint8_t i = 0; i < n; i++)
		if (xd_tcp_before(seq, s->at[i].end))
			return &s->at[i];
	return NULL;
}

#endif

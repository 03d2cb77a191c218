/* SPDX-License-Identifier: BSD-3-Clause */
/* Stretches of what was sent: added, cut in pieces, and joined when there are too many. */
#include <string.h>

#include "traffic/engine/tcp/ranges.h"
#include "traffic/engine/tcp/sent.h"

#define SPREAD_MAX ((1u << 29) - 1)
#define WORK       (XD_TCP_SENT + 2) /* cutting one out of another makes two more */

static uint32_t
last_us(const struct xd_tcp_stretch *r)
{
	return r->first_us + r->spread_us;
}

static struct xd_tcp_stretch
join(const struct xd_tcp_stretch *a, const struct xd_tcp_stretch *b)
{
	const bool b_first = xd_tcp_before(b->first_us, a->first_us);
	const uint32_t first = b_first ? b->first_us : a->first_us;
	const uint32_t last = xd_tcp_before(last_us(a), last_us(b)) ? last_us(b) : last_us(a);
	const uint32_t spread = last - first;

	return (struct xd_tcp_stretch){
		.end = b->end,
		.first_us = first,
		.spread_us = spread < SPREAD_MAX ? spread : SPREAD_MAX,
		.again = a->again | b->again,
		.mixed = a->mixed || b->mixed || xd_tcp_before(b->first_us, last_us(a)),
		.lost = a->lost & b->lost,
	};
}

/* What joining costs: how imprecise it makes the times, or more than all when a loss would be
 * forgotten. */
static uint64_t
cost(const struct xd_tcp_stretch *a, const struct xd_tcp_stretch *b)
{
	return join(a, b).spread_us + (a->lost != b->lost ? 1ull << 32 : 0);
}

static void
join_cheapest(struct xd_tcp_stretch *all, uint8_t *n)
{
	uint8_t best = 0;

	for (uint8_t i = 1; i + 1 < *n; i++)
		if (cost(&all[i], &all[i + 1]) < cost(&all[best], &all[best + 1]))
			best = i;
	all[best] = join(&all[best], &all[best + 1]);
	memmove(&all[best + 1], &all[best + 2], (*n - best - 2u) * sizeof(all[0]));
	--*n;
}

void
xd_tcp_sent_add(struct xd_tcp_sent *s, uint8_t *n, uint32_t end, uint32_t now_us, uint32_t grain_us,
	bool again)
{
	struct xd_tcp_stretch *last = *n ? &s->at[*n - 1] : NULL;

	if (last && now_us - last->first_us <= grain_us && !last->mixed && !last->lost &&
		last->again == again) {
		last->end = end;
		last->spread_us = now_us - last->first_us;
		return;
	}
	if (*n == XD_TCP_SENT)
		join_cheapest(s->at, n);
	s->at[(*n)++] = (struct xd_tcp_stretch){.end = end, .first_us = now_us, .again = again};
}

void
xd_tcp_sent_put(
	struct xd_tcp_sent *s, uint8_t *n, uint32_t una, uint32_t begin, struct xd_tcp_stretch what)
{
	struct xd_tcp_stretch work[WORK];
	uint32_t from = una;
	uint8_t k = 0;
	bool done = false;

	for (uint8_t i = 0; i < *n; i++) {
		const struct xd_tcp_stretch old = s->at[i];

		if (xd_tcp_before(from, begin)) { /* what of it is before */
			work[k] = old;
			if (xd_tcp_before(begin, old.end))
				work[k].end = begin;
			k++;
		}
		if (!done && !xd_tcp_before(old.end, what.end)) {
			work[k++] = what;
			done = true;
		}
		if (xd_tcp_before(what.end, old.end))
			work[k++] = old;
		from = old.end;
	}
	if (!done)
		work[k++] = what;
	while (k > XD_TCP_SENT)
		join_cheapest(work, &k);
	memcpy(s->at, work, k * sizeof(work[0]));
	*n = k;
}

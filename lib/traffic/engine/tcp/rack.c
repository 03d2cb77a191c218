/* SPDX-License-Identifier: BSD-3-Clause */
/* RACK (RFC 8985, sections 5 and 6): what was sent before something that has been delivered is lost
 * when it is late by more than the path may reorder. Also what was sent again is, and so a second
 * loss needs no timeout. */
#include "traffic/engine/tcp/conn_private.h"

#define PERSIST      16 /* recoveries for which a wider reordering window stays: section 6.2 */
#define MULT_MAX     7  /* of a quarter of a round trip: about two */
#define DRIFT_SHIFT  8  /* by 1/256 of the difference, the least round trip follows the others */
#define DUP_SEGMENTS 3  /* DupThresh */

/* ---- When it was sent ---- */

void
xd_tcp_note_sent(struct xd_tcp_conn *c, xd_tcp_place at, uint32_t span, uint64_t now_us)
{
	uint32_t begin = xd_tcp_seq(c, at), end = begin + span;
	const uint32_t una = xd_tcp_seq(c, c->una);
	const uint32_t behind = c->nb_sent ? c->sent.at[c->nb_sent - 1].end : una;
	const struct xd_tcp_ranges *r = &c->sacked;
	struct xd_tcp_stretch again = {.first_us = (uint32_t)now_us, .again = true};

	if (!xd_tcp_before(begin, behind)) {
		xd_tcp_sent_add(&c->sent, &c->nb_sent, end, (uint32_t)now_us, xd_tcp_grain_us(c),
			at < c->max);
		return;
	}
	/* What the peer has needs no time of its own. */
	for (uint32_t i = 0; i < r->n; i++) {
		if (r->at[i].end == begin)
			begin = r->at[i].begin;
		if (r->at[i].begin == end)
			end = r->at[i].end;
	}
	again.end = end;
	xd_tcp_sent_put(&c->sent, &c->nb_sent, una, begin, again);
	c->losses = xd_tcp_lost_bytes(c) > 0;
}

/* ---- What has come ---- */

void
xd_tcp_note_arrived(struct xd_tcp_conn *c, uint32_t end, uint64_t now_us)
{
	const struct xd_tcp_stretch *s = xd_tcp_sent_find(&c->sent, c->nb_sent, end - 1);
	const struct xd_tcp_ranges *r = &c->sacked;
	uint32_t us;

	if (!s)
		return;
	us = (uint32_t)now_us - s->first_us;
	if (s->again) {
		/* Its first copy, maybe: section 6.2, step 2. */
		if (us - s->spread_us < c->min_rtt_us)
			return;
	} else {
		if (us < c->min_rtt_us || !c->min_rtt_us)
			c->min_rtt_us = us ? us : 1;
		else
			c->min_rtt_us += (us - c->min_rtt_us) >> DRIFT_SHIFT;
		if (r->n && xd_tcp_before(end, r->at[r->n - 1].end))
			c->reordered = true; /* step 3 */
	}
	if (xd_tcp_before(s->first_us, c->rack_us) ||
		(s->first_us == c->rack_us && xd_tcp_before(end, c->rack_end)))
		return;
	c->rack_us = s->first_us;
	c->rack_end = end;
	c->rack_rtt_us = us;
}

/* Once in a round trip. */
void
xd_tcp_note_twice(struct xd_tcp_conn *c)
{
	c->tail_out &= !c->tail_again;
	if (xd_tcp_before(xd_tcp_seq(c, c->una), c->round))
		return;
	c->round = xd_tcp_seq(c, c->max);
	c->reo_persist = PERSIST;
	if (c->reo_mult < MULT_MAX)
		c->reo_mult++;
}

/* ---- What has not ---- */

/* Section 6.2, step 4. */
static uint32_t
reordering_us(const struct xd_tcp_conn *c)
{
	const struct xd_tcp_ranges *r = &c->sacked;

	if (!c->reordered && (c->recovering || r->n >= DUP_SEGMENTS ||
				     (r->n && xd_tcp_ranges_below(r, r->at[r->n - 1].end) >
						      (DUP_SEGMENTS - 1) * (uint32_t)c->mss)))
		return 0;
	return xd_tcp_max32(xd_tcp_min32(c->reo_mult * (c->min_rtt_us / 4), c->srtt_us), 1);
}

/* Up to where a stretch was sent before what was delivered, from `from` on: there is nothing of it
 * when that is `from`. */
static uint32_t
sent_before(const struct xd_tcp_conn *c, const struct xd_tcp_stretch *s, uint32_t from)
{
	if (xd_tcp_before(s->first_us + s->spread_us, c->rack_us))
		return s->end;
	if (s->mixed || s->first_us != c->rack_us || !xd_tcp_before(from, c->rack_end))
		return from;
	/* Within a microsecond of what it is the second copy of. */
	if (s->again && !c->rack_rtt_us)
		return from;
	return xd_tcp_before(c->rack_end, s->end) ? c->rack_end : s->end;
}

/* Of the i-th stretch, which begins at `from`, what is lost; *wait_us: until more of it is. */
static bool
lose(struct xd_tcp_conn *c, uint8_t i, uint32_t from, uint32_t now_us, uint32_t *wait_us)
{
	struct xd_tcp_stretch s = c->sent.at[i];
	const uint32_t end = sent_before(c, &s, from);
	const bool in_order = s.first_us == c->rack_us;
	const uint32_t late_us = now_us - s.first_us - (in_order ? 0 : s.spread_us);
	const uint32_t most_us = c->rack_rtt_us + reordering_us(c);
	struct xd_tcp_block gap;

	if (s.lost || end == from || !xd_tcp_ranges_gap(&c->sacked, from, end, &gap))
		return false;
	if (late_us < most_us) {
		*wait_us = xd_tcp_max32(*wait_us, most_us - late_us);
		return false;
	}
	s.end = end;
	s.lost = true;
	xd_tcp_sent_put(&c->sent, &c->nb_sent, xd_tcp_seq(c, c->una), from, s);
	return true;
}

void
xd_tcp_find_losses(struct xd_tcp_conn *c, uint64_t now_us)
{
	uint32_t wait_us = 0, from = xd_tcp_seq(c, c->una);

	/* One that is found may change how the others lie, but not where this one ends. */
	for (uint8_t i = 0; i < c->nb_sent; i++) {
		if (lose(c, i, from, (uint32_t)now_us, &wait_us))
			c->losses = true;
		from = c->sent.at[i].end;
	}
	c->losses = c->losses && xd_tcp_lost_bytes(c);
	if (c->losses)
		xd_tcp_recover(c);
	if (wait_us) {
		c->timer = XD_TCP_TIMER_REORDER;
		c->timer_us = now_us + wait_us;
	}
}

bool
xd_tcp_next_lost(const struct xd_tcp_conn *c, struct xd_tcp_block *lost)
{
	uint32_t from = xd_tcp_seq(c, c->una);

	for (uint8_t i = 0; i < c->nb_sent; i++) {
		const struct xd_tcp_stretch *s = &c->sent.at[i];

		if (s->lost && xd_tcp_ranges_gap(&c->sacked, from, s->end, lost))
			return true;
		from = s->end;
	}
	return false;
}

uint32_t
xd_tcp_lost_bytes(const struct xd_tcp_conn *c)
{
	uint32_t from = xd_tcp_seq(c, c->una), sum = 0;

	for (uint8_t i = 0; i < c->nb_sent; i++) {
		const struct xd_tcp_stretch *s = &c->sent.at[i];

		if (s->lost)
			sum += s->end - from -
			       (xd_tcp_ranges_below(&c->sacked, s->end) -
				       xd_tcp_ranges_below(&c->sacked, from));
		from = s->end;
	}
	return sum;
}

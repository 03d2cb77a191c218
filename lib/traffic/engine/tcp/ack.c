/* SPDX-License-Identifier: BSD-3-Clause */
/* What acknowledgements say: what has arrived, and how much may be on its way. */
#include "traffic/engine/tcp/conn_private.h"

/* Whether a block tells what was not known before. */
static bool
take_block(struct xd_tcp_conn *c, const struct xd_tcp_block *b)
{
	const xd_tcp_place begin = xd_tcp_place_of(c, b->begin), end = xd_tcp_place_of(c, b->end);
	struct xd_tcp_block gap;

	/* Of what was not sent, or is acknowledged anyway (RFC 2883), nothing is to be learned. */
	if (begin <= c->una || end <= begin || end > c->max)
		return false;
	return xd_tcp_ranges_gap(&c->sacked, b->begin, b->end, &gap) &&
	       xd_tcp_ranges_add(&c->sacked, b->begin, b->end);
}

static bool
take_blocks(struct xd_tcp_conn *c, const struct xd_tcp_segment *s)
{
	bool news = false;

	for (unsigned i = 0; i < s->nb_blocks && c->sack_on; i++)
		news |= take_block(c, &s->blocks[i]);
	return news;
}

/* RFC 9293, section 3.10.7.4: not from a segment older than the last one. Returns whether it
 * changed. */
static bool
take_window(struct xd_tcp_conn *c, const struct xd_tcp_segment *s, xd_tcp_place ack)
{
	const xd_tcp_place seq = xd_tcp_rcv_place_of(c, s->seq);
	const uint32_t wnd = (uint32_t)s->window << (s->flags & XD_TCP_SYN ? 0 : c->wnd_scale);
	const bool changed = wnd != c->wnd;

	if (ack < c->una || c->wl1 > seq || (c->wl1 == seq && c->wl2 > ack))
		return false;
	c->wnd = wnd;
	c->wnd_max = xd_tcp_max32(c->wnd_max, wnd);
	c->wl1 = seq;
	c->wl2 = ack;
	return changed;
}

/* RFC 5681, section 3.1; bytes are counted (RFC 3465), as a receiver of large segments acknowledges
 * many at once. A window that is not used up does not grow (RFC 7661, section 3). */
static void
grow(struct xd_tcp_conn *c, uint32_t bytes, uint32_t flight)
{
	if (c->cwnd >= XD_TCP_WINDOW_MAX)
		return;
	if (c->cwnd < c->ssthresh) {
		if (flight >= c->cwnd / 2)
			c->cwnd += xd_tcp_min32(bytes, c->ssthresh - c->cwnd);
		return;
	}
	if (flight + c->mss < c->cwnd)
		return;
	c->cwnd_acked += bytes;
	if (c->cwnd_acked >= c->cwnd) {
		c->cwnd_acked -= c->cwnd;
		c->cwnd += c->mss;
	}
}

/* RFC 6298, section 3; RFC 7323, section 4.1. A timestamp tells the time even of what was sent
 * more than once, to a millisecond. */
static void
measure(struct xd_tcp_conn *c, const struct xd_tcp_segment *s, xd_tcp_place ack, uint64_t now_us)
{
	uint32_t ms = xd_tcp_clock(c, now_us) - s->ts_echo;

	if (c->timed && ack >= c->timed) {
		c->timed = 0;
		xd_tcp_round_trip(c, now_us - c->timed_at_us);
	} else if (c->backoff && c->ts_on && s->has_ts && ms < XD_TCP_RTO_MAX_US / 1000) {
		xd_tcp_round_trip(c, ms ? ms * 1000ull : 500);
	}
}

static void
advance(struct xd_tcp_conn *c, const struct xd_tcp_segment *s, xd_tcp_place ack, uint64_t now_us)
{
	const uint32_t bytes = (uint32_t)(ack - c->una), flight = xd_tcp_flight(c);
	const bool data = c->una > 0;

	measure(c, s, ack, now_us);
	c->una = ack;
	c->nxt = c->nxt < ack ? ack : c->nxt;
	c->high = c->high < ack ? ack : c->high;
	c->dup_acks = c->timeouts = 0;
	xd_tcp_ranges_trim(&c->sacked, xd_tcp_seq(c, ack));
	/* The peer has thrown away what it said it had: RFC 2018, section 8. */
	if (c->sacked.n && c->sacked.at[0].begin == xd_tcp_seq(c, ack))
		c->sacked.n = 0;
	if (c->recovering)
		xd_tcp_recovery_acked(c, bytes);
	else if (data)
		grow(c, bytes, flight);
	xd_tcp_look_for_loss(c); /* as what follows may be all that there is, and tell no more */
	xd_tcp_timer_restart(c, now_us);
}

void
xd_tcp_acknowledged(struct xd_tcp_conn *c, const struct xd_tcp_segment *s, uint64_t now_us)
{
	const xd_tcp_place ack = xd_tcp_place_of(c, s->ack);
	const bool news = take_blocks(c, s), moved = take_window(c, s, ack);
	const bool bare = s->len == 0 && !(s->flags & (XD_TCP_SYN | XD_TCP_FIN));

	if (ack > c->una)
		advance(c, s, ack, now_us);
	else if (ack == c->una && c->nxt > ack && (c->sack_on ? news : bare && !moved))
		xd_tcp_dup_ack(c);
	if (c->timer == XD_TCP_TIMER_PERSIST)
		c->timeouts = 0; /* it is alive: RFC 1122, section 4.2.2.17 */
	if (c->limit == XD_TCP_LIMIT_RECEIVER || c->limit == XD_TCP_LIMIT_CONGESTION)
		xd_tcp_set_limit(c, XD_TCP_LIMIT_CALLER, now_us);
}

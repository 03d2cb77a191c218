/* SPDX-License-Identifier: BSD-3-Clause */
/* What acknowledgements say: what has arrived, and how much may be on its way. */
#include "traffic/engine/tcp/conn_private.h"

/* What of begin to end was not known to have come, has. */
static void
note_arrived(struct xd_tcp_conn *c, uint32_t begin, uint32_t end, uint64_t now_us)
{
	struct xd_tcp_block gap;

	for (; xd_tcp_ranges_gap(&c->sacked, begin, end, &gap); begin = gap.end)
		xd_tcp_note_arrived(c, gap.end, now_us);
}

/* Whether a block tells what was not known before. */
static bool
take_block(struct xd_tcp_conn *c, const struct xd_tcp_block *b, uint64_t now_us)
{
	const xd_tcp_place begin = xd_tcp_place_of(c, b->begin), end = xd_tcp_place_of(c, b->end);
	struct xd_tcp_block gap;

	/* Of what was not sent, or is acknowledged anyway, nothing is to be learned. */
	if (begin <= c->una || end <= begin || end > c->max)
		return false;
	if (!xd_tcp_ranges_gap(&c->sacked, b->begin, b->end, &gap))
		return false;
	note_arrived(c, b->begin, b->end, now_us);
	return xd_tcp_ranges_add(&c->sacked, b->begin, b->end);
}

/* RFC 2883, section 4: the first block is of what came twice when it is acknowledged, or part of
 * the second. */
static bool
came_twice(const struct xd_tcp_segment *s)
{
	const struct xd_tcp_block *b = s->blocks;

	return xd_tcp_before(b[0].begin, s->ack) ||
	       (s->nb_blocks > 1 && !xd_tcp_before(b[0].begin, b[1].begin) &&
		       !xd_tcp_before(b[1].end, b[0].end));
}

static bool
take_blocks(struct xd_tcp_conn *c, const struct xd_tcp_segment *s, uint64_t now_us)
{
	bool news = false;

	if (!c->sack_on)
		return false;
	if (came_twice(s))
		xd_tcp_note_twice(c);
	for (unsigned i = 0; i < s->nb_blocks; i++)
		news |= take_block(c, &s->blocks[i], now_us);
	return news;
}

/* RFC 9293, section 3.10.7.4: not from a segment older than the last one. Returns whether it
 * changed. */
static bool
take_window(struct xd_tcp_conn *c, const struct xd_tcp_segment *s, xd_tcp_place ack)
{
	const uint32_t wnd = (uint32_t)s->window << (s->flags & XD_TCP_SYN ? 0 : c->wnd_scale);
	const bool changed = wnd != c->wnd;

	if (ack < c->una || xd_tcp_before(s->seq, c->wl1) ||
		(c->wl1 == s->seq && xd_tcp_before(s->ack, c->wl2)))
		return false;
	c->wnd = wnd;
	c->wnd_max = xd_tcp_max32(c->wnd_max, wnd);
	c->wl1 = s->seq;
	c->wl2 = s->ack;
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
	uint32_t ms;

	if (c->timed && ack >= c->timed) {
		c->timed = 0;
		xd_tcp_round_trip(c, now_us - c->timed_at_us);
	} else if (c->backoff && c->ts_on && s->has_ts) {
		ms = xd_tcp_clock(c, now_us) - s->ts_echo;
		if (ms < XD_TCP_RTO_MAX_US / 1000)
			xd_tcp_round_trip(c, ms ? ms * 1000ull : 500);
	}
}

static void
advance(struct xd_tcp_conn *c, const struct xd_tcp_segment *s, xd_tcp_place ack, uint64_t now_us)
{
	const uint32_t bytes = (uint32_t)(ack - c->una), flight = xd_tcp_flight(c);
	const bool data = c->una > 0, slow = c->recovering && c->reduced;

	measure(c, s, ack, now_us);
	if (c->sack_on && data) {
		if (c->sacked.n)
			note_arrived(c, xd_tcp_seq(c, c->una), s->ack, now_us);
		else
			xd_tcp_note_arrived(c, s->ack, now_us);
		xd_tcp_sent_trim(&c->sent, &c->nb_sent, s->ack);
	}
	c->una = ack;
	c->nxt = c->nxt < ack ? ack : c->nxt;
	c->dup_acks = c->timeouts = 0;
	if (c->sacked.n) {
		xd_tcp_ranges_trim(&c->sacked, xd_tcp_seq(c, ack));
		/* The peer has thrown away what it said it had: RFC 2018, section 8. */
		if (c->sacked.n && c->sacked.at[0].begin == xd_tcp_seq(c, ack))
			c->sacked.n = 0;
	}
	if (c->recovering)
		xd_tcp_recovery_acked(c, bytes);
	if (data && !slow)
		grow(c, bytes, flight);
	c->tail_now = false; /* it has come, if only while nobody had a core to look */
	if (c->tail_out)
		xd_tcp_tail_acked(c);
	xd_tcp_timer_restart(c, now_us);
}

void
xd_tcp_acknowledged(
	struct xd_tcp_conn *c, const struct xd_tcp_segment *s, xd_tcp_place ack, uint64_t now_us)
{
	const bool news = s->nb_blocks && take_blocks(c, s, now_us), moved = take_window(c, s, ack);
	const bool bare = s->len == 0 && !(s->flags & (XD_TCP_SYN | XD_TCP_FIN));

	if (ack > c->una)
		advance(c, s, ack, now_us);
	else if (!c->sack_on && ack == c->una && c->nxt > ack && bare && !moved)
		xd_tcp_dup_ack(c);
	if ((c->sacked.n | c->recovering) && (news || ack == c->una))
		xd_tcp_find_losses(c, now_us);
	if (c->timer == XD_TCP_TIMER_PERSIST)
		c->timeouts = 0; /* it is alive: RFC 1122, section 4.2.2.17 */
	if (c->limit == XD_TCP_LIMIT_RECEIVER || c->limit == XD_TCP_LIMIT_CONGESTION)
		xd_tcp_set_limit(c, XD_TCP_LIMIT_CALLER, now_us);
}

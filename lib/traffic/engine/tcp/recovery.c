/* SPDX-License-Identifier: BSD-3-Clause */
/* What was lost, and what is sent again: RFC 6675 where the peer says what it has, else RFC 6582.
 */
#include "traffic/engine/tcp/conn_private.h"

/* A hole in what the peer has, before the i-th of its ranges, or at the end of all that was sent.
 */
struct hole {
	xd_tcp_place begin, end;
	bool lost; /* IsLost */
};

static struct hole
hole_before(const struct xd_tcp_conn *c, uint32_t i)
{
	const struct xd_tcp_ranges *r = &c->sacked;
	struct hole h = {.begin = c->una, .end = c->nxt};
	uint32_t above = 0;

	if (i > 0)
		h.begin = xd_tcp_place_of(c, r->at[i - 1].end);
	if (i == r->n)
		return h;
	h.end = xd_tcp_place_of(c, r->at[i].begin);
	for (uint32_t k = i; k < r->n; k++)
		above += r->at[k].end - r->at[k].begin;
	h.lost = r->n - i >= XD_TCP_DUP_ACKS || above > (XD_TCP_DUP_ACKS - 1) * (uint32_t)c->mss;
	return h;
}

/* SetPipe. */
static uint32_t
pipe_of(const struct xd_tcp_conn *c)
{
	xd_tcp_place pipe = 0;

	for (uint32_t i = 0; i <= c->sacked.n; i++) {
		const struct hole h = hole_before(c, i);
		const xd_tcp_place again = c->high < h.end ? c->high : h.end;

		if (!h.lost)
			pipe += h.end - h.begin;
		if (again > h.begin)
			pipe += again - h.begin;
	}
	return (uint32_t)pipe;
}

uint32_t
xd_tcp_flight(const struct xd_tcp_conn *c)
{
	if (c->sacked.n == 0)
		return (uint32_t)(c->nxt - c->una);
	if (c->recovering)
		return pipe_of(c);
	return (uint32_t)(c->nxt - c->una) - xd_tcp_ranges_below(&c->sacked, xd_tcp_seq(c, c->nxt));
}

static uint32_t
half_of_flight(const struct xd_tcp_conn *c)
{
	/* Without what limited transmit has added: RFC 5681, section 3.1. */
	uint32_t flight = xd_tcp_min32((uint32_t)(c->nxt - c->una), c->cwnd);

	return xd_tcp_max32(flight / 2, 2 * (uint32_t)c->mss);
}

static void
enter(struct xd_tcp_conn *c)
{
	c->ssthresh = half_of_flight(c);
	c->cwnd = c->ssthresh + (c->sack_on ? 0 : XD_TCP_DUP_ACKS * (uint32_t)c->mss);
	c->cwnd_acked = 0;
	c->recover = c->max;
	c->high = c->una;
	c->recovering = c->resend_now = true;
	c->rescued = false;
}

void
xd_tcp_dup_ack(struct xd_tcp_conn *c)
{
	if (c->dup_acks < UINT8_MAX)
		c->dup_acks++;
	if (c->recovering) {
		if (!c->sack_on && c->cwnd < XD_TCP_WINDOW_MAX)
			c->cwnd += c->mss;
		return;
	}
	/* What was sent before a timeout is not lost again for being late: RFC 6582, section 3.2.
	 */
	if (c->una < c->recover || (!c->sack_on && c->una == c->recover))
		return;
	if (c->dup_acks >= XD_TCP_DUP_ACKS)
		enter(c);
	else
		xd_tcp_look_for_loss(c);
}

void
xd_tcp_look_for_loss(struct xd_tcp_conn *c)
{
	/* Not what an earlier recovery has sent again, and is on its way. */
	if (!c->recovering && c->sacked.n && c->una >= c->recover && c->high <= c->una &&
		hole_before(c, 0).lost)
		enter(c);
}

void
xd_tcp_recovery_acked(struct xd_tcp_conn *c, uint32_t bytes)
{
	const uint32_t mss = c->mss;

	if (c->una >= c->recover) {
		uint32_t flight = xd_tcp_max32((uint32_t)(c->nxt - c->una), mss);

		c->recovering = c->resend_now = false;
		c->cwnd = c->sack_on ? c->ssthresh : xd_tcp_min32(c->ssthresh, flight + mss);
	} else if (!c->sack_on) { /* a partial acknowledgement */
		c->resend_now = true;
		c->cwnd -= xd_tcp_min32(bytes, c->cwnd);
		c->cwnd = xd_tcp_max32(c->cwnd + (bytes >= mss ? mss : 0), mss);
	}
}

void
xd_tcp_lost_all(struct xd_tcp_conn *c)
{
	if (c->timeouts == 1) /* RFC 5681, section 3.1 */
		c->ssthresh = half_of_flight(c);
	else
		c->sacked.n = 0; /* that the peer keeps it, is not sure any more */
	c->cwnd = c->mss;
	c->cwnd_acked = 0;
	c->recover = c->max;
	c->recovering = c->resend_now = false;
	c->dup_acks = 0;
	c->nxt = c->high = c->una;
}

/* The part of a hole from `from` on, as long as there is room. */
static uint32_t
part(struct xd_tcp_conn *c, const struct hole *h, xd_tcp_place from, uint32_t room,
	xd_tcp_place *at)
{
	const xd_tcp_place bytes = h->end - from;

	*at = from;
	room = bytes < (xd_tcp_place)room ? (uint32_t)bytes : room;
	c->high = from + room;
	return room;
}

/* NextSeg (1) and (3) of RFC 6675: of what is lost, or of anything. */
static uint32_t
next_hole(struct xd_tcp_conn *c, bool lost, uint32_t room, xd_tcp_place *at)
{
	for (uint32_t i = 0; i < c->sacked.n; i++) {
		const struct hole h = hole_before(c, i);
		const xd_tcp_place from = c->high > h.begin ? c->high : h.begin;

		if (from < h.end && (h.lost || !lost))
			return part(c, &h, from, room, at);
	}
	return 0;
}

/* The congestion window's room for one more segment, at most `room`. */
static uint32_t
room_in_pipe(const struct xd_tcp_conn *c, uint32_t room)
{
	const uint32_t pipe = xd_tcp_flight(c);

	if (pipe + c->mss > c->cwnd)
		return 0;
	return xd_tcp_min32(c->cwnd - pipe, room);
}

uint32_t
xd_tcp_resend(struct xd_tcp_conn *c, uint32_t room, xd_tcp_place *at)
{
	if (!c->recovering)
		return 0;
	if (c->resend_now) {
		const struct hole h = hole_before(c, 0);

		c->resend_now = false;
		return part(c, &h, c->una, xd_tcp_min32(room, c->mss), at);
	}
	if (c->sacked.n == 0)
		return 0;
	room = room_in_pipe(c, room);
	return room ? next_hole(c, true, room, at) : 0;
}

uint32_t
xd_tcp_rescue(struct xd_tcp_conn *c, uint32_t room, xd_tcp_place *at)
{
	const xd_tcp_place high = c->high;
	struct hole last;
	uint32_t bytes;

	if (!c->recovering || c->sacked.n == 0)
		return 0;
	room = room_in_pipe(c, room);
	if (room == 0)
		return 0;
	bytes = next_hole(c, false, room, at);
	if (bytes || c->rescued)
		return bytes;
	/* NextSeg (4): the last that is not known to have come, once. */
	last = hole_before(c, c->sacked.n);
	if (last.begin >= last.end)
		return 0;
	c->rescued = true;
	bytes = xd_tcp_min32(xd_tcp_min32(c->mss, room), (uint32_t)(last.end - last.begin));
	bytes = part(c, &last, last.end - bytes, bytes, at);
	c->high = high;
	return bytes;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* What is sent again, and how much is on its way meanwhile: RFC 6675, with the losses that rack.c
 * finds, where the peer says what it has, else RFC 6582. */
#include "traffic/engine/tcp/conn_private.h"

uint32_t
xd_tcp_flight_with_gaps(const struct xd_tcp_conn *c)
{
	return (uint32_t)(c->nxt - c->una) -
	       xd_tcp_ranges_below(&c->sacked, xd_tcp_seq(c, c->nxt)) -
	       (c->losses ? xd_tcp_lost_bytes(c) : 0);
}

static uint32_t
half_of_flight(const struct xd_tcp_conn *c)
{
	/* Without what limited transmit has added: RFC 5681, section 3.1. */
	uint32_t flight = xd_tcp_min32((uint32_t)(c->nxt - c->una), c->cwnd);

	return xd_tcp_max32(flight / 2, 2 * (uint32_t)c->mss);
}

void
xd_tcp_slow_down(struct xd_tcp_conn *c)
{
	c->ssthresh = c->cwnd = half_of_flight(c);
	c->cwnd_acked = 0;
}

/* What was sent before a timeout is not a new sign of congestion: RFC 6582, section 3.2. */
void
xd_tcp_recover(struct xd_tcp_conn *c)
{
	if (c->recovering)
		return;
	c->recovering = true;
	c->reduced = c->una >= c->recover;
	if (!c->reduced)
		return;
	xd_tcp_slow_down(c);
	if (!c->sack_on)
		c->cwnd += XD_TCP_DUP_ACKS * (uint32_t)c->mss;
	if (c->reo_persist && --c->reo_persist == 0)
		c->reo_mult = 1;
	c->recover = c->max;
	c->resend_now = true;
}

void
xd_tcp_dup_ack(struct xd_tcp_conn *c)
{
	if (c->dup_acks < UINT8_MAX)
		c->dup_acks++;
	if (c->recovering) {
		if (c->cwnd < XD_TCP_WINDOW_MAX)
			c->cwnd += c->mss;
	} else if (c->dup_acks >= XD_TCP_DUP_ACKS && c->una > c->recover) {
		xd_tcp_recover(c);
	}
}

void
xd_tcp_recovery_acked(struct xd_tcp_conn *c, uint32_t bytes)
{
	const uint32_t mss = c->mss;

	if (c->una >= c->recover) {
		uint32_t flight = xd_tcp_max32((uint32_t)(c->nxt - c->una), mss);

		c->recovering = c->resend_now = false;
		if (c->reduced)
			c->cwnd =
				c->sack_on ? c->ssthresh : xd_tcp_min32(c->ssthresh, flight + mss);
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
	c->recovering = c->resend_now = c->losses = c->tail_now = c->tail_out = false;
	c->dup_acks = 0;
	c->nb_sent = 0;
	c->nxt = c->una;
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

/* The first of what was lost goes out at once. */
uint32_t
xd_tcp_resend(struct xd_tcp_conn *c, uint32_t room, xd_tcp_place *at)
{
	struct xd_tcp_block lost = {.end = xd_tcp_seq(c, c->nxt)};

	room = c->resend_now ? xd_tcp_min32(room, c->mss) : room_in_pipe(c, room);
	*at = c->una;
	if (c->sack_on) {
		if (!c->losses || !xd_tcp_next_lost(c, &lost))
			return 0;
		*at = xd_tcp_place_of(c, lost.begin);
	} else if (!c->resend_now) {
		return 0;
	} else {
		lost.begin = xd_tcp_seq(c, c->una);
	}
	c->resend_now = false;
	return xd_tcp_min32(room, lost.end - lost.begin);
}

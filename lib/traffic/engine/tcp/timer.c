/* SPDX-License-Identifier: BSD-3-Clause */
/* The retransmission timer, and what shares it: RFC 6298; RFC 9293, section 3.8.6.1. */
#include "traffic/engine/tcp/conn_private.h"

#define CLOCK_US 1u /* G of RFC 6298 */

void
xd_tcp_round_trip(struct xd_tcp_conn *c, uint64_t us)
{
	const uint32_t r = us < XD_TCP_RTO_MAX_US ? (uint32_t)us : XD_TCP_RTO_MAX_US;
	uint32_t rto;

	if (c->srtt_us == 0) {
		c->srtt_us = xd_tcp_max32(r, 1);
		c->rttvar_us = r / 2;
	} else {
		const uint32_t differ = r > c->srtt_us ? r - c->srtt_us : c->srtt_us - r;

		c->rttvar_us = (uint32_t)((3ull * c->rttvar_us + differ) / 4);
		c->srtt_us = xd_tcp_max32((uint32_t)((7ull * c->srtt_us + r) / 8), 1);
	}
	rto = c->srtt_us + xd_tcp_max32(CLOCK_US, 4 * c->rttvar_us);
	c->rto_us = xd_tcp_min32(xd_tcp_max32(rto, c->opts->rto_min_us), XD_TCP_RTO_MAX_US);
	c->backoff = 0;
}

static void
start(struct xd_tcp_conn *c, enum xd_tcp_timer timer, uint64_t now_us)
{
	const uint64_t us = (uint64_t)c->rto_us << (c->backoff < 16 ? c->backoff : 16);

	c->timer = (uint8_t)timer;
	c->timer_us = now_us + (us < XD_TCP_RTO_MAX_US ? us : XD_TCP_RTO_MAX_US);
}

/* For what is on its way. */
static void
start_for_data(struct xd_tcp_conn *c, uint64_t now_us)
{
	const uint64_t tail_us = now_us + xd_tcp_tail_us(c);

	start(c, XD_TCP_TIMER_RETRANSMIT, now_us);
	if (tail_us < c->timer_us && xd_tcp_probes_tail(c)) {
		c->timer = XD_TCP_TIMER_TAIL;
		c->timer_us = tail_us;
	}
}

void
xd_tcp_timer_change(struct xd_tcp_conn *c, uint64_t now_us)
{
	if (c->state == XD_TCP_CLOSED || c->timer == XD_TCP_TIMER_TIME_WAIT)
		return;
	if (c->timer == XD_TCP_TIMER_PERSIST &&
		(c->nxt > c->una || c->limit != XD_TCP_LIMIT_RECEIVER))
		c->backoff = 0; /* of the probes: it has let something through */
	if (c->nxt > c->una) {
		if (c->timer == XD_TCP_TIMER_NONE || c->timer == XD_TCP_TIMER_PERSIST)
			start_for_data(c, now_us);
	} else if (c->limit == XD_TCP_LIMIT_RECEIVER) {
		if (c->timer != XD_TCP_TIMER_PERSIST)
			start(c, XD_TCP_TIMER_PERSIST, now_us);
	} else {
		c->timer = XD_TCP_TIMER_NONE;
		c->timer_us = XD_TCP_NEVER;
	}
}

void
xd_tcp_timer_restart(struct xd_tcp_conn *c, uint64_t now_us)
{
	if (c->timer == XD_TCP_TIMER_TIME_WAIT)
		return;
	if (c->timer == XD_TCP_TIMER_PERSIST)
		c->backoff = 0;
	c->timer = XD_TCP_TIMER_NONE;
	c->timer_us = XD_TCP_NEVER;
	if (c->nxt > c->una)
		start_for_data(c, now_us);
}

void
xd_tcp_time_wait(struct xd_tcp_conn *c, uint64_t now_us)
{
	c->state = XD_TCP_TIME_WAIT;
	c->timer = XD_TCP_TIMER_TIME_WAIT;
	c->timer_us = now_us + c->opts->time_wait_us;
}

static void
retransmit_or_give_up(struct xd_tcp_conn *c, enum xd_tcp_timer timer)
{
	if (++c->timeouts > c->opts->tries) {
		xd_tcp_end(c, XD_TCP_END_TIMEOUT);
		return;
	}
	if (c->backoff < UINT8_MAX)
		c->backoff++;
	c->timer = XD_TCP_TIMER_NONE;
	c->timer_us = XD_TCP_NEVER;
	if (timer == XD_TCP_TIMER_PERSIST) {
		c->probe_now = true;
		return;
	}
	if (c->una > 0) {
		xd_tcp_lost_all(c);
	} else {
		c->nxt = 0;
		c->syn_again = true;
	}
}

void
xd_tcp_timeout(struct xd_tcp_conn *c, uint64_t now_us)
{
	const enum xd_tcp_timer timer = c->timer;

	if (c->delayed_ack_us <= now_us) {
		c->delayed_ack_us = XD_TCP_NEVER;
		c->ack_now = true;
	}
	if (c->timer_us > now_us)
		return;
	if (timer == XD_TCP_TIMER_TIME_WAIT) {
		xd_tcp_end(c, XD_TCP_END_NONE);
	} else if (timer == XD_TCP_TIMER_TAIL) {
		c->tail_now = true;
		start(c, XD_TCP_TIMER_RETRANSMIT, now_us);
	} else if (timer == XD_TCP_TIMER_REORDER) {
		start(c, XD_TCP_TIMER_RETRANSMIT, now_us);
		xd_tcp_find_losses(c, now_us);
	} else if (timer != XD_TCP_TIMER_NONE) {
		retransmit_or_give_up(c, timer);
	}
}

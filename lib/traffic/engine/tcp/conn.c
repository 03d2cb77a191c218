/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a connection: opened, accepted, negotiated, closed, aborted. What arrives is in
 * input.c, what is sent in output.c. */
#include <string.h>

#include "traffic/engine/tcp/conn_private.h"

#define MSS_DEFAULT  536u /* RFC 9293, section 3.7.1 */
#define UNSCALED_MAX 65535u
#define NEXT_ISS     131072u /* behind the numbers of the connection before */

/* The smallest with which the whole window can be said: RFC 7323, section 2.3. */
static uint8_t
scale_of(uint32_t window)
{
	uint8_t scale = 0;

	while (scale < XD_TCP_SCALE_MAX && window >> scale > UNSCALED_MAX)
		scale++;
	return scale;
}

static void
init(struct xd_tcp_conn *c, const struct xd_tcp_opts *opts, void *ctx, uint32_t iss,
	uint64_t now_us)
{
	memset(c, 0, sizeof(*c));
	c->opts = opts;
	c->ctx = ctx;
	c->end = 1;
	c->iss = iss;
	c->rto_us = XD_TCP_RTO_FIRST_US;
	c->ssthresh = XD_TCP_WINDOW_MAX;
	c->window = opts->window;
	c->rcv_scale = opts->scale ? scale_of(opts->window) : 0;
	c->mss = opts->mss;
	c->timer_us = c->delayed_ack_us = XD_TCP_NEVER;
	c->limited_since_us = now_us;
	c->reo_mult = 1;
}

void
xd_tcp_open(struct xd_tcp_conn *c, const struct xd_tcp_opts *opts, void *ctx, uint32_t iss,
	uint64_t now_us)
{
	init(c, opts, ctx, iss, now_us);
	c->state = XD_TCP_SYN_SENT;
}

void
xd_tcp_accept(struct xd_tcp_conn *c, const struct xd_tcp_opts *opts, void *ctx, uint32_t iss,
	const struct xd_tcp_segment *syn, uint64_t now_us)
{
	init(c, opts, ctx, iss, now_us);
	c->state = XD_TCP_SYN_RECEIVED;
	xd_tcp_negotiate(c, syn, now_us);
}

void
xd_tcp_negotiate(struct xd_tcp_conn *c, const struct xd_tcp_segment *syn, uint64_t now_us)
{
	uint32_t mss = syn->mss ? syn->mss : MSS_DEFAULT;

	c->irs = c->wl1 = syn->seq;
	c->wl2 = c->iss;
	c->rcv_nxt = 1;
	c->rcv_right = 1 + (xd_tcp_place)xd_tcp_min32(c->window, UNSCALED_MAX);
	c->wnd = c->wnd_max = syn->window;
	c->ts_on = c->opts->timestamps && syn->has_ts;
	c->sack_on = xd_tcp_offers_sack(c) && syn->sack_ok;
	if (c->opts->scale && syn->has_scale)
		c->wnd_scale = syn->scale;
	else
		c->rcv_scale = 0;
	mss = xd_tcp_min32(xd_tcp_max32(mss, XD_TCP_MSS_MIN), c->opts->mss);
	c->mss = (uint16_t)(mss - (c->ts_on ? XD_TCP_TS_BYTES : 0));
	if (c->ts_on) {
		c->ts_recent = syn->ts_value;
		c->ts_recent_ms = (uint32_t)(now_us / 1000);
	}
}

void
xd_tcp_established(struct xd_tcp_conn *c)
{
	c->state = c->fin_asked ? XD_TCP_FIN_WAIT_1 : XD_TCP_ESTABLISHED;
	c->cwnd = xd_tcp_initial_window(c);
	if (c->syn_again) { /* RFC 5681, section 3.1; RFC 6298, section 5.7 */
		c->cwnd = c->mss;
		c->rto_us = XD_TCP_RTO_AGAIN_US;
	}
	c->backoff = c->timeouts = 0;
}

void
xd_tcp_end(struct xd_tcp_conn *c, enum xd_tcp_end reason)
{
	c->state = XD_TCP_CLOSED;
	c->end_reason = (uint8_t)reason;
	c->timer = XD_TCP_TIMER_NONE;
	c->timer_us = c->delayed_ack_us = XD_TCP_NEVER;
	c->ack_now = c->probe_now = false;
}

void
xd_tcp_write(struct xd_tcp_conn *c, uint64_t bytes, uint64_t now_us)
{
	if (c->fin_asked || !bytes)
		return;
	c->end += (xd_tcp_place)bytes;
	if (c->limit == XD_TCP_LIMIT_NOTHING && xd_tcp_is_open(c))
		xd_tcp_set_limit(c, XD_TCP_LIMIT_CALLER, now_us);
}

void
xd_tcp_take_back(struct xd_tcp_conn *c, uint64_t message_bytes)
{
	const uint64_t sent = c->max < 1 ? 0 : (uint64_t)(c->max - 1);
	const uint64_t begun = (sent + message_bytes - 1) / message_bytes;
	const xd_tcp_place end = 1 + (xd_tcp_place)(begun * message_bytes);

	if (!c->fin_asked && c->end > end)
		c->end = end;
}

/* RFC 9293, section 3.10.4. */
void
xd_tcp_close(struct xd_tcp_conn *c)
{
	if (c->fin_asked)
		return;
	c->fin_asked = true;
	if (c->state == XD_TCP_SYN_SENT)
		xd_tcp_end(c, XD_TCP_END_NONE);
	else if (c->state == XD_TCP_ESTABLISHED)
		c->state = XD_TCP_FIN_WAIT_1;
	else if (c->state == XD_TCP_CLOSE_WAIT)
		c->state = XD_TCP_LAST_ACK;
}

/* RFC 9293, section 3.10.5. */
void
xd_tcp_abort(struct xd_tcp_conn *c)
{
	const bool known = c->state >= XD_TCP_SYN_RECEIVED && c->state <= XD_TCP_CLOSE_WAIT;

	if (c->state != XD_TCP_CLOSED)
		xd_tcp_end(c, XD_TCP_END_ABORTED);
	c->reset_now |= known;
}

/* An edge that was advertised stays (RFC 9293, section 3.8.6.2.2), and a larger window is said when
 * the peer may be waiting for it. */
void
xd_tcp_set_window(struct xd_tcp_conn *c, uint32_t bytes)
{
	const xd_tcp_place left = c->rcv_right - c->rcv_nxt;

	c->window = xd_tcp_min32(bytes, c->opts->window);
	if (c->state >= XD_TCP_ESTABLISHED && left < 2 * (xd_tcp_place)c->opts->mss &&
		(xd_tcp_place)c->window > left)
		c->ack_now = true;
}

bool
xd_tcp_refuse(const struct xd_tcp_segment *s, struct xd_tcp_segment *reply)
{
	if (s->flags & XD_TCP_RST)
		return false;
	*reply = (struct xd_tcp_segment){.flags = XD_TCP_RST};
	if (s->flags & XD_TCP_ACK) {
		reply->seq = s->ack;
	} else {
		reply->ack = s->seq + xd_tcp_segment_span(s);
		reply->flags |= XD_TCP_ACK;
	}
	return true;
}

bool
xd_tcp_may_replace(const struct xd_tcp_conn *c, const struct xd_tcp_segment *syn)
{
	if (c->state != XD_TCP_TIME_WAIT ||
		(syn->flags & (XD_TCP_SYN | XD_TCP_ACK | XD_TCP_RST)) != XD_TCP_SYN)
		return false;
	if (c->ts_on && syn->has_ts && syn->ts_value != c->ts_recent)
		return xd_tcp_before(c->ts_recent, syn->ts_value);
	return xd_tcp_before(xd_tcp_rcv_seq(c, c->rcv_nxt), syn->seq);
}

void
xd_tcp_rest_of(const struct xd_tcp_conn *c, struct xd_tcp_rest *rest)
{
	*rest = (struct xd_tcp_rest){
		.snd_nxt = xd_tcp_seq(c, c->max),
		.rcv_nxt = xd_tcp_rcv_seq(c, c->rcv_nxt),
		.ts_recent = c->ts_recent,
		.ts_on = c->ts_on,
	};
}

uint32_t
xd_tcp_next_iss(const struct xd_tcp_rest *rest)
{
	return rest->snd_nxt + NEXT_ISS;
}

/* As one whose FINs came right after the SYNs. */
void
xd_tcp_revive(struct xd_tcp_conn *c, const struct xd_tcp_opts *opts, void *ctx,
	const struct xd_tcp_rest *rest, uint64_t now_us)
{
	init(c, opts, ctx, rest->snd_nxt - 2, now_us);
	c->irs = c->wl1 = rest->rcv_nxt - 2;
	c->wl2 = c->iss;
	c->una = c->nxt = c->max = c->rcv_nxt = c->acked = 2;
	c->fin = 1;
	c->fin_asked = true;
	c->rcv_right = 2 + (xd_tcp_place)c->window;
	c->wnd_max = opts->window;
	c->ts_on = rest->ts_on;
	c->ts_recent = rest->ts_recent;
	c->ts_recent_ms = (uint32_t)(now_us / 1000);
	xd_tcp_time_wait(c, now_us);
}

const char *
xd_tcp_state_name(enum xd_tcp_state state)
{
	static const char *const names[] = {"CLOSED", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED",
		"FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT"};

	return names[state];
}

const char *
xd_tcp_end_name(enum xd_tcp_end end)
{
	static const char *const names[] = {
		"closed", "refused", "reset by the peer", "no answer from the peer", "aborted"};

	return names[end];
}

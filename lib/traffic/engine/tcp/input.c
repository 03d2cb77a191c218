/* SPDX-License-Identifier: BSD-3-Clause */
/* Segments that arrive: RFC 9293, section 3.10.7, in its order. */
#include "traffic/engine/tcp/conn_private.h"

#define CHALLENGES     10 /* in CHALLENGE_MS, at most: RFC 5961, section 7 */
#define CHALLENGE_MS   1000u
#define TS_OUTDATED_MS (24 * 86400 * 1000u) /* RFC 7323, section 5.5 */

/* Acknowledges what a blind attacker may have sent, or what two confused ends could send each other
 * for ever: not too often. */
static void
challenge(struct xd_tcp_conn *c, uint64_t now_us)
{
	const uint32_t now_ms = (uint32_t)(now_us / 1000);

	if (now_ms - c->challenge_ms >= CHALLENGE_MS) {
		c->challenge_ms = now_ms;
		c->challenges = 0;
	}
	if (c->challenges < CHALLENGES) {
		c->challenges++;
		c->ack_now = true;
	}
}

/* ---- The handshake ---- */

static enum xd_tcp_verdict
syn_sent(struct xd_tcp_conn *c, const struct xd_tcp_segment *s, uint64_t now_us)
{
	const bool ack = s->flags & XD_TCP_ACK;

	if (ack && (xd_tcp_place_of(c, s->ack) != 1 || c->max != 1))
		return XD_TCP_REFUSE;
	if (s->flags & XD_TCP_RST) {
		if (ack)
			xd_tcp_end(c, XD_TCP_END_REFUSED);
		return XD_TCP_TAKEN;
	}
	if (!(s->flags & XD_TCP_SYN))
		return XD_TCP_TAKEN;
	xd_tcp_negotiate(c, s, now_us);
	if (ack) {
		xd_tcp_acknowledged(c, s, 1, now_us);
		xd_tcp_established(c);
		c->ack_now = true;
	} else { /* both at once: figure 7 */
		c->state = XD_TCP_SYN_RECEIVED;
		c->nxt = 0;
	}
	return XD_TCP_TAKEN;
}

/* ---- Is it for now? ---- */

/* An old duplicate: RFC 7323, section 5.3, R1. After a long silence the clock says nothing. */
static bool
is_old(const struct xd_tcp_conn *c, const struct xd_tcp_segment *s, uint64_t now_us)
{
	return c->ts_on && s->has_ts && !(s->flags & XD_TCP_RST) &&
	       xd_tcp_before(s->ts_value, c->ts_recent) &&
	       (uint32_t)(now_us / 1000) - c->ts_recent_ms < TS_OUTDATED_MS;
}

/* RFC 7323, section 4.3: of a segment that is not old. */
static inline void
take_timestamp(
	struct xd_tcp_conn *c, const struct xd_tcp_segment *s, xd_tcp_place at, uint64_t now_us)
{
	if (!c->ts_on || !s->has_ts || at > c->acked)
		return;
	c->ts_recent = s->ts_value;
	c->ts_recent_ms = (uint32_t)(now_us / 1000);
}

/* Section 3.10.7.4. What takes no numbers may stand right behind the window: data before it may be
 * late. A closed window lets through what begins in time, for its acknowledgement. */
static bool
is_acceptable(const struct xd_tcp_conn *c, xd_tcp_place at, uint32_t span)
{
	if (span == 0)
		return at >= c->rcv_nxt && at <= c->rcv_right;
	return (at < c->rcv_right && at + span > c->rcv_nxt) || at == c->rcv_nxt;
}

static void
not_acceptable(
	struct xd_tcp_conn *c, const struct xd_tcp_segment *s, xd_tcp_place at, uint64_t now_us)
{
	if (s->flags & XD_TCP_RST)
		return;
	if (c->state == XD_TCP_TIME_WAIT && s->flags & XD_TCP_FIN)
		xd_tcp_time_wait(c, now_us);
	if (s->len && at + s->len <= c->rcv_nxt)
		c->twice = (struct xd_tcp_block){s->seq, s->seq + s->len};
	if (xd_tcp_segment_span(s))
		c->ack_now = true;
	else
		challenge(c, now_us);
}

/* RFC 5961, section 3.2, and RFC 1337. */
static void
reset(struct xd_tcp_conn *c, xd_tcp_place at, uint64_t now_us)
{
	if (at != c->rcv_nxt)
		challenge(c, now_us);
	else if (c->state == XD_TCP_SYN_RECEIVED)
		xd_tcp_end(c, XD_TCP_END_REFUSED);
	else if (c->state == XD_TCP_CLOSING || c->state == XD_TCP_LAST_ACK)
		xd_tcp_end(c, XD_TCP_END_NONE); /* all has come and gone */
	else if (c->state != XD_TCP_TIME_WAIT)
		xd_tcp_end(c, XD_TCP_END_RESET);
}

/* ---- Its text ---- */

static inline void
show(struct xd_tcp_conn *c, const struct xd_tcp_ranges *known, xd_tcp_place at, const uint8_t *data,
	uint32_t len)
{
	const uint32_t begin = xd_tcp_rcv_seq(c, at), end = begin + len;
	struct xd_tcp_block gap;

	if (!known->n) {
		c->opts->payload.take(c->ctx, (uint64_t)(at - 1), data, len);
		return;
	}
	for (uint32_t from = begin; xd_tcp_ranges_gap(known, from, end, &gap); from = gap.end)
		c->opts->payload.take(c->ctx, (uint64_t)(at - 1) + (gap.begin - begin),
			data + (gap.begin - begin), gap.end - gap.begin);
}

/* The range of what arrived last is reported first: RFC 2018, section 4. */
static void
remember_arrival(struct xd_tcp_conn *c, uint32_t seq)
{
	const struct xd_tcp_block *range = xd_tcp_ranges_find(&c->waiting, seq);

	if (!xd_tcp_before(c->arrived[0], range->begin) && xd_tcp_before(c->arrived[0], range->end))
		return;
	c->arrived[1] = c->arrived[0];
	c->arrived[0] = seq;
}

static void
take_out_of_order(struct xd_tcp_conn *c, xd_tcp_place at, const uint8_t *data, uint32_t len)
{
	const struct xd_tcp_ranges before = c->waiting;
	const uint32_t seq = xd_tcp_rcv_seq(c, at);

	c->ack_now = true;
	if (xd_tcp_ranges_find(&c->waiting, seq))
		c->twice = (struct xd_tcp_block){seq, seq + len};
	if (c->opts->in_order || !xd_tcp_ranges_add(&c->waiting, seq, seq + len))
		return; /* it will come again */
	remember_arrival(c, seq);
	show(c, &before, at, data, len);
}

/* The payload of a full segment that has as many blocks as fit beside timestamps. */
static xd_tcp_place
shortest_full(const struct xd_tcp_conn *c)
{
	return c->mss - (xd_tcp_place)(c->sack_on ? xd_tcp_blocks_bytes(XD_TCP_BLOCKS - 1) : 0);
}

/* Every second full segment is acknowledged at once, and whatever fills a gap: RFC 5681, section
 * 4.2. */
static void
take_in_order(struct xd_tcp_conn *c, const uint8_t *data, uint32_t len, uint64_t now_us)
{
	show(c, &c->waiting, c->rcv_nxt, data, len);
	c->rcv_nxt += len;
	if (c->waiting.n) {
		const struct xd_tcp_block *first = &c->waiting.at[0];

		c->ack_now = true;
		xd_tcp_ranges_trim(&c->waiting, xd_tcp_rcv_seq(c, c->rcv_nxt));
		if (c->waiting.n && first->begin == xd_tcp_rcv_seq(c, c->rcv_nxt)) {
			c->rcv_nxt += first->end - first->begin;
			xd_tcp_ranges_trim(&c->waiting, xd_tcp_rcv_seq(c, c->rcv_nxt));
		}
	}
	if (c->opts->delayed_ack_us == 0 || c->rcv_nxt - c->acked >= 2 * shortest_full(c))
		c->ack_now = true;
	else if (c->delayed_ack_us == XD_TCP_NEVER)
		c->delayed_ack_us = now_us + c->opts->delayed_ack_us;
}

static void
take_text(
	struct xd_tcp_conn *c, xd_tcp_place at, const uint8_t *data, uint32_t len, uint64_t now_us)
{
	xd_tcp_place end = at + len;
	const xd_tcp_place right = c->fin ? c->fin : c->rcv_right;

	if (at < c->rcv_nxt || end > right) /* twice, or more than was asked for */
		c->ack_now = true;
	if (at < c->rcv_nxt) {
		c->twice = (struct xd_tcp_block){xd_tcp_rcv_seq(c, at),
			xd_tcp_rcv_seq(c, end < c->rcv_nxt ? end : c->rcv_nxt)};
		data += c->rcv_nxt - at < len ? c->rcv_nxt - at : len;
		at = c->rcv_nxt;
	}
	end = end > c->rcv_right ? c->rcv_right : end;
	end = end > right ? right : end;
	if (at >= end)
		return;
	if (at > c->rcv_nxt)
		take_out_of_order(c, at, data, (uint32_t)(end - at));
	else
		take_in_order(c, data, (uint32_t)(end - at), now_us);
}

/* Behind all that came, and within the window; the first that is there counts. */
static void
note_fin(struct xd_tcp_conn *c, xd_tcp_place at)
{
	const struct xd_tcp_ranges *w = &c->waiting;

	if (c->fin || at < c->rcv_nxt || at > c->rcv_right)
		return;
	if (w->n && xd_tcp_before(xd_tcp_rcv_seq(c, at), w->at[w->n - 1].end))
		return;
	c->fin = at;
	c->ack_now = true;
}

/* All has come up to the peer's FIN. */
static void
take_fin(struct xd_tcp_conn *c, uint64_t now_us)
{
	c->rcv_nxt++;
	c->rcv_right = c->rcv_right > c->rcv_nxt ? c->rcv_right : c->rcv_nxt;
	c->ack_now = true;
	if (c->state == XD_TCP_ESTABLISHED)
		c->state = XD_TCP_CLOSE_WAIT;
	else if (c->state == XD_TCP_FIN_WAIT_1)
		c->state = XD_TCP_CLOSING;
	else if (c->state == XD_TCP_FIN_WAIT_2)
		xd_tcp_time_wait(c, now_us);
}

/* ---- Its acknowledgement ---- */

static void
our_fin_is_acknowledged(struct xd_tcp_conn *c, uint64_t now_us)
{
	if (c->state == XD_TCP_FIN_WAIT_1)
		c->state = XD_TCP_FIN_WAIT_2;
	else if (c->state == XD_TCP_CLOSING)
		xd_tcp_time_wait(c, now_us);
	else if (c->state == XD_TCP_LAST_ACK)
		xd_tcp_end(c, XD_TCP_END_NONE);
}

/* False: the segment is no good; *verdict is set. */
static bool
take_ack(struct xd_tcp_conn *c, const struct xd_tcp_segment *s, uint64_t now_us,
	enum xd_tcp_verdict *verdict)
{
	const xd_tcp_place ack = xd_tcp_place_of(c, s->ack);

	if (!(s->flags & XD_TCP_ACK))
		return false;
	if (c->state == XD_TCP_SYN_RECEIVED) {
		if (ack != 1 || c->max != 1) {
			*verdict = XD_TCP_REFUSE;
			return false;
		}
		xd_tcp_acknowledged(c, s, ack, now_us);
		xd_tcp_established(c);
		return true;
	}
	/* RFC 5961, section 5.2. */
	if (ack > c->max || ack < c->una - (xd_tcp_place)c->wnd_max) {
		challenge(c, now_us);
		return false;
	}
	xd_tcp_acknowledged(c, s, ack, now_us);
	if (c->fin_asked && c->una > c->end)
		our_fin_is_acknowledged(c, now_us);
	return c->state != XD_TCP_CLOSED;
}

/* ---- All of it ---- */

/* What a SYN means in the states after the handshake's first step: false, the segment ends here.
 * *at is behind the SYN when the rest of it counts. */
static bool
take_syn(struct xd_tcp_conn *c, const struct xd_tcp_segment *s, xd_tcp_place *at, uint64_t now_us)
{
	if (c->state != XD_TCP_SYN_RECEIVED || *at != 0) {
		challenge(c, now_us); /* RFC 5961, section 4.2 */
		return false;
	}
	if (s->flags & XD_TCP_ACK) { /* of a connection that both ends opened */
		*at = 1;
		return true;
	}
	if (!is_old(c, s, now_us))
		take_timestamp(c, s, *at, now_us);
	c->nxt = 0; /* our answer was lost */
	return false;
}

static enum xd_tcp_verdict
take_any(struct xd_tcp_conn *c, const struct xd_tcp_segment *s, const uint8_t *payload,
	uint64_t now_us)
{
	enum xd_tcp_verdict verdict = XD_TCP_TAKEN;
	xd_tcp_place at = xd_tcp_rcv_place_of(c, s->seq);
	const bool syn = s->flags & XD_TCP_SYN;

	if (c->state == XD_TCP_CLOSED)
		return XD_TCP_REFUSE;
	if (c->state == XD_TCP_SYN_SENT)
		return syn_sent(c, s, now_us);
	if (syn && !(s->flags & XD_TCP_RST) && !take_syn(c, s, &at, now_us))
		return verdict;
	if (c->ts_on && !s->has_ts && !(s->flags & XD_TCP_RST))
		return verdict; /* RFC 7323, section 3.2 */
	if (is_old(c, s, now_us) || !is_acceptable(c, at, xd_tcp_segment_span(s) - syn)) {
		not_acceptable(c, s, at, now_us);
		return verdict;
	}
	if (s->flags & XD_TCP_RST) {
		reset(c, at, now_us);
		return verdict;
	}
	take_timestamp(c, s, at, now_us);
	if (!take_ack(c, s, now_us, &verdict))
		return verdict;
	if (s->flags & XD_TCP_FIN)
		note_fin(c, at + s->len);
	if (s->len)
		take_text(c, at, payload, s->len, now_us);
	if (c->fin && c->rcv_nxt == c->fin)
		take_fin(c, now_us);
	return verdict;
}

/* What most are: the next in order, with nothing to be decided about it. */
static inline bool
is_next(const struct xd_tcp_conn *c, const struct xd_tcp_segment *s, xd_tcp_place ack)
{
	return c->state == XD_TCP_ESTABLISHED &&
	       (s->flags | XD_TCP_PSH) == (XD_TCP_ACK | XD_TCP_PSH) &&
	       s->seq == xd_tcp_rcv_seq(c, c->rcv_nxt) && s->has_ts == c->ts_on &&
	       !xd_tcp_before(s->ts_value, c->ts_recent) && !c->fin &&
	       c->rcv_nxt + s->len <= c->rcv_right && ack >= c->una && ack <= c->max;
}

enum xd_tcp_verdict
xd_tcp_input(struct xd_tcp_conn *c, const struct xd_tcp_segment *s, const uint8_t *payload,
	uint64_t now_us)
{
	const xd_tcp_place ack = xd_tcp_place_of(c, s->ack);

	if (!is_next(c, s, ack))
		return take_any(c, s, payload, now_us);
	take_timestamp(c, s, c->rcv_nxt, now_us);
	xd_tcp_acknowledged(c, s, ack, now_us);
	if (s->len)
		take_in_order(c, payload, s->len, now_us);
	return XD_TCP_TAKEN;
}

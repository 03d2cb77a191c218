/* SPDX-License-Identifier: BSD-3-Clause */
/* Which segment is sent next: RFC 9293, sections 3.8.6 and 3.10.2. */
#include "traffic/engine/tcp/conn_private.h"

#define FIELD_MAX 65535 /* of the header's window */

/* ---- What every segment has ---- */

/* RFC 2018, section 4: where something arrived last, then the others. */
static void
put_blocks(struct xd_tcp_conn *c, struct xd_tcp_segment *s)
{
	const unsigned most = c->ts_on ? XD_TCP_BLOCKS - 1 : XD_TCP_BLOCKS;
	const struct xd_tcp_block *range;
	uint32_t told = 0;

	if (c->twice.begin != c->twice.end) /* RFC 2883, section 4 */
		s->blocks[s->nb_blocks++] = c->twice;
	c->twice = (struct xd_tcp_block){0};
	for (unsigned i = 0; i < 2 + c->waiting.n && s->nb_blocks < most; i++) {
		range = i < 2 ? xd_tcp_ranges_find(&c->waiting, c->arrived[i])
			      : &c->waiting.at[i - 2];
		if (!range || told >> (range - c->waiting.at) & 1)
			continue;
		told |= 1u << (range - c->waiting.at);
		s->blocks[s->nb_blocks++] = *range;
	}
}

static bool
has_blocks(const struct xd_tcp_conn *c)
{
	return c->waiting.n || c->twice.begin != c->twice.end;
}

/* The window's right edge does not go back, and moves by what the field can say. */
static uint16_t
advertise(struct xd_tcp_conn *c, uint8_t scale)
{
	xd_tcp_place right = c->rcv_nxt + (xd_tcp_place)c->window, field;

	if (right < c->rcv_right)
		right = c->rcv_right;
	field = (right - c->rcv_nxt) >> scale;
	field = field > FIELD_MAX ? FIELD_MAX : field;
	if (c->rcv_nxt + (field << scale) > c->rcv_right)
		c->rcv_right = c->rcv_nxt + (field << scale);
	return (uint16_t)field;
}

static inline void
begin(struct xd_tcp_conn *c, struct xd_tcp_segment *s, xd_tcp_place at, uint8_t flags,
	uint64_t now_us)
{
	*s = (struct xd_tcp_segment){
		.seq = xd_tcp_seq(c, at),
		.ack = xd_tcp_rcv_seq(c, c->rcv_nxt),
		.flags = flags | XD_TCP_ACK,
		.window = advertise(c, c->rcv_scale),
		.has_ts = c->ts_on,
		.ts_value = xd_tcp_clock(c, now_us),
		.ts_echo = c->ts_recent,
	};
	if (c->sack_on && has_blocks(c))
		put_blocks(c, s);
	s->piece_bytes = (uint16_t)(c->mss - xd_tcp_blocks_bytes(s->nb_blocks));
	c->acked = c->rcv_nxt;
	c->ack_now = false;
	c->delayed_ack_us = XD_TCP_NEVER;
}

/* ---- The handshake ---- */

/* The window in it is not scaled: RFC 7323, section 2.2. */
static bool
put_syn(struct xd_tcp_conn *c, struct xd_tcp_segment *s, uint64_t now_us)
{
	const bool first = c->state == XD_TCP_SYN_SENT;

	*s = (struct xd_tcp_segment){
		.seq = c->iss,
		.flags = XD_TCP_SYN | (first ? 0 : XD_TCP_ACK),
		.window = (uint16_t)xd_tcp_min32(c->window, FIELD_MAX),
		.mss = c->opts->mss,
		.sack_ok = first ? xd_tcp_offers_sack(c) : c->sack_on,
		.has_ts = first ? c->opts->timestamps : c->ts_on,
		.ts_value = xd_tcp_clock(c, now_us),
		.ts_echo = c->ts_recent,
		/* The answer has it only if the SYN had. */
		.has_scale = c->opts->scale && (first || c->wnd_scale || c->rcv_scale),
		.scale = c->rcv_scale,
	};
	if (!first) {
		s->ack = xd_tcp_rcv_seq(c, c->rcv_nxt);
		c->acked = c->rcv_nxt;
		c->ack_now = false;
	}
	c->timed = c->max ? 0 : 1; /* Karn's algorithm: RFC 6298, section 3 */
	c->timed_at_us = now_us;
	c->retransmitted += c->max > 0;
	c->nxt = c->max = 1;
	xd_tcp_timer_set(c, now_us);
	return true;
}

/* ---- Data ---- */

/* Segments that so many bytes of it are, or are cut into. */
static uint64_t
pieces_of(const struct xd_tcp_segment *s, xd_tcp_place bytes)
{
	return bytes ? (uint64_t)(bytes + s->piece_bytes - 1) / s->piece_bytes : 1;
}

/* Sends `span` numbers from `at` on, of which a FIN takes the last. */
static void
put_data(struct xd_tcp_conn *c, struct xd_tcp_segment *s, xd_tcp_place at, uint32_t span,
	uint64_t now_us)
{
	const bool fin = c->fin_asked && at + span > c->end;
	const uint32_t bytes = span - fin;
	const bool push = bytes && at + bytes == c->end;

	begin(c, s, at, (uint8_t)((fin ? XD_TCP_FIN : 0) | (push ? XD_TCP_PSH : 0)), now_us);
	s->offset = (uint64_t)(at - 1);
	s->len = bytes;
	c->sent_ms = (uint32_t)(now_us / 1000);
	c->probe_now = false; /* whatever is sent is answered */
	if (at < c->max) {
		c->retransmitted += pieces_of(s, at + bytes > c->max ? c->max - at : bytes);
		if (at < c->timed) /* Karn's algorithm: RFC 6298, section 3 */
			c->timed = 0;
	} else if (!c->timed) {
		c->timed = at + span;
		c->timed_at_us = now_us;
	}
	if (c->sack_on &&
		(at < c->max || !xd_tcp_sent_join(&c->sent, &c->nb_sent, s->seq, s->seq + span,
					(uint32_t)now_us, xd_tcp_grain_us(c))))
		xd_tcp_note_sent(c, at, span, now_us);
	if (at + span > c->max)
		c->max = at + span;
}

/* Passes over what the peer has already, when all is sent again; what is left up to the next such
 * range, or to the end. */
static xd_tcp_place
next_unknown(struct xd_tcp_conn *c)
{
	const struct xd_tcp_ranges *r = &c->sacked;
	const struct xd_tcp_block *range;
	struct xd_tcp_block gap;
	uint32_t seq;

	if (c->nxt >= c->max)
		return xd_tcp_send_end(c);
	range = xd_tcp_ranges_find(r, xd_tcp_seq(c, c->nxt));
	if (range)
		c->nxt = xd_tcp_place_of(c, range->end);
	if (c->nxt + 1 >= c->max) /* what probed the window goes with what follows */
		return xd_tcp_send_end(c);
	seq = xd_tcp_seq(c, c->nxt);
	xd_tcp_ranges_gap(r, seq, xd_tcp_seq(c, c->max), &gap);
	return c->nxt + (xd_tcp_place)(gap.end - seq);
}

/* What the congestion window leaves room for. */
static xd_tcp_place
congestion_room(const struct xd_tcp_conn *c)
{
	xd_tcp_place room = (xd_tcp_place)c->cwnd - xd_tcp_flight(c);

	/* Limited transmit (RFC 3042); with selective acknowledgements, what they acknowledge is
	 * not on its way any more. */
	if (!c->sack_on && !c->recovering)
		room += (xd_tcp_place)c->mss * (c->dup_acks < 2 ? c->dup_acks : 2);
	return room;
}

/* Whether less than a full segment is sent now: RFC 9293, section 3.8.6.2.1. */
static bool
may_be_small(const struct xd_tcp_conn *c, xd_tcp_place span)
{
	if (c->nxt < c->max) /* it was, before */
		return true;
	if (c->nxt + span == xd_tcp_send_end(c))
		return !c->opts->nagle || c->fin_asked || c->nxt == c->una;
	return span >= (xd_tcp_place)c->wnd_max / 2;
}

/* How much of what was not sent, or was lost in a timeout, is sent now; 0: none, and *limit says
 * why. */
static uint32_t
new_data(struct xd_tcp_conn *c, uint32_t piece, uint32_t room, enum xd_tcp_limit *limit)
{
	xd_tcp_place end = next_unknown(c), span = end - c->nxt;
	const xd_tcp_place window = c->una + (xd_tcp_place)c->wnd - c->nxt;
	xd_tcp_place congestion;

	*limit = XD_TCP_LIMIT_NOTHING;
	if (span <= 0)
		return 0;
	span = span > (xd_tcp_place)room ? (xd_tcp_place)room : span;
	if (span > window) {
		*limit = XD_TCP_LIMIT_RECEIVER;
		span = window;
	}
	if (span <= 0)
		return 0;
	congestion = congestion_room(c);
	if (span > congestion) {
		*limit = XD_TCP_LIMIT_CONGESTION;
		if (congestion < (xd_tcp_place)piece)
			return 0;
		span = congestion;
	}
	if (span > (xd_tcp_place)piece && (c->nxt + span < end || c->opts->nagle))
		span -= span % piece;
	return span >= (xd_tcp_place)piece || may_be_small(c, span) ? (uint32_t)span : 0;
}

/* A byte that the window has no room for, when nothing is on its way, so that the peer says how
 * much it has now. It counts as sent in case that it is taken. */
static uint32_t
probe(struct xd_tcp_conn *c, uint32_t piece)
{
	const xd_tcp_place window = c->una + (xd_tcp_place)c->wnd - c->nxt;
	xd_tcp_place left = xd_tcp_send_end(c) - c->nxt;

	if (left <= 0 || c->nxt > c->una)
		return 0;
	left = left < (xd_tcp_place)piece ? left : (xd_tcp_place)piece;
	return window <= 1 ? 1 : (uint32_t)(window < left ? window : left);
}

/* RFC 5681, section 4.1: what is known of the network is out of date. */
static void
restart_when_idle(struct xd_tcp_conn *c, uint64_t now_us)
{
	if ((uint32_t)(now_us / 1000) - c->sent_ms > c->rto_us / 1000)
		c->cwnd = xd_tcp_min32(c->cwnd, xd_tcp_initial_window(c));
}

/* Payload of a full segment, beside the blocks that it will have. */
static uint32_t
piece_of(const struct xd_tcp_conn *c)
{
	const unsigned known = c->waiting.n + (c->twice.begin != c->twice.end);

	if (!known || !c->sack_on)
		return c->mss;
	return c->mss - xd_tcp_blocks_bytes(known < 3 ? known : c->ts_on ? 3 : 4);
}

/* One piece, unless somebody cuts what is longer, however small the peer's segments are. */
static uint32_t
room_of(const struct xd_tcp_conn *c, uint32_t piece)
{
	if (c->opts->send_bytes <= c->opts->mss || xd_tcp_send_end(c) - c->una <= c->mss)
		return piece;
	return piece * xd_tcp_max32(c->opts->send_bytes / c->mss, 1);
}

static inline bool
put_next_data(struct xd_tcp_conn *c, struct xd_tcp_segment *s, uint64_t now_us)
{
	const uint32_t piece = piece_of(c), room = room_of(c, piece);
	enum xd_tcp_limit limit = XD_TCP_LIMIT_CALLER;
	uint32_t span = 0;
	xd_tcp_place at;

	if (c->max == c->una)
		restart_when_idle(c, now_us);
	if (c->tail_now)
		span = xd_tcp_probe_tail(c, piece, &at);
	if (!span && c->recovering)
		span = xd_tcp_resend(c, room, &at);
	if (!span) {
		span = new_data(c, piece, room, &limit);
		at = c->nxt;
		c->nxt += span;
	}
	if (span) {
		put_data(c, s, at, span, now_us);
		limit = xd_tcp_send_end(c) > c->nxt ? XD_TCP_LIMIT_CALLER : XD_TCP_LIMIT_NOTHING;
	}
	if (!span && c->probe_now) {
		span = probe(c, piece);
		if (span)
			put_data(c, s, c->nxt, span, now_us);
	}
	xd_tcp_set_limit(c, limit, now_us);
	return span;
}

static bool
may_send_data(const struct xd_tcp_conn *c)
{
	return c->state >= XD_TCP_ESTABLISHED && c->state < XD_TCP_TIME_WAIT &&
	       (c->una < xd_tcp_send_end(c));
}

/* Where an acknowledgement without data stands: where the peer is sure to take it. */
static xd_tcp_place
bare_place(const struct xd_tcp_conn *c)
{
	return c->max <= c->una + (xd_tcp_place)c->wnd ? c->max : c->nxt;
}

bool
xd_tcp_output(struct xd_tcp_conn *c, struct xd_tcp_segment *s, uint64_t now_us)
{
	bool sent = false;

	if (c->reset_now) {
		begin(c, s, c->max, XD_TCP_RST, now_us);
		c->reset_now = false;
		return true;
	}
	if (c->state == XD_TCP_CLOSED)
		return false;
	if (c->nxt == 0)
		return put_syn(c, s, now_us);
	if (may_send_data(c))
		sent = put_next_data(c, s, now_us);
	if (!sent && c->ack_now) {
		begin(c, s, bare_place(c), 0, now_us);
		sent = true;
	}
	xd_tcp_timer_set(c, now_us);
	return sent;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP as somebody between its ends sees it: which state a segment brings, and whether it can be of
 * the connection at all.
 *
 * States follow RFC 9293, 3.3.2, with what the sender of each segment must be in. Windows are those
 * of van Rooij, "Real Stateful TCP Packet Filtering in IP Filter" (2001): an end sends nothing
 * beyond what the other allowed (I) and nothing older than a window (II), acknowledges nothing that
 * was not sent (III) and nothing older than a window (IV).
 *
 * A reset that was guessed is to have no effect (RFC 5961, 3.2): only one that begins where its
 * sender's data ends closes a connection. Others in the window pass, since their receiver answers
 * for itself, and shorten how long the connection is remembered, until more is seen of it.
 */
#include "conntrack/table.h"

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define ACK 0x10

/* What a receiver may have behind the last acknowledgement that was seen, whatever its window:
 * acknowledgements are sent late. */
#define ACK_WINDOW 66000u
#define MAX_WINDOW (1u << 30) /* RFC 7323, 2.3 */

enum segment { SEG_SYN, SEG_SYN_ACK, SEG_FIN, SEG_ACK, SEG_RST, SEG_NONE, SEGMENTS };

/* Instead of a state. */
#define IV 0x10 /* cannot be */
#define IG 0x11 /* passes, and changes nothing */
#define RE 0x12 /* a new connection takes the place of one that is closed */

enum {
	NO = CT_TCP_NONE,
	SS = CT_TCP_SYN_SENT,
	SR = CT_TCP_SYN_RECV,
	ES = CT_TCP_ESTABLISHED,
	FW = CT_TCP_FIN_WAIT,
	CW = CT_TCP_CLOSE_WAIT,
	LA = CT_TCP_LAST_ACK,
	TW = CT_TCP_TIME_WAIT,
	CL = CT_TCP_CLOSE,
	S2 = CT_TCP_SYN_SENT2,
};

/* First index: who sends. Until a FIN was seen 0 is who began the connection, and 1 the other; from
 * then on 0 is who sent the first FIN. FIN_WAIT: one side has sent FIN; CLOSE_WAIT: it was
 * acknowledged; LAST_ACK: the other has sent its own; TIME_WAIT: that was acknowledged. */
static const uint8_t next_state[2][SEGMENTS][CT_TCP_STATES] = {
	{
		/*              NO  SS  SR  ES  FW  CW  LA  TW  CL  S2 */
		[SEG_SYN] = {SS, SS, IG, IG, IG, IG, IG, RE, RE, S2},
		[SEG_SYN_ACK] = {IV, IV, SR, IG, IG, IG, IG, IG, IV, SR},
		[SEG_FIN] = {IV, IV, FW, FW, FW, CW, LA, TW, CL, IV},
		[SEG_ACK] = {ES, IV, ES, ES, FW, CW, TW, TW, CL, IV},
		[SEG_RST] = {IV, CL, CL, CL, CL, CL, CL, CL, CL, CL},
		[SEG_NONE] = {IV, IV, IV, IV, IV, IV, IV, IV, IV, IV},
	},
	{
		/*              NO  SS  SR  ES  FW  CW  LA  TW  CL  S2 */
		[SEG_SYN] = {IV, S2, IG, IG, IG, IG, IG, RE, RE, S2},
		[SEG_SYN_ACK] = {IV, SR, SR, IG, IG, IG, IG, IG, IV, SR},
		[SEG_FIN] = {IV, IV, FW, FW, LA, LA, LA, TW, CL, IV},
		[SEG_ACK] = {IV, IG, SR, ES, CW, CW, LA, TW, CL, IG},
		[SEG_RST] = {IV, CL, CL, CL, CL, CL, CL, CL, CL, CL},
		[SEG_NONE] = {IV, IV, IV, IV, IV, IV, IV, IV, IV, IV},
	},
};

static bool
before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* SYN and FIN together, or none of these: no TCP sends that. */
static enum segment
segment_of(uint8_t flags)
{
	if (flags & RST)
		return flags & (SYN | FIN) ? SEG_NONE : SEG_RST;
	if (flags & SYN)
		return flags & FIN ? SEG_NONE : flags & ACK ? SEG_SYN_ACK : SEG_SYN;
	if (!(flags & ACK))
		return SEG_NONE;
	return flags & FIN ? SEG_FIN : SEG_ACK;
}

static uint32_t
window_of(const struct ct_side *s)
{
	return ct_load(&s->max_win) & ~CT_UNACKED;
}

static bool
is_unacked(const struct ct_side *s)
{
	return ct_load(&s->max_win) & CT_UNACKED;
}

static uint32_t
end_of(const struct xd_ct_packet *p)
{
	return p->tcp_seq + p->tcp_len + !!(p->tcp_flags & SYN) + (p->tcp_flags & FIN);
}

/* A window of 0 allows an octet nevertheless: probes (RFC 9293, 3.8.6.1). */
static uint32_t
at_least_one(uint32_t window)
{
	return window ? window : 1;
}

/* What the sender of a SYN says of itself. Scales are used when both have offered one, and that of
 * a SYN itself is not scaled (RFC 7323, 2.2). */
static void
open_side(struct ct_side *s, const struct xd_ct_packet *p, uint32_t *flags, int d)
{
	const uint32_t end = end_of(p);

	ct_store(&s->end, end);
	ct_store(&s->max_end, end);
	ct_store(&s->max_win, at_least_one(p->tcp_window));
	*flags &= ~(CT_SCALED(d) | CT_SCALE_MASK(d));
	if (p->tcp_scale != UINT8_MAX)
		*flags |= CT_SCALED(d) | (uint32_t)p->tcp_scale << CT_SCALE_AT(d);
}

bool
xd_ct_tcp_begins(const struct xd_ct *ct, const struct xd_ct_packet *p)
{
	const enum segment segment = segment_of(p->tcp_flags);

	return segment == SEG_SYN || (ct->tcp_loose && segment == SEG_ACK);
}

/* One that is taken up in its middle has windows of which nobody knows how they are scaled. */
uint32_t
xd_ct_tcp_begin(struct ct_conn *c, const struct xd_ct_packet *p)
{
	uint32_t flags = 0;

	memset(c->side, 0, sizeof(c->side));
	if (p->tcp_flags & SYN) {
		open_side(&c->side[0], p, &flags, 0);
		return flags | CT_TCP_SYN_SENT;
	}
	c->side[0] = (struct ct_side){
		.end = end_of(p), .max_end = end_of(p) + 1, .max_win = at_least_one(p->tcp_window)};
	c->side[1] = (struct ct_side){
		.end = p->tcp_ack, .max_end = p->tcp_ack + at_least_one(p->tcp_window)};
	return CT_TCP_ESTABLISHED | CT_LIBERAL(0) | CT_LIBERAL(1);
}

static uint32_t
scale_of(uint32_t flags, int d)
{
	const uint32_t both = CT_SCALED(0) | CT_SCALED(1);

	return (flags & both) == both ? CT_SCALE(flags, d) : 0;
}

/* I to IV, in their order. What is not known of the other side is no bound. */
static bool
is_in_window(const struct ct_side *s, const struct ct_side *r, const struct xd_ct_packet *p,
	uint32_t ack)
{
	const uint32_t end = ct_load(&s->end), r_end = ct_load(&r->end);
	const uint32_t win = window_of(s), r_win = window_of(r);
	const uint32_t lag = win > ACK_WINDOW ? win : ACK_WINDOW;

	return !before(ct_load(&s->max_end), p->tcp_seq) &&
	       (r_win == 0 || !before(end_of(p), end - r_win)) && !before(r_end, ack) &&
	       !before(ack, r_end - lag);
}

static void
raise(uint32_t *at, uint32_t value)
{
	if (before(ct_load(at), value))
		ct_store(at, value);
}

/* A segment may be as long as its sender likes, once it begins inside. */
static void
widen(struct ct_side *r, uint32_t by)
{
	const uint32_t sum = window_of(r) + by;

	ct_store(&r->max_win,
		(sum < MAX_WINDOW ? sum : MAX_WINDOW) | (ct_load(&r->max_win) & CT_UNACKED));
}

/* A segment in the window: what its sender has sent, and allows. */
static void
advance(struct ct_side *s, struct ct_side *r, const struct xd_ct_packet *p, uint32_t ack,
	uint32_t *flags, int d)
{
	const uint32_t end = end_of(p), max_end = ct_load(&s->max_end);
	uint32_t win = p->tcp_window;

	if (!(p->tcp_flags & SYN))
		win <<= scale_of(*flags, d);
	if (window_of(s) < win)
		ct_store(&s->max_win, win | (ct_load(&s->max_win) & CT_UNACKED));
	if (before(ct_load(&s->end), end)) {
		ct_store(&s->end, end);
		if (!is_unacked(s))
			ct_store(&s->max_win, window_of(s) | CT_UNACKED);
	}
	/* More than was allowed, but began inside: the window was larger than was seen. */
	if (before(max_end, end) && window_of(r))
		widen(r, end - max_end);
	raise(&r->max_end, ack + at_least_one(win));
	if (is_unacked(r) && ack == ct_load(&r->end))
		ct_store(&r->max_win, window_of(r));
	*flags &= ~CT_DOUBTED;
}

/* What is said of a side by a SYN, or by the first of it that is seen in the middle. */
static void
first_of_side(struct ct_side *s, const struct xd_ct_packet *p, uint32_t *flags, int d)
{
	if (p->tcp_flags & SYN) {
		open_side(s, p, flags, d);
		return;
	}
	ct_store(&s->end, end_of(p));
	ct_store(&s->max_win, at_least_one(p->tcp_window));
	raise(&s->max_end, end_of(p));
}

/* Of a reset: a state or one of the words above. An answer to a SYN has no sequence number of its
 * own and acknowledges the SYN exactly (RFC 9293, 3.10.7.3). */
static uint8_t
judge_reset(const struct xd_ct *ct, const struct ct_conn *c, const struct xd_ct_packet *p,
	uint32_t *flags, int d)
{
	const struct ct_side *s = &c->side[d], *r = &c->side[!d];

	if (window_of(s) == 0) {
		if ((p->tcp_flags & ACK) && p->tcp_ack == ct_load(&r->end))
			return CL;
		return ct->tcp_liberal || (*flags & CT_LIBERAL(d)) ? IG : IV;
	}
	if (p->tcp_seq == ct_load(&s->end))
		return CL;
	/* Its acknowledgement says nothing: it may be absent, or 0. */
	if (!is_in_window(s, r, p, ct_load(&r->end)) && !ct->tcp_liberal &&
		!(*flags & CT_LIBERAL(d)))
		return IV;
	*flags |= CT_DOUBTED;
	return IG;
}

/* The role of who sends. */
static int
role_of(uint32_t flags, int d)
{
	const uint32_t state = flags & CT_TCP_STATE;

	if (state < CT_TCP_FIN_WAIT || state > CT_TCP_TIME_WAIT)
		return d;
	return d ^ ((flags & CT_CLOSER) != 0);
}

/* Whether a segment begins its side's numbers: nothing was seen of it, or it is a SYN before both
 * have agreed. The originator's may begin anywhere while nobody has answered it. */
static bool
begins_side(const struct ct_side *s, const struct xd_ct_packet *p, uint32_t flags, int d)
{
	const uint32_t state = flags & CT_TCP_STATE;

	if (window_of(s) == 0)
		return true;
	if (!(p->tcp_flags & SYN))
		return false;
	if (state == SS && d == 0)
		return true;
	return (state == SS || state == SR || state == S2) && before(ct_load(&s->end), end_of(p));
}

/* One that begins and is refused leaves nothing behind: it may be a guess. */
static bool
passes_windows(const struct xd_ct *ct, struct ct_conn *c, const struct xd_ct_packet *p,
	uint32_t *flags, int d)
{
	struct ct_side *s = &c->side[d], *r = &c->side[!d];
	const uint32_t ack = p->tcp_flags & ACK ? p->tcp_ack : ct_load(&r->end);
	uint32_t with = *flags;
	struct ct_side first;

	if (!begins_side(s, p, *flags, d)) {
		if (is_in_window(s, r, p, ack)) {
			advance(s, r, p, ack, flags, d);
			return true;
		}
		return ct->tcp_liberal || (*flags & CT_LIBERAL(d));
	}
	first = (struct ct_side){.max_end = ct_load(&s->max_end)};
	first_of_side(&first, p, &with, d);
	if (!is_in_window(&first, r, p, ack) && !ct->tcp_liberal && !(*flags & CT_LIBERAL(d)))
		return false;
	ct_store(&s->end, first.end);
	ct_store(&s->max_end, first.max_end);
	ct_store(&s->max_win, first.max_win);
	advance(s, r, p, ack, &with, d);
	*flags = with;
	return true;
}

/* An acknowledgement closes a direction only when it is that of the FIN. */
static uint8_t
closing(uint8_t next, uint32_t state, const struct ct_side *other)
{
	if (next != state && (next == CW || next == TW) && is_unacked(other))
		return (uint8_t)state;
	return next;
}

enum ct_tcp_verdict
xd_ct_tcp_judge(const struct xd_ct *ct, struct ct_conn *c, const struct xd_ct_packet *p,
	uint32_t *flags, int d)
{
	const enum segment segment = segment_of(p->tcp_flags);
	const uint32_t state = *flags & CT_TCP_STATE;
	uint8_t next = next_state[role_of(*flags, d)][segment][state];

	if (next == IV)
		return CT_TCP_INVALID;
	if (next == RE)
		return CT_TCP_REOPEN;
	if (segment == SEG_RST)
		next = judge_reset(ct, c, p, flags, d);
	/* What changes nothing is for its receiver to answer, unless that is to SYN in the middle
	 * of a connection, whose numbers say nothing of the window (RFC 5961, 4). */
	else if (next != IG && !passes_windows(ct, c, p, flags, d))
		return CT_TCP_INVALID;
	if (next == IV)
		return CT_TCP_INVALID;
	if (next == IG)
		return CT_TCP_PASS;
	if (next == FW && state != FW)
		*flags = d ? *flags | CT_CLOSER : *flags & ~CT_CLOSER;
	if (next == ES && (*flags & CT_ANSWERED))
		*flags |= CT_ASSURED;
	next = closing(next, state, &c->side[!d]);
	*flags = (*flags & ~CT_TCP_STATE) | next;
	return CT_TCP_PASS;
}

enum xd_ct_timeout
xd_ct_tcp_timeout(const struct ct_conn *c, uint32_t flags)
{
	static const uint8_t timeouts[CT_TCP_STATES] = {
		[NO] = XD_CT_TIMEOUT_TCP_SYN_SENT,
		[SS] = XD_CT_TIMEOUT_TCP_SYN_SENT,
		[SR] = XD_CT_TIMEOUT_TCP_SYN_RECV,
		[ES] = XD_CT_TIMEOUT_TCP_ESTABLISHED,
		[FW] = XD_CT_TIMEOUT_TCP_FIN_WAIT,
		[CW] = XD_CT_TIMEOUT_TCP_CLOSE_WAIT,
		[LA] = XD_CT_TIMEOUT_TCP_LAST_ACK,
		[TW] = XD_CT_TIMEOUT_TCP_TIME_WAIT,
		[CL] = XD_CT_TIMEOUT_TCP_CLOSE,
		[S2] = XD_CT_TIMEOUT_TCP_SYN_SENT,
	};
	const uint32_t state = flags & CT_TCP_STATE;

	if (state == ES &&
		((flags & CT_DOUBTED) || (is_unacked(&c->side[0]) && is_unacked(&c->side[1]))))
		return XD_CT_TIMEOUT_TCP_UNACKNOWLEDGED;
	return timeouts[state];
}

const char *
xd_ct_tcp_state_name(uint32_t flags)
{
	static const char *const names[CT_TCP_STATES] = {
		[NO] = "NONE",
		[SS] = "SYN_SENT",
		[SR] = "SYN_RECV",
		[ES] = "ESTABLISHED",
		[FW] = "FIN_WAIT",
		[CW] = "CLOSE_WAIT",
		[LA] = "LAST_ACK",
		[TW] = "TIME_WAIT",
		[CL] = "CLOSE",
		[S2] = "SYN_SENT2",
	};

	return names[flags & CT_TCP_STATE];
}

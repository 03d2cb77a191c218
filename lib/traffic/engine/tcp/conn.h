/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One end of a TCP connection: RFC 9293 with window scale, timestamps and PAWS (RFC 7323), NewReno
 * (RFC 5681, 6582) or, with selective acknowledgements (RFC 2018, 2883), RACK and tail loss probes
 * (RFC 8985), limited transmit (RFC 3042), an initial window of ten segments (RFC 6928), the
 * retransmission timeout of RFC 6298, and challenge ACKs (RFC 5961).
 *
 * It knows no ports, no frames and no clock. It is told what arrives (xd_tcp_input), that a
 * deadline has passed (xd_tcp_timeout) and what there is to be sent (xd_tcp_write), and asked for
 * segments until it has none (xd_tcp_output). Times are microseconds of a clock that does not go
 * back, from 1 on.
 *
 * Nothing is buffered. A byte to be sent is known by its offset in the stream, and is written when
 * its segment is; a byte that arrives is shown, where it lies, to whoever takes it, once and with
 * its offset. What arrives with a gap before it is shown right away, and remembered as a range.
 *
 * All the state there is is in struct xd_tcp_conn. One thread at a time.
 */
#ifndef XD_TRAFFIC_ENGINE_TCP_CONN_H
#define XD_TRAFFIC_ENGINE_TCP_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "traffic/engine/tcp/ranges.h"
#include "traffic/engine/tcp/segment.h"
#include "traffic/engine/tcp/sent.h"

#define XD_TCP_NEVER      UINT64_MAX
#define XD_TCP_WINDOW_MAX (1u << 30) /* RFC 7323, section 2.3 */
#define XD_TCP_MSS_MIN    48

/* Where bytes come from and go to. */
struct xd_tcp_payload {
	/* Writes len bytes of the stream that is sent, from offset on; maybe again later. */
	void (*fill)(void *ctx, uint64_t offset, uint8_t *to, uint32_t len);
	/* Takes bytes of the stream that is received: each of them once, with gaps before if they
	 * come so. The memory may be changed by others meanwhile. */
	void (*take)(void *ctx, uint64_t offset, const uint8_t *from, uint32_t len);
};

/* What connections have in common. */
struct xd_tcp_opts {
	uint32_t window;         /* bytes that are received before an acknowledgement, at most */
	uint16_t mss;            /* bytes of a segment that the link carries, options included */
	uint32_t send_bytes;     /* payload of one xd_tcp_output: over mss, it is cut later */
	bool timestamps, sack;   /* offer them; in_order has no use for the latter */
	bool scale;              /* offer window scale */
	bool nagle;              /* RFC 9293, section 3.7.4 */
	bool tail_probes;        /* RFC 8985, section 7: where selective acknowledgements are on */
	bool in_order;           /* take nothing before what precedes it */
	uint32_t rto_min_us;     /* 1 s in RFC 6298, 200 ms in Linux */
	uint32_t delayed_ack_us; /* RFC 1122, section 4.2.3.2: under 500 ms; 0: none is delayed */
	uint32_t time_wait_us;   /* twice the maximum segment lifetime */
	unsigned tries;          /* timeouts in a row after which the peer is given up */
	/* What timestamps begin with. Of all connections of a host the same, so that of two between
	 * the same ports the second's do not go back; and not the time since boot: RFC 7323,
	 * sections 5.4 and 7.1. */
	uint32_t clock_ms;
	struct xd_tcp_payload payload;
	uint64_t *limited_us; /* XD_TCP_LIMITS: of all together, by what they are limited */
};

/* In the order of RFC 9293, section 3.3.2. LISTEN is its caller's. */
enum xd_tcp_state {
	XD_TCP_CLOSED,
	XD_TCP_SYN_SENT,
	XD_TCP_SYN_RECEIVED,
	XD_TCP_ESTABLISHED,
	XD_TCP_FIN_WAIT_1,
	XD_TCP_FIN_WAIT_2,
	XD_TCP_CLOSE_WAIT,
	XD_TCP_CLOSING,
	XD_TCP_LAST_ACK,
	XD_TCP_TIME_WAIT,
};

/* Why it is closed. */
enum xd_tcp_end {
	XD_TCP_END_NONE, /* it is not, or both sides have closed it */
	XD_TCP_END_REFUSED,
	XD_TCP_END_RESET,
	XD_TCP_END_TIMEOUT,
	XD_TCP_END_ABORTED, /* by us */
};

/* What keeps it from sending more. */
enum xd_tcp_limit {
	XD_TCP_LIMIT_NOTHING,    /* there is nothing to send */
	XD_TCP_LIMIT_RECEIVER,   /* the receiver's window */
	XD_TCP_LIMIT_CONGESTION, /* the congestion window */
	XD_TCP_LIMIT_CALLER,     /* xd_tcp_output has not been called for what there is */
	XD_TCP_LIMITS,
};

enum xd_tcp_timer {
	XD_TCP_TIMER_NONE,
	XD_TCP_TIMER_RETRANSMIT,
	XD_TCP_TIMER_TAIL,    /* until the tail is probed for loss */
	XD_TCP_TIMER_REORDER, /* until what is late is taken for lost */
	XD_TCP_TIMER_PERSIST,
	XD_TCP_TIMER_TIME_WAIT,
};

/* Places in a stream, of 64 bits so that they do not wrap: 0 is the SYN, 1 the first byte, then
 * comes the FIN. A sequence number is the initial one plus the place, modulo 2^32. */
typedef int64_t xd_tcp_place;

struct xd_tcp_conn {
	const struct xd_tcp_opts *opts; /* the caller's, as it is until the connection is closed */
	void *ctx;                      /* for opts->payload */

	/* Sending: RFC 9293, section 3.3.1, and what is left of it below. */
	xd_tcp_place una;     /* SND.UNA: oldest that is not acknowledged */
	xd_tcp_place nxt;     /* SND.NXT: next to be sent; goes back to una after a timeout */
	xd_tcp_place max;     /* behind the highest that was sent */
	xd_tcp_place end;     /* behind the last byte that there is to be sent: there the FIN is */
	xd_tcp_place recover; /* RFC 6582: recovery ends when it is acknowledged */
	xd_tcp_place timed;   /* round trip being timed: until it is acknowledged; 0: none */
	uint64_t timed_at_us;
	uint32_t iss;
	uint32_t wnd, wnd_max; /* the peer's, bytes: now, and the largest so far */
	uint32_t cwnd, ssthresh, cwnd_acked;
	uint32_t sent_ms;                    /* when data was sent last */
	uint32_t srtt_us, rttvar_us, rto_us; /* srtt_us 0: not measured yet */

	/* RFC 8985, section 5.3: of what was delivered, what was sent last; 32 bits of the clock.
	 */
	uint32_t rack_us, rack_end, rack_rtt_us, min_rtt_us;
	uint32_t round;    /* number that ends the round trip in which the reordering window grew */
	uint32_t tail_end; /* TLP.end_seq */
	struct xd_tcp_sent sent;

	/* Receiving. */
	xd_tcp_place rcv_nxt;   /* RCV.NXT */
	xd_tcp_place rcv_right; /* right edge of the window that was advertised */
	xd_tcp_place acked;     /* that was acknowledged last */
	xd_tcp_place fin;       /* where the peer's FIN is; 0: it has not come */
	uint32_t wl1, wl2;      /* SND.WL1, SND.WL2; numbers */
	uint32_t irs;
	uint32_t window; /* bytes that are received now: opts->window unless it was set */
	uint32_t ts_recent, ts_recent_ms;
	uint32_t arrived[2];       /* in which ranges something arrived last, latest first */
	struct xd_tcp_block twice; /* what came again, to be said once (RFC 2883); empty: nothing */

	uint64_t timer_us;       /* deadlines; timer says of what */
	uint64_t delayed_ack_us; /* XD_TCP_NEVER: none is waiting */
	uint32_t challenge_ms;   /* when challenges were counted from */

	/* Figures. */
	uint32_t retransmitted; /* segments of at most piece_bytes */
	uint64_t limited_since_us;

	struct xd_tcp_ranges sacked;  /* by the peer */
	struct xd_tcp_ranges waiting; /* arrived, with a gap before it */

	uint16_t mss; /* bytes of payload in a full segment, without blocks */
	uint8_t state, end_reason, limit, timer;
	uint8_t wnd_scale, rcv_scale;
	uint8_t dup_acks, timeouts, backoff, challenges;
	uint8_t nb_sent;                       /* of sent.at */
	uint8_t reo_mult : 3, reo_persist : 5; /* RACK.reo_wnd_mult, RACK.reo_wnd_persist */
	bool ts_on : 1, sack_on : 1;
	bool fin_asked : 1;  /* xd_tcp_close was called */
	bool ack_now : 1;    /* an acknowledgement has to go out */
	bool reset_now : 1;  /* so has a reset */
	bool probe_now : 1;  /* so has a byte beyond the window */
	bool recovering : 1; /* fast recovery */
	bool resend_now : 1; /* what is at una, whatever the congestion window */
	bool reduced : 1;    /* the congestion window was, when recovery began */
	bool losses : 1;     /* something is known to be lost, and was not sent again */
	bool reordered : 1;  /* the path has been seen to reorder */
	bool tail_now : 1;   /* a probe of the tail has to go out; */
	bool tail_out : 1;   /* one is out up to tail_end, */
	bool tail_again : 1; /* which was sent before */
	bool syn_again : 1;  /* the SYN was sent more than once */
};

/* Whether what arrived must be answered with xd_tcp_refuse. */
enum xd_tcp_verdict { XD_TCP_TAKEN, XD_TCP_REFUSE };

/* Begins a connection. iss: RFC 9293, section 3.4.1. opts stay the caller's. */
void xd_tcp_open(struct xd_tcp_conn *c, const struct xd_tcp_opts *opts, void *ctx, uint32_t iss,
	uint64_t now_us);
/* The other side's: syn has SYN, and neither ACK nor RST. */
void xd_tcp_accept(struct xd_tcp_conn *c, const struct xd_tcp_opts *opts, void *ctx, uint32_t iss,
	const struct xd_tcp_segment *syn, uint64_t now_us);

/* A segment that arrived for it, its payload being s->len bytes. */
enum xd_tcp_verdict xd_tcp_input(struct xd_tcp_conn *c, const struct xd_tcp_segment *s,
	const uint8_t *payload, uint64_t now_us);
/* The next segment to be sent; it counts as sent with that. False: there is none for now.
 * xd_tcp_may_output says so for less. */
bool xd_tcp_output(struct xd_tcp_conn *c, struct xd_tcp_segment *s, uint64_t now_us);
/* To be called when the time is xd_tcp_deadline or later. */
void xd_tcp_timeout(struct xd_tcp_conn *c, uint64_t now_us);

/* There are `bytes` more to be sent. */
void xd_tcp_write(struct xd_tcp_conn *c, uint64_t bytes, uint64_t now_us);
/* Of what was written, in messages of so many bytes, those that were not begun are not sent any
 * more. */
void xd_tcp_take_back(struct xd_tcp_conn *c, uint64_t message_bytes);
/* No more is to be sent: a FIN follows what there is. */
void xd_tcp_close(struct xd_tcp_conn *c);
/* Ends it at once, with a reset if the peer knows of it. */
void xd_tcp_abort(struct xd_tcp_conn *c);
/* Bytes that are received before an acknowledgement from now on; 0: the peer has to wait. */
void xd_tcp_set_window(struct xd_tcp_conn *c, uint32_t bytes);

/* The answer to a segment that belongs to no connection (RFC 9293, section 3.10.7.1). False: there
 * is none, it was a reset. */
bool xd_tcp_refuse(const struct xd_tcp_segment *s, struct xd_tcp_segment *reply);
/* Whether a SYN may begin a new connection in the place of this one, which waits for old segments
 * to die out (RFC 6191; RFC 9293, section 3.10.7.4). */
bool xd_tcp_may_replace(const struct xd_tcp_conn *c, const struct xd_tcp_segment *syn);

/* What a connection in TIME-WAIT needs to answer what still comes for it. */
struct xd_tcp_rest {
	uint32_t snd_nxt, rcv_nxt; /* sequence numbers */
	uint32_t ts_recent;
	bool ts_on;
};

void xd_tcp_rest_of(const struct xd_tcp_conn *c, struct xd_tcp_rest *rest);
/* A number behind all that it has used, for the connection that begins in its place: RFC 9293,
 * section 3.4.1. */
uint32_t xd_tcp_next_iss(const struct xd_tcp_rest *rest);
/* Makes it a connection again, in TIME-WAIT, for one segment that came. */
void xd_tcp_revive(struct xd_tcp_conn *c, const struct xd_tcp_opts *opts, void *ctx,
	const struct xd_tcp_rest *rest, uint64_t now_us);

/* Figures up to now_us. */
static inline void
xd_tcp_look(struct xd_tcp_conn *c, uint64_t now_us)
{
	c->opts->limited_us[c->limit] += now_us - c->limited_since_us;
	c->limited_since_us = now_us;
}

static inline uint64_t
xd_tcp_deadline(const struct xd_tcp_conn *c)
{
	return c->timer_us < c->delayed_ack_us ? c->timer_us : c->delayed_ack_us;
}

/* Whether data may still be sent, and will be once it is written. */
static inline bool
xd_tcp_is_open(const struct xd_tcp_conn *c)
{
	return c->state == XD_TCP_ESTABLISHED || c->state == XD_TCP_CLOSE_WAIT;
}

/* False: xd_tcp_output has nothing, and nothing to do. */
static inline bool
xd_tcp_may_output(const struct xd_tcp_conn *c)
{
	return c->nxt < c->end + c->fin_asked || c->nxt < c->max ||
	       (c->ack_now | c->reset_now | c->probe_now | c->recovering | c->tail_now);
}

/* Bytes that were written and not sent. */
static inline uint64_t
xd_tcp_unsent(const struct xd_tcp_conn *c)
{
	xd_tcp_place from = c->nxt < 1 ? 1 : c->nxt;

	return c->end > from ? (uint64_t)(c->end - from) : 0;
}

/* Bytes: written and not acknowledged; received in order; sent and acknowledged in order. */
static inline uint64_t
xd_tcp_pending(const struct xd_tcp_conn *c)
{
	xd_tcp_place from = c->una < 1 ? 1 : c->una;

	return c->end > from ? (uint64_t)(c->end - from) : 0;
}

static inline uint64_t
xd_tcp_received(const struct xd_tcp_conn *c)
{
	xd_tcp_place end = c->fin && c->rcv_nxt > c->fin ? c->fin : c->rcv_nxt;

	return end > 1 ? (uint64_t)(end - 1) : 0;
}

static inline uint64_t
xd_tcp_delivered(const struct xd_tcp_conn *c)
{
	xd_tcp_place end = c->una > c->end ? c->end : c->una;

	return end > 1 ? (uint64_t)(end - 1) : 0;
}

/* Whether the peer has sent all it will. */
static inline bool
xd_tcp_peer_closed(const struct xd_tcp_conn *c)
{
	return c->fin && c->rcv_nxt > c->fin;
}

/* "ESTABLISHED", ...; for people. */
const char *xd_tcp_state_name(enum xd_tcp_state state);
const char *xd_tcp_end_name(enum xd_tcp_end end);

#endif

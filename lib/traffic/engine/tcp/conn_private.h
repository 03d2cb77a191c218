/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of struct xd_tcp_conn share. */
#ifndef XD_TRAFFIC_ENGINE_TCP_CONN_PRIVATE_H
#define XD_TRAFFIC_ENGINE_TCP_CONN_PRIVATE_H

#include "traffic/engine/tcp/conn.h"

#define XD_TCP_RTO_FIRST_US 1000000u  /* RFC 6298, section 2 */
#define XD_TCP_RTO_AGAIN_US 3000000u  /* the same, when the SYN was sent again: section 5.7 */
#define XD_TCP_RTO_MAX_US   60000000u /* section 2.5 */
#define XD_TCP_DUP_ACKS     3         /* DupThresh of RFC 5681 */

#define XD_TCP_FIRST_SEGMENTS 10u /* RFC 6928 */
#define XD_TCP_FIRST_BYTES    14600u

static inline uint32_t
xd_tcp_max32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static inline uint32_t
xd_tcp_min32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static inline uint32_t
xd_tcp_seq(const struct xd_tcp_conn *c, xd_tcp_place place)
{
	return c->iss + (uint32_t)place;
}

/* Of the peer's stream. */
static inline uint32_t
xd_tcp_rcv_seq(const struct xd_tcp_conn *c, xd_tcp_place place)
{
	return c->irs + (uint32_t)place;
}

/* The place nearest to una, or to rcv_nxt, that has this number. */
static inline xd_tcp_place
xd_tcp_place_of(const struct xd_tcp_conn *c, uint32_t seq)
{
	return c->una + (int32_t)(seq - xd_tcp_seq(c, c->una));
}

static inline xd_tcp_place
xd_tcp_rcv_place_of(const struct xd_tcp_conn *c, uint32_t seq)
{
	return c->rcv_nxt + (int32_t)(seq - xd_tcp_rcv_seq(c, c->rcv_nxt));
}

/* For timestamps, in milliseconds. */
static inline uint32_t
xd_tcp_clock(const struct xd_tcp_conn *c, uint64_t now_us)
{
	return c->opts->clock_ms + (uint32_t)(now_us / 1000);
}

/* Selective acknowledgements are for ends that keep what comes out of order. */
static inline bool
xd_tcp_offers_sack(const struct xd_tcp_conn *c)
{
	return c->opts->sack && !c->opts->in_order;
}

/* RFC 6928. */
static inline uint32_t
xd_tcp_initial_window(const struct xd_tcp_conn *c)
{
	const uint32_t mss = c->mss;

	return xd_tcp_min32(XD_TCP_FIRST_SEGMENTS * mss, xd_tcp_max32(2 * mss, XD_TCP_FIRST_BYTES));
}

/* Behind all that there is to send for now, FIN included. */
static inline xd_tcp_place
xd_tcp_send_end(const struct xd_tcp_conn *c)
{
	return c->end + c->fin_asked;
}

/* What was sent within 1/16 of a round trip has one time: sent.h. */
static inline uint32_t
xd_tcp_grain_us(const struct xd_tcp_conn *c)
{
	return c->srtt_us >> 4;
}

static inline void
xd_tcp_set_limit(struct xd_tcp_conn *c, enum xd_tcp_limit limit, uint64_t now_us)
{
	if (c->limit == limit)
		return;
	xd_tcp_look(c, now_us);
	c->limit = (uint8_t)limit;
}

/* conn.c */
/* What both ends do when the handshake has told what the peer can. */
void xd_tcp_negotiate(struct xd_tcp_conn *c, const struct xd_tcp_segment *syn, uint64_t now_us);
void xd_tcp_established(struct xd_tcp_conn *c);
void xd_tcp_end(struct xd_tcp_conn *c, enum xd_tcp_end reason);

/* ack.c */
/* The acknowledgement in a segment that is acceptable, ack being its place, at most max. */
void xd_tcp_acknowledged(
	struct xd_tcp_conn *c, const struct xd_tcp_segment *s, xd_tcp_place ack, uint64_t now_us);

/* recovery.c */
/* xd_tcp_flight where something is lost, or has come out of order. */
uint32_t xd_tcp_flight_with_gaps(const struct xd_tcp_conn *c);
/* Without selective acknowledgements. */
void xd_tcp_dup_ack(struct xd_tcp_conn *c);
/* Something is lost: recovery begins, unless it has. */
void xd_tcp_recover(struct xd_tcp_conn *c);
/* Half of what is on its way is to be so from now on. */
void xd_tcp_slow_down(struct xd_tcp_conn *c);
/* bytes were acknowledged while it recovers. */
void xd_tcp_recovery_acked(struct xd_tcp_conn *c, uint32_t bytes);
/* What is to be sent again now, while it recovers: returns its bytes, 0 when it is nothing. */
uint32_t xd_tcp_resend(struct xd_tcp_conn *c, uint32_t room, xd_tcp_place *at);
/* After a timeout all is sent again, but for what the peer says it has. */
void xd_tcp_lost_all(struct xd_tcp_conn *c);

/* rack.c: RFC 8985. All but the first are for selective acknowledgements. */
/* span numbers were sent from a place on. */
void xd_tcp_note_sent(struct xd_tcp_conn *c, xd_tcp_place at, uint32_t span, uint64_t now_us);
/* The numbers up to `end`, of which the last was not known to have come, have. */
void xd_tcp_note_arrived(struct xd_tcp_conn *c, uint32_t end, uint64_t now_us);
/* Something of what was acknowledged had come twice: RFC 2883. */
void xd_tcp_note_twice(struct xd_tcp_conn *c);
/* What is lost by what is known now, or when it will be. */
void xd_tcp_find_losses(struct xd_tcp_conn *c, uint64_t now_us);
/* The next that is lost and was not sent again; false: there is none. */
bool xd_tcp_next_lost(const struct xd_tcp_conn *c, struct xd_tcp_block *lost);
uint32_t xd_tcp_lost_bytes(const struct xd_tcp_conn *c);

/* tail.c: RFC 8985, section 7 */
/* How long to wait for what is on its way before its tail is probed, */
uint64_t xd_tcp_tail_us(const struct xd_tcp_conn *c);
/* if it is. */
bool xd_tcp_probes_tail(const struct xd_tcp_conn *c);
/* The probe: returns its bytes; 0: there is none. */
uint32_t xd_tcp_probe_tail(struct xd_tcp_conn *c, uint32_t piece, xd_tcp_place *at);
/* una has moved. */
void xd_tcp_tail_acked(struct xd_tcp_conn *c);

/* timer.c */
void xd_tcp_round_trip(struct xd_tcp_conn *c, uint64_t us);
/* xd_tcp_timer_set where it may have to be changed. */
void xd_tcp_timer_change(struct xd_tcp_conn *c, uint64_t now_us);
/* The same, from now on. */
void xd_tcp_timer_restart(struct xd_tcp_conn *c, uint64_t now_us);
void xd_tcp_time_wait(struct xd_tcp_conn *c, uint64_t now_us);

/* ---- What there is nothing to do about for most segments, inline ---- */

/* Bytes that are on their way, by what is known of them: SetPipe of RFC 6675. */
static inline uint32_t
xd_tcp_flight(const struct xd_tcp_conn *c)
{
	if (c->sacked.n | c->losses)
		return xd_tcp_flight_with_gaps(c);
	return (uint32_t)(c->nxt - c->una);
}

/* Starts the timer for what is on its way, or for what cannot be, unless it runs; or stops it. */
static inline void
xd_tcp_timer_set(struct xd_tcp_conn *c, uint64_t now_us)
{
	if (c->nxt <= c->una || c->timer == XD_TCP_TIMER_NONE || c->timer == XD_TCP_TIMER_PERSIST)
		xd_tcp_timer_change(c, now_us);
}

#endif

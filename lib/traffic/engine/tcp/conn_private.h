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

/* conn.c */
/* What both ends do when the handshake has told what the peer can. */
void xd_tcp_negotiate(struct xd_tcp_conn *c, const struct xd_tcp_segment *syn, uint64_t now_us);
void xd_tcp_established(struct xd_tcp_conn *c);
void xd_tcp_end(struct xd_tcp_conn *c, enum xd_tcp_end reason);
void xd_tcp_set_limit(struct xd_tcp_conn *c, enum xd_tcp_limit limit, uint64_t now_us);

/* ack.c */
/* The acknowledgement in a segment that is acceptable, of una to max. */
void xd_tcp_acknowledged(struct xd_tcp_conn *c, const struct xd_tcp_segment *s, uint64_t now_us);

/* recovery.c */
/* Bytes that are on their way, by what is known of them. */
uint32_t xd_tcp_flight(const struct xd_tcp_conn *c);
void xd_tcp_dup_ack(struct xd_tcp_conn *c);
/* Whether what the peer says it has tells that what is at una is lost: RFC 6675, section 5, (2). */
void xd_tcp_look_for_loss(struct xd_tcp_conn *c);
/* bytes were acknowledged while it recovers. */
void xd_tcp_recovery_acked(struct xd_tcp_conn *c, uint32_t bytes);
/* What is to be sent again now: returns its bytes, 0 when it is nothing. */
uint32_t xd_tcp_resend(struct xd_tcp_conn *c, uint32_t room, xd_tcp_place *at);
/* Called when new data cannot be sent in recovery: the same, for the last resort. */
uint32_t xd_tcp_rescue(struct xd_tcp_conn *c, uint32_t room, xd_tcp_place *at);
/* After a timeout all is sent again, but for what the peer says it has. */
void xd_tcp_lost_all(struct xd_tcp_conn *c);

/* timer.c */
void xd_tcp_round_trip(struct xd_tcp_conn *c, uint64_t us);
/* Starts the timer for what is on its way, or for what cannot be, unless it runs; or stops it. */
void xd_tcp_timer_set(struct xd_tcp_conn *c, uint64_t now_us);
/* The same, from now on. */
void xd_tcp_timer_restart(struct xd_tcp_conn *c, uint64_t now_us);
void xd_tcp_time_wait(struct xd_tcp_conn *c, uint64_t now_us);

#endif

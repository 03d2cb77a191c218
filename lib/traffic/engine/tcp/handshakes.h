/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How many handshakes a host has on their way at once, of the connections that it opens: no real
 * host sends ten thousand SYNs in a microsecond, and what a ring of 256 entries loses of them is
 * sent again after a second only (RFC 6298, section 2). The others wait for their turn.
 *
 * The bound is a congestion window in slow start (RFC 5681, section 3.1), in handshakes: it begins
 * with 10, grows by one with each that is complete, up to 100, and is halved, but not below 10,
 * when a SYN had no answer in time, once in a second.
 *
 * It knows no connections. One thread.
 */
#ifndef XD_TRAFFIC_ENGINE_TCP_HANDSHAKES_H
#define XD_TRAFFIC_ENGINE_TCP_HANDSHAKES_H

#include <stdbool.h>
#include <stdint.h>

#define XD_TCP_HANDSHAKES_FIRST 10u
/* As many SYNs, and ACKs that end the handshakes before them, fit into a ring of 256. */
#define XD_TCP_HANDSHAKES_MOST  100u

struct xd_tcp_handshakes {
	uint32_t now, most; /* on their way; so many may be */
	uint64_t halved_us; /* when the bound was halved last; 0: never */
};

void xd_tcp_handshakes_init(struct xd_tcp_handshakes *h);
/* Whether one more may begin: then it counts as on its way. */
bool xd_tcp_handshakes_begin(struct xd_tcp_handshakes *h);
/* One that was on its way is complete; or has come to nothing. */
void xd_tcp_handshakes_complete(struct xd_tcp_handshakes *h);
void xd_tcp_handshakes_gone(struct xd_tcp_handshakes *h);
/* A SYN had no answer in time. now_us: of a clock that does not go back, from 1 on. */
void xd_tcp_handshakes_lost(struct xd_tcp_handshakes *h, uint64_t now_us);

#endif

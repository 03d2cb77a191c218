/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a host's connections are used for: an application above them, given to an endpoint in its
 * options. stream.h and exchange.h are two. All of it is called by the port's thread.
 */
#ifndef XD_TRAFFIC_ENGINE_TCP_APP_H
#define XD_TRAFFIC_ENGINE_TCP_APP_H

#include <stdbool.h>
#include <stdint.h>

struct xd_tcp_sending;
struct xd_tcp_session;

struct xd_tcp_app {
	/* One was opened or accepted; the handshake is still to come. NULL: nobody cares. */
	void (*begun)(void *ctx, struct xd_tcp_session *s);
	/* Bytes of it arrived: each once, maybe with a gap before it (conn.h). The memory may be
	 * changed by others meanwhile. NULL: they are those of messages (message/pattern.h). */
	void (*take)(void *ctx, const struct xd_tcp_session *s, uint64_t offset,
		const uint8_t *from, uint32_t len);
	/* A segment of it was dealt with, and s->next_done bytes or more have come in order:
	 * xd_tcp_received and the state may be others. */
	void (*received)(void *ctx, struct xd_tcp_session *s);
	/* It is through the handshake, not closed by us, and has nothing to send: writes more
	 * (xd_tcp_write) or closes it, or returns false, with which what the peer has closed is
	 * closed. Called again after xd_tcp_endpoint_wake. */
	bool (*write)(void *ctx, struct xd_tcp_session *s);
	/* Writes segment.len bytes from segment.offset on of what it sends; the connection may be
	 * gone by then. NULL: those of messages. */
	void (*fill)(void *ctx, const struct xd_tcp_sending *sending, uint8_t *to);
	/* It is closed, and given back next: its figures are there for the last time. NULL: nobody
	 * cares. */
	void (*gone)(void *ctx, struct xd_tcp_session *s);
	void *ctx;
};

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A host behind a port that has TCP connections: the port's source and sink. It answers ARP and the
 * like as a respond host does, gives each segment to its connection, and has connections that are
 * ready send in turn. What they send and do with what comes is an application's: app.h.
 *
 * Set up and asked by control, while no thread drives the port; else the port's thread.
 */
#ifndef XD_TRAFFIC_ENGINE_TCP_ENDPOINT_H
#define XD_TRAFFIC_ENGINE_TCP_ENDPOINT_H

#include "traffic/engine/message/outbox.h"
#include "traffic/engine/message/pattern.h"
#include "traffic/engine/respond/ask.h"
#include "traffic/engine/respond/station.h"
#include "traffic/engine/tcp/app.h"
#include "traffic/engine/tcp/handshakes.h"
#include "traffic/engine/tcp/packet.h"
#include "traffic/engine/tcp/queue.h"
#include "traffic/engine/tcp/session.h"
#include "traffic/engine/tcp/time_wait.h"
#include "traffic/port/impaired_sink.h"

struct xd_tcp_endpoint_opts {
	const char *addresses;       /* as xd_respond_host_init has them */
	unsigned number;             /* of the port */
	uint32_t max_frame, segment; /* bytes: of a frame at most; of one on the wire */
	bool csum, tso;              /* what the port's device does */
	uint32_t sessions;
	uint32_t time_waits; /* that are remembered, a power of two */
	uint32_t window;     /* bytes */
	bool nagle;
	bool verify, write; /* payloads are compared; are written */
	const struct xd_tcp_app *app;
	bool *over; /* set when its last connection has gone, unless it was told to close; or NULL
		     */
	uint16_t first_port, nb_ports;  /* that are listened on; 0: none */
	const struct xd_impair *impair; /* or NULL */
	const struct xd_message_pattern *pattern;
	double tsc_hz;
	struct xd_timers *timers; /* of the lane */
	unsigned tick_shift;
};

/* Figures that only grow. */
struct xd_tcp_counts {
	uint64_t wrong_bytes;
	uint64_t wrong_frames;              /* a checksum or a length */
	uint64_t accepted, refused, failed; /* connections; failed: that ended with an error */
	uint64_t data_frames, data_bytes;   /* sent, with what was sent again */
	uint64_t received_bytes;            /* payload, each byte once */
	uint64_t retransmitted;             /* segments */
	uint64_t limited_us[XD_TCP_LIMITS]; /* all connections together */
};

struct xd_tcp_endpoint {
	struct xd_tcp_endpoint_opts opts;
	struct xd_tcp_opts tcp[2]; /* over IPv4 and IPv6 */
	struct xd_respond_station station;
	struct xd_source source;
	struct xd_sink sink; /* the port's: of the next, where there are faults */
	struct xd_impaired_sink impaired;
	struct xd_tcp_sessions sessions;
	struct xd_tcp_time_waits time_waits;
	uint32_t opened; /* connections that are through the handshake, and not given back */
	struct xd_tcp_queue ready;   /* that may have something to send */
	struct xd_tcp_queue waiting; /* whose SYN is not sent yet, for handshakes */
	struct xd_tcp_handshakes handshakes;
	const struct xd_tcp_session *arriving;
	struct xd_outbox outbox; /* of xd_tcp_sending */
	uint64_t tsc_begin, now_us;
	double us_per_cycle, cycles_per_us;
	uint64_t secret;       /* of initial sequence numbers */
	enum xd_tcp_end why;   /* the last connection went, as long as it was not told to close */
	uint64_t unsent_bytes; /* xd_tcp_endpoint_stop */
	bool stopped;          /* nothing more is written */
	bool held;             /* xd_tcp_endpoint_hold */
	struct xd_tcp_counts counts;
};

/* -EINVAL: an address; -ENOMEM. */
int xd_tcp_endpoint_init(
	struct xd_tcp_endpoint *e, const struct xd_tcp_endpoint_opts *opts, struct xd_error *err);
void xd_tcp_endpoint_fini(struct xd_tcp_endpoint *e);

/* Connections that begin from here on have segments of at most so many bytes, options included (the
 * MSS that they tell), where their link carries more; 0: what it carries. */
void xd_tcp_endpoint_limit_mss(struct xd_tcp_endpoint *e, uint32_t most);
/* Where connections go: to xd_tcp_endpoint_open. -ENOBUFS: there are too many peers. */
int xd_tcp_endpoint_route(struct xd_tcp_endpoint *e, const struct xd_ip_route *route);
/* Begins a connection; its SYN may have to wait for others' handshakes (handshakes.h). One of these
 * ports that waits for old segments gives way if its peer can
 * tell the new one's segments by their timestamps, as RFC 6191 and Linux's tcp_tw_reuse have it.
 * -EADDRINUSE: the ports are in use, for now; -ENOBUFS. */
int xd_tcp_endpoint_open(
	struct xd_tcp_endpoint *e, unsigned route, uint16_t own_port, uint16_t peer_port);
/* While it is held, applications are not asked to write. Let go, all of them are. */
void xd_tcp_endpoint_hold(struct xd_tcp_endpoint *e, bool held);
/* No more is written. unsent_bytes: of messages that were written, each of so many bytes, those
 * that were not begun are not sent before a connection is closed, as thousands of connections have
 * gigabytes between them that nobody counts any more; 0: all are. */
void xd_tcp_endpoint_stop(struct xd_tcp_endpoint *e, uint64_t unsent_bytes);
/* No more is written; all connections are closed, or reset. */
void xd_tcp_endpoint_close(struct xd_tcp_endpoint *e);
void xd_tcp_endpoint_abort(struct xd_tcp_endpoint *e);
/* Connections that wait for an acknowledgement that has not come in time. */
uint32_t xd_tcp_endpoint_silent(const struct xd_tcp_endpoint *e);
/* Figures up to now, those of connections that are open included. */
void xd_tcp_endpoint_look(struct xd_tcp_endpoint *e, struct xd_tcp_counts *counts);

/* endpoint_frames.c */
void xd_tcp_endpoint_take(void *ctx, const struct xd_arrival *frame);
uint32_t xd_tcp_endpoint_write(
	void *ctx, uint8_t *data, uint32_t room, struct virtio_net_hdr_v1 *header);
/* The same, of bytes that are the application's. */
uint32_t xd_tcp_endpoint_write_app(
	void *ctx, uint8_t *data, uint32_t room, struct virtio_net_hdr_v1 *header);
/* endpoint_turns.c */
uint16_t xd_tcp_endpoint_ready(void *ctx, uint16_t n);
/* It is asked for segments soon. */
void xd_tcp_endpoint_wake(struct xd_tcp_endpoint *e, struct xd_tcp_session *s);
/* endpoint.c */
/* syn: what came, or NULL. before: what is left of the one in whose place it is, or NULL. */
void xd_tcp_endpoint_begin(struct xd_tcp_endpoint *e, struct xd_tcp_session *s,
	const struct xd_tcp_segment *syn, const struct xd_tcp_rest *before);

/* Connections' time, which does not go back. */
static inline void
xd_tcp_endpoint_clock(struct xd_tcp_endpoint *e, uint64_t tsc)
{
	const int64_t cycles = (int64_t)(tsc - e->tsc_begin);
	const uint64_t us = cycles > 0 ? 1 + (uint64_t)((double)cycles * e->us_per_cycle) : 1;

	if (us > e->now_us)
		e->now_us = us;
}

#endif

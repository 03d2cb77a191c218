/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The host behind the port, and what its connections are: not known yet, the control connection, a
 * stream, or one that is only to be closed. One thread, the port's, does all of it: frames that
 * come and a timer of a millisecond drive it.
 */
#ifndef XD_TRAFFIC_ENGINE_IPERF3_HOST_H
#define XD_TRAFFIC_ENGINE_IPERF3_HOST_H

#include "traffic/engine/iperf3/control.h"
#include "traffic/engine/iperf3/iperf3.h"
#include "traffic/engine/message/lanes.h"
#include "traffic/engine/tcp/endpoint.h"
#include "traffic/engine/udp/host.h"
#include "traffic/trial/lane.h"

enum xd_iperf3_use {
	XD_IPERF3_FRESH, /* server: its cookie has not come; client: its streams, until they run */
	XD_IPERF3_CONTROL,
	XD_IPERF3_STREAM,
	XD_IPERF3_LEAVING,
};

/* Beside each of the endpoint's sessions, by its place. */
struct xd_iperf3_slot {
	enum xd_iperf3_use use;
	bool early; /* more than a cookie came before it was known what it is */
	uint8_t cookie[XD_IPERF3_COOKIE];
	uint64_t since_us; /* in this use */
	uint64_t order;    /* in which they were opened */
	unsigned stream;   /* its number */
};

struct xd_iperf3_host {
	struct xd_timer tick; /* its first member */
	const struct xd_iperf3_opts *opts;
	struct xd_gen *gen;
	struct xd_gen_port *port;
	struct xd_message_pattern *pattern;
	struct xd_tcp_endpoint e;
	struct xd_tcp_app app;
	struct xd_udp_host udp;  /* beside e, while a test is one of UDP */
	struct xd_source source; /* the port's: e's, and then udp's */
	struct xd_sink sink;
	uint16_t nb_segments;    /* that e has to send before udp */
	uint16_t by_port[65536]; /* streams of UDP by the client's port, from 1 on; 0: none */
	unsigned nb_greets;      /* that have a hello to send */
	unsigned turn;           /* whose it is to send */
	uint64_t hello_us;
	struct xd_message_lanes lanes; /* whose timers the lane has */
	struct xd_lane lane;
	uint64_t ticks, order;
	struct xd_iperf3_slot *slots;

	struct xd_iperf3_control control;
	bool busy;                          /* control is in use */
	bool done;                          /* the test has its end, and was shown */
	struct xd_tcp_session *session;     /* the control connection's; NULL: it is closed */
	uint16_t control_own, control_peer; /* its ports */
	unsigned nb_tests;

	struct xd_iperf3_run run;
	bool running; /* streams are counted */
	bool sending; /* and may send */
	bool stopped; /* their figures are the last */
	uint64_t start_us, mark_us, moved_us, broken_us, done_us;
	uint64_t over_us; /* the client has said that it is over; 0: not yet */
	uint64_t moved;   /* bytes, all in all, when something last moved */
	double cpu_begin[3];

	uint64_t begun_us, closing_us; /* 0: not yet */
	struct xd_ip_route route;      /* client, to the server */
	uint16_t own_port;             /* client, the next connection's */
	bool wanted_stream;            /* what is being opened is one */
};

/* host.c */
struct xd_tcp_app xd_iperf3_host_app(struct xd_iperf3_host *h);
struct xd_iperf3_slot *xd_iperf3_slot(struct xd_iperf3_host *h, const struct xd_tcp_session *s);
void xd_iperf3_host_event(struct xd_iperf3_host *h, enum xd_iperf3_event event);
/* Has what the control connection says sent. */
void xd_iperf3_host_flush(struct xd_iperf3_host *h);
/* Gives the test up, and tells the peer. h->control.err says why. */
void xd_iperf3_host_fail(struct xd_iperf3_host *h);
void xd_iperf3_host_use(
	struct xd_iperf3_host *h, struct xd_iperf3_slot *slot, enum xd_iperf3_use use);
/* Lets the control connection go, when it is over and all is said. */
void xd_iperf3_host_release(struct xd_iperf3_host *h);
void xd_iperf3_host_close(struct xd_iperf3_host *h, struct xd_tcp_session *s);

/* server.c */
/* A connection has sent its cookie. */
void xd_iperf3_server_greet(struct xd_iperf3_host *h, struct xd_tcp_session *s);
/* A test's parameters are known; it is over; the next one is waited for. */
void xd_iperf3_server_create(struct xd_iperf3_host *h);
/* All streams are there. */
void xd_iperf3_server_start(struct xd_iperf3_host *h);
void xd_iperf3_server_end(struct xd_iperf3_host *h);
void xd_iperf3_server_listen(struct xd_iperf3_host *h);

/* client.c */
void xd_iperf3_client_begin(struct xd_iperf3_host *h);
void xd_iperf3_client_tick(struct xd_iperf3_host *h);
void xd_iperf3_client_create(struct xd_iperf3_host *h);
/* The stream that was opened last is there. */
void xd_iperf3_client_next(struct xd_iperf3_host *h);
/* A stream is through the handshake. */
void xd_iperf3_client_joined(struct xd_iperf3_host *h, struct xd_tcp_session *s);

/* datagrams.c */
int xd_iperf3_datagrams_init(struct xd_iperf3_host *h, struct xd_error *err);
void xd_iperf3_datagrams_open(struct xd_iperf3_host *h);
void xd_iperf3_datagrams_tick(struct xd_iperf3_host *h);
/* No stream is known any more. */
void xd_iperf3_datagrams_forget(struct xd_iperf3_host *h);

/* measure.c */
/* All streams are known, in order. */
void xd_iperf3_measure_begin(struct xd_iperf3_host *h);
void xd_iperf3_measure_tick(struct xd_iperf3_host *h);
/* The end: nothing counts any more. */
void xd_iperf3_measure_stop(struct xd_iperf3_host *h);
/* Whether a stream has a block to send now. */
bool xd_iperf3_measure_due(const struct xd_iperf3_host *h, const struct xd_iperf3_stream *s);
/* Writes more; false: nothing for now. */
bool xd_iperf3_measure_write(struct xd_iperf3_host *h, struct xd_tcp_session *s);
/* A stream's connection is about to be given back. */
void xd_iperf3_measure_gone(struct xd_iperf3_host *h, struct xd_iperf3_stream *stream);
/* Whether a server that knows how much it gets waits for the rest of it. */
bool xd_iperf3_measure_awaits(const struct xd_iperf3_host *h);
/* Own figures for the peer, and its for us. */
void xd_iperf3_measure_tell(struct xd_iperf3_host *h);
void xd_iperf3_measure_told(struct xd_iperf3_host *h);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One end of an iperf3 control connection: the order in which cookie, states, parameters and
 * results come and go. It knows no ports and no clock: it is given the bytes that arrived and the
 * time, and has bytes to be sent.
 *
 * Both directions are kept whole, from the first byte on, as the connections below (tcp/conn.h)
 * count them: a test is a few hundred bytes and two JSON texts. What a peer sends beyond that is
 * refused, and each step has a time after which a peer that says nothing is given up.
 */
#ifndef XD_TRAFFIC_ENGINE_IPERF3_CONTROL_H
#define XD_TRAFFIC_ENGINE_IPERF3_CONTROL_H

#include "traffic/engine/iperf3/parameters.h"
#include "traffic/engine/iperf3/results.h"

/* What it waits for. */
enum xd_iperf3_step {
	XD_IPERF3_STEP_COOKIE,     /* server: who it is */
	XD_IPERF3_STEP_PARAMETERS, /* server: what it wants; client: to be asked */
	XD_IPERF3_STEP_CREATE,     /* client: to be told to create streams */
	XD_IPERF3_STEP_STREAMS,    /* server: for its caller; client: for the start */
	XD_IPERF3_STEP_START,      /* client: to be told that it runs */
	XD_IPERF3_STEP_RUNNING,    /* the end: of the server, to be told; else its caller */
	XD_IPERF3_STEP_EXCHANGE,   /* client: to be asked for results */
	XD_IPERF3_STEP_FIGURES,    /* its caller's figures */
	XD_IPERF3_STEP_RESULTS,    /* the peer's */
	XD_IPERF3_STEP_DISPLAY,    /* client: the last word; server: the client's */
	XD_IPERF3_STEP_OVER,
	XD_IPERF3_STEPS,
};

/* What its caller has to do. */
enum xd_iperf3_event {
	XD_IPERF3_NOTHING,
	XD_IPERF3_CREATE,  /* test is known: create streams; the server calls _start with them */
	XD_IPERF3_START,   /* client: the time begins */
	XD_IPERF3_RUN,     /* client: send */
	XD_IPERF3_FIGURES, /* the test is over: call _figures */
	XD_IPERF3_REPORT,  /* peer holds the other end's figures */
	XD_IPERF3_FAILED,  /* err says why */
};

struct xd_iperf3_bytes {
	uint8_t *data;
	uint32_t len, room;
};

struct xd_iperf3_control {
	bool server;
	enum xd_iperf3_step step;
	uint64_t since_us;              /* the step's begin */
	double patience_s;              /* for a step that is the peer's */
	struct xd_iperf3_bytes in, out; /* out: len bytes are to be sent in all */
	uint32_t read;                  /* of in, so many have been dealt with */
	bool too_much;                  /* more came than a test has */
	bool peer_reports;              /* both ends' figures have been exchanged */
	char cookie[XD_IPERF3_COOKIE];
	struct xd_iperf3_test test;
	struct xd_iperf3_results own, peer;
	struct xd_error err;
};

/* A client's cookie and test are set before: what is first sent is made from them. */
void xd_iperf3_control_init(
	struct xd_iperf3_control *c, bool server, double patience_s, uint64_t now_us);
void xd_iperf3_control_fini(struct xd_iperf3_control *c);

/* Takes bytes that arrived, each once, maybe with gaps before; len > 0. */
void xd_iperf3_control_take(
	struct xd_iperf3_control *c, uint64_t offset, const uint8_t *from, uint32_t len);
/* Goes on with the first `received` bytes, without gaps. To be called until it is nothing. */
enum xd_iperf3_event xd_iperf3_control_next(
	struct xd_iperf3_control *c, uint64_t received, uint64_t now_us);
/* The peer has closed, or the connection has ended: text says how. FAILED, unless it is over. */
enum xd_iperf3_event xd_iperf3_control_closed(struct xd_iperf3_control *c, const char *how);
/* FAILED when the peer has not said for too long what it has to. */
enum xd_iperf3_event xd_iperf3_control_late(struct xd_iperf3_control *c, uint64_t now_us);

/* Server: all streams are there. */
void xd_iperf3_control_start(struct xd_iperf3_control *c, uint64_t now_us);
/* Client: the time is over. */
void xd_iperf3_control_end(struct xd_iperf3_control *c, uint64_t now_us);
/* Own figures are in c->own. */
void xd_iperf3_control_figures(struct xd_iperf3_control *c, uint64_t now_us);
/* Server, after REPORT: the same, and what it has shown of the test, for those who asked for it. */
void xd_iperf3_control_answer(struct xd_iperf3_control *c);
/* Gives up, and tells the peer. */
void xd_iperf3_control_quit(struct xd_iperf3_control *c);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * iperf3's client and server over one port and our own TCP, so that a stock iperf3 in a guest or a
 * namespace measures against it: protocol.h has the protocol, run.h what comes of a test.
 */
#ifndef XD_TRAFFIC_ENGINE_IPERF3_IPERF3_H
#define XD_TRAFFIC_ENGINE_IPERF3_IPERF3_H

#include "traffic/engine/iperf3/run.h"
#include "traffic/engine/respond/ask.h"
#include "traffic/trial/gen.h"

struct xd_iperf3_opts {
	bool server;
	bool once;                     /* server: one test, and it ends */
	const char *addresses;         /* of the host behind the port: as of respond */
	struct xd_respond_target peer; /* client: the server */
	uint16_t port;                 /* the server's */
	struct xd_iperf3_test test;    /* client */
	double interval_s;             /* between reports; 0: there are none */
	double timeout_s;              /* for what the peer has to say */
	uint32_t frame_bytes; /* longest frame on the wire, without FCS: it gives the MSS */
	uint32_t window;      /* bytes, of each connection */
	const struct xd_impair *impair; /* of the port; or NULL */
	const struct xd_iperf3_watch *watch;
};

/* Runs a test, or a server until it is told to stop. -EINVAL, -ENOMEM, -EBUSY; of a client, and of
 * a server's only test, also what became of it: -EHOSTUNREACH, -ECONNREFUSED, -ETIMEDOUT, -EPROTO,
 * -EREMOTEIO, -ECONNRESET, -ECONNABORTED; -EINTR, -EPIPE. */
int xd_iperf3_run(struct xd_gen *gen, const struct xd_iperf3_opts *opts, struct xd_error *err);

#endif

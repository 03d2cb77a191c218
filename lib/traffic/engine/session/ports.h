/* SPDX-License-Identifier: BSD-3-Clause */
/* The bench of a session (session.h): the generator's ports, opened and closed as it goes, and the
 * forwarding between them. Control. */
#ifndef XD_TRAFFIC_ENGINE_SESSION_PORTS_H
#define XD_TRAFFIC_ENGINE_SESSION_PORTS_H

#include "traffic/engine/session/session.h"

struct xd_session_ports_opts {
	uint32_t frame_bytes;        /* longest frame to be carried, without FCS */
	int node;                    /* NUMA node of the threads that forward, or -1 */
	unsigned timeout_ms;         /* for a port's peer to appear and to answer */
	const volatile bool *cancel; /* gives up waiting for it; or NULL */
	/* Starts the EAL, which a port needs; called once at most. NULL: it is up, or never is. */
	int (*start_eal)(void *ctx, struct xd_error *err);
	bool (*sleep)(void *ctx, double seconds); /* as xd_session_bench has it */
	void *ctx;
};

struct xd_session_ports;

/* opts are copied. NULL without memory. */
struct xd_session_ports *xd_session_ports_create(const struct xd_session_ports_opts *opts);
/* Stops forwarding and closes the ports; NULL is fine. */
void xd_session_ports_destroy(struct xd_session_ports *p);

/* What a session calls. */
struct xd_session_bench xd_session_ports_bench(struct xd_session_ports *p);

#endif

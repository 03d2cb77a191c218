/* SPDX-License-Identifier: BSD-3-Clause */
/* What ports.c and ports_stats.c share. */
#ifndef XD_TRAFFIC_ENGINE_SESSION_PORTS_PARTS_H
#define XD_TRAFFIC_ENGINE_SESSION_PORTS_PARTS_H

#include "traffic/engine/session/ports.h"

/* A port, which forwarding knows by its beginning. */
struct xd_open_port {
	struct xd_forward_port forward;
	bool started;
	struct xd_session_stats before; /* of forwarding that is over; not of a DPDK device */
	struct xd_session_stats base;   /* when they were cleared */
};

struct xd_session_ports {
	struct xd_session_ports_opts opts;
	bool eal;
	struct xd_open_port *ports[XD_GEN_PORTS_MAX];
	struct xd_forward *forward; /* the last one */
	struct xd_forward_plan plan;
	bool running;
};

/* Of the bench. */
void xd_ports_stats(void *ctx, unsigned number, struct xd_session_stats *stats);
void xd_ports_xstats(void *ctx, unsigned number, xd_session_each each, void *arg);
void xd_ports_clear(void *ctx, unsigned number);
/* Adds what the last forwarding counted of a port. */
void xd_ports_add_forwarded(
	struct xd_session_ports *p, unsigned number, struct xd_session_stats *stats);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The respond engine: each port is a host that answers ARP, neighbour solicitations and echo
 * requests, so that other people's ping and mtr can aim at it through a switch.
 */
#ifndef XD_TRAFFIC_ENGINE_RESPOND_RESPOND_H
#define XD_TRAFFIC_ENGINE_RESPOND_RESPOND_H

#include "traffic/trial/gen.h"

extern const struct xd_engine xd_respond_engine;

struct xd_respond_opts {
	double time_s; /* 0: until it is told to stop */
	/* By port: a list such as "10.0.0.2,fd00::2", the caller's; NULL: the link's own alone. */
	const char *addresses[XD_GEN_PORTS_MAX];
};

/* JSON: respond. Frames. */
struct xd_respond_figures {
	uint64_t arp, neighbour, echo, echo6; /* answered */
	uint64_t wrong;                       /* not: a checksum or a length was wrong */
	uint64_t not_sent;                    /* not: more came than could be answered */
};

/* A row when it ends. Being told to stop is its end when it has no time; else as xd_rate_run. */
int xd_respond_run(struct xd_gen *gen, const struct xd_respond_opts *opts, struct xd_error *err);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts behind all ports that ask and answer in datagrams: what rows of udp_rr are measured on.
 * Control. */
#ifndef XD_TRAFFIC_ENGINE_RR_UDP_H
#define XD_TRAFFIC_ENGINE_RR_UDP_H

#include "traffic/engine/message/lanes.h"
#include "traffic/engine/rr/datagrams.h"
#include "traffic/engine/rr/rr.h"

struct xd_rr_udp_end {
	struct xd_udp_host host;
	struct xd_rr_asks asks; /* of ports that open, or */
	struct xd_rr_answers answers;
};

struct xd_rr_udp {
	struct xd_gen *gen;
	const struct xd_message_hosts *hosts;
	struct xd_rr_datagrams datagrams;
	unsigned outstanding;
	double wait_s;
	struct xd_message_lanes lanes;
	struct xd_rr_udp_end *ends; /* by port */
};

/* gen to wait_s are set. -EINVAL, -EBUSY, -ENOMEM. */
int xd_rr_udp_create(struct xd_rr_udp *u, struct xd_error *err);
void xd_rr_udp_destroy(struct xd_rr_udp *u); /* also after it failed */
/* Asks from port first_port on. -EHOSTUNREACH, or as xd_message_lanes_run. */
int xd_rr_udp_begin(struct xd_rr_udp *u, uint16_t first_port, struct xd_error *err);
/* Asks no more, and waits for the answers that are still to come. As xd_message_lanes_run. */
int xd_rr_udp_end(struct xd_rr_udp *u, struct xd_error *err);

#endif

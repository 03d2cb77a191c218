/* SPDX-License-Identifier: BSD-3-Clause */
/* The switch under test, asked over its control socket what its workers have done. */
#ifndef XD_TRAFFIC_HOST_SWITCH_PROBE_H
#define XD_TRAFFIC_HOST_SWITCH_PROBE_H

#include <stdint.h>

#include "base/error.h"

#define XD_PROBE_WORKERS 64

struct xd_switch_probe;

struct xd_probe_sample {
	unsigned nb_workers;
	struct {
		int core;
		uint64_t busy_cycles, frames;
	} workers[XD_PROBE_WORKERS];
};

/* socket: the control socket of crossdockd. NULL with err when nobody answers. */
struct xd_switch_probe *xd_switch_probe_open(const char *socket, struct xd_error *err);
void xd_switch_probe_close(struct xd_switch_probe *probe); /* NULL is fine */

/* worker.show. One thread. Errors as the client has them, or -EPROTO. */
int xd_switch_probe_sample(
	struct xd_switch_probe *probe, struct xd_probe_sample *sample, struct xd_error *err);

/* Moves of addresses, over all bridges, that the switch has refused because they went to and fro:
 * bridge.show. One thread. Errors as above. */
int xd_switch_probe_damped(struct xd_switch_probe *probe, uint64_t *damped, struct xd_error *err);

#endif

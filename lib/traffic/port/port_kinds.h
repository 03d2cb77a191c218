/* SPDX-License-Identifier: BSD-3-Clause */
/* The kinds of generator ports; inside lib/traffic only. */
#ifndef XD_TRAFFIC_PORT_PORT_KINDS_H
#define XD_TRAFFIC_PORT_PORT_KINDS_H

#include "traffic/port/port.h"

/* args is what follows the colon. */
struct xd_gen_kind {
	const char *name; /* "virtio" */
	bool needs_eal;
	int (*check)(const char *args, struct xd_error *err);
	struct xd_gen_port *(*open)(
		const char *args, const struct xd_gen_port_opts *opts, struct xd_error *err);
};

extern const struct xd_gen_kind xd_gen_kind_virtio;
extern const struct xd_gen_kind xd_gen_kind_ethdev;
extern const struct xd_gen_kind xd_gen_kind_loop;

#endif

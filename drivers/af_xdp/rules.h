/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whose a frame is, as text: what the keys `steer` and `kernel` say. Any thread.
 *
 *     mac=02:00:00:00:00:01   its destination
 *     vlan=10                 of its outermost tag
 *     ethertype=0x88cc        behind the tags
 *     udp=4789, tcp=179       its destination port
 *
 * A frame that a rule of `kernel` matches is the kernel's; another that a rule of `steer` matches
 * is the switch's; with `own` in `kernel`, another for the interface's own addresses is the
 * kernel's; of the rest, with `all` in `steer`, all are the switch's, and without none.
 */
#ifndef XD_DRIVERS_AF_XDP_RULES_H
#define XD_DRIVERS_AF_XDP_RULES_H

#include "drivers/af_xdp/config.h"
#include "drivers/af_xdp/steer_map.h"

#define XD_AF_XDP_RULES     64 /* of both lists */
#define XD_AF_XDP_OWN_RULES 34 /* of an interface's own addresses: its MAC, 32 of IPv4 and IPv6 */

struct xd_af_xdp_rule {
	uint8_t kind;  /* enum xd_steer_kind */
	uint8_t whose; /* enum xd_steer_whose */
	uint8_t value[16];
};

struct xd_af_xdp_rules {
	bool all; /* what no rule matches is the switch's */
	bool own; /* frames for the interface's own addresses are the kernel's */
	unsigned n;
	struct xd_af_xdp_rule rules[XD_AF_XDP_RULES];
};

/* Reads both lists of a port. -EINVAL, -E2BIG: the key is named. */
int xd_af_xdp_rules_read(
	const struct xd_port_config *config, struct xd_af_xdp_rules *rules, struct xd_error *err);

#endif

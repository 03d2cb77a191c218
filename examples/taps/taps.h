/* SPDX-License-Identifier: BSD-3-Clause */
/* What appliances between two networks have in common: a bridge with a tap port for each, "inside"
 * and "outside", and a hook on both. */
#ifndef TAPS_H
#define TAPS_H

#include <stdint.h>

#include "crossdock.h"

/* Interfaces: NAME, or NETNS:NAME in a network namespace; they are made. */
int taps_configure(struct xd_switch *sw, const char *hook, const char *inside, const char *outside,
	unsigned core, struct xd_error *err);
/* Of the monotonic clock. */
uint64_t taps_now_ms(void);

#endif

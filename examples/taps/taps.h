/* SPDX-License-Identifier: BSD-3-Clause */
/* What appliances between two networks have in common: a bridge with a tap port for each, "inside"
 * and "outside", a hook on both, and signals that say what is to be done. */
#ifndef TAPS_H
#define TAPS_H

#include <stdint.h>

#include "crossdock.h"
#include "hook.h"

/* Interfaces: NAME, or NETNS:NAME in a network namespace; they are made. */
int taps_configure(struct xd_switch *sw, const char *hook, const char *inside, const char *outside,
	unsigned core, struct xd_error *err);
/* Of the monotonic clock. */
uint64_t taps_now_ms(void);

struct taps_program {
	void *ctx;
	void (*print)(void *ctx, struct xd_switch *sw);  /* SIGUSR1 */
	void (*reload)(void *ctx, struct xd_switch *sw); /* SIGHUP; NULL: not waited for */
};

/* Before there are threads, so that signals come to taps_serve. */
void taps_block_signals(const struct taps_program *program);
/* Says "ready", and does what signals say until SIGINT or SIGTERM comes. */
void taps_serve(const struct taps_program *program, struct xd_switch *sw);
/* What the hook dropped, for each reason. */
void taps_print_drops(const struct xd_hook_info *hook);

#endif

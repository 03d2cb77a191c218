/* SPDX-License-Identifier: BSD-3-Clause */
/* What appliances between two networks have in common: a bridge with two ports, "inside" and
 * "outside", a hook on both, words on the command line, and signals that say what is to be done. */
#ifndef APPLIANCE_H
#define APPLIANCE_H

#include <stdint.h>

#include "crossdock.h"
#include "hook.h"

struct appliance {
	const char *name;  /* the program */
	const char *words; /* that it is called with */
	const char *help;  /* what they mean, and what the program does */
	void *ctx;
	void (*print)(void *ctx, struct xd_switch *sw);  /* SIGUSR1 */
	void (*reload)(void *ctx, struct xd_switch *sw); /* SIGHUP; NULL: not waited for */
};

/* What to end with when the words are --help, which is answered, or wrong, which is said. */
int appliance_usage(const struct appliance *a, char **argv);

/* inside, outside: a port each, as appliance_usage says. */
int appliance_configure(struct xd_switch *sw, const char *hook, const char *inside,
	const char *outside, unsigned core, struct xd_error *err);
/* Of the monotonic clock. */
uint64_t appliance_now_ms(void);

/* Before there are threads, so that signals come to appliance_serve. */
void appliance_block_signals(const struct appliance *a);
/* Says "ready", and does what signals say until SIGINT or SIGTERM comes. */
void appliance_serve(const struct appliance *a, struct xd_switch *sw);
/* What the hook dropped, for each reason. */
void appliance_print_drops(const struct xd_hook_info *hook);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* What appliances between two networks have in common: a bridge with ports inside and outside, a
 * hook on all of them, words on the command line, and signals that say what is to be done. */
#ifndef APPLIANCE_H
#define APPLIANCE_H

#include <stdbool.h>
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
	void (*list)(void *ctx, struct xd_switch *sw);   /* SIGUSR2; NULL: not waited for */
};

/* What to end with when the words are --help, which is answered, or too few, which is said. */
int appliance_usage(const struct appliance *a, char **argv);

/* A switch whose warnings, such as of a port that cannot come up, are lines on standard error. */
struct xd_switch *appliance_create(const struct appliance *a, struct xd_error *err);

/* Says on standard error why the program ends, and returns what to end with. */
int appliance_failed(const struct appliance *a, const struct xd_error *err);

/* Says that a word is not what was expected; false. */
bool appliance_wrong(const struct appliance *a, const char *word, const char *expected);

/* The word that is the core; without one, NULL, it is 0. false: it is no number, as is said. */
bool appliance_read_core(const struct appliance *a, const char *word, unsigned *core);

/* A port, or several, on each side, as appliance_usage says. */
struct appliance_ports {
	const char *inside, *outside;
	bool apart; /* each side is a VLAN of its own, and what goes to the other is the hook's */
	unsigned core;
};

#define INSIDE_VLAN  1
#define OUTSIDE_VLAN 2

int appliance_configure(struct xd_switch *sw, const char *hook, const struct appliance_ports *ports,
	struct xd_error *err);
/* For the hook's attach: on which side a port is. */
bool appliance_is_inside(const struct xd_port_config *port);
/* Of the monotonic clock. */
uint64_t appliance_now_ms(void);

/* Before there are threads, so that signals come to appliance_serve. */
void appliance_block_signals(const struct appliance *a);
/* Says "ready", and does what signals say until SIGINT or SIGTERM comes. */
void appliance_serve(const struct appliance *a, struct xd_switch *sw);
/* What the hook dropped, for each reason. */
void appliance_print_drops(const struct xd_hook_info *hook);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* A change of configuration, which apply.c prepares and commit.c carries out. */
#ifndef XD_SWITCH_CHANGE_H
#define XD_SWITCH_CHANGE_H

#include "switch/switch.h"

struct xd_change {
	struct xd_switch *sw;
	struct xd_state *now;
	struct xd_state *next;
	bool more_workers; /* or fewer */

	unsigned first_free; /* no index before it is free in both */

	/* Ports of now, by index. */
	bool set[XD_MAX_PORTS];       /* stays, under settings that its driver takes over */
	bool conflicts[XD_MAX_PORTS]; /* holds what a new port needs (a socket, a device) */
	bool stopped[XD_MAX_PORTS];
	/* Ports of next, by index. */
	bool waits[XD_MAX_PORTS];    /* needs what a port that conflicts holds */
	bool inherits[XD_MAX_PORTS]; /* is the port that now has of this index, made anew */
	bool started[XD_MAX_PORTS];

	/* Hooks that were told of a port of next, a bit each; by index. */
	uint64_t attached[XD_MAX_PORTS];

	struct xd_plan *before;  /* now, without the ports that conflict; NULL: none does */
	struct xd_plan *between; /* next, without what workers still know otherwise */
};

/* next_ports.c. Fills in the ports of next: those that stay, and new ones, which are made and not
 * started. What fails leaves those that are made in next. err is not NULL. */
int xd_change_ports(struct xd_change *t, struct xd_error *err);
/* Starts a port of next that was made for it. */
int xd_change_start(struct xd_change *t, unsigned index, struct xd_error *err);
/* Ports of now that hold what a port of next claims (a socket, a device); returns how many. */
unsigned xd_change_holders(const struct xd_change *t, const struct xd_port_config *next,
	struct xd_port *holders[XD_CLAIMS]);

/* hooks.c. Tells hooks of ports that have them from now on, which they may refuse; of those again
 * that fail came to nothing; of ports that have them no more, once no worker sees the state before.
 */
int xd_hooks_attach(struct xd_change *t, struct xd_error *err);
void xd_hooks_undo(struct xd_change *t);
void xd_hooks_commit(struct xd_change *t);

/* events.c. Tells readers of events what has become another, while the ports of now have their
 * settings still. */
void xd_events_commit(const struct xd_change *t);

/* commit.c. Goes over to `next`, which cannot fail, and frees the state that was. */
void xd_change_commit(struct xd_change *t);

#endif

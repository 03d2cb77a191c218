/* SPDX-License-Identifier: BSD-3-Clause */
/* A change of configuration, which apply.c prepares and commit.c carries out. */
#ifndef XD_SWITCH_CHANGE_H
#define XD_SWITCH_CHANGE_H

#include "switch/switch.h"

struct xd_change {
	struct xd_switch *sw;
	struct xd_state *now;
	struct xd_state *next;
	bool was_set[XD_MAX_PORTS];   /* took over new settings */
	bool conflicts[XD_MAX_PORTS]; /* of now: holds what a new port needs (a socket, a device) */
	bool stopped[XD_MAX_PORTS];   /* of now */
	bool started[XD_MAX_PORTS];   /* of next */
	struct xd_plan *before;       /* now, without the ports that conflict */
	struct xd_plan *between;      /* next, without queues that change their worker */
};

/* Goes over to `next`, which cannot fail, and frees the state that was. */
void xd_change_commit(struct xd_change *t);

#endif

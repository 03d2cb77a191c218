/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by apply.c and settle.c: a switch on its way from one configuration to the next. */
#ifndef XD_SWITCH_TRANSIT_H
#define XD_SWITCH_TRANSIT_H

#include "switch/switch.h"

struct xd_transit {
	struct xd_switch *sw;
	struct xd_state *now;
	struct xd_state *next;
	bool was_set[XD_MAX_PORTS];    /* took over new settings */
	bool in_the_way[XD_MAX_PORTS]; /* of now: holds what a new port needs */
	bool stopped[XD_MAX_PORTS];    /* of now */
	bool started[XD_MAX_PORTS];    /* of next */
	struct xd_plan *before;        /* now, without what is in the way */
	struct xd_plan *between;       /* next, without queues that change their worker */
};

/* Goes over. Nothing in it can fail; frees the state that was. */
void xd_transit_commit(struct xd_transit *t);

#endif

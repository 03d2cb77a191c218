/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events: what happened to which port or bridge. Any number of readers, each of which sees all of
 * them, in order, from when it was opened on.
 *
 *     struct xd_events *events = xd_events_open(sw, &err);
 *     struct xd_event e;
 *
 *     (poll xd_events_fd(events), then)
 *     while (xd_events_read(events, &e, 1))
 *         printf("%s %s\n", xd_event_name(e.kind), e.name);
 *
 * A reader that does not read loses events, and is told so in their place (XD_EVENT_LOST): then it
 * looks at all there is (xd_switch_ports). Nobody waits for it.
 */
#ifndef XD_EVENT_H
#define XD_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/api.h"
#include "base/error.h"
#include "base/limits.h"

XD_API_BEGIN

struct xd_events;
struct xd_switch;

enum xd_event_kind {
	XD_EVENT_LOST, /* of those that would be here, so many: lost */
	/* A configuration was applied, by whomever, and there is another port or bridge, one less,
	 * or one under other settings (also with another name: was). */
	XD_EVENT_PORT_ADDED,
	XD_EVENT_PORT_REMOVED,
	XD_EVENT_PORT_SET,
	XD_EVENT_BRIDGE_ADDED,
	XD_EVENT_BRIDGE_REMOVED,
	XD_EVENT_BRIDGE_SET,
	/* A port went up or down, or else what its driver has to say of it changed (the speed of
	 * its link, who is connected). */
	XD_EVENT_PORT_UP,
	XD_EVENT_PORT_DOWN,
	XD_EVENT_PORT_CHANGED,
};

struct xd_event {
	enum xd_event_kind kind; /* what happened */
	uint16_t port;           /* its index; XD_PORT_NONE: of a bridge, or lost */
	bool up;                 /* of a port: as it is then */
	uint64_t number;         /* of all the switch's: one more than that of the event before */
	uint64_t lost;           /* of XD_EVENT_LOST: how many; else 0 */
	uint64_t cookie;         /* of its settings */
	char name[XD_NAME_MAX];  /* of the port or bridge, as it is now; "": lost */
	char was[XD_NAME_MAX];   /* its name before, if that was another; else "" */
};

/* Opens a reader: the caller's, until it closes it, before the switch is destroyed. Any thread.
 *   -EINVAL           there is no switch
 *   -ENOMEM           no memory
 *   -EMFILE, -ENFILE  no file descriptors are left
 */
struct xd_events *xd_events_open(struct xd_switch *sw, struct xd_error *err);
/* Closes it, and with it its descriptor; NULL is fine. Any thread but a callback of the switch's.
 */
void xd_events_close(struct xd_events *events);
/* A descriptor that is readable (level-triggered) while there are events. The reader's; not to be
 * read or closed. -EINVAL: there is no reader. Any thread. */
int xd_events_fd(const struct xd_events *events);
/* Takes at most max events and returns how many there were. Never waits. Any thread, also in a
 * callback of the switch's. */
unsigned xd_events_read(struct xd_events *reader, struct xd_event *events, unsigned max);
/* For people: "port-added", static text. Any thread. */
const char *xd_event_name(enum xd_event_kind kind);

XD_API_END

#endif

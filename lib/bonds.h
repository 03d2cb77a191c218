/* SPDX-License-Identifier: BSD-3-Clause */
/* Bonds, which are ports of type bond: what their members carry. Included by crossdock.h. */
#ifndef XD_BONDS_H
#define XD_BONDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/api.h"
#include "base/error.h"
#include "base/limits.h"

XD_API_BEGIN

struct xd_switch;

/* Bits of xd_lacp_side.state: IEEE 802.1AX-2014, 6.4.2.3. */
#define XD_LACP_ACTIVITY     0x01 /* sends without being asked */
#define XD_LACP_TIMEOUT      0x02 /* wants to hear once a second; else every 30 seconds */
#define XD_LACP_AGGREGATION  0x04
#define XD_LACP_SYNC         0x08
#define XD_LACP_COLLECTING   0x10
#define XD_LACP_DISTRIBUTING 0x20
#define XD_LACP_DEFAULTED    0x40
#define XD_LACP_EXPIRED      0x80

/* What one end of a link says of itself. */
struct xd_lacp_side {
	uint8_t system[6];        /* its address */
	uint16_t system_priority; /* the lower one of two decides which links are used */
	uint16_t key;             /* links with one key can be one bond */
	uint16_t port_priority;
	uint16_t port;
	uint8_t state; /* XD_LACP_* */
};

/* What has been heard of a member's partner. */
enum xd_lacp_heard {
	XD_LACP_HEARD_NOTHING, /* the link is down */
	XD_LACP_HEARD_LATE,    /* nothing in three periods: "expired" */
	XD_LACP_HEARD_NEVER,   /* nor in three seconds more: "defaulted" */
	XD_LACP_HEARD,         /* "current" */
};

/* A member of a bond. */
struct xd_bond_info {
	char port[XD_NAME_MAX]; /* the bond */
	char member[XD_NAME_MAX];
	bool up;             /* its link is */
	bool active;         /* its frames count */
	uint16_t buckets;    /* of the 256 that flows are hashed to: its share */
	uint32_t speed_mbps; /* of its link; 0: not known */
	/* With bond_mode lacp: */
	bool lacp;
	bool selected; /* its partner is the one that the bond is with */
	enum xd_lacp_heard heard;
	struct xd_lacp_side actor, partner;
	uint64_t rx_pdus, tx_pdus, bad_pdus; /* bad: slow protocols' frames not understood */
};

/* One entry for each member of each bond, in the order of the configuration: fills at most max
 * entries and returns how many there are. Any thread but a callback of the switch's loop. */
unsigned xd_switch_bonds(struct xd_switch *sw, struct xd_bond_info *info, unsigned max);
/* Has that member of a bond of mode active-backup carry its frames from now on, without a loss: the
 * network beyond is told at once, and what comes by the member that did before counts for a second
 * more. It stays so until the member is down or another is chosen, and not over a restart. 0, also
 * when the member carries them already. -ENOENT: there is no such bond; -EOPNOTSUPP: it is of
 * another mode; -EINVAL: the other is no member of it; -ENETDOWN: it is down. err may be NULL. Any
 * thread but a callback of the switch's loop. */
int xd_switch_bond_activate(
	struct xd_switch *sw, const char *bond, const char *member, struct xd_error *err);
/* "current", "expired", "defaulted" or "disabled": static text. Any thread. */
const char *xd_lacp_heard_name(enum xd_lacp_heard heard);
/* The word for bit number 0 to 7 of a state, as Open vSwitch has it: static text; NULL behind the
 * last. Any thread. */
const char *xd_lacp_state_name(unsigned bit);

XD_API_END

#endif

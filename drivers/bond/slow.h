/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames of slow protocols (IEEE 802.3, annex 57A: LACP and Marker) between a bond's members and
 * control, which no load of other frames keeps waiting.
 *
 * In: a small ring for each member, filled by workers before anything else is done with a batch. Of
 * each member so many a second are taken (XD_BOND_SLOW_RATE), so that a flood by one costs control
 * little, and the other members nothing.
 *
 * Out: one place for each member and protocol. A frame stays there until the member's device takes
 * it. Should that have no room, the frame is tried in every round, and for XD_BOND_SLOW_FIRST_MS
 * the bond's other frames do without that member (xd_bond.waits), so that the next buffer is for
 * this one. Then a worker without other work may sleep, until control has it tried again.
 */
#ifndef XD_DRIVERS_BOND_SLOW_H
#define XD_DRIVERS_BOND_SLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "bond/lacp.h"
#include "frame/frame.h"
#include "stats/counters.h"

#define XD_BOND_SLOW_RATE                                                                          \
	32 /* frames of a member in a second; IEEE 802.3, 57A.3: 10 a protocol                     \
	    */

#define XD_BOND_SLOW_FIRST_MS 2

enum xd_bond_slow_kind { XD_BOND_SLOW_LACP, XD_BOND_SLOW_MARKER, XD_BOND_SLOW_KINDS };

struct xd_bond_slow;

struct xd_bond_slow_frame {
	uint32_t len; /* as received; bytes holds less of a longer one */
	uint8_t bytes[XD_LACP_FRAME];
};

/* Control. NULL: no memory or descriptor. */
struct xd_bond_slow *xd_bond_slow_create(void);
void xd_bond_slow_destroy(struct xd_bond_slow *slow); /* NULL is fine */
/* Readable when a frame has come in. */
int xd_bond_slow_fd(const struct xd_bond_slow *slow);
/* begin: what comes from now on makes it readable again. get: the next that has come by a member.
 */
void xd_bond_slow_begin(struct xd_bond_slow *slow);
bool xd_bond_slow_get(struct xd_bond_slow *slow, unsigned member, struct xd_bond_slow_frame *frame);
/* Once a second: members may send again. */
void xd_bond_slow_refill(struct xd_bond_slow *slow);
/* A place to write a frame to; NULL: the one before has not been sent. put hands it over. */
uint8_t *xd_bond_slow_place(
	struct xd_bond_slow *slow, unsigned member, enum xd_bond_slow_kind kind);
void xd_bond_slow_put(struct xd_bond_slow *slow, unsigned member, enum xd_bond_slow_kind kind);
/* Whether frames wait to be sent; each is tried again, first of all, once the worker is told. */
bool xd_bond_slow_again(struct xd_bond_slow *slow);

/* Any worker. */
enum xd_drop xd_bond_slow_take(
	struct xd_bond_slow *slow, unsigned member, const struct xd_frame *frame);

/* The worker of the bond's queue, as a driver's rx, release and arm. */
void xd_bond_slow_rx(struct xd_bond_slow *slow, struct xd_batch *batch);
void xd_bond_slow_release(
	struct xd_bond_slow *slow, struct xd_bond *bond, const struct xd_batch *batch);
bool xd_bond_slow_arm(const struct xd_bond_slow *slow, const struct xd_bond *bond);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Link Aggregation Control Protocol, IEEE 802.1AX-2014 clause 6.4, as rules that know neither
 * ports nor a clock: they are told of links, of what was received and what time it is, and say what
 * is to be sent and which members collect and distribute.
 *
 *   lacp.c      the machines: receive, periodic, selection, mux, transmit
 *   lacp_pdu.c  their frames, and Marker's
 *
 * The mux machine is that of independent control (figure 6-21), which also works with a partner of
 * coupled control. One aggregator stands for the bond: the members whose partners say the same
 * system and key are selected. Which partner that is stays so while one of its members is heard;
 * else it is the one with the most members. Departures: a member is ready by its own
 * wait_while timer and does not wait for others', so that a link that flaps keeps none from
 * coming up; a partner that is individual (cannot aggregate) is not selected.
 *
 * All calls are control's. Times are milliseconds of one clock.
 */
#ifndef XD_BOND_LACP_H
#define XD_BOND_LACP_H

#include <string.h>

#include "bond/bond.h"
#include "bonds.h"

#define XD_LACP_FRAME 124 /* bytes of an LACPDU or Marker PDU with its Ethernet header */

/* 6.4.4 */
#define XD_LACP_FAST_MS  1000
#define XD_LACP_SLOW_MS  30000
#define XD_LACP_SHORT_MS 3000
#define XD_LACP_LONG_MS  90000
#define XD_LACP_WAIT_MS  2000
/* 6.4.16: PDUs in XD_LACP_FAST_MS at most. */
#define XD_LACP_BURST    3

#define XD_LACP_SUBTYPE        1
#define XD_LACP_SUBTYPE_MARKER 2

enum xd_lacp_mux {
	XD_LACP_MUX_DETACHED,
	XD_LACP_MUX_WAITING,
	XD_LACP_MUX_ATTACHED,
	XD_LACP_MUX_COLLECTING,
	XD_LACP_MUX_DISTRIBUTING,
};

struct xd_lacp_member {
	bool selected;
	bool ntt; /* need to transmit */
	enum xd_lacp_heard heard;
	enum xd_lacp_mux mux;
	struct xd_lacp_side actor, partner;
	uint64_t current_until; /* current_while timer */
	uint64_t wait_until;    /* wait_while timer */
	uint64_t periodic_at;   /* last expiry of periodic_timer */
	uint64_t sent_at[XD_LACP_BURST];
	uint64_t nb_sent, nb_received, nb_bad;
};

struct xd_lacp_config {
	uint8_t system[6];
	uint16_t system_priority;
	uint16_t
		key; /* 0 to 1023: the upper bits of what is sent, whose lower ones are the speed */
	bool active;
	bool fast;
};

struct xd_lacp {
	struct xd_lacp_config config;
	unsigned nb_members;
	struct xd_lacp_member members[XD_BOND_MEMBERS];
	/* The partner that the bond is with, and the key of ours to it. */
	struct xd_lacp_side group;
	uint16_t group_key;
};

/* All links are down. */
void xd_lacp_init(struct xd_lacp *lacp, const struct xd_lacp_config *config, unsigned nb_members);
/* Another configuration. Partners hear of it, and are as they were unless the system or its key is
 * another. */
void xd_lacp_configure(struct xd_lacp *lacp, const struct xd_lacp_config *config, uint64_t now);
/* Another member has that number from now on; its link is down. */
void xd_lacp_join(struct xd_lacp *lacp, unsigned member);
/* A member's link, whenever it may have changed. speed_mbps 0: not known. */
void xd_lacp_link(
	struct xd_lacp *lacp, unsigned member, bool up, uint32_t speed_mbps, uint64_t now);
/* A frame to the slow protocols' address that came by a member, whoever sent it; len bytes, of
 * which XD_LACP_FRAME are looked at. True: answer holds one to be sent there, of XD_LACP_FRAME
 * bytes (a Marker Response, 6.5). */
bool xd_lacp_receive(struct xd_lacp *lacp, unsigned member, const uint8_t *frame, uint32_t len,
	uint64_t now, uint8_t answer[XD_LACP_FRAME]);
/* Runs what is due by now. Returns when to be called again, at the latest. */
uint64_t xd_lacp_run(struct xd_lacp *lacp, uint64_t now);
/* After a run: the LACPDU that is to be sent by a member; false: none is. */
bool xd_lacp_transmit(
	struct xd_lacp *lacp, unsigned member, uint64_t now, uint8_t frame[XD_LACP_FRAME]);

/* After a run: members that collect and that distribute, a bit each. */
uint32_t xd_lacp_collects(const struct xd_lacp *lacp);
uint32_t xd_lacp_distributes(const struct xd_lacp *lacp);
/* Whether links are up, and nobody at the other ends of all of them speaks LACP. */
bool xd_lacp_is_alone(const struct xd_lacp *lacp);

/* lacp_pdu.c */

/* What an LACPDU says. */
struct xd_lacp_pdu {
	struct xd_lacp_side actor, partner;
};

void xd_lacp_encode(uint8_t frame[XD_LACP_FRAME], const struct xd_lacp_pdu *pdu);
/* False: it is no LACPDU. */
bool xd_lacp_decode(struct xd_lacp_pdu *pdu, const uint8_t *frame, uint32_t len);
/* The response to a Marker; false: it is none. */
bool xd_lacp_answer_marker(
	uint8_t answer[XD_LACP_FRAME], const uint8_t *frame, uint32_t len, const uint8_t system[6]);
/* Whether a frame is of a slow protocol, by its first 14 bytes: IEEE 802.3, annex 57A. Any thread.
 */
static inline bool
xd_lacp_is_slow(const uint8_t *frame)
{
	static const uint8_t address[6] = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x02};

	return !memcmp(frame, address, 6) && frame[12] == 0x88 && frame[13] == 0x09;
}

/* Whether such a frame is Marker's; else it is LACP's, or nobody's. Any thread. */
static inline bool
xd_lacp_is_marker(const uint8_t frame[XD_LACP_FRAME])
{
	return frame[14] == XD_LACP_SUBTYPE_MARKER;
}

#endif

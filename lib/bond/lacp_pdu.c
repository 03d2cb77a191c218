/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames of LACP and Marker: IEEE 802.1AX-2014, 6.4.2.3 and 6.5.3.3. */
#include "base/bytes.h"
#include "bond/lacp.h"

#define TYPE_SLOW 0x8809
#define BODY      14 /* behind the Ethernet header: subtype, version, */
#define ACTOR     (BODY + 2)
#define PARTNER   (ACTOR + 20)
#define COLLECTOR (PARTNER + 20)

enum { TLV_ACTOR = 1, TLV_PARTNER = 2, TLV_COLLECTOR = 3 };
enum { TLV_MARKER = 1, TLV_MARKER_RESPONSE = 2 };

static void
put_header(uint8_t frame[XD_LACP_FRAME], const uint8_t system[6], uint8_t subtype)
{
	static const uint8_t address[6] = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x02};

	memcpy(frame, address, 6);
	memcpy(frame + 6, system, 6);
	xd_put16(frame + 12, TYPE_SLOW);
	frame[BODY] = subtype;
	frame[BODY + 1] = 1;
}

static void
put_side(uint8_t *at, uint8_t type, const struct xd_lacp_side *side)
{
	at[0] = type;
	at[1] = 20;
	xd_put16(at + 2, side->system_priority);
	memcpy(at + 4, side->system, 6);
	xd_put16(at + 10, side->key);
	xd_put16(at + 12, side->port_priority);
	xd_put16(at + 14, side->port);
	at[16] = side->state;
}

static bool
get_side(struct xd_lacp_side *side, const uint8_t *at, uint8_t type)
{
	if (at[0] != type || at[1] != 20)
		return false;
	side->system_priority = xd_get16(at + 2);
	memcpy(side->system, at + 4, 6);
	side->key = xd_get16(at + 10);
	side->port_priority = xd_get16(at + 12);
	side->port = xd_get16(at + 14);
	side->state = at[16];
	return true;
}

void
xd_lacp_encode(uint8_t frame[XD_LACP_FRAME], const struct xd_lacp_pdu *pdu)
{
	memset(frame, 0, XD_LACP_FRAME);
	put_header(frame, pdu->actor.system, XD_LACP_SUBTYPE);
	put_side(frame + ACTOR, TLV_ACTOR, &pdu->actor);
	put_side(frame + PARTNER, TLV_PARTNER, &pdu->partner);
	frame[COLLECTOR] = TLV_COLLECTOR;
	frame[COLLECTOR + 1] = 16;
}

static bool
is_subtype(const uint8_t *frame, uint32_t len, uint8_t subtype)
{
	return len >= XD_LACP_FRAME && xd_lacp_is_slow(frame) && frame[BODY] == subtype;
}

/* Later versions begin as version 1 does: 6.4.2.4. */
bool
xd_lacp_decode(struct xd_lacp_pdu *pdu, const uint8_t *frame, uint32_t len)
{
	return is_subtype(frame, len, XD_LACP_SUBTYPE) && frame[BODY + 1] >= 1 &&
	       get_side(&pdu->actor, frame + ACTOR, TLV_ACTOR) &&
	       get_side(&pdu->partner, frame + PARTNER, TLV_PARTNER);
}

bool
xd_lacp_answer_marker(
	uint8_t answer[XD_LACP_FRAME], const uint8_t *frame, uint32_t len, const uint8_t system[6])
{
	if (!is_subtype(frame, len, XD_LACP_SUBTYPE_MARKER) || frame[ACTOR] != TLV_MARKER)
		return false;
	memcpy(answer, frame, XD_LACP_FRAME);
	put_header(answer, system, XD_LACP_SUBTYPE_MARKER);
	answer[ACTOR] = TLV_MARKER_RESPONSE;
	return true;
}

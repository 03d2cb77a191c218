/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a frame is, from link to transport layer, as far as its snapshot shows it.
 *
 *   tags   IEEE 802.1Q and 802.1ad, at most two of the sender's
 *   ARP    RFC 826, for IPv4 over Ethernet
 *   IPv4   RFC 791, with options
 *   IPv6   RFC 8200, with hop-by-hop, routing, destination and fragment headers
 *   TCP (RFC 9293), UDP (RFC 768), SCTP (RFC 9260), ICMP (RFC 792), ICMPv6 (RFC 4443)
 *
 * A layer is named only when its whole header lies in the snapshot and does not contradict itself,
 * so whoever finds it named may read it at its offset, and what is read there is what is sent.
 * Checksums, and lengths behind the last header, are not looked at.
 *
 * All calls: the worker that owns the batch; of what was parsed, any thread that has it.
 */
#ifndef XD_FRAME_HEADERS_H
#define XD_FRAME_HEADERS_H

#include "base/api.h"
#include "frame/frame.h"

XD_API_BEGIN

#define XD_HEADERS_TAGS 2 /* that a sender may have put */

/* What a frame has behind its tags, and behind that. */
enum xd_l3 { XD_L3_NONE, XD_L3_ARP, XD_L3_IPV4, XD_L3_IPV6 };
enum xd_l4 { XD_L4_NONE, XD_L4_TCP, XD_L4_UDP, XD_L4_SCTP, XD_L4_ICMP, XD_L4_ICMPV6 };

/* Where the parser ended. */
enum xd_headers_end {
	XD_HEADERS_WHOLE, /* at the payload of the last layer that it knows */
	XD_HEADERS_CUT,   /* at a header that goes beyond the snapshot */
	XD_HEADERS_BAD,   /* at a header that contradicts itself */
};

/* Offsets are bytes from where the frame begins now: xd_frame_data. */
struct xd_headers {
	uint16_t type; /* EtherType behind the tags; below 0x600 it is an IEEE 802.3 length */
	uint16_t tci[XD_HEADERS_TAGS]; /* of the tags, outermost first */
	uint8_t nb_tags;
	uint8_t end;     /* enum xd_headers_end */
	uint8_t l3_kind; /* enum xd_l3 */
	uint8_t l4_kind; /* enum xd_l4 */
	/* IP only: the protocol number behind the last header that was passed. 44 (Fragment) is
	 * passed; 50 (ESP) and 51 (AH) are not. */
	uint8_t proto;
	bool fragment;            /* a part of a datagram: RFC 791, 3.2; RFC 8200, 4.5 */
	uint16_t fragment_offset; /* bytes; not 0: there is no transport header in the frame */
	uint16_t l3;              /* what follows EtherType; set for every frame */
	uint16_t l4;              /* behind IPv4 options or IPv6 extension headers; IP only */
	uint16_t payload;         /* behind the transport header, when l4_kind says which */
};

/* Parses the snapshot of a frame of XD_FRAME_MIN bytes or more, and fills *h in any case. */
void xd_headers_parse(const struct xd_frame *f, struct xd_headers *h);

/* Whether it is TCP or UDP, and no fragment: its checksum and payload can be worked on. */
static inline bool
xd_headers_is_segment(const struct xd_headers *h)
{
	return (h->l4_kind == XD_L4_TCP || h->l4_kind == XD_L4_UDP) && !h->fragment;
}

/* Parses the snapshot, and says whether it is such. */
static inline bool
xd_headers_parse_segment(const struct xd_frame *f, struct xd_headers *h)
{
	xd_headers_parse(f, h);
	return xd_headers_is_segment(h);
}

/* Whether it is of IP version 6. */
static inline bool
xd_headers_is_ipv6(const struct xd_headers *h)
{
	return h->l3_kind == XD_L3_IPV6;
}

/* Whether there is a UDP header in the frame. */
static inline bool
xd_headers_is_udp(const struct xd_headers *h)
{
	return h->l4_kind == XD_L4_UDP;
}

XD_API_END

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a host answers that has addresses and nothing else: ARP requests (RFC 826), neighbour
 * solicitations (RFC 4861) and echo requests (RFC 792, RFC 4443). It knows no ports and no clock.
 *
 * What is not for it, is in fragments or has options is left alone; what has a wrong checksum is
 * not answered. Tags are kept (IEEE 802.1Q, two at most).
 */
#ifndef XD_TRAFFIC_ENGINE_RESPOND_ANSWER_H
#define XD_TRAFFIC_ENGINE_RESPOND_ANSWER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define XD_RESPOND_ADDRESSES 16  /* of each kind */
#define XD_RESPOND_SHORTEST  60  /* bytes of a frame that is sent */
#define XD_RESPOND_ROOM      128 /* bytes that an answer to the shortest request may take */

/* A host. */
struct xd_respond_host {
	uint8_t mac[6];
	unsigned nb_v4, nb_v6;
	struct in_addr v4[XD_RESPOND_ADDRESSES];
	struct in6_addr v6[XD_RESPOND_ADDRESSES + 1]; /* the first is the link's own (RFC 4291) */
};

enum xd_respond_kind {
	XD_RESPOND_NOT_OURS, /* or nothing that is answered */
	XD_RESPOND_WRONG,    /* checksum, or lengths that contradict each other */
	XD_RESPOND_ARP,
	XD_RESPOND_NEIGHBOUR,
	XD_RESPOND_ECHO,
	XD_RESPOND_ECHO6,
	XD_RESPOND_KINDS,
};

/* A host of number n with the addresses of a list such as "10.0.0.2,fd00::2"; NULL: none but the
 * link's own, of the MAC address 02:58:nn:00:00:00. -EINVAL. */
int xd_respond_host_init(
	struct xd_respond_host *host, unsigned n, const char *addresses, struct xd_error *err);

/* Turns the request at frame, *len bytes in a buffer of XD_RESPOND_ROOM or more, into its answer.
 * summed: its checksum was checked, or is still to be made, by a device. Unless something is
 * answered the frame is worth nothing afterwards. */
enum xd_respond_kind xd_respond_answer(
	const struct xd_respond_host *host, uint8_t *frame, uint32_t *len, bool summed);

/* Says to all who the host is: of its IPv4 addresses and then the IPv6 ones, the i-th (RFC 5227,
 * section 2.3; RFC 4861, section 7.2.6). Returns bytes. */
uint32_t xd_respond_announce(const struct xd_respond_host *host, unsigned i, uint8_t *frame);

/* Whether an address is one of the host's; its first of a kind, that the link's own is not: false,
 * there is none. Of IPv4, 4 bytes are looked at and 16 are set. */
bool xd_respond_host_has(const struct xd_respond_host *host, bool v6, const uint8_t *address);
bool xd_respond_host_first(const struct xd_respond_host *host, bool v6, uint8_t *address);

static inline unsigned
xd_respond_host_addresses(const struct xd_respond_host *host)
{
	return host->nb_v4 + host->nb_v6;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Who has which IPv4 address: ARP (RFC 826) for appliances, which answer and ask by turning frames
 * that they have at hand into ARP, since a hook makes none. */
#ifndef NEIGHBOURS_H
#define NEIGHBOURS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "hook.h"

#define NEIGHBOURS 65536 /* hosts of a network of 16 bits, which is the largest */

/* An address of the appliance's, and who else is in its network. */
struct side {
	uint32_t addr, mask; /* in host's order */
	uint8_t mac[6];
	uint16_t vlan; /* of its ports; 0: none */
	/* By the lower half of the address, MAC and port: a word that any worker may read and
	 * replace. */
	uint64_t neighbours[NEIGHBOURS];
};

/* From ADDRESS/BITS. Its MAC address is 02:00 and the IPv4 address: locally administered, and the
 * same when the program starts again. false: it is none, or BITS are not from 16 to 30. */
bool side_read(struct side *side, const char *text);

/* Learns the sender of an ARP frame that came by a port. true: it asks for the side's address, and
 * is the answer now. */
bool neighbours_arp(struct side *side, struct xd_frame *f, uint16_t port);
/* false: nobody knows who has the address. Every frame's: so it is in this file. */
static inline bool
neighbours_find(const struct side *side, uint32_t addr, uint8_t mac[6], uint16_t *port)
{
	const uint64_t place =
		__atomic_load_n(&side->neighbours[addr % NEIGHBOURS], __ATOMIC_RELAXED);

	memcpy(mac, (const uint8_t *)&place + 2, 6);
	*port = (uint16_t)place;
	return place >> 16;
}

/* Makes frame i the question who has an address, to all of the side's network. false: it is too
 * short, or too long. */
bool neighbours_ask(const struct side *side, uint32_t addr, struct xd_burst *b, uint16_t i);

#endif

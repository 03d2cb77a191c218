/* SPDX-License-Identifier: BSD-3-Clause */
/* Who has which IPv4 address: ARP (RFC 826) for appliances, which answer and ask by turning frames
 * that they have at hand into ARP, since a hook makes none. */
#ifndef NEIGHBOURS_H
#define NEIGHBOURS_H

#include <stdbool.h>
#include <stdint.h>

#include "frame/frame.h"

#define NEIGHBOURS 65536 /* places; hosts whose addresses meet there take turns */

/* An address of the appliance's, and where that is. */
struct side {
	uint32_t addr, mask; /* in host's order */
	uint8_t mac[6];
	uint16_t port; /* index */
};

/* From ADDRESS/BITS, with a MAC address made up, locally administered, and no port as yet. false:
 * it is none. */
bool side_read(struct side *side, const char *text);

/* By the lower half of the address: its upper half and the MAC are one word, which any worker may
 * read and replace. */
struct neighbours {
	uint64_t place[NEIGHBOURS];
};

/* Learns the sender of an ARP frame. true: it asks for the side's address, and is the answer now.
 */
bool neighbours_arp(struct neighbours *n, const struct side *side, struct xd_frame *f);
bool neighbours_find(const struct neighbours *n, uint32_t addr, uint8_t mac[6]);
/* Makes a frame the question who has an address. false: it is too short, or too long. */
bool neighbours_ask(const struct side *side, uint32_t addr, struct xd_frame *f);

#endif

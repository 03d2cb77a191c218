/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments put together again: RFC 791, section 3.2; RFC 8200, section 4.5.
 *
 * Fragments may come in any order and more than once. One that overlaps another and is not the
 * same piece again costs the whole packet, with all of it that is still to come (RFC 5722). What is
 * not complete in time is forgotten, and the oldest when there is no room for another, so that
 * neither bytes nor packets in the making can become more than at the start; what came is known by
 * a bit for 8 bytes, which says what a list of holes does (RFC 815) and needs no memory. A packet
 * that is older than many that began after it is another of the same identification (RFC 4963).
 *
 * It knows no ports and no clock: times are of the caller's choice. One thread.
 */
#ifndef XD_TRAFFIC_ENGINE_UDP_FRAGMENTS_H
#define XD_TRAFFIC_ENGINE_UDP_FRAGMENTS_H

#include "base/error.h"
#include "traffic/engine/message/ip.h"

#define XD_FRAGMENTS_PACKETS 64u /* in the making: some 4 MiB, as Linux has it */

/* What became of fragments and of their packets; they only grow. */
struct xd_fragments_counts {
	uint64_t done;      /* packets that are complete */
	uint64_t wrong;     /* fragments that cannot be: no bytes, a length that is not one's */
	uint64_t again;     /* that had come before */
	uint64_t overlaps;  /* packets that were given up: fragments contradict each other, */
	uint64_t timed_out; /* the rest did not come, */
	uint64_t pushed;    /* or there was no room */
};

struct xd_fragments;

/* timeouts: from a packet's first fragment on, of IPv4 and of IPv6. NULL with -ENOMEM. */
struct xd_fragments *xd_fragments_create(
	unsigned packets, const uint64_t timeouts[2], struct xd_error *err);
void xd_fragments_destroy(struct xd_fragments *f); /* NULL is fine */

/* Takes a fragment of p->bytes at data, which others may change meanwhile: it is copied. now does
 * not go back. Returns the payload of the packet when this makes it complete, of *bytes, until the
 * next call; else NULL. */
const uint8_t *xd_fragments_take(struct xd_fragments *f, const struct xd_ip_packet *p,
	uint8_t protocol, const uint8_t *data, uint64_t now, uint32_t *bytes);
/* Forgets what is too old by now. */
void xd_fragments_expire(struct xd_fragments *f, uint64_t now);

/* Packets in the making. */
unsigned xd_fragments_pending(const struct xd_fragments *f);
const struct xd_fragments_counts *xd_fragments_counts(const struct xd_fragments *f);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the last 18 bytes of a tracked frame say: whose it is, which one, and when it was sent.
 *
 *   0  magic      4 bytes
 *   4  flow       3
 *   7  sequence   3, of the flow, modulo 2^24
 *  10  planned    6, of the time stamp counter, modulo 2^48: 30 hours
 *  16  lateness   2, how much later it was sent: 11 significant bits and an exponent
 *
 * Numbers are little-endian: sender and receiver are one program on one machine, whose time stamp
 * counter it is.
 *
 * At the end, because headers are pushed and popped on the way and the end stays. 18 bytes, because
 * that is what Ethernet's shortest frame (60 without FCS) has left behind IPv4 and UDP.
 */
#ifndef XD_TRAFFIC_FRAMES_TAG_H
#define XD_TRAFFIC_FRAMES_TAG_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define XD_TAG_BYTES     18
#define XD_TAG_MAGIC     0x58447467u
#define XD_TAG_FLOWS_MAX (1u << 24)
#define XD_TAG_SEQ_MASK  0xffffffu
#define XD_TAG_TIME_MASK ((1ull << 48) - 1)

struct xd_tag {
	uint32_t flow;
	uint32_t seq;            /* modulo 2^24 */
	uint64_t planned_cycles; /* modulo 2^48 */
	uint64_t late_cycles;    /* sent so much after it was planned; to 3 digits */
};

/* 11 bits of mantissa below 5 of exponent: 0 to 2^42, rounded down by less than a thousandth; what
 * is more is as much as can be said. */
static inline uint16_t
xd_tag_pack_late(uint64_t late)
{
	unsigned bits = late ? 64u - (unsigned)__builtin_clzll(late) : 0;
	unsigned shift = bits > 11 ? bits - 11 : 0;

	if (shift > 31)
		return 0xffff;
	return (uint16_t)(shift << 11 | (uint16_t)(late >> shift));
}

static inline uint64_t
xd_tag_unpack_late(uint16_t packed)
{
	return (uint64_t)(packed & 0x7ff) << (packed >> 11);
}

/* Writes the tag at `at`; returns its one's complement sum (RFC 1071) in memory order, not folded,
 * for the checksum that covers it. */
static inline uint64_t
xd_tag_write(uint8_t *at, const struct xd_tag *tag)
{
	uint64_t a = XD_TAG_MAGIC | (uint64_t)(tag->flow & 0xffffff) << 32 |
		     (uint64_t)(tag->seq & 0xff) << 56;
	uint64_t b = ((tag->seq >> 8) & 0xffff) | (tag->planned_cycles & XD_TAG_TIME_MASK) << 16;
	uint16_t c = xd_tag_pack_late(tag->late_cycles);

	memcpy(at, &a, sizeof(a));
	memcpy(at + 8, &b, sizeof(b));
	memcpy(at + 16, &c, sizeof(c));
	return (a & 0xffffffff) + (a >> 32) + (b & 0xffffffff) + (b >> 32) + c;
}

/* Reads the tag that a frame of `len` bytes, at least XD_TAG_BYTES, ends with; false when there is
 * none. */
static inline bool
xd_tag_read(const uint8_t *frame, uint32_t len, struct xd_tag *tag)
{
	const uint8_t *at = frame + len - XD_TAG_BYTES;
	uint64_t a, b;
	uint16_t c;

	memcpy(&a, at, sizeof(a));
	if ((uint32_t)a != XD_TAG_MAGIC)
		return false;
	memcpy(&b, at + 8, sizeof(b));
	memcpy(&c, at + 16, sizeof(c));
	tag->flow = (uint32_t)(a >> 32) & 0xffffff;
	tag->seq = (uint32_t)(a >> 56) | (uint32_t)(b & 0xffff) << 8;
	tag->planned_cycles = b >> 16;
	tag->late_cycles = xd_tag_unpack_late(c);
	return true;
}

#define XD_TAG_VLAN_BYTES 4

/* VLAN tags of a frame (IEEE 802.1Q, 802.1ad): 0 to 2. Switches push and pop them. */
static inline uint32_t
xd_tag_vlans(const uint8_t *frame)
{
	uint32_t n = 0;

	while (n < 2) {
		const uint8_t *type = frame + 12 + n * XD_TAG_VLAN_BYTES;

		if (!(type[0] == 0x81 && type[1] == 0x00) && !(type[0] == 0x88 && type[1] == 0xa8))
			break;
		n++;
	}
	return n;
}

/* Cycles from a tag's time to now; modulo 2^48. A frame may come while the burst is taken in whose
 * time `now` is: 0 then, not the 30 hours before it comes round. */
static inline uint64_t
xd_tag_since(uint64_t now, uint64_t tag_cycles)
{
	uint64_t cycles = (now - tag_cycles) & XD_TAG_TIME_MASK;

	return cycles <= XD_TAG_TIME_MASK / 2 ? cycles : 0;
}

#endif

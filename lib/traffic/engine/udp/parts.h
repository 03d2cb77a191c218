/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages in datagrams. One that is too long for a datagram is several, as equal as can be. Each
 * datagram of a stream has a number, from 0, which says of which message it is and which part; when
 * it is XD_UDP_MARK bytes or longer it begins with that number and the time, and the rest are the
 * stream's bytes (message/pattern.h) from where it begins. Shorter ones are the stream's bytes.
 * Any thread.
 */
#ifndef XD_TRAFFIC_ENGINE_UDP_PARTS_H
#define XD_TRAFFIC_ENGINE_UDP_PARTS_H

#include <stdbool.h>

#include "base/bytes.h"

#define XD_UDP_MARK 16u /* bytes: number, nanoseconds; both big-endian */

struct xd_udp_parts {
	uint64_t message_bytes;
	uint32_t n;             /* datagrams of a message */
	uint32_t least, longer; /* bytes of each, and how many are one longer: the first */
};

/* longest: bytes of a datagram's payload at most. */
static inline struct xd_udp_parts
xd_udp_parts_of(uint64_t message_bytes, uint32_t longest)
{
	const uint32_t n = (uint32_t)((message_bytes + longest - 1) / longest);

	return (struct xd_udp_parts){
		message_bytes, n, (uint32_t)(message_bytes / n), (uint32_t)(message_bytes % n)};
}

static inline bool
xd_udp_parts_marked(const struct xd_udp_parts *p)
{
	return p->least >= XD_UDP_MARK;
}

static inline uint32_t
xd_udp_part_bytes(const struct xd_udp_parts *p, uint64_t number)
{
	return p->least + (number % p->n < p->longer);
}

/* Where a datagram begins in its stream. */
static inline uint64_t
xd_udp_part_offset(const struct xd_udp_parts *p, uint64_t number)
{
	const uint64_t part = number % p->n;

	return number / p->n * p->message_bytes + part * p->least +
	       (part < p->longer ? part : p->longer);
}

static inline void
xd_udp_mark_write(uint8_t *at, uint64_t number, uint64_t ns)
{
	xd_put32(at, (uint32_t)(number >> 32));
	xd_put32(at + 4, (uint32_t)number);
	xd_put32(at + 8, (uint32_t)(ns >> 32));
	xd_put32(at + 12, (uint32_t)ns);
}

static inline uint64_t
xd_udp_mark_number(const uint8_t *at)
{
	return (uint64_t)xd_get32(at) << 32 | xd_get32(at + 4);
}

static inline uint64_t
xd_udp_mark_ns(const uint8_t *at)
{
	return xd_udp_mark_number(at + 8);
}

#endif

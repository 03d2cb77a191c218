/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bytes of messages: each is known by its offset in its stream, so that nothing has to be kept
 * to be sent again, and whoever receives it knows what it has to be.
 *
 * They repeat after a prime number of bytes, which no length of a segment or a message divides:
 * bytes that are elsewhere than they should be are not what they should be. Byte i of a stream is
 * byte (i + seed) mod XD_MESSAGE_PERIOD of the period, which is, of x = i * 2654435761 mod 2^32,
 * the highest byte of x ^ x << 13 (mod 2^32).
 *
 * Made by control, read by any thread.
 */
#ifndef XD_TRAFFIC_ENGINE_MESSAGE_PATTERN_H
#define XD_TRAFFIC_ENGINE_MESSAGE_PATTERN_H

#include <stdint.h>
#include <string.h>

#define XD_MESSAGE_PERIOD 65521u /* the largest prime below 2^16 */
#define XD_MESSAGE_PIECE  65536u /* bytes that can be had in one piece */

struct xd_message_pattern {
	uint8_t bytes[XD_MESSAGE_PERIOD + XD_MESSAGE_PIECE];
};

/* NULL without memory; free it. */
struct xd_message_pattern *xd_message_pattern_create(void);

/* The stream's bytes from offset on, XD_MESSAGE_PIECE of them. */
static inline const uint8_t *
xd_message_pattern_at(const struct xd_message_pattern *p, uint32_t seed, uint64_t offset)
{
	return p->bytes + (offset + seed) % XD_MESSAGE_PERIOD;
}

/* How many of len bytes are not what they should be. */
uint32_t xd_message_pattern_differ(const struct xd_message_pattern *p, uint32_t seed,
	uint64_t offset, const uint8_t *data, uint32_t len);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers in the network's byte order, at any address. */
#ifndef XD_TRAFFIC_ENGINE_TCP_BYTES_H
#define XD_TRAFFIC_ENGINE_TCP_BYTES_H

#include <stdint.h>
#include <string.h>

static inline uint16_t
xd_get16(const uint8_t *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return __builtin_bswap16(v);
}

static inline uint32_t
xd_get32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return __builtin_bswap32(v);
}

static inline void
xd_put16(uint8_t *at, uint16_t value)
{
	value = __builtin_bswap16(value);
	memcpy(at, &value, sizeof(value));
}

static inline void
xd_put32(uint8_t *at, uint32_t value)
{
	value = __builtin_bswap32(value);
	memcpy(at, &value, sizeof(value));
}

#endif

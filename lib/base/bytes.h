/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers in the network's byte order, at any address. */
#ifndef XD_BASE_BYTES_H
#define XD_BASE_BYTES_H

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

/* The lower 16 bits. */
static inline void
xd_put16(uint8_t *at, uint32_t value)
{
	uint16_t v = __builtin_bswap16((uint16_t)value);

	memcpy(at, &v, sizeof(v));
}

static inline void
xd_put32(uint8_t *at, uint32_t value)
{
	value = __builtin_bswap32(value);
	memcpy(at, &value, sizeof(value));
}

#endif

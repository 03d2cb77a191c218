/* SPDX-License-Identifier: BSD-3-Clause */
/* For tables of open addressing that control keeps of names. Plain functions: any thread. */
#ifndef XD_BASE_HASH_H
#define XD_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* FNV-1a, 32 bits (draft-eastlake-fnv-17, section 2), of what was hashed before, or 0, and a text
 * of at most max bytes. */
static inline uint32_t
xd_hash_text(uint32_t before, const char *text, size_t max)
{
	uint32_t h = before ^ 2166136261u;

	for (size_t i = 0; i < max && text[i]; i++)
		h = (h ^ (uint8_t)text[i]) * 16777619u;
	return h;
}

/* Slots of a table that n entries fill to half at most: a power of two. */
static inline uint32_t
xd_hash_size(size_t n)
{
	uint32_t size = 2;

	while (size < 2 * n)
		size *= 2;
	return size;
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* From a tuple to its record: the keyed hash, two buckets for each tuple, and comparing. */
#ifndef XD_CONNTRACK_INDEX_H
#define XD_CONNTRACK_INDEX_H

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "conntrack/table.h"

/* A tuple that is looked for: a packet's, or a reply to be. */
struct ct_lookup {
	uint64_t key[2];
	const uint8_t *addr; /* IPv6: 32 bytes */
	uint64_t place;
	uint32_t tag;
	bool swapped;
};

static inline uint32_t
ct_first(const struct xd_ct *ct, uint64_t place)
{
	return (uint32_t)place & ct->mask;
}

/* Never the first bucket. */
static inline uint32_t
ct_second(const struct xd_ct *ct, uint64_t place)
{
	const uint32_t other = (uint32_t)(place >> 32) & ct->mask;

	return other ^ (other == ct_first(ct, place));
}

/* Sets place and tag, keyed by the table's secret: four rounds of AES over each 16 bytes where the
 * processor has them; else two full multiplications. */
static inline void
ct_hash(const struct xd_ct *ct, const uint64_t key[2], const uint8_t *addr, uint64_t *place,
	uint32_t *tag)
{
	const bool ipv6 = ct_key_is_ipv6(key);
#if defined(__AES__)
	const __m128i *seed = (const __m128i *)(const void *)ct->seed;
	__m128i v = _mm_xor_si128(
		_mm_loadu_si128((const __m128i *)(const void *)key), _mm_loadu_si128(seed));

	for (unsigned part = 0;; part++) {
		v = _mm_aesenc_si128(v, _mm_loadu_si128(seed + 1));
		v = _mm_aesenc_si128(v, _mm_loadu_si128(seed + 2));
		v = _mm_aesenc_si128(v, _mm_loadu_si128(seed + 3));
		v = _mm_aesenc_si128(v, _mm_loadu_si128(seed));
		if (!ipv6 || part == 2)
			break;
		v = _mm_xor_si128(
			v, _mm_loadu_si128((const __m128i *)(const void *)(addr + 16 * part)));
	}
	*place = (uint64_t)_mm_cvtsi128_si64(v);
	*tag = (uint32_t)_mm_extract_epi32(v, 2) | 1;
#else
	uint64_t a = key[0], b = key[1], words[2];

	for (unsigned part = 0;; part++) {
		unsigned __int128 product =
			(unsigned __int128)(a ^ ct->seed[0]) * (b ^ ct->seed[1]);

		a = (uint64_t)product ^ b;
		b = (uint64_t)(product >> 64) ^ ct->seed[2];
		product = (unsigned __int128)(a ^ ct->seed[3]) * (b ^ ct->seed[4]);
		a ^= (uint64_t)product;
		b ^= (uint64_t)(product >> 64);
		if (!ipv6 || part == 2)
			break;
		memcpy(words, addr + 16 * part, sizeof(words));
		a ^= words[0];
		b ^= words[1];
	}
	*place = a;
	*tag = (uint32_t)b | 1;
#endif
}

/* The ways of a bucket that have the tag, a bit each. */
static inline uint32_t
ct_bucket_match(const struct ct_bucket *bucket, uint32_t tag)
{
#if defined(__AVX2__) && !defined(__SANITIZE_THREAD__)
	const __m256i tags = _mm256_load_si256((const __m256i *)(const void *)bucket->tag);

	return (uint32_t)_mm256_movemask_ps(
		_mm256_castsi256_ps(_mm256_cmpeq_epi32(tags, _mm256_set1_epi32((int)tag))));
#else
	uint32_t match = 0;

	for (unsigned i = 0; i < CT_WAYS; i++)
		match |= (uint32_t)(ct_load(&bucket->tag[i]) == tag) << i;
	return match;
#endif
}

/* The record at a way: read after the tag, and what it says after that. */
static inline uint32_t
ct_bucket_conn(const struct ct_bucket *bucket, unsigned way)
{
	return __atomic_load_n(&bucket->conn[way], __ATOMIC_ACQUIRE);
}

static inline bool
ct_has(const struct xd_ct *ct, uint32_t conn, int d, const uint64_t key[2], const uint8_t *addr)
{
	const uint64_t *its = ct->conns[conn].key[d];

	if (its[0] != key[0] || its[1] != key[1])
		return false;
	return !ct_key_is_ipv6(key) || !memcmp(ct->addresses[conn].of[d], addr, 32);
}

/* The direction in which a record has the tuple, or -1. Translated, each direction has a tuple of
 * its own; if not they have the same, and whose source comes first tells them apart. */
static inline int
ct_direction(const struct xd_ct *ct, uint32_t conn, uint32_t flags, const uint64_t key[2],
	const uint8_t *addr, bool swapped)
{
	const bool first = ct_has(ct, conn, 0, key, addr);

	if (__builtin_expect(!(flags & CT_TRANSLATED), 1)) {
		if (!first)
			return -1;
		return ((flags & CT_SWAPPED(0)) != 0) != swapped;
	}
	if (first && ((flags & CT_SWAPPED(0)) != 0) == swapped)
		return 0;
	if (ct_has(ct, conn, 1, key, addr) && ((flags & CT_SWAPPED(1)) != 0) == swapped)
		return 1;
	return -1;
}

/* Likewise, of a packet's. */
static inline int
ct_direction_of(const struct xd_ct *ct, uint32_t conn, uint32_t flags, const struct xd_ct_packet *p)
{
	return ct_direction(ct, conn, flags, p->key, p->addr, p->swapped);
}

static inline void
ct_lookup_packet(const struct xd_ct_packet *p, struct ct_lookup *l)
{
	*l = (struct ct_lookup){.key = {p->key[0], p->key[1]},
		.addr = p->addr,
		.place = p->place,
		.tag = p->tag,
		.swapped = p->swapped};
}

/* The live record that has the tuple, and in which direction; or CT_NONE. */
uint32_t xd_ct_find(const struct xd_ct *ct, const struct ct_lookup *l, uint64_t now_ms,
	uint32_t *flags, int *d);
/* Locks what inserting both needs; the second may be NULL. */
void xd_ct_lock(struct xd_ct *ct, const struct ct_lookup *a, const struct ct_lookup *b);
void xd_ct_unlock(struct xd_ct *ct, const struct ct_lookup *a, const struct ct_lookup *b);
/* false: both buckets are full. */
bool xd_ct_insert(struct xd_ct *ct, const struct ct_lookup *l, uint32_t conn);
/* Takes a record's entries out. */
void xd_ct_remove(struct xd_ct *ct, uint32_t conn);
/* Of a record's tuple. */
void xd_ct_lookup_of(const struct xd_ct *ct, uint32_t conn, int d, struct ct_lookup *l);

/* The record that a packet was tracked to, inside of a call; CT_NONE: it has ended. */
static inline uint32_t
ct_record_of(const struct xd_ct *ct, const struct xd_ct_packet *p)
{
	uint32_t flags;

	if (!p->known)
		return CT_NONE;
	flags = __atomic_load_n(&ct->conns[p->conn].flags, __ATOMIC_ACQUIRE);
	return (flags & CT_LIVE) && ct_direction_of(ct, p->conn, flags, p) >= 0 ? p->conn : CT_NONE;
}

#endif

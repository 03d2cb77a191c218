/* SPDX-License-Identifier: BSD-3-Clause */
/* Entries of the forwarding database, and a bucket of them: one cache line. Any thread. */
#ifndef XD_FDB_FDB_BUCKET_H
#define XD_FDB_FDB_BUCKET_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "base/pair.h"

#define XD_FDB_WAYS 4 /* entries in a bucket */

/* value: port in bits 0 to 15, generation in 16 to 31, second last seen in 32 to 63.
 * key 0: empty. */
struct xd_fdb_entry {
	uint64_t key;
	uint64_t value;
} __attribute__((aligned(16)));

struct xd_fdb_bucket {
	struct xd_fdb_entry entries[XD_FDB_WAYS];
} __attribute__((aligned(64)));

static_assert(sizeof(struct xd_fdb_bucket) == 64, "a bucket is one cache line");

/* One entry, loaded as a unit. */
static inline struct xd_fdb_entry
xd_fdb_load(const struct xd_fdb_entry *entry)
{
	const struct xd_pair p = xd_pair_load(entry);

	return (struct xd_fdb_entry){.key = p.first, .value = p.second};
}

/* Which entries of a bucket seem to hold the key: bit 2 * i for entry i. A hint that
 * xd_fdb_load confirms. */
static inline uint32_t
xd_fdb_match(const struct xd_fdb_bucket *bucket, uint64_t key)
{
#if defined(__AVX512F__) && !defined(__SANITIZE_THREAD__)
	return _mm512_mask_cmpeq_epi64_mask(
		0x55, _mm512_load_si512(bucket), _mm512_set1_epi64((long long)key));
#elif defined(__AVX2__) && !defined(__SANITIZE_THREAD__)
	const __m256i *half = (const __m256i *)bucket;
	__m256i k = _mm256_set1_epi64x((long long)key);
	__m256i a = _mm256_cmpeq_epi64(_mm256_load_si256(half), k);
	__m256i b = _mm256_cmpeq_epi64(_mm256_load_si256(half + 1), k);

	return (_mm256_movemask_pd(_mm256_castsi256_pd(a)) |
		       _mm256_movemask_pd(_mm256_castsi256_pd(b)) << 4) &
	       0x55;
#else
	uint32_t match = 0;

	for (unsigned i = 0; i < XD_FDB_WAYS; i++) {
		uint64_t k = __atomic_load_n(&bucket->entries[i].key, __ATOMIC_RELAXED);

		match |= (uint32_t)(k == key) << (2 * i);
	}
	return match;
#endif
}

/* The value stored under a key in one bucket, of any generation, or 0. */
static inline uint64_t
xd_fdb_find_in(const struct xd_fdb_bucket *bucket, uint64_t key)
{
	uint32_t match = xd_fdb_match(bucket, key);
	struct xd_fdb_entry e;

	if (match == 0)
		return 0;
	/* Bit 2 * i is also the number of the entry's first word, which needs no more than a scale.
	 */
	e = xd_fdb_load((const void *)((const uint64_t *)(const void *)bucket +
				       (unsigned)__builtin_ctz(match)));
	return e.key == key ? e.value : 0;
}

/* Whether the bucket holds exactly this, so that there is nothing to learn. It need not be read as
 * a unit: what was torn does not match, and xd_fdb_learn looks again. */
static inline bool
xd_fdb_holds(const struct xd_fdb_bucket *bucket, uint64_t key, uint64_t value)
{
#if defined(__AVX512F__) && !defined(__SANITIZE_THREAD__)
	__m512i line = _mm512_load_si512(bucket);
	uint32_t keys = _mm512_mask_cmpeq_epi64_mask(0x55, line, _mm512_set1_epi64((long long)key));
	uint32_t values =
		_mm512_mask_cmpeq_epi64_mask(0xaa, line, _mm512_set1_epi64((long long)value));

	return (keys << 1 & values) != 0;
#else
	return xd_fdb_find_in(bucket, key) == value;
#endif
}

#endif

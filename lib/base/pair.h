/* SPDX-License-Identifier: BSD-3-Clause */
/* Two words of 64 bits, aligned to 16 bytes, that are loaded and replaced as one unit. Any thread.
 */
#ifndef XD_BASE_PAIR_H
#define XD_BASE_PAIR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_atomic.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

struct xd_pair {
	uint64_t first, second;
} __attribute__((aligned(16), may_alias));

static inline struct xd_pair
xd_pair_load(const void *at)
{
	struct xd_pair p;

#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
	/* Aligned 16-byte loads are atomic on every processor with AVX (Intel SDM 3A, 9.1.1; AMD
	 * APM 2, 7.3.2). The asm keeps the compiler from splitting or repeating it. */
	__m128i v;

#if defined(__AVX__)
	__asm__ volatile("vmovdqa %1, %0" : "=x"(v) : "m"(*(const struct xd_pair *)at));
#else
	__asm__ volatile("movdqa %1, %0" : "=x"(v) : "m"(*(const struct xd_pair *)at));
#endif
	p.first = (uint64_t)_mm_cvtsi128_si64(v);
	p.second = (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(v, v));
#else
	unsigned __int128 v = __atomic_load_n((const unsigned __int128 *)at, __ATOMIC_ACQUIRE);

	memcpy(&p, &v, sizeof(p));
#endif
	return p;
}

/* Replaces what is there by next if it still is old. */
static inline bool
xd_pair_cas(void *at, struct xd_pair old, struct xd_pair next)
{
#if defined(RTE_ARCH_64) && defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
	rte_int128_t expected = {.val = {old.first, old.second}};
	rte_int128_t desired = {.val = {next.first, next.second}};

	return rte_atomic128_cmp_exchange(
		(rte_int128_t *)at, &expected, &desired, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
#else
	unsigned __int128 expected, desired;

	memcpy(&expected, &old, sizeof(expected));
	memcpy(&desired, &next, sizeof(desired));
	return __atomic_compare_exchange_n(
		(unsigned __int128 *)at, &expected, desired, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
#endif
}

#endif

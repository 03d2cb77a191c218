/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A histogram of times that keeps three significant digits over its whole range.
 *
 * Log-linear: below 2048 every value has a slot of its own; above, each power of two is divided
 * into 1024 slots, so a slot is narrower than a thousandth of its values. Recording is an index
 * computation and an addition, always into the same 264 KiB. Each core records into a histogram of
 * its own; merging adds them up and loses nothing.
 *
 * Values are nanoseconds by habit; any unit does. Longer ones than an hour (2^42 ns, 73 minutes)
 * are counted in the last slot, and still exactly in min, max and mean.
 */
#ifndef XD_STATS_HISTOGRAM_H
#define XD_STATS_HISTOGRAM_H

#include <assert.h>
#include <stdint.h>

#define XD_HISTOGRAM_SUB_BITS 10
#define XD_HISTOGRAM_SUB      (1u << XD_HISTOGRAM_SUB_BITS)
#define XD_HISTOGRAM_MAX_BITS 42 /* an hour of nanoseconds */
#define XD_HISTOGRAM_SLOTS    ((XD_HISTOGRAM_MAX_BITS - XD_HISTOGRAM_SUB_BITS + 1) * XD_HISTOGRAM_SUB)

/* Written by one thread; read by others once it is done. */
struct xd_histogram {
	uint64_t count;
	uint64_t min; /* UINT64_MAX while empty */
	uint64_t max;
	unsigned __int128 sum;
	uint64_t slots[XD_HISTOGRAM_SLOTS];
};

static_assert(sizeof(struct xd_histogram) == 48 + 264 * 1024, "fixed size, documented");

struct xd_histogram *xd_histogram_create(void);    /* empty; NULL: no memory */
void xd_histogram_destroy(struct xd_histogram *h); /* NULL is fine */
void xd_histogram_reset(struct xd_histogram *h);

/* Slot of a value, and the smallest value of a slot. */
static inline uint32_t
xd_histogram_slot(uint64_t value)
{
	const uint64_t limit = (1ull << XD_HISTOGRAM_MAX_BITS) - 1;
	uint64_t v = value < limit ? value : limit;
	uint32_t shift =
		63u - XD_HISTOGRAM_SUB_BITS - (uint32_t)__builtin_clzll(v | XD_HISTOGRAM_SUB);

	return shift * XD_HISTOGRAM_SUB + (uint32_t)(v >> shift);
}

static inline uint64_t
xd_histogram_slot_low(uint32_t slot)
{
	uint32_t shift = slot < 2 * XD_HISTOGRAM_SUB ? 0 : slot / XD_HISTOGRAM_SUB - 1;

	return (uint64_t)(slot - shift * XD_HISTOGRAM_SUB) << shift;
}

/* Records n times the same value. The thread that owns h. */
static inline void
xd_histogram_record_n(struct xd_histogram *h, uint64_t value, uint64_t n)
{
	h->count += n;
	h->sum += (unsigned __int128)value * n;
	h->min = value < h->min ? value : h->min;
	h->max = value > h->max ? value : h->max;
	h->slots[xd_histogram_slot(value)] += n;
}

static inline void
xd_histogram_record(struct xd_histogram *h, uint64_t value)
{
	xd_histogram_record_n(h, value, 1);
}

/* Adds what src recorded to dst; nobody records into either meanwhile. */
void xd_histogram_merge(struct xd_histogram *dst, const struct xd_histogram *src);

/* The value that percent (0 to 100) of the recorded values do not exceed, by the nearest-rank
 * definition, to three significant digits; 0 and 100 give min and max exactly. 0 while empty. */
uint64_t xd_histogram_percentile(const struct xd_histogram *h, double percent);
/* Share (0 to 1) of the recorded values that lie in slots up to that of `value`; 0 while empty. */
double xd_histogram_share(const struct xd_histogram *h, uint64_t value);
uint64_t xd_histogram_min(const struct xd_histogram *h); /* exact; 0 while empty */
uint64_t xd_histogram_max(const struct xd_histogram *h); /* exact */
double xd_histogram_mean(const struct xd_histogram *h);  /* exact but for rounding; 0 while empty */
/* The square of the standard deviation, each value to a thousandth of its own; 0 while empty. */
double xd_histogram_variance(const struct xd_histogram *h);
uint64_t xd_histogram_count(const struct xd_histogram *h);

#endif

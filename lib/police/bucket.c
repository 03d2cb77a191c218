/* SPDX-License-Identifier: BSD-3-Clause */
/* The arithmetic of a token bucket, and the exchange by which threads share one. */
#include <assert.h>
#include <stddef.h>

#include "base/pair.h"
#include "police/bucket.h"

#define GAIN_BITS 44

static_assert(offsetof(struct xd_bucket, parts) == offsetof(struct xd_pair, first) &&
		      sizeof(struct xd_bucket) == sizeof(struct xd_pair),
	"a bucket is a pair");

struct xd_bucket_rate
xd_bucket_rate(uint64_t per_s, uint64_t burst, uint64_t hz)
{
	return (struct xd_bucket_rate){
		.gain = (uint64_t)(((unsigned __int128)per_s << GAIN_BITS) / hz),
		.burst = (int64_t)(burst << XD_BUCKET_PART_BITS),
		.hz = hz,
	};
}

/* What has become by now of a bucket as it was. */
static struct xd_bucket
refill(struct xd_bucket b, const struct xd_bucket_rate *rate, uint64_t now_tsc)
{
	unsigned __int128 gained;

	if (b.parts > rate->burst)
		b.parts = rate->burst;
	if (now_tsc < b.when_tsc) {
		/* Clocks of two cores need not agree to the cycle. */
		if (b.when_tsc - now_tsc > rate->hz)
			b.when_tsc = now_tsc;
		return b;
	}
	gained = (unsigned __int128)(now_tsc - b.when_tsc) * rate->gain >>
		 (GAIN_BITS - XD_BUCKET_PART_BITS);
	if (gained >= (uint64_t)rate->burst - (uint64_t)b.parts)
		b.parts = rate->burst;
	else
		b.parts += (int64_t)gained;
	b.when_tsc = now_tsc;
	return b;
}

/* Refills the bucket, takes parts, and returns what is left. */
static int64_t
take(struct xd_bucket *bucket, const struct xd_bucket_rate *rate, uint64_t now_tsc, int64_t parts)
{
	for (;;) {
		const struct xd_pair old = xd_pair_load(bucket);
		const struct xd_bucket was = {(int64_t)old.first, old.second};
		struct xd_bucket b = refill(was, rate, now_tsc);

		b.parts -= parts;
		/* When it fails another thread has taken something: somebody always gets on. */
		if (xd_pair_cas(bucket, old, (struct xd_pair){(uint64_t)b.parts, b.when_tsc}))
			return b.parts;
	}
}

int64_t
xd_bucket_parts(struct xd_bucket *bucket, const struct xd_bucket_rate *rate, uint64_t now_tsc)
{
	const struct xd_pair p = xd_pair_load(bucket);
	const struct xd_bucket b = {(int64_t)p.first, p.second};

	/* Where nothing passes nothing is taken, so that it would not go on by itself. */
	if (now_tsc < b.when_tsc && b.when_tsc - now_tsc > rate->hz)
		return take(bucket, rate, now_tsc, 0);
	return refill(b, rate, now_tsc).parts;
}

void
xd_bucket_take(struct xd_bucket *bucket, const struct xd_bucket_rate *rate, uint64_t now_tsc,
	uint64_t tokens)
{
	take(bucket, rate, now_tsc, (int64_t)(tokens << XD_BUCKET_PART_BITS));
}

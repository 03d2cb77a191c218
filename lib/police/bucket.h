/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A token bucket: tokens come at a rate until there are as many as a burst, and whatever passes
 * takes some (RFC 2697 has the vocabulary). What a token is, a bit or a frame, is the user's.
 *
 * The rules, which know neither ports nor a clock:
 *
 * - A frame passes when there are tokens for it. One that is larger than a burst passes when the
 *   bucket is full, and takes what it takes: the bucket is then in debt, and nothing passes until
 *   that is paid. So no frame is too large to pass at all, and the rate holds in the long run.
 * - To judge takes nothing. What was judged is taken for afterwards, once, when it is known that it
 *   went. Users that judge at the same time may pass more than there is, which is debt too.
 * - A clock that stands brings no tokens, and one that leaps forward no more than a burst. One that
 *   falls back by more than a second was set anew: then it goes on from there.
 * - The rate is not part of the bucket. Another one, or another burst, holds from the moment that
 * it is used: tokens over a burst are gone, and a debt stays as many tokens.
 *
 * Tokens are counted in parts of 2^-16, so that what is lost by rounding, at most one part each
 * time that some are taken, is nothing beside a frame. A bucket's two words are replaced as one
 * unit (base/pair.h): any number of threads share it without a lock, with one compare and exchange
 * for all that one of them takes at once.
 */
#ifndef XD_POLICE_BUCKET_H
#define XD_POLICE_BUCKET_H

#include <stdint.h>

#include "base/api.h"

XD_API_BEGIN

#define XD_BUCKET_PART_BITS 16 /* parts of a token: 2^16 */

struct xd_bucket {
	int64_t parts;     /* that were there, */
	uint64_t when_tsc; /* and when */
} __attribute__((aligned(16)));

/* To begin with: as many as there can be, whatever a burst is. */
#define XD_BUCKET_FULL                                                                             \
	(struct xd_bucket)                                                                         \
	{                                                                                          \
		.parts = INT64_MAX                                                                 \
	}

/* How fast tokens come and how many there are at most; does not change while it is used. */
struct xd_bucket_rate {
	uint64_t gain; /* tokens a cycle of the clock, in 2^-44; 0: there is no limit */
	int64_t burst; /* in parts */
	uint64_t hz;   /* of the clock */
};

/* At most 10^12 tokens a second and 2^40 in a burst; a clock of at least 10 MHz. Any thread. */
struct xd_bucket_rate xd_bucket_rate(uint64_t per_s, uint64_t burst, uint64_t hz);

/* The parts that are there at a time; less than 0: a debt. Takes nothing. Any thread. */
int64_t xd_bucket_parts(
	struct xd_bucket *bucket, const struct xd_bucket_rate *rate, uint64_t now_tsc);
/* Takes so many tokens, be they there or not. Any thread. */
void xd_bucket_take(struct xd_bucket *bucket, const struct xd_bucket_rate *rate, uint64_t now_tsc,
	uint64_t tokens);

/* What there must be for so many tokens to pass at once, in parts: all of them, or a burst. Any
 * thread. */
static inline int64_t
xd_bucket_wanted(const struct xd_bucket_rate *rate, uint64_t tokens)
{
	int64_t parts = (int64_t)(tokens << XD_BUCKET_PART_BITS);

	return parts < rate->burst ? parts : rate->burst;
}

XD_API_END

#endif

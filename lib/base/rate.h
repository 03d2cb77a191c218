/* SPDX-License-Identifier: BSD-3-Clause */
/* How often something may happen: so many times at once, then once in a while. All zeroes to begin
 * with. All calls: one thread at a time. */
#ifndef XD_BASE_RATE_H
#define XD_BASE_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/api.h"

XD_API_BEGIN

struct xd_rate {
	uint64_t even_ns; /* when it will have happened no more often than once in every_ns */
};

/* Whether it may happen now; then it has. at_once: so often without a pause, at least 1; the clock
 * is any that does not run backwards. */
static inline bool
xd_rate_take(struct xd_rate *rate, uint64_t now_ns, unsigned at_once, uint64_t every_ns)
{
	uint64_t even_ns = rate->even_ns > now_ns ? rate->even_ns : now_ns;

	if (even_ns - now_ns > (at_once - 1) * every_ns)
		return false;
	rate->even_ns = even_ns + every_ns;
	return true;
}

XD_API_END

#endif

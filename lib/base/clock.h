/* SPDX-License-Identifier: BSD-3-Clause */
/* The monotonic clock in nanoseconds. */
#ifndef XD_BASE_CLOCK_H
#define XD_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define XD_NS_PER_S 1000000000ull

/* CLOCK_MONOTONIC. Any thread. */
static inline uint64_t
xd_clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * XD_NS_PER_S + (uint64_t)ts.tv_nsec;
}

#endif

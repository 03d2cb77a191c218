/* SPDX-License-Identifier: BSD-3-Clause */
/* The time stamp counter as a clock; works without the EAL. */
#ifndef XD_TRAFFIC_HOST_TSC_H
#define XD_TRAFFIC_HOST_TSC_H

#include <stdint.h>

static inline uint64_t
xd_tsc(void)
{
	return __builtin_ia32_rdtsc();
}

/* Ticks per second, measured against CLOCK_MONOTONIC_RAW for about 30 ms. Any thread. */
double xd_tsc_calibrate(void);

#endif

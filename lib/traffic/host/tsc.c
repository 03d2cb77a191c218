/* SPDX-License-Identifier: BSD-3-Clause */
/* The time stamp counter's frequency, measured against the monotonic clock. */
#include <time.h>

#include "base/clock.h"
#include "traffic/host/tsc.h"

#define CALIBRATE_NS 30000000ull

struct stamp {
	uint64_t tsc, ns;
};

/* Both clocks at one moment: of some readings the one that took the least time. */
static struct stamp
stamp(void)
{
	struct stamp best = {0};
	uint64_t shortest = UINT64_MAX;

	for (unsigned i = 0; i < 8; i++) {
		struct timespec ts;
		uint64_t before = xd_tsc(), after;

		clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
		after = xd_tsc();
		if (after - before >= shortest)
			continue;
		shortest = after - before;
		best.tsc = before + (after - before) / 2;
		best.ns = (uint64_t)ts.tv_sec * XD_NS_PER_S + (uint64_t)ts.tv_nsec;
	}
	return best;
}

double
xd_tsc_calibrate(void)
{
	struct timespec wait = {.tv_nsec = (long)CALIBRATE_NS};
	struct stamp a = stamp(), b;

	nanosleep(&wait, NULL);
	b = stamp();
	return (double)(b.tsc - a.tsc) * (double)XD_NS_PER_S / (double)(b.ns - a.ns);
}

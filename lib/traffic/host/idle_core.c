/* SPDX-License-Identifier: BSD-3-Clause */
/* Looks at the clock for a while, and records how much later than every 100 ns each look came. */
#include "traffic/host/idle_core.h"
#include "traffic/host/tsc.h"

#define EVENT_S 100e-9

void
xd_idle_core_look(struct xd_histogram *lateness, double seconds, double tsc_hz)
{
	const uint64_t every = (uint64_t)(EVENT_S * tsc_hz) + 1;
	const uint64_t start = xd_tsc(), cycles = (uint64_t)(seconds * tsc_hz);
	uint64_t due = start, now = start;

	xd_histogram_reset(lateness);
	while (now - start < cycles) {
		now = xd_tsc();
		for (; (int64_t)(now - due) >= 0; due += every)
			xd_histogram_record(
				lateness, (uint64_t)((double)(now - due) * 1e9 / tsc_hz + 0.5));
	}
}

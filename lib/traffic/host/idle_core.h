/* SPDX-License-Identifier: BSD-3-Clause */
/* What a core takes away from a thread that does nothing but look at the clock: timer ticks, other
 * threads, the hypervisor. No schedule can be kept better. */
#ifndef XD_TRAFFIC_HOST_IDLE_CORE_H
#define XD_TRAFFIC_HOST_IDLE_CORE_H

#include "stats/histogram.h"

/* Looks at the time stamp counter for so long, and records how late (ns) events would have been
 * that were due every 100 ns. lateness is the caller's, and reset. The calling thread, pinned or
 * not. */
void xd_idle_core_look(struct xd_histogram *lateness, double seconds, double tsc_hz);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* How near two cores are to each other: the round trip of one cache line between them. On a virtual
 * machine it changes within seconds, and with it every figure that two cores produce together. */
#ifndef XD_TRAFFIC_HOST_PLACEMENT_H
#define XD_TRAFFIC_HOST_PLACEMENT_H

#define XD_PLACEMENT_NEAR_NS 200

/* Nanoseconds of a round trip between two cores: the median over chunks of up to 200 000
 * exchanges, in at most 0.2 s, by two threads pinned there (SCHED_FIFO where that is allowed, so
 * that a polling switch does not disturb). 0: cannot be told, as with one core. Any thread. */
double xd_placement_ns(int core_a, int core_b, double tsc_hz);

/* "near", "far", or "mixed" when the two differ; "unknown" when one is 0. */
const char *xd_placement_class(double before_ns, double after_ns);

#endif

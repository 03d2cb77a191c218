/* SPDX-License-Identifier: BSD-3-Clause */
/* CPU seconds of the whole machine, from /proc/stat. */
#ifndef XD_TRAFFIC_HOST_CPU_TIME_H
#define XD_TRAFFIC_HOST_CPU_TIME_H

struct xd_cpu_time {
	double busy_s;  /* user, nice, system, irq, softirq; of all CPUs */
	double steal_s; /* taken by the hypervisor */
};

/* Zeroes when /proc/stat cannot be read. Any thread. */
struct xd_cpu_time xd_cpu_time(void);

/* Pins the calling thread. -EINVAL: no such core, or not one that this process may use. */
int xd_cpu_pin(int core);

#endif

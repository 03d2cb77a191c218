/* SPDX-License-Identifier: BSD-3-Clause */
/* /proc/stat read, and a thread pinned to a core. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "traffic/host/cpu_time.h"

struct xd_cpu_time
xd_cpu_time(void)
{
	unsigned long long user, nice, system, idle, iowait, irq, softirq, steal;
	struct xd_cpu_time t = {0};
	double hz = (double)sysconf(_SC_CLK_TCK);
	FILE *file = fopen("/proc/stat", "re");

	if (!file)
		return t;
	if (fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &user, &nice, &system,
		    &idle, &iowait, &irq, &softirq, &steal) == 8) {
		t.busy_s = (double)(user + nice + system + irq + softirq) / hz;
		t.steal_s = (double)steal / hz;
	}
	fclose(file);
	return t;
}

int
xd_cpu_pin(int core)
{
	cpu_set_t set;

	if (core < 0 || core >= CPU_SETSIZE)
		return -EINVAL;
	CPU_ZERO(&set);
	CPU_SET(core, &set);
	return -pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The time of a worker's thread: how much of what passed it ran, and how much others took. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "base/clock.h"
#include "worker/worker.h"

struct times {
	uint64_t tsc, ran_ns;
	long blocked; /* how often it went to sleep by itself */
};

static struct times
times_now(void)
{
	struct rusage usage = {0};
	struct timespec ran = {0};

	/* Neither fails for the calling thread. */
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ran);
	getrusage(RUSAGE_THREAD, &usage);
	return (struct times){
		.tsc = rte_rdtsc(),
		.ran_ns = (uint64_t)ran.tv_sec * XD_NS_PER_S + (uint64_t)ran.tv_nsec,
		.blocked = usage.ru_nvcsw,
	};
}

/* For how long the thread has ever been ready to run without a core: the second number of its
 * schedstat (Linux, Documentation/scheduler/sched-stats.rst). 0 where the kernel has none. */
static uint64_t
delay_ns(struct xd_watch *watch)
{
	char text[64], *second;
	ssize_t n;

	/* By the thread itself, whose file it is. */
	if (watch->delay_fd < 0)
		watch->delay_fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	n = pread(watch->delay_fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return watch->base_delay_ns;
	text[n] = '\0';
	second = strchr(text, ' ');
	return second ? strtoull(second, NULL, 10) : watch->base_delay_ns;
}

static void
set_base(struct xd_watch *watch, struct times t)
{
	watch->base_tsc = t.tsc;
	watch->base_ran_ns = t.ran_ns;
	watch->base_blocked = t.blocked;
}

void
xd_watch_look(struct xd_worker *w)
{
	set_base(&w->watch, times_now());
	/* The first look opens the file, so that no descriptor is added while frames pass. */
	if (w->wary || w->watch.delay_fd < 0)
		w->watch.base_delay_ns = delay_ns(&w->watch);
}

static uint64_t
ns_to_cycles(const struct xd_worker *w, uint64_t ns)
{
	return (uint64_t)((double)ns * (double)w->env.tsc_hz / XD_NS_PER_S);
}

uint64_t
xd_watch_own(struct xd_worker *w, uint64_t took)
{
	struct xd_watch *watch = &w->watch;
	struct times t = times_now();
	uint64_t delay = delay_ns(watch);

	if (watch->base_tsc)
		took = xd_budget_own(took, t.tsc - watch->base_tsc,
			ns_to_cycles(w, t.ran_ns - watch->base_ran_ns),
			ns_to_cycles(w, delay - watch->base_delay_ns),
			t.blocked != watch->base_blocked);
	else
		took = 0;
	set_base(watch, t);
	watch->base_delay_ns = delay;
	return took;
}

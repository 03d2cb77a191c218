/* SPDX-License-Identifier: BSD-3-Clause */
/* Two threads throw a cache line to and fro, each on one of the cores. */
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "traffic/host/cpu_time.h"
#include "traffic/host/placement.h"
#include "traffic/host/tsc.h"

#define CHUNKS    100
#define PER_CHUNK 2000
#define LIMIT_S   0.2

struct exchange {
	uint64_t ball __attribute__((aligned(128))); /* odd: thrown by a; even: thrown back by b */
	int core_a __attribute__((aligned(128))), core_b;
	double tsc_hz;
	uint64_t deadline;
	bool failed, quit; /* either thread */
	unsigned n;
	double chunk_ns[CHUNKS];
};

static void
take_core(struct exchange *e, int core)
{
	struct sched_param param = {.sched_priority = 1};

	if (xd_cpu_pin(core))
		__atomic_store_n(&e->failed, true, __ATOMIC_RELAXED);
	/* Without the right to it the exchange shares the core with whoever polls there. */
	pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
}

static bool
over(const struct exchange *e)
{
	return __atomic_load_n(&e->failed, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&e->quit, __ATOMIC_RELAXED) || xd_tsc() > e->deadline;
}

/* Spins until the ball has this value; false when it is over. */
static bool
await(const struct exchange *e, uint64_t value)
{
	for (;;) {
		for (unsigned i = 0; i < 4096; i++)
			if (__atomic_load_n(&e->ball, __ATOMIC_ACQUIRE) == value)
				return true;
		if (over(e))
			return false;
	}
}

static void *
throw_back(void *arg)
{
	struct exchange *e = arg;

	take_core(e, e->core_b);
	for (uint64_t i = 1; await(e, i); i += 2)
		__atomic_store_n(&e->ball, i + 1, __ATOMIC_RELEASE);
	return NULL;
}

static void *throw(void *arg)
{
	struct exchange *e = arg;
	uint64_t ball = 0;

	take_core(e, e->core_a);
	while (e->n < CHUNKS) {
		uint64_t start = xd_tsc();

		for (unsigned i = 0; i < PER_CHUNK; i++, ball += 2) {
			__atomic_store_n(&e->ball, ball + 1, __ATOMIC_RELEASE);
			if (!await(e, ball + 2))
				goto out;
		}
		e->chunk_ns[e->n++] = (double)(xd_tsc() - start) / PER_CHUNK * 1e9 / e->tsc_hz;
	}
out:
	__atomic_store_n(&e->quit, true, __ATOMIC_RELAXED);
	return NULL;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
xd_placement_ns(int core_a, int core_b, double tsc_hz)
{
	struct exchange e = {.core_a = core_a, .core_b = core_b, .tsc_hz = tsc_hz};
	pthread_t a, b;

	if (core_a < 0 || core_b < 0 || core_a == core_b)
		return 0;
	e.deadline = xd_tsc() + (uint64_t)(LIMIT_S * tsc_hz);
	if (pthread_create(&b, NULL, throw_back, &e))
		return 0;
	if (pthread_create(&a, NULL, throw, &e)) {
		__atomic_store_n(&e.quit, true, __ATOMIC_RELAXED);
		pthread_join(b, NULL);
		return 0;
	}
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	if (e.failed || e.n == 0)
		return 0;
	qsort(e.chunk_ns, e.n, sizeof(e.chunk_ns[0]), compare);
	return e.chunk_ns[e.n / 2];
}

const char *
xd_placement_class(double before_ns, double after_ns)
{
	if (before_ns <= 0 || after_ns <= 0)
		return "unknown";
	if (before_ns < XD_PLACEMENT_NEAR_NS && after_ns < XD_PLACEMENT_NEAR_NS)
		return "near";
	if (before_ns >= XD_PLACEMENT_NEAR_NS && after_ns >= XD_PLACEMENT_NEAR_NS)
		return "far";
	return "mixed";
}

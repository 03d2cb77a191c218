/* SPDX-License-Identifier: BSD-3-Clause */
/* The guard's thread, and what a thread that writes does beside its write. */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event_fd.h"
#include "base/guard.h"
#include "base/thread.h"

#define TICK_NS     (XD_GUARD_TICK_MS * XD_NS_PER_S / 1000)
#define IDLE_TICKS  200 /* without a write, after which the guard sleeps until there is one */
#define STACK_BYTES ((size_t)128 << 10)

enum { NOTHING, WRITING, BEING_FREED };

struct xd_guard {
	pthread_t thread;
	pthread_mutex_t lock; /* held while a descriptor of another thread's is used */
	pthread_cond_t change;
	bool ending;
	bool idle; /* the guard sleeps until a write wakes it */
	unsigned nb_slots;
	uint32_t *seen; /* by slot: n at the tick before */
	struct xd_guard_slot slots[];
};

/* ---- The threads that write ---- */

static void
wake(struct xd_guard *g)
{
	pthread_mutex_lock(&g->lock);
	__atomic_store_n(&g->idle, false, __ATOMIC_RELAXED);
	pthread_cond_signal(&g->change);
	pthread_mutex_unlock(&g->lock);
}

static void
write_one(int fd)
{
	static const uint64_t one = 1;

	/* The counter is full and nobody waited: a notification is pending anyway. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

void
xd_guard_write(struct xd_guard_slot *slot, int fd)
{
	if (!slot) {
		write_one(fd);
		return;
	}
	slot->fd = fd;
	__atomic_store_n(&slot->n, slot->n + 1, __ATOMIC_RELAXED);
	/* We say that we write, then look whether the guard sleeps; it says that it will sleep,
	 * then looks whether somebody writes. */
	__atomic_store_n(&slot->state, WRITING, __ATOMIC_SEQ_CST);
	if (__builtin_expect(__atomic_load_n(&slot->guard->idle, __ATOMIC_SEQ_CST), false))
		wake(slot->guard);
	write_one(fd);
	if (__builtin_expect(
		    __atomic_exchange_n(&slot->state, NOTHING, __ATOMIC_SEQ_CST) == BEING_FREED,
		    false)) {
		/* Until the guard has let go of the descriptor. */
		pthread_mutex_lock(&slot->guard->lock);
		pthread_mutex_unlock(&slot->guard->lock);
	}
}

/* ---- The guard ---- */

/* Whoever fills it up again may be faster than the thread that waits, but not each time. */
static void
free_writer(struct xd_guard_slot *slot)
{
	const uint64_t until_ns = xd_clock_ns() + TICK_NS;
	unsigned state = WRITING;

	if (!__atomic_compare_exchange_n(
		    &slot->state, &state, BEING_FREED, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return;
	do {
		xd_event_fd_drain(slot->fd);
	} while (__atomic_load_n(&slot->state, __ATOMIC_SEQ_CST) == BEING_FREED &&
		 xd_clock_ns() < until_ns);
	state = BEING_FREED;
	__atomic_compare_exchange_n(
		&slot->state, &state, WRITING, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* Returns whether anybody has written since the tick before. */
static bool
tick(struct xd_guard *g)
{
	bool busy = false;

	for (unsigned i = 0; i < g->nb_slots; i++) {
		struct xd_guard_slot *slot = &g->slots[i];
		uint32_t n = __atomic_load_n(&slot->n, __ATOMIC_RELAXED);
		bool writing = __atomic_load_n(&slot->state, __ATOMIC_SEQ_CST) == WRITING;

		/* Another write may have begun meanwhile, which is freed a little early then. */
		if (writing && n == g->seen[i])
			free_writer(slot);
		busy |= writing || n != g->seen[i];
		g->seen[i] = n;
	}
	return busy;
}

static void
wait_for_tick(struct xd_guard *g)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)TICK_NS;
	if (until.tv_nsec >= (long)XD_NS_PER_S) {
		until.tv_sec++;
		until.tv_nsec -= (long)XD_NS_PER_S;
	}
	pthread_cond_timedwait(&g->change, &g->lock, &until);
}

/* Until there is a write. */
static void
sleep_idle(struct xd_guard *g)
{
	__atomic_store_n(&g->idle, true, __ATOMIC_SEQ_CST);
	if (!tick(g)) {
		while (g->idle && !g->ending)
			pthread_cond_wait(&g->change, &g->lock);
	}
	__atomic_store_n(&g->idle, false, __ATOMIC_RELAXED);
}

static void *
guard_main(void *arg)
{
	struct xd_guard *g = arg;
	unsigned quiet = 0;

	prctl(PR_SET_NAME, "xd-guard");
	pthread_mutex_lock(&g->lock);
	while (!g->ending) {
		quiet = tick(g) ? 0 : quiet + 1;
		if (quiet < IDLE_TICKS) {
			wait_for_tick(g);
		} else {
			sleep_idle(g);
			quiet = 0;
		}
	}
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

static void
init_lock(struct xd_guard *g)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&g->change, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&g->lock, NULL);
}

static void
free_guard(struct xd_guard *g)
{
	pthread_cond_destroy(&g->change);
	pthread_mutex_destroy(&g->lock);
	free(g->seen);
	free(g);
}

struct xd_guard *
xd_guard_create(unsigned nb_slots)
{
	size_t bytes = sizeof(struct xd_guard) + nb_slots * sizeof(struct xd_guard_slot);
	struct xd_guard *g = aligned_alloc(_Alignof(struct xd_guard), bytes);
	int ret;

	if (!g)
		return NULL;
	memset(g, 0, bytes);
	init_lock(g);
	g->nb_slots = nb_slots;
	g->seen = calloc(nb_slots, sizeof(*g->seen));
	for (unsigned i = 0; i < nb_slots; i++)
		g->slots[i].guard = g;
	ret = g->seen ? xd_thread_start(&g->thread, STACK_BYTES, guard_main, g) : ENOMEM;
	if (ret) {
		free_guard(g);
		errno = ret;
		return NULL;
	}
	return g;
}

void
xd_guard_destroy(struct xd_guard *g)
{
	if (!g)
		return;
	pthread_mutex_lock(&g->lock);
	g->ending = true;
	pthread_cond_signal(&g->change);
	pthread_mutex_unlock(&g->lock);
	pthread_join(g->thread, NULL);
	free_guard(g);
}

struct xd_guard_slot *
xd_guard_slot(struct xd_guard *g, unsigned i)
{
	return g ? &g->slots[i] : NULL;
}

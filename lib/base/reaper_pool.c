/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The threads of the reapers. Those that have nothing to do wait; before the last of them takes
 * something up it starts another, as what it takes up may keep it for ever. It does so at most once
 * in START_NS, so that many things which take a little each, as when all guests leave at once, do
 * not make as many threads. Whoever waits does so behind at most one thing of each other reaper,
 * and START_NS for each that is kept.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/clock.h"
#include "base/reaper_pool.h"
#include "base/thread.h"

#define STACK_BYTES (256u << 10)
#define START_NS    (2 * XD_NS_PER_S / 1000)
#define SPARE       2 /* threads stay though they have nothing to do; others for LINGER_NS */
#define LINGER_NS   (2 * XD_NS_PER_S)

TAILQ_HEAD(reaper_list, xd_reaper);

struct xd_reaper_pool {
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t more;
	bool ending;
	struct reaper_list ready;
	unsigned nb_threads;
	unsigned nb_idle;     /* of them, waiting */
	unsigned nb_starting; /* of them, not there yet */
	uint64_t started_ns;  /* the last one */
};

static void *thread_main(void *arg);

static void
wait_until(struct xd_reaper_pool *pool, uint64_t ns)
{
	struct timespec until = {
		.tv_sec = (time_t)(ns / XD_NS_PER_S), .tv_nsec = (long)(ns % XD_NS_PER_S)};

	pthread_cond_timedwait(&pool->more, &pool->lock, &until);
}

static void
free_pool(struct xd_reaper_pool *pool)
{
	pthread_cond_destroy(&pool->more);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* Starts a thread, without the lock meanwhile. 0 or an errno. */
static int
start(struct xd_reaper_pool *pool)
{
	int ret;

	pool->nb_threads++;
	pool->nb_starting++;
	pool->started_ns = xd_clock_ns();
	pthread_mutex_unlock(&pool->lock);
	ret = xd_thread_start(NULL, STACK_BYTES, thread_main, pool);
	pthread_mutex_lock(&pool->lock);
	if (ret) {
		pool->nb_threads--;
		pool->nb_starting--;
	}
	return ret;
}

static bool
may_start(const struct xd_reaper_pool *pool)
{
	return xd_clock_ns() - pool->started_ns >= START_NS;
}

/* Waits for a reaper with something to do. NULL: the thread is to end. */
static struct xd_reaper *
take(struct xd_reaper_pool *pool)
{
	uint64_t since_ns = xd_clock_ns();
	struct xd_reaper *r;

	pool->nb_idle++;
	for (;;) {
		bool last = pool->nb_idle == 1;

		r = TAILQ_FIRST(&pool->ready);
		if (r && (!last || may_start(pool)))
			break;
		if (r)
			wait_until(pool, pool->started_ns + START_NS);
		else if (pool->ending)
			break;
		else if (pool->nb_idle <= SPARE)
			pthread_cond_wait(&pool->more, &pool->lock);
		else if (xd_clock_ns() - since_ns < LINGER_NS)
			wait_until(pool, since_ns + LINGER_NS);
		else
			break;
	}
	pool->nb_idle--;
	if (r)
		TAILQ_REMOVE(&pool->ready, r, link);
	/* Should it not start, others are served when we are done, or by xd_reaper_pool_help. */
	if (r && pool->nb_idle == 0 && pool->nb_starting == 0)
		start(pool);
	return r;
}

static void *
thread_main(void *arg)
{
	struct xd_reaper_pool *pool = arg;
	struct xd_reaper *r;
	bool last;

	prctl(PR_SET_NAME, "xd-reaper");
	pthread_mutex_lock(&pool->lock);
	pool->nb_starting--;
	while ((r = take(pool))) {
		bool more;

		pthread_mutex_unlock(&pool->lock);
		more = xd_reaper_serve(r);
		pthread_mutex_lock(&pool->lock);
		if (more)
			TAILQ_INSERT_TAIL(&pool->ready, r, link);
	}
	last = --pool->nb_threads == 0;
	pthread_mutex_unlock(&pool->lock);
	if (last)
		free_pool(pool);
	return NULL;
}

struct xd_reaper_pool *
xd_reaper_pool_create(void)
{
	struct xd_reaper_pool *pool = calloc(1, sizeof(*pool));
	pthread_condattr_t attr;
	int ret;

	if (!pool)
		return NULL;
	TAILQ_INIT(&pool->ready);
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->more, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_lock(&pool->lock);
	ret = start(pool);
	pthread_mutex_unlock(&pool->lock);
	if (ret) {
		free_pool(pool);
		errno = ret;
		return NULL;
	}
	return pool;
}

void
xd_reaper_pool_destroy(struct xd_reaper_pool *pool)
{
	if (!pool)
		return;
	/* The last thread frees it; one never ends before this. */
	pthread_mutex_lock(&pool->lock);
	pool->ending = true;
	pthread_cond_broadcast(&pool->more);
	pthread_mutex_unlock(&pool->lock);
}

static void
help(struct xd_reaper_pool *pool)
{
	if (pool->nb_idle == 0 && pool->nb_starting == 0 && !TAILQ_EMPTY(&pool->ready) &&
		may_start(pool))
		start(pool);
}

void
xd_reaper_pool_help(struct xd_reaper_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	help(pool);
	pthread_mutex_unlock(&pool->lock);
}

void
xd_reaper_pool_add(struct xd_reaper_pool *pool, struct xd_reaper *r)
{
	pthread_mutex_lock(&pool->lock);
	TAILQ_INSERT_TAIL(&pool->ready, r, link);
	pthread_cond_signal(&pool->more);
	help(pool);
	pthread_mutex_unlock(&pool->lock);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Between a reaper's queue (reaper.c) and the threads that serve all of them (reaper_pool.c). */
#ifndef XD_BASE_REAPER_POOL_H
#define XD_BASE_REAPER_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "base/reaper.h"

struct xd_reaper_item {
	void *map; /* NULL: a descriptor, */
	size_t bytes;
	int fd;
	bool notify; /* to be written to; else closed */
};

struct xd_reaper {
	struct xd_reaper_pool *pool;
	TAILQ_ENTRY(xd_reaper) link; /* the pool's: while no thread is at it and something waits */
	pthread_mutex_t lock;        /* of all below; taken before the pool's */
	bool served;                 /* in the pool's list, or a thread is at it */
	bool ending;
	unsigned head; /* of items; the thread is at it */
	unsigned n;
	struct xd_reaper_waiting waiting;
	int notifying; /* what the thread writes to; -1: nothing */
	struct xd_reaper_item items[XD_REAPER_MAX];
};

/* reaper_pool.c. add: has a thread serve a reaper that none serves. help: if none is left to do so,
 * since one could not be started, tries again. Any thread. */
void xd_reaper_pool_add(struct xd_reaper_pool *pool, struct xd_reaper *r);
void xd_reaper_pool_help(struct xd_reaper_pool *pool);

/* reaper.c. Does the first thing in the queue, and returns whether there is another; if not, the
 * reaper is served no more and may be gone. The thread that is at it. */
bool xd_reaper_serve(struct xd_reaper *r);

#endif

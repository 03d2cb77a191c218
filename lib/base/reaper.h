/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Threads that close descriptors and unmap memory which other processes handed over, and write to
 * their eventfds.
 *
 * All of these can take as long as such a process likes: a file system of its own answers the
 * flush, a socket lingers, a file of many gigabytes goes with its last reference, an eventfd is
 * full or has a crowd that waits for it. Whoever has others to serve passes such things on to here.
 *
 * Each that hands things over has a reaper, a queue, of its own; the threads are all reapers'. One
 * thread at a time is at a reaper, for one thing, so a process that keeps a thread waiting has one
 * and no more; and there always is another one that takes what others handed over. So threads are
 * as many as processes that keep them waiting, and two when nobody does.
 *
 * The queue has XD_REAPER_MAX places. Who fills it looks at xd_reaper_waiting() before it takes
 * more from its peer; what finds no place is never closed.
 */
#ifndef XD_BASE_REAPER_H
#define XD_BASE_REAPER_H

#include <stdbool.h>
#include <stddef.h>

#define XD_REAPER_MAX 2560

struct xd_reaper_pool;
struct xd_reaper;

/* The threads. NULL: errno says why there is none. */
struct xd_reaper_pool *xd_reaper_pool_create(void);
/* After its reapers were destroyed. The threads end, by themselves, when nothing waits any more.
 * NULL is fine. */
void xd_reaper_pool_destroy(struct xd_reaper_pool *pool);

/* NULL: no memory. */
struct xd_reaper *xd_reaper_create(struct xd_reaper_pool *pool);
/* What waits is still closed and unmapped, by threads that nobody waits for. NULL is fine. */
void xd_reaper_destroy(struct xd_reaper *r);

/* Any thread; never wait for the peer. r NULL: done at once, by the caller. Nobody else may use the
 * descriptor or the memory any more: whoever still reads, waits for or maps it could be the last
 * who has the file, and would pay for it. */
void xd_reaper_close(struct xd_reaper *r, int fd); /* a negative fd is fine */
void xd_reaper_unmap(struct xd_reaper *r, void *map, size_t bytes);

/* Adds one to an eventfd, which is closed by the same reaper; but once for any number of calls that
 * come before a thread gets to it. Any thread; never waits. r NULL: as above. */
void xd_reaper_notify(struct xd_reaper *r, int fd); /* a negative fd is fine */
/* Lets the thread go on if an eventfd keeps it waiting, unless the peer fills it again at once. Any
 * thread; never waits. */
void xd_reaper_unblock(struct xd_reaper *r);

struct xd_reaper_waiting {
	unsigned fds;
	unsigned maps;
	unsigned notifications;
};

/* What was passed on and is not closed, unmapped or written yet. Any thread. */
struct xd_reaper_waiting xd_reaper_waiting(struct xd_reaper *r);

#endif

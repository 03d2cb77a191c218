/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A thread that closes descriptors and unmaps memory which another process handed over, and writes
 * to its eventfds.
 *
 * All of these can take as long as that process likes: a file system of its own answers the flush,
 * a socket lingers, a file of many gigabytes goes with its last reference, an eventfd is full or
 * has a crowd that waits for it. Whoever has others to serve passes such things on to here. One
 * reaper for each that hands things over, so that a thread which is kept waiting holds up nobody
 * else's.
 *
 * The queue has XD_REAPER_MAX places. Who fills it looks at xd_reaper_waiting() before it takes
 * more from its peer; what finds no place is never closed.
 */
#ifndef XD_BASE_REAPER_H
#define XD_BASE_REAPER_H

#include <stdbool.h>
#include <stddef.h>

#define XD_REAPER_MAX 2560

struct xd_reaper;

/* NULL: errno says why there is no thread. */
struct xd_reaper *xd_reaper_create(void);
/* What waits is still closed and unmapped, by a thread that nobody waits for. NULL is fine. */
void xd_reaper_destroy(struct xd_reaper *r);

/* Any thread; never wait for the peer. r NULL: done at once, by the caller. Nobody else may use the
 * descriptor or the memory any more: whoever still reads, waits for or maps it could be the last
 * who has the file, and would pay for it. */
void xd_reaper_close(struct xd_reaper *r, int fd); /* a negative fd is fine */
void xd_reaper_unmap(struct xd_reaper *r, void *map, size_t bytes);

/* Adds one to an eventfd, which is closed by the same reaper; but once for any number of calls that
 * come before the thread gets to it. Any thread; never waits. r NULL: as above. */
void xd_reaper_notify(struct xd_reaper *r, int fd); /* a negative fd is fine */
/* Lets the thread go on if an eventfd keeps it waiting, unless the peer fills it again at once. Any
 * thread; never waits. */
void xd_reaper_unblock(struct xd_reaper *r);

struct xd_reaper_waiting {
	unsigned fds;
	unsigned maps;
};

/* What was passed on and is not closed or unmapped yet. Any thread. */
struct xd_reaper_waiting xd_reaper_waiting(struct xd_reaper *r);

#endif

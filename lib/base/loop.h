/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control thread's event loop: file descriptors and timers over one epoll.
 *
 * Callbacks run one at a time with the loop's lock held; whoever changes what callbacks use takes
 * the same lock. Watches and timers may be added, changed and removed by callbacks and by other
 * threads that hold the lock, at any time: a removed one is never called again.
 */
#ifndef XD_BASE_LOOP_H
#define XD_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/api.h"

XD_API_BEGIN

struct xd_loop;
struct xd_watch; /* one file descriptor */
struct xd_timer;

/* Called with the lock held: of a descriptor with what is the matter (EPOLLIN, EPOLLOUT,
 * EPOLLHUP...), of a timer when it is due. */
typedef void (*xd_watch_fn)(void *ctx, uint32_t events);
typedef void (*xd_timer_fn)(void *ctx);

/* A loop without anything in it, the caller's. NULL: errno says why. Any thread. */
struct xd_loop *xd_loop_create(void);
/* Frees it and what is left in it. Any thread, after the last run. */
void xd_loop_destroy(struct xd_loop *loop);

/* Waits at most timeout_ms (-1: until something comes) and runs what is due. The lock is held only
 * around callbacks. One thread at a time runs a loop. */
void xd_loop_run_once(struct xd_loop *loop, int timeout_ms);
/* Has xd_loop_run_once return soon. Any thread. */
void xd_loop_wake(struct xd_loop *loop);

/* Not recursive: a callback holds it already, and must not call what takes it. That is asserted,
 * and with NDEBUG a deadlock. Any thread. */
void xd_loop_lock(struct xd_loop *loop);
void xd_loop_unlock(struct xd_loop *loop);

/* ---- Watches and timers. All calls: with the lock held. ---- */

/* Watches a descriptor for events of epoll (EPOLLIN and so on). The descriptor stays the caller's
 * to close, after removing; the watch is the loop's. NULL: errno says why. */
struct xd_watch *xd_loop_add(
	struct xd_loop *loop, int fd, uint32_t events, xd_watch_fn fn, void *ctx);
/* Watches it for these events of epoll instead. */
void xd_loop_modify(struct xd_watch *watch, uint32_t events);
/* Ends a watch; NULL is fine. */
void xd_loop_remove(struct xd_watch *watch);

/* Calls fn once after so many milliseconds, and with period_ms > 0 again at each multiple of
 * period_ms that the clock comes to, so that timers with the same period run together. The first
 * interval may thus be shorter than the others. The timer is the loop's. NULL: no memory. */
struct xd_timer *xd_loop_timer(
	struct xd_loop *loop, uint32_t after_ms, uint32_t period_ms, xd_timer_fn fn, void *ctx);
/* Has a timer that is not cancelled, when the loop is destroyed, call fn with its ctx. */
void xd_loop_timer_at_end(struct xd_timer *timer, xd_timer_fn fn);
/* Ends a timer; NULL is fine; also after it fired once. */
void xd_loop_timer_cancel(struct xd_timer *timer);

XD_API_END

#endif

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

typedef void (*xd_watch_fn)(void *ctx, uint32_t events); /* EPOLLIN, EPOLLOUT, EPOLLHUP... */
typedef void (*xd_timer_fn)(void *ctx);

struct xd_loop *xd_loop_create(void);       /* NULL: errno says why */
void xd_loop_destroy(struct xd_loop *loop); /* after the last run; frees what is left in it */

/* Waits at most timeout_ms (-1: until something comes) and runs what is due. The lock is held only
 * around callbacks. One thread at a time runs a loop. */
void xd_loop_run_once(struct xd_loop *loop, int timeout_ms);
void xd_loop_wake(struct xd_loop *loop); /* any thread: run_once returns soon */

/* Not recursive: a callback holds it already, and must not call what takes it. That is asserted,
 * and with NDEBUG a deadlock. */
void xd_loop_lock(struct xd_loop *loop);
void xd_loop_unlock(struct xd_loop *loop);

/* With the lock held, from here on. The descriptor stays the caller's to close, after removing. */
struct xd_watch *xd_loop_add(
	struct xd_loop *loop, int fd, uint32_t events, xd_watch_fn fn, void *ctx);
void xd_loop_modify(struct xd_watch *watch, uint32_t events);
void xd_loop_remove(struct xd_watch *watch); /* NULL is fine */

/* One-shot timers; period_ms > 0 repeats. */
struct xd_timer *xd_loop_timer(
	struct xd_loop *loop, uint32_t after_ms, uint32_t period_ms, xd_timer_fn fn, void *ctx);
/* Has a timer that is not cancelled, when the loop is destroyed, call fn with its ctx. */
void xd_loop_timer_at_end(struct xd_timer *timer, xd_timer_fn fn);
void xd_loop_timer_cancel(struct xd_timer *timer); /* NULL is fine; also after it fired once */

XD_API_END

#endif

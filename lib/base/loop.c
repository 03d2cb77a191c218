/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One epoll, one timerfd set to the earliest timer, one eventfd to wake.
 *
 * A batch of events is fetched without the lock, so a watch may be removed while the batch still
 * names it. Removing therefore only marks it dead and puts it aside; what lies aside is freed at
 * the end of a run, when no batch is left that could name it. Timers are put aside likewise, since
 * a callback may cancel the timer that it runs for.
 *
 * A timer that repeats is due at the multiples of its period, so that a thousand of them with the
 * same period wake the thread, and set timer_fd, once in it rather than a thousand times.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop_time.h"
#include "base/timer_heap.h"

#define EVENTS_PER_RUN 32
#define NS_PER_MS      1000000ull

struct xd_watch {
	LIST_ENTRY(xd_watch) link;
	struct xd_loop *loop;
	int fd;
	bool dead;
	xd_watch_fn fn;
	void *ctx;
};

struct xd_timer {
	struct xd_timer_node node; /* in waiting; first, see timer_of(); */
	LIST_ENTRY(xd_timer) link; /* or in fired or dead_timers */
	struct xd_loop *loop;
	uint64_t period_ns; /* 0: one shot */
	xd_timer_fn fn;
	xd_timer_fn at_end; /* when the loop is destroyed before it; or NULL */
	void *ctx;
};

LIST_HEAD(watch_list, xd_watch);
LIST_HEAD(timer_list, xd_timer);

struct xd_loop {
	pthread_mutex_t lock; /* guards all below but the descriptors */
	int epoll_fd;
	int timer_fd;
	int wake_fd;
	uint64_t armed_ns;   /* what timer_fd is set to; 0: disarmed */
	uint64_t skipped_ns; /* that its time is ahead of the clock */
	struct watch_list watches;
	struct watch_list dead_watches;
	struct xd_timer_heap waiting;
	struct timer_list fired; /* one-shot timers that ran and were not cancelled yet */
	struct timer_list dead_timers;
};

static struct xd_timer *
timer_of(struct xd_timer_node *node)
{
	return (struct xd_timer *)node;
}

static void
drain(void *ctx, uint32_t events)
{
	const int *fd = ctx;
	uint64_t count;

	(void)events;
	if (read(*fd, &count, sizeof(count)) < 0)
		return; /* EAGAIN: somebody re-armed it meanwhile */
}

/* Whoever takes it twice would wait for himself, without a word: see xd_loop_lock. */
static void
init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
#ifndef NDEBUG
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
#endif
	pthread_mutex_init(lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

struct xd_loop *
xd_loop_create(void)
{
	struct xd_loop *loop = calloc(1, sizeof(*loop));
	int code;

	if (!loop)
		return NULL;
	init_lock(&loop->lock);
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0)
		goto err_free;
	loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (loop->timer_fd < 0)
		goto err_epoll;
	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->wake_fd < 0)
		goto err_timer;
	if (!xd_loop_add(loop, loop->timer_fd, EPOLLIN, drain, &loop->timer_fd) ||
		!xd_loop_add(loop, loop->wake_fd, EPOLLIN, drain, &loop->wake_fd)) {
		code = errno;
		xd_loop_destroy(loop);
		errno = code;
		return NULL;
	}
	return loop;

err_timer:
	close(loop->timer_fd);
err_epoll:
	close(loop->epoll_fd);
err_free:
	code = errno;
	pthread_mutex_destroy(&loop->lock);
	free(loop);
	errno = code;
	return NULL;
}

static void
free_watches(struct watch_list *list)
{
	struct xd_watch *watch;

	while ((watch = LIST_FIRST(list))) {
		LIST_REMOVE(watch, link);
		free(watch);
	}
}

static void
free_timers(struct timer_list *list)
{
	struct xd_timer *timer;

	while ((timer = LIST_FIRST(list))) {
		LIST_REMOVE(timer, link);
		free(timer);
	}
}

/* Those that wait, when the loop is destroyed. */
static void
end_waiting(struct xd_loop *loop)
{
	for (uint32_t i = 0; i < loop->waiting.n; i++) {
		struct xd_timer *timer = timer_of(loop->waiting.nodes[i]);

		if (timer->at_end)
			timer->at_end(timer->ctx);
		free(timer);
	}
	xd_timer_heap_free(&loop->waiting);
}

void
xd_loop_destroy(struct xd_loop *loop)
{
	if (!loop)
		return;
	free_watches(&loop->watches);
	free_watches(&loop->dead_watches);
	end_waiting(loop);
	free_timers(&loop->fired);
	free_timers(&loop->dead_timers);
	close(loop->wake_fd);
	close(loop->timer_fd);
	close(loop->epoll_fd);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}

uint64_t
xd_loop_now_ns(const struct xd_loop *loop)
{
	return xd_clock_ns() + loop->skipped_ns;
}

/* Sets timer_fd to the earliest deadline. A waiting epoll_wait of another thread sees it. */
static void
arm(struct xd_loop *loop)
{
	const struct xd_timer_node *first = xd_timer_heap_first(&loop->waiting);
	uint64_t skipped = loop->skipped_ns;
	/* 1: long ago, so at once. */
	uint64_t ns = !first ? 0 : first->deadline_ns > skipped ? first->deadline_ns - skipped : 1;
	struct itimerspec spec = {
		.it_value = {.tv_sec = ns / XD_NS_PER_S, .tv_nsec = ns % XD_NS_PER_S}};

	if (ns == loop->armed_ns)
		return;
	timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
	loop->armed_ns = ns;
}

void
xd_loop_skip(struct xd_loop *loop, uint32_t ms)
{
	loop->skipped_ns += ms * NS_PER_MS;
	arm(loop);
}

static void
run_timers(struct xd_loop *loop)
{
	uint64_t now_ns = xd_loop_now_ns(loop);
	struct xd_timer_node *node;

	/* What callbacks add is due later than now_ns, so this ends. */
	while ((node = xd_timer_heap_first(&loop->waiting)) && node->deadline_ns <= now_ns) {
		struct xd_timer *timer = timer_of(node);

		xd_timer_heap_remove(&loop->waiting, node);
		if (timer->period_ns) {
			/* Missed periods are skipped, not made up for. */
			node->deadline_ns = (now_ns / timer->period_ns + 1) * timer->period_ns;
			xd_timer_heap_add(&loop->waiting, node);
		} else {
			LIST_INSERT_HEAD(&loop->fired, timer, link);
		}
		timer->fn(timer->ctx);
	}
	arm(loop);
}

void
xd_loop_run_once(struct xd_loop *loop, int timeout_ms)
{
	struct epoll_event events[EVENTS_PER_RUN];
	int n = epoll_wait(loop->epoll_fd, events, EVENTS_PER_RUN, timeout_ms);

	xd_loop_lock(loop);
	for (int i = 0; i < n; i++) {
		struct xd_watch *watch = events[i].data.ptr;

		if (!watch->dead)
			watch->fn(watch->ctx, events[i].events);
	}
	run_timers(loop);
	free_watches(&loop->dead_watches);
	free_timers(&loop->dead_timers);
	xd_loop_unlock(loop);
}

void
xd_loop_wake(struct xd_loop *loop)
{
	uint64_t one = 1;

	if (write(loop->wake_fd, &one, sizeof(one)) < 0)
		return; /* EAGAIN: full of wakes, so it wakes */
}

void
xd_loop_lock(struct xd_loop *loop)
{
	int ret = pthread_mutex_lock(&loop->lock);

	assert(ret == 0 && "a callback has called back: the lock is held around it");
	(void)ret;
}

void
xd_loop_unlock(struct xd_loop *loop)
{
	pthread_mutex_unlock(&loop->lock);
}

struct xd_watch *
xd_loop_add(struct xd_loop *loop, int fd, uint32_t events, xd_watch_fn fn, void *ctx)
{
	struct xd_watch *watch = calloc(1, sizeof(*watch));
	struct epoll_event event = {.events = events, .data.ptr = watch};
	int code;

	if (!watch)
		return NULL;
	watch->loop = loop;
	watch->fd = fd;
	watch->fn = fn;
	watch->ctx = ctx;
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		code = errno;
		free(watch);
		errno = code;
		return NULL;
	}
	LIST_INSERT_HEAD(&loop->watches, watch, link);
	return watch;
}

void
xd_loop_modify(struct xd_watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

void
xd_loop_remove(struct xd_watch *watch)
{
	if (!watch || watch->dead)
		return;
	epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->dead = true;
	LIST_REMOVE(watch, link);
	LIST_INSERT_HEAD(&watch->loop->dead_watches, watch, link);
}

struct xd_timer *
xd_loop_timer(
	struct xd_loop *loop, uint32_t after_ms, uint32_t period_ms, xd_timer_fn fn, void *ctx)
{
	struct xd_timer *timer = calloc(1, sizeof(*timer));

	if (!timer || !xd_timer_heap_reserve(&loop->waiting, 1)) {
		free(timer);
		return NULL;
	}
	timer->loop = loop;
	timer->node.deadline_ns = xd_loop_now_ns(loop) + after_ms * NS_PER_MS;
	timer->period_ns = period_ms * NS_PER_MS;
	timer->fn = fn;
	timer->ctx = ctx;
	xd_timer_heap_add(&loop->waiting, &timer->node);
	arm(loop);
	return timer;
}

void
xd_loop_timer_cancel(struct xd_timer *timer)
{
	struct xd_loop *loop;

	if (!timer)
		return;
	loop = timer->loop;
	if (timer->node.at != XD_TIMER_NOWHERE)
		xd_timer_heap_remove(&loop->waiting, &timer->node);
	else
		LIST_REMOVE(timer, link);
	LIST_INSERT_HEAD(&loop->dead_timers, timer, link);
	arm(loop);
}

void
xd_loop_timer_at_end(struct xd_timer *timer, xd_timer_fn fn)
{
	timer->at_end = fn;
}

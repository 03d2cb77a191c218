/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How an idle worker sleeps: it has every queue notify it of new frames (arm), checks that none has
 * come meanwhile, and waits in epoll for a queue or for control. The set of descriptors that it
 * waits for stays from sleep to sleep, while the plan does: what wakes it for a frame is then one
 * system call, and so is going to sleep.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "worker/worker.h"

static void
disarm(struct xd_worker *w, const struct xd_plan_worker *mine, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct xd_plan_queue *q = &mine->queues[i];

		if (unlikely(w->wary))
			xd_watch_disarm(w, q);
		else
			q->port->driver->disarm(q->port->port, q->queue);
	}
}

/* Has the queue's descriptor, which is fd now, in the set; -1: none. */
static int
watch(struct xd_worker *w, struct xd_plan_queue *q, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = -1};

	if (likely(fd == q->watched_fd))
		return 0;
	if (q->watched_fd >= 0)
		epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, q->watched_fd, NULL);
	q->watched_fd = -1;
	if (fd >= 0 && epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		return -errno;
	q->watched_fd = fd;
	return 0;
}

/* False: the queue cannot be waited for, and the worker must not sleep. */
static bool
wait_for(struct xd_worker *w, struct xd_plan_queue *q)
{
	int fd = q->port->driver->fd(q->port->port, q->queue);
	int ret = watch(w, q, fd >= 0 ? fd : -1);

	if (fd >= 0 && ret == 0)
		return true;
	/* EINVAL: the guest's side has so many waiters on its kick that Linux allows us none. It
	 * shall not keep the worker from sleeping, nor is it to be woken at once. */
	if (fd != XD_FD_NAP && ret != -EINVAL)
		return false;
	w->naps = true;
	return true;
}

/* Asks one queue; true: frames are there already, or it cannot be asked. */
static bool
arm_queue(struct xd_worker *w, struct xd_plan_queue *q)
{
	struct xd_port *port = q->port->port;

	/* What rests does not wake the worker. */
	if (unlikely(w->wary) && xd_watch_rests(w, port)) {
		watch(w, q, -1);
		return false;
	}
	return (unlikely(w->wary) ? xd_watch_arm(w, q) : q->port->driver->arm(port, q->queue)) ||
	       !wait_for(w, q);
}

/* False: frames are there already, or a queue cannot be waited for. */
static bool
arm(struct xd_worker *w, const struct xd_plan_worker *mine)
{
	const uint64_t start = rte_rdtsc();
	uint64_t took;
	unsigned i = 0;

	w->naps = false;
	while (i < mine->nb_queues && !arm_queue(w, &mine->queues[i]))
		i++;
	took = rte_rdtsc() - start;
	if (unlikely(took > w->watch.limits.call))
		xd_watch_slow_round(w, took);
	if (i == mine->nb_queues)
		return true;
	disarm(w, mine, i + 1);
	return false;
}

static void
close_set(struct xd_worker *w)
{
	if (w->epoll_fd >= 0)
		close(w->epoll_fd);
	w->epoll_fd = -1;
}

/* The epoll set of a plan's queues. Under another plan the worker has other queues, and descriptors
 * may have been closed and their numbers used again. */
static bool
open_set(struct xd_worker *w, const struct xd_plan *plan)
{
	const struct xd_plan_worker *mine = &plan->workers[w->index];
	struct epoll_event event = {.events = EPOLLIN, .data.fd = w->wake_fd};

	if (likely(w->epoll_fd >= 0 && w->epoll_plan == plan->number))
		return true;
	close_set(w);
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (w->epoll_fd < 0)
		return false;
	if (epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, w->wake_fd, &event) < 0) {
		close_set(w);
		return false;
	}
	w->epoll_plan = plan->number;
	for (unsigned i = 0; i < mine->nb_queues; i++)
		mine->queues[i].watched_fd = -1;
	/* Closed, the one before left it. */
	event.data.fd = w->epoll_fd;
	if (w->outer_fd >= 0 && epoll_ctl(w->outer_fd, EPOLL_CTL_ADD, w->epoll_fd, &event) < 0) {
		close_set(w);
		return false;
	}
	return true;
}

/* At most so long, or -1. */
static int
timeout_ms(const struct xd_worker *w, const struct xd_plan *plan)
{
	int rest_ms = xd_watch_rest_ms(w), tick_ms = xd_worker_tick_ms(w, plan);

	if (w->naps && (rest_ms < 0 || rest_ms > XD_NAP_MS))
		rest_ms = XD_NAP_MS;
	return tick_ms >= 0 && (rest_ms < 0 || rest_ms > tick_ms) ? tick_ms : rest_ms;
}

/* From here on it is counted as sleeping. */
static void
fall_asleep(struct xd_worker *w)
{
	__atomic_store_n(&w->sleep_tsc, rte_rdtsc(), __ATOMIC_RELAXED);
	w->sleeps++;
}

static void
wake_up(struct xd_worker *w)
{
	const uint64_t start = w->sleep_tsc;

	__atomic_store_n(&w->sleep_tsc, 0, __ATOMIC_RELAXED);
	w->last_tsc = w->busy_tsc = rte_rdtsc();
	w->sleep_cycles += w->last_tsc - start;
	w->next_s_tsc = 0; /* the next run looks at its thread's times, which the sleep is in */
}

/* What control had to say is about to be seen. */
static void
clear_wake(const struct xd_worker *w)
{
	uint64_t count;

	if (read(w->wake_fd, &count, sizeof(count)) < 0)
		return; /* it had nothing to say */
}

/* Offline in RCU, until there is something to do, or so long. */
static void
wait_in_epoll(struct xd_worker *w, int ms)
{
	struct epoll_event event = {.data.fd = -1};

	fall_asleep(w);
	rte_rcu_qsbr_thread_offline(w->env.qsbr, w->index);
	epoll_wait(w->epoll_fd, &event, 1, ms);
	rte_rcu_qsbr_thread_online(w->env.qsbr, w->index);
	wake_up(w);
	/* What is not read now ends the next sleep. */
	if (event.data.fd == w->wake_fd)
		clear_wake(w);
}

/* The plan may have been replaced and freed meanwhile. A queue that this worker has lost stays
 * armed, which costs its guest one needless kick. */
static void
disarm_all(struct xd_worker *w)
{
	const struct xd_plan *plan = __atomic_load_n(w->env.plan, __ATOMIC_ACQUIRE);
	const struct xd_plan_worker *mine = &plan->workers[w->index];

	if (mine->can_sleep)
		disarm(w, mine, mine->nb_queues);
}

void
xd_worker_sleep(struct xd_worker *w)
{
	const struct xd_plan *plan = __atomic_load_n(w->env.plan, __ATOMIC_ACQUIRE);
	const struct xd_plan_worker *mine = &plan->workers[w->index];

	if (mine->poll || !mine->can_sleep || !open_set(w, plan) || !arm(w, mine))
		return;
	wait_in_epoll(w, timeout_ms(w, plan));
	disarm_all(w);
}

/* ---- Of an application's thread, which waits by itself ---- */

int
xd_worker_fd(struct xd_worker *w)
{
	if (!w)
		return -EINVAL;
	if (w->outer_fd < 0) {
		w->outer_fd = epoll_create1(EPOLL_CLOEXEC);
		if (w->outer_fd < 0)
			return -errno;
		close_set(w); /* the next belongs to it */
	}
	return w->outer_fd;
}

/* The thread is online in RCU. */
static bool
arm_for_application(struct xd_worker *w, int *ms)
{
	const struct xd_plan *plan;
	const struct xd_plan_worker *mine;

	/* Before the plan is read: the next one sets it again. */
	clear_wake(w);
	plan = __atomic_load_n(w->env.plan, __ATOMIC_ACQUIRE);
	mine = &plan->workers[w->index];
	if (w->nb_waiting || !mine->can_sleep || !open_set(w, plan) || !arm(w, mine))
		return false;
	*ms = timeout_ms(w, plan);
	return true;
}

bool
xd_worker_arm(struct xd_worker *w, int *timeout_ms)
{
	int ms = -1;

	if (!w || xd_worker_fd(w) < 0)
		return false;
	if (!w->armed) {
		rte_rcu_qsbr_thread_online(w->env.qsbr, w->index);
		w->armed = arm_for_application(w, &ms);
		rte_rcu_qsbr_thread_offline(w->env.qsbr, w->index);
		if (w->armed)
			fall_asleep(w);
		w->armed_ms = ms;
	}
	if (timeout_ms)
		*timeout_ms = w->armed_ms;
	return w->armed;
}

void
xd_worker_disarm(struct xd_worker *w)
{
	w->armed = false;
	wake_up(w);
	disarm_all(w);
}

void
xd_worker_sleep_end(struct xd_worker *w)
{
	close_set(w);
	if (w->outer_fd >= 0)
		close(w->outer_fd);
}

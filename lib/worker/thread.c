/* SPDX-License-Identifier: BSD-3-Clause */
/* Creating and ending a worker, and what calls its loop: a pinned thread of its own, or a thread of
 * the application by xd_worker_poll. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include "memory/memory.h"
#include "worker/worker.h"

void
xd_worker_wake(struct xd_worker *w)
{
	static const uint64_t one = 1;

	if (write(w->wake_fd, &one, sizeof(one)) < 0)
		return; /* it is awake, or will be */
}

static void *
worker_main(void *arg)
{
	struct xd_worker *w = arg;
	/* As an lcore the thread has caches of packet buffers; without, all works, but slower. */
	bool lcore = rte_thread_register() == 0;

	rte_rcu_qsbr_thread_online(w->env.qsbr, w->index);
	w->last_tsc = w->busy_tsc = rte_rdtsc();
	while (!__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE)) {
		xd_worker_run(w, XD_WORKER_ROUNDS);
		rte_rcu_qsbr_quiescent(w->env.qsbr, w->index);
		if (w->now_tsc - w->busy_tsc > w->spin_tsc)
			xd_worker_sleep(w);
	}
	rte_rcu_qsbr_thread_offline(w->env.qsbr, w->index);
	if (lcore)
		rte_thread_unregister();
	return NULL;
}

static int
start_thread(struct xd_worker *w, struct xd_error *err)
{
	pthread_attr_t attr;
	cpu_set_t cpus;
	char name[16];
	int ret;

	CPU_ZERO(&cpus);
	CPU_SET(w->core, &cpus);
	pthread_attr_init(&attr);
	ret = pthread_attr_setaffinity_np(&attr, sizeof(cpus), &cpus);
	if (ret == 0)
		ret = pthread_create(&w->thread, &attr, worker_main, w);
	pthread_attr_destroy(&attr);
	if (ret)
		return xd_fail_key(err, -ret, "workers.cores", "no worker on core %u: %s", w->core,
			strerror(ret));
	snprintf(name, sizeof(name), "xd-worker-%u", w->core);
	pthread_setname_np(w->thread, name);
	return 0;
}

struct xd_worker *
xd_worker_create(struct xd_switch *sw, const struct xd_worker_env *env, unsigned index,
	unsigned core, bool own, struct xd_error *err)
{
	struct xd_worker *w = aligned_alloc(64, RTE_ALIGN(sizeof(*w), 64));

	if (!w) {
		xd_fail(err, -ENOMEM, "no memory for a worker");
		return NULL;
	}
	memset(w, 0, sizeof(*w));
	w->env = *env;
	w->sw = sw;
	w->index = index;
	w->core = core;
	w->node = xd_memory_core_node(core);
	w->own = own;
	w->epoll_fd = w->outer_fd = -1;
	w->batch.worker = w->resent.worker = (uint16_t)index;
	w->turn.batch = &w->batch;
	w->turn.now_tsc = &w->now_tsc;
	w->last_tsc = rte_rdtsc();
	if (xd_watch_init(w) < 0) {
		xd_fail(err, -ENOMEM, "no memory for a worker");
		goto err_worker;
	}
	w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (w->wake_fd < 0) {
		xd_fail(err, -errno, "no file descriptors left: %s", strerror(errno));
		goto err_worker;
	}
	if (rte_rcu_qsbr_thread_register(env->qsbr, index) < 0) {
		xd_fail(err, -rte_errno, "too many workers");
		goto err_fd;
	}
	if (own && start_thread(w, err) < 0)
		goto err_rcu;
	return w;

err_rcu:
	rte_rcu_qsbr_thread_unregister(env->qsbr, index);
err_fd:
	close(w->wake_fd);
err_worker:
	xd_watch_fini(w);
	free(w);
	return NULL;
}

void
xd_worker_destroy(struct xd_worker *w)
{
	if (!w)
		return;
	if (w->own) {
		__atomic_store_n(&w->stop, true, __ATOMIC_RELEASE);
		xd_worker_wake(w);
		pthread_join(w->thread, NULL);
	}
	rte_rcu_qsbr_thread_unregister(w->env.qsbr, w->index);
	xd_worker_sleep_end(w);
	close(w->wake_fd);
	xd_watch_fini(w);
	free(w);
}

unsigned
xd_worker_poll(struct xd_worker *w)
{
	unsigned n;

	if (unlikely(!w))
		return 0;
	/* Online in RCU only in here: control does not wait for an application that stops polling.
	 */
	rte_rcu_qsbr_thread_online(w->env.qsbr, w->index);
	if (unlikely(w->armed))
		xd_worker_disarm(w);
	n = xd_worker_run(w, 1);
	rte_rcu_qsbr_thread_offline(w->env.qsbr, w->index);
	return n;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Workers on an application's own threads. */
#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "switch/switch.h"

static struct xd_worker *
create_worker(struct xd_switch *sw, struct xd_error *err)
{
	struct xd_worker_env env = {&sw->log, &sw->plan, sw->qsbr, sw->tsc_hz, sw->tsc_base};
	struct xd_worker *worker;
	unsigned index = 0;

	while (index < XD_MAX_WORKERS && sw->state->workers[index])
		index++;
	if (index == XD_MAX_WORKERS) {
		xd_fail(err, -ENOSPC, "more than %u workers", XD_MAX_WORKERS);
		return NULL;
	}
	worker =
		xd_worker_create(sw, &env, index, (unsigned)RTE_MAX(sched_getcpu(), 0), false, err);
	if (worker)
		worker->tid = gettid();
	return worker;
}

struct xd_worker *
xd_worker_register(struct xd_switch *sw, struct xd_error *err)
{
	struct xd_worker *worker;

	if (!sw) {
		xd_fail(err, -EINVAL, "a worker needs a switch");
		return NULL;
	}
	xd_loop_lock(sw->loop);
	worker = create_worker(sw, err);
	if (worker && xd_switch_change(sw, sw->state->config, worker, NULL, err) < 0) {
		xd_worker_destroy(worker);
		worker = NULL;
	}
	sw->nb_app += worker != NULL;
	xd_loop_unlock(sw->loop);
	return worker;
}

/* Whether the worker is another thread's, which may be polling. A thread that has ended without
 * unregistering does so no more. */
static bool
is_in_use(const struct xd_worker *worker)
{
	return worker->tid != gettid() &&
	       (syscall(SYS_tgkill, getpid(), worker->tid, 0) == 0 || errno != ESRCH);
}

/* The queues go to other workers, unless the switch is empty already. */
static int
leave(struct xd_switch *sw, struct xd_worker *worker)
{
	struct xd_error err;
	int ret;

	if (is_in_use(worker)) {
		xd_log(&sw->log, XD_LOG_WORKER, XD_LOG_ERROR,
			"a worker can only be unregistered by its own thread, %d", worker->tid);
		return -EPERM;
	}
	if (sw->destroyed) {
		sw->state->workers[worker->index] = NULL;
		return 0;
	}
	ret = xd_switch_change(sw, sw->state->config, NULL, worker, &err);
	if (ret < 0)
		xd_log(&sw->log, XD_LOG_WORKER, XD_LOG_ERROR,
			"a worker cannot hand on its queues, and stays: %s", err.text);
	return ret;
}

int
xd_worker_unregister(struct xd_worker *worker)
{
	struct xd_switch *sw;
	bool last = false;
	int ret;

	if (!worker)
		return 0;
	sw = worker->sw;
	xd_loop_lock(sw->loop);
	ret = leave(sw, worker);
	if (ret == 0) {
		xd_worker_destroy(worker);
		sw->nb_app--;
		last = sw->destroyed && sw->nb_app == 0;
	}
	xd_loop_unlock(sw->loop);
	if (last)
		xd_switch_free(sw);
	return ret;
}

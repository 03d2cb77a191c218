/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_lcore.h>

#include "base/clock.h"
#include "memory/bus_error.h"
#include "memory/memory.h"
#include "switch/switch.h"

#define AGEING_PERIOD_MS 1000
#define UNBLOCK_NS       (10 * 1000 * 1000ull) /* before a turn is thought to be held up */

uint32_t
xd_switch_now_s(const struct xd_switch *sw)
{
	return (uint32_t)((rte_rdtsc() - sw->tsc_base) / sw->tsc_hz);
}

/* A worker that takes so long may be held up by a peer. */
static void
unblock_ports(const struct xd_state *state)
{
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		struct xd_port *port = state->ports[i];

		if (port && port->driver->unblock)
			port->driver->unblock(port);
	}
}

void
xd_switch_quiesce(struct xd_switch *sw)
{
	const uint64_t token = rte_rcu_qsbr_start(sw->qsbr);
	uint64_t looked_ns = xd_clock_ns();

	while (rte_rcu_qsbr_check(sw->qsbr, token, false) == 0) {
		/* A worker may need our core to finish its turn. */
		sched_yield();
		if (xd_clock_ns() - looked_ns < UNBLOCK_NS)
			continue;
		unblock_ports(sw->state);
		looked_ns = xd_clock_ns();
	}
}

void
xd_switch_publish(struct xd_switch *sw, const struct xd_state *state, const struct xd_plan *plan)
{
	__atomic_store_n(&sw->plan, plan, __ATOMIC_SEQ_CST);
	for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
		if (state->workers[w])
			xd_worker_wake(state->workers[w]);
	}
	xd_switch_quiesce(sw);
}

static void
env_quiesce(void *ctx)
{
	xd_switch_quiesce(ctx);
}

static void
env_changed(void *ctx, struct xd_port *port)
{
	static const uint64_t one = 1;
	struct xd_switch *sw = ctx;

	xd_log(&sw->log, XD_LOG_PORT, XD_LOG_DEBUG, "%s: now %s", port->config.name,
		port->up ? "up" : "down");
	/* What was learned stays until it ages, but may move. */
	for (unsigned i = 0; !port->up && i < sw->state->nb_bridges; i++)
		xd_fdb_release_port(sw->state->bridges[i].fdb, port->index);
	if (write(sw->event_fd, &one, sizeof(one)) < 0)
		return; /* unread as it is, the descriptor says what it has to say */
}

static unsigned
env_nb_workers(void *ctx)
{
	const struct xd_switch *sw = ctx;
	unsigned n = 0;

	for (unsigned w = 0; w < XD_MAX_WORKERS; w++)
		n += sw->state->workers[w] != NULL;
	return n;
}

static void
age(void *ctx)
{
	struct xd_switch *sw = ctx;
	uint32_t now_s = xd_switch_now_s(sw);

	for (unsigned i = 0; i < sw->state->nb_bridges; i++) {
		struct xd_switch_bridge *b = &sw->state->bridges[i];
		/* An address lives at most an eighth longer than it should. */
		uint32_t period_s = RTE_MAX(b->config.ageing_s / 8, 1u);

		if (now_s % period_s == 0)
			xd_fdb_age(b->fdb, now_s);
	}
}

static void *
control_main(void *arg)
{
	struct xd_switch *sw = arg;

	while (!__atomic_load_n(&sw->stop, __ATOMIC_ACQUIRE))
		xd_loop_run_once(sw->loop, -1);
	return NULL;
}

static int
create_qsbr(struct xd_switch *sw)
{
	size_t bytes = rte_rcu_qsbr_get_memsize(XD_MAX_WORKERS);

	sw->qsbr = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN(bytes, RTE_CACHE_LINE_SIZE));
	return sw->qsbr && rte_rcu_qsbr_init(sw->qsbr, XD_MAX_WORKERS) == 0 ? 0 : -ENOMEM;
}

static int
create_empty_state(struct xd_switch *sw)
{
	sw->state = xd_state_create();
	if (!sw->state)
		return -ENOMEM;
	sw->state->config = xd_config_create();
	sw->state->bridges = calloc(1, sizeof(*sw->state->bridges));
	if (!sw->state->config || !sw->state->bridges)
		return -ENOMEM;
	sw->state->plan = xd_plan_build(sw->state, NULL, NULL);
	sw->plan = sw->state->plan;
	return sw->plan ? 0 : -ENOMEM;
}

static int
take_drivers(struct xd_switch *sw, const struct xd_driver *const *drivers, struct xd_error *err)
{
	unsigned n = 0;

	for (; drivers && drivers[n]; n++) {
		if (n == XD_MAX_DRIVERS)
			return xd_fail(err, -ENOSPC, "more than %u drivers", XD_MAX_DRIVERS);
		sw->drivers[n] = drivers[n];
	}
	return 0;
}

struct xd_switch *
xd_switch_create(const struct xd_switch_opts *opts, struct xd_error *err)
{
	static const struct xd_switch_opts defaults;
	struct xd_switch *sw;

	if (!opts)
		opts = &defaults;
	if (!xd_memory_is_up()) {
		xd_fail(err, -EINVAL, "the EAL is not up: call xd_memory_start first");
		return NULL;
	}
	sw = calloc(1, sizeof(*sw));
	if (!sw) {
		xd_fail(err, -ENOMEM, "no memory");
		return NULL;
	}
	xd_log_init(&sw->log, opts->log, opts->log_ctx, opts->log_level);
	if (opts->run_dir)
		sw->run_dir = strdup(opts->run_dir);
	sw->tsc_hz = rte_get_tsc_hz();
	sw->tsc_base = rte_rdtsc();
	sw->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	sw->loop = xd_loop_create();
	if ((opts->run_dir && !sw->run_dir) || sw->event_fd < 0 || !sw->loop ||
		create_qsbr(sw) < 0 || create_empty_state(sw) < 0) {
		xd_fail(err, -ENOMEM, "no memory or file descriptors for a switch");
		goto err_switch;
	}
	if (take_drivers(sw, opts->drivers, err) < 0)
		goto err_switch;
	if (!opts->own_sigbus && xd_bus_error_install() < 0) {
		xd_fail(err, -EINVAL, "cannot install a handler of SIGBUS");
		goto err_switch;
	}
	sw->env = (struct xd_port_env){
		.log = &sw->log,
		.loop = sw->loop,
		.ctx = sw,
		.quiesce = env_quiesce,
		.changed = env_changed,
		.nb_workers = env_nb_workers,
		.run_dir = sw->run_dir,
	};
	sw->ageing = xd_loop_timer(sw->loop, AGEING_PERIOD_MS, AGEING_PERIOD_MS, age, sw);
	if (!sw->ageing || pthread_create(&sw->control, NULL, control_main, sw)) {
		xd_fail(err, -EAGAIN, "no thread for the control loop");
		goto err_switch;
	}
	pthread_setname_np(sw->control, "xd-control");
	sw->control_runs = true;
	return sw;

err_switch:
	xd_switch_destroy(sw);
	return NULL;
}

static void
remove_everything(struct xd_switch *sw)
{
	struct xd_config *empty = xd_config_create();
	struct xd_error err;

	/* Going over to an empty configuration only takes things away, which cannot fail but for
	 * memory; then the process has other worries than a clean end. */
	if (empty && xd_switch_change(sw, empty, NULL, NULL, &err) < 0)
		xd_log(&sw->log, XD_LOG_SWITCH, XD_LOG_ERROR, "not everything was stopped: %s",
			err.text);
	xd_config_destroy(empty);
}

void
xd_switch_destroy(struct xd_switch *sw)
{
	if (!sw)
		return;
	if (sw->control_runs) {
		xd_loop_lock(sw->loop);
		remove_everything(sw);
		xd_loop_timer_cancel(sw->ageing);
		__atomic_store_n(&sw->stop, true, __ATOMIC_RELEASE);
		xd_loop_unlock(sw->loop);
		xd_loop_wake(sw->loop);
		pthread_join(sw->control, NULL);
	}
	xd_state_free(sw->state);
	if (sw->loop)
		xd_loop_destroy(sw->loop);
	if (sw->event_fd >= 0)
		close(sw->event_fd);
	free(sw->qsbr);
	free(sw->run_dir);
	free(sw);
}

const struct xd_driver *
xd_switch_driver(const struct xd_switch *sw, const char *type)
{
	for (unsigned i = 0; sw->drivers[i]; i++) {
		if (!strcmp(sw->drivers[i]->type, type))
			return sw->drivers[i];
	}
	for (unsigned i = 0; xd_builtin_drivers[i]; i++) {
		if (!strcmp(xd_builtin_drivers[i]->type, type))
			return xd_builtin_drivers[i];
	}
	return NULL;
}

/* Once a switch exists, its pages are what they are. */
int
xd_switch_check(struct xd_switch *sw, const struct xd_config *config, struct xd_error *err)
{
	return xd_config_check(config, sw->drivers, err);
}

int
xd_switch_apply(struct xd_switch *sw, const struct xd_config *config, struct xd_error *err)
{
	int ret = xd_switch_check(sw, config, err);

	if (ret < 0)
		return ret;
	xd_loop_lock(sw->loop);
	ret = xd_switch_change(sw, config, NULL, NULL, err);
	xd_loop_unlock(sw->loop);
	return ret;
}

struct xd_worker *
xd_worker_register(struct xd_switch *sw, struct xd_error *err)
{
	struct xd_worker_env env = {&sw->log, &sw->plan, sw->qsbr, sw->tsc_hz, sw->tsc_base};
	struct xd_worker *worker = NULL;
	unsigned index = 0;

	xd_loop_lock(sw->loop);
	while (index < XD_MAX_WORKERS && sw->state->workers[index])
		index++;
	if (index == XD_MAX_WORKERS)
		xd_fail(err, -ENOSPC, "more than %u workers", XD_MAX_WORKERS);
	else
		worker = xd_worker_create(
			sw, &env, index, (unsigned)RTE_MAX(sched_getcpu(), 0), false, err);
	if (worker && xd_switch_change(sw, sw->state->config, worker, NULL, err) < 0) {
		xd_worker_destroy(worker);
		worker = NULL;
	}
	xd_loop_unlock(sw->loop);
	return worker;
}

void
xd_worker_unregister(struct xd_worker *worker)
{
	struct xd_switch *sw = worker->sw;
	struct xd_error err;

	xd_loop_lock(sw->loop);
	if (xd_switch_change(sw, sw->state->config, NULL, worker, &err) < 0)
		xd_log(&sw->log, XD_LOG_WORKER, XD_LOG_ERROR,
			"a worker left without handing on its queues: %s", err.text);
	else
		xd_worker_destroy(worker);
	xd_loop_unlock(sw->loop);
}

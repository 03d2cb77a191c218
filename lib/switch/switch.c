/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a switch: its control thread, quiescence of its workers, ageing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "base/sized.h"
#include "memory/bus_error.h"
#include "memory/memory.h"
#include "port/simple.h"
#include "switch/switch.h"

#define AGEING_PERIOD_MS 1000

uint32_t
xd_switch_now_s(const struct xd_switch *sw)
{
	return (uint32_t)((rte_rdtsc() - sw->tsc_base) / sw->tsc_hz);
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
	xd_switch_look_at_bonds(sw);
	xd_events_port_changed(sw, port);
	if (write(sw->event_fd, &one, sizeof(one)) < 0)
		return; /* unread as it is, the descriptor says what it has to say */
}

static unsigned
env_nb_workers(void *ctx)
{
	const struct xd_switch *sw = ctx;

	return xd_state_workers(sw->next ? sw->next : sw->state);
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
		else
			xd_fdb_fit(b->fdb);
	}
	xd_switch_tell_slow(sw, now_s);
	xd_switch_tell_hooks(sw);
	xd_switch_look_at_loads(sw);
	xd_switch_balance_auto(sw);
}

void
xd_switch_table_wants(void *ctx)
{
	struct xd_switch *sw = ctx;

	__atomic_store_n(&sw->tables_want, true, __ATOMIC_RELEASE);
	xd_loop_wake(sw->loop);
}

static void
fit_tables(struct xd_switch *sw)
{
	xd_loop_lock(sw->loop);
	for (unsigned i = 0; i < sw->state->nb_bridges; i++)
		xd_fdb_fit(sw->state->bridges[i].fdb);
	xd_loop_unlock(sw->loop);
}

static void *
control_main(void *arg)
{
	struct xd_switch *sw = arg;

	while (!__atomic_load_n(&sw->stop, __ATOMIC_ACQUIRE)) {
		xd_loop_run_once(sw->loop, -1);
		if (__atomic_exchange_n(&sw->tables_want, false, __ATOMIC_ACQUIRE))
			fit_tables(sw);
	}
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
	struct xd_config *empty = xd_config_create();

	if (empty)
		sw->state = xd_state_create(sw, empty, NULL);
	xd_config_destroy(empty);
	if (!sw->state)
		return -ENOMEM;
	sw->state->bridges = calloc(1, sizeof(*sw->state->bridges));
	if (!sw->state->bridges)
		return -ENOMEM;
	sw->state->plan = xd_plan_create(sw->state);
	if (!sw->state->plan)
		return -ENOMEM;
	xd_plan_fill(sw->state->plan, sw->state, NULL, NULL);
	sw->plan = sw->state->plan;
	return 0;
}

/* What the first versions of these had. */
#define DRIVER_LEAST (offsetof(struct xd_driver, xstats) + sizeof(void *))
#define OPTS_LEAST   (offsetof(struct xd_switch_opts, log_level) + sizeof(enum xd_log_level))

/* What the switch calls without asking. */
static int
check_driver(const struct xd_driver *d, unsigned n, struct xd_error *err)
{
	if (!d->type || !d->type[0] || strlen(d->type) >= XD_TYPE_MAX)
		return xd_fail(err, -EINVAL, "driver %u: its type needs 1 to %d characters", n,
			XD_TYPE_MAX - 1);
	if (!d->create || !d->destroy)
		return xd_fail(err, -EINVAL,
			"driver %s: needs create and destroy, or port_bytes: at least %zu", d->type,
			sizeof(struct xd_port));
	if (!d->start || !d->stop)
		return xd_fail(err, -EINVAL, "driver %s: needs both of start and stop, or neither",
			d->type);
	if (!d->rx || !d->tx)
		return xd_fail(err, -EINVAL, "driver %s: needs rx and tx", d->type);
	if (!d->can_set != !d->set)
		return xd_fail(err, -EINVAL, "driver %s: needs both of can_set and set, or neither",
			d->type);
	if (!d->fd != !d->arm || !d->fd != !d->disarm)
		return xd_fail(err, -EINVAL, "driver %s: needs all of fd, arm and disarm, or none",
			d->type);
	if (!d->members != !d->bond || !d->members != !d->announce || !d->members != !d->links ||
		!d->members != !d->activate || !d->members != !d->slow)
		return xd_fail(err, -EINVAL,
			"driver %s: needs all of members, bond, links, activate, slow and "
			"announce, or none",
			d->type);
	return 0;
}

static int
take_drivers(struct xd_switch *sw, const struct xd_driver *const *drivers, struct xd_error *err)
{
	for (unsigned n = 0; drivers && drivers[n]; n++) {
		struct xd_driver *whole = &sw->own_drivers[n];

		if (n == XD_MAX_DRIVERS)
			return xd_fail(err, -ENOSPC, "more than %u drivers", XD_MAX_DRIVERS);
		if (xd_sized_take(
			    whole, sizeof(*whole), drivers[n], DRIVER_LEAST, "a driver", err) < 0)
			return -EINVAL;
		xd_driver_complete(whole);
		if (check_driver(whole, n, err) < 0)
			return -EINVAL;
		for (unsigned k = 0; k < n; k++) {
			if (!strcmp(drivers[k]->type, drivers[n]->type))
				return xd_fail(err, -EINVAL, "two drivers have the type %s",
					drivers[n]->type);
		}
		sw->drivers[n] = whole;
	}
	return 0;
}

struct xd_switch *
xd_switch_create(const struct xd_switch_opts *opts, struct xd_error *err)
{
	struct xd_switch_opts whole = {0};
	struct xd_switch *sw;

	if (opts &&
		xd_sized_take(&whole, sizeof(whole), opts, OPTS_LEAST, "switch options", err) < 0)
		return NULL;
	opts = &whole;
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
	sw->guard = xd_guard_create(XD_MAX_WORKERS);
	sw->reapers = xd_reaper_pool_create();
	sw->paths = sw->loop ? xd_path_watches_create(sw->loop) : NULL;
	sw->balance.queues = calloc(XD_MAX_PORTS * XD_PORT_QUEUES, sizeof(*sw->balance.queues));
	if (!sw->balance.queues || (opts->run_dir && !sw->run_dir) || sw->event_fd < 0 ||
		!sw->loop || !sw->guard || !sw->reapers || !sw->paths || create_qsbr(sw) < 0 ||
		create_empty_state(sw) < 0) {
		xd_fail(err, -ENOMEM, "no memory, thread or file descriptors for a switch");
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
		.guard = sw->guard,
		.reapers = sw->reapers,
		.paths = sw->paths,
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

/* Going over to an empty configuration only takes things away, which cannot fail but for memory. */
static int
remove_everything(struct xd_switch *sw)
{
	struct xd_config *empty = xd_config_create();
	struct xd_error err = {.text = "no memory"};
	int ret = empty ? xd_switch_change(sw, empty, NULL, NULL, &err) : -ENOMEM;

	if (ret < 0)
		xd_log(&sw->log, XD_LOG_SWITCH, XD_LOG_ERROR,
			"the switch cannot be stopped, and goes on: %s", err.text);
	xd_config_destroy(empty);
	return ret;
}

void
xd_switch_free(struct xd_switch *sw)
{
	xd_state_free(sw->state);
	xd_hooks_free(sw);
	xd_path_watches_destroy(sw->paths);
	if (sw->loop)
		xd_loop_destroy(sw->loop);
	if (sw->event_fd >= 0)
		close(sw->event_fd);
	xd_guard_destroy(sw->guard);
	xd_reaper_pool_destroy(sw->reapers);
	free(sw->balance.queues);
	free(sw->qsbr);
	free(sw->run_dir);
	free(sw);
}

static void
end_control(struct xd_switch *sw)
{
	xd_loop_timer_cancel(sw->ageing);
	__atomic_store_n(&sw->stop, true, __ATOMIC_RELEASE);
	xd_loop_unlock(sw->loop);
	xd_loop_wake(sw->loop);
	pthread_join(sw->control, NULL);
	xd_loop_lock(sw->loop);
}

void
xd_switch_destroy(struct xd_switch *sw)
{
	bool held;

	if (!sw)
		return;
	if (!sw->control_runs) {
		xd_switch_free(sw);
		return;
	}
	xd_loop_lock(sw->loop);
	/* Freed nonetheless, it would be used by its workers. */
	if (remove_everything(sw) < 0) {
		xd_loop_unlock(sw->loop);
		return;
	}
	end_control(sw);
	/* Threads of the application's may be polling what is now empty: the last to unregister
	 * frees it. */
	sw->destroyed = true;
	held = sw->nb_app > 0;
	xd_loop_unlock(sw->loop);
	if (!held)
		xd_switch_free(sw);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changes the configuration, wholly or not at all.
 *
 * Everything that can fail comes first and touches nothing that carries frames: new workers, tables
 * and ports are made, memory for the plans is taken, new ports are started. Only then, and only if
 * all of that went well, ports that hold what a new port needs (a socket path, a device) are
 * stopped, and the new port is started; should it not start, the old one is started again. What
 * cannot fail comes last: commit.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "switch/change.h"

static int
no_memory(struct xd_error *err)
{
	return xd_fail(err, -ENOMEM, "no memory for the new configuration; nothing was changed");
}

/* ---- Making the next state ---- */

static struct xd_worker *
worker_on(const struct xd_state *state, unsigned core)
{
	for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
		if (state->workers[w] && state->workers[w]->own && state->workers[w]->core == core)
			return state->workers[w];
	}
	return NULL;
}

static int
make_workers(struct xd_change *t, struct xd_worker *app_add, const struct xd_worker *app_del,
	struct xd_error *err)
{
	struct xd_switch *sw = t->sw;
	struct xd_worker_env env = {&sw->log, &sw->plan, sw->qsbr, sw->tsc_hz, sw->tsc_base};
	const struct xd_config *config = t->next->config;

	for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
		struct xd_worker *worker = t->now->workers[w];

		if (worker && !worker->own && worker != app_del)
			t->next->workers[w] = worker;
	}
	if (app_add)
		t->next->workers[app_add->index] = app_add;
	for (unsigned i = 0; i < config->nb_cores; i++) {
		struct xd_worker *worker = worker_on(t->now, config->cores[i]);
		unsigned w = 0;

		if (worker) {
			t->next->workers[worker->index] = worker;
			continue;
		}
		while (w < XD_MAX_WORKERS && (t->now->workers[w] || t->next->workers[w]))
			w++;
		if (w == XD_MAX_WORKERS)
			return xd_fail_key(err, -ENOSPC, "workers.cores", "more than %u workers",
				XD_MAX_WORKERS);
		worker = xd_worker_create(sw, &env, w, config->cores[i], true, err);
		if (!worker)
			return err->code;
		t->next->workers[w] = worker;
		t->next->fresh_worker[w] = true;
	}
	return 0;
}

static int
make_bridges(struct xd_change *t, struct xd_error *err)
{
	const struct xd_config *config = t->next->config;

	t->next->bridges = calloc(xd_config_nb_bridges(config) + 1, sizeof(*t->next->bridges));
	if (!t->next->bridges)
		return no_memory(err);
	for (unsigned i = 0; i < xd_config_nb_bridges(config); i++) {
		struct xd_switch_bridge *b = &t->next->bridges[i];
		const struct xd_switch_bridge *old =
			xd_state_bridge(t->now, xd_config_bridges(config)[i].name);

		b->config = xd_config_bridges(config)[i];
		b->fresh = !old ||
			   (xd_noun_cost(&xd_bridge_noun, &old->config, &b->config) & XD_COST_NEW);
		b->fdb = b->fresh ? xd_fdb_create(
					    &(struct xd_fdb_opts){.mac_limit = b->config.mac_limit,
						    .ageing_s = b->config.ageing_s,
						    .node = XD_NODE_ANY,
						    .wanted = xd_switch_table_wants,
						    .ctx = t->sw},
					    err)
				  : old->fdb;
		if (!b->fdb)
			return err->code;
		t->next->nb_bridges = i + 1;
	}
	return 0;
}

static int
reserve_plans(struct xd_change *t, struct xd_error *err)
{
	bool conflicts = memchr(t->conflicts, true, sizeof(t->conflicts));

	if (conflicts)
		t->before = xd_plan_create(t->now);
	t->between = xd_plan_create(t->next);
	t->next->plan = xd_plan_create(t->next);
	return (t->before || !conflicts) && t->between && t->next->plan ? 0 : no_memory(err);
}

static int
make_next(struct xd_change *t, struct xd_worker *app_add, const struct xd_worker *app_del,
	struct xd_error *err)
{
	int ret = make_workers(t, app_add, app_del, err);

	t->more_workers = xd_state_workers(t->next) != xd_state_workers(t->now);
	if (ret == 0)
		ret = make_bridges(t, err);
	if (ret == 0 && xd_state_make_mirrors(t->next, t->now) < 0)
		ret = no_memory(err);
	if (ret == 0)
		ret = xd_change_ports(t, err);
	if (ret == 0)
		ret = reserve_plans(t, err);
	if (ret == 0)
		ret = xd_hooks_attach(t, err);
	return ret;
}

/* ---- Starting its ports ---- */

static int
start_ports(struct xd_change *t, bool wait, struct xd_error *err)
{
	int ret = 0;

	for (unsigned i = 0; ret == 0 && i < XD_MAX_PORTS; i++) {
		if (t->next->fresh_port[i] && t->waits[i] == wait)
			ret = xd_change_start(t, i, err);
	}
	return ret;
}

static bool
without_conflicts(const void *ctx, const struct xd_port *port, uint16_t queue)
{
	(void)queue;
	return ((const struct xd_change *)ctx)->conflicts[port->index];
}

/* Members of bonds among them: others carry frames from here on, until the change is done. */
static void
take_down_members(struct xd_change *t)
{
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		struct xd_port *port = t->now->ports[i];

		if (t->conflicts[i] && !strcmp(port->config.bridge, "none"))
			__atomic_store_n(&port->up, false, __ATOMIC_RELEASE);
	}
	xd_switch_look_at_bonds(t->sw);
}

static void
stop_conflicts(struct xd_change *t)
{
	if (!t->before)
		return;
	take_down_members(t);
	xd_plan_fill(t->before, t->now, without_conflicts, t);
	xd_switch_publish(t->sw, t->now, t->before);
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		if (!t->conflicts[i])
			continue;
		t->now->ports[i]->driver->stop(t->now->ports[i]);
		t->stopped[i] = true;
	}
}

/* ---- When something failed ---- */

/* What was made for next; workers have seen nothing of it. */
static void
destroy_next(struct xd_change *t)
{
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		struct xd_port *port = t->next->ports[i];

		if (t->started[i])
			port->driver->stop(port);
		if (t->next->fresh_port[i])
			xd_port_destroy(port);
	}
	for (unsigned i = 0; i < t->next->nb_bridges; i++) {
		if (t->next->bridges[i].fresh)
			xd_fdb_destroy(t->next->bridges[i].fdb);
	}
	xd_state_undo_mirrors(t->next);
	for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
		if (t->next->fresh_worker[w])
			xd_worker_destroy(t->next->workers[w]);
	}
	xd_state_free(t->next);
}

static void
undo(struct xd_change *t)
{
	bool any = false;

	t->sw->next = NULL;
	xd_hooks_undo(t);
	destroy_next(t);
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		struct xd_port *port = t->now->ports[i];
		struct xd_error err = {.text = "its driver gives no reason"};

		if (!t->stopped[i])
			continue;
		any = true;
		if (port->driver->start(port, &err) < 0)
			xd_log(&t->sw->log, XD_LOG_PORT, XD_LOG_ERROR,
				"%s: cannot be taken up again: %s", port->config.name, err.text);
	}
	if (!any)
		return;
	xd_switch_publish(t->sw, t->now, t->now->plan);
	xd_switch_look_at_bonds(t->sw);
}

/* ---- All of it ---- */

static struct xd_change *
begin(struct xd_switch *sw, const struct xd_config *config)
{
	struct xd_change *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->sw = sw;
	t->now = sw->state;
	t->next = xd_state_create(sw, config, t->now->claims);
	if (!t->next) {
		free(t);
		return NULL;
	}
	sw->next = t->next;
	return t;
}

static int
prepare(struct xd_change *t, struct xd_worker *app_add, const struct xd_worker *app_del,
	struct xd_error *err)
{
	int ret = make_next(t, app_add, app_del, err);

	if (ret == 0)
		ret = start_ports(t, false, err);
	if (ret < 0)
		return ret;
	stop_conflicts(t);
	return start_ports(t, true, err);
}

/* What is well formed and does less than it seems to say. */
static void
warn(const struct xd_switch *sw)
{
	const struct xd_state *state = sw->state;

	if (xd_config_nb_ports(state->config) && !xd_state_workers(state))
		xd_log(&sw->log, XD_LOG_SWITCH, XD_LOG_WARN,
			"there are ports and no workers: no frame passes until workers.cores names "
			"a core, or a thread calls xd_worker_register");
}

int
xd_switch_change(struct xd_switch *sw, const struct xd_config *config, struct xd_worker *app_add,
	struct xd_worker *app_del, struct xd_error *err)
{
	struct xd_change *t = begin(sw, config);
	struct xd_error own = {0};
	int ret = t ? prepare(t, app_add, app_del, &own) : no_memory(&own);

	if (ret < 0 && err)
		*err = own;
	if (!t)
		return ret;
	if (ret == 0)
		xd_change_commit(t);
	else
		undo(t);
	xd_plan_free(t->before);
	xd_plan_free(t->between);
	free(t);
	return ret;
}

/* Once a switch exists, its pages are what they are. */
static int
check_locked(struct xd_switch *sw, const struct xd_config *config, struct xd_error *err)
{
	int ret = xd_config_check_next(config, sw->state->claims, sw->drivers, err);

	return ret ? ret : xd_hooks_check(sw, config, err);
}

static int
check_arguments(const struct xd_switch *sw, const struct xd_config *config, struct xd_error *err)
{
	if (!sw || !config)
		return xd_fail(err, -EINVAL, "there is no %s", sw ? "configuration" : "switch");
	return 0;
}

int
xd_switch_check(struct xd_switch *sw, const struct xd_config *config, struct xd_error *err)
{
	int ret = check_arguments(sw, config, err);

	if (ret < 0)
		return ret;
	xd_loop_lock(sw->loop);
	ret = check_locked(sw, config, err);
	xd_loop_unlock(sw->loop);
	return ret;
}

int
xd_switch_apply(struct xd_switch *sw, const struct xd_config *config, struct xd_error *err)
{
	int ret = check_arguments(sw, config, err);

	if (ret < 0)
		return ret;
	xd_loop_lock(sw->loop);
	ret = check_locked(sw, config, err);
	if (ret == 0)
		ret = xd_switch_change(sw, config, NULL, NULL, err);
	if (ret == 0)
		warn(sw);
	xd_loop_unlock(sw->loop);
	return ret;
}

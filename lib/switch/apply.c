/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From one configuration to the next, wholly or not at all.
 *
 * Everything that can fail comes first and touches nothing that carries frames: new workers,
 * tables and ports are made, ports that stay take over their settings, new ports are started. The
 * one exception are ports that hold what a new port needs (a socket path, a device): they are
 * stopped before it starts, and started again if it cannot. Then comes what cannot fail: commit.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
			return err ? err->code : -ENOMEM;
		t->next->workers[w] = worker;
		t->next->fresh_worker[w] = true;
	}
	return 0;
}

static int
make_bridges(struct xd_change *t, struct xd_error *err)
{
	const struct xd_config *config = t->next->config;

	t->next->bridges = calloc(config->nb_bridges + 1, sizeof(*t->next->bridges));
	if (!t->next->bridges)
		return no_memory(err);
	for (unsigned i = 0; i < config->nb_bridges; i++) {
		struct xd_switch_bridge *b = &t->next->bridges[i];
		const struct xd_switch_bridge *old =
			xd_state_bridge(t->now, config->bridges[i].name);

		b->config = config->bridges[i];
		b->fresh = !old || old->config.mac_limit != b->config.mac_limit;
		b->fdb = b->fresh ? xd_fdb_create(
					    &(struct xd_fdb_opts){.mac_limit = b->config.mac_limit,
						    .ageing_s = b->config.ageing_s,
						    .node = XD_NODE_ANY},
					    err)
				  : old->fdb;
		if (!b->fdb)
			return err ? err->code : -ENOMEM;
		t->next->nb_bridges = i + 1;
	}
	return 0;
}

/* Whether the device behind the port stays as it is: 1 yes, 0 a new one is needed. */
static int
keep_port(struct xd_change *t, struct xd_port *port, const struct xd_port_config *config,
	struct xd_error *err)
{
	struct xd_port_config same = *config;
	int ret;

	if (strcmp(port->config.type, config->type))
		return 0;
	/* What of a bridge's is said of a port is the plan's business, not the device's. */
	memcpy(same.bridge, port->config.bridge, sizeof(same.bridge));
	same.vlan = port->config.vlan;
	same.has_vlans = port->config.has_vlans;
	memcpy(same.vlans, port->config.vlans, sizeof(same.vlans));
	same.nb_macs = port->config.nb_macs;
	memcpy(same.macs, port->config.macs, sizeof(same.macs));
	same.mac_limit = port->config.mac_limit;
	same.full = port->config.full;
	same.wait_us = port->config.wait_us;
	if (xd_port_config_equal(&same, &port->config))
		return 1;
	ret = port->driver->set ? port->driver->set(port, config, err) : -ENOTSUP;
	if (ret == -ENOTSUP)
		return 0;
	if (ret < 0)
		return ret;
	t->was_set[port->index] = true;
	return 1;
}

static int
make_port(struct xd_change *t, const struct xd_port_config *config, struct xd_error *err)
{
	const struct xd_driver *driver = xd_switch_driver(t->sw, config->type);
	struct xd_port *port = xd_state_port(t->now, config->name);
	int ret = port ? keep_port(t, port, config, err) : 0;
	uint16_t index = 0;

	if (ret < 0)
		return ret;
	if (ret > 0) {
		t->next->ports[port->index] = port;
		return 0;
	}
	while (index < XD_MAX_PORTS && (t->now->ports[index] || t->next->ports[index]))
		index++;
	if (index == XD_MAX_PORTS)
		return xd_fail(err, -ENOSPC, "more than %u ports", XD_MAX_PORTS);
	port = driver->create(&t->sw->env, config, err);
	if (!port)
		return err ? err->code : -ENOMEM;
	port->index = index;
	t->next->ports[index] = port;
	t->next->fresh_port[index] = true;
	return 0;
}

static bool
claims_same(const struct xd_port_config *a, const struct xd_port_config *b)
{
	return (a->path[0] && !strcmp(a->path, b->path)) ||
	       (a->devargs[0] && !strcmp(a->devargs, b->devargs));
}

static void
find_conflicts(struct xd_change *t)
{
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		const struct xd_port *old = t->now->ports[i];

		for (unsigned j = 0; old && old != t->next->ports[i] && j < XD_MAX_PORTS; j++) {
			if (t->next->fresh_port[j] &&
				claims_same(&old->config, &t->next->ports[j]->config))
				t->conflicts[i] = true;
		}
	}
}

static bool
without_conflicts(const void *ctx, const struct xd_port *port, uint16_t queue)
{
	(void)queue;
	return ((const struct xd_change *)ctx)->conflicts[port->index];
}

/* A queue must have left its old worker before another one takes it up. */
static bool
without_moving(const void *ctx, const struct xd_port *port, uint16_t queue)
{
	const struct xd_change *t = ctx;
	unsigned i = port->index;

	return queue != UINT16_MAX && t->now->ports[i] == port &&
	       t->now->owner[i][queue] != XD_OWNER_NONE &&
	       t->now->owner[i][queue] != t->next->owner[i][queue];
}

static int
make_next(struct xd_change *t, struct xd_worker *app_add, const struct xd_worker *app_del,
	struct xd_error *err)
{
	const struct xd_config *config = t->next->config;
	int ret = make_workers(t, app_add, app_del, err);

	if (ret == 0)
		ret = make_bridges(t, err);
	for (unsigned i = 0; ret == 0 && i < config->nb_ports; i++)
		ret = make_port(t, &config->ports[i], err);
	if (ret < 0)
		return ret;
	find_conflicts(t);
	t->before = xd_plan_build(t->now, without_conflicts, t);
	return t->before ? 0 : no_memory(err);
}

/* Once ports are started: only then is it known how many queues a device has. */
static int
make_plans(struct xd_change *t, struct xd_error *err)
{
	xd_state_assign(t->next, t->now);
	t->next->plan = xd_plan_build(t->next, NULL, NULL);
	t->between = xd_plan_build(t->next, without_moving, t);
	return t->next->plan && t->between ? 0 : no_memory(err);
}

/* ---- Going over ---- */

static int
start_ports(struct xd_change *t, struct xd_error *err)
{
	bool any = false;

	for (unsigned i = 0; i < XD_MAX_PORTS; i++)
		any |= t->conflicts[i];
	if (any)
		xd_switch_publish(t->sw, t->now, t->before);
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		if (!t->conflicts[i])
			continue;
		t->now->ports[i]->driver->stop(t->now->ports[i]);
		t->stopped[i] = true;
	}
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		struct xd_port *port = t->next->ports[i];
		int ret;

		if (!t->next->fresh_port[i])
			continue;
		ret = port->driver->start(port, err);
		if (ret < 0)
			return ret;
		t->started[i] = true;
	}
	return 0;
}

/* Nothing of next was seen by workers: take it all back. */
static void
undo(struct xd_change *t)
{
	bool any = false;

	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		struct xd_port *port = t->next->ports[i];

		if (t->started[i])
			port->driver->stop(port);
		if (t->next->fresh_port[i])
			port->driver->destroy(port);
		if (t->was_set[i])
			t->now->ports[i]->driver->set(
				t->now->ports[i], &t->now->ports[i]->config, NULL);
	}
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		struct xd_error err;

		if (!t->stopped[i])
			continue;
		any = true;
		if (t->now->ports[i]->driver->start(t->now->ports[i], &err) < 0)
			xd_log(&t->sw->log, XD_LOG_PORT, XD_LOG_ERROR,
				"%s: cannot be taken up again: %s", t->now->ports[i]->config.name,
				err.text);
	}
	if (any)
		xd_switch_publish(t->sw, t->now, t->now->plan);
	for (unsigned i = 0; i < t->next->nb_bridges; i++) {
		if (t->next->bridges[i].fresh)
			xd_fdb_destroy(t->next->bridges[i].fdb);
	}
	for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
		if (t->next->fresh_worker[w])
			xd_worker_destroy(t->next->workers[w]);
	}
	xd_state_free(t->next);
}

int
xd_switch_change(struct xd_switch *sw, const struct xd_config *config, struct xd_worker *app_add,
	struct xd_worker *app_del, struct xd_error *err)
{
	struct xd_error own_err = {0};
	struct xd_change *t = calloc(1, sizeof(*t));
	int ret;

	if (!err)
		err = &own_err;
	if (!t)
		return no_memory(err);
	t->sw = sw;
	t->now = sw->state;
	t->next = xd_state_create();
	if (t->next)
		t->next->config = xd_config_copy(config);
	if (!t->next || !t->next->config) {
		xd_state_free(t->next);
		free(t);
		return no_memory(err);
	}
	ret = make_next(t, app_add, app_del, err);
	if (ret == 0)
		ret = start_ports(t, err);
	if (ret == 0)
		ret = make_plans(t, err);
	if (ret == 0)
		xd_change_commit(t);
	else
		undo(t);
	xd_plan_free(t->before);
	xd_plan_free(t->between);
	free(t);
	return ret;
}

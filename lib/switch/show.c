/* SPDX-License-Identifier: BSD-3-Clause */
/* Snapshots for people and programs. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_version.h>

#include "commit.h"
#include "port/describe.h"
#include "switch/switch.h"

const char *
xd_version(void)
{
	return strcmp(XD_COMMIT, XD_VERSION) ? XD_VERSION "+" XD_COMMIT : XD_VERSION;
}

uint64_t
xd_switch_tsc_hz(struct xd_switch *sw)
{
	return sw ? sw->tsc_hz : 0;
}

int
xd_switch_event_fd(struct xd_switch *sw)
{
	return sw ? sw->event_fd : -EINVAL;
}

const struct xd_log *
xd_switch_log(struct xd_switch *sw)
{
	return sw ? &sw->log : NULL;
}

int
xd_switch_log_level(struct xd_switch *sw, enum xd_log_component component, enum xd_log_level level)
{
	if (!sw || component >= XD_LOG_COMPONENTS || level >= XD_LOG_LEVELS)
		return -EINVAL;
	__atomic_store_n(&sw->log.level[component], (uint8_t)level, __ATOMIC_RELAXED);
	return 0;
}

struct xd_config *
xd_switch_config(struct xd_switch *sw)
{
	struct xd_config *copy;

	if (!sw)
		return NULL;
	xd_loop_lock(sw->loop);
	copy = xd_config_copy(sw->state->config);
	xd_loop_unlock(sw->loop);
	if (copy && !copy->drivers && sw->drivers[0])
		copy->drivers = sw->drivers;
	return copy;
}

static void
fill_drops(const struct xd_port *port, struct xd_port_info *info)
{
	for (unsigned q = 0; q < XD_PORT_QUEUES; q++) {
		for (unsigned r = 0; r < XD_DROP_REASONS; r++) {
			uint64_t n = __atomic_load_n(&port->drops[q].n[r], __ATOMIC_RELAXED);

			info->drops[q].n[r] += n;
			/* A queue that the port should not have: then it is all the more to be
			 * seen. */
			if (n && q >= info->nb_queues)
				info->nb_queues = (uint16_t)(q + 1);
		}
	}
}

/* What came and went by a bond are its members' frames. */
static void
add_members(const struct xd_switch *sw, const struct xd_port *port, struct xd_port_info *info)
{
	const struct xd_port *member;

	for (unsigned i = 0; (member = xd_state_member(sw->state, port, i)); i++) {
		xd_counters_sum(&info->counters, member->counters, sw->nb_slots);
		fill_drops(member, info);
	}
}

static void
fill_port(struct xd_switch *sw, const struct xd_port *port, struct xd_port_info *info)
{
	memset(info, 0, sizeof(*info));
	info->config = port->config;
	info->index = port->index;
	info->up = port->up;
	for (unsigned b = 0; b < sw->state->nb_bridges; b++) {
		const struct xd_fdb *fdb = sw->state->bridges[b].fdb;

		info->nb_macs += xd_fdb_count_port(fdb, port->index);
		info->not_learned += xd_fdb_not_learned_port(fdb, port->index);
		info->damped += xd_fdb_damped_port(fdb, port->index);
	}
	xd_counters_sum(&info->counters, port->counters, sw->nb_slots);
	if (port->rmon)
		xd_rmon_sum(&info->rmon, port->rmon, sw->nb_slots);
	info->traffic = xd_switch_node_traffic(&port->node_bytes, port->node);
	info->nb_queues = port->config.queues;
	fill_drops(port, info);
	add_members(sw, port, info);
}

unsigned
xd_switch_ports(struct xd_switch *sw, struct xd_port_info *info, unsigned max)
{
	unsigned n = 0;

	if (!sw)
		return 0;
	xd_loop_lock(sw->loop);
	/* In the order of the configuration, which is the one people know. */
	for (unsigned i = 0; i < xd_config_nb_ports(sw->state->config); i++) {
		const struct xd_port *port =
			xd_state_port(sw->state, xd_config_ports(sw->state->config)[i].name);

		if (info && n < max)
			fill_port(sw, port, &info[n]);
		n++;
	}
	xd_loop_unlock(sw->loop);
	return n;
}

int
xd_switch_port(struct xd_switch *sw, const char *name, struct xd_port_info *info)
{
	const struct xd_port *port;

	if (!sw || !name || !info)
		return -EINVAL;
	xd_loop_lock(sw->loop);
	port = xd_state_port(sw->state, name);
	if (port)
		fill_port(sw, port, info);
	xd_loop_unlock(sw->loop);
	return port ? 0 : -ENOENT;
}

unsigned
xd_switch_bridges(struct xd_switch *sw, struct xd_bridge_info *info, unsigned max)
{
	unsigned n;

	if (!sw)
		return 0;
	xd_loop_lock(sw->loop);
	n = sw->state->nb_bridges;
	for (unsigned i = 0; info && i < n && i < max; i++) {
		const struct xd_switch_bridge *b = &sw->state->bridges[i];

		info[i] = (struct xd_bridge_info){
			.config = b->config,
			.nb_macs = xd_fdb_count(b->fdb),
			.nb_ports = sw->state->plan->bridges[i].nb_members,
			.nb_static = xd_fdb_count_static(b->fdb),
			.fdb_bytes = xd_fdb_bytes(b->fdb),
			.moves = xd_fdb_moves(b->fdb),
			.not_learned = xd_fdb_not_learned(b->fdb),
			.damped = xd_fdb_damped(b->fdb),
		};
	}
	xd_loop_unlock(sw->loop);
	return n;
}

static const char *
plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* What the port took too much of workers' time for, and whether it rests now: stats/budget.h. */
static void
describe_budget(const struct xd_switch *sw, const struct xd_port *port, struct xd_teller *t)
{
	const uint64_t now = rte_rdtsc(), us = RTE_MAX(sw->tsc_hz / 1000000, 1ull);
	struct xd_budget sum = {0};
	char key[32];

	for (unsigned w = 0; w < sw->nb_slots; w++)
		xd_budget_add(&sum, &port->budgets[w]);
	for (unsigned call = 0; call < XD_BUDGET_CALLS; call++) {
		if (sum.nb_slow[call] == 0)
			continue;
		snprintf(key, sizeof(key), "slow_%s", xd_budget_call_name(call));
		xd_tell(t, key, "%" PRIu64 " time%s, %" PRIu64 " us at most", sum.nb_slow[call],
			plural(sum.nb_slow[call]), sum.longest[call] / us);
	}
	if (sum.nb_rests)
		xd_tell(t, "rests", "%" PRIu64 " time%s", sum.nb_rests, plural(sum.nb_rests));
	if (sum.until_tsc > now)
		xd_tell(t, "resting", "takes too long: gets no frames for %" PRIu64 " ms more",
			(sum.until_tsc - now) / us / 1000);
}

int
xd_switch_describe_port(struct xd_switch *sw, const char *name,
	void (*fn)(void *ctx, const char *key, const char *value), void *ctx)
{
	struct xd_port *port;

	if (!sw || !name || !fn)
		return -EINVAL;
	xd_loop_lock(sw->loop);
	port = xd_state_port(sw->state, name);
	if (port) {
		if (port->driver->describe)
			port->driver->describe(port, fn, ctx);
		describe_budget(sw, port, &(struct xd_teller){fn, ctx});
	}
	xd_loop_unlock(sw->loop);
	return port ? 0 : -ENOENT;
}

int
xd_switch_port_xstats(struct xd_switch *sw, const char *name,
	void (*fn)(void *ctx, const char *name, uint64_t value), void *ctx)
{
	struct xd_port *port;

	if (!sw || !name || !fn)
		return -EINVAL;
	xd_loop_lock(sw->loop);
	port = xd_state_port(sw->state, name);
	if (port && port->driver->xstats)
		port->driver->xstats(port, fn, ctx);
	xd_loop_unlock(sw->loop);
	return port ? 0 : -ENOENT;
}

int
xd_switch_with_port(struct xd_switch *sw, const char *port,
	int (*fn)(struct xd_port *port, void *ctx), void *ctx)
{
	struct xd_port *p;
	int ret = -ENOENT;

	if (!sw || !port || !fn)
		return -EINVAL;
	xd_loop_lock(sw->loop);
	p = xd_state_port(sw->state, port);
	if (p)
		ret = fn(p, ctx);
	xd_loop_unlock(sw->loop);
	return ret;
}

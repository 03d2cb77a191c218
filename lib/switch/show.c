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
#include "memory/memory.h"
#include "memory/nodes.h"
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

static struct xd_node_traffic
node_traffic(const struct xd_node_bytes *b, int node)
{
	return (struct xd_node_traffic){node, b->bytes, b->crossed, b->crossed_ppm};
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
	info->traffic = node_traffic(&port->node_bytes, port->node);
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
			.fdb_bytes = xd_fdb_bytes(b->fdb),
			.moves = xd_fdb_moves(b->fdb),
			.not_learned = xd_fdb_not_learned(b->fdb),
			.damped = xd_fdb_damped(b->fdb),
		};
	}
	xd_loop_unlock(sw->loop);
	return n;
}

/* The n-th worker in use, or NULL. */
static struct xd_worker *
nth_worker(const struct xd_switch *sw, unsigned n)
{
	for (unsigned w = 0; w < XD_MAX_WORKERS; w++) {
		if (sw->state->workers[w] && n-- == 0)
			return sw->state->workers[w];
	}
	return NULL;
}

/* With the sleep that it is in. */
static uint64_t
sleep_cycles(const struct xd_worker *w)
{
	uint64_t sum = __atomic_load_n(&w->sleep_cycles, __ATOMIC_RELAXED);
	uint64_t since = __atomic_load_n(&w->sleep_tsc, __ATOMIC_RELAXED), now = rte_rdtsc();

	return since && now > since ? sum + now - since : sum;
}

/* Whether queues are pinned to it, and it gets no others for that. */
static bool
is_isolated(const struct xd_switch *sw, const struct xd_worker *w)
{
	const struct xd_plan_worker *plan = &sw->plan->workers[w->index];

	for (unsigned i = 0; i < plan->nb_queues; i++) {
		if (xd_state_pinned(sw->state, plan->queues[i].port->index,
			    plan->queues[i].queue) == w->index)
			return sw->state->config->isolate == XD_ISOLATE_PINNED;
	}
	return false;
}

unsigned
xd_switch_workers(struct xd_switch *sw, struct xd_worker_info *info, unsigned max)
{
	struct xd_worker *w;
	unsigned n = 0;

	if (!sw)
		return 0;
	xd_loop_lock(sw->loop);
	for (; (w = nth_worker(sw, n)) != NULL; n++) {
		if (!info || n >= max)
			continue;
		info[n] = (struct xd_worker_info){
			.core = w->core,
			.node = w->node,
			.own = w->own,
			.sleeping = __atomic_load_n(&w->sleep_tsc, __ATOMIC_RELAXED) != 0,
			.isolated = is_isolated(sw, w),
			.nb_queues = sw->plan->workers[w->index].nb_queues,
			.load_ppm = w->load_ppm,
			.traffic = node_traffic(&w->node_bytes, w->node),
			.busy_cycles = __atomic_load_n(&w->busy_cycles, __ATOMIC_RELAXED),
			.idle_cycles = __atomic_load_n(&w->idle_cycles, __ATOMIC_RELAXED),
			.frames = __atomic_load_n(&w->frames, __ATOMIC_RELAXED),
			.turns = __atomic_load_n(&w->turns, __ATOMIC_RELAXED),
			.rounds = __atomic_load_n(&w->rounds, __ATOMIC_RELAXED),
			.sleeps = __atomic_load_n(&w->sleeps, __ATOMIC_RELAXED),
			.sleep_cycles = sleep_cycles(w),
		};
	}
	xd_loop_unlock(sw->loop);
	return n;
}

static void
fill_queue(const struct xd_switch *sw, const struct xd_worker *w, const struct xd_plan_queue *q,
	struct xd_worker_queue *info)
{
	const struct xd_port *port = q->port->port;
	const struct xd_port_config *config = &port->config;
	uint32_t ppm = port->loads[q->queue].ppm;

	memcpy(info->port, config->name, XD_NAME_MAX);
	info->queue = q->queue;
	info->load_ppm = ppm == XD_LOAD_UNKNOWN ? 0 : ppm;
	info->pinned = xd_state_pinned(sw->state, port->index, q->queue) == w->index;
	info->missing_core =
		q->queue < config->nb_affinity && !info->pinned ? config->affinity[q->queue] : -1;
	info->node = port->node;
	info->far = xd_switch_is_far(port, w);
}

unsigned
xd_switch_worker_queues(
	struct xd_switch *sw, unsigned worker, struct xd_worker_queue *queues, unsigned max)
{
	const struct xd_plan_worker *plan;
	const struct xd_worker *w;
	unsigned n = 0;

	if (!sw)
		return 0;
	xd_loop_lock(sw->loop);
	w = nth_worker(sw, worker);
	plan = w ? &sw->plan->workers[w->index] : NULL;
	for (; plan && n < plan->nb_queues; n++) {
		if (!queues || n >= max)
			continue;
		fill_queue(sw, w, &plan->queues[n], &queues[n]);
	}
	xd_loop_unlock(sw->loop);
	return n;
}

static void
fill_node(const struct xd_switch *sw, unsigned node, struct xd_memory_node *info)
{
	struct xd_node_pages pages[2];

	*info = (struct xd_memory_node){.node = node};
	xd_memory_eal_node(node, &info->eal_bytes, &info->eal_used_bytes);
	info->eal_peak_bytes = RTE_MAX(sw ? sw->node_peak[node] : 0, info->eal_used_bytes);
	info->nb_pages = xd_memory_node_pages(XD_NODE_DIR, node, pages);
	for (unsigned i = 0; i < info->nb_pages; i++)
		info->pages[i] = (struct xd_memory_pages){
			pages[i].page_bytes, pages[i].total, pages[i].free};
}

void
xd_switch_memory(struct xd_switch *sw, struct xd_memory_info *info)
{
	if (!info)
		return;
	*info = (struct xd_memory_info){
		.hugepages = xd_memory_hugepages(),
		.page_bytes = xd_memory_page_bytes(),
		.eal_bytes = xd_memory_eal_bytes(),
		.eal_used_bytes = xd_memory_eal_used_bytes(),
	};
	info->nb_nodes = RTE_MIN(xd_memory_nodes(), (unsigned)XD_MEMORY_NODES);
	for (unsigned node = 0; node < info->nb_nodes; node++)
		fill_node(sw, node, &info->nodes[node]);
	if (!sw)
		return;
	xd_loop_lock(sw->loop);
	xd_switch_look_at_pools(sw);
	info->nb_pools = sw->nb_pools;
	memcpy(info->pools, sw->pools, sizeof(info->pools));
	for (unsigned i = 0; i < sw->state->nb_bridges; i++)
		info->fdb_bytes += xd_fdb_bytes(sw->state->bridges[i].fdb);
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		if (!sw->state->ports[i])
			continue;
		info->pool_bytes += sw->state->ports[i]->pool_bytes;
		info->guest_bytes += sw->state->ports[i]->guest_bytes;
	}
	xd_loop_unlock(sw->loop);
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

/* ---- FDB ---- */

struct fdb_list {
	const struct xd_state *state;
	struct xd_fdb_info *entries;
	int n;
	int max;
};

static bool
list_entry(void *ctx, const struct xd_fdb_record *record)
{
	struct fdb_list *list = ctx;
	const struct xd_port *port = list->state->ports[record->port];
	struct xd_fdb_info *entry;

	if (!port)
		return true;
	/* Addresses learned since the count was taken are left for the next look. */
	if (list->n == list->max)
		return false;
	entry = &list->entries[list->n++];
	memcpy(entry->mac, record->mac, sizeof(entry->mac));
	entry->vlan = record->vlan;
	entry->age_s = record->age_s;
	memcpy(entry->port, port->config.name, XD_NAME_MAX);
	return true;
}

int
xd_switch_fdb(struct xd_switch *sw, const char *bridge, struct xd_fdb_info **entries,
	struct xd_error *err)
{
	const struct xd_switch_bridge *b;
	struct fdb_list list = {0};
	int ret;

	if (!sw || !bridge || !entries)
		return xd_fail(err, -EINVAL, "a switch, a bridge and a place for entries needed");
	xd_loop_lock(sw->loop);
	b = xd_state_bridge(sw->state, bridge);
	if (!b) {
		ret = xd_fail(err, -ENOENT, "no bridge named %s", bridge);
		goto out;
	}
	list.state = sw->state;
	list.max = (int)xd_fdb_count(b->fdb) + 1024;
	list.entries = calloc((size_t)list.max, sizeof(*list.entries));
	if (!list.entries) {
		ret = xd_fail(err, -ENOMEM, "no memory for %d addresses", list.max);
		goto out;
	}
	xd_fdb_foreach(b->fdb, xd_switch_now_s(sw), list_entry, &list);
	*entries = list.entries;
	ret = list.n;
out:
	xd_loop_unlock(sw->loop);
	return ret;
}

int
xd_switch_fdb_part(struct xd_switch *sw, const char *bridge, uint32_t *place,
	struct xd_fdb_info *entries, unsigned max, struct xd_error *err)
{
	const struct xd_switch_bridge *b;
	struct fdb_list list = {.entries = entries, .max = (int)max};

	if (!sw || !bridge || !place || (!entries && max))
		return xd_fail(err, -EINVAL, "a switch, a bridge and a place for entries needed");
	xd_loop_lock(sw->loop);
	b = xd_state_bridge(sw->state, bridge);
	list.state = sw->state;
	if (b)
		*place = xd_fdb_walk(b->fdb, xd_switch_now_s(sw), *place, list_entry, &list);
	xd_loop_unlock(sw->loop);
	return b ? list.n : xd_fail(err, -ENOENT, "no bridge named %s", bridge);
}

int
xd_switch_fdb_flush(
	struct xd_switch *sw, const char *bridge, const char *name, struct xd_error *err)
{
	const struct xd_switch_bridge *b;
	const struct xd_port *port = NULL;
	int ret = 0;

	if (!sw || !bridge)
		return xd_fail(err, -EINVAL, "a switch and a bridge needed");
	xd_loop_lock(sw->loop);
	b = xd_state_bridge(sw->state, bridge);
	if (name)
		port = xd_state_port(sw->state, name);
	if (!b)
		ret = xd_fail(err, -ENOENT, "no bridge named %s", bridge);
	else if (name && (!port || strcmp(port->config.bridge, bridge)))
		ret = xd_fail(err, -ENOENT, "bridge %s has no port named %s", bridge, name);
	else if (name)
		xd_fdb_flush_port(b->fdb, port->index);
	else
		xd_fdb_flush(b->fdb);
	xd_loop_unlock(sw->loop);
	return ret;
}

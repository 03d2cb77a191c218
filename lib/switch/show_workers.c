/* SPDX-License-Identifier: BSD-3-Clause */
/* Snapshots of workers, and of memory by NUMA node. */
#include <string.h>

#include <rte_cycles.h>

#include "memory/memory.h"
#include "memory/nodes.h"
#include "switch/switch.h"

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
			.traffic = xd_switch_node_traffic(&w->node_bytes, w->node),
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

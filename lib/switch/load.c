/* SPDX-License-Identifier: BSD-3-Clause */
/* What queues and workers take of their time lately, looked at once a second, and queues that are
 * moved by themselves for it. Control. */
#include <string.h>

#include <rte_cycles.h>

#include "memory/nodes.h"
#include "switch/switch.h"

#define PPM        1000000ull
#define IDLE_LOOKS 30 /* for the node of a port that carries nothing: one in so many */
#define WEIGHT     4  /* one part in so many of the average is of the last second */

/* An average in which what was so many seconds ago counts less and less. */
static uint32_t
average(uint32_t before, uint64_t part, uint64_t whole)
{
	uint64_t ppm = whole ? part * PPM / whole : 0;

	if (ppm > 2 * PPM)
		ppm = 2 * PPM; /* it is an estimate */
	if (before == XD_LOAD_UNKNOWN)
		return (uint32_t)ppm;
	return (uint32_t)((before * (WEIGHT - 1ull) + ppm) / WEIGHT);
}

static void
look_at_port(struct xd_port *port, uint64_t elapsed)
{
	for (unsigned q = 0; q < port->nb_queues; q++) {
		struct xd_port_load *load = &port->loads[q];
		uint64_t cycles = __atomic_load_n(&load->cycles, __ATOMIC_RELAXED);

		load->ppm = average(load->ppm, cycles - load->seen, elapsed);
		load->seen = cycles;
	}
}

/* Where a port's memory lies. Of one that carries nothing it is asked seldom, and of others in turn
 * with it, as that is a system call and queues without frames are well wherever they are. */
static void
look_at_node(const struct xd_switch *sw, struct xd_port *port, bool idle)
{
	if (!port->driver->node)
		return;
	if (idle && port->node >= 0 && (sw->nb_looks + port->index) % IDLE_LOOKS)
		return;
	port->node = port->driver->node(port);
}

/* The bytes of a port that a worker carried since the last look. */
static uint64_t
take_bytes(struct xd_port *port, unsigned w)
{
	const struct xd_counters *c = &port->counters[w];
	uint64_t bytes = __atomic_load_n(&c->rx_bytes, __ATOMIC_RELAXED) +
			 __atomic_load_n(&c->tx_bytes, __ATOMIC_RELAXED);
	uint64_t since = bytes - port->seen_bytes[w];

	port->seen_bytes[w] = bytes;
	return since;
}

static void
add_bytes(struct xd_node_bytes *sum, uint64_t bytes, bool crossed)
{
	sum->bytes += bytes;
	sum->crossed += crossed ? bytes : 0;
}

/* The part that crossed of what was added since `before`. While nothing passes it stays. */
static void
average_crossed(struct xd_node_bytes *sum, const struct xd_node_bytes *before)
{
	uint64_t bytes = sum->bytes - before->bytes;

	if (bytes)
		sum->crossed_ppm = average(sum->crossed_ppm, sum->crossed - before->crossed, bytes);
}

/* What passed on another node than that of the port's memory. */
static void
look_at_bytes(struct xd_switch *sw)
{
	struct xd_node_bytes before[XD_MAX_WORKERS] = {0};

	for (unsigned w = 0; w < sw->nb_slots; w++) {
		if (sw->state->workers[w])
			before[w] = sw->state->workers[w]->node_bytes;
	}
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		struct xd_port *port = sw->state->ports[i];
		struct xd_node_bytes port_before;
		bool idle = true;

		if (!port)
			continue;
		port_before = port->node_bytes;
		for (unsigned w = 0; w < sw->nb_slots; w++) {
			struct xd_worker *worker = sw->state->workers[w];
			uint64_t bytes = take_bytes(port, w);
			bool crossed = worker && xd_switch_is_far(port, worker);

			idle = idle && bytes == 0;
			if (!worker)
				continue;
			add_bytes(&port->node_bytes, bytes, crossed);
			add_bytes(&worker->node_bytes, bytes, crossed);
		}
		average_crossed(&port->node_bytes, &port_before);
		look_at_node(sw, port, idle);
	}
	for (unsigned w = 0; w < sw->nb_slots; w++) {
		if (sw->state->workers[w])
			average_crossed(&sw->state->workers[w]->node_bytes, &before[w]);
	}
}

/* The most that was in use of the EAL's memory, whenever it was looked at. */
static void
look_at_memory(struct xd_switch *sw)
{
	for (unsigned node = 0; node < XD_MEMORY_NODES; node++) {
		uint64_t bytes, used;

		xd_memory_eal_node(node, &bytes, &used);
		sw->node_peak[node] = RTE_MAX(sw->node_peak[node], used);
	}
	xd_switch_look_at_pools(sw);
}

void
xd_switch_look_at_pools(struct xd_switch *sw)
{
	struct xd_memory_pool pools[XD_MEMORY_POOLS];
	unsigned n = xd_memory_pools(pools, XD_MEMORY_POOLS);

	for (unsigned i = 0; i < n; i++) {
		uint32_t peak = 0;

		for (unsigned k = 0; k < sw->nb_pools; k++) {
			if (!strcmp(sw->pools[k].name, pools[i].name))
				peak = sw->pools[k].peak;
		}
		pools[i].peak = RTE_MAX(peak, pools[i].in_use);
	}
	memcpy(sw->pools, pools, n * sizeof(*pools));
	sw->nb_pools = n;
}

static void
look_at_worker(struct xd_worker *w, uint64_t elapsed)
{
	uint64_t cycles = __atomic_load_n(&w->busy_cycles, __ATOMIC_RELAXED);

	w->load_ppm = average(w->load_ppm, cycles - w->seen_cycles, elapsed);
	w->seen_cycles = cycles;
}

void
xd_switch_look_at_loads(struct xd_switch *sw)
{
	const uint64_t now = rte_rdtsc(), elapsed = now - sw->looked_tsc;

	sw->looked_tsc = now;
	sw->nb_looks++;
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		if (sw->state->ports[i])
			look_at_port(sw->state->ports[i], elapsed);
	}
	for (unsigned w = 0; w < sw->nb_slots; w++) {
		if (sw->state->workers[w])
			look_at_worker(sw->state->workers[w], elapsed);
	}
	look_at_bytes(sw);
	look_at_memory(sw);
}

bool
xd_switch_is_far(const struct xd_port *port, const struct xd_worker *w)
{
	return port->node >= 0 && w->node >= 0 && port->node != w->node;
}

/* Whether a queue is far from its memory that could be near. */
static bool
any_far(const struct xd_switch *sw)
{
	uint64_t nodes = 0;

	for (unsigned w = 0; w < sw->nb_slots; w++) {
		const struct xd_worker *worker = sw->state->workers[w];

		if (worker && worker->node >= 0 && worker->node < 64)
			nodes |= 1ull << worker->node;
	}
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		const struct xd_port *port = sw->state->ports[i];

		if (!port || port->node < 0 || port->node >= 64 || !(nodes >> port->node & 1))
			continue;
		for (unsigned q = 0; q < port->nb_queues; q++) {
			uint8_t owner = sw->state->owner[i][q];

			if (owner != XD_OWNER_NONE &&
				xd_switch_is_far(port, sw->state->workers[owner]))
				return true;
		}
	}
	return false;
}

/* Whether some worker is so busy, and another is not. */
static bool
is_uneven(const struct xd_switch *sw, uint32_t above_ppm)
{
	bool busy = false, free = false;

	for (unsigned w = 0; w < sw->nb_slots; w++) {
		const struct xd_worker *worker = sw->state->workers[w];

		busy |= worker && worker->load_ppm >= above_ppm;
		free |= worker && worker->load_ppm < above_ppm;
	}
	return busy && free;
}

void
xd_switch_balance_auto(struct xd_switch *sw)
{
	const struct xd_config *config = sw->state->config;
	uint32_t above_ppm = config->balance_load_percent * (uint32_t)(PPM / 100);
	struct xd_balance_info info;
	bool is_auto = config->balance == XD_BALANCING_AUTO;

	sw->uneven_s = is_auto && is_uneven(sw, above_ppm) ? sw->uneven_s + 1 : 0;
	sw->far_s = is_auto && any_far(sw) ? sw->far_s + 1 : 0;
	/* For the sake of their memory queues move whatever the loads; UINT32_MAX: for nothing
	 * else.
	 */
	if (sw->far_s >= config->balance_interval_s) {
		sw->far_s = 0;
		xd_switch_move_queues(sw, UINT32_MAX, 0, false, &info);
	}
	if (sw->uneven_s >= config->balance_interval_s && is_auto) {
		sw->uneven_s = 0;
		xd_switch_move_queues(sw, above_ppm, config->balance_gain_percent, false, &info);
	}
}

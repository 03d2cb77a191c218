/* SPDX-License-Identifier: BSD-3-Clause */
/* What queues and workers take of their time lately, looked at once a second, and queues that are
 * moved by themselves for it. Control. */
#include <rte_cycles.h>

#include "switch/switch.h"

#define PPM    1000000ull
#define WEIGHT 4 /* one part in so many of the average is of the last second */

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
	if (port->driver->node)
		port->node = port->driver->node(port);
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
	for (unsigned i = 0; i < XD_MAX_PORTS; i++) {
		if (sw->state->ports[i])
			look_at_port(sw->state->ports[i], elapsed);
	}
	for (unsigned w = 0; w < sw->nb_slots; w++) {
		if (sw->state->workers[w])
			look_at_worker(sw->state->workers[w], elapsed);
	}
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

	if (config->balance != XD_BALANCING_AUTO || !is_uneven(sw, above_ppm)) {
		sw->uneven_s = 0;
		return;
	}
	if (++sw->uneven_s < config->balance_interval_s)
		return;
	sw->uneven_s = 0;
	xd_switch_move_queues(sw, above_ppm, config->balance_gain_percent, false, &info);
}

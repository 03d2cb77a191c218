/* SPDX-License-Identifier: BSD-3-Clause */
/* What engines ask of all ports together: that they are alive, that nothing is on its way any more,
 * and what cores and switch did meanwhile. */
#include <errno.h>

#include "base/clock.h"
#include "traffic/host/cpu_time.h"
#include "traffic/host/placement.h"
#include "traffic/host/tsc.h"
#include "traffic/trial/gen.h"

#define QUIET_NS   (10 * 1000 * 1000ull) /* nothing more is on its way after so long */
#define ENDLESS_NS (5 * XD_NS_PER_S)     /* what comes for longer is not what was on its way */
#define DRAIN_NS   (2 * XD_NS_PER_S)     /* for a switch to give buffers back */

int
xd_gen_check_ports(struct xd_gen *gen, struct xd_error *err)
{
	for (unsigned i = 0; i < gen->nb_ports; i++)
		if (!xd_gen_port_alive(gen->ports[i]))
			return xd_fail(err, -EPIPE, "port %u (%s): %s", i, gen->ports[i]->name,
				gen->ports[i]->fault);
	return 0;
}

/* One look at all ports; returns how many frames of ours came, and in *busy the port that waits for
 * its device. What others send may never end. */
static uint64_t
drain_once(struct xd_gen *gen, int *busy)
{
	uint64_t came = 0;

	*busy = -1;
	for (unsigned i = 0; i < gen->nb_ports; i++) {
		uint64_t before = gen->ports[i]->received.frames;

		xd_gen_port_receive(gen->ports[i], XD_GEN_BURST);
		came += gen->ports[i]->received.frames - before;
		if (xd_gen_port_outstanding(gen->ports[i]))
			*busy = (int)i;
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < gen->nb_ports; i++)
		xd_gen_port_notify(gen->ports[i], true);
	return came;
}

int
xd_gen_keep_row(struct xd_gen *gen, const struct xd_row *row, int rc, struct xd_error *err)
{
	int kept = gen->row(gen->ctx, row);

	return rc || !kept ? rc : xd_fail(err, kept, "no memory for a row");
}

int
xd_gen_listen(struct xd_gen *gen, double seconds, struct xd_error *err)
{
	const uint64_t end = xd_clock_ns() + (uint64_t)(seconds * XD_NS_PER_S);
	int busy;

	do {
		drain_once(gen, &busy);
	} while (xd_clock_ns() < end);
	return xd_gen_cancelled(gen) ? xd_fail(err, -EINTR, "interrupted")
				     : xd_gen_check_ports(gen, err);
}

int
xd_gen_drain(struct xd_gen *gen, struct xd_error *err)
{
	uint64_t last = xd_clock_ns(), now, end = last + ENDLESS_NS;
	unsigned idle = 0; /* looks in a row that found nothing, nor anything that waits */
	int busy = -1;

	/* Time alone says nothing: this thread may not have run meanwhile. */
	do {
		bool came = drain_once(gen, &busy) > 0;
		int rc;

		now = xd_clock_ns();
		idle = came || busy >= 0 ? 0 : idle + 1;
		if (came)
			last = now;
		if (now - last < QUIET_NS)
			continue;
		rc = xd_gen_check_ports(gen, err);
		if (rc)
			return rc;
		if (xd_gen_cancelled(gen))
			return 0;
	} while (now < end &&
		 (busy >= 0 ? now - last < DRAIN_NS : idle < 2 || now - last < QUIET_NS));
	if (busy >= 0)
		return xd_fail(err, -EBUSY,
			"port %d (%s): the switch does not take frames; is the port in a bridge "
			"and "
			"a worker running?",
			busy, gen->ports[busy]->name);
	return 0;
}

static double
distance(const struct xd_gen *gen)
{
	if (gen->placement[0] < 0 || gen->placement[1] < 0)
		return 0;
	return xd_placement_ns(gen->placement[0], gen->placement[1], gen->tsc_hz);
}

void
xd_gen_look_before(struct xd_gen *gen, struct xd_surroundings *s)
{
	struct xd_cpu_time cpu;

	s->placement_ns = distance(gen);
	s->probed = gen->probe && xd_switch_probe_sample(gen->probe, &s->probe, NULL) == 0;
	cpu = xd_cpu_time();
	s->busy_s = cpu.busy_s;
	s->steal_s = cpu.steal_s;
}

static void
fill_switch(const struct xd_gen *gen, const struct xd_probe_sample *before,
	const struct xd_probe_sample *after, struct xd_row *row)
{
	struct xd_switch_figures *f = &row->dut;

	if (before->nb_workers != after->nb_workers) /* it was restarted or configured anew */
		return;
	f->known = true;
	for (unsigned i = 0; i < after->nb_workers; i++) {
		uint64_t cycles = after->workers[i].busy_cycles - before->workers[i].busy_cycles;
		double share = (double)cycles / (row->time_s * gen->tsc_hz);

		f->frames += after->workers[i].frames - before->workers[i].frames;
		f->busy_cycles += cycles;
		if (share > f->busy_share)
			f->busy_share = share > 1 ? 1 : share;
	}
	if (f->frames)
		f->busy_cycles_per_frame = (double)f->busy_cycles / (double)f->frames;
}

static void
fill_numa(const struct xd_gen *gen, struct xd_numa_figures *numa)
{
	*numa = (struct xd_numa_figures){0};
	for (unsigned i = 0; i < gen->nb_ports; i++)
		xd_numa_add(numa, gen->ports[i], gen->cores[i % gen->nb_cores]);
}

void
xd_gen_look_after(struct xd_gen *gen, const struct xd_surroundings *before, struct xd_row *row)
{
	struct xd_cpu_time cpu = xd_cpu_time();
	struct xd_probe_sample after;

	row->cpu_s = cpu.busy_s - before->busy_s;
	row->steal_s = cpu.steal_s - before->steal_s;
	if (before->probed && xd_switch_probe_sample(gen->probe, &after, NULL) == 0)
		fill_switch(gen, &before->probe, &after, row);
	fill_numa(gen, &row->numa);
	row->placement_before_ns = before->placement_ns;
	row->placement_after_ns = distance(gen);
}

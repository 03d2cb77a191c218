/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles a frame with 1, 2, 4 and 8 workers, each with a guest that sends and one that receives of
 * its own, in bridges of their own or all in one: what more than one costs is what they share. With
 * fewer cores they take turns on them, so what counts is the lower quartile of runs that are
 * shorter than a time slice; and one worker is measured anew before each figure, since a machine
 * does not stay as it is.
 *
 * Each worker's ports are in a VLAN of their own, so that a frame that is flooded goes to the
 * worker's own receiver in one bridge, too.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_pause.h>

#include "stages.h"

#define MAX_LANES 8u
#define TURNS     200
#define RUNS      301
#define WARM_UP   20 /* runs */
#define FLOWS     64
#define SOURCES   16384 /* of a port, before they are forgotten */
#define FROM(i)   (2 * (i))
#define TO(i)     (2 * (i) + 1)

enum work { FORWARD, LEARN, FLOOD, WORKS };

static const char *const work_names[WORKS] = {"forward", "learn", "flood"};

struct lane {
	struct stages_bench rings; /* first */
	struct world *world;
	unsigned number;
	unsigned next_source;
	uint64_t runs[RUNS];
	double cycles; /* a frame */
	bool failed;
	pthread_t thread;
};

struct world {
	enum work work;
	unsigned nb_lanes;
	unsigned waiting, done; /* lanes that are ready, and that have measured enough */
	struct xd_port ports[2 * MAX_LANES];
	struct xd_plan_port plan_ports[2 * MAX_LANES];
	struct xd_plan_bridge bridges[MAX_LANES];
	uint16_t members[2 * MAX_LANES];
	struct xd_plan plan;
	struct lane *lanes[MAX_LANES];
};

/* ---- Making ---- */

static struct xd_fdb *
make_table(void)
{
	return xd_fdb_create(
		&(struct xd_fdb_opts){
			.mac_limit = 4 * MAX_LANES * SOURCES, .ageing_s = 300, .node = XD_NODE_ANY},
		NULL);
}

static void
learn(const struct xd_plan_port *port, unsigned flow)
{
	struct xd_fdb *fdb = port->bridge->fdb;
	uint8_t mac[8] = {0};
	uint64_t key;

	stages_set_mac(mac, port->index, flow);
	key = xd_fdb_key(mac, port->untagged_vlan);
	xd_fdb_learn(fdb, key, xd_fdb_hash(fdb, key), port->index, 0);
}

static int
make_bridges(struct world *w, bool shared)
{
	for (unsigned i = 0; i < 2 * w->nb_lanes; i++) {
		struct xd_plan_bridge *bridge = &w->bridges[shared ? 0 : i / 2];

		if (!bridge->fdb) {
			bridge->fdb = make_table();
			bridge->members = &w->members[i];
		}
		if (!bridge->fdb)
			return -1;
		w->members[i] = (uint16_t)i;
		bridge->nb_members++;
		w->plan_ports[i] = (struct xd_plan_port){.port = &w->ports[i],
			.bridge = bridge,
			.index = (uint16_t)i,
			.pvid = (uint16_t)(1 + i / 2),
			.untagged_vlan = (uint16_t)(1 + i / 2)};
		w->plan.ports[i] = &w->plan_ports[i];
		for (unsigned flow = 0; flow < FLOWS; flow++)
			learn(&w->plan_ports[i], flow);
	}
	return 0;
}

static struct lane *
make_lane(struct world *w, unsigned number)
{
	struct lane *lane = xd_memory_alloc(sizeof(*lane), XD_NODE_ANY);

	if (!lane || stages_make_rings(&lane->rings, false, FROM(number), TO(number), FLOWS) < 0)
		return NULL;
	lane->world = w;
	lane->number = number;
	lane->rings.batch.worker = (uint16_t)number;
	lane->rings.turn.plan = &w->plan;
	lane->rings.turn.batch = &lane->rings.batch;
	lane->rings.turn.in = lane->rings.turn.from = &w->plan_ports[FROM(number)];
	for (unsigned i = 0; w->work == FLOOD && i < STAGES_RING; i++)
		memset(stages_frame(&lane->rings, i), 0xff, 6);
	return lane;
}

/* ---- A lane ---- */

/* Frames of the next turn from addresses that nobody has seen. */
static void
new_sources(struct lane *lane)
{
	const struct xd_plan_port *port = lane->rings.turn.in;

	if (lane->next_source + XD_BATCH > SOURCES) {
		lane->next_source = 0;
		xd_fdb_flush_port(port->bridge->fdb, port->index);
	}
	for (unsigned i = 0; i < XD_BATCH; i++)
		stages_set_mac(stages_frame(&lane->rings, lane->rings.offered + i) + 6,
			FROM(lane->number), lane->next_source++);
}

static uint64_t
one_turn(struct lane *lane)
{
	struct stages_bench *r = &lane->rings;
	struct xd_output *out = &r->turn.outputs[TO(lane->number)];
	uint64_t start;

	if (lane->world->work == LEARN)
		new_sources(lane);
	stages_offer(r);
	start = rte_rdtsc();
	xd_vq_dequeue(&r->tx, &r->batch);
	xd_bridge_switch(&r->turn, false);
	xd_bridge_account(&r->turn, false);
	xd_vq_enqueue(&r->rx, out->frames, out->n, UINT16_MAX, &r->counters);
	xd_vq_release(&r->tx, &r->batch);
	out->n = 0;
	r->turn.nb_busy = 0;
	return rte_rdtsc() - start;
}

static uint64_t
one_run(struct lane *lane)
{
	uint64_t cycles = 0;

	for (unsigned i = 0; i < TURNS; i++)
		cycles += one_turn(lane);
	return cycles;
}

static int
compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void *
lane_main(void *arg)
{
	struct lane *lane = arg;
	struct world *w = lane->world;
	uint64_t turns;

	__atomic_add_fetch(&w->waiting, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&w->waiting, __ATOMIC_ACQUIRE) < w->nb_lanes)
		sched_yield();
	for (unsigned i = 0; i < WARM_UP; i++)
		one_run(lane);
	for (unsigned i = 0; i < RUNS; i++)
		lane->runs[i] = one_run(lane);
	turns = (uint64_t)TURNS * (WARM_UP + RUNS);
	lane->failed = lane->rings.counters.tx_frames != turns * XD_BATCH;
	/* Others are not to be alone for the rest of theirs. */
	__atomic_add_fetch(&w->done, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&w->done, __ATOMIC_ACQUIRE) < w->nb_lanes)
		one_run(lane);
	qsort(lane->runs, RUNS, sizeof(lane->runs[0]), compare);
	lane->cycles = (double)lane->runs[RUNS / 4] / (TURNS * XD_BATCH);
	return NULL;
}

/* ---- All of them ---- */

static void
free_world(struct world *w)
{
	for (unsigned i = 0; i < w->nb_lanes; i++) {
		xd_fdb_destroy(w->bridges[i].fdb);
		if (!w->lanes[i])
			continue;
		xd_memory_free(w->lanes[i]->rings.mem, STAGES_MEM_BYTES);
		xd_memory_free(w->lanes[i], sizeof(*w->lanes[i]));
	}
	xd_memory_free(w, sizeof(*w));
}

/* One worker on each CPU that we may use, and then again. */
static int
start(struct lane *lane)
{
	cpu_set_t allowed, set;
	unsigned skip;
	int cpu = -1;

	if (pthread_create(&lane->thread, NULL, lane_main, lane))
		return -1;
	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return 0;
	skip = lane->number % (unsigned)CPU_COUNT(&allowed);
	do {
		cpu++;
	} while (!CPU_ISSET(cpu, &allowed) || skip--);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	pthread_setaffinity_np(lane->thread, sizeof(set), &set);
	return 0;
}

/* The mean of the lanes' lower quartiles; negative: it was said why. */
static double
measure(unsigned nb_lanes, enum work work, bool shared)
{
	struct world *w = xd_memory_alloc(sizeof(*w), XD_NODE_ANY);
	double sum = 0;
	bool failed = !w;

	if (w) {
		w->work = work;
		w->nb_lanes = nb_lanes;
		failed = make_bridges(w, shared) < 0;
	}
	for (unsigned i = 0; !failed && i < nb_lanes; i++)
		failed = !(w->lanes[i] = make_lane(w, i));
	for (unsigned i = 0; !failed && i < nb_lanes; i++) {
		if (start(w->lanes[i]) < 0) {
			fprintf(stderr, "stages: no thread\n");
			exit(1); /* those that run wait for the others */
		}
	}
	for (unsigned i = 0; !failed && i < nb_lanes; i++) {
		pthread_join(w->lanes[i]->thread, NULL);
		sum += w->lanes[i]->cycles;
	}
	for (unsigned i = 0; !failed && i < nb_lanes; i++)
		failed = w->lanes[i]->failed;
	if (failed)
		fprintf(stderr, "stages: frames were lost, or no memory\n");
	if (w)
		free_world(w);
	return failed ? -1 : sum / nb_lanes;
}

int
stages_workers(unsigned most)
{
	printf("%d B, split rings, TSC cycles a frame, and how many times those of one worker\n",
		STAGES_FRAME);
	printf("  %-8s %-8s", "workers", "bridge");
	for (unsigned work = 0; work < WORKS; work++)
		printf(" %15s", work_names[work]);
	putchar('\n');
	for (unsigned n = 1; n <= RTE_MIN(most, MAX_LANES); n *= 2) {
		for (unsigned shared = 0; shared < (n > 1 ? 2 : 1); shared++) {
			printf("  %-8u %-8s", n, shared ? "shared" : "own");
			for (unsigned work = 0; work < WORKS; work++) {
				double one = measure(1, work, false);
				double cycles = n > 1 ? measure(n, work, shared) : one;

				if (one < 0 || cycles < 0)
					return 1;
				printf(" %8.1f %5.2fx", cycles, cycles / one);
				fflush(stdout);
			}
			putchar('\n');
		}
	}
	return 0;
}

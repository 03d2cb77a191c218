/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What each stage of a turn costs by itself, and what a turn costs with several workers at once.
 *
 *     taskset -c 1 build/test/stages [FLOWS [packed|bond]]
 *     build/test/stages workers [MOST]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "stages.h"

#define WARM_UP 100000
#define TURNS   1000 /* in a run */
#define RUNS    400  /* of which the fastest counts: others were disturbed */

enum { DEQUEUE, INPUT, LEARN, FORWARD, BOND, ENQUEUE, RELEASE, STAGES };

static const char *const names[STAGES] = {
	"dequeue", "input", "learn", "forward", "bond", "enqueue", "release"};

/* Two, and the members of the second when that is a bond. */
#define PORTS 4

struct bench {
	struct stages_bench rings; /* first */
	struct xd_port ports[PORTS];
	struct xd_plan_port plan_ports[PORTS];
	struct xd_bond bond;
	uint16_t members[2];
	struct xd_plan_bridge bridge;
	struct xd_plan plan;
	uint64_t cycles[STAGES];
};

static int
make_bridge(struct bench *b, unsigned flows)
{
	struct xd_turn *turn = &b->rings.turn;

	b->bridge.fdb = xd_fdb_create(
		&(struct xd_fdb_opts){.mac_limit = 65536, .ageing_s = 300, .node = XD_NODE_ANY},
		NULL);
	if (!b->bridge.fdb)
		return -1;
	b->bridge.nb_members = 2;
	b->bridge.members = b->members;
	for (uint16_t i = 0; i < PORTS; i++) {
		b->plan_ports[i] = (struct xd_plan_port){
			.port = &b->ports[i], .bridge = &b->bridge, .index = i};
		b->plan.ports[i] = &b->plan_ports[i];
	}
	b->members[1] = 1;
	for (unsigned f = 0; f < flows; f++) {
		uint8_t mac[8] = {0};
		uint64_t key;

		stages_set_mac(mac, 1, f);
		key = xd_fdb_key(mac, 0);
		xd_fdb_learn(b->bridge.fdb, key, xd_fdb_hash(b->bridge.fdb, key), 1, 0);
	}
	turn->plan = &b->plan;
	turn->batch = &b->rings.batch;
	turn->in = &b->plan_ports[0];
	return 0;
}

static void
make_bond(struct bench *b)
{
	struct xd_plan_port *bond = &b->plan_ports[1];

	xd_bond_init(&b->bond, XD_BOND_BALANCE, 2);
	xd_bond_update(&b->bond, 3);
	bond->bond = &b->bond;
	bond->members[0] = 2;
	bond->members[1] = 3;
	b->plan.any_bonds = true;
}

static void
one_turn(struct bench *b)
{
	struct stages_bench *r = &b->rings;
	uint64_t t[STAGES + 1];

	stages_offer(r);
	t[DEQUEUE] = rte_rdtsc();
	xd_vq_dequeue(&r->tx, &r->batch);
	t[INPUT] = rte_rdtsc();
	xd_bridge_input(&r->turn);
	t[LEARN] = rte_rdtsc();
	xd_bridge_learn(&r->turn);
	t[FORWARD] = rte_rdtsc();
	xd_bridge_forward(&r->turn);
	t[BOND] = rte_rdtsc();
	if (b->plan.any_bonds)
		xd_bridge_bond_out(&r->turn);
	t[ENQUEUE] = rte_rdtsc();
	for (uint16_t i = 0; i < r->turn.nb_busy; i++) {
		struct xd_output *out = &r->turn.outputs[r->turn.busy[i]];

		xd_vq_enqueue(&r->rx, out->frames, out->n, UINT16_MAX, &r->counters);
		out->n = 0;
	}
	t[RELEASE] = rte_rdtsc();
	xd_vq_release(&r->tx, &r->batch);
	t[STAGES] = rte_rdtsc();
	r->turn.nb_busy = 0;
	for (unsigned i = 0; i < STAGES; i++)
		b->cycles[i] += t[i + 1] - t[i];
}

/* The cycles of the fastest run, by stage. */
static void
measure(struct bench *b, uint64_t best[STAGES])
{
	uint64_t best_sum = UINT64_MAX;

	for (unsigned run = 0; run < RUNS; run++) {
		uint64_t cycles = 0;

		memset(b->cycles, 0, sizeof(b->cycles));
		for (unsigned i = 0; i < TURNS; i++)
			one_turn(b);
		for (unsigned i = 0; i < STAGES; i++)
			cycles += b->cycles[i];
		if (cycles >= best_sum)
			continue;
		best_sum = cycles;
		memcpy(best, b->cycles, sizeof(b->cycles));
	}
}

static int
stages(unsigned flows, bool packed, bool bond)
{
	struct bench *b = xd_memory_alloc(sizeof(*b), XD_NODE_ANY);
	uint64_t best[STAGES];
	double total = 0;

	if (!b || stages_make_rings(&b->rings, packed, 0, 1, flows) < 0 ||
		make_bridge(b, flows) < 0)
		return 1;
	if (bond)
		make_bond(b);
	for (unsigned i = 0; i < WARM_UP; i++)
		one_turn(b);
	b->rings.counters.tx_frames = 0;
	measure(b, best);
	if (b->rings.counters.tx_frames != (uint64_t)RUNS * TURNS * XD_BATCH) {
		fprintf(stderr, "stages: frames were lost\n");
		return 1;
	}
	printf("%d B, %u flows, %s rings, TSC cycles a frame\n", STAGES_FRAME, flows,
		packed ? "packed" : "split");
	for (unsigned i = 0; i < STAGES; i++) {
		double each = (double)best[i] / (TURNS * XD_BATCH);

		if (i != BOND || bond)
			printf("  %-8s %6.1f\n", names[i], each);
		total += each;
	}
	printf("  %-8s %6.1f\n", "sum", total);
	return 0;
}

int
main(int argc, char **argv)
{
	unsigned flows = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1;

	if ((argc == 2 || argc == 3) && !strcmp(argv[1], "workers"))
		return stages_workers(argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 8);
	if (flows < 1 || flows > STAGES_RING) {
		fprintf(stderr,
			"usage: stages [FLOWS [packed|bond]], 1 to %d, or stages workers [MOST]\n",
			STAGES_RING);
		return 2;
	}
	return stages(flows, argc > 2 && !strcmp(argv[2], "packed"),
		argc > 2 && !strcmp(argv[2], "bond"));
}

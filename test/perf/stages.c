/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What each stage of a turn costs by itself, and what a turn costs with several workers at once.
 *
 *     taskset -c 1 build/test/stages [FLOWS [packed]
 * [bond|mirror|patch|limits|hooks|coalesce|indirect|csum]] build/test/stages workers [MOST] taskset
 * -c 1 build/test/stages addresses [MOST]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "base/bytes.h"
#include "frame/coalesce.h"
#include "stages.h"

#define WARM_UP 100000
#define TURNS   1000       /* in a run */
#define RUNS    400        /* of which the fastest counts: others were disturbed */
#define STEPS   16         /* of a turn at most */
#define TSC_HZ  2000000000 /* as far as limits are concerned */

/* Two, and the members of the second when that is a bond, or those that join two bridges. */
#define PORTS 4

struct bench {
	struct stages_bench rings; /* first */
	struct xd_port ports[PORTS];
	struct xd_plan_port plan_ports[PORTS];
	struct xd_bond bond;
	uint16_t members[2];
	struct xd_plan_bridge bridge, second;
	struct xd_plan_mirror mirror;
	struct xd_hook_slot hook_in, hook_out;
	struct xd_plan plan;
	struct xd_coalesced coalesced;
	uint64_t now_tsc;
};

/* ---- The steps of a turn ---- */

static void
dequeue(struct bench *b)
{
	xd_vq_dequeue(&b->rings.tx, &b->rings.batch);
}

static void
input(struct bench *b)
{
	xd_bridge_input(&b->rings.turn);
}

static void
police_in(struct bench *b)
{
	xd_bridge_police_in(&b->rings.turn);
}

static void
hook_in(struct bench *b)
{
	xd_bridge_hook_in(&b->rings.turn);
}

static void
learn(struct bench *b)
{
	xd_bridge_learn(&b->rings.turn);
}

static void
forward(struct bench *b)
{
	xd_bridge_forward(&b->rings.turn);
}

static void
patch(struct bench *b)
{
	xd_bridge_patch(&b->rings.turn);
}

static void
police_out(struct bench *b)
{
	xd_bridge_police_out(&b->rings.turn);
}

static void
police_take(struct bench *b)
{
	xd_bridge_police_take(&b->rings.turn);
}

static void
bond_out(struct bench *b)
{
	xd_bridge_bond_out(&b->rings.turn);
}

static void
mirror(struct bench *b)
{
	b->rings.turn.mirrors = b->rings.turn.unchanged = 0;
	xd_bridge_mirror(&b->rings.turn);
}

static void
hook_out(struct bench *b)
{
	xd_bridge_hook_out(&b->rings.turn, &b->plan_ports[1], &b->rings.turn.outputs[1], 0);
}

static void
coalesce(struct bench *b)
{
	const struct xd_coalesce_rules rules = {
		.max_frame = UINT16_MAX, .takes = b->rings.rx.offloads};
	struct xd_output *out = &b->rings.turn.outputs[1];

	xd_coalesce(&b->coalesced, out->frames, out->n, &rules);
	b->rings.counters.coalesced += out->n - b->coalesced.n;
	out->n = b->coalesced.n;
	memcpy(out->frames, b->coalesced.frames, out->n * sizeof(out->frames[0]));
}

static void
enqueue(struct bench *b)
{
	struct stages_bench *r = &b->rings;

	for (uint16_t i = 0; i < r->turn.nb_busy; i++) {
		struct xd_output *out = &r->turn.outputs[r->turn.busy[i]];

		xd_vq_enqueue(&r->rx, out->frames, out->n, UINT16_MAX, &r->counters);
		r->rx_due = out->n;
		out->n = 0;
	}
	r->turn.nb_busy = 0;
}

static void
hook_done(struct bench *b)
{
	xd_bridge_hook_sent(&b->rings.turn, &b->plan_ports[1], XD_BATCH);
	xd_bridge_hook_done(&b->rings.turn);
}

static void
copies(struct bench *b)
{
	struct stages_bench *r = &b->rings;
	struct xd_output *out = &r->turn.mirrored[0];

	xd_vq_enqueue(&r->span, out->frames, out->n, UINT16_MAX, &r->counters);
}

static void
release(struct bench *b)
{
	xd_vq_release(&b->rings.tx, &b->rings.batch);
}

/* ---- What there is beside two guests in a bridge ---- */

/* The receiving guest's addresses, behind a port. */
static struct xd_fdb *
make_fdb(unsigned flows, uint16_t port)
{
	struct xd_fdb *fdb = xd_fdb_create(
		&(struct xd_fdb_opts){.mac_limit = 65536, .ageing_s = 300, .node = XD_NODE_ANY},
		NULL);

	/* Those that were learned in a smaller table come to their places as they are seen again.
	 */
	for (unsigned i = 0; fdb && i < 2 * flows; i++) {
		uint8_t mac[8] = {0};
		uint64_t key;

		stages_set_mac(mac, 1, i % flows);
		key = xd_fdb_key(mac, 0);
		xd_fdb_learn(fdb, key, xd_fdb_hash(fdb, key), port, i / flows);
	}
	return fdb;
}

static int
make_nothing(struct bench *b, unsigned flows)
{
	(void)b;
	(void)flows;
	return 0;
}

/* Of the second port. */
static int
make_bond(struct bench *b, unsigned flows)
{
	struct xd_plan_port *bond = &b->plan_ports[1];

	(void)flows;
	xd_bond_init(&b->bond, XD_BOND_BALANCE, 2);
	xd_bond_update(&b->bond, 3);
	bond->bond = &b->bond;
	bond->members[0] = 2;
	bond->members[1] = 3;
	b->plan.any_bonds = true;
	return 0;
}

/* Of everything, to a third guest. */
static int
make_mirror(struct bench *b, unsigned flows)
{
	(void)flows;
	b->mirror = (struct xd_plan_mirror){
		.src = {1}, .all_vlans = true, .snaplen = UINT32_MAX, .output_vlan = XD_VLAN_NONE};
	b->plan.mirrors = &b->mirror;
	b->plan.nb_mirrors = b->bridge.nb_mirrors = 1;
	b->rings.watched = true;
	return 0;
}

/* The second guest is in a bridge of its own. */
static int
make_patch(struct bench *b, unsigned flows)
{
	xd_fdb_destroy(b->bridge.fdb);
	b->bridge.fdb = make_fdb(flows, 2);
	b->second.fdb = make_fdb(flows, 1);
	if (!b->bridge.fdb || !b->second.fdb)
		return -1;
	b->plan_ports[1].bridge = b->plan_ports[3].bridge = &b->second;
	b->plan_ports[2].peer = &b->plan_ports[3];
	b->plan_ports[3].peer = &b->plan_ports[2];
	b->plan.any_patches = true;
	return 0;
}

/* Of bits and of frames at either port, which nothing exceeds. */
static int
make_limits(struct bench *b, unsigned flows)
{
	const struct xd_limit limit = {.bit_s = 1000000000000,
		.burst_bytes = 1000000000,
		.pps = 1000000000,
		.burst_frames = 1000000000};
	const struct xd_policer_rates rates = xd_policer_rates(&limit, TSC_HZ);

	(void)flows;
	b->plan_ports[0].polices_in = true;
	b->plan_ports[0].policers[XD_POLICER_IN] = rates;
	b->plan_ports[1].policers[XD_POLICER_OUT] = rates;
	b->plan.any_police_out = true;
	return 0;
}

static void
pass_all(void *ctx, struct xd_burst *burst)
{
	(void)ctx;
	(void)burst;
}

/* One at either port that lets everything pass. */
static int
make_hooks(struct bench *b, unsigned flows)
{
	(void)flows;
	b->hook_in.hook = (struct xd_hook){.name = "in", .point = XD_HOOK_IN, .run = pass_all};
	b->hook_out.hook = (struct xd_hook){.name = "out", .point = XD_HOOK_OUT, .run = pass_all};
	b->plan_ports[0].in_hooks = (struct xd_hook_list){.n = 1, .slots = {&b->hook_in}};
	b->plan_ports[1].out_hooks = (struct xd_hook_list){.n = 1, .slots = {&b->hook_out}};
	b->plan.any_hooks = true;
	return 0;
}

/* Segments of TCP over IPv4 whose checksums are left to be finished, in the order of the ring: with
 * one flow, a turn's are one frame. */
static int
make_coalesce(struct bench *b, unsigned flows)
{
	const uint16_t payload = STAGES_FRAME - 54;

	for (unsigned i = 0; i < STAGES_RING; i++) {
		uint8_t *ip = stages_frame(&b->rings, i) + 14, *header = ip - 14 - STAGES_HEADER;
		uint32_t sum = 0;

		header[0] = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		header[6] = 34; /* csum_start and csum_offset */
		header[8] = XD_TCP_CSUM_OFFSET;
		ip[0] = 0x45;
		ip[8] = 64;
		ip[9] = 6;
		xd_put16(ip + 2, STAGES_FRAME - 14);
		xd_put16(ip + 4, i);
		for (unsigned k = 0; k < 20; k += 2)
			sum += xd_get16(ip + k);
		xd_put16(ip + 10, ~sum);
		xd_put32(ip + 24, i / flows * payload + i % flows * 1000003);
		ip[32] = 5 << 4;
		ip[33] = 0x10; /* ACK */
	}
	b->rings.tx.offloads = XD_OFFLOAD_CSUM;
	b->rings.rx.offloads = XD_OFFLOAD_CSUM | XD_OFFLOAD_TSO4;
	return 0;
}

/* As Linux sends TCP: a virtio-net header, headers and payload apart, and a checksum to be finished
 * that the receiver takes so. */
static int
make_csum(struct bench *b, unsigned flows)
{
	(void)flows;
	for (unsigned i = 0; i < STAGES_RING; i++) {
		uint8_t *header = stages_frame(&b->rings, i) - STAGES_HEADER;

		header[0] = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		header[6] = 34; /* csum_start and csum_offset */
		header[8] = XD_TCP_CSUM_OFFSET;
	}
	b->rings.tx.offloads = b->rings.rx.offloads = XD_OFFLOAD_CSUM;
	return 0;
}

static int
make_indirect(struct bench *b, unsigned flows)
{
	stages_make_indirect(&b->rings, 54);
	return make_csum(b, flows);
}

static const struct way {
	const char *word;
	int (*make)(struct bench *b, unsigned flows);
	struct {
		const char *name;
		void (*run)(struct bench *b);
	} steps[STEPS];
} ways[] = {
#define STEP(name)                                                                                 \
	{                                                                                          \
#name, name                                                                        \
	}
	{"", make_nothing,
		{STEP(dequeue), STEP(input), STEP(learn), STEP(forward), STEP(enqueue),
			STEP(release)}},
	{"bond", make_bond,
		{STEP(dequeue), STEP(input), STEP(learn), STEP(forward), STEP(bond_out),
			STEP(enqueue), STEP(release)}},
	{"mirror", make_mirror,
		{STEP(dequeue), STEP(input), STEP(learn), STEP(forward), STEP(mirror),
			STEP(enqueue), STEP(copies), STEP(release)}},
	{"patch", make_patch,
		{STEP(dequeue), STEP(input), STEP(learn), STEP(forward), STEP(patch), STEP(enqueue),
			STEP(release)}},
	{"limits", make_limits,
		{STEP(dequeue), STEP(input), STEP(police_in), STEP(learn), STEP(forward),
			STEP(police_out), STEP(police_take), STEP(enqueue), STEP(release)}},
	{"hooks", make_hooks,
		{STEP(dequeue), STEP(input), STEP(hook_in), STEP(learn), STEP(forward),
			STEP(hook_out), STEP(enqueue), STEP(hook_done), STEP(release)}},
	{"coalesce", make_coalesce,
		{STEP(dequeue), STEP(input), STEP(learn), STEP(forward), STEP(coalesce),
			STEP(enqueue), STEP(release)}},
	{"csum", make_csum,
		{STEP(dequeue), STEP(input), STEP(learn), STEP(forward), STEP(enqueue),
			STEP(release)}},
	{"indirect", make_indirect,
		{STEP(dequeue), STEP(input), STEP(learn), STEP(forward), STEP(enqueue),
			STEP(release)}},
};

/* ---- Measuring ---- */

static int
make_bridge(struct bench *b, unsigned flows)
{
	struct xd_turn *turn = &b->rings.turn;

	b->bridge.fdb = make_fdb(flows, 1);
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
	turn->plan = &b->plan;
	turn->batch = &b->rings.batch;
	turn->in = turn->from = &b->plan_ports[0];
	turn->now_tsc = &b->now_tsc;
	return 0;
}

static void
one_turn(struct bench *b, const struct way *way, uint64_t cycles[STEPS])
{
	uint64_t before, after;

	stages_offer(&b->rings);
	before = rte_rdtsc();
	for (unsigned i = 0; way->steps[i].run; i++) {
		way->steps[i].run(b);
		after = rte_rdtsc();
		cycles[i] += after - before;
		before = after;
	}
}

/* The cycles of the fastest run, by step. */
static void
measure(struct bench *b, const struct way *way, uint64_t best[STEPS])
{
	uint64_t best_sum = UINT64_MAX;

	for (unsigned run = 0; run < RUNS; run++) {
		uint64_t cycles[STEPS] = {0}, sum = 0;

		for (unsigned i = 0; i < TURNS; i++)
			one_turn(b, way, cycles);
		for (unsigned i = 0; i < STEPS; i++)
			sum += cycles[i];
		if (sum >= best_sum)
			continue;
		best_sum = sum;
		memcpy(best, cycles, sizeof(cycles));
	}
}

static int
stages(unsigned flows, bool packed, const struct way *way)
{
	struct bench *b = xd_memory_alloc(sizeof(*b), XD_NODE_ANY);
	uint64_t best[STEPS] = {0}, frames = (uint64_t)RUNS * TURNS * XD_BATCH;
	double total = 0;

	if (!b || stages_make_rings(&b->rings, packed, 0, 1, flows) < 0 ||
		make_bridge(b, flows) < 0 || way->make(b, flows) < 0)
		return 1;
	for (unsigned i = 0; i < WARM_UP; i++)
		one_turn(b, way, best);
	b->rings.counters = (struct xd_counters){0};
	measure(b, way, best);
	if (b->rings.counters.tx_frames + b->rings.counters.coalesced !=
		frames * (1 + b->rings.watched)) {
		fprintf(stderr, "stages: frames were lost\n");
		return 1;
	}
	printf("%d B, %u flows, %s rings%s%s, TSC cycles a frame\n", STAGES_FRAME, flows,
		packed ? "packed" : "split", way->word[0] ? ", " : "", way->word);
	for (unsigned i = 0; way->steps[i].run; i++) {
		double each = (double)best[i] / (TURNS * XD_BATCH);

		printf("  %-11s %6.1f\n", way->steps[i].name, each);
		total += each;
	}
	printf("  %-11s %6.1f\n", "sum", total);
	return 0;
}

static int
usage(void)
{
	fprintf(stderr, "usage: stages [FLOWS [packed] [");
	for (unsigned i = 1; i < RTE_DIM(ways); i++)
		fprintf(stderr, "%s%s", i > 1 ? "|" : "", ways[i].word);
	fprintf(stderr,
		"]], 1 to %d, stages workers [MOST], or stages addresses [MOST], 2 to 1000000\n",
		STAGES_RING);
	return 2;
}

int
main(int argc, char **argv)
{
	unsigned flows = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1;
	const bool packed = argc > 2 && !strcmp(argv[2], "packed");
	const char *word = argc > 2 + packed ? argv[2 + packed] : "";

	if ((argc == 2 || argc == 3) && !strcmp(argv[1], "workers"))
		return stages_workers(argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 8);
	if ((argc == 2 || argc == 3) && !strcmp(argv[1], "addresses"))
		return stages_addresses(argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000000);
	if (flows < 1 || flows > STAGES_RING || argc > 3 + packed)
		return usage();
	for (unsigned i = 0; i < RTE_DIM(ways); i++) {
		if (!strcmp(ways[i].word, word))
			return stages(flows, packed, &ways[i]);
	}
	return usage();
}

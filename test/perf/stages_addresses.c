/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the address table costs with more and more addresses in it, all in use: cycles a frame of
 * input, learning and forwarding, each frame from another address to another, and what the table
 * takes. The limit is the same for all, so that a row tells what was learned, not what might be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "stages.h"

#define LIMIT 1065536 /* addresses: a million, as in the row of test/perf/peers, and some */
#define RUNS  200
#define TURNS 500 /* in a run */

struct bench {
	struct xd_port ports[2];
	struct xd_plan_port plan_ports[2];
	struct xd_plan_bridge bridge;
	struct xd_plan plan;
	uint16_t members[2];
	struct xd_batch batch;
	struct xd_turn turn;
	unsigned flows, next;
};

static void
make_bridge(struct bench *b)
{
	b->bridge.members = b->members;
	b->bridge.nb_members = 2;
	b->members[1] = 1;
	for (uint16_t i = 0; i < 2; i++) {
		b->plan_ports[i] = (struct xd_plan_port){
			.port = &b->ports[i], .bridge = &b->bridge, .index = i};
		b->plan.ports[i] = &b->plan_ports[i];
	}
	b->turn.plan = &b->plan;
	b->turn.batch = &b->batch;
}

/* A batch of frames from a port's addresses to the other's, the flows in turn. */
static void
receive(struct bench *b, uint16_t from)
{
	for (unsigned i = 0; i < XD_BATCH; i++) {
		struct xd_frame *f = &b->batch.frames[i];
		uint8_t *data = f->buf + XD_HEADROOM;

		xd_frame_init(f, STAGES_FRAME, STAGES_FRAME, 0);
		stages_set_mac(data, !from, b->next);
		stages_set_mac(data + 6, from, b->next);
		data[12] = 0x08;
		b->next = b->next + 1 < b->flows ? b->next + 1 : 0;
	}
	b->batch.n = XD_BATCH;
	b->turn.in = b->turn.from = &b->plan_ports[from];
}

/* Cycles of one turn's frames, which are sent nowhere. */
static uint64_t
one_turn(struct bench *b, uint16_t from)
{
	uint64_t before;

	receive(b, from);
	before = rte_rdtsc();
	xd_bridge_input(&b->turn);
	xd_bridge_learn(&b->turn);
	xd_bridge_forward(&b->turn);
	before = rte_rdtsc() - before;
	for (unsigned i = 0; i < b->turn.nb_busy; i++)
		b->turn.outputs[b->turn.busy[i]].n = 0;
	b->turn.nb_busy = 0;
	return before;
}

static double
measure(struct bench *b)
{
	uint64_t best = UINT64_MAX;

	for (unsigned run = 0; run < RUNS; run++) {
		uint64_t cycles = 0;

		for (unsigned i = 0; i < TURNS; i++)
			cycles += one_turn(b, 0);
		best = RTE_MIN(best, cycles);
	}
	return (double)best / (TURNS * XD_BATCH);
}

static void
take_memory(void *bench)
{
	xd_fdb_prepare(((struct bench *)bench)->bridge.fdb);
}

/* A table that grows as frames come, as in a switch. */
static int
row(struct bench *b, unsigned addresses)
{
	double cycles;
	uint64_t bytes;

	b->bridge.fdb = xd_fdb_create(&(struct xd_fdb_opts){.mac_limit = LIMIT,
					      .ageing_s = 300,
					      .node = XD_NODE_ANY,
					      .wanted = take_memory,
					      .ctx = b},
		NULL);
	if (!b->bridge.fdb)
		return -1;
	b->flows = addresses / 2;
	/* Twice: what was learned in a smaller table comes to its place when it is seen again. */
	for (uint32_t now_s = 0; now_s < 2; now_s++) {
		b->turn.now_s = now_s;
		for (uint16_t from = 0; from < 2; from++) {
			b->next = 0;
			for (unsigned i = 0; i < b->flows; i += XD_BATCH)
				one_turn(b, from);
		}
	}
	cycles = measure(b);
	bytes = xd_fdb_bytes(b->bridge.fdb);
	if (xd_fdb_count(b->bridge.fdb) != addresses)
		fprintf(stderr, "stages: %u of %u addresses were learned\n",
			xd_fdb_count(b->bridge.fdb), addresses);
	printf("%10u %11.1f %9.2f %11.0f\n", addresses, cycles, (double)bytes / (1 << 20),
		(double)bytes / addresses);
	xd_fdb_destroy(b->bridge.fdb);
	return 0;
}

int
stages_addresses(unsigned most)
{
	struct bench *b = xd_memory_alloc(sizeof(*b), XD_NODE_ANY);
	const unsigned rows[] = {2, 200, 2000, 20000, 65536, 200000, 500000, 600000, 1000000};
	int ret = b ? 0 : -1;

	if (b)
		make_bridge(b);
	printf("input, learn and forward: TSC cycles a frame\n"
	       " addresses       cycles       MiB   B/address\n");
	for (unsigned i = 0; i < RTE_DIM(rows) && rows[i] <= most && ret == 0; i++)
		ret = row(b, rows[i]);
	xd_memory_free(b, sizeof(*b));
	if (ret)
		fprintf(stderr, "stages: no memory\n");
	return ret != 0;
}

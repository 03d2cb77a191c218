/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What each stage of a turn costs by itself: one thread is the guests and the switch by turns, so
 * no cache line travels between cores, and what is measured is instructions and this core's caches.
 *
 *     taskset -c 1 build/test/stages [FLOWS [packed]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "bridge/bridge.h"
#include "memory/memory.h"
#include "virtqueue/device.h"

#define RING      1024
#define FRAME     64
#define HEADER    12
#define STRIDE    2112 /* an odd number of lines, so that buffers use all sets of a cache */
#define RX_OFFSET (4u << 20)
#define MEM_BYTES (8u << 20)
#define RX_BYTES  1526
#define WARM_UP   100000
#define TURNS     1000 /* in a run */
#define RUNS      400  /* of which the fastest counts: others were disturbed */

enum { DEQUEUE, INPUT, LEARN, FORWARD, ENQUEUE, RELEASE, STAGES };

static const char *const names[STAGES] = {
	"dequeue", "input", "learn", "forward", "enqueue", "release"};

struct bench {
	uint8_t *mem;
	bool packed;
	uint32_t offered; /* buffers, of either ring */
	struct xd_guest_memory guest;
	struct xd_vq tx, rx;
	struct xd_port ports[2];
	struct xd_plan_port plan_ports[2];
	uint16_t members[2];
	struct xd_plan_bridge bridge;
	struct xd_plan plan;
	struct xd_batch batch;
	struct xd_turn turn;
	struct xd_counters counters;
	uint64_t cycles[STAGES];
};

static void
set_mac(uint8_t *mac, unsigned port, unsigned flow)
{
	const uint8_t bytes[6] = {0x02, 0x58, (uint8_t)port, (uint8_t)(flow >> 16),
		(uint8_t)(flow >> 8), (uint8_t)flow};

	memcpy(mac, bytes, sizeof(bytes));
}

/* The driver makes the next batch of buffers available. */
static void
offer(struct bench *b, struct xd_vq *vq, uint32_t len, uint16_t flags)
{
	if (!b->packed) {
		((struct xd_vring_avail *)(uintptr_t)vq->avail)->idx += XD_BATCH;
		return;
	}
	for (uint32_t i = b->offered; i < b->offered + XD_BATCH; i++) {
		struct xd_packed_desc *d = &vq->ring[i % RING];

		d->len = len;
		d->id = (uint16_t)(i % RING);
		d->flags = flags | (i / RING % 2 ? XD_PACKED_DESC_F_USED : XD_PACKED_DESC_F_AVAIL);
	}
}

/* A ring at `offset` whose entry i holds buffer i for good; a driver that polls. */
static int
make_ring(struct bench *b, struct xd_vq *vq, uint32_t offset, uint16_t flags, unsigned flows)
{
	static struct xd_drops drops;
	struct xd_vq_setup setup = {.size = RING,
		.packed = b->packed,
		.base = b->packed ? XD_PACKED_WRAP : 0,
		.desc_addr = offset,
		.avail_addr = offset + 16 * RING,
		.used_addr = offset + 16 * RING + 4096,
		.drops = &drops,
		.call_fd = -1};
	struct xd_vring_desc *desc = (struct xd_vring_desc *)(void *)(b->mem + offset);
	struct xd_vring_avail *avail =
		(struct xd_vring_avail *)(void *)(b->mem + offset + 16 * RING);
	struct xd_error err;

	avail->flags = XD_VRING_AVAIL_F_NO_INTERRUPT;
	avail->idx = b->packed ? XD_PACKED_EVENT_DISABLE : 0; /* the same place */
	for (uint16_t i = 0; i < RING; i++) {
		uint64_t at = offset + 65536 + (uint64_t)i * STRIDE + 64 - HEADER;
		uint8_t *frame = b->mem + at + HEADER;

		desc[i] = (struct xd_vring_desc){.addr = at};
		if (!b->packed) {
			desc[i].len = flags ? RX_BYTES : HEADER + FRAME;
			desc[i].flags = flags;
			avail->ring[i] = i;
		}
		set_mac(frame, 1, i % flows);
		set_mac(frame + 6, 0, i % flows);
		frame[12] = 0x08;
	}
	if (xd_vq_setup(vq, &b->guest, &setup, &err) < 0) {
		fprintf(stderr, "stages: %s\n", err.text);
		return -1;
	}
	vq->live = true;
	return 0;
}

static int
make_bridge(struct bench *b, unsigned flows)
{
	b->bridge.fdb = xd_fdb_create(
		&(struct xd_fdb_opts){.mac_limit = 65536, .ageing_s = 300, .node = XD_NODE_ANY},
		NULL);
	if (!b->bridge.fdb)
		return -1;
	b->bridge.nb_members = 2;
	b->bridge.members = b->members;
	for (uint16_t i = 0; i < 2; i++) {
		b->plan_ports[i] = (struct xd_plan_port){
			.port = &b->ports[i], .bridge = &b->bridge, .index = i};
		b->plan.ports[i] = &b->plan_ports[i];
		b->members[i] = i;
	}
	for (unsigned f = 0; f < flows; f++) {
		uint8_t mac[8] = {0};
		uint64_t key;

		set_mac(mac, 1, f);
		key = xd_fdb_key(mac, 0);
		xd_fdb_learn(b->bridge.fdb, key, xd_fdb_hash(b->bridge.fdb, key), 1, 0);
	}
	b->turn.plan = &b->plan;
	b->turn.batch = &b->batch;
	b->turn.in = &b->plan_ports[0];
	return 0;
}

static void
one_turn(struct bench *b)
{
	struct xd_output *out = &b->turn.outputs[1];
	uint64_t t[STAGES + 1];

	offer(b, &b->tx, HEADER + FRAME, 0);
	offer(b, &b->rx, RX_BYTES, XD_VRING_DESC_F_WRITE);
	b->offered += XD_BATCH;
	t[DEQUEUE] = rte_rdtsc();
	xd_vq_dequeue(&b->tx, &b->batch);
	t[INPUT] = rte_rdtsc();
	xd_bridge_input(&b->turn);
	t[LEARN] = rte_rdtsc();
	xd_bridge_learn(&b->turn);
	t[FORWARD] = rte_rdtsc();
	xd_bridge_forward(&b->turn);
	t[ENQUEUE] = rte_rdtsc();
	xd_vq_enqueue(&b->rx, out->frames, out->n, UINT16_MAX, &b->counters);
	t[RELEASE] = rte_rdtsc();
	xd_vq_release(&b->tx, &b->batch);
	t[STAGES] = rte_rdtsc();
	out->n = 0;
	b->turn.nb_busy = 0;
	for (unsigned i = 0; i < STAGES; i++)
		b->cycles[i] += t[i + 1] - t[i];
}

int
main(int argc, char **argv)
{
	unsigned flows = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1;
	struct bench *b = xd_memory_alloc(sizeof(*b), XD_NODE_ANY);
	uint64_t best[STAGES] = {0}, best_sum = UINT64_MAX;
	double total = 0;

	if (!b || flows < 1 || flows > RING) {
		fprintf(stderr, "usage: stages [FLOWS [packed]], 1 to %d\n", RING);
		return 2;
	}
	b->packed = argc > 2 && !strcmp(argv[2], "packed");
	b->mem = xd_memory_alloc(MEM_BYTES, XD_NODE_ANY);
	if (!b->mem)
		return 1;
	b->guest.n = 1;
	b->guest.regions[0] = (struct xd_guest_region){.size = MEM_BYTES, .host = b->mem};
	if (make_ring(b, &b->tx, 0, 0, flows) < 0 ||
		make_ring(b, &b->rx, RX_OFFSET, XD_VRING_DESC_F_WRITE, flows) < 0 ||
		make_bridge(b, flows) < 0)
		return 1;
	for (unsigned i = 0; i < WARM_UP; i++)
		one_turn(b);
	b->counters.tx_frames = 0;
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
		memcpy(best, b->cycles, sizeof(best));
	}
	if (b->counters.tx_frames != (uint64_t)RUNS * TURNS * XD_BATCH) {
		fprintf(stderr, "stages: frames were lost\n");
		return 1;
	}
	printf("%d B, %u flows, %s rings, TSC cycles a frame\n", FRAME, flows,
		b->packed ? "packed" : "split");
	for (unsigned i = 0; i < STAGES; i++) {
		double each = (double)best[i] / (TURNS * XD_BATCH);

		printf("  %-8s %6.1f\n", names[i], each);
		total += each;
	}
	printf("  %-8s %6.1f\n", "sum", total);
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 *     build/test/travel GUEST_CORE SWITCH_CORE [SIZE [FLOWS]]
 *
 * For each kind of ring: frames a second, the switch's cycles a frame by stage, and the lines that
 * a frame moves each way, with the least that these cost. A line goes to the switch's core, and
 * back when the guest writes or the switch has written there: as many go each way.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_pause.h>

#include "base/number.h"
#include "bridge/bridge.h"
#include "memory/memory.h"
#include "traffic/host/cpu_time.h"
#include "traffic/host/placement.h"
#include "traffic/host/tsc.h"
#include "traffic/port/port.h"
#include "travel.h"

#define WARM_UP  0.1
#define SECONDS  0.5
#define NB_PORTS 2

enum stage { DEQUEUE, BRIDGE, ENQUEUE, RELEASE, STAGES };

static const char *const stage_names[STAGES] = {"dequeue", "bridge", "enqueue", "release"};

struct travel {
	struct travel_ring tx, rx;
	struct xd_stream stream;
	struct xd_receive received;
	struct xd_batch batch;
	struct xd_turn turn;
	struct xd_counters counters;
	struct xd_port ports[NB_PORTS];
	struct xd_plan_port plan_ports[NB_PORTS];
	struct xd_plan_bridge bridge;
	struct xd_plan plan;
	uint16_t members[NB_PORTS];
	int guest_core, switch_core;
	uint32_t size, flows;
	bool ready, stop __attribute__((aligned(128)));
	uint64_t cycles[STAGES], frames; /* the switch's, of turns that had some */
};

static const struct kind {
	const char *name;
	struct xd_virtio_ring_opts opts;
} kinds[] = {
	{"guest, ids=lifo", {.size = 256, .guest = true, .lifo = true, .mergeable = true}},
	{"guest, ids=fifo", {.size = 256, .guest = true, .mergeable = true}},
	{"guest, packed", {.size = 256, .guest = true, .packed = true, .mergeable = true}},
	{"static", {.size = 1024}},
	{"static, packed", {.size = 1024, .packed = true}},
};

/* ---- Making ---- */

static int
make_ring(struct travel *t, struct travel_ring *ring, const struct kind *kind, bool write)
{
	struct xd_virtio_ring_opts opts = kind->opts;
	struct xd_vq_setup setup = {.size = opts.size,
		.packed = opts.packed,
		.mergeable = opts.mergeable,
		.base = opts.packed ? XD_PACKED_WRAP : 0,
		.drops = &ring->drops,
		.call_fd = -1};
	struct xd_error err;

	opts.room = t->size < 1518 ? 1518 : t->size;
	opts.write = write;
	opts.kick_fd = opts.call_fd = -1;
	ring->bytes = xd_virtio_ring_bytes(&opts);
	ring->mem = xd_memory_alloc(ring->bytes, XD_NODE_ANY);
	if (!ring->mem || xd_virtio_ring_init(&ring->driver, &opts, ring->mem, 0))
		return -1;
	ring->guest.n = 1;
	ring->guest.regions[0] = (struct xd_guest_region){.size = ring->bytes, .host = ring->mem};
	setup.desc_addr = (uint64_t)((const uint8_t *)ring->driver.desc - ring->mem);
	setup.avail_addr = (uint64_t)((const uint8_t *)ring->driver.avail - ring->mem);
	setup.used_addr = (uint64_t)((const uint8_t *)ring->driver.used - ring->mem);
	if (xd_vq_setup(&ring->vq, &ring->guest, &setup, &err) < 0) {
		fprintf(stderr, "travel: %s\n", err.text);
		return -1;
	}
	ring->vq.live = true;
	return 0;
}

static int
make_bridge(struct travel *t)
{
	t->bridge.fdb = xd_fdb_create(
		&(struct xd_fdb_opts){.mac_limit = 65536, .ageing_s = 300, .node = XD_NODE_ANY},
		NULL);
	t->bridge.nb_members = NB_PORTS;
	t->bridge.members = t->members;
	for (uint16_t i = 0; i < NB_PORTS; i++) {
		t->members[i] = i;
		t->plan_ports[i] = (struct xd_plan_port){
			.port = &t->ports[i], .bridge = &t->bridge, .index = i};
		t->plan.ports[i] = &t->plan_ports[i];
	}
	t->turn.plan = &t->plan;
	t->turn.batch = &t->batch;
	t->turn.in = t->turn.from = &t->plan_ports[0];
	return t->bridge.fdb ? 0 : -1;
}

/* The receiver's addresses, as its own frames would have taught them. */
static void
learn(struct travel *t)
{
	for (uint32_t flow = 0; flow < t->flows; flow++) {
		uint8_t frame[XD_STREAM_MAX];
		uint64_t key;

		xd_stream_write_any(&t->stream, frame, XD_TOUCH_FULL);
		key = xd_fdb_key(frame, 0);
		xd_fdb_learn(t->bridge.fdb, key, xd_fdb_hash(t->bridge.fdb, key), 1, 0);
	}
	t->stream.next = 0;
}

static int
make(struct travel *t, const struct kind *kind)
{
	struct xd_stream_opts stream = {.size = t->size, .flows = t->flows, .to = 1};
	struct xd_error err = {0};

	if (xd_stream_init(&t->stream, &stream, &err) || make_ring(t, &t->tx, kind, false) ||
		make_ring(t, &t->rx, kind, true) || make_bridge(t) ||
		xd_virtio_ring_load(&t->tx.driver, &t->stream)) {
		fprintf(stderr, "travel: %s\n", err.text[0] ? err.text : "no memory");
		return -1;
	}
	learn(t);
	return 0;
}

static void
free_all(struct travel *t)
{
	xd_virtio_ring_fini(&t->tx.driver);
	xd_virtio_ring_fini(&t->rx.driver);
	xd_memory_free(t->tx.mem, t->tx.bytes);
	xd_memory_free(t->rx.mem, t->rx.bytes);
	xd_fdb_destroy(t->bridge.fdb);
	xd_stream_fini(&t->stream);
	xd_memory_free(t, sizeof(*t));
}

/* ---- The two cores ---- */

static void
turn_of_switch(struct travel *t)
{
	struct xd_output *out = &t->turn.outputs[1];
	uint64_t at[STAGES + 1];

	at[DEQUEUE] = rte_rdtsc();
	if (xd_vq_dequeue(&t->tx.vq, &t->batch) == 0)
		return;
	at[BRIDGE] = rte_rdtsc();
	xd_bridge_switch(&t->turn, false);
	xd_bridge_account(&t->turn, false);
	at[ENQUEUE] = rte_rdtsc();
	xd_vq_enqueue(&t->rx.vq, out->frames, out->n, UINT16_MAX, &t->counters);
	out->n = 0;
	t->turn.nb_busy = 0;
	at[RELEASE] = rte_rdtsc();
	xd_vq_release(&t->tx.vq, &t->batch);
	at[STAGES] = rte_rdtsc();
	for (unsigned i = 0; i < STAGES; i++)
		t->cycles[i] += at[i + 1] - at[i];
	t->frames += t->batch.n;
}

static void *
run_switch(void *arg)
{
	struct travel *t = arg;

	xd_cpu_pin(t->switch_core);
	__atomic_store_n(&t->ready, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&t->stop, __ATOMIC_RELAXED))
		turn_of_switch(t);
	return NULL;
}

static void
one_burst(struct travel *t)
{
	xd_virtio_ring_receive(&t->rx.driver, XD_TOUCH_FULL, t->size, XD_GEN_BURST, &t->received);
	xd_virtio_ring_send(&t->tx.driver, &t->stream, XD_TOUCH_FULL, XD_GEN_BURST);
}

static void
run_guests(struct travel *t, double seconds, double tsc_hz)
{
	const uint64_t start = rte_rdtsc(), cycles = (uint64_t)(seconds * tsc_hz);

	while (rte_rdtsc() - start < cycles)
		one_burst(t);
}

/* ---- Figures ---- */

static void
print(const struct travel *t, const char *name, uint64_t frames, double placement_ns,
	struct travel_cost cost)
{
	struct travel_lines tx = travel_lines(&t->tx, XD_VIRTIO_HEADER + t->size);
	struct travel_lines rx = travel_lines(&t->rx, XD_VIRTIO_HEADER + t->size);
	double sum = 0, lines = travel_lines_sum(&tx) + travel_lines_sum(&rx);

	printf("%s: %.1f Mpps, cores %.0f ns apart (%s)\n ", name, (double)frames / SECONDS / 1e6,
		placement_ns, xd_placement_class(placement_ns, placement_ns));
	for (unsigned i = 0; i < STAGES; i++) {
		double each = (double)t->cycles[i] / (double)t->frames;

		printf(" %s %.1f", stage_names[i], each);
		sum += each;
	}
	printf(", all %.1f cycles a frame\n", sum);
	if (tx.bytes == 0 || rx.bytes == 0) {
		printf("  no whole batch was there to count lines in\n");
		return;
	}
	printf("  lines: frame %.2f + %.2f, descriptors %.2f + %.2f, entries %.2f + %.2f, "
	       "indices %.2f + %.2f: %.2f, at least %.0f cycles\n",
		tx.bytes, rx.bytes, tx.descriptors, rx.descriptors, tx.entries, rx.entries,
		tx.indices, rx.indices, lines,
		travel_lines_sum(&tx) * cost.read + travel_lines_sum(&rx) * cost.write);
}

static int
measure(const struct kind *kind, const struct travel *like, double tsc_hz, struct travel_cost cost)
{
	struct travel *t = xd_memory_alloc(sizeof(*t), XD_NODE_ANY);
	double placement_ns = xd_placement_ns(like->guest_core, like->switch_core, tsc_hz);
	uint64_t frames;
	pthread_t thread;

	if (!t)
		return -1;
	t->size = like->size;
	t->flows = like->flows;
	t->guest_core = like->guest_core;
	t->switch_core = like->switch_core;
	if (make(t, kind) || xd_cpu_pin(t->guest_core) ||
		pthread_create(&thread, NULL, run_switch, t))
		return -1;
	/* It begins on our core, and goes to its own: with a real-time priority only if we let it.
	 */
	while (!__atomic_load_n(&t->ready, __ATOMIC_ACQUIRE))
		sched_yield();
	run_guests(t, WARM_UP, tsc_hz);
	t->received.frames = 0;
	run_guests(t, SECONDS, tsc_hz);
	frames = t->received.frames;
	/* The switch stops first, with work in its rings. */
	__atomic_store_n(&t->stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	for (unsigned i = 0; i < t->tx.driver.size / XD_GEN_BURST; i++)
		one_burst(t);
	print(t, kind->name, frames, placement_ns, cost);
	free_all(t);
	return 0;
}

static int
usage(void)
{
	fprintf(stderr, "Usage: travel GUEST_CORE SWITCH_CORE [SIZE [FLOWS]]\n"
			"SIZE 60 to 1518 bytes (64), FLOWS 1 to 65536 pairs of addresses (1)\n");
	return 2;
}

int
main(int argc, char **argv)
{
	struct travel like = {0};
	uint64_t numbers[4] = {0, 0, 64, 1};
	const struct {
		uint64_t least, most;
	} ranges[] = {{0, 1023}, {0, 1023}, {XD_STREAM_MIN, 1518}, {1, 65536}};
	struct travel_cost cost;
	double tsc_hz;

	if (argc < 3 || argc > 5)
		return usage();
	for (int i = 1; i < argc; i++)
		if (xd_number_parse(
			    argv[i], ranges[i - 1].least, ranges[i - 1].most, &numbers[i - 1]))
			return usage();
	like.guest_core = (int)numbers[0];
	like.switch_core = (int)numbers[1];
	like.size = (uint32_t)numbers[2];
	like.flows = (uint32_t)numbers[3];
	if (like.guest_core == like.switch_core)
		return usage();
	tsc_hz = xd_tsc_calibrate();
	cost = travel_cost(like.switch_core, like.guest_core);
	printf("%u B, %u flows; of %.1f and %.1f cycles are the reading of a line that the other "
	       "core wrote and the writing of one that it read\n",
		like.size, like.flows, cost.read, cost.write);
	for (unsigned i = 0; i < RTE_DIM(kinds); i++)
		if (measure(&kinds[i], &like, tsc_hz, cost))
			return EXIT_FAILURE;
	return EXIT_SUCCESS;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a bare memcpy moves where a switch moves frames: the bound that copying once has on this
 * machine.
 *
 * Two pools of buffers lie as two guests' do: the generator's ring layout, with its page size, its
 * stride and its number of buffers. One core does what the generator does with touch=full, in
 * turns: it reads every byte of what has come, and writes every byte of what goes next. The other
 * core copies header and frame from one pool to the other, and does nothing else. What takes the
 * place of rings is a number for each side, written once for each 128 KiB.
 */
#include <errno.h>
#include <linux/memfd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/number.h"
#include "traffic/host/cpu_time.h"
#include "traffic/host/placement.h"
#include "traffic/host/tsc.h"
#include "traffic/port/port.h"
#include "traffic/port/virtio_ring.h"

#define HUGE_BYTES (2ul << 20)
#define TURN_BYTES (128 * 1024)

struct pool {
	struct xd_virtio_ring ring; /* for its layout */
	uint8_t *memory;
	size_t bytes;
};

struct run {
	/* Frames so far, free running. */
	uint32_t written __attribute__((aligned(128))); /* by the guests' core */
	uint32_t read __attribute__((aligned(128)));    /* by it, too */
	uint32_t copied __attribute__((aligned(128)));  /* by the copying core */
	bool stop __attribute__((aligned(128)));
	struct pool from, to;
	struct xd_stream stream;
	xd_line sum;
	int guest_core, copy_core;
	uint64_t size, entries;
	double time_s, warmup_s, tsc_hz;
	uint64_t busy_cycles; /* of copying */
};

static void *
map(size_t bytes, unsigned flags)
{
	int fd = memfd_create("copy", MFD_CLOEXEC | flags);
	void *memory = MAP_FAILED;

	if (fd < 0)
		return NULL;
	if (ftruncate(fd, (off_t)bytes) == 0)
		memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

/* As the generator's virtio port maps its memory: a ring for each direction. */
static int
make_pool(struct pool *pool, const struct run *run)
{
	struct xd_virtio_ring_opts opts = {.size = (uint16_t)run->entries,
		.room = (uint32_t)run->size,
		.kick_fd = -1,
		.call_fd = -1};

	pool->bytes = (2 * xd_virtio_ring_bytes(&opts) + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1);
	pool->memory = map(pool->bytes, MFD_HUGETLB | MFD_HUGE_2MB);
	if (!pool->memory)
		pool->memory = map(pool->bytes, 0);
	if (!pool->memory)
		return -ENOMEM;
	madvise(pool->memory, pool->bytes, MADV_HUGEPAGE);
	memset(pool->memory, 0, pool->bytes);
	return xd_virtio_ring_init(&pool->ring, &opts, pool->memory, 0);
}

static void
free_pool(struct pool *pool)
{
	xd_virtio_ring_fini(&pool->ring);
	munmap(pool->memory, pool->bytes);
}

static uint8_t *
frame(const struct run *run, const struct pool *pool, uint32_t n)
{
	return pool->ring.frames + (n & (run->entries - 1)) * pool->ring.stride;
}

/* Copies what is there, at most a turn. Returns frames. */
static uint32_t
copy_turn(struct run *run)
{
	uint32_t at = run->copied, n = __atomic_load_n(&run->written, __ATOMIC_ACQUIRE) - at;
	uint32_t room =
		(uint32_t)run->entries - (at - __atomic_load_n(&run->read, __ATOMIC_ACQUIRE));
	uint32_t most = TURN_BYTES / (uint32_t)run->size + 1;

	if (n > room)
		n = room;
	if (n > most)
		n = most;
	for (uint32_t i = 0; i < n; i++)
		memcpy(frame(run, &run->to, at + i) - XD_VIRTIO_HEADER,
			frame(run, &run->from, at + i) - XD_VIRTIO_HEADER,
			run->size + XD_VIRTIO_HEADER);
	if (n)
		__atomic_store_n(&run->copied, at + n, __ATOMIC_RELEASE);
	return n;
}

static void *
copy(void *arg)
{
	struct run *run = arg;
	uint64_t before = 0, now;

	if (xd_cpu_pin(run->copy_core))
		return NULL;
	before = xd_tsc();
	while (!__atomic_load_n(&run->stop, __ATOMIC_RELAXED)) {
		uint32_t n = copy_turn(run);

		now = xd_tsc();
		if (n)
			__atomic_store_n(&run->busy_cycles, run->busy_cycles + now - before,
				__ATOMIC_RELAXED);
		before = now;
	}
	return NULL;
}

/* One turn of both guests. Returns frames that arrived. */
static uint32_t
guest_turn(struct run *run)
{
	uint32_t there = __atomic_load_n(&run->copied, __ATOMIC_ACQUIRE);
	uint32_t n = there - run->read;
	uint32_t room = (uint32_t)run->entries - (run->written - there);

	n = n < XD_GEN_BURST ? n : XD_GEN_BURST;
	room = room < XD_GEN_BURST ? room : XD_GEN_BURST;
	for (uint32_t i = 0; i < n; i++)
		run->sum ^= xd_lines_read(
			frame(run, &run->to, run->read + i), xd_lines((uint32_t)run->size));
	__atomic_store_n(&run->read, run->read + n, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < room; i++)
		xd_stream_write_any(
			&run->stream, frame(run, &run->from, run->written + i), XD_TOUCH_FULL);
	__atomic_store_n(&run->written, run->written + room, __ATOMIC_RELEASE);
	return n;
}

/* For so many seconds; returns frames that arrived and sets *seconds. */
static uint64_t
measure(struct run *run, double wanted_s, double *seconds)
{
	uint64_t start = xd_tsc(), cycles = (uint64_t)(wanted_s * run->tsc_hz), frames = 0, now;

	do {
		frames += guest_turn(run);
		now = xd_tsc();
	} while (now - start < cycles);
	*seconds = (double)(now - start) / run->tsc_hz;
	return frames;
}

static void
print(const struct run *run, uint64_t frames, double seconds, uint64_t busy_cycles,
	const double placement[2], double steal_s)
{
	double pps = (double)frames / seconds;

	printf("{\"size\": %u, \"time_s\": %.6f, \"pps\": %.1f, \"l2_bps\": %.1f,\n"
	       " \"placement\": {\"before_ns\": %.1f, \"after_ns\": %.1f, \"class\": \"%s\"},\n"
	       " \"switch\": {\"busy_cycles_per_frame\": %.1f}, \"steal_s\": %.3f}\n",
		(unsigned)run->size, seconds, pps, pps * 8 * (double)run->size, placement[0],
		placement[1], xd_placement_class(placement[0], placement[1]),
		frames ? (double)busy_cycles / (double)frames : 0.0, steal_s);
}

static int
go(struct run *run)
{
	double placement[2], seconds;
	uint64_t frames, busy_cycles;
	struct xd_cpu_time before;
	pthread_t thread;

	run->tsc_hz = xd_tsc_calibrate();
	placement[0] = xd_placement_ns(run->guest_core, run->copy_core, run->tsc_hz);
	if (xd_cpu_pin(run->guest_core) || pthread_create(&thread, NULL, copy, run)) {
		fprintf(stderr, "copy: cannot run on cores %d and %d\n", run->guest_core,
			run->copy_core);
		return EXIT_FAILURE;
	}
	measure(run, run->warmup_s, &seconds);
	before = xd_cpu_time();
	busy_cycles = __atomic_load_n(&run->busy_cycles, __ATOMIC_RELAXED);
	frames = measure(run, run->time_s, &seconds);
	busy_cycles = __atomic_load_n(&run->busy_cycles, __ATOMIC_RELAXED) - busy_cycles;
	__atomic_store_n(&run->stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	placement[1] = xd_placement_ns(run->guest_core, run->copy_core, run->tsc_hz);
	print(run, frames, seconds, busy_cycles, placement, xd_cpu_time().steal_s - before.steal_s);
	return EXIT_SUCCESS;
}

static int
usage(void)
{
	fprintf(stderr, "Usage: copy GUEST_CORE COPY_CORE BYTES BUFFERS SECONDS WARMUP_SECONDS\n"
			"BYTES 60 to 65549; BUFFERS a power of two from 32 to 32768\n");
	return 2;
}

int
main(int argc, char **argv)
{
	struct run *run = aligned_alloc(128, (sizeof(*run) + 127) / 128 * 128);
	struct xd_stream_opts stream = {.flows = 1, .to = 1, .offload = {.tso = true, .mss = 1448}};
	struct xd_error err = {0};
	uint64_t cores[2];
	int ret;

	if (!run)
		return EXIT_FAILURE;
	memset(run, 0, sizeof(*run));
	if (argc != 7 || xd_number_parse(argv[1], 0, 1023, &cores[0]) ||
		xd_number_parse(argv[2], 0, 1023, &cores[1]) ||
		xd_number_parse(argv[3], XD_STREAM_MIN, XD_STREAM_MAX, &run->size) ||
		xd_number_parse(argv[4], 32, 32768, &run->entries) ||
		(run->entries & (run->entries - 1)))
		return usage();
	run->guest_core = (int)cores[0];
	run->copy_core = (int)cores[1];
	run->time_s = strtod(argv[5], NULL);
	run->warmup_s = strtod(argv[6], NULL);
	stream.size = (uint32_t)run->size;
	if (!(run->time_s > 0) || run->guest_core == run->copy_core)
		return usage();
	if (xd_stream_init(&run->stream, &stream, &err) || make_pool(&run->from, run) ||
		make_pool(&run->to, run)) {
		fprintf(stderr, "copy: no memory for %s\n", err.text[0] ? err.text : "two pools");
		return EXIT_FAILURE;
	}
	ret = go(run);
	free_pool(&run->from);
	free_pool(&run->to);
	xd_stream_fini(&run->stream);
	free(run);
	return ret;
}

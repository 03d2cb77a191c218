/* SPDX-License-Identifier: BSD-3-Clause */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_pause.h>

#include "traffic/frames/wide.h"
#include "traffic/host/cpu_time.h"
#include "travel.h"

/* ---- Lines of a batch ---- */

/* Lines that were seen, each once. */
struct set {
	uintptr_t lines[8 * XD_BATCH * 32];
	unsigned n;
};

static void
add(struct set *set, const void *at, size_t bytes)
{
	const uintptr_t first = (uintptr_t)at / XD_LINE;
	const uintptr_t last = ((uintptr_t)at + bytes - 1) / XD_LINE;

	for (uintptr_t line = first; line <= last; line++) {
		unsigned i = 0;

		while (i < set->n && set->lines[i] != line)
			i++;
		if (i == set->n && set->n < RTE_DIM(set->lines))
			set->lines[set->n++] = line;
	}
}

static double
each(const struct set *set)
{
	return (double)set->n / XD_BATCH;
}

static struct travel_lines
split_lines(const struct travel_ring *ring, uint32_t len)
{
	const struct xd_virtio_ring *r = &ring->driver;
	const uint16_t at = ring->vq.last_avail;
	struct set bytes = {.n = 0}, descriptors = {.n = 0}, entries = {.n = 0};

	if ((uint16_t)(r->avail->idx - at) < XD_BATCH)
		return (struct travel_lines){0};
	for (uint16_t i = 0; i < XD_BATCH; i++) {
		const uint16_t slot = (uint16_t)(at + i) & r->mask;
		const struct xd_vring_desc *d = &r->desc[r->avail->ring[slot]];

		add(&entries, &r->avail->ring[slot], sizeof(r->avail->ring[slot]));
		add(&entries, &r->used->ring[slot], sizeof(r->used->ring[slot]));
		add(&descriptors, d, sizeof(*d));
		add(&bytes, ring->mem + d->addr, len);
	}
	return (struct travel_lines){
		each(&bytes), each(&descriptors), each(&entries), 2.0 / XD_BATCH};
}

static struct travel_lines
packed_lines(const struct travel_ring *ring, uint32_t len)
{
	const struct xd_virtio_ring *r = &ring->driver;
	const uint16_t at = ring->vq.last_avail & 0x7fff;
	struct set bytes = {.n = 0}, descriptors = {.n = 0};

	for (uint16_t i = 0; i < XD_BATCH; i++) {
		const struct xd_packed_desc *d = &r->ring[(uint16_t)(at + i) & r->mask];

		add(&descriptors, d, sizeof(*d));
		add(&bytes, ring->mem + d->addr, len);
	}
	return (struct travel_lines){each(&bytes), each(&descriptors), 0, 0};
}

struct travel_lines
travel_lines(const struct travel_ring *ring, uint32_t len)
{
	struct travel_lines lines =
		ring->driver.packed ? packed_lines(ring, len) : split_lines(ring, len);

	if (ring->driver.guest || lines.bytes == 0)
		return lines;
	/* Headers, and a split ring's descriptors and entries, are never written anew. */
	lines.bytes = xd_lines(len - XD_VIRTIO_HEADER);
	lines.entries = 0;
	if (!ring->driver.packed)
		lines.descriptors = 0;
	return lines;
}

double
travel_lines_sum(const struct travel_lines *lines)
{
	return lines->bytes + lines->descriptors + lines->entries + lines->indices;
}

/* ---- What a line costs ---- */

#define LINES  128 /* at once */
#define ROUNDS 300
#define SPREAD (1u << 19) /* lines in which they lie */

struct exchange {
	uint8_t *mem;
	uint32_t at[LINES];
	bool write; /* what the other core does */
	int other;
	uint64_t asked, done __attribute__((aligned(128)));
	bool ready, stop;
	xd_line sum;
};

static xd_line *
line_at(const struct exchange *e, unsigned i)
{
	return (xd_line *)(void *)(e->mem + (size_t)e->at[i] * XD_LINE);
}

static xd_line
touch(const struct exchange *e, bool write, uint64_t value)
{
	xd_line sum = {value};

	for (unsigned i = 0; i < LINES; i++) {
		if (write)
			*line_at(e, i) = sum;
		else
			sum ^= *line_at(e, i);
	}
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return sum;
}

static void *
answer(void *arg)
{
	struct exchange *e = arg;
	uint64_t seen = 0;

	xd_cpu_pin(e->other);
	__atomic_store_n(&e->ready, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&e->stop, __ATOMIC_RELAXED)) {
		uint64_t asked = __atomic_load_n(&e->asked, __ATOMIC_ACQUIRE);

		if (asked == seen)
			continue;
		seen = asked;
		e->sum ^= touch(e, e->write, seen);
		__atomic_store_n(&e->done, seen, __ATOMIC_RELEASE);
	}
	return NULL;
}

static int
compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Cycles a line of the fastest half of rounds, on average. */
static double
measure(struct exchange *e, bool write)
{
	uint64_t cycles[ROUNDS], sum = 0;

	e->write = !write;
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t start;

		for (unsigned k = 0; k < LINES; k++)
			e->at[k] = (uint32_t)rand() % SPREAD;
		touch(e, true, i);
		__atomic_store_n(&e->asked, e->asked + 1, __ATOMIC_RELEASE);
		while (__atomic_load_n(&e->done, __ATOMIC_ACQUIRE) != e->asked)
			rte_pause();
		start = rte_rdtsc();
		e->sum ^= touch(e, write, i);
		cycles[i] = rte_rdtsc() - start;
	}
	qsort(cycles, ROUNDS, sizeof(cycles[0]), compare);
	for (unsigned i = 0; i < ROUNDS / 2; i++)
		sum += cycles[i];
	return (double)sum / (ROUNDS / 2) / LINES;
}

struct travel_cost
travel_cost(int core, int other)
{
	struct exchange *e = aligned_alloc(128, (sizeof(*e) + 127) / 128 * 128);
	struct travel_cost cost = {0};
	cpu_set_t allowed;
	pthread_t thread;

	if (!e || sched_getaffinity(0, sizeof(allowed), &allowed))
		return cost;
	memset(e, 0, sizeof(*e));
	e->other = other;
	e->mem = aligned_alloc(XD_LINE, (size_t)SPREAD * XD_LINE);
	if (e->mem && !xd_cpu_pin(core) && !pthread_create(&thread, NULL, answer, e)) {
		memset(e->mem, 0, (size_t)SPREAD * XD_LINE);
		while (!__atomic_load_n(&e->ready, __ATOMIC_ACQUIRE))
			sched_yield();
		cost.read = measure(e, false);
		cost.write = measure(e, true);
		__atomic_store_n(&e->stop, true, __ATOMIC_RELAXED);
		pthread_join(thread, NULL);
	}
	sched_setaffinity(0, sizeof(allowed), &allowed);
	free(e->mem);
	free(e);
	return cost;
}

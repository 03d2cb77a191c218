/* SPDX-License-Identifier: BSD-3-Clause */
/* Big tables: mapped zeroed, on huge pages and on a NUMA node if it can be had. */
#include "memory/memory.h"

#include <errno.h>
#include <linux/mman.h>
#include <numa.h>
#include <numaif.h>
#include <sys/mman.h>

#include <rte_eal.h>

#define SMALL_PAGE ((size_t)4096)
#define HUGE_PAGE  ((size_t)2 << 20)
#define HUGE_FROM  ((size_t)1 << 20) /* smaller tables would waste most of a huge page */

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

static size_t
round_up(size_t bytes, size_t unit)
{
	return (bytes + unit - 1) & ~(unit - 1);
}

/* What is mapped for a table of so many bytes: alloc and free must agree. */
static size_t
mapped_bytes(size_t bytes)
{
	return round_up(bytes, bytes >= HUGE_FROM ? HUGE_PAGE : SMALL_PAGE);
}

/* Prefers a node. Only a wish: binding would turn a node without free huge pages into SIGBUS. */
static void
prefer_node(void *p, size_t bytes, int node)
{
	unsigned long mask[16] = {0};
	const unsigned bits = 8 * sizeof(mask[0]);

	if (node < 0 || (size_t)node >= 8 * sizeof(mask) || numa_available() < 0 ||
		numa_max_node() < 1)
		return;
	mask[(unsigned)node / bits] = 1ul << ((unsigned)node % bits);
	mbind(p, bytes, MPOL_PREFERRED, mask, 8 * sizeof(mask), 0);
}

bool
xd_memory_touch(void *p, size_t bytes)
{
	return madvise(p, bytes, MADV_POPULATE_WRITE) == 0 || errno == EINVAL;
}

static void *
map_huge(size_t bytes, int node)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	prefer_node(p, bytes, node);
	if (!xd_memory_touch(p, bytes)) {
		munmap(p, bytes);
		return NULL;
	}
	return p;
}

static void *
map_ordinary(size_t bytes, size_t align, int node)
{
	size_t spare = align > SMALL_PAGE ? align : 0;
	uint8_t *p = mmap(
		NULL, bytes + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before;

	if (p == MAP_FAILED)
		return NULL;
	if (spare != 0) {
		before = round_up((uintptr_t)p, align) - (uintptr_t)p;
		if (before != 0)
			munmap(p, before);
		if (before != spare)
			munmap(p + before + bytes, spare - before);
		p += before;
		madvise(p, bytes, MADV_HUGEPAGE);
	}
	prefer_node(p, bytes, node);
	return p;
}

void *
xd_memory_alloc(size_t bytes, int node)
{
	size_t mapped = mapped_bytes(bytes);
	void *p = NULL;

	if (mapped < bytes || mapped == 0 || mapped > SIZE_MAX - HUGE_PAGE) {
		errno = bytes == 0 ? EINVAL : ENOMEM;
		return NULL;
	}
	/* With an EAL told to use no huge pages, neither do we. */
	if (bytes >= HUGE_FROM && rte_eal_has_hugepages())
		p = map_huge(mapped, node);
	if (p == NULL)
		p = map_ordinary(mapped, bytes >= HUGE_FROM ? HUGE_PAGE : SMALL_PAGE, node);
	return p;
}

void
xd_memory_free(void *p, size_t bytes)
{
	if (p != NULL)
		munmap(p, mapped_bytes(bytes));
}

int
xd_memory_core_node(unsigned core)
{
	if (numa_available() < 0)
		return XD_NODE_ANY;
	return numa_node_of_cpu((int)core);
}

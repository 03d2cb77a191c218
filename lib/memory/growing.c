/* SPDX-License-Identifier: BSD-3-Clause */
/* See growing.h. */
#include "memory/growing.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/utsname.h>

#include <rte_common.h>

#include "memory/memory.h"

#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)

bool
xd_growing_init(struct xd_growing *g, size_t most, int node)
{
	uint8_t *all = mmap(NULL, most + XD_GROWING_FIRST, PROT_NONE, ANONYMOUS, -1, 0), *base;

	if (all == MAP_FAILED)
		return false;
	base = RTE_PTR_ALIGN_CEIL(all, XD_GROWING_FIRST);
	if (base > all)
		munmap(all, (size_t)(base - all));
	munmap(base + most, (size_t)(all + XD_GROWING_FIRST - base));
	*g = (struct xd_growing){
		.base = base, .most = most, .ready = RTE_MIN(most, XD_GROWING_FIRST), .node = node};
	/* Small tables take what they use, even where the system would give whole huge pages. */
	madvise(base, g->ready, MADV_NOHUGEPAGE);
	if (mprotect(base, g->ready, PROT_READ | PROT_WRITE) == 0)
		return true;
	xd_growing_fini(g);
	return false;
}

void
xd_growing_fini(struct xd_growing *g)
{
	if (g->base)
		munmap(g->base, g->most);
	g->base = NULL;
}

/* Before Linux 5.16 mremap refuses reserved huge pages, when it has unmapped where they were to go.
 */
static bool
can_be_moved(void)
{
	struct utsname system;
	unsigned major, minor;

	return uname(&system) == 0 && sscanf(system.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 5 || (major == 5 && minor >= 16));
}

/* Memory of the node, in huge pages if they can be had. */
static bool
put_in_place(struct xd_growing *g, size_t bytes)
{
	void *p = xd_memory_alloc(bytes, g->node);

	if (!p)
		return false;
	if (xd_memory_touch(p, bytes)) {
		if (mremap(p, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, g->base + g->ready) !=
			MAP_FAILED)
			return true;
		/* The addresses may be free by now, or another's. */
		g->most = g->ready;
	}
	xd_memory_free(p, bytes);
	return false;
}

/* Ordinary memory, of any node. */
static bool
make_in_place(const struct xd_growing *g, size_t bytes)
{
	uint8_t *at = g->base + g->ready;

	if (mprotect(at, bytes, PROT_READ | PROT_WRITE) != 0)
		return false;
	madvise(at, bytes, MADV_HUGEPAGE);
	if (xd_memory_touch(at, bytes))
		return true;
	madvise(at, bytes, MADV_DONTNEED);
	return false;
}

bool
xd_growing_extend(struct xd_growing *g, size_t bytes)
{
	const size_t more = bytes - g->ready;

	if (bytes > g->most || !(can_be_moved() ? put_in_place(g, more) : make_in_place(g, more)))
		return false;
	g->ready = bytes;
	return true;
}

void
xd_growing_cut(struct xd_growing *g, size_t bytes)
{
	const size_t first = RTE_MIN(g->most, XD_GROWING_FIRST);

	if (bytes < first) {
		madvise(g->base + bytes, first - bytes, MADV_DONTNEED);
		bytes = first;
	}
	/* Where that cannot be, the memory stays, and is used again. */
	if (bytes < g->ready && mmap(g->base + bytes, g->ready - bytes, PROT_READ | PROT_WRITE,
					ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
		g->ready = bytes;
}

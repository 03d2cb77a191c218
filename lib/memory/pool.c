/* SPDX-License-Identifier: BSD-3-Clause */
/* Pools of packet buffers. */
#include "base/loop.h"
#include "memory/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#define CACHE      256u /* buffers that each lcore keeps for itself */
#define SMALL_PAGE 4096u
#define RECLAIM_MS 1000u

static uint64_t
needed_mib(unsigned n, unsigned data_room)
{
	struct rte_mempool_objsz size;
	uint64_t bytes = rte_mempool_calc_obj_size(sizeof(struct rte_mbuf) + data_room, 0, &size);

	/* A buffer does not cross an ordinary page unless it is longer. */
	if (!rte_eal_has_hugepages() && bytes < SMALL_PAGE)
		bytes = SMALL_PAGE / (SMALL_PAGE / bytes);
	return (n * (bytes + sizeof(void *)) >> 20) + 1;
}

/* Without huge pages the EAL's memory does not grow, and an attempt that fails would touch all
 * of it. */
static bool
cannot_fit(unsigned n, unsigned data_room)
{
	uint64_t unused = 0;

	if (rte_eal_has_hugepages())
		return false;
	for (unsigned i = 0; i < rte_socket_count(); i++) {
		struct rte_malloc_socket_stats stats;

		if (rte_malloc_get_socket_stats(rte_socket_id_by_idx(i), &stats) == 0)
			unused += stats.heap_freesz_bytes;
	}
	return needed_mib(n, data_room) > unused >> 20;
}

/* Text for a pool that does not fit: how much it needs, and what to type. */
static void
fail_no_memory(struct xd_error *err, unsigned n, unsigned data_room)
{
	uint64_t mib = needed_mib(n, data_room);

	if (rte_eal_has_hugepages())
		xd_fail(err, -ENOMEM,
			"%u packet buffers need %lu MiB of hugepages and they are not free; add "
			"%lu pages of 2 MiB to what is in "
			"/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages, or use fewer "
			"queues",
			n, mib, (mib + 1) / 2);
	else
		xd_fail(err, -ENOMEM,
			"%u packet buffers need %lu MiB and the EAL has no more; start it with the "
			"EAL option -m and more megabytes (512 if nothing is said), or use fewer "
			"queues",
			n, mib);
}

static struct rte_mempool *
create(const char *name, unsigned n, unsigned data_room, int node)
{
	unsigned cache = n * 2 / 3 < CACHE ? n * 2 / 3 : CACHE; /* the most that a mempool allows */

	return rte_pktmbuf_pool_create(name, n, cache, 0, (uint16_t)data_room, node);
}

struct rte_mempool *
xd_pool_create(const char *name, unsigned n, unsigned data_room, int node, struct xd_error *err)
{
	struct rte_mempool *pool;

	if (n == 0 || data_room <= RTE_PKTMBUF_HEADROOM || data_room > UINT16_MAX) {
		xd_fail(err, -EINVAL, "%u packet buffers of %u bytes: not possible", n, data_room);
		return NULL;
	}
	if (cannot_fit(n, data_room)) {
		fail_no_memory(err, n, data_room);
		return NULL;
	}
	pool = create(name, n, data_room, node < 0 ? SOCKET_ID_ANY : node);
	/* Far memory is slower than near memory, and better than no port. */
	if (pool == NULL && rte_errno == ENOMEM && node >= 0)
		pool = create(name, n, data_room, SOCKET_ID_ANY);
	if (pool == NULL) {
		if (rte_errno == ENOMEM)
			fail_no_memory(err, n, data_room);
		else
			xd_fail(err, -rte_errno, "pool %s of %u packet buffers: %s", name, n,
				rte_strerror(rte_errno));
	}
	return pool;
}

/* A pool whose owner is gone, until its last buffer is back. */
struct leftover {
	struct rte_mempool *pool;
	struct xd_timer *timer;
};

static void
on_reclaim(void *ctx)
{
	struct leftover *left = ctx;

	if (!rte_mempool_full(left->pool))
		return;
	xd_loop_timer_cancel(left->timer);
	rte_mempool_free(left->pool);
	free(left);
}

/* The loop goes before the last buffer is back, and nobody can tell when that is. */
static void
on_end(void *ctx)
{
	struct leftover *left = ctx;

	if (rte_mempool_full(left->pool))
		rte_mempool_free(left->pool);
	free(left);
}

bool
xd_pool_free_later(struct rte_mempool *pool, struct xd_loop *loop)
{
	struct leftover *left;

	if (pool == NULL || rte_mempool_full(pool)) {
		rte_mempool_free(pool);
		return true;
	}
	left = loop != NULL ? calloc(1, sizeof(*left)) : NULL;
	if (left != NULL) {
		left->pool = pool;
		left->timer = xd_loop_timer(loop, RECLAIM_MS, RECLAIM_MS, on_reclaim, left);
	}
	if (left != NULL && left->timer != NULL) {
		xd_loop_timer_at_end(left->timer, on_end);
		return true;
	}
	free(left);
	return false;
}

static void
add_chunk(struct rte_mempool *pool, void *opaque, struct rte_mempool_memhdr *chunk, unsigned index)
{
	uint64_t *bytes = opaque;

	(void)pool;
	(void)index;
	*bytes += chunk->len;
}

uint64_t
xd_pool_bytes(const struct rte_mempool *pool)
{
	uint64_t bytes = 0;

	if (pool == NULL)
		return 0;
	/* The iterator changes nothing; its type does not say so. */
	rte_mempool_mem_iter((struct rte_mempool *)(uintptr_t)pool, add_chunk, &bytes);
	return bytes + sizeof(*pool) + RTE_MAX_LCORE * sizeof(struct rte_mempool_cache) +
	       rte_align32pow2(pool->size + 1) * sizeof(void *);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* NUMA nodes: of the EAL, of the system, of pages. */
#include <stdio.h>
#include <string.h>

#include <numa.h>
#include <numaif.h>

#include <rte_malloc.h>
#include <rte_mempool.h>

#include "crossdock.h"
#include "memory/nodes.h"

unsigned
xd_memory_nodes(void)
{
	return numa_available() < 0 ? 1 : (unsigned)numa_max_node() + 1;
}

void
xd_memory_eal_node(unsigned node, uint64_t *bytes, uint64_t *used_bytes)
{
	struct rte_malloc_socket_stats stats;
	bool known = rte_malloc_get_socket_stats((int)node, &stats) == 0;

	*bytes = known ? stats.heap_totalsz_bytes : 0;
	*used_bytes = known ? stats.heap_allocsz_bytes : 0;
}

struct pools {
	struct xd_memory_pool *list;
	unsigned n, max;
};

static void
add_pool(struct rte_mempool *pool, void *arg)
{
	struct pools *pools = arg;
	struct xd_memory_pool *to = &pools->list[pools->n];

	if (pools->n == pools->max)
		return;
	pools->n++;
	*to = (struct xd_memory_pool){
		.node = pool->socket_id,
		.buffers = pool->size,
		.in_use = rte_mempool_in_use_count(pool),
		.bytes = xd_pool_bytes(pool),
	};
	snprintf(to->name, sizeof(to->name), "%s", pool->name);
}

unsigned
xd_memory_pools(struct xd_memory_pool *list, unsigned max)
{
	struct pools pools = {list, 0, max};

	rte_mempool_walk(add_pool, &pools);
	return pools.n;
}

static uint64_t
read_number(const char *system, unsigned node, unsigned kib, const char *name)
{
	char path[256];
	unsigned long number = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/node%u/hugepages/hugepages-%ukB/%s", system, node, kib,
		name);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%lu", &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

unsigned
xd_memory_node_pages(const char *system, unsigned node, struct xd_node_pages pages[2])
{
	static const unsigned kib[] = {2048, 1048576};
	unsigned n = 0;

	for (unsigned i = 0; i < 2; i++) {
		pages[n] = (struct xd_node_pages){
			.page_bytes = (uint64_t)kib[i] << 10,
			.total = read_number(system, node, kib[i], "nr_hugepages"),
			.free = read_number(system, node, kib[i], "free_hugepages"),
		};
		n += pages[n].total != 0;
	}
	return n;
}

int
xd_memory_pages_node(void *const *pages, unsigned n, int otherwise, xd_move_pages_fn ask)
{
	void *asked[XD_NODE_SAMPLES];
	int status[XD_NODE_SAMPLES];
	unsigned known = 0;

	if (n > XD_NODE_SAMPLES)
		n = XD_NODE_SAMPLES;
	memcpy(asked, pages, n * sizeof(*asked));
	if (n == 0 || (ask ? ask : move_pages)(0, n, asked, NULL, status, 0) < 0)
		return otherwise;
	for (unsigned i = 0; i < n; i++)
		known += status[i] >= 0;
	for (unsigned i = 0; i < n; i++) {
		unsigned same = 0;

		for (unsigned k = 0; k < n; k++)
			same += status[i] >= 0 && status[k] == status[i];
		if (same && 4 * same >= 3 * known)
			return status[i];
	}
	return otherwise;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks the kernel about its NUMA nodes. */
#include <numa.h>
#include <numaif.h>
#include <stdint.h>

#include "traffic/host/numa.h"

#define STEP_BYTES ((size_t)2 << 20)

unsigned
xd_numa_nodes(void)
{
	unsigned n = 0;

	for (int node = 0; numa_available() >= 0 && node <= numa_max_node(); node++)
		n += xd_numa_has(node);
	return n ? n : 1;
}

bool
xd_numa_has(int node)
{
	if (numa_available() < 0)
		return node == 0;
	return node >= 0 && node <= numa_max_node() &&
	       numa_bitmask_isbitset(numa_all_nodes_ptr, (unsigned)node);
}

int
xd_numa_node_of(const void *at, size_t bytes)
{
	int found = XD_NUMA_UNKNOWN, node;

	for (size_t i = 0; i < bytes; i += STEP_BYTES) {
		if (get_mempolicy(
			    &node, NULL, 0, (void *)((uintptr_t)at + i), MPOL_F_NODE | MPOL_F_ADDR))
			return XD_NUMA_UNKNOWN;
		if (found != XD_NUMA_UNKNOWN && node != found)
			return XD_NUMA_SEVERAL;
		found = node;
	}
	return found;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The NUMA nodes of the machine. Any thread. */
#ifndef XD_TRAFFIC_HOST_NUMA_H
#define XD_TRAFFIC_HOST_NUMA_H

#include <stdbool.h>
#include <stddef.h>

#define XD_NUMA_UNKNOWN (-1)
#define XD_NUMA_SEVERAL (-2) /* of memory: it lies on more than one */

/* How many have memory; 1 where the machine does not say. */
unsigned xd_numa_nodes(void);
/* Whether there is memory on this one. */
bool xd_numa_has(int node);
/* The node that memory lies on, looked at every 2 MiB; it has been written. */
int xd_numa_node_of(const void *at, size_t bytes);

#endif

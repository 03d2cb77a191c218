/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory that a port's frames lie in: 2 MiB pages where some are free, on the NUMA node of the
 * thread that drives the port, and words that say what came of it. */
#ifndef XD_TRAFFIC_PORT_PORT_MEMORY_H
#define XD_TRAFFIC_PORT_PORT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct xd_port_memory {
	uint8_t *at;   /* NULL: nothing is mapped */
	size_t bytes;  /* whole 2 MiB */
	int fd;        /* of shared memory, closed with it; else -1 */
	int node;      /* that they lie on, or XD_NUMA_... */
	bool huge;     /* pages of 2 MiB that the machine keeps for those who ask */
	char text[96]; /* "2 MiB pages, node 0", "4 KiB pages (no free hugepages), any node" */
};

/* Maps and touches at least `bytes` of zeroes, aligned to 2 MiB if they are private; node: where
 * they shall be if there is room, or -1. shared: with a descriptor that another process can map.
 * -ENOMEM, with m as after unmap. Control. */
int xd_port_memory_map(
	struct xd_port_memory *m, size_t bytes, int node, bool shared, struct xd_error *err);
/* Zeroes and what was unmapped before are fine. */
void xd_port_memory_unmap(struct xd_port_memory *m);

#endif

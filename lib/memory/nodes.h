/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where memory lies: what the EAL and the system have on each NUMA node, and on which node pages
 * are that somebody else allocated. Control.
 */
#ifndef XD_MEMORY_NODES_H
#define XD_MEMORY_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "memory/memory.h"

#define XD_NODE_SAMPLES 16 /* pages that are asked for at once */

/* How many nodes the machine has; 1 when it does not say. */
unsigned xd_memory_nodes(void);

/* What the EAL has on a node: reserved, and of that handed out. Needs the EAL. */
void xd_memory_eal_node(unsigned node, uint64_t *bytes, uint64_t *used_bytes);

/* Huge pages that the system has on a node, of one size (2 MiB or 1 GiB), and how many are free. */
struct xd_node_pages {
	uint64_t page_bytes, total, free;
};

/* Fills in at most two and returns how many sizes there are pages of. system: the directory of
 * nodes, XD_NODE_DIR. */
#define XD_NODE_DIR "/sys/devices/system/node"
unsigned xd_memory_node_pages(const char *system, unsigned node, struct xd_node_pages pages[2]);

struct xd_memory_pool;
/* Pools of packet buffers, without their peaks. Fills in at most max; returns how many. Needs the
 * EAL. */
unsigned xd_memory_pools(struct xd_memory_pool *pools, unsigned max);

/* move_pages(2). */
typedef long (*xd_move_pages_fn)(
	int pid, unsigned long count, void **pages, const int *nodes, int *status, int flags);

/* The node that at least three of four of n pages (at most XD_NODE_SAMPLES) are on, of those that
 * are anywhere yet; `otherwise` when there is none. Neither touches a page nor has it made. ask:
 * NULL for the system's. */
int xd_memory_pages_node(void *const *pages, unsigned n, int otherwise, xd_move_pages_fn ask);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory: the EAL's, and big tables of our own.
 *
 * Packet buffers come from the EAL (xd_memory_start in crossdock.h brings it up), in pools on the
 * NUMA node of the device that uses them. Tables that workers read at random, such as an FDB, come
 * from xd_memory_alloc: huge pages when some are free, because a table of many megabytes is bound
 * by TLB misses otherwise, and near the cores that read them. Neither ever fails for want of huge
 * pages or of memory on the right node; it gets slower instead.
 */
#ifndef XD_MEMORY_MEMORY_H
#define XD_MEMORY_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct rte_mempool;
struct xd_loop;

#define XD_NODE_ANY (-1)

/* Zeroed memory, aligned to 4 KiB (2 MiB from 1 MiB up), on NUMA node `node` if it has some, or
 * anywhere when node is XD_NODE_ANY. Works before the EAL is up. NULL: errno says why. Any thread;
 * not on the data path. */
void *xd_memory_alloc(size_t bytes, int node);
/* bytes as given to xd_memory_alloc; NULL is fine. */
void xd_memory_free(void *p, size_t bytes);
/* Has the pages of a mapping made before anybody writes to it: where there is no memory for them
 * (of a control group, say), that would be SIGBUS or the end of the process. False: there is none;
 * errno says why. Before Linux 5.14 nothing is done. Any thread; not on the data path. */
bool xd_memory_touch(void *p, size_t bytes);

/* NUMA node of a CPU core, or XD_NODE_ANY when the machine does not say. Any thread. */
int xd_memory_core_node(unsigned core);

/* A pool of n packet buffers of data_room bytes (headroom included) on a NUMA node, with a cache
 * per lcore. Needs the EAL. NULL with err: -ENOMEM says how much is needed and what to type,
 * -EEXIST that the name is taken, -EINVAL that n or data_room cannot be. Control. */
struct rte_mempool *xd_pool_create(
	const char *name, unsigned n, unsigned data_room, int node, struct xd_error *err);
/* Frees a pool once its last buffer is back, which others may still have: on the loop's timer, or
 * when the loop ends. NULL is fine. False: there is no memory for the timer, and the pool stays, as
 * does one that somebody still has buffers of when the loop ends. Control. */
bool xd_pool_free_later(struct rte_mempool *pool, struct xd_loop *loop);
/* Bytes that a pool holds, buffers and bookkeeping; NULL holds none. */
uint64_t xd_pool_bytes(const struct rte_mempool *pool);

/* Whether the EAL is up. False after xd_memory_stop has ended it, for good. Any thread. */
bool xd_memory_is_up(void);
/* What the EAL has. Control, with the EAL up. */
bool xd_memory_hugepages(void);          /* false: ordinary pages */
bool xd_memory_fits(int node);           /* whether a node has some for a driver */
uint64_t xd_memory_page_bytes(void);     /* smallest page that it uses */
uint64_t xd_memory_eal_bytes(void);      /* reserved by it */
uint64_t xd_memory_eal_used_bytes(void); /* of these, handed out */

#endif

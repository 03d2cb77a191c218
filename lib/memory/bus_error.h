/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that others share with us, and may take away: who truncates the file behind a mapping
 * makes the next access to it raise SIGBUS. Of the regions that are named here such an access is
 * survived: anonymous memory (zeroes) is mapped over the place, its owner is told, and the access
 * is done again.
 *
 * First only what lies near is replaced: that needs next to nothing of what is left of memory that
 * may be promised (vm.overcommit_memory 2), however large the region is. A region in which this
 * happens again and again is replaced as a whole, before it is in too many pieces
 * (vm.max_map_count).
 *
 * This is the one place with state of the process instead of an object's: a signal handler has
 * nothing else to start from. The table is read by the handler without locks, in any thread.
 *
 * Limits: the mapping may need memory (a page at a time, as it is touched); DPDK replaces the
 * handler for the moments in which it allocates huge pages at run time, so what allocates then must
 * not run beside workers in a process whose guests are not trusted, or be started with its memory.
 */
#ifndef XD_MEMORY_BUS_ERROR_H
#define XD_MEMORY_BUS_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/api.h"

XD_API_BEGIN

/* Who is told that a region was lost. */
struct xd_bus_owner {
	bool *lost; /* set (atomically) by the handler; outlives the region's entry */
	int fd; /* an eventfd, non-blocking, that the handler adds 1 to when it sets lost; -1: none
		 */
};

/* Names a mapping: whole pages of page_bytes, as mmap returned it. Behind it there should be one
 * more page of the same file: what is replaced could else have been the last that keeps the file,
 * which then goes at the expense of the thread that the signal is for. Any thread. -ENOSPC: the
 * table is full (65536 regions); -ENOMEM: no memory for it. */
int xd_bus_error_add(void *map, size_t bytes, size_t page_bytes, const struct xd_bus_owner *owner);
/* Forgets it: before munmap, and when no thread accesses it any more. A mapping that is not there
 * is fine. Any thread. */
void xd_bus_error_remove(void *map);

/* Installs a handler of SIGBUS for the process, once; what was installed before gets what is not
 * ours. A handler that is installed later must call xd_bus_error() instead. Any thread. 0, or a
 * negative errno of sigaction. */
int xd_bus_error_install(void);
/* For a handler of the application's own (SA_SIGINFO): whether the address (si_addr) was in one of
 * the regions and can be accessed again now, so that the handler shall return. Only for si_code >
 * 0. Any thread; async-signal-safe. */
bool xd_bus_error(void *addr);

XD_API_END

#endif

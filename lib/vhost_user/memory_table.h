/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Regions of a guest's memory, mapped from the descriptors that the front end sent.
 *
 * A region is taken only if it is shared memory and lies within its file (see mapping.h), does not
 * wrap, and overlaps no other region in guest addresses.
 *
 * Control, while no worker looks at the memory.
 */
#ifndef XD_VHOST_USER_MEMORY_TABLE_H
#define XD_VHOST_USER_MEMORY_TABLE_H

#include <stdbool.h>

#include "base/error.h"
#include "memory/bus_error.h"
#include "vhost_user/message.h"
#include "virtqueue/guest_memory.h"

/* Maps a region and appends it. fd stays the caller's: the mapping is all that is kept. owner is
 * told when the file is truncated. -EINVAL: the region is not acceptable; -ENOSPC: no slot left; or
 * of fstat and mmap. */
int xd_vu_memory_add(struct xd_guest_memory *mem, const struct xd_vu_mem_region *region, int fd,
	const struct xd_bus_owner *owner, struct xd_reaper *reaper, struct xd_error *err);
/* Whether that region of that file is there. */
bool xd_vu_memory_has(
	const struct xd_guest_memory *mem, const struct xd_vu_mem_region *region, int fd);
/* Unmaps the region of these addresses and size. -ENOENT: there is none. */
int xd_vu_memory_remove(struct xd_guest_memory *mem, const struct xd_vu_mem_region *region,
	struct xd_reaper *reaper, struct xd_error *err);
/* Unmaps all. */
void xd_vu_memory_clear(struct xd_guest_memory *mem, struct xd_reaper *reaper);

#endif

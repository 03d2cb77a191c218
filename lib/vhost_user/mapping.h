/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A piece of a file that the front end sent, mapped: memory of a guest, a dirty log, an inflight
 * region. The file is shared memory (fd_kind.h), or a trusted front end's, and the piece is taken
 * only if it lies within the file as it is now; should the file be truncated later,
 * lib/memory/bus_error.h answers for the mapping.
 *
 * Behind the piece lies a page that nobody touches and that stays a mapping of the file whatever
 * bus_error.h replaces, so that the reaper is the last of us who lets go of the file.
 *
 * Control.
 */
#ifndef XD_VHOST_USER_MAPPING_H
#define XD_VHOST_USER_MAPPING_H

#include <stdint.h>

#include "base/error.h"
#include "base/reaper.h"
#include "memory/bus_error.h"

struct xd_vu_mapping {
	void *map;      /* whole pages; NULL: nothing is mapped */
	uint64_t bytes; /* of map, with the page behind it */
	uint8_t *at;    /* where the piece begins */
	uint64_t size;  /* of the piece */
};

/* Maps size bytes at offset of fd, which is such a file and stays the caller's, for reading and
 * writing. what names the piece in err. -EINVAL: no file, of size 0, or beyond the file's end; or
 * of fstat and mmap; -ENOSPC, -ENOMEM: cannot be watched over. */
int xd_vu_map(struct xd_vu_mapping *m, int fd, uint64_t offset, uint64_t size,
	const struct xd_bus_owner *owner, const char *what, struct xd_reaper *reaper,
	struct xd_error *err);
/* Has the reaper unmap it. Nobody accesses it any more. Idempotent. */
void xd_vu_unmap(struct xd_vu_mapping *m, struct xd_reaper *reaper);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A piece of a file that the front end sent, mapped: memory of a guest, a dirty log, an inflight
 * region. It is taken only if it lies within the file as it is now; should the file be truncated
 * later, lib/memory/bus_error.h answers for the mapping.
 *
 * Control.
 */
#ifndef XD_VHOST_USER_MAPPING_H
#define XD_VHOST_USER_MAPPING_H

#include <stdint.h>

#include "base/error.h"
#include "memory/bus_error.h"

struct xd_vu_mapping {
	void *map;      /* whole pages; NULL: nothing is mapped */
	uint64_t bytes; /* of map */
	uint8_t *at;    /* where the piece begins */
	uint64_t size;  /* of the piece */
};

/* Maps size bytes at offset of fd, which stays the caller's, for reading and writing. what names
 * the piece in err. -EINVAL: no file, of size 0, or beyond the file's end; or of fstat and mmap;
 * -ENOSPC, -ENOMEM: cannot be watched over. */
int xd_vu_map(struct xd_vu_mapping *m, int fd, uint64_t offset, uint64_t size,
	const struct xd_bus_owner *owner, const char *what, struct xd_error *err);
/* Idempotent. */
void xd_vu_unmap(struct xd_vu_mapping *m);

#endif

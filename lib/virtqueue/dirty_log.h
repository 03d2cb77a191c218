/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The dirty log: which pages of a guest's memory we wrote while it is being migrated, in a bitmap
 * that the front end shares, one bit for 4 KiB (vhost-user specification, "Migration").
 */
#ifndef XD_VIRTQUEUE_DIRTY_LOG_H
#define XD_VIRTQUEUE_DIRTY_LOG_H

#include <stdint.h>

#define XD_DIRTY_PAGE_BITS 12

struct xd_dirty_log {
	uint8_t *bits;     /* mapped from the front end's file */
	uint64_t nb_pages; /* that it has a bit for; writes beyond are not noted */
};

/* Notes a write of len bytes at a guest physical address. Any worker; the front end and other
 * back ends set and clear bits at the same time. */
static inline void
xd_dirty_log_write(const struct xd_dirty_log *log, uint64_t guest_addr, uint64_t len)
{
	uint64_t page = guest_addr >> XD_DIRTY_PAGE_BITS;
	uint64_t last = len ? (guest_addr + len - 1) >> XD_DIRTY_PAGE_BITS : 0;

	for (; len && page <= last && page < log->nb_pages; page++) {
		uint8_t *byte = &log->bits[page / 8];
		uint8_t bit = (uint8_t)(1u << page % 8);

		if (!(__atomic_load_n(byte, __ATOMIC_RELAXED) & bit))
			__atomic_fetch_or(byte, bit, __ATOMIC_RELAXED);
	}
}

#endif

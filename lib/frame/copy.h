/* SPDX-License-Identifier: BSD-3-Clause */
/* How the data path copies bytes: heads by vector registers as wide as the build allows, bodies by
 * rte_memcpy. */
#ifndef XD_FRAME_COPY_H
#define XD_FRAME_COPY_H

#include <rte_branch_prediction.h>
#include <rte_memcpy.h>

#include "frame/frame.h"

#define XD_COPY_LINE 64 /* bytes */

typedef uint64_t xd_line __attribute__((vector_size(XD_COPY_LINE), aligned(1), may_alias));

static inline void
xd_copy_line(uint8_t *dst, const uint8_t *src)
{
	*(xd_line *)dst = *(const xd_line *)src;
}

/* n bytes, 1 to 128, not one more or less: the end of a frame in a receiver's buffer must not carry
 * what an earlier frame, of somebody else, left behind in ours. */
static inline void
xd_copy_short(uint8_t *dst, const uint8_t *src, uint32_t n)
{
	if (likely(n >= 64)) {
		xd_copy_line(dst, src);
		if (n > 64)
			xd_copy_line(dst + n - 64, src + n - 64);
	} else {
		rte_memcpy(dst, src, n);
	}
}

/* What follows a frame's head, any number of bytes. With ordinary stores also when it is long: the
 * C library's memcpy and streaming stores leave our core sooner, but the data farther from the core
 * that reads it next, and the frame arrives later. */
static inline void
xd_copy_body(uint8_t *dst, const uint8_t *src, uint32_t n)
{
	rte_memcpy(dst, src, n);
}

#endif

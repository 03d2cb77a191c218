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

typedef uint64_t xd_half_line __attribute__((vector_size(XD_COPY_LINE / 2), aligned(1), may_alias));
typedef uint64_t xd_quarter_line
	__attribute__((vector_size(XD_COPY_LINE / 4), aligned(1), may_alias));
typedef uint64_t xd_eight_bytes __attribute__((aligned(1), may_alias));
typedef uint32_t xd_four_bytes __attribute__((aligned(1), may_alias));

/* As many bytes as `type` has from the beginning, and as many up to the end: n bytes, when these
 * meet or overlap. */
#define XD_COPY_BOTH_ENDS(type, dst, src, n)                                                       \
	do {                                                                                       \
		const type begin_ = *(const type *)(src);                                          \
		const type end_ = *(const type *)((src) + (n) - sizeof(type));                     \
                                                                                                   \
		*(type *)(dst) = begin_;                                                           \
		*(type *)((dst) + (n) - sizeof(type)) = end_;                                      \
	} while (0)

/* n bytes, 1 to 128, not one more or less: the end of a frame in a receiver's buffer must not carry
 * what an earlier frame, of somebody else, left behind in ours. */
static inline void
xd_copy_short(uint8_t *dst, const uint8_t *src, uint32_t n)
{
	if (likely(n >= 64)) {
		xd_copy_line(dst, src);
		if (n > 64)
			xd_copy_line(dst + n - 64, src + n - 64);
	} else if (n >= 32) {
		XD_COPY_BOTH_ENDS(xd_half_line, dst, src, n);
	} else if (n >= 16) {
		XD_COPY_BOTH_ENDS(xd_quarter_line, dst, src, n);
	} else if (n >= 8) {
		XD_COPY_BOTH_ENDS(xd_eight_bytes, dst, src, n);
	} else if (n >= 4) {
		XD_COPY_BOTH_ENDS(xd_four_bytes, dst, src, n);
	} else {
		const uint8_t middle = src[n / 2], end = src[n - 1];

		dst[0] = src[0];
		dst[n / 2] = middle;
		dst[n - 1] = end;
	}
}

/* The next piece of a frame that is received: what of it belongs into the snapshot goes there,
 * once, and the rest stays where it is, in the next of the frame's segments, for one more of which
 * there is room. head, nb_segs: bytes and segments so far. */
static inline void
xd_copy_piece(struct xd_frame *f, struct xd_seg *segs, uint32_t *head, uint8_t *nb_segs,
	const uint8_t *at, uint32_t len)
{
	const uint32_t n = len < XD_HEAD - *head ? len : XD_HEAD - *head;

	if (n)
		xd_copy_short(f->buf + XD_HEADROOM + *head, at, n);
	*head += n;
	if (len > n)
		segs[(*nb_segs)++] = (struct xd_seg){at + n, len - n};
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

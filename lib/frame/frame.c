/* SPDX-License-Identifier: BSD-3-Clause */
/* A whole frame, snapshot and segments, copied into one piece. */
#include "frame/frame.h"

void
xd_frame_gather(struct xd_frame *f, uint8_t *dst)
{
	memcpy(dst, xd_frame_data(f), f->head_len);
	dst += f->head_len;
	for (unsigned i = 0; i < f->nb_segs; i++) {
		memcpy(dst, f->segs[i].addr, f->segs[i].len);
		dst += f->segs[i].len;
	}
}

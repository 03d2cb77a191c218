/* SPDX-License-Identifier: BSD-3-Clause */
/* What the ways of receiving share: dequeue.c, and indirect.c for buffers that are a short indirect
 * table. Private to the device side; the worker that owns the queue. */
#ifndef XD_VIRTQUEUE_DEQUEUE_H
#define XD_VIRTQUEUE_DEQUEUE_H

#include "virtqueue/buffer.h"

/* Notes that the buffer at `at` brought no frame, to be counted when it is given back. */
static inline void
xd_vq_no_frame(struct xd_batch *batch, uint16_t at, enum xd_drop reason)
{
	uint16_t i = at - batch->first;

	batch->no_frame |= 1u << i;
	batch->reasons[i] = (uint8_t)reason;
}

/* Looks into those of the buffers ahead whose bits are set in `slots`, none of which is simple, and
 * asks for the frames of those that are short indirect tables; the others have no pieces. */
void xd_vq_read_tables(struct xd_vq *vq, uint32_t slots);

/* Takes in as many of the next buffers as have pieces, which may be none, and fit the batch.
 * Returns the first that does not. */
uint16_t xd_vq_dequeue_tables(struct xd_vq *vq, struct xd_batch *batch);

#endif

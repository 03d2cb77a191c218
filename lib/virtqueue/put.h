/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One frame into a guest's buffers, for the frames and buffers that are not like most: put.c and
 * offload.c, which enqueue.c calls. Private to the device side; the caller holds the queue's lock.
 */
#ifndef XD_VIRTQUEUE_PUT_H
#define XD_VIRTQUEUE_PUT_H

#include "virtqueue/net_header.h"

/* What became of a frame, beside 1: it is the guest's. */
enum xd_vq_put_result {
	XD_VQ_PUT_NO_BUFFER = 0,    /* try again later */
	XD_VQ_PUT_FAULT = -1,       /* vq->fault */
	XD_VQ_PUT_TOO_LONG = -2,    /* the guest's buffers or the port cannot hold it */
	XD_VQ_PUT_BAD_OFFLOAD = -3, /* it can be brought into no form that the guest takes */
	XD_VQ_PUT_SCATTERED = -4    /* the guest's buffers are too many pieces: XD_VQ_PUT_MAX */
};

/* Why a frame is dropped that ended in one of the last three. */
static inline enum xd_drop
xd_vq_put_reason(int result)
{
	return result == XD_VQ_PUT_TOO_LONG    ? XD_DROP_OVER_MTU
	       : result == XD_VQ_PUT_SCATTERED ? XD_DROP_SCATTERED
					       : XD_DROP_UNFINISHED_OFFLOAD;
}

/* As xd_vq_room. */
uint16_t xd_vq_room_locked(struct xd_vq *vq, uint16_t wanted);

/* Writes the frame as it is. Unless it returns 1, the guest has seen nothing of it. */
int xd_vq_put_frame(struct xd_vq *vq, struct xd_frame *f, struct xd_net_header header);

/* A frame that needs a checksum or segmentation: as it is when the guest takes it so, else finished
 * or segmented first, which is counted: offload.c. */
int xd_vq_enqueue_offload(
	struct xd_vq *vq, struct xd_frame *f, uint32_t max_frame, struct xd_counters *counters);

#endif

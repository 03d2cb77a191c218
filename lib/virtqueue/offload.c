/* SPDX-License-Identifier: BSD-3-Clause */
/* What a guest asks for, checked; and frames for a guest that has not negotiated the offload they
 * need: the checksum is finished, or the frame segmented, as it is written to the receive queue.
 * Virtio 1.2, 5.1.6.2 and 5.1.6.4. */
#include "virtqueue/put.h"

bool
xd_net_header_check(struct xd_frame *f, struct xd_net_header h, uint8_t may)
{
	const struct xd_offload_request request = {
		.flags = (uint8_t)h.first,
		.gso_type = (uint8_t)(h.first >> 8),
		.gso_size = (uint16_t)(h.first >> 32),
		.csum_start = (uint16_t)(h.first >> 48),
		.csum_offset = (uint16_t)h.second,
	};

	return xd_offload_check(f, &request, may) == 0;
}

/*
 * Segments the frame and puts the segments. All or nothing as far as can be told before: while
 * fewer buffers than segments are there, none is put, unless the ring could never hold them. What
 * then still finds no place is lost, as it would be on a wire.
 */
static int
put_segments(struct xd_vq *vq, struct xd_frame *f, struct xd_counters *counters)
{
	struct xd_segmenter segmenter;
	struct xd_frame *segment;
	uint16_t nb_put = 0;
	int result = 1;

	if (xd_segment_begin(&segmenter, f) < 0)
		return XD_VQ_PUT_BAD_OFFLOAD;
	if (xd_vq_room_locked(vq, segmenter.nb_segments) < RTE_MIN(segmenter.nb_segments, vq->size))
		return vq->fault ? XD_VQ_PUT_FAULT : XD_VQ_PUT_NO_BUFFER;
	while ((segment = xd_segment_next(&segmenter)) != NULL) {
		result = xd_vq_put_frame(vq, segment, xd_net_header_plain());
		if (result <= 0)
			break;
		nb_put++;
	}
	if (nb_put == 0)
		return result;
	counters->segmented++;
	if (result <= 0)
		xd_drop(vq->drops,
			result == XD_VQ_PUT_NO_BUFFER || result == XD_VQ_PUT_FAULT
				? XD_DROP_RING_FULL
				: xd_vq_put_reason(result),
			1);
	return vq->fault ? XD_VQ_PUT_FAULT : 1;
}

int
xd_vq_enqueue_offload(
	struct xd_vq *vq, struct xd_frame *f, uint32_t max_frame, struct xd_counters *counters)
{
	const uint8_t needs = xd_offload_needs(f->offload);
	const uint32_t len = f->offload.gso_type
				     ? (uint32_t)xd_offload_header_bytes(f) + f->offload.gso_size
				     : f->len;

	if (len > max_frame)
		return XD_VQ_PUT_TOO_LONG;
	if (!(needs & ~vq->offloads)) {
		/* What is known of a frame means nothing to a guest that did not ask for it. */
		int result = xd_vq_put_frame(vq, f,
			vq->offloads & XD_OFFLOAD_CSUM ? xd_net_header_of(f)
						       : xd_net_header_plain());

		/* All of the ring's buffers, or the one that it may have, are too short. */
		if (result != XD_VQ_PUT_TOO_LONG || !f->offload.gso_type)
			return result;
	}
	if (f->offload.gso_type)
		return put_segments(vq, f, counters);
	if (xd_frame_finish_checksum(f) < 0)
		return XD_VQ_PUT_BAD_OFFLOAD;
	counters->checksums++;
	return xd_vq_put_frame(vq, f, xd_net_header_plain());
}

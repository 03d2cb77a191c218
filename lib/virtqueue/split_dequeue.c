/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a guest's transmit queue to a batch of frames that lie in the guest's memory.
 *
 * A turn goes over its buffers in passes, so that the cache misses of one pass overlap: read what
 * is available and the descriptors; find the bytes and ask for them; take the snapshots.
 */
#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#include "frame/copy.h"
#include "virtqueue/split_device.h"

/* Everything about a frame but its bytes. */
static inline void
frame_init(struct xd_frame *f, uint32_t len, uint8_t head_len)
{
	f->len = len;
	f->start = XD_HEADROOM;
	f->head_len = head_len;
	f->nb_segs = 0;
	f->dirty = false;
	f->tagged = false;
	f->nb_dst = 0;
	f->mbuf = NULL;
	f->offload = (struct xd_offload){0};
}

/* Skips the virtio-net header, which may lie in several descriptors (VIRTIO_F_VERSION_1 implies
 * any layout: 2.7.4), and leaves the first piece of the frame in *seg. Without offloads
 * negotiated nothing in the header is ours to read. */
static int
skip_header(struct xd_vq *vq, struct xd_vq_walk *walk, struct xd_seg *seg)
{
	uint32_t left = vq->hdr_bytes;
	int more;

	while ((more = xd_vq_walk_next(vq, walk, seg)) > 0) {
		if (seg->len > left) {
			seg->addr += left;
			seg->len -= left;
			return 1;
		}
		left -= seg->len;
		if (left == 0)
			return xd_vq_walk_next(vq, walk, seg);
	}
	if (more == 0)
		return xd_vq_break(vq, XD_VQ_SHORT_BUFFER);
	return -1;
}

/* Takes a piece into the snapshot as far as it reaches; what is left of it becomes a segment.
 * Returns false when the batch has no place for another segment. */
static bool
take_piece(struct xd_batch *batch, struct xd_frame *f, struct xd_seg seg)
{
	uint32_t n = RTE_MIN(seg.len, (uint32_t)(XD_HEAD - f->head_len));

	f->len += seg.len;
	if (n) {
		rte_memcpy(f->buf + XD_HEADROOM + f->head_len, seg.addr, n);
		f->head_len += n;
		seg.addr += n;
		seg.len -= n;
	}
	if (seg.len == 0)
		return true;
	if (batch->nb_segs == XD_BATCH_SEGS || f->nb_segs == UINT8_MAX)
		return false;
	batch->segs[batch->nb_segs++] = seg;
	f->nb_segs++;
	return true;
}

enum chain_result { CHAIN_FRAME, CHAIN_DROP, CHAIN_LATER, CHAIN_FAULT };

/* Any chain that is valid. CHAIN_LATER: the batch has too few segments left for it. */
static enum chain_result
dequeue_chain(struct xd_vq *vq, struct xd_batch *batch, struct xd_frame *f, uint16_t head,
	struct xd_counters *counters)
{
	uint16_t nb_segs = batch->nb_segs;
	struct xd_vq_walk walk;
	struct xd_seg seg;
	bool fits = true;
	int more;

	frame_init(f, 0, 0);
	f->segs = &batch->segs[nb_segs];
	xd_vq_walk_begin(vq, &walk, head, false);
	for (more = skip_header(vq, &walk, &seg); more > 0;
		more = xd_vq_walk_next(vq, &walk, &seg)) {
		/* Lengths are 32 bits each and the chain is bounded, but their sum may not fit. */
		if (fits && seg.len <= XD_FRAME_MAX - f->len)
			fits = take_piece(batch, f, seg);
		else
			fits = false;
	}
	if (more < 0)
		return CHAIN_FAULT;
	if (likely(fits && f->len >= XD_FRAME_MIN))
		return CHAIN_FRAME;
	batch->nb_segs = nb_segs;
	/* A chain that did not fit behind others may fit at the head of the next turn. */
	if (!fits && nb_segs > 0)
		return CHAIN_LATER;
	counters->drops[fits ? XD_DROP_RUNT : XD_DROP_TOO_LONG]++;
	return CHAIN_DROP;
}

/* A buffer that is one descriptor in one region, of which p is the frame. */
static inline bool
dequeue_simple(struct xd_batch *batch, struct xd_frame *f, const uint8_t *p, uint32_t len,
	struct xd_counters *counters)
{
	uint8_t head_len;

	if (unlikely(len < XD_FRAME_MIN || len > XD_FRAME_MAX)) {
		counters->drops[len < XD_FRAME_MIN ? XD_DROP_RUNT : XD_DROP_TOO_LONG]++;
		return false;
	}
	head_len = RTE_MIN(len, (uint32_t)XD_HEAD);
	xd_copy_short(f->buf + XD_HEADROOM, p, head_len);
	frame_init(f, len, head_len);
	if (len > head_len) {
		struct xd_seg *seg = &batch->segs[batch->nb_segs++];

		seg->addr = p + head_len;
		seg->len = len - head_len;
		f->segs = seg;
		f->nb_segs = 1;
	}
	return true;
}

/* How many entries to look at, after checking the guest's index. */
static inline uint16_t
pending(struct xd_vq *vq)
{
	uint16_t n = vq->avail_seen - vq->last_avail;

	if (n < XD_BATCH) {
		vq->avail_seen = xd_vq_avail_idx(vq);
		n = vq->avail_seen - vq->last_avail;
		if (unlikely(n > vq->size)) {
			xd_vq_break(vq, XD_VQ_AVAIL_JUMP);
			return 0;
		}
	}
	return RTE_MIN(n, XD_BATCH);
}

uint16_t
xd_vq_dequeue(struct xd_vq *vq, struct xd_batch *batch, struct xd_counters *counters)
{
	const uint8_t *data[XD_BATCH];
	uint32_t len[XD_BATCH];
	uint16_t n, i;

	batch->n = 0;
	batch->nb_done = 0;
	batch->nb_segs = 0;
	batch->bytes = 0;
	n = pending(vq);
	if (n == 0)
		return 0;

	for (i = 0; i < n; i++) {
		uint16_t head = xd_vq_avail_entry(vq, vq->last_avail + i);

		if (unlikely(head >= vq->size)) {
			xd_vq_break(vq, XD_VQ_BAD_INDEX);
			n = i;
			break;
		}
		batch->done[i] = head;
	}
	for (i = 0; i < n; i++) {
		struct xd_vring_desc d = xd_vq_read_desc(&vq->desc[batch->done[i]]);

		data[i] = xd_vq_simple(vq, &d, 0);
		len[i] = d.len;
		if (likely(data[i] && d.len > vq->hdr_bytes)) {
			data[i] += vq->hdr_bytes;
			len[i] -= vq->hdr_bytes;
			rte_prefetch0(data[i]);
			if (len[i] > 64)
				rte_prefetch0(data[i] + 64);
		} else {
			data[i] = NULL;
		}
	}
	for (i = 0; i < n && batch->bytes < XD_BATCH_BYTES; i++) {
		struct xd_frame *f = &batch->frames[batch->n];

		if (likely(data[i] && batch->nb_segs < XD_BATCH_SEGS)) {
			if (likely(dequeue_simple(batch, f, data[i], len[i], counters))) {
				batch->n++;
				batch->bytes += len[i];
			}
			continue;
		}

		enum chain_result result = dequeue_chain(vq, batch, f, batch->done[i], counters);

		if (result == CHAIN_FRAME) {
			batch->n++;
			batch->bytes += f->len;
		} else if (result != CHAIN_DROP) {
			break;
		}
	}
	/* What was taken in before a fault is still switched; the ring is used no more after it. */
	batch->nb_done = i;
	vq->last_avail += i;
	return batch->n;
}

void
xd_vq_release(struct xd_vq *vq, struct xd_batch *batch)
{
	uint16_t n = batch->nb_done;

	for (uint16_t i = 0; i < n; i++)
		xd_vq_put_used(vq, vq->used_idx + i, batch->done[i], 0);
	vq->used_idx += n;
	batch->nb_done = 0;
	__atomic_store_n(&vq->used->idx, vq->used_idx, __ATOMIC_RELEASE);
}

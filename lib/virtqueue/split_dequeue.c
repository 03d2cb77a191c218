/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a guest's transmit queue to a batch of frames that lie in the guest's memory.
 *
 * At the end of a turn the next turn's descriptors are read and the first lines of its frames asked
 * for, so that they have all of this turn to arrive.
 */
#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#include "frame/copy.h"
#include "virtqueue/split_device.h"

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

	xd_frame_init(f, 0, 0, 0);
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

/* Reads the next turn's buffers and asks for their frames. */
static inline uint16_t
look_ahead(struct xd_vq *vq)
{
	struct xd_vq_ahead *a = &vq->ahead;
	uint16_t n = xd_vq_look_ahead(vq, 0);

	for (uint16_t i = 0; i < n; i++) {
		if (unlikely(!a->data[i] || a->len[i] <= vq->hdr_bytes)) {
			a->data[i] = NULL;
			continue;
		}
		a->data[i] += vq->hdr_bytes;
		a->len[i] -= vq->hdr_bytes;
		rte_prefetch0(a->data[i]);
		if (a->len[i] > 64)
			rte_prefetch0(a->data[i] + 64);
	}
	return n;
}

/* Buffers that are each one descriptor in one region: as many of the next as there are, up to
 * `limit` of vq->ahead. Returns the first that is anything else. */
static inline uint16_t
dequeue_simple(
	struct xd_vq *vq, struct xd_batch *batch, uint16_t limit, struct xd_counters *counters)
{
	const struct xd_vq_ahead *a = &vq->ahead;
	struct xd_frame *f = &batch->frames[batch->n];
	struct xd_seg *seg = &batch->segs[batch->nb_segs];
	struct xd_seg *const last_seg = &batch->segs[XD_BATCH_SEGS];
	uint32_t bytes = batch->bytes;
	uint16_t at = a->at;

	/* What the loop advances is in registers: through memory it would wait for itself. */
	for (; at < limit && bytes < XD_BATCH_BYTES; at++) {
		const uint8_t *data = a->data[at];
		uint32_t len = a->len[at];

		if (unlikely(!data || seg == last_seg))
			break;
		if (unlikely(len < XD_FRAME_MIN || len > XD_FRAME_MAX)) {
			counters->drops[len < XD_FRAME_MIN ? XD_DROP_RUNT : XD_DROP_TOO_LONG]++;
			continue;
		}
		bytes += len;
		if (len <= XD_HEAD) {
			xd_copy_short(f->buf + XD_HEADROOM, data, len);
			xd_frame_init(f, len, (uint8_t)len, 0);
		} else {
			xd_copy_line(f->buf + XD_HEADROOM, data);
			xd_copy_line(f->buf + XD_HEADROOM + 64, data + 64);
			xd_frame_init(f, len, XD_HEAD, 1);
			seg->addr = data + XD_HEAD;
			seg->len = len - XD_HEAD;
			f->segs = seg++;
		}
		f++;
	}
	batch->n = (uint16_t)(f - batch->frames);
	batch->nb_segs = (uint16_t)(seg - batch->segs);
	batch->bytes = bytes;
	return at;
}

/* One buffer that is not simple. False: it has to wait for the next turn, or the ring is broken. */
static bool
dequeue_other(struct xd_vq *vq, struct xd_batch *batch, uint16_t id, struct xd_counters *counters)
{
	struct xd_frame *f = &batch->frames[batch->n];
	enum chain_result result = dequeue_chain(vq, batch, f, id, counters);

	if (result == CHAIN_FRAME) {
		batch->n++;
		batch->bytes += f->len;
	}
	return result == CHAIN_FRAME || result == CHAIN_DROP;
}

uint16_t
xd_vq_dequeue(struct xd_vq *vq, struct xd_batch *batch, struct xd_counters *counters)
{
	struct xd_vq_ahead *a = &vq->ahead;
	uint16_t begin;

	batch->n = 0;
	batch->nb_done = 0;
	batch->nb_segs = 0;
	batch->bytes = 0;
	if (a->at == a->n && look_ahead(vq) == 0)
		return 0;

	begin = a->at;
	while (a->at < a->n && batch->bytes < XD_BATCH_BYTES) {
		a->at = dequeue_simple(vq, batch, a->n, counters);
		if (likely(a->at == a->n || batch->bytes >= XD_BATCH_BYTES))
			break;
		if (!dequeue_other(vq, batch, a->id[a->at], counters))
			break;
		a->at++;
	}
	/* What was taken in before a fault is still switched; the ring is used no more after it. */
	batch->nb_done = a->at - begin;
	memcpy(batch->done, &a->id[begin], batch->nb_done * sizeof(batch->done[0]));
	vq->last_avail += batch->nb_done;
	if (a->at == a->n && likely(vq->fault == XD_VQ_OK))
		look_ahead(vq);
	return batch->n;
}

void
xd_vq_release(struct xd_vq *vq, struct xd_batch *batch)
{
	const uint16_t n = batch->nb_done;
	const uint16_t used_idx = vq->used_idx;

	for (uint16_t i = 0; i < n; i++)
		xd_vq_put_used(vq, used_idx + i, batch->done[i], 0);
	vq->used_idx = used_idx + n;
	batch->nb_done = 0;
	__atomic_store_n(&vq->used->idx, vq->used_idx, __ATOMIC_RELEASE);
}

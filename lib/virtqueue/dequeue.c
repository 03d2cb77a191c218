/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receive: from a guest's transmit queue to a batch of frames. Their first bytes are copied into
 * the batch (the snapshot), the rest stays in the guest's memory, and xd_vq_release gives the
 * buffers back at the end of the turn.
 *
 * At that end the next turn's descriptors are read ahead and the first lines of its frames
 * prefetched, so that they have a whole turn to arrive.
 */
#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#include "frame/copy.h"
#include "virtqueue/dequeue.h"
#include "virtqueue/net_header.h"
#include "virtqueue/packed_ring.h"
#include "virtqueue/split_ring.h"

/* Takes the virtio-net header, which may lie in several descriptors (VIRTIO_F_VERSION_1 implies
 * any layout: 2.7.4), and leaves the first piece of the frame in *seg. */
static int
take_header(struct xd_vq *vq, struct xd_vq_walk *walk, struct xd_seg *seg, uint8_t *header)
{
	uint32_t have = 0;
	int more;

	while ((more = xd_vq_walk_next(vq, walk, seg)) > 0) {
		uint32_t n = RTE_MIN(seg->len, (uint32_t)XD_VQ_HDR_BYTES - have);

		memcpy(header + have, seg->addr, n);
		have += n;
		seg->addr += n;
		seg->len -= n;
		if (seg->len)
			return 1;
		if (have == XD_VQ_HDR_BYTES)
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

/* What became of a chain, beside the reason (enum xd_drop) why it is no frame. */
enum chain_result {
	CHAIN_FRAME = XD_DROP_REASONS,
	CHAIN_LATER, /* the batch has too few segments left for it */
	CHAIN_FAULT,
};

/* Any chain that is valid, whose header bytes come to `header`. What cannot be a frame is given up
 * where that is seen: how the chain goes on does not matter. */
static int
walk_chain(struct xd_vq *vq, struct xd_batch *batch, struct xd_frame *f, struct xd_vq_walk *walk,
	uint8_t *header)
{
	uint16_t nb_segs = batch->nb_segs;
	struct xd_seg seg;
	bool fits = true;
	int more;

	xd_frame_init(f, 0, 0, 0);
	f->segs = &batch->segs[nb_segs];
	more = take_header(vq, walk, &seg, header);
	while (more > 0) {
		fits = seg.len <= XD_FRAME_MAX - f->len && take_piece(batch, f, seg);
		if (!fits)
			break;
		more = xd_vq_walk_next(vq, walk, &seg);
	}
	if (more < 0)
		return CHAIN_FAULT;
	if (likely(fits && f->len >= XD_FRAME_MIN))
		return CHAIN_FRAME;
	batch->nb_segs = nb_segs;
	/* A chain that did not fit behind others may fit at the head of the next turn. */
	if (!fits && nb_segs > 0)
		return CHAIN_LATER;
	return fits ? XD_DROP_RUNT : XD_DROP_TOO_LONG;
}

/* Position in a packed ring of the buffer ahead at `at`, when that at `from` is the next to be
 * taken off the ring. */
static uint16_t
position(const struct xd_vq *vq, uint16_t from, uint16_t at)
{
	const uint16_t size = vq->size;
	uint16_t pos = vq->last_avail;
	uint32_t descs = 0;

	for (uint16_t i = from; i < at; i++)
		descs += vq->ahead.descs[i];
	/* A guest that makes buffers available while they are read gets more than a lap read. */
	for (; unlikely(descs > size); descs -= size)
		pos = xd_packed_add(pos, size, size);
	return xd_packed_add(pos, (uint16_t)descs, size);
}

/* One buffer that is not simple. *walked: more by the pieces that it was found to have. */
static int
dequeue_chain(
	struct xd_vq *vq, struct xd_batch *batch, struct xd_frame *f, uint16_t at, uint32_t *walked)
{
	const struct xd_vq_ahead *a = &vq->ahead;
	uint8_t header[XD_VQ_HDR_BYTES];
	struct xd_vq_walk walk;
	int result;
	uint16_t head = vq->packed ? xd_packed_index(position(vq, batch->first, at)) : a->id[at];
	uint16_t nb_segs = batch->nb_segs;

	xd_vq_walk_begin(vq, &walk, head, a->descs[at], false);
	result = walk_chain(vq, batch, f, &walk, header);
	*walked += walk.pieces;
	/* A guest that negotiated no offload has nothing to say: 5.1.6.2. */
	if (result == CHAIN_FRAME && vq->offloads &&
		!xd_net_header_take(f, xd_net_header_read(header), vq->offloads)) {
		batch->nb_segs = nb_segs;
		result = XD_DROP_BAD_OFFLOAD;
	}
	return result;
}

/* Reads the next turn's buffers and asks for their frames. */
static inline uint16_t
look_ahead(struct xd_vq *vq, const bool packed)
{
	struct xd_vq_ahead *a = &vq->ahead;
	const uint16_t n = packed ? xd_packed_look_ahead(vq, 0) : xd_split_look_ahead(vq, 0);
	uint32_t others = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (unlikely(!a->data[i] || a->len[i] <= XD_VQ_HDR_BYTES)) {
			others |= 1u << i;
			if (a->data[i])
				vq->tables[i].desc.flags = 0;
			a->data[i] = NULL;
			continue;
		}
		a->data[i] += XD_VQ_HDR_BYTES;
		a->len[i] -= XD_VQ_HDR_BYTES;
		rte_prefetch0(a->data[i]);
		if (a->len[i] > 64)
			rte_prefetch0(a->data[i] + 64);
	}
	if (unlikely(others))
		xd_vq_read_tables(vq, others);
	/* Buffers of one ring are alike: where one frame begins within a line, all may end a line
	 * later. */
	if (n && (uintptr_t)a->data[0] % XD_COPY_LINE == 0)
		return n;
	for (uint16_t i = 0; i < n; i++) {
		if (likely(a->data[i]))
			rte_prefetch0(a->data[i] + RTE_MIN(a->len[i], (uint32_t)XD_HEAD) - 1);
	}
	return n;
}

/* Buffers that are each one descriptor in one region: as many of the next as there are. Returns the
 * first that is anything else. */
static __rte_always_inline uint16_t
simple_as(struct xd_vq *vq, struct xd_batch *batch, const uint8_t offloads)
{
	const struct xd_vq_ahead *a = &vq->ahead;
	struct xd_frame *f = &batch->frames[batch->n];
	struct xd_seg *seg = &batch->segs[batch->nb_segs];
	struct xd_seg *const last_seg = &batch->segs[XD_BATCH_SEGS];
	const uint16_t limit = a->n;
	uint32_t bytes = batch->bytes;
	uint16_t at = a->at;

	/* What the loop advances is in registers: through memory it would wait for itself. */
	for (; at < limit && bytes < XD_BATCH_BYTES; at++) {
		const uint8_t *data = a->data[at];
		uint32_t len = a->len[at];

		if (unlikely(!data || seg == last_seg))
			break;
		if (unlikely(len < XD_FRAME_MIN || len > XD_FRAME_MAX)) {
			xd_vq_no_frame(
				batch, at, len < XD_FRAME_MIN ? XD_DROP_RUNT : XD_DROP_TOO_LONG);
			continue;
		}
		if (len <= XD_HEAD) {
			xd_copy_short(f->buf + XD_HEADROOM, data, len);
			xd_frame_init(f, len, (uint8_t)len, 0);
		} else {
			xd_copy_line(f->buf + XD_HEADROOM, data);
			xd_copy_line(f->buf + XD_HEADROOM + 64, data + 64);
			xd_frame_init(f, len, XD_HEAD, 1);
			seg->addr = data + XD_HEAD;
			seg->len = len - XD_HEAD;
			f->segs = seg;
		}
		if (offloads) {
			struct xd_net_header header = xd_net_header_read(data - XD_VQ_HDR_BYTES);

			if (xd_net_header_asks(header) &&
				unlikely(!xd_net_header_take(f, header, offloads))) {
				xd_vq_no_frame(batch, at, XD_DROP_BAD_OFFLOAD);
				continue;
			}
		}
		bytes += len;
		seg += len > XD_HEAD;
		f++;
	}
	batch->n = (uint16_t)(f - batch->frames);
	batch->nb_segs = (uint16_t)(seg - batch->segs);
	batch->bytes = bytes;
	return at;
}

/* A function each, so that a guest without offloads does not pay for them. */
static __rte_noinline uint16_t
dequeue_plain(struct xd_vq *vq, struct xd_batch *batch)
{
	return simple_as(vq, batch, 0);
}

static __rte_noinline uint16_t
dequeue_offloads(struct xd_vq *vq, struct xd_batch *batch)
{
	return simple_as(vq, batch, vq->offloads);
}

/* One buffer that is not simple. False: it has to wait for the next turn, or the ring is broken. */
static bool
dequeue_other(struct xd_vq *vq, struct xd_batch *batch, uint16_t at, uint32_t *walked)
{
	struct xd_frame *f = &batch->frames[batch->n];
	int result = dequeue_chain(vq, batch, f, at, walked);

	if (result == CHAIN_FRAME) {
		batch->n++;
		batch->bytes += f->len;
	} else if (result < XD_DROP_REASONS) {
		xd_vq_no_frame(batch, at, (enum xd_drop)result);
	}
	return result <= CHAIN_FRAME;
}

/* Takes the buffers from `begin` on, up to ahead.at, off the ring. */
static inline void
take(struct xd_vq *vq, struct xd_batch *batch, uint16_t begin, const bool packed)
{
	const struct xd_vq_ahead *a = &vq->ahead;
	const uint16_t n = a->at - begin;

	batch->nb_done = n;
	memcpy(batch->done, &a->id[begin], n * sizeof(batch->done[0]));
	if (packed) {
		memcpy(batch->done_descs, &a->descs[begin], n * sizeof(batch->done_descs[0]));
		vq->last_avail = position(vq, begin, a->at);
	} else {
		vq->last_avail += n;
	}
}

static inline __attribute__((always_inline)) uint16_t
dequeue(struct xd_vq *vq, struct xd_batch *batch, const bool packed)
{
	struct xd_vq_ahead *a = &vq->ahead;
	uint32_t walked = 0;
	uint16_t next;

	batch->n = 0;
	batch->nb_done = 0;
	batch->nb_segs = 0;
	batch->bytes = 0;
	batch->no_frame = 0;
	if (a->at == a->n && look_ahead(vq, packed) == 0)
		return 0;

	batch->first = a->at;
	while (a->at < a->n && batch->bytes < XD_BATCH_BYTES) {
		a->at = vq->offloads ? dequeue_offloads(vq, batch) : dequeue_plain(vq, batch);
		if (likely(a->at == a->n || batch->bytes >= XD_BATCH_BYTES))
			break;
		next = xd_vq_dequeue_tables(vq, batch);
		if (likely(next > a->at)) {
			a->at = next;
			continue;
		}
		if (!dequeue_other(vq, batch, a->at, &walked))
			break;
		a->at++;
		/* Also what brought no frame took time. */
		if (walked >= XD_VQ_WALK_MAX)
			break;
	}
	/* What was taken in before a fault is still switched; the ring is used no more after it. */
	take(vq, batch, batch->first, packed);
	if (a->at == a->n && likely(vq->fault == XD_VQ_OK))
		look_ahead(vq, packed);
	return batch->n;
}

uint16_t
xd_vq_dequeue(struct xd_vq *vq, struct xd_batch *batch)
{
	return vq->packed ? dequeue(vq, batch, true) : dequeue(vq, batch, false);
}

void
xd_vq_rewind(struct xd_vq *vq, struct xd_batch *batch, uint16_t n)
{
	uint16_t frames = 0, keep = 0;

	/* The buffer of frame n, not counting those that brought none. */
	while (keep < batch->nb_done && (frames < n || batch->no_frame >> keep & 1)) {
		frames += !(batch->no_frame >> keep & 1);
		keep++;
	}
	/* What was read ahead lies behind them now: all of it is read again. */
	if (vq->packed) {
		uint16_t pos = vq->used_idx;

		for (uint16_t i = 0; i < keep; i++)
			pos = xd_packed_add(pos, batch->done_descs[i], vq->size);
		vq->last_avail = pos;
	} else {
		vq->last_avail = vq->used_idx + keep;
	}
	vq->ahead.at = vq->ahead.n = 0;
	batch->nb_done = keep;
	batch->n = RTE_MIN(batch->n, n);
	batch->bytes = 0;
	for (uint16_t i = 0; i < batch->n; i++)
		batch->bytes += batch->frames[i].len;
}

static void
count_no_frames(const struct xd_vq *vq, const struct xd_batch *batch)
{
	for (uint16_t i = 0; i < batch->nb_done; i++) {
		if (batch->no_frame >> i & 1)
			xd_drop(vq->drops, batch->reasons[i], 1);
	}
}

void
xd_vq_release(struct xd_vq *vq, struct xd_batch *batch)
{
	const uint16_t n = batch->nb_done;

	if (unlikely(batch->no_frame))
		count_no_frames(vq, batch);
	if (vq->packed) {
		xd_packed_release(vq, batch->done, batch->done_descs, n);
	} else {
		xd_split_release(vq, batch->done, n);
		xd_split_publish(vq);
	}
	batch->nb_done = 0;
	vq->frames += batch->n;
	vq->bytes += batch->bytes;
}

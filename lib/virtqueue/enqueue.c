/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transmit: from frames to a guest's receive queue, which is the one copy.
 *
 * Nearly always one frame fills one simple buffer (enqueue_run). Its buffers' descriptors are read
 * at the beginning of the call, and the lines that will be written prefetched; not a turn earlier,
 * as dequeue.c does, because the hardware prefetcher of a receiver that walks its buffers would
 * fetch those lines back before they are written. A frame that needs several buffers
 * (VIRTIO_NET_F_MRG_RXBUF) or a buffer that is a chain takes the general way, xd_vq_put_frame.
 */
#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#include "frame/copy.h"
#include "virtqueue/put.h"
#include "virtqueue/packed_ring.h"
#include "virtqueue/split_ring.h"

/* Frames between asking for a long one's buffer and writing it: the next one's lines would not be
 * here yet when cores are far apart, and 32 frames' do not stay in the first level cache. */
#define LONG_AHEAD 2

/* Whether a buffer's virtio-net header ends where a line does, and its frame begins with the next
 * one, as drivers have it that never rewrite the header. */
static inline bool
is_apart(const uint8_t *data)
{
	return ((uintptr_t)data + XD_VQ_HDR_BYTES) % XD_COPY_LINE == 0;
}

/* Reads the next available buffers and asks for the lines that will be written first. A header in a
 * line of its own is usually not written, see xd_net_header_write, and then it is near. */
static inline uint16_t
look_ahead(struct xd_vq *vq, const bool packed)
{
	const struct xd_vq_ahead *a = &vq->ahead;
	uint16_t n = packed ? xd_packed_look_ahead(vq, XD_VRING_DESC_F_WRITE)
			    : xd_split_look_ahead(vq, XD_VRING_DESC_F_WRITE);

	for (uint16_t i = 0; i < n; i++) {
		if (unlikely(!a->data[i]))
			continue;
		rte_prefetch0_write(a->data[i] + XD_VQ_HDR_BYTES);
	}
	/* Buffers of one ring are alike. */
	if (n && is_apart(a->data[0]))
		return n;
	for (uint16_t i = 0; i < n; i++) {
		if (likely(a->data[i]))
			rte_prefetch0_write(a->data[i] + XD_COPY_LINE);
	}
	return n;
}

/* The header and the n bytes of the frame that are in its snapshot, 64 to 128, in as few stores as
 * can be. There is headroom before the snapshot, whose bytes the header takes the place of. */
static __rte_always_inline void
put_head(uint8_t *data, const uint8_t *head, uint32_t n, struct xd_net_header header)
{
	xd_line first = *(const xd_line *)(head - XD_VQ_HDR_BYTES);
	uint32_t begin;

	memcpy(&begin, head, sizeof(begin));
	first[0] = header.first;
	first[1] = header.second | (uint64_t)begin << 32;
	*(xd_line *)data = first;
	if (likely(n == 64)) {
		memcpy(data + 60, head + 48, 16);
		return;
	}
	if (n > 2 * XD_COPY_LINE - XD_VQ_HDR_BYTES)
		xd_copy_line(data + XD_COPY_LINE, head + XD_COPY_LINE - XD_VQ_HDR_BYTES);
	xd_copy_line(data + XD_VQ_HDR_BYTES + n - XD_COPY_LINE, head + n - XD_COPY_LINE);
}

/* Asks for those lines of the buffer at `at` that its frame's segments will be written to. */
static __rte_always_inline void
prefetch_long(const struct xd_vq_ahead *a, uint16_t at, const struct xd_frame *f)
{
	const uint8_t *data = a->data[at];
	const uint32_t len = RTE_MIN(f->len + XD_VQ_HDR_BYTES, a->len[at]);

	if (unlikely(!data) || f->nb_segs == 0)
		return;
	for (uint32_t i = 2 * XD_COPY_LINE; i < len; i += XD_COPY_LINE)
		rte_prefetch0_write(data + i);
}

/* One frame into one simple buffer with room for it. */
static __rte_always_inline void
enqueue_simple(uint8_t *data, struct xd_frame *f, struct xd_net_header header, const bool apart)
{
	uint8_t *dst = data + XD_VQ_HDR_BYTES;

	if (!apart &&
		likely(f->head_len >= 64 && f->head_len <= 128 && f->start >= XD_VQ_HDR_BYTES)) {
		put_head(data, xd_frame_data(f), f->head_len, header);
	} else {
		xd_net_header_write(data, header);
		if (likely(f->head_len <= 128))
			xd_copy_short(dst, xd_frame_data(f), f->head_len);
		else
			rte_memcpy(dst, xd_frame_data(f), f->head_len);
	}
	dst += f->head_len;
	for (unsigned i = 0; i < f->nb_segs; i++) {
		xd_copy_body(dst, f->segs[i].addr, f->segs[i].len);
		dst += f->segs[i].len;
	}
}

/* Gives the buffers ahead from `begin` on, one descriptor each, that n frames were put into, to the
 * guest. */
static inline void
give_run(struct xd_vq *vq, struct xd_frame *const *frames, uint16_t begin, uint16_t n)
{
	const struct xd_vq_ahead *a = &vq->ahead;

	if (n == 0)
		return;
	xd_packed_record_intent(vq, &a->descs[begin], n);
	vq->used_idx = xd_packed_put_run(
		vq, vq->used_idx, &a->id[begin], frames, n, XD_VRING_DESC_F_WRITE);
	vq->last_avail = vq->used_idx;
	vq->since_notified += n;
	xd_packed_record_position(vq);
}

/* The checksum, for a guest that has not negotiated to compute it itself. */
static inline bool
finish(struct xd_frame *f, struct xd_counters *counters)
{
	if (!(f->offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return true;
	if (xd_frame_finish_checksum(f) < 0)
		return false;
	counters->checksums++;
	return true;
}

/*
 * Frames that each fit one simple buffer, as far as such buffers were read ahead. Returns the first
 * that does not, or n. packed and apart (is_apart, of the first buffer) are constants.
 *
 * Stores leave a core in order, and those to lines that are still on their way from another core
 * hold up all behind them; there is room for some 60. So the loop makes few, and none that can be
 * made afterwards: used entries are, and then a line of them does not travel to a guest that reads
 * its beginning and back while its end is being written.
 */
static __rte_always_inline uint16_t
run_as(struct xd_vq *vq, struct xd_frame *const *frames, uint16_t n, uint32_t max_frame,
	uint64_t *sum, struct xd_counters *counters, const bool packed, const bool apart)
{
	struct xd_vq_ahead *a = &vq->ahead;
	const uint16_t begin = a->at, limit = RTE_MIN(a->n - begin, (int)n);
	const uint16_t used_idx = vq->used_idx;
	uint64_t bytes = 0;
	uint16_t i;

	/* What the loop advances is in registers: through memory it would wait for itself. */
	for (i = 0; i < limit; i++) {
		struct xd_frame *f = frames[i];
		uint32_t len = f->len;
		uint8_t *data = a->data[begin + i];
		struct xd_net_header header = xd_net_header_plain();

		if (unlikely(len > max_frame || !data || a->len[begin + i] < len + XD_VQ_HDR_BYTES))
			break;
		if (unlikely(f->offload.word != 0)) {
			if (f->offload.gso_type)
				break;
			if (vq->offloads & XD_OFFLOAD_CSUM)
				header = xd_net_header_of(f);
			else if (!finish(f, counters))
				break;
		}
		if (!apart && f->nb_segs && i + LONG_AHEAD < limit)
			prefetch_long(a, begin + i + LONG_AHEAD, frames[i + LONG_AHEAD]);
		enqueue_simple(data, f, header, apart);
		if (!packed && apart) /* usually none is written */
			xd_split_put_used(
				vq, used_idx + i, a->id[begin + i], len + XD_VQ_HDR_BYTES);
		bytes += len;
	}
	a->at = begin + i;
	if (packed) {
		give_run(vq, frames, begin, i);
	} else {
		for (uint16_t k = 0; !apart && k < i; k++)
			xd_split_put_used(vq, used_idx + k, a->id[begin + k],
				frames[k]->len + XD_VQ_HDR_BYTES);
		vq->used_idx = used_idx + i;
		vq->last_avail += i;
	}
	*sum += bytes;
	return i;
}

/* A function each, because in one that has all of them what a loop advances is not in registers. */
#define RUN(name, packed, apart)                                                                   \
	static __rte_noinline uint16_t name(struct xd_vq *vq, struct xd_frame *const *frames,      \
		uint16_t n, uint32_t max_frame, uint64_t *sum, struct xd_counters *counters)       \
	{                                                                                          \
		return run_as(vq, frames, n, max_frame, sum, counters, packed, apart);             \
	}

RUN(run_split, false, false)
RUN(run_split_apart, false, true)
RUN(run_packed, true, false)
RUN(run_packed_apart, true, true)

static inline uint16_t
enqueue_run(struct xd_vq *vq, struct xd_frame *const *frames, uint16_t n, uint32_t max_frame,
	uint64_t *sum, struct xd_counters *counters, const bool packed)
{
	if (is_apart(vq->ahead.data[vq->ahead.at]))
		return packed ? run_packed_apart(vq, frames, n, max_frame, sum, counters)
			      : run_split_apart(vq, frames, n, max_frame, sum, counters);
	return packed ? run_packed(vq, frames, n, max_frame, sum, counters)
		      : run_split(vq, frames, n, max_frame, sum, counters);
}

/* One frame that is not like most. What became of it: a result of xd_vq_put_frame. */
static int
enqueue_other(
	struct xd_vq *vq, struct xd_frame *f, uint32_t max_frame, struct xd_counters *counters)
{
	if (f->offload.word)
		return xd_vq_enqueue_offload(vq, f, max_frame, counters);
	if (f->len > max_frame)
		return XD_VQ_PUT_TOO_LONG;
	return xd_vq_put_frame(vq, f, xd_net_header_plain());
}

static inline __attribute__((always_inline)) uint16_t
enqueue(struct xd_vq *vq, struct xd_frame *const *frames, uint16_t n, uint32_t max_frame,
	struct xd_counters *counters, const bool packed)
{
	struct xd_vq_ahead *a = &vq->ahead;
	uint64_t sent = 0, bytes = 0;
	uint16_t done = 0, run;
	int result;

	xd_vq_lock(vq, counters);
	vq->walked = 0;
	while (done < n) {
		if (a->at == a->n && look_ahead(vq, packed) == 0)
			break;
		/* During migration every page written is logged, by the general way. */
		run = unlikely(vq->log != NULL) ? 0
						: enqueue_run(vq, frames + done, n - done,
							  max_frame, &bytes, counters, packed);
		sent += run;
		done += run;
		if (likely(done == n))
			break;
		if (a->at == a->n)
			continue;
		result = enqueue_other(vq, frames[done], max_frame, counters);
		if (result == XD_VQ_PUT_NO_BUFFER || result == XD_VQ_PUT_FAULT)
			break;
		if (result == 1) {
			sent++;
			bytes += frames[done]->len;
		} else {
			xd_drop(vq->drops, xd_vq_put_reason(result), 1);
		}
		done++;
	}
	/* Also after a fault: what was written before it is the guest's. */
	if (!packed)
		xd_split_publish(vq);
	vq->frames += sent;
	vq->bytes += bytes;
	xd_vq_unlock(vq);
	counters->tx_frames += sent;
	counters->tx_bytes += bytes;
	return done;
}

uint16_t
xd_vq_enqueue(struct xd_vq *vq, struct xd_frame *const *frames, uint16_t n, uint32_t max_frame,
	struct xd_counters *counters)
{
	return vq->packed ? enqueue(vq, frames, n, max_frame, counters, true)
			  : enqueue(vq, frames, n, max_frame, counters, false);
}

uint16_t
xd_vq_room(struct xd_vq *vq, uint16_t wanted, struct xd_counters *counters)
{
	uint16_t n;

	xd_vq_lock(vq, counters);
	n = xd_vq_room_locked(vq, wanted);
	xd_vq_unlock(vq);
	return n;
}

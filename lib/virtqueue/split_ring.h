/* SPDX-License-Identifier: BSD-3-Clause */
/* A split ring: finding available buffers and marking them used (virtio 1.2, 2.7). Private to the
 * device side. Its used index says how far its device has come, so a position is that index. */
#ifndef XD_VIRTQUEUE_SPLIT_RING_H
#define XD_VIRTQUEUE_SPLIT_RING_H

#include "virtqueue/buffer.h"

static inline uint16_t
xd_split_avail_idx(const struct xd_vq *vq)
{
	return __atomic_load_n(&vq->avail->idx, __ATOMIC_ACQUIRE);
}

/* How many buffers from `from` on are available, looking at the guest's index when fewer than
 * `wanted` are known. A guest's index that cannot be stops the ring: 0. */
static inline uint16_t
xd_split_pending(struct xd_vq *vq, uint16_t from, uint16_t wanted)
{
	uint16_t n = vq->avail_seen - from;

	if (n < wanted) {
		vq->avail_seen = xd_split_avail_idx(vq);
		if (unlikely((uint16_t)(vq->avail_seen - vq->last_avail) > vq->size)) {
			xd_vq_break(vq, XD_VQ_AVAIL_JUMP);
			return 0;
		}
		n = vq->avail_seen - from;
	}
	return RTE_MIN(n, wanted);
}

/* Head of the available buffer at a position, or -1: it is beyond the table. */
static inline int
xd_split_head(struct xd_vq *vq, uint16_t idx)
{
	uint16_t id = __atomic_load_n(&vq->avail->ring[idx & vq->mask], __ATOMIC_RELAXED);

	return likely(id < vq->size) ? id : xd_vq_break(vq, XD_VQ_BAD_INDEX);
}

/* Reads at most a batch of available buffers ahead. flags is what a simple buffer's descriptor
 * says. Returns how many there are. */
static inline uint16_t
xd_split_look_ahead(struct xd_vq *vq, uint16_t flags)
{
	/* Copies, because the compiler cannot know that what it writes is none of these. */
	const struct xd_vring_desc *const desc = vq->desc;
	const uint16_t last = vq->last_avail, n = xd_split_pending(vq, last, XD_BATCH);
	struct xd_guest_region hot = vq->hot;
	uint16_t i;

	for (i = 0; i < n; i++) {
		int id = xd_split_head(vq, last + i);
		struct xd_vq_desc d;

		if (unlikely(id < 0))
			break;
		d = xd_split_read(&desc[id]);
		vq->ahead.id[i] = (uint16_t)id;
		xd_vq_ahead_put(vq, &hot, i, &d, flags);
	}
	vq->ahead.at = 0;
	vq->ahead.n = i;
	return i;
}

/*
 * Writes a used entry unless it already says the same. A guest that gives its buffers out in the
 * same order lap after lap, as polling drivers do, finds its entries unchanged, and the line stays
 * in both caches instead of travelling twice.
 */
static inline void
xd_split_put_used(struct xd_vq *vq, uint16_t idx, uint16_t id, uint32_t len)
{
	uint64_t *at = (uint64_t *)(void *)&vq->used->ring[idx & vq->mask];
	uint64_t entry = id | (uint64_t)len << 32;

	if (__atomic_load_n(at, __ATOMIC_RELAXED) != entry)
		__atomic_store_n(at, entry, __ATOMIC_RELAXED);
}

/* Gives back n buffers that were read and not written. */
static inline void
xd_split_release(struct xd_vq *vq, const uint16_t *ids, uint16_t n)
{
	const uint16_t used_idx = vq->used_idx;

	/* One entry, with the last id, stands for all: 2.7.9. */
	if (vq->in_order && n)
		xd_split_put_used(vq, used_idx, ids[n - 1], 0);
	else
		for (uint16_t i = 0; i < n; i++)
			xd_split_put_used(vq, used_idx + i, ids[i], 0);
	vq->used_idx = used_idx + n;
}

/* Publishes used entries up to vq->used_idx. */
static inline void
xd_split_publish(struct xd_vq *vq)
{
	__atomic_store_n(&vq->used->idx, vq->used_idx, __ATOMIC_RELEASE);
	xd_vq_log(vq, vq->log_ring_addr, vq->log_ring_bytes);
	if (unlikely(vq->record.used_idx != NULL))
		__atomic_store_n(vq->record.used_idx, vq->used_idx, __ATOMIC_RELEASE);
}

#endif

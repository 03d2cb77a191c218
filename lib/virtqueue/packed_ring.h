/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A packed ring: finding available buffers and marking them used (virtio 1.2, 2.8). Private to the
 * device side.
 *
 * A position is the number of a descriptor with the wrap counter in bit 15. A buffer is marked used
 * by one store, over length, id and flags of the first descriptor of its chain.
 *
 * A packed ring has no index that says how far its device has come, so the device records its
 * position (vq->record) for another one that takes the ring up after a crash. Record and
 * descriptors cannot be written in one store, so before it marks a turn's buffers used the device
 * also records its intent: how many buffers, and of how many descriptors each. After a crash the
 * next device starts from the recorded position and skips those buffers of the intent that are
 * marked used already: vhost_user/packed_resume.h.
 */
#ifndef XD_VIRTQUEUE_PACKED_RING_H
#define XD_VIRTQUEUE_PACKED_RING_H

#include <rte_prefetch.h>

#include "virtqueue/buffer.h"

#define DESCS_IN_LINE        4
#define XD_PACKED_USED_FLAGS (XD_PACKED_DESC_F_AVAIL | XD_PACKED_DESC_F_USED)

static inline uint64_t *
xd_packed_second_word(const struct xd_vq *vq, uint16_t pos)
{
	return (uint64_t *)(void *)&vq->ring[xd_packed_index(pos)].len;
}

static inline bool
xd_packed_avail_at(const struct xd_vq *vq, uint16_t pos)
{
	uint64_t rest = __atomic_load_n(xd_packed_second_word(vq, pos), __ATOMIC_ACQUIRE);

	return xd_packed_is_avail((uint16_t)(rest >> 48), pos & XD_PACKED_WRAP);
}

/*
 * Skips the buffer at the queue's position if it is marked used, though not by us; true: it was.
 * While no back end is connected, QEMU takes frames that the guest sends off the ring itself, drops
 * them and marks them used. On a packed ring it does not know our position, and may mark them at
 * another one. Assumes a buffer of one descriptor: of a used one it is not known how many it had.
 */
static inline bool
xd_packed_skip_used(struct xd_vq *vq)
{
	const uint16_t pos = vq->last_avail;
	uint64_t rest = __atomic_load_n(xd_packed_second_word(vq, pos), __ATOMIC_ACQUIRE);

	/* While buffers are taken and not given back, used_idx is behind last_avail, and what lies
	 * at the latter is no sign of anything. */
	if (vq->used_idx != pos || !xd_packed_is_used((uint16_t)(rest >> 48), pos & XD_PACKED_WRAP))
		return false;
	vq->used_idx = vq->last_avail = xd_packed_add(pos, 1, vq->size);
	return true;
}

/* Descriptors from the ring's next available buffer to a position behind it. */
static inline uint16_t
xd_packed_walked(const struct xd_vq *vq, uint16_t pos)
{
	const uint16_t from = xd_packed_index(vq->last_avail), to = xd_packed_index(pos);

	return to > from ? to - from : vq->size - from + to;
}

/* As xd_split_look_ahead. */
static inline uint16_t
xd_packed_look_ahead(struct xd_vq *vq, uint16_t flags)
{
	const struct xd_packed_desc *const ring = vq->ring;
	struct xd_vq_ahead *const a = &vq->ahead;
	struct xd_guest_region hot = vq->hot;
	const uint16_t size = vq->size;
	uint16_t pos = vq->last_avail, i;

	/* One store for all. Few are made for each buffer, because what is read ahead is stored
	 * behind what goes to lines that the guest has. */
	for (i = 0; i < XD_BATCH; i++)
		a->descs[i] = 1;
	for (i = 0; i < XD_BATCH; i++) {
		uint16_t all_flags;
		struct xd_vq_desc d = xd_packed_read(&ring[xd_packed_index(pos)], &all_flags);
		int descs = 1;

		if (!xd_packed_is_avail(all_flags, pos & XD_PACKED_WRAP))
			break;
		a->id[i] = d.next;
		if (unlikely(d.flags & XD_VRING_DESC_F_NEXT)) {
			/* To find a chain is to read all of it. */
			if (i && xd_packed_walked(vq, pos) >= XD_VQ_WALK_MAX)
				break;
			descs = xd_packed_chain(vq, pos, &a->id[i]);
			if (descs < 0)
				break;
			a->descs[i] = (uint16_t)descs;
		}
		xd_vq_ahead_put(vq, &hot, i, &d, flags);
		pos = xd_packed_add(pos, (uint16_t)descs, size);
	}
	a->at = 0;
	a->n = i;
	if (i == 0)
		xd_packed_skip_used(vq);
	/* After a full batch there most likely is another: its descriptors, which will be read and
	 * then written, are prefetched for writing. */
	if (likely(i == XD_BATCH)) {
		for (uint16_t k = 0; k < XD_BATCH; k += DESCS_IN_LINE)
			rte_prefetch0_write(&ring[xd_packed_index(xd_packed_add(pos, k, size))]);
	}
	return i;
}

/* Marks a buffer used: from this store on it is the guest's. */
static inline void
xd_packed_put_used(struct xd_vq *vq, uint16_t pos, uint16_t id, uint32_t len, uint16_t flags)
{
	if (pos & XD_PACKED_WRAP)
		flags |= XD_PACKED_USED_FLAGS;
	__atomic_store_n(xd_packed_second_word(vq, pos),
		len | (uint64_t)id << 32 | (uint64_t)flags << 48, __ATOMIC_RELEASE);
}

/* The same for n buffers of one descriptor each, into which frames were put (NULL: they were read).
 * Returns the position behind them. */
static inline uint16_t
xd_packed_put_run(struct xd_vq *vq, uint16_t pos, const uint16_t *ids,
	struct xd_frame *const *frames, uint16_t n, uint16_t flags)
{
	while (n) {
		const uint16_t wrap = pos & XD_PACKED_WRAP ? XD_PACKED_USED_FLAGS : 0;
		const uint16_t run = RTE_MIN(n, vq->size - xd_packed_index(pos));
		const uint64_t high = (uint64_t)(flags | wrap) << 48;
		uint64_t *at = xd_packed_second_word(vq, pos);

		for (uint16_t i = 0; i < run; i++, at += 2) {
			const uint32_t len = frames ? frames[i]->len + XD_VQ_HDR_BYTES : 0;

			__atomic_store_n(at, high | (uint64_t)ids[i] << 32 | len, __ATOMIC_RELEASE);
		}
		pos = xd_packed_add(pos, run, vq->size);
		ids += run;
		frames = frames ? frames + run : NULL;
		n -= run;
	}
	return pos;
}

/* Records what is about to be given back: n buffers of so many descriptors each. */
static inline void
xd_packed_record_intent(struct xd_vq *vq, const uint16_t *descs, uint16_t n)
{
	if (likely(vq->record.intent == NULL))
		return;
	memcpy(&vq->record.intent[1], descs, n * sizeof(descs[0]));
	__atomic_store_n(&vq->record.intent[0], n, __ATOMIC_RELEASE);
	/* Only the compiler could change the order of stores that a dying process leaves. */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* Records that everything up to vq->used_idx was given back. In the layout of vhost-user's
 * QueueRegionPacked from used_idx on: used_idx, old_used_idx (16 bits each), used_wrap and
 * old_used_wrap (8 bits each), both pairs alike, as no turn is in progress. */
static inline void
xd_packed_record_position(struct xd_vq *vq)
{
	uint64_t index = xd_packed_index(vq->used_idx), wrap = !!(vq->used_idx & XD_PACKED_WRAP);

	xd_vq_log(vq, vq->log_ring_addr, vq->log_ring_bytes);
	if (likely(vq->record.position == NULL))
		return;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(vq->record.position, index | index << 16 | wrap << 32 | wrap << 40,
		__ATOMIC_RELEASE);
	if (vq->record.intent)
		__atomic_store_n(&vq->record.intent[0], 0, __ATOMIC_RELEASE);
}

/* Gives back n buffers that were read and not written. */
static inline void
xd_packed_release(struct xd_vq *vq, const uint16_t *ids, const uint16_t *descs, uint16_t n)
{
	const uint16_t size = vq->size, first = vq->used_idx;
	uint32_t sum = 0;

	if (n == 0)
		return;
	xd_packed_record_intent(vq, descs, n);
	for (uint16_t i = 0; i < n; i++)
		sum += descs[i];
	if (vq->in_order) {
		/* One descriptor, with the last id, stands for all: 2.8.8. */
		xd_packed_put_used(vq, first, ids[n - 1], 0, 0);
		for (uint16_t i = 0; i < n; i++)
			vq->used_idx = xd_packed_add(vq->used_idx, descs[i], size);
	} else if (likely(sum == n)) {
		vq->used_idx = xd_packed_put_run(vq, first, ids, NULL, n, 0);
	} else {
		for (uint16_t i = 0; i < n; i++) {
			xd_packed_put_used(vq, vq->used_idx, ids[i], 0, 0);
			vq->used_idx = xd_packed_add(vq->used_idx, descs[i], size);
		}
	}
	vq->since_notified += sum;
	xd_packed_record_position(vq);
}

#endif

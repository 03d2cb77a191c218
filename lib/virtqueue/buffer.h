/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Descriptors read once, guest addresses translated with bounds, and the walk along a chain of
 * descriptors. Private to the device side.
 */
#ifndef XD_VIRTQUEUE_BUFFER_H
#define XD_VIRTQUEUE_BUFFER_H

#include <rte_branch_prediction.h>

#include "virtqueue/device.h"

/* One read of a descriptor in a split ring, which the guest may be rewriting. */
static inline struct xd_vq_desc
xd_split_read(const struct xd_vring_desc *at)
{
	const uint64_t *words = (const uint64_t *)(const void *)at;
	uint64_t addr = __atomic_load_n(&words[0], __ATOMIC_RELAXED);
	uint64_t rest = __atomic_load_n(&words[1], __ATOMIC_RELAXED);

	return (struct xd_vq_desc){
		.addr = addr,
		.len = (uint32_t)rest,
		.flags = (uint16_t)(rest >> 32),
		.next = (uint16_t)(rest >> 48),
	};
}

/* One read of a descriptor in a packed ring. Flags are read first, with acquire: if they say that
 * it is available, the address read after them belongs to it. */
static inline struct xd_vq_desc
xd_packed_read(const struct xd_packed_desc *at, uint16_t *all_flags)
{
	uint64_t rest = __atomic_load_n((const uint64_t *)(const void *)&at->len, __ATOMIC_ACQUIRE);

	*all_flags = (uint16_t)(rest >> 48);
	return (struct xd_vq_desc){
		.addr = __atomic_load_n(&at->addr, __ATOMIC_RELAXED),
		.len = (uint32_t)rest,
		.flags = *all_flags &
			 (XD_VRING_DESC_F_NEXT | XD_VRING_DESC_F_WRITE | XD_VRING_DESC_F_INDIRECT),
		.next = (uint16_t)(rest >> 32),
	};
}

/* Records the first fault, ends the use of the ring, and returns -1. */
static inline int
xd_vq_break(struct xd_vq *vq, enum xd_vq_fault fault)
{
	if (vq->fault == XD_VQ_OK)
		__atomic_store_n(&vq->fault, (uint8_t)fault, __ATOMIC_RELAXED);
	__atomic_store_n(&vq->live, false, __ATOMIC_RELAXED);
	return -1;
}

/* Host address of guest_addr, *contiguous bytes of which lie together; NULL: not memory. */
static inline uint8_t *
xd_vq_ptr(struct xd_vq *vq, uint64_t guest_addr, uint64_t *contiguous)
{
	uint64_t offset = guest_addr - vq->hot.guest_addr;
	const struct xd_guest_region *r;

	if (likely(offset < vq->hot.size)) {
		*contiguous = vq->hot.size - offset;
		return vq->hot.host + offset;
	}
	r = xd_guest_region(vq->mem, guest_addr);
	if (!r)
		return NULL;
	vq->hot = *r;
	offset = guest_addr - r->guest_addr;
	*contiguous = r->size - offset;
	return r->host + offset;
}

/* A simple buffer is the commonest kind: one descriptor, in one region, with just these flags.
 * Returns its address, or NULL when it is anything else. */
static inline uint8_t *
xd_vq_simple(struct xd_vq *vq, const struct xd_vq_desc *d, uint16_t flags_wanted)
{
	uint64_t contiguous;
	uint8_t *p;

	if (unlikely(d->flags != flags_wanted))
		return NULL;
	p = xd_vq_ptr(vq, d->addr, &contiguous);
	return likely(p && d->len <= contiguous) ? p : NULL;
}

/* Waiting for the lock is not the fault of the guest whose queue it is. */
void xd_vq_lock_wait(struct xd_vq *vq, struct xd_counters *counters);

static inline void
xd_vq_lock(struct xd_vq *vq, struct xd_counters *counters)
{
	if (unlikely(!rte_spinlock_trylock(&vq->lock)))
		xd_vq_lock_wait(vq, counters);
}

/* rte_spinlock_unlock() is an exchange on x86, which waits for the store buffer to drain; a store
 * with release order is enough and does not. */
static inline void
xd_vq_unlock(struct xd_vq *vq)
{
	__atomic_store_n(&vq->lock.locked, 0, __ATOMIC_RELEASE);
}

/* Logs a write, during migration. */
static inline void
xd_vq_log(const struct xd_vq *vq, uint64_t guest_addr, uint64_t len)
{
	if (unlikely(vq->log != NULL))
		xd_dirty_log_write(vq->log, guest_addr, len);
}

/* Puts an available buffer, read once, into place i of those read ahead. */
static inline void
xd_vq_ahead_put(struct xd_vq *vq, struct xd_guest_region *hot, uint16_t i,
	const struct xd_vq_desc *d, uint16_t flags)
{
	uint64_t offset = d->addr - hot->guest_addr;

	vq->ahead.len[i] = d->len;
	if (likely(d->flags == flags && offset < hot->size && d->len <= hot->size - offset)) {
		vq->ahead.data[i] = hot->host + offset;
	} else {
		vq->ahead.data[i] = xd_vq_simple(vq, d, flags);
		if (!(flags & XD_VRING_DESC_F_WRITE))
			vq->tables[i].desc = *d;
		*hot = vq->hot;
	}
}

/*
 * A walk along one chain of descriptors, direct or indirect, whose every piece is checked: in
 * chain.c, for buffers that are not simple.
 */
struct xd_vq_walk {
	const void *table;
	uint32_t entries; /* of table */
	uint32_t left;    /* descriptors that may still come, by the ring's size; packed: that do */
	uint32_t pieces;  /* found so far */
	uint16_t next;
	bool more;     /* a descriptor is still to be read */
	bool writable; /* what direction is due */
	bool in_indirect;
	/* what is left of the descriptor at hand, when it crosses from one region into the next */
	uint64_t addr;
	uint32_t len;
};

/* A split ring's chain that begins at descriptor head; a packed ring's of `descs` from there on. */
void xd_vq_walk_begin(const struct xd_vq *vq, struct xd_vq_walk *walk, uint16_t head,
	uint16_t descs, bool writable);
/* The next host-contiguous piece, walk->addr - seg->len being its guest address. 1: *seg is
 * filled; 0: the chain has ended; -1: vq->fault. */
int xd_vq_walk_next(struct xd_vq *vq, struct xd_vq_walk *walk, struct xd_seg *seg);

/* How many descriptors the chain at pos has, whose first one has a next, and in *id its buffer's
 * id; -1: it loops. The walk along it later reads just as many, whatever flags say by then. */
int xd_packed_chain(struct xd_vq *vq, uint16_t pos, uint16_t *id);

#endif

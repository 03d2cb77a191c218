/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device (switch) side of a split virtqueue: virtio 1.2, section 2.7.
 *
 * A guest's transmit queue is emptied with xd_vq_dequeue() and xd_vq_release(): split_dequeue.c.
 * A guest's receive queue is filled with xd_vq_enqueue(): split_enqueue.c. Both sides of what the
 * guest is told, and asks not to be told, are in split_notify.c.
 *
 * The guest may write anything into the ring at any time. Each index, descriptor and flag is read
 * once into a local, checked there and used from there. What is not valid sets vq->fault and ends
 * the use of the ring: the owner of the queue then stops the port.
 */
#ifndef XD_VIRTQUEUE_SPLIT_DEVICE_H
#define XD_VIRTQUEUE_SPLIT_DEVICE_H

#include <rte_common.h>
#include <rte_spinlock.h>

#include "base/error.h"
#include "frame/frame.h"
#include "stats/counters.h"
#include "virtqueue/guest_memory.h"
#include "virtqueue/split_layout.h"

#define XD_VQ_SIZE_MAX 32768

/* The rule that a guest broke. */
enum xd_vq_fault {
	XD_VQ_OK,
	XD_VQ_AVAIL_JUMP,    /* available index ahead by more than the ring holds */
	XD_VQ_BAD_INDEX,     /* descriptor index beyond the table */
	XD_VQ_BAD_ADDRESS,   /* buffer outside the shared memory */
	XD_VQ_LOOP,          /* chain longer than the ring, so it loops */
	XD_VQ_BAD_DIRECTION, /* device-writable where readable is due, or the reverse */
	XD_VQ_EMPTY_DESC,    /* descriptor of length zero */
	XD_VQ_SHORT_BUFFER,  /* too short for the virtio-net header */
	XD_VQ_BAD_INDIRECT,  /* indirect table of odd length, nested, or not negotiated */
	XD_VQ_FAULTS
};

const char *xd_vq_fault_text(enum xd_vq_fault fault);

/*
 * Available buffers that were read ahead of their turn, so that the lines which will be read or
 * written are on their way for a whole turn. What was read here is what will be used.
 */
struct xd_vq_ahead {
	uint16_t at; /* next one to use */
	uint16_t n;  /* one behind the last; the first is the ring's last_avail */
	uint16_t id[XD_BATCH];
	uint32_t len[XD_BATCH];  /* bytes at data */
	uint8_t *data[XD_BATCH]; /* NULL: not a simple buffer, to be walked when its turn comes */
};

struct xd_vq {
	/* Written by control while the queue is not live; read by workers. */
	const struct xd_vring_desc *desc;
	const struct xd_vring_avail *avail;
	struct xd_vring_used *used;
	const struct xd_guest_memory *mem;
	uint16_t size;
	uint16_t mask;
	uint8_t hdr_bytes; /* of the virtio-net header */
	bool event_idx;
	bool indirect;
	bool mergeable;
	bool live;   /* control writes, workers read: frames may pass */
	int call_fd; /* -1: none */

	/* Written by the one worker that dequeues, or by those that enqueue, under the lock. */
	uint16_t last_avail __rte_cache_aligned; /* next available entry to look at */
	uint16_t avail_seen;                     /* guest's available index as last read */
	uint16_t used_idx;                       /* next used entry to write */
	uint16_t told_idx;                       /* used_idx when the guest was last told, or not */
	uint8_t fault;                           /* enum xd_vq_fault; read by control */
	rte_spinlock_t lock;
	struct xd_guest_region hot; /* the region that the last buffer was in: a copy */
	struct xd_vq_ahead ahead;
} __rte_cache_aligned;

/* What control says of a ring to be brought up. */
struct xd_vq_setup {
	uint16_t size;                             /* entries: a power of two */
	uint16_t base;                             /* next available entry */
	uint64_t desc_addr, avail_addr, used_addr; /* front end's virtual addresses */
	bool event_idx, indirect, mergeable;
	uint8_t hdr_bytes;
	int call_fd;
};

/* Checks size, alignment and addresses together against the guest's memory and sets the queue up,
 * not yet live. Control. -EINVAL, -EFAULT in words. mem must outlive the queue's use. */
int xd_vq_setup(struct xd_vq *vq, const struct xd_guest_memory *mem,
	const struct xd_vq_setup *setup, struct xd_error *err);

/* Frames that the guest sends, at most a batch. Fills batch->frames, n and done. Frames that are no
 * frames are counted in drops and given back. The owning worker; returns batch->n. */
uint16_t xd_vq_dequeue(struct xd_vq *vq, struct xd_batch *batch, struct xd_counters *counters);
/* Gives back what the last dequeue lent. The same worker. */
void xd_vq_release(struct xd_vq *vq, struct xd_batch *batch);

/* Puts frames into the guest's buffers, in order, and returns how many are dealt with: put, or
 * dropped as longer than max_frame and counted. Any worker; takes the queue's lock. */
uint16_t xd_vq_enqueue(struct xd_vq *vq, struct xd_frame *const *frames, uint16_t n,
	uint32_t max_frame, struct xd_counters *counters);

/* After a full fence that follows release, the owning worker, or enqueue, any worker: tells the
 * guest if it asked for it. The latter takes the lock, but not around the system call. */
void xd_vq_notify_released(struct xd_vq *vq, struct xd_counters *counters);
void xd_vq_notify_enqueued(struct xd_vq *vq, struct xd_counters *counters);

/* After a pause: tells the guest whatever it asks for, because a notification may have been due
 * when the pause began. Control. */
void xd_vq_notify_now(const struct xd_vq *vq);

/* Asks the guest for a kick when it makes a buffer available; true: some are already. The owning
 * worker. */
bool xd_vq_arm(struct xd_vq *vq);
void xd_vq_disarm(struct xd_vq *vq);

/* Host address of len bytes at guest_addr, *contiguous of which lie together; NULL: not memory. */
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

/* The simplest and commonest buffer: one descriptor, in one region. Returns its address or NULL
 * when it is anything else. */
static inline uint8_t *
xd_vq_simple(struct xd_vq *vq, const struct xd_vring_desc *d, uint16_t flags_wanted)
{
	uint64_t contiguous;
	uint8_t *p;

	if (unlikely(d->flags != flags_wanted))
		return NULL;
	p = xd_vq_ptr(vq, d->addr, &contiguous);
	return likely(p && d->len <= contiguous) ? p : NULL;
}

static inline uint16_t
xd_vq_avail_idx(const struct xd_vq *vq)
{
	return __atomic_load_n(&vq->avail->idx, __ATOMIC_ACQUIRE);
}

static inline uint16_t
xd_vq_avail_entry(const struct xd_vq *vq, uint16_t idx)
{
	return __atomic_load_n(&vq->avail->ring[idx & vq->mask], __ATOMIC_RELAXED);
}

/* One read of a descriptor that the guest may be rewriting. */
static inline struct xd_vring_desc
xd_vq_read_desc(const struct xd_vring_desc *at)
{
	const uint64_t *words = (const uint64_t *)(const void *)at;
	uint64_t addr = __atomic_load_n(&words[0], __ATOMIC_RELAXED);
	uint64_t rest = __atomic_load_n(&words[1], __ATOMIC_RELAXED);

	return (struct xd_vring_desc){
		.addr = addr,
		.len = (uint32_t)rest,
		.flags = (uint16_t)(rest >> 32),
		.next = (uint16_t)(rest >> 48),
	};
}

/* Records the first fault and returns -1. */
static inline int
xd_vq_break(struct xd_vq *vq, enum xd_vq_fault fault)
{
	if (vq->fault == XD_VQ_OK)
		__atomic_store_n(&vq->fault, (uint8_t)fault, __ATOMIC_RELAXED);
	__atomic_store_n(&vq->live, false, __ATOMIC_RELAXED);
	return -1;
}

/* How many available buffers to look at, at most a batch. A guest's index that cannot be stops the
 * ring. */
static inline uint16_t
xd_vq_pending(struct xd_vq *vq)
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

/*
 * Reads at most a batch of available buffers ahead, when all of the last ones are used. flags is
 * what a simple buffer's descriptor says. Returns how many there are.
 */
static inline uint16_t
xd_vq_look_ahead(struct xd_vq *vq, uint16_t flags)
{
	/* Copies, because the compiler cannot know that what it writes is none of these. */
	const struct xd_vring_desc *const desc = vq->desc;
	const uint16_t last = vq->last_avail, size = vq->size;
	struct xd_vq_ahead *a = &vq->ahead;
	struct xd_guest_region hot = vq->hot;
	uint16_t n, i;

	a->at = a->n = 0;
	n = xd_vq_pending(vq);
	for (i = 0; i < n; i++) {
		uint16_t id = xd_vq_avail_entry(vq, last + i);
		struct xd_vring_desc d;
		uint64_t offset;

		if (unlikely(id >= size)) {
			xd_vq_break(vq, XD_VQ_BAD_INDEX);
			break;
		}
		d = xd_vq_read_desc(&desc[id]);
		offset = d.addr - hot.guest_addr;
		a->id[i] = id;
		a->len[i] = d.len;
		if (likely(d.flags == flags && offset < hot.size && d.len <= hot.size - offset)) {
			a->data[i] = hot.host + offset;
		} else {
			a->data[i] = xd_vq_simple(vq, &d, flags);
			hot = vq->hot;
		}
	}
	a->n = i;
	return i;
}

/*
 * Writes a used entry unless it already says the same. A guest that gives its buffers out in the
 * same order lap after lap, as polling drivers do, finds its entries unchanged, and the line stays
 * in both caches instead of travelling twice.
 */
static inline void
xd_vq_put_used(struct xd_vq *vq, uint16_t idx, uint16_t id, uint32_t len)
{
	uint64_t *at = (uint64_t *)(void *)&vq->used->ring[idx & vq->mask];
	uint64_t entry = id | (uint64_t)len << 32;

	if (__atomic_load_n(at, __ATOMIC_RELAXED) != entry)
		__atomic_store_n(at, entry, __ATOMIC_RELAXED);
}

/*
 * A walk along one chain of descriptors, direct or indirect, whose every piece is checked: in
 * split_chain.c, for buffers that are not simple.
 */
struct xd_vq_walk {
	const struct xd_vring_desc *table;
	uint32_t entries; /* of table */
	uint32_t left;    /* descriptors that may still come, by the ring's size */
	uint16_t next;
	bool more;     /* a descriptor is still to be read */
	bool writable; /* what direction is due */
	bool in_indirect;
	/* the descriptor at hand, when it crosses from one region into the next */
	uint64_t addr;
	uint32_t len;
};

void xd_vq_walk_begin(
	const struct xd_vq *vq, struct xd_vq_walk *walk, uint16_t head, bool writable);
/* The next host-contiguous piece. 1: *seg is filled; 0: the chain has ended; -1: vq->fault. */
int xd_vq_walk_next(struct xd_vq *vq, struct xd_vq_walk *walk, struct xd_seg *seg);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device (switch) side of a virtqueue: virtio 1.2, sections 2.7 (split) and 2.8 (packed).
 *
 *   device.c       setting a queue up, and where to take it up after another device
 *   dequeue.c      receive: from a guest's transmit queue to a batch of frames
 *   enqueue.c      transmit: frames into a guest's receive queue
 *   put.c          the same for one frame, into buffers of any shape
 *   indirect.c     receive, of buffers that are a short indirect table
 *   chain.c        buffers of more than one descriptor, whatever they are
 *   offload.c      frames that need an offload which the guest has not negotiated
 *   notify.c       notifications, ours to the guest and the guest's to us
 *   split_ring.h, packed_ring.h
 *                  what differs between the two kinds of ring: finding available buffers, and
 *                  marking them used
 *   net_header.h   the virtio-net header, read and written
 *   buffer.h       descriptors, guest addresses translated, and the walk along a chain
 *   guest_memory.h, dirty_log.h
 *                  the guest's memory, and its pages written during migration
 *
 * The guest may write anything into the ring at any time. Each index, descriptor and flag is read
 * once into a local, checked there and used from there. What is not valid sets vq->fault and ends
 * the use of the ring: the owner of the queue then stops the port.
 *
 * A queue is used in one direction only: xd_vq_dequeue() and what belongs to it, or
 * xd_vq_enqueue().
 *
 * Buffers are given back (marked used, in virtio's words) in the order in which they were made
 * available, whether or not VIRTIO_F_IN_ORDER was negotiated. So one position says where a queue
 * stands, and buffers that a device had taken when it died are simply taken again by the next one.
 */
#ifndef XD_VIRTQUEUE_DEVICE_H
#define XD_VIRTQUEUE_DEVICE_H

#include <rte_common.h>
#include <rte_spinlock.h>

#include "base/error.h"
#include "base/guard.h"
#include "frame/frame.h"
#include "stats/counters.h"
#include "virtqueue/dirty_log.h"
#include "virtqueue/guest_memory.h"
#include "virtqueue/packed_layout.h"
#include "virtqueue/split_layout.h"

#define XD_VQ_SIZE_MAX  32768
#define XD_VQ_MERGE_MAX 320  /* buffers that one frame is put into at most */
#define XD_VQ_WALK_MAX  512  /* descriptors of chains after which a turn's dequeue ends */
#define XD_VQ_PUT_MAX   2048 /* descriptors that one call puts frames into */
#define XD_VQ_TABLE_MAX 4    /* descriptors of an indirect table that is read ahead */
#define XD_VQ_HDR_BYTES 12   /* virtio-net header with num_buffers: virtio 1.2, 5.1.6 */

/* The rule of virtio that a guest broke. */
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

/* A descriptor of either kind of ring, read once. flags are NEXT, WRITE and INDIRECT only. */
struct xd_vq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next; /* split: number of the next one; packed: the buffer's id */
};

/* Of a buffer to be received, read ahead, that is not simple: its first descriptor; after that has
 * been looked at, what the indirect table holds that it is, if that is a short one (indirect.c). */
struct xd_vq_table {
	union {
		struct xd_vq_desc desc;
		struct xd_seg pieces[XD_VQ_TABLE_MAX]; /* of the frame, each in one region */
	};
	const uint8_t *header; /* virtio-net header, of XD_VQ_HDR_BYTES */
	uint8_t nb_pieces;     /* 0: the buffer is to be walked, and nothing else is set */
};

static_assert(sizeof(struct xd_vq_table) == 80, "a batch of them is no larger than xd_vq.puts");

/*
 * Available buffers whose descriptors were read ahead, in the turn before, so that the cache lines
 * which will be read or written have a whole turn to arrive. They are not read a second time.
 */
struct xd_vq_ahead {
	uint16_t at; /* next one to use */
	uint16_t n;  /* one behind the last; the first is the ring's next available */
	uint16_t id[XD_BATCH];
	uint16_t descs[XD_BATCH]; /* in a packed ring: descriptors that it takes up */
	uint32_t len[XD_BATCH];   /* bytes at data; of a frame in an indirect table, all */
	uint8_t *data[XD_BATCH];  /* NULL: not a simple buffer (xd_vq_simple) */
};

/*
 * Where a queue's position is recorded, for the device that takes it up after this process died:
 * once a turn, in shared memory of the front end (vhost-user's inflight tracking) or of our own.
 */
struct xd_vq_record {
	uint16_t *used_idx; /* split ring: next used entry; NULL: not recorded */
	/* Packed ring: the position, in one store (xd_packed_record_position); and, unless NULL, an
	 * array of XD_VQ_INTENT numbers for what the turn is about to give back (packed_ring.h). */
	uint64_t *position;
	uint16_t *intent;
};

#define XD_VQ_INTENT (XD_VQ_MERGE_MAX + 1) /* number of buffers, then descriptors of each */

/* A buffer that a frame was put into, not given back yet. */
struct xd_vq_put {
	uint32_t len;
	uint16_t id;
	uint16_t descs; /* packed ring */
};

struct xd_vq {
	/* Written by control while the queue is not live; read by workers. */
	union {
		const struct xd_vring_desc *desc; /* split */
		struct xd_packed_desc *ring;      /* packed */
	};
	union {
		const struct xd_vring_avail *avail;
		const struct xd_packed_event *driver_event;
	};
	union {
		struct xd_vring_used *used;
		struct xd_packed_event *device_event;
	};
	const struct xd_guest_memory *mem;
	struct xd_drops *drops; /* where frames that end here are counted */
	uint16_t size;
	uint16_t mask; /* split ring */
	bool packed;
	bool event_idx;
	bool indirect;
	bool mergeable;
	bool in_order;
	bool live;        /* control writes, workers read: frames may pass */
	uint8_t offloads; /* XD_OFFLOAD_*: what the guest may ask for, or takes itself */
	int call_fd;      /* -1: none */
	struct xd_vq_record record;
	const struct xd_dirty_log *log; /* of pages written, during migration; else NULL */
	/* The part of the ring that the device writes (split: used ring; packed: descriptors),
	 * which is logged as a whole: guest physical address and bytes; 0 bytes: not. */
	uint64_t log_ring_addr;
	uint32_t log_ring_bytes;

	/*
	 * Written by the one worker that dequeues, or by those that enqueue, under the lock. A
	 * position in a split ring is the free running index; in a packed ring the number of the
	 * descriptor, with the wrap counter in bit 15.
	 */
	uint16_t last_avail __rte_cache_aligned; /* next available entry to look at */
	uint16_t avail_seen;                     /* split: guest's available index as last read */
	uint16_t used_idx;                       /* next used entry to write */
	uint16_t notified_idx;   /* used_idx when a notification was last considered */
	uint32_t since_notified; /* packed: descriptors given back since then */
	bool told;               /* call_fd was written to; control clears it */
	uint32_t walked; /* descriptors that the enqueue at hand has walked: XD_VQ_PUT_MAX */
	uint8_t fault;   /* enum xd_vq_fault; read by control */
	rte_spinlock_t lock;
	uint64_t frames; /* that passed this queue; read by control, as are */
	uint64_t bytes;
	struct xd_guest_region hot; /* the region that the last buffer was in: a copy */
	struct xd_vq_ahead ahead;
	union {                                         /* as it is used in one direction only */
		struct xd_vq_table tables[XD_BATCH];    /* receive: of those ahead without data */
		struct xd_vq_put puts[XD_VQ_MERGE_MAX]; /* transmit: of the frame at hand */
	};
} __rte_cache_aligned;

/* What control says of a ring to be brought up. */
struct xd_vq_setup {
	uint16_t size; /* entries: a power of two, or any number on a packed ring */
	uint16_t base; /* position of the next available entry, see struct xd_vq */
	/* Front end's virtual addresses: descriptor table, driver area and device area, which on a
	 * split ring are available and used ring. */
	uint64_t desc_addr, avail_addr, used_addr;
	bool packed, event_idx, indirect, mergeable, in_order;
	uint8_t offloads;
	int call_fd;
	struct xd_drops *drops;
	struct xd_vq_record record;
	const struct xd_dirty_log *log;
	bool log_ring; /* writes to the ring itself are to be logged too (VHOST_VRING_F_LOG) */
	uint64_t log_used_addr; /* where: guest physical address of the used ring (split ring) */
};

/* Checks size, alignment and addresses together against the guest's memory and sets the queue up,
 * not yet live. Counters of the queue go on. Control. -EINVAL, -EFAULT in words. mem, drops, record
 * and log must outlive the queue's use. */
int xd_vq_setup(struct xd_vq *vq, const struct xd_guest_memory *mem,
	const struct xd_vq_setup *setup, struct xd_error *err);

/* Receives frames that the guest sent, at most a batch. Fills batch->frames, n and done. Buffers
 * that hold no valid frame are counted in drops and given back. The owning worker; returns
 * batch->n. */
uint16_t xd_vq_dequeue(struct xd_vq *vq, struct xd_batch *batch);
/* Rewinds the ring to before frame number n, to be dequeued again: before release. The same
 * worker. */
void xd_vq_rewind(struct xd_vq *vq, struct xd_batch *batch, uint16_t n);
/* Gives back the buffers of the last dequeue. The same worker. */
void xd_vq_release(struct xd_vq *vq, struct xd_batch *batch);

/* Puts frames into the guest's buffers, in order, and returns how many are dealt with: put, or
 * dropped and counted, because they are longer than max_frame (bytes; of a frame to be segmented,
 * each segment) or cannot be brought into a form that the guest takes. Any worker; takes the
 * queue's lock. */
uint16_t xd_vq_enqueue(struct xd_vq *vq, struct xd_frame *const *frames, uint16_t n,
	uint32_t max_frame, struct xd_counters *counters);
/* Buffers that are available to put frames into, at most `wanted`: a hint. Any worker; takes the
 * lock. */
uint16_t xd_vq_room(struct xd_vq *vq, uint16_t wanted, struct xd_counters *counters);

/* Notifies the guest of buffers given back, if it asked for that. After a full memory fence that
 * follows release (the owning worker) or enqueue (any worker). The second takes the lock, but not
 * around the system call. slot: the worker's; NULL: a guest that wants to can have it wait. */
void xd_vq_notify_released(
	struct xd_vq *vq, struct xd_counters *counters, struct xd_guard_slot *slot);
void xd_vq_notify_enqueued(
	struct xd_vq *vq, struct xd_counters *counters, struct xd_guard_slot *slot);

/* Has the guest kick (notify us) when it makes a buffer available; true: some are already. disarm
 * takes that back. The owning worker. */
bool xd_vq_arm(struct xd_vq *vq);
void xd_vq_disarm(struct xd_vq *vq);

#endif

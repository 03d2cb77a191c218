/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The driver side of a virtqueue (virtio 1.2, sections 2.7 and 2.8), for a generator that must not
 * be what is measured. Its buffers are static: offered again and again; or they are a guest's:
 * guest_ring.h.
 *
 *   virtio_ring.c         what all have in common: memory, interrupts, choosing the kind
 *   virtio_ring_split.*   static split rings; what a device gave back of any split ring
 *   virtio_ring_packed.*  the same of packed rings
 *   virtio_ring_burst.h   writing and reading the frames of a burst
 *   guest_*               a guest's rings
 *
 * Static split: every entry of the available ring holds a buffer from the start, one descriptor
 * each. As long as the device gives buffers back in order, offering them again is nothing but
 * moving avail->idx: no descriptor and no ring entry is written, so those lines stay in the
 * device's cache too. When a used element's id is not the one that this entry holds, the entry is
 * rewritten with it: position p of the used ring and position p + size of the available ring are
 * the same entry, and the device has read it (it cannot have given back p + 1 buffers without
 * having taken as many).
 *
 * Static packed: descriptor p is always one buffer, and given back where it was offered. Four
 * descriptors share a line, which travels to the device and back; that is the least that a packed
 * ring can do. A burst's payload is written before any of its descriptors, and they are written
 * from the last to the first, so that the device finds the whole burst at once and no line is taken
 * away from it half read. Nothing is looked at ahead of the descriptors that the device has
 * written.
 *
 * A static buffer is a virtio-net header right before a cache line boundary and a frame behind it.
 * The stride is an odd number of lines, so that buffers spread over all sets of a cache. The
 * header's line is never written when sending.
 *
 * One thread per ring.
 */
#ifndef XD_TRAFFIC_PORT_VIRTIO_RING_H
#define XD_TRAFFIC_PORT_VIRTIO_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traffic/frames/stream.h"
#include "traffic/port/receive.h"
#include "virtqueue/packed_layout.h"
#include "virtqueue/split_layout.h"

struct xd_virtio_ring;
struct xd_guest_ring; /* guest_ring.h */

/* What each kind of ring does in its own way. */
struct xd_virtio_ring_ops {
	void (*fill)(struct xd_virtio_ring *r); /* a receive ring, at the beginning */
	uint16_t (*send)(struct xd_virtio_ring *r, struct xd_stream *stream, enum xd_touch touch,
		uint16_t n);
	uint16_t (*receive)(struct xd_virtio_ring *r, enum xd_touch touch, uint32_t size,
		uint16_t n, struct xd_receive *counts);
	void (*reclaim)(struct xd_virtio_ring *r, uint16_t n); /* at most n */
};

struct xd_virtio_ring {
	const struct xd_virtio_ring_ops *ops;
	struct xd_guest_ring *guest; /* NULL: a static ring */
	union {
		struct xd_vring_desc *desc;  /* split */
		struct xd_packed_desc *ring; /* packed */
	};
	union {
		struct xd_vring_avail *avail;
		struct xd_packed_event *driver_event;
	};
	union {
		struct xd_vring_used *used;
		struct xd_packed_event *device_event;
	};
	uint16_t *ids;       /* buffer that each position holds; split: a copy of avail->ring */
	uint8_t *frames;     /* frame of buffer 0 */
	uint64_t guest_addr; /* of buffer 0: of its header */
	uint32_t stride;     /* bytes from buffer to buffer, an odd number of lines */
	uint32_t room;       /* bytes of frame in a buffer */
	uint32_t send_bytes; /* header and frame of the stream, */
	uint32_t *lens;      /* or, by buffer, of the frame of a list that is in there */
	bool listed;         /* the stream is a list */
	uint8_t *gather;     /* where a frame of several buffers is put together */
	uint16_t size, mask;
	uint16_t avail_idx; /* published; free running, as are the next three */
	uint16_t used_idx;  /* looked at */
	uint16_t notified;  /* avail_idx when the device was last thought of */
	uint16_t event_set; /* used_idx when the event was last moved */
	bool packed;        /* VIRTIO_F_RING_PACKED was negotiated */
	bool in_order;      /* VIRTIO_F_IN_ORDER */
	bool event_idx;     /* VIRTIO_F_EVENT_IDX */
	bool mergeable;     /* VIRTIO_NET_F_MRG_RXBUF */
	bool write;         /* the device writes: a receive ring */
	bool interrupts;    /* wanted, as a guest's driver does; else this ring is polled */
	bool waiting;       /* for an interrupt: nothing is looked at */
	bool broken;        /* the device gave back what it cannot have; the ring stands still */
	uint16_t known;     /* in order: buffers from used_idx on that are known to be used */
	uint32_t known_len; /* and the bytes written into the last of them */
	int kick_fd, call_fd;
};

struct xd_virtio_ring_opts {
	uint16_t size; /* entries, a power of two */
	uint32_t room; /* bytes of frame in a buffer; rounded up to whole lines */
	bool packed, in_order, event_idx, mergeable;
	bool guest;  /* as a guest's driver has them; else static */
	bool lifo;   /* guest: ids, last in, first out; not with in_order */
	bool pieces; /* guest: TCP that is cut is sent in pieces, which needs indirect descriptors
		      */
	bool write;
	bool interrupts; /* wait for them at call_fd before looking at a receive ring again */
	int kick_fd, call_fd;
};

/* Bytes of zeroed shared memory, aligned to a page, that such a ring needs. */
size_t xd_virtio_ring_bytes(const struct xd_virtio_ring_opts *opts);
/* Lays the ring out at memory, which descriptors shall call guest_addr. A receive ring has all its
 * buffers offered afterwards. -ENOMEM. */
int xd_virtio_ring_init(struct xd_virtio_ring *r, const struct xd_virtio_ring_opts *opts,
	void *memory, uint64_t guest_addr);
void xd_virtio_ring_fini(struct xd_virtio_ring *r);

/* Makes a sending ring fit the stream: lengths, virtio-net headers, and every buffer written whole
 * so that touch=stamp and none have something to send. -EBUSY: the device still has buffers. */
int xd_virtio_ring_load(struct xd_virtio_ring *r, struct xd_stream *stream);

/* Sends at most n of the stream's next frames; returns how many. They are published, and the device
 * is not yet told: see xd_virtio_ring_notify. */
uint16_t xd_virtio_ring_send(
	struct xd_virtio_ring *r, struct xd_stream *stream, enum xd_touch touch, uint16_t n);

/* Takes at most n buffers that the device has filled and offers them again. Frames of `size` bytes
 * that are ours are counted as such. */
uint16_t xd_virtio_ring_receive(struct xd_virtio_ring *r, enum xd_touch touch, uint32_t size,
	uint16_t n, struct xd_receive *counts);

/* Buffers that the device has and did not give back yet. Looks at what it has used. */
uint16_t xd_virtio_ring_outstanding(struct xd_virtio_ring *r);

/* Writes to the kick descriptor. */
void xd_virtio_ring_kick(struct xd_virtio_ring *r);

/* Position `at` of a packed ring as event areas have it: the descriptor's number, and its wrap
 * counter, which begins at 1, in bit 15. */
static inline uint16_t
xd_virtio_ring_packed_pos(const struct xd_virtio_ring *r, uint16_t at)
{
	return (uint16_t)((at & r->mask) | (at & r->size ? 0 : 0x8000));
}

/* Whether the device asks to be kicked for what was published since `notified`: sections 2.7.10,
 * 2.7.7.2 and 2.8.10. */
static inline bool
xd_virtio_ring_kick_wanted(const struct xd_virtio_ring *r)
{
	uint32_t event;

	if (r->packed) {
		event = __atomic_load_n(
			(const uint32_t *)(const void *)r->device_event, __ATOMIC_RELAXED);
		if (event >> 16 != XD_PACKED_EVENT_DESC || !r->event_idx)
			return event >> 16 != XD_PACKED_EVENT_DISABLE;
		return xd_packed_need_event((uint16_t)event,
			xd_virtio_ring_packed_pos(r, r->avail_idx),
			xd_virtio_ring_packed_pos(r, r->notified), r->size);
	}
	if (r->event_idx)
		return xd_vring_need_event(
			__atomic_load_n(xd_vring_avail_event(r->used, r->size), __ATOMIC_RELAXED),
			r->avail_idx, r->notified);
	return !(__atomic_load_n(&r->used->flags, __ATOMIC_RELAXED) & XD_VRING_USED_F_NO_NOTIFY);
}

/* Kicks when the device asks for it. To be sure that it is told, what was published must be visible
 * before its wish is read: call with fenced=true after a full memory fence before going idle. In
 * between, without a fence (which would wait for every store to reach its line), fenced=false tells
 * a device that has long been asleep, and leaves the question open. */
static inline void
xd_virtio_ring_notify(struct xd_virtio_ring *r, bool fenced)
{
	bool wanted;

	if (r->notified == r->avail_idx)
		return;
	wanted = xd_virtio_ring_kick_wanted(r);
	if (wanted || fenced)
		r->notified = r->avail_idx;
	if (__builtin_expect(wanted, 0))
		xd_virtio_ring_kick(r);
}

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The driver side of a split ring (virtio 1.2, section 2.7) whose buffers are offered again and
 * again, for a generator that must not be what is measured.
 *
 * Every entry of the available ring holds a buffer from the start, one descriptor each. As long as
 * the device gives buffers back in order, offering them again is nothing but moving avail->idx: no
 * descriptor and no ring entry is written, so those lines stay in the device's cache too. When a
 * used element's id is not the one that this entry holds, the entry is rewritten with it: position
 * p of the used ring and position p + size of the available ring are the same entry, and the device
 * has read it (it cannot have given back p + 1 buffers without having taken as many).
 *
 * A buffer is a virtio-net header right before a cache line boundary and a frame behind it. The
 * stride is an odd number of lines, so that buffers spread over all sets of a cache. The header's
 * line is never written when sending.
 *
 * One thread per ring.
 */
#ifndef XD_TRAFFIC_OFFER_RING_H
#define XD_TRAFFIC_OFFER_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traffic/stream.h"
#include "virtqueue/split_layout.h"

#define XD_OFFER_HEADER 12 /* bytes of struct virtio_net_hdr with num_buffers (section 5.1.6) */

/* What a receiving ring has seen; the owner of the ring writes. */
struct xd_receive_counts {
	uint64_t frames;  /* ours, of the expected length */
	uint64_t bytes;   /* of these */
	uint64_t foreign; /* anything else */
	xd_line sum;      /* keeps the reading of every byte from being optimised away */
};

struct xd_offer_ring {
	struct xd_vring_desc *desc;
	struct xd_vring_avail *avail;
	struct xd_vring_used *used;
	uint16_t *ids;   /* private copy of avail->ring */
	uint8_t *frames; /* frame of buffer 0 */
	uint32_t stride; /* bytes from buffer to buffer, an odd number of lines */
	uint32_t room;   /* bytes of frame in a buffer */
	uint16_t size, mask;
	uint16_t avail_idx; /* published */
	uint16_t used_idx;  /* looked at */
	uint16_t notified;  /* avail_idx when the device was last thought of */
	uint16_t event_set; /* used_idx when used_event was last moved */
	bool write;         /* the device writes: a receive ring */
	bool event_idx;     /* VIRTIO_F_EVENT_IDX was negotiated */
	bool mergeable;     /* VIRTIO_NET_F_MRG_RXBUF was negotiated */
	bool broken;        /* the device gave back what it cannot have; the ring stands still */
	int kick_fd;
};

struct xd_offer_opts {
	uint16_t size; /* entries, a power of two */
	uint32_t room; /* bytes of frame in a buffer; rounded up to whole lines */
	bool write, event_idx, mergeable;
	int kick_fd;
};

/* Bytes of zeroed shared memory, aligned to a page, that such a ring needs. */
size_t xd_offer_ring_bytes(const struct xd_offer_opts *opts);
/* Lays the ring out at memory, which descriptors shall call guest_addr. A receive ring has all its
 * buffers offered afterwards. -ENOMEM. */
int xd_offer_ring_init(struct xd_offer_ring *r, const struct xd_offer_opts *opts, void *memory,
	uint64_t guest_addr);
void xd_offer_ring_fini(struct xd_offer_ring *r);

/* Makes a sending ring fit the stream: lengths in the descriptors, and every buffer written whole
 * so that touch=stamp and none have something to send. -EBUSY: the device still has buffers. */
int xd_offer_ring_load(struct xd_offer_ring *r, struct xd_stream *stream);

/* Sends at most n of the stream's next frames; returns how many. They are published, and the device
 * is not yet told: see xd_offer_ring_notify. */
uint16_t xd_offer_ring_send(
	struct xd_offer_ring *r, struct xd_stream *stream, enum xd_touch touch, uint16_t n);

/* Takes at most n buffers that the device has filled and offers them again. Frames of `size` bytes
 * that are ours are counted as such. */
uint16_t xd_offer_ring_receive(struct xd_offer_ring *r, enum xd_touch touch, uint32_t size,
	uint16_t n, struct xd_receive_counts *counts);

/* Buffers that the device has and did not give back yet. Looks at the used ring. */
uint16_t xd_offer_ring_outstanding(struct xd_offer_ring *r);

/* Writes to the kick descriptor. */
void xd_offer_ring_kick(struct xd_offer_ring *r);

/* Kicks when the device asks for it (sections 2.7.10 and 2.7.7.2). To be sure that it is told, what
 * was published must be visible before its wish is read: call with fenced=true after a full memory
 * fence before going idle. In between, without a fence (which would wait for every store to reach
 * its line), fenced=false tells a device that has long been asleep, and leaves the question open.
 */
static inline void
xd_offer_ring_notify(struct xd_offer_ring *r, bool fenced)
{
	bool wanted;

	if (r->notified == r->avail_idx)
		return;
	if (r->event_idx)
		wanted = xd_vring_need_event(
			__atomic_load_n(xd_vring_avail_event(r->used, r->size), __ATOMIC_RELAXED),
			r->avail_idx, r->notified);
	else
		wanted = !(__atomic_load_n(&r->used->flags, __ATOMIC_RELAXED) &
			   XD_VRING_USED_F_NO_NOTIFY);
	if (wanted || fenced)
		r->notified = r->avail_idx;
	if (__builtin_expect(wanted, 0))
		xd_offer_ring_kick(r);
}

#endif

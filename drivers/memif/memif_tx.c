/* SPDX-License-Identifier: BSD-3-Clause */
/* Transmitting: each frame is written into as many of the peer's buffers as it takes. */
#include <errno.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "base/guard.h"
#include "drivers/memif/memif.h"
#include "frame/copy.h"
#include "frame/offload.h"

/* The buffer that is being filled. */
struct buffer {
	struct xd_memif_desc *desc;
	uint8_t *at;
	uint32_t room, filled;
};

/* A burst, with the ring's lock held. */
struct burst {
	struct xd_memif_port *p;
	struct xd_memif_ring *r;
	uint16_t next; /* the first buffer that is not filled, */
	uint16_t room; /* and how many are empty from there on */
	uint16_t more; /* buffers behind the first of their frames: XD_MEMIF_MORE */
	struct buffer b;
};

/* -EAGAIN: there is none; -EFAULT: the ring is broken. */
static inline int
open_buffer(struct burst *u)
{
	struct xd_memif_desc *desc = &u->r->desc[u->next & (u->r->size - 1)];
	struct xd_memif_desc d;
	uint8_t *at;

	if (unlikely(u->room == 0))
		return -EAGAIN;
	d = xd_memif_read(desc);
	/* Of a buffer of ours its length is that of the frame that was in it last. */
	if (u->r->bias)
		d.length = XD_MEMIF_BUFFER;
	at = xd_memif_at(u->p, &d, d.length);
	if (unlikely(!at || d.length == 0)) {
		xd_memif_fault(u->p, u->r, "an empty buffer lies in no region");
		return -EFAULT;
	}
	u->b = (struct buffer){desc, at, d.length, 0};
	return 0;
}

static inline void
close_buffer(struct burst *u, uint16_t flags)
{
	__atomic_store_n(&u->b.desc->length, u->b.filled, __ATOMIC_RELAXED);
	__atomic_store_n(&u->b.desc->flags, flags, __ATOMIC_RELAXED);
	u->next++;
	u->room--;
}

/* The frame goes on in the next buffer. -ENOBUFS: the call has filled as many as it may. */
static int
go_on(struct burst *u)
{
	if (u->more == XD_MEMIF_MORE)
		return -ENOBUFS;
	u->more++;
	close_buffer(u, XD_MEMIF_DESC_NEXT);
	return open_buffer(u);
}

static inline int
put_piece(struct burst *u, const uint8_t *at, uint32_t len)
{
	while (len) {
		uint32_t n = RTE_MIN(len, u->b.room - u->b.filled);

		if (unlikely(n == 0)) {
			int ret = go_on(u);

			if (ret)
				return ret;
			continue;
		}
		if (n <= XD_HEAD)
			xd_copy_short(u->b.at + u->b.filled, at, n);
		else
			xd_copy_body(u->b.at + u->b.filled, at, n);
		u->b.filled += n;
		at += n;
		len -= n;
	}
	return 0;
}

/* A frame as it is. 0; -EAGAIN: there is no room for it; -ENOBUFS, -EFAULT. */
static inline int
put(struct burst *u, struct xd_frame *f)
{
	const uint16_t next = u->next, room = u->room;
	int ret = open_buffer(u);

	if (likely(ret == 0))
		ret = put_piece(u, xd_frame_data(f), f->head_len);
	for (unsigned i = 0; i < f->nb_segs && likely(ret == 0); i++)
		ret = put_piece(u, f->segs[i].addr, f->segs[i].len);
	if (unlikely(ret)) {
		u->next = next, u->room = room;
		return ret;
	}
	close_buffer(u, 0);
	return 0;
}

/* All segments or none. A buffer whose length a segment was written to has lost its own, so what
 * has no room is not begun. */
static int
put_segments(struct burst *u, struct xd_frame *f)
{
	const uint16_t next = u->next, room = u->room;
	struct xd_segmenter segmenter;
	struct xd_frame *segment;
	int ret = 0;

	if (xd_segment_begin(&segmenter, f) < 0 || segmenter.nb_segments > u->r->size)
		return -EINVAL;
	if (segmenter.nb_segments > room)
		return -EAGAIN;
	while (ret == 0 && (segment = xd_segment_next(&segmenter)) != NULL)
		ret = put(u, segment);
	if (ret)
		u->next = next, u->room = room;
	return ret;
}

/* A frame that needs what the interface has not. -EINVAL: that cannot be done. */
static int
put_offload(struct burst *u, struct xd_frame *f, struct xd_counters *counters)
{
	int ret;

	if (f->offload.gso_type != VIRTIO_NET_HDR_GSO_NONE) {
		ret = put_segments(u, f);
		counters->segmented += ret == 0;
		return ret;
	}
	if (xd_offload_needs(f->offload)) {
		if (xd_frame_finish_checksum(f) < 0)
			return -EINVAL;
		counters->checksums++;
	}
	return put(u, f);
}

static uint16_t
put_all(struct burst *u, struct xd_frame *const *frames, uint16_t n, uint16_t max_frame,
	struct xd_counters *counters, struct xd_drops *drops)
{
	for (uint16_t i = 0; i < n; i++) {
		struct xd_frame *f = frames[i];
		int ret;

		if (unlikely(xd_frame_is_too_long(f, max_frame))) {
			xd_drop(drops, XD_DROP_OVER_MTU, 1);
			continue;
		}
		ret = unlikely(f->offload.word) ? put_offload(u, f, counters) : put(u, f);
		if (unlikely(ret == -EAGAIN))
			return i;
		if (unlikely(ret == -EFAULT)) {
			xd_drop(drops, XD_DROP_RING_FAULT, n - i);
			return n;
		}
		if (unlikely(ret < 0)) {
			xd_drop(drops,
				ret == -ENOBUFS ? XD_DROP_SCATTERED : XD_DROP_UNFINISHED_OFFLOAD,
				1);
			continue;
		}
		counters->tx_frames++;
		counters->tx_bytes += f->len;
	}
	return n;
}

static inline void
lock(struct xd_memif_ring *r, struct xd_counters *counters)
{
	uint64_t start;

	if (likely(rte_spinlock_trylock(&r->lock)))
		return;
	start = rte_rdtsc();
	rte_spinlock_lock(&r->lock);
	counters->lock_cycles += rte_rdtsc() - start;
}

uint16_t
xd_memif_tx(struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n)
{
	struct xd_memif_port *p = (struct xd_memif_port *)port;
	const uint16_t queue = xd_port_tx_queue(port, worker);
	struct xd_memif_ring *r = &p->to[queue];
	struct burst u = {.p = p, .r = r};
	uint16_t done = n;

	if (unlikely(!xd_memif_is_live(r)))
		return xd_port_drop_down(port, worker, n);
	lock(r, &port->counters[worker]);
	u.next = r->next;
	u.room = (uint16_t)(__atomic_load_n(r->theirs, __ATOMIC_ACQUIRE) + r->bias - u.next);
	if (unlikely(u.room > r->size)) {
		xd_memif_fault(p, r, "a ring's counter is ahead of its buffers");
		xd_drop(&port->drops[queue], XD_DROP_RING_FAULT, n);
	} else {
		done = put_all(&u, frames, n, __atomic_load_n(&port->max_frame, __ATOMIC_RELAXED),
			&port->counters[worker], &port->drops[queue]);
		r->next = u.next;
		__atomic_store_n(r->ours, u.next, __ATOMIC_RELEASE);
	}
	rte_spinlock_unlock(&r->lock);
	return done;
}

void
xd_memif_notify_tx(struct xd_port *port, unsigned worker)
{
	struct xd_memif_port *p = (struct xd_memif_port *)port;
	struct xd_memif_ring *r = &p->to[xd_port_tx_queue(port, worker)];
	struct xd_counters *counters = &port->counters[worker];
	uint64_t start;
	bool due;

	if (unlikely(!xd_memif_is_live(r)))
		return;
	lock(r, counters);
	due = r->next != r->notified;
	r->notified = r->next;
	rte_spinlock_unlock(&r->lock);
	if (!due)
		return;
	if (__atomic_load_n(r->flags, __ATOMIC_RELAXED) & XD_MEMIF_MASK_INT) {
		counters->notify_suppressed++;
		return;
	}
	counters->notify_sent++;
	start = rte_rdtsc();
	xd_guard_write(xd_guard_slot(port->env->guard, worker), r->fd);
	counters->notify_cycles += rte_rdtsc() - start;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Receiving, and sleeping. Frames stay in the peer's buffers until they are released. */
#include <sys/epoll.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_prefetch.h>

#include "drivers/memif/memif.h"
#include "frame/copy.h"

static_assert(XD_MEMIF_PIECES <= XD_BATCH_SEGS && XD_MEMIF_PIECES <= UINT8_MAX, "one frame fits");

/* The frame that begins at the next buffer becomes the next of the batch, unless *why says that it
 * is dropped. Returns the buffers that it lies in; 0: not all of it is there, or the ring is
 * broken. */
static inline uint16_t
take(struct xd_memif_port *p, struct xd_memif_ring *r, struct xd_batch *batch, uint16_t avail,
	enum xd_drop *why)
{
	struct xd_frame *f = &batch->frames[batch->n];
	struct xd_seg *segs = &batch->segs[batch->nb_segs];
	uint32_t head = 0;
	uint64_t len = 0;
	uint8_t nb_segs = 0;
	uint16_t i = 0;
	struct xd_memif_desc d;

	do {
		const uint8_t *at;

		if (unlikely(i == avail || i == XD_MEMIF_PIECES)) {
			if (i == XD_MEMIF_PIECES || avail == r->size)
				xd_memif_fault(p, r, "a frame lies in too many buffers");
			return 0;
		}
		d = xd_memif_read(&r->desc[(uint16_t)(r->next + i) & (r->size - 1)]);
		at = xd_memif_at(p, &d, d.length);
		if (unlikely(!at)) {
			xd_memif_fault(p, r, "a buffer lies in no region");
			return 0;
		}
		xd_copy_piece(f, segs, &head, &nb_segs, at, d.length);
		len += d.length;
		i++;
	} while (unlikely(d.flags & XD_MEMIF_DESC_NEXT));
	*why = len < XD_FRAME_MIN   ? XD_DROP_RUNT
	       : len > XD_FRAME_MAX ? XD_DROP_TOO_LONG
				    : XD_DROP_NONE;
	if (likely(*why == XD_DROP_NONE)) {
		xd_frame_init(f, (uint32_t)len, (uint8_t)head, nb_segs);
		f->segs = segs;
		batch->n++;
		batch->nb_segs += nb_segs;
		batch->bytes += (uint32_t)len;
	}
	return i;
}

/* Asks for the beginnings of the frames that are next. */
static inline void
prefetch(const struct xd_memif_port *p, const struct xd_memif_ring *r, uint16_t avail)
{
	for (uint16_t i = 0; i < RTE_MIN(avail, XD_BATCH); i++) {
		struct xd_memif_desc d =
			xd_memif_read(&r->desc[(uint16_t)(r->next + i) & (r->size - 1)]);
		const uint8_t *at = xd_memif_at(p, &d, 1);

		if (likely(at != NULL))
			rte_prefetch0(at);
	}
}

static inline uint16_t
available(const struct xd_memif_ring *r)
{
	return (uint16_t)(__atomic_load_n(r->theirs, __ATOMIC_ACQUIRE) - r->next);
}

uint16_t
xd_memif_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct xd_memif_port *p = (struct xd_memif_port *)port;
	struct xd_memif_ring *r = &p->from[queue];
	uint16_t avail, first;

	batch->n = batch->nb_segs = batch->nb_done = 0;
	batch->bytes = 0;
	if (unlikely(!xd_memif_is_live(r)))
		return 0;
	first = r->next;
	avail = available(r);
	r->partial = 0;
	if (avail == 0)
		return 0;
	if (unlikely(avail > r->size)) {
		xd_memif_fault(p, r, "a ring's counter is ahead of its buffers");
		return 0;
	}
	prefetch(p, r, avail);
	while (avail && batch->n < XD_BATCH && batch->bytes < XD_BATCH_BYTES &&
		batch->nb_segs + XD_MEMIF_PIECES <= XD_BATCH_SEGS &&
		(uint16_t)(r->next - first) < XD_BATCH_SEGS) {
		enum xd_drop why;
		uint16_t n;

		batch->done[batch->n] = (uint16_t)(r->next - first);
		n = take(p, r, batch, avail, &why);
		if (unlikely(n == 0)) {
			r->partial = batch->n ? 0 : avail;
			break;
		}
		if (unlikely(why != XD_DROP_NONE)) {
			/* Behind a frame it is left for the next turn: that frame may come again,
			 * but this one is to be counted once. */
			if (batch->n)
				break;
			xd_drop(&port->drops[queue], why, 1);
		}
		r->next += n;
		avail -= n;
	}
	batch->nb_done = (uint16_t)(r->next - first);
	return batch->n;
}

/* The buffers in front of each frame were noted; none has been given back yet. */
void
xd_memif_rewind(struct xd_port *port, uint16_t queue, struct xd_batch *batch, uint16_t n)
{
	struct xd_memif_ring *r = &((struct xd_memif_port *)port)->from[queue];

	for (uint16_t i = n; i < batch->n; i++)
		batch->bytes -= xd_frame_received_len(&batch->frames[i]);
	batch->n = n;
	batch->nb_done = batch->done[n];
	r->next = (uint16_t)(r->published + batch->done[n]);
}

/* Also when the ring broke meanwhile: the memory is there until the turn is over. */
void
xd_memif_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct xd_memif_ring *r = &((struct xd_memif_port *)port)->from[queue];

	if (r->refill) {
		for (uint16_t i = r->published; i != r->next; i++)
			__atomic_store_n(
				&r->desc[i & (r->size - 1)].length, r->refill, __ATOMIC_RELAXED);
	}
	r->published = r->next;
	__atomic_store_n(r->ours, (uint16_t)(r->next + r->bias), __ATOMIC_RELEASE);
	batch->nb_done = 0;
}

/* ---- Sleep ---- */

int
xd_memif_fd(struct xd_port *port, uint16_t queue)
{
	struct xd_memif_port *p = (struct xd_memif_port *)port;

	return xd_memif_is_live(&p->from[queue]) && p->from[queue].crowded ? XD_FD_NAP
									   : p->sleep_fds[queue];
}

bool
xd_memif_arm(struct xd_port *port, uint16_t queue)
{
	struct xd_memif_port *p = (struct xd_memif_port *)port;
	struct xd_memif_ring *r = &p->from[queue];
	struct epoll_event events[2];

	/* Takes the edges off the eventfd, which is not read: it is the peer's too, who could have
	 * that wait. */
	epoll_wait(p->sleep_fds[queue], events, RTE_DIM(events), 0);
	if (!xd_memif_is_live(r))
		return false;
	__atomic_store_n(r->flags, 0, __ATOMIC_RELAXED);
	/* The peer publishes, then looks at the flag; we wrote that, and now look at what it
	 * published. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/* For the rest of a frame the worker sleeps, as for a frame. */
	return available(r) != r->partial;
}

void
xd_memif_disarm(struct xd_port *port, uint16_t queue)
{
	struct xd_memif_ring *r = &((struct xd_memif_port *)port)->from[queue];

	if (xd_memif_is_live(r))
		__atomic_store_n(r->flags, XD_MEMIF_MASK_INT, __ATOMIC_RELAXED);
}

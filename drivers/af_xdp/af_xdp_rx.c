/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receiving, and sleeping. Frames lie in the memory that is shared with the kernel. Entries of the
 * receive ring stay ours until release, which gives their chunks back by the fill ring; so a rewind
 * only forgets that they were read.
 *
 * A veth hands over what its other end sent, unchanged; and the stack there leaves checksums to be
 * finished by a device that never comes. The XDP program is not told which. But what such a stack
 * leaves in the checksum's place is known, the sum of the pseudo-header (xd_offload_guess).
 */
#include <sys/socket.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_prefetch.h>

#include "drivers/af_xdp/af_xdp.h"
#include "frame/copy.h"

#define PREFETCH_AHEAD 4

/* Pieces of one frame that are followed: more than the longest frame has (XD_FRAME_MAX). */
#define PIECES_MAX 64

/* Entry number i of those that came. */
static inline struct xdp_desc
entry(const struct xd_af_xdp_queue *q, uint32_t i)
{
	return q->rx.descs[(q->rx.at + i) & q->rx.mask];
}

/* Where it lies; NULL: not in our memory. */
static inline const uint8_t *
piece_at(const struct xd_af_xdp_queue *q, const struct xdp_desc *desc)
{
	return likely(desc->addr < q->umem_bytes && desc->len <= q->umem_bytes - desc->addr)
		       ? q->umem + desc->addr
		       : NULL;
}

/* Entries of the frame that begins at number i, of n that came; 0: not all of it is there yet. */
static inline uint32_t
count_pieces(const struct xd_af_xdp_queue *q, uint32_t i, uint32_t n)
{
	for (uint32_t k = i; k < n && k - i < PIECES_MAX; k++) {
		if (likely(!(entry(q, k).options & XDP_PKT_CONTD)))
			return k - i + 1;
	}
	return n - i < PIECES_MAX ? 0 : PIECES_MAX;
}

static inline void
copy_head(struct xd_frame *f, const uint8_t *at)
{
	xd_copy_line(f->buf + XD_HEADROOM, at);
	xd_copy_line(f->buf + XD_HEADROOM + 64, at + 64);
}

/* What lies behind the snapshot, in the n - 1 pieces behind the first too. */
static __rte_noinline enum xd_drop
take_pieces(const struct xd_af_xdp_queue *q, struct xd_batch *batch, struct xd_frame *f, uint32_t i,
	uint32_t n)
{
	if (batch->nb_segs + n > XD_BATCH_SEGS)
		return XD_DROP_TOO_LONG;
	for (uint32_t k = 1; k < n; k++) {
		const struct xdp_desc desc = entry(q, i + k);
		const uint8_t *at = piece_at(q, &desc);

		if (at == NULL)
			return XD_DROP_NO_BUFFER;
		if (desc.len == 0)
			continue;
		if (f->len + desc.len > XD_FRAME_MAX)
			return XD_DROP_TOO_LONG;
		batch->segs[batch->nb_segs + f->nb_segs++] = (struct xd_seg){at, desc.len};
		f->len += desc.len;
	}
	return XD_DROP_NONE;
}

/* Makes the next frame of the batch of n entries from number i on. XD_DROP_NONE: it can be
 * switched. */
static inline enum xd_drop
take(const struct xd_af_xdp_port *p, const struct xd_af_xdp_queue *q, struct xd_batch *batch,
	uint32_t i, uint32_t n)
{
	struct xd_frame *f = &batch->frames[batch->n];
	const struct xdp_desc desc = entry(q, i);
	const uint8_t *at = piece_at(q, &desc);
	enum xd_drop reason;

	if (unlikely(at == NULL))
		return XD_DROP_NO_BUFFER;
	if (unlikely(desc.len < XD_FRAME_MIN))
		return XD_DROP_RUNT;
	if (unlikely(desc.len > XD_FRAME_MAX))
		return XD_DROP_TOO_LONG;
	xd_frame_init(
		f, desc.len, (uint8_t)RTE_MIN(desc.len, (uint32_t)XD_HEAD), desc.len > XD_HEAD);
	copy_head(f, at);
	f->segs = &batch->segs[batch->nb_segs];
	batch->segs[batch->nb_segs] = (struct xd_seg){at + XD_HEAD, desc.len - XD_HEAD};
	if (unlikely(n > 1)) {
		/* A first piece that is no whole snapshot has the next one cut its own. */
		if (desc.len < XD_HEAD)
			return XD_DROP_TOO_LONG;
		reason = take_pieces(q, batch, f, i, n);
		if (reason != XD_DROP_NONE)
			return reason;
	}
	if (p->is_veth)
		xd_offload_guess(f);
	batch->n++;
	batch->nb_segs += f->nb_segs;
	batch->bytes += f->len;
	return XD_DROP_NONE;
}

static inline void
prefetch(const struct xd_af_xdp_queue *q, uint32_t i)
{
	/* Of an address of nobody's nothing comes. */
	rte_prefetch0((const void *)((uintptr_t)q->umem + entry(q, i).addr));
}

/* Nothing came: what the kernel may be waiting for. */
static __rte_noinline void
found_empty(struct xd_af_xdp_port *p, struct xd_af_xdp_queue *q)
{
	if (p->busy_poll || xd_xsk_ring_needs_wakeup(&q->fill))
		recvfrom(q->dev.fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

uint16_t
xd_af_xdp_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct xd_af_xdp_port *p = (struct xd_af_xdp_port *)port;
	struct xd_af_xdp_queue *q = &p->queues[queue];
	uint32_t ready, used = 0;

	batch->n = batch->nb_segs = batch->nb_done = 0;
	batch->bytes = 0;
	if (unlikely(!__atomic_load_n(&p->running, __ATOMIC_ACQUIRE)))
		return 0;
	if (unlikely(__atomic_load_n(&q->unsent, __ATOMIC_RELAXED)))
		xd_af_xdp_send(q);
	ready = RTE_MIN(xd_xsk_ring_ready(&q->rx), (uint32_t)XD_BATCH_SEGS);
	if (ready == 0) {
		found_empty(p, q);
		return 0;
	}
	for (uint32_t i = 0; i < ready && i < PREFETCH_AHEAD; i++)
		prefetch(q, i);
	while (used < ready && batch->n < XD_BATCH && batch->bytes < XD_BATCH_BYTES) {
		uint32_t n = count_pieces(q, used, ready);
		enum xd_drop reason;

		if (unlikely(n == 0))
			break;
		if (used + PREFETCH_AHEAD < ready)
			prefetch(q, used + PREFETCH_AHEAD);
		batch->done[batch->n] = (uint16_t)used;
		reason = take(p, q, batch, used, n);
		if (unlikely(reason != XD_DROP_NONE))
			xd_drop(&port->drops[queue], reason, 1);
		used += n;
	}
	batch->nb_done = (uint16_t)used;
	return batch->n;
}

void
xd_af_xdp_rewind(struct xd_port *port, uint16_t queue, struct xd_batch *batch, uint16_t n)
{
	(void)port;
	(void)queue;
	for (uint16_t i = n; i < batch->n; i++)
		batch->bytes -= xd_frame_received_len(&batch->frames[i]);
	if (n < batch->n)
		batch->nb_done = batch->done[n];
	batch->n = n;
}

/* The kernel gets the chunks back. Its fill ring holds all there are. */
void
xd_af_xdp_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct xd_af_xdp_port *p = (struct xd_af_xdp_port *)port;
	struct xd_af_xdp_queue *q = &p->queues[queue];
	const uint64_t in_chunk = p->chunk - 1u;

	for (uint32_t i = 0; i < batch->nb_done; i++) {
		const uint64_t addr = entry(q, i).addr;

		if (likely(addr < (uint64_t)XD_AF_XDP_RX_CHUNKS * p->chunk))
			q->fill.addrs[q->fill.at++ & q->fill.mask] = addr & ~in_chunk;
	}
	xd_xsk_ring_produced(&q->fill);
	xd_xsk_ring_consumed(&q->rx, batch->nb_done);
	batch->nb_done = 0;
	if (unlikely(xd_xsk_ring_needs_wakeup(&q->fill)))
		recvfrom(q->dev.fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

/* ---- Sleep ---- */

int
xd_af_xdp_fd(struct xd_port *port, uint16_t queue)
{
	const struct xd_af_xdp_queue *q = &((struct xd_af_xdp_port *)port)->queues[queue];

	/* A kernel that could not send tells nobody that it can. */
	return unlikely(__atomic_load_n(&q->unsent, __ATOMIC_RELAXED)) ? XD_FD_NAP
								       : q->dev.sleep_fd;
}

bool
xd_af_xdp_arm(struct xd_port *port, uint16_t queue)
{
	const struct xd_af_xdp_port *p = (const struct xd_af_xdp_port *)port;

	return __atomic_load_n(&p->running, __ATOMIC_ACQUIRE) &&
	       xd_xsk_ring_ready(&p->queues[queue].rx) != 0;
}

void
xd_af_xdp_disarm(struct xd_port *port, uint16_t queue)
{
	xd_netdev_queue_woken(&((struct xd_af_xdp_port *)port)->queues[queue].dev);
}

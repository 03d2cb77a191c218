/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receiving, and sleeping. Each read brings one frame behind its virtio-net header, in one piece:
 * the kernel is done sooner with one than with several, by more than the copy of the snapshot
 * costs, and the frame stays as it came for a rewind.
 */
#include <errno.h>
#include <unistd.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_cycles.h>

#include "drivers/tap/tap.h"
#include "frame/copy.h"
#include "virtqueue/net_header.h"

/* A longer frame than there can be says so by one more byte. */
#define READ_BYTES (XD_TAP_HEADER + XD_FRAME_MAX + 1)

static_assert(XD_TAP_FRAMES_BYTES >= XD_BATCH_BYTES +
					     XD_BATCH * (XD_TAP_HEADER + RTE_CACHE_LINE_SIZE) +
					     RTE_CACHE_LINE_SIZE + READ_BYTES + XD_HEAD,
	"a turn's frames, and a whole snapshot of the last");

/* Whether a queue that was empty is to be read again. Where frames came just now it is; else after
 * a sixteenth of the time that none has come. */
static inline bool
is_due(const struct xd_tap_queue *q)
{
	return q->next_tsc == 0 || rte_rdtsc() >= q->next_tsc;
}

static void
found_empty(struct xd_tap_queue *q, uint64_t look_tsc)
{
	const uint64_t now = rte_rdtsc();

	if (q->seen_tsc == 0)
		q->seen_tsc = now;
	q->next_tsc = now + RTE_MIN((now - q->seen_tsc) / 16, look_tsc);
}

/* Makes the next frame of the batch of one that was read, of len bytes with its header.
 * XD_DROP_NONE: it can be switched. */
static inline enum xd_drop
take(struct xd_batch *batch, const uint8_t *at, size_t len)
{
	struct xd_frame *f = &batch->frames[batch->n];
	struct xd_net_header header;

	if (unlikely(len < XD_TAP_HEADER + XD_FRAME_MIN))
		return XD_DROP_RUNT;
	header = xd_net_header_read(at);
	at += XD_TAP_HEADER;
	len -= XD_TAP_HEADER;
	if (unlikely(len > XD_FRAME_MAX))
		return XD_DROP_TOO_LONG;
	xd_frame_init(f, (uint32_t)len, (uint8_t)RTE_MIN(len, (size_t)XD_HEAD), len > XD_HEAD);
	xd_copy_line(f->buf + XD_HEADROOM, at);
	xd_copy_line(f->buf + XD_HEADROOM + 64, at + 64);
	if (len > XD_HEAD) {
		f->segs = &batch->segs[batch->nb_segs];
		batch->segs[batch->nb_segs] =
			(struct xd_seg){at + XD_HEAD, (uint32_t)len - XD_HEAD};
	}
	if (xd_net_header_asks(header) && unlikely(!xd_net_header_take(f, header, UINT8_MAX)))
		return XD_DROP_BAD_OFFLOAD;
	batch->n++;
	batch->nb_segs += f->nb_segs;
	batch->bytes += f->len;
	return XD_DROP_NONE;
}

/* Reads until the queue is empty or the turn full. */
static void
receive(struct xd_tap_queue *q, struct xd_batch *batch, struct xd_drops *drops, uint64_t look_tsc)
{
	/* So that what is behind the header begins on a cache line. */
	uint8_t *at = q->frames + RTE_CACHE_LINE_SIZE - XD_TAP_HEADER;

	for (unsigned i = 0; i < XD_BATCH && batch->bytes < XD_BATCH_BYTES; i++) {
		ssize_t len = read(q->dev.fd, at, READ_BYTES);
		enum xd_drop reason;

		if (len < 0) {
			if (i == 0)
				found_empty(q, look_tsc);
			return;
		}
		q->seen_tsc = q->next_tsc = 0;
		q->at[batch->n] = (uint32_t)(at - q->frames);
		q->len[batch->n] = (uint32_t)len;
		reason = take(batch, at, (size_t)len);
		if (likely(reason == XD_DROP_NONE))
			at += RTE_ALIGN((uint32_t)len, RTE_CACHE_LINE_SIZE);
		else
			xd_drop(drops, reason, 1);
	}
}

/* Frames that were taken before are taken once more. */
static void
receive_again(struct xd_tap_queue *q, struct xd_batch *batch)
{
	for (uint16_t i = 0; i < q->nb_again; i++)
		take(batch, q->frames + q->at[i], q->len[i]);
	q->nb_again = 0;
}

uint16_t
xd_tap_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct xd_tap_port *p = (struct xd_tap_port *)port;
	struct xd_tap_queue *q = &p->queues[queue];

	batch->n = batch->nb_segs = batch->nb_done = 0;
	batch->bytes = 0;
	if (unlikely(!__atomic_load_n(&p->running, __ATOMIC_ACQUIRE)))
		return 0;
	if (unlikely(q->nb_again))
		receive_again(q, batch);
	else if (is_due(q))
		receive(q, batch, &port->drops[queue], p->look_tsc);
	batch->nb_done = batch->n;
	return batch->n;
}

void
xd_tap_rewind(struct xd_port *port, uint16_t queue, struct xd_batch *batch, uint16_t n)
{
	struct xd_tap_queue *q = &((struct xd_tap_port *)port)->queues[queue];

	q->nb_again = batch->n - n;
	memmove(q->at, q->at + n, q->nb_again * sizeof(q->at[0]));
	memmove(q->len, q->len + n, q->nb_again * sizeof(q->len[0]));
	for (uint16_t i = n; i < batch->n; i++)
		batch->bytes -= xd_frame_received_len(&batch->frames[i]);
	batch->n = batch->nb_done = n;
}

void
xd_tap_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	(void)port;
	(void)queue;
	batch->nb_done = 0;
}

/* ---- Sleep ---- */

int
xd_tap_fd(struct xd_port *port, uint16_t queue)
{
	return ((struct xd_tap_port *)port)->queues[queue].dev.sleep_fd;
}

/* What the kernel has already makes the descriptor readable at once. */
bool
xd_tap_arm(struct xd_port *port, uint16_t queue)
{
	return ((struct xd_tap_port *)port)->queues[queue].nb_again != 0;
}

void
xd_tap_disarm(struct xd_port *port, uint16_t queue)
{
	struct xd_tap_queue *q = &((struct xd_tap_port *)port)->queues[queue];

	xd_netdev_queue_woken(&q->dev);
	q->next_tsc = 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receiving, and sleeping. Each read brings one frame: the kernel writes its virtio-net header in
 * front of the snapshot, its first bytes into the snapshot, and the rest into memory of the queue.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/uio.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_cycles.h>

#include "drivers/tap/tap.h"
#include "virtqueue/net_header.h"

/* A longer frame than this says so by one more byte. */
#define REST_MAX (XD_FRAME_MAX + 1 - XD_HEAD)

static_assert(XD_TAP_RESTS_BYTES >= XD_BATCH_BYTES + XD_BATCH * RTE_CACHE_LINE_SIZE + REST_MAX,
	"a turn's frames");
static_assert(XD_TAP_HEADER <= XD_HEADROOM, "the header lies in the headroom");

/* Whether a queue that was empty is to be read again. Where frames came just now it is; else after
 * an eighth of the time that none has come. */
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
	q->next_tsc = now + RTE_MIN((now - q->seen_tsc) / 8, look_tsc);
}

/* The frame that was just read, of len bytes with its header. XD_DROP_NONE: it can be switched. */
static inline enum xd_drop
take(struct xd_batch *batch, struct xd_frame *f, size_t len, uint8_t *rest)
{
	struct xd_net_header header;
	struct xd_offload_request request;

	if (unlikely(len < XD_TAP_HEADER + XD_FRAME_MIN))
		return XD_DROP_RUNT;
	len -= XD_TAP_HEADER;
	if (unlikely(len > XD_FRAME_MAX))
		return XD_DROP_TOO_LONG;
	xd_frame_init(f, (uint32_t)len, (uint8_t)RTE_MIN(len, (size_t)XD_HEAD), len > XD_HEAD);
	if (len > XD_HEAD) {
		f->segs = &batch->segs[batch->nb_segs];
		batch->segs[batch->nb_segs] = (struct xd_seg){rest, (uint32_t)len - XD_HEAD};
	}
	header = xd_net_header_read(f->buf + XD_HEADROOM - XD_TAP_HEADER);
	if (!xd_net_header_asks(header))
		return XD_DROP_NONE;
	request = xd_net_header_request(header);
	return likely(xd_offload_take(f, &request, UINT8_MAX) == 0) ? XD_DROP_NONE
								    : XD_DROP_BAD_OFFLOAD;
}

/* Reads until the queue is empty or the turn full. */
static void
receive(struct xd_tap_queue *q, struct xd_batch *batch, struct xd_drops *drops, uint64_t look_tsc)
{
	uint8_t *rest = q->rests;

	for (unsigned i = 0; i < XD_BATCH && batch->bytes < XD_BATCH_BYTES; i++) {
		struct xd_frame *f = &batch->frames[batch->n];
		struct iovec pieces[] = {
			{f->buf + XD_HEADROOM - XD_TAP_HEADER, XD_TAP_HEADER + XD_HEAD},
			{rest, REST_MAX},
		};
		ssize_t len = readv(q->fd, pieces, RTE_DIM(pieces));
		enum xd_drop reason;

		if (len < 0) {
			if (i == 0)
				found_empty(q, look_tsc);
			return;
		}
		q->seen_tsc = q->next_tsc = 0;
		reason = take(batch, f, (size_t)len, rest);
		if (unlikely(reason != XD_DROP_NONE)) {
			xd_drop(drops, reason, 1);
			continue;
		}
		batch->n++;
		batch->nb_segs += f->nb_segs;
		batch->bytes += f->len;
		rest += RTE_ALIGN(f->len, RTE_CACHE_LINE_SIZE);
	}
}

uint16_t
xd_tap_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct xd_tap_port *p = (struct xd_tap_port *)port;
	struct xd_tap_queue *q = &p->queues[queue];

	batch->n = batch->nb_segs = batch->nb_done = 0;
	batch->bytes = 0;
	if (unlikely(!__atomic_load_n(&p->running, __ATOMIC_ACQUIRE)) || !is_due(q))
		return 0;
	receive(q, batch, &port->drops[queue], p->look_tsc);
	batch->nb_done = batch->n;
	return batch->n;
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
	return ((struct xd_tap_port *)port)->queues[queue].sleep_fd;
}

/* What is there already makes the descriptor readable at once. */
bool
xd_tap_arm(struct xd_port *port, uint16_t queue)
{
	(void)port;
	(void)queue;
	return false;
}

void
xd_tap_disarm(struct xd_port *port, uint16_t queue)
{
	struct xd_tap_queue *q = &((struct xd_tap_port *)port)->queues[queue];
	struct epoll_event event;

	/* Takes the edge off. */
	epoll_wait(q->sleep_fd, &event, 1, 0);
	q->next_tsc = 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* The switch's side: frames in mbufs (frame/mbuf.h), through rings. */
#include <rte_branch_prediction.h>

#include "drivers/app/app.h"
#include "frame/mbuf.h"
#include "frame/offload.h"

static inline struct xd_app_queue *
queue_of(struct xd_port *port, uint16_t queue)
{
	return &((struct xd_app_port *)port)->app->queues[queue];
}

static inline bool
is_running(struct xd_port *port)
{
	return __atomic_load_n(&((struct xd_app_port *)port)->running, __ATOMIC_ACQUIRE);
}

/* ---- Receive ---- */

/* Frees those of the batch that ask for what cannot be. */
static void
take_offloads(struct xd_batch *batch, struct xd_drops *drops)
{
	uint16_t n = 0;

	for (uint16_t i = 0; i < batch->n; i++) {
		struct xd_frame *f = &batch->frames[i];

		if (unlikely(xd_app_has_offload(f->mbuf) && !xd_app_take_offload(f))) {
			xd_drop(drops, XD_DROP_BAD_OFFLOAD, 1);
			batch->bytes -= f->len;
			rte_pktmbuf_free(f->mbuf);
			continue;
		}
		if (unlikely(n != i))
			batch->frames[n] = *f;
		n++;
	}
	batch->n = batch->nb_done = n;
}

/* Counts what the program's thread has freed. */
static __rte_noinline void
count_refused(struct xd_app_queue *q, uint64_t refused, struct xd_drops *drops)
{
	xd_drop(drops, XD_DROP_BAD_BUFFER, (unsigned)(refused - q->refused_seen));
	q->refused_seen = refused;
}

/* For the next time, before those that are to come again already. No more than one burst had. */
static __rte_noinline void
come_again(struct xd_app_queue *q, struct rte_mbuf *const *mbufs, uint16_t n)
{
	memmove(q->again + n, q->again, q->nb_again * sizeof(mbufs[0]));
	memcpy(q->again, mbufs, n * sizeof(mbufs[0]));
	q->nb_again += n;
}

uint16_t
xd_app_rx(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	struct xd_app_queue *q = queue_of(port, queue);
	struct rte_mbuf *mbufs[XD_BATCH];
	uint64_t refused;
	uint16_t n, taken;

	batch->n = batch->nb_done = 0;
	if (unlikely(!is_running(port)))
		return 0;
	refused = __atomic_load_n(&q->to_switch.refused, __ATOMIC_RELAXED);
	if (unlikely(refused != q->refused_seen))
		count_refused(q, refused, &port->drops[queue]);
	if (unlikely(q->nb_again)) {
		n = q->nb_again;
		memcpy(mbufs, q->again, n * sizeof(mbufs[0]));
		q->nb_again = 0;
	} else {
		n = (uint16_t)rte_ring_sc_dequeue_burst(
			q->to_switch.ring, (void **)mbufs, XD_BATCH, NULL);
	}
	if (n == 0)
		return 0;
	taken = xd_batch_from_mbufs(batch, mbufs, n, &port->drops[queue]);
	if (unlikely(taken < n))
		come_again(q, mbufs + taken, n - taken);
	take_offloads(batch, &port->drops[queue]);
	return batch->n;
}

void
xd_app_rewind(struct xd_port *port, uint16_t queue, struct xd_batch *batch, uint16_t n)
{
	struct rte_mbuf *mbufs[XD_BATCH];

	for (uint16_t i = n; i < batch->n; i++) {
		mbufs[i - n] = batch->frames[i].mbuf;
		batch->bytes -= xd_frame_received_len(&batch->frames[i]);
	}
	come_again(queue_of(port, queue), mbufs, batch->n - n);
	batch->n = batch->nb_done = n;
}

void
xd_app_release(struct xd_port *port, uint16_t queue, struct xd_batch *batch)
{
	(void)port;
	(void)queue;
	xd_batch_free_mbufs(batch);
}

/* ---- Transmit ---- */

/* Frames on their way into one ring, whose lock is held. */
struct burst {
	struct xd_port *port;
	struct rte_mempool *pool;
	struct xd_counters *counters;
	struct xd_drops *drops;
	struct rte_ring *ring;
	uint8_t offloads; /* that the program takes */
	unsigned room, n;
	struct rte_mbuf *mbufs[XD_BATCH];
};

static void
flush(struct burst *b)
{
	rte_ring_sp_enqueue_bulk(b->ring, (void *const *)b->mbufs, b->n, NULL);
	b->room -= b->n;
	b->n = 0;
}

/* Whether the pool has so many buffers for this worker, which may be in its own cache, but not in
 * another's. A hint, since others take some, too. */
static bool
has_buffers(struct rte_mempool *pool, unsigned n)
{
	const struct rte_mempool_cache *cache = rte_mempool_default_cache(pool, rte_lcore_id());
	const unsigned cached = cache ? cache->len : 0;

	return cached >= n || cached + rte_mempool_get_ops(pool->ops_index)->get_count(pool) >= n;
}

/* That a copy of a frame so long takes. */
static inline unsigned
buffers_of(uint32_t len)
{
	return len / XD_APP_DATA_ROOM + 1;
}

/* tell: of a frame that is to ask the program for what it needs, its headers; else NULL. False:
 * there are no buffers for it. */
static bool
put(struct burst *b, struct xd_frame *f, const struct xd_headers *tell)
{
	/* The program may write to what it gets: nobody shares it. So may we, to headers that are
	 * in one piece. */
	const bool split = unlikely(tell && f->mbuf && f->mbuf->data_len < f->head_len);
	struct rte_mbuf *m = f->nb_dst == 1 && !split ? xd_frame_to_mbuf(f, b->pool)
						      : xd_frame_copy_to_mbuf(f, b->pool);

	if (unlikely(!m))
		return false;
	m->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
	if (unlikely(tell))
		xd_app_write_offload(m, f, tell);
	b->mbufs[b->n++] = m;
	xd_frame_mbuf_sent(f, m);
	if (unlikely(b->n == XD_BATCH))
		flush(b);
	return true;
}

/* False: there is no room for its segments now. */
static bool
put_segments(struct burst *b, struct xd_frame *f, enum xd_drop *why)
{
	struct xd_segmenter s;
	struct xd_frame *segment;
	unsigned buffers;

	*why = XD_DROP_UNFINISHED_OFFLOAD;
	if (xd_segment_begin(&s, f) < 0 || s.nb_segments > rte_ring_get_capacity(b->ring))
		return true;
	buffers = s.nb_segments * buffers_of((uint32_t)s.header_bytes + f->offload.gso_size);
	if (s.nb_segments > b->room - b->n || !has_buffers(b->pool, buffers))
		return false;
	*why = XD_DROP_NONE;
	while (*why == XD_DROP_NONE && (segment = xd_segment_next(&s)) != NULL) {
		/* Others may have taken them since. */
		if (unlikely(!put(b, segment, NULL)))
			*why = XD_DROP_NO_BUFFER;
	}
	b->counters->segmented++;
	return true;
}

/* Of a frame that needs something, what the program does not do is done here. */
static bool
put_offload(struct burst *b, struct xd_frame *f, enum xd_drop *why)
{
	struct xd_headers h;

	if (!(f->offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return put(b, f, NULL);
	if (xd_app_can_tell(f, b->offloads, &h))
		return put(b, f, &h);
	if (f->offload.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return put_segments(b, f, why);
	if (xd_frame_finish_checksum(f) < 0) {
		*why = XD_DROP_UNFINISHED_OFFLOAD;
		return true;
	}
	b->counters->checksums++;
	return put(b, f, NULL);
}

/* False: there is no room for it, in the ring or in buffers. Else it was put into the ring or,
 * *why, is to be dropped. */
static bool
put_frame(struct burst *b, struct xd_frame *f, uint16_t max_frame, enum xd_drop *why)
{
	*why = XD_DROP_NONE;
	if (xd_frame_is_too_long(f, max_frame)) {
		*why = XD_DROP_OVER_MTU;
		return true;
	}
	if (b->n == b->room)
		return false;
	/* Half of a long frame is not copied in vain, turn after turn. */
	if (unlikely(f->len > XD_APP_DATA_ROOM) && !(f->mbuf && f->nb_dst == 1) &&
		!has_buffers(b->pool, buffers_of(f->len)))
		return false;
	return likely(!f->offload.word) ? put(b, f, NULL) : put_offload(b, f, why);
}

static uint16_t
put_frames(struct burst *b, struct xd_frame *const *frames, uint16_t n)
{
	const uint16_t max_frame = __atomic_load_n(&b->port->max_frame, __ATOMIC_RELAXED);
	uint16_t i;

	for (i = 0; i < n; i++) {
		const uint32_t len = frames[i]->len;
		enum xd_drop why;

		if (!put_frame(b, frames[i], max_frame, &why))
			break;
		if (unlikely(why != XD_DROP_NONE)) {
			xd_drop(b->drops, why, 1);
			continue;
		}
		b->counters->tx_frames++;
		b->counters->tx_bytes += len;
	}
	return i;
}

uint16_t
xd_app_tx(struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n)
{
	const uint16_t queue = xd_port_tx_queue(port, worker);
	struct xd_app_queue *q = queue_of(port, queue);
	struct burst b;

	if (unlikely(!is_running(port) || !__atomic_load_n(&port->up, __ATOMIC_ACQUIRE)))
		return xd_port_drop_down(port, worker, n);
	b.port = port;
	b.pool = ((struct xd_app_port *)port)->pool;
	b.counters = &port->counters[worker];
	b.drops = &port->drops[queue];
	b.ring = q->to_app.ring;
	b.offloads =
		__atomic_load_n(&((struct xd_app_port *)port)->app->offloads, __ATOMIC_RELAXED);
	b.n = 0;
	rte_spinlock_lock(&q->lock);
	b.room = rte_ring_free_count(b.ring);
	n = put_frames(&b, frames, n);
	if (b.n)
		flush(&b);
	rte_spinlock_unlock(&q->lock);
	return n;
}

/* How many frames, at most n, there are buffers for: of those that may come, the longest. */
static uint16_t
frames_in_pool(struct xd_app_port *p, uint16_t n)
{
	const unsigned tso = XD_OFFLOAD_TSO4 | XD_OFFLOAD_TSO6;
	const bool any = __atomic_load_n(&p->app->offloads, __ATOMIC_RELAXED) & tso;
	const uint16_t max_frame = __atomic_load_n(&p->port.max_frame, __ATOMIC_RELAXED);
	const unsigned each = buffers_of(any ? XD_FRAME_MAX : max_frame);

	while (n && !has_buffers(p->pool, n * each))
		n /= 2;
	return n;
}

uint16_t
xd_app_room(struct xd_port *port, unsigned worker, uint16_t wanted)
{
	const struct xd_app_queue *q = queue_of(port, xd_port_tx_queue(port, worker));

	if (unlikely(!is_running(port) || !__atomic_load_n(&port->up, __ATOMIC_ACQUIRE)))
		return wanted;
	wanted = (uint16_t)RTE_MIN(wanted, rte_ring_free_count(q->to_app.ring));
	return frames_in_pool((struct xd_app_port *)port, wanted);
}

void
xd_app_notify_tx(struct xd_port *port, unsigned worker)
{
	xd_app_tell(&queue_of(port, xd_port_tx_queue(port, worker))->to_app);
}

/* ---- Sleep ---- */

int
xd_app_sleep_fd(struct xd_port *port, uint16_t queue)
{
	return queue_of(port, queue)->to_switch.fd;
}

bool
xd_app_arm(struct xd_port *port, uint16_t queue)
{
	struct xd_app_queue *q = queue_of(port, queue);

	return is_running(port) && (q->nb_again || xd_app_ask(&q->to_switch));
}

/* The descriptor is not readable any more when the worker asks next. */
void
xd_app_disarm(struct xd_port *port, uint16_t queue)
{
	__atomic_store_n(&queue_of(port, queue)->to_switch.asked, false, __ATOMIC_RELAXED);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transmitting: each frame is copied into chunks of the memory that is shared with the kernel, and
 * a burst's are sent by one call, where the kernel wants one. A chunk that is free has an entry in
 * the transmit ring and one in the completion ring, since there are as many.
 *
 * Checksums are left to the kernel where it can be asked (ask_csum), those of segments too: it
 * finishes them only if the device cannot, and a veth's other end does not look.
 */
#include <errno.h>
#include <sys/socket.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "drivers/af_xdp/af_xdp.h"
#include "frame/copy.h"

#define SEND_CALLS 64 /* at most, to send what is in the ring */

/* struct xsk_tx_metadata of Linux 6.8, as much as is written. */
struct metadata {
	uint64_t flags;
	uint16_t csum_start;
	uint16_t csum_offset;
};

#define METADATA_CHECKSUM (1 << 1) /* XDP_TXMD_FLAGS_CHECKSUM */

/* Chunks of frames that have been sent are free again. */
static inline void
reap(const struct xd_af_xdp_port *p, struct xd_af_xdp_queue *q)
{
	const uint32_t n = xd_xsk_ring_ready(&q->completion);

	for (uint32_t i = 0; i < n; i++) {
		const uint64_t addr =
			q->completion.addrs[(q->completion.at + i) & q->completion.mask];
		const uint64_t chunk = addr / p->chunk - XD_AF_XDP_RX_CHUNKS;

		if (likely(chunk < XD_AF_XDP_TX_CHUNKS && q->nb_free < XD_AF_XDP_TX_CHUNKS))
			q->free[q->nb_free++] = (uint32_t)chunk;
	}
	if (n != 0)
		xd_xsk_ring_consumed(&q->completion, n);
}

/* The next free chunk, as the next entry of the ring, with len bytes. Returns where they go. */
static inline uint8_t *
next_chunk(
	const struct xd_af_xdp_port *p, struct xd_af_xdp_queue *q, uint32_t len, uint32_t options)
{
	const uint64_t chunk = XD_AF_XDP_RX_CHUNKS + q->free[--q->nb_free];
	const uint64_t addr = chunk * p->chunk + XD_AF_XDP_TX_OFFSET;

	q->tx.descs[q->tx.at++ & q->tx.mask] = (struct xdp_desc){addr, len, options};
	return q->umem + addr;
}

/* A frame of several chunks. */
static __rte_noinline uint8_t *
put_pieces(const struct xd_af_xdp_port *p, struct xd_af_xdp_queue *q, const struct xd_frame *f,
	uint32_t options)
{
	const uint32_t room = p->chunk - XD_AF_XDP_TX_OFFSET;
	uint8_t *first = next_chunk(p, q, RTE_MIN(f->len, room), options | XDP_PKT_CONTD);
	uint8_t *dst = first + f->head_len;
	uint32_t in_chunk = room - f->head_len, left = f->len - room;

	memcpy(first, f->buf + f->start, f->head_len);
	for (unsigned i = 0; i < f->nb_segs; i++) {
		const uint8_t *src = f->segs[i].addr;
		uint32_t len = f->segs[i].len, n;

		for (; len != 0; src += n, dst += n, len -= n, in_chunk -= n) {
			if (in_chunk == 0) {
				in_chunk = RTE_MIN(left, room);
				left -= in_chunk;
				dst = next_chunk(p, q, in_chunk, left ? XDP_PKT_CONTD : 0);
			}
			n = RTE_MIN(len, in_chunk);
			xd_copy_body(dst, src, n);
		}
	}
	return first;
}

/* A frame in one chunk. */
static inline uint8_t *
put_whole(const struct xd_af_xdp_port *p, struct xd_af_xdp_queue *q, const struct xd_frame *f,
	uint32_t options)
{
	uint8_t *first = next_chunk(p, q, f->len, options), *dst = first + f->head_len;

	rte_memcpy(first, f->buf + f->start, f->head_len);
	for (unsigned i = 0; i < f->nb_segs; i++) {
		xd_copy_body(dst, f->segs[i].addr, f->segs[i].len);
		dst += f->segs[i].len;
	}
	return first;
}

/* 0: it is in the ring. -EAGAIN: too few chunks are free. What it needs, if anything, is its
 * checksum, which the kernel is asked for. */
static inline int
put(const struct xd_af_xdp_port *p, struct xd_af_xdp_queue *q, const struct xd_frame *f)
{
	const uint32_t room = p->chunk - XD_AF_XDP_TX_OFFSET;
	const bool ask = f->offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
	const uint32_t options = ask ? XDP_TX_METADATA : 0;
	uint8_t *first;

	if (unlikely(q->nb_free < (f->len + room - 1) / room))
		return -EAGAIN;
	first = likely(f->len <= room) ? put_whole(p, q, f, options) : put_pieces(p, q, f, options);
	if (ask) {
		struct metadata *meta = (struct metadata *)(first - XD_AF_XDP_METADATA);

		meta->flags = METADATA_CHECKSUM;
		meta->csum_start = xd_offload_start(f);
		meta->csum_offset = f->offload.csum_offset;
	}
	return 0;
}

/* Of what does not go after the first segment nothing comes, as on a wire. */
static int
put_segments(const struct xd_af_xdp_port *p, struct xd_af_xdp_queue *q, struct xd_frame *f)
{
	struct xd_segmenter segmenter;
	struct xd_frame *segment;
	int ret = 0;

	if (xd_segment_begin(&segmenter, f) < 0)
		return -EINVAL;
	if (q->nb_free < segmenter.nb_segments && q->nb_free != XD_AF_XDP_TX_CHUNKS)
		return -EAGAIN;
	segmenter.leave_checksums = p->ask_csum;
	while (ret == 0 && (segment = xd_segment_next(&segmenter)) != NULL)
		ret = put(p, q, segment);
	return ret == -EAGAIN ? -ENOBUFS : ret;
}

/* A frame that needs an offload. */
static int
put_offload(const struct xd_af_xdp_port *p, struct xd_af_xdp_queue *q, struct xd_frame *f,
	struct xd_counters *counters)
{
	int ret;

	if (f->offload.gso_type != VIRTIO_NET_HDR_GSO_NONE) {
		ret = put_segments(p, q, f);
		counters->segmented += ret == 0;
		return ret;
	}
	if (!(f->offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return put(p, q, f);
	/* Where the checksum belongs must lie in the first chunk, as the head does. */
	if (p->ask_csum && xd_offload_start(f) + f->offload.csum_offset + 2u <= f->head_len)
		return put(p, q, f);
	if (xd_frame_finish_checksum(f) < 0)
		return -EINVAL;
	counters->checksums++;
	return put(p, q, f);
}

/* Puts frames into the ring; returns how many are dealt with. */
static uint16_t
put_all(struct xd_af_xdp_port *p, struct xd_af_xdp_queue *q, struct xd_frame *const *frames,
	uint16_t n, struct xd_counters *counters, struct xd_drops *drops)
{
	const uint16_t max_frame = __atomic_load_n(&p->port.max_frame, __ATOMIC_RELAXED);

	for (uint16_t i = 0; i < n; i++) {
		struct xd_frame *f = frames[i];
		int ret;

		if (xd_frame_is_too_long(f, max_frame)) {
			xd_drop(drops, XD_DROP_OVER_MTU, 1);
			continue;
		}
		ret = unlikely(f->offload.word) ? put_offload(p, q, f, counters) : put(p, q, f);
		if (unlikely(ret == -EAGAIN))
			return i;
		if (unlikely(ret < 0)) {
			xd_drop(drops,
				ret == -EINVAL ? XD_DROP_UNFINISHED_OFFLOAD : XD_DROP_RING_FULL, 1);
			continue;
		}
		counters->tx_frames++;
		counters->tx_bytes += f->len;
	}
	return n;
}

/* Where the kernel copies frames, a call sends TX_BATCH_SIZE of them (net/xdp/xsk.c), and what it
 * could not send stays in the ring. */
void
xd_af_xdp_send(struct xd_af_xdp_queue *q)
{
	uint32_t before, after = __atomic_load_n(q->tx.consumer, __ATOMIC_RELAXED), calls = 0;
	bool again;

	do {
		before = after;
		again = sendto(q->dev.fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno == EAGAIN;
		after = __atomic_load_n(q->tx.consumer, __ATOMIC_RELAXED);
	} while (again && after != before && ++calls < SEND_CALLS);
	__atomic_store_n(&q->unsent, again, __ATOMIC_RELAXED);
}

uint16_t
xd_af_xdp_tx(struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n)
{
	struct xd_af_xdp_port *p = (struct xd_af_xdp_port *)port;
	const uint16_t queue = xd_port_tx_queue(port, worker);
	struct xd_af_xdp_queue *q = &p->queues[queue];
	bool send;

	if (unlikely(!__atomic_load_n(&port->up, __ATOMIC_ACQUIRE)))
		return xd_port_drop_down(port, worker, n);
	rte_spinlock_lock(&q->lock);
	reap(p, q);
	n = put_all(p, q, frames, n, &port->counters[worker], &port->drops[queue]);
	xd_xsk_ring_produced(&q->tx);
	send = xd_xsk_ring_needs_wakeup(&q->tx) || !p->zero_copy;
	rte_spinlock_unlock(&q->lock);
	if (send)
		xd_af_xdp_send(q);
	return n;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Transmitting. A frame becomes an mbuf as frame/mbuf.h says: whole, shared or copied.
 *
 * A frame that needs a checksum or segmentation is prepared for offload to a device that can do it,
 * or else finished in software. One that is segmented in software is more than one mbuf and goes by
 * itself, between the bursts of those before and behind it.
 *
 * What the device does not take is undone, so that the same frames can be offered again; a drop is
 * counted once the frames before it have gone.
 */
#include <rte_branch_prediction.h>

#include "drivers/ethdev/ethdev.h"

struct tx_burst {
	uint16_t n;
	struct rte_mbuf *mbufs[XD_BATCH];
	uint8_t frame[XD_BATCH]; /* which frame each is; frames without one were dropped */
	uint8_t drop[XD_BATCH];  /* of each frame: why, or XD_DROP_REASONS */
};

/* False: the checksum does not lie in the head. */
static bool
finish(struct xd_frame *f, struct xd_counters *counters)
{
	if (xd_frame_finish_checksum(f) != 0)
		return false;
	counters->checksums++;
	return true;
}

/* Makes mbufs of at most n frames; returns of how many: up to the first that is to be segmented in
 * software. */
static inline uint16_t
make_burst(struct xd_ethdev_port *p, uint16_t queue, struct tx_burst *burst,
	struct xd_frame *const *frames, uint16_t n, struct xd_counters *counters)
{
	uint16_t max_frame = __atomic_load_n(&p->port.max_frame, __ATOMIC_RELAXED);

	burst->n = 0;
	for (uint16_t i = 0; i < n; i++) {
		struct xd_frame *f = frames[i];
		struct rte_mbuf *m = NULL;

		if (xd_frame_is_too_long(f, max_frame)) {
			burst->drop[i] = XD_DROP_OVER_MTU;
			continue;
		}
		if (unlikely(f->offload.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)) {
			m = xd_ethdev_prepare(p, queue, f);
			if (m == NULL && f->offload.gso_type != VIRTIO_NET_HDR_GSO_NONE)
				return i;
			if (m == NULL && !finish(f, counters)) {
				burst->drop[i] = XD_DROP_UNFINISHED_OFFLOAD;
				continue;
			}
		}
		if (likely(m == NULL))
			m = xd_frame_to_mbuf(f, p->pool);
		if (unlikely(m == NULL)) {
			burst->drop[i] = XD_DROP_NO_BUFFER;
			continue;
		}
		burst->drop[i] = XD_DROP_REASONS;
		burst->mbufs[burst->n] = m;
		burst->frame[burst->n++] = (uint8_t)i;
	}
	return n;
}

/* The device took the first nb_sent mbufs: counts the frames before the first that it did not take,
 * undoes the others, and returns how many frames are dealt with. */
static inline uint16_t
complete(struct tx_burst *burst, uint16_t nb_sent, struct xd_frame *const *frames, uint16_t n,
	struct xd_counters *counters, struct xd_drops *drops)
{
	uint16_t done = nb_sent < burst->n ? burst->frame[nb_sent] : n;

	for (uint16_t i = 0; i < done; i++) {
		if (unlikely(burst->drop[i] != XD_DROP_REASONS)) {
			xd_drop(drops, burst->drop[i], 1);
			continue;
		}
		counters->tx_frames++;
		counters->tx_bytes += frames[i]->len;
	}
	for (uint16_t k = 0; k < nb_sent; k++)
		xd_frame_mbuf_sent(frames[burst->frame[k]], burst->mbufs[k]);
	for (uint16_t k = nb_sent; k < burst->n; k++)
		xd_frame_mbuf_kept(frames[burst->frame[k]], burst->mbufs[k]);
	return done;
}

uint16_t
xd_ethdev_tx(struct xd_port *port, unsigned worker, struct xd_frame *const *frames, uint16_t n)
{
	struct xd_ethdev_port *p = (struct xd_ethdev_port *)port;
	struct xd_counters *counters = &port->counters[worker];
	struct xd_drops *drops;
	uint16_t done = 0, part, chunk, queue;

	/* Without a link a device keeps frames, or loses them and counts them as sent. */
	if (unlikely(!__atomic_load_n(&port->up, __ATOMIC_ACQUIRE)))
		return xd_port_drop_down(port, worker, n);
	queue = (uint16_t)(worker % p->nb_tx);
	drops = &port->drops[queue % XD_PORT_QUEUES];
	while (done < n) {
		struct tx_burst burst;
		uint16_t nb_sent = 0;

		chunk = make_burst(
			p, queue, &burst, frames + done, RTE_MIN(n - done, XD_BATCH), counters);
		if (likely(burst.n != 0)) {
			rte_spinlock_lock(&p->txqs[queue].lock);
			nb_sent = rte_eth_tx_burst(p->port_id, queue, burst.mbufs, burst.n);
			rte_spinlock_unlock(&p->txqs[queue].lock);
		}
		part = complete(&burst, nb_sent, frames + done, chunk, counters, drops);
		if (unlikely(chunk == 0)) {
			chunk = 1;
			part = xd_ethdev_segment(p, queue, frames[done], counters, drops);
		}
		done += part;
		if (part < chunk)
			break;
	}
	return done;
}

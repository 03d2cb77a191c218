/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames that need a checksum or segmentation: prepared for the device, or done in software. */
#include <rte_ip.h>
#include <rte_pause.h>

#include "drivers/ethdev/ethdev.h"

#define SEGMENT_TX_RETRIES 64 /* when the device is full after some of a frame's segments */

/* True: the device does all that the frame needs. */
static bool
device_can(const struct xd_ethdev_port *p, const struct xd_frame *f, const struct xd_headers *h)
{
	uint64_t need =
		xd_headers_is_udp(h) ? RTE_ETH_TX_OFFLOAD_UDP_CKSUM : RTE_ETH_TX_OFFLOAD_TCP_CKSUM;

	if (!xd_offload_is_plain(f, h))
		return false;
	if (f->offload.gso_type != VIRTIO_NET_HDR_GSO_NONE) {
		uint32_t nb_segs = (f->len + p->data_room - 1) / p->data_room;

		if (xd_headers_is_udp(h) || (p->nb_tso_segs != 0 && nb_segs > p->nb_tso_segs))
			return false;
		need |= RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
		if (!xd_headers_is_ipv6(h) && !p->quirks->tso_of_virtio)
			need |= RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
	}
	return (p->tx_offloads & need) == need;
}

/* For segmentation the IP checksum is zero: RTE_MBUF_F_TX_TCP_SEG. */
static void
ask_for_ip_checksum(struct rte_mbuf *m, const struct xd_headers *h)
{
	memset(rte_pktmbuf_mtod_offset(
		       m, uint8_t *, h->l3 + offsetof(struct rte_ipv4_hdr, hdr_checksum)),
		0, 2);
	m->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
}

struct rte_mbuf *
xd_ethdev_prepare(struct xd_ethdev_port *p, uint16_t queue, struct xd_frame *f)
{
	struct xd_headers h;
	struct rte_mbuf *m;
	uint16_t ready;

	/* One that lies in an mbuf has its checksum finished there; it is segmented from a copy. */
	if (f->mbuf != NULL && f->offload.gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return NULL;
	if (!xd_headers_parse_segment(f, &h) || !device_can(p, f, &h))
		return NULL;
	m = xd_frame_copy_to_mbuf(f, p->pool);
	if (m == NULL)
		return NULL;
	xd_mbuf_tell_offload(m, f, &h);
	if (f->offload.gso_type != VIRTIO_NET_HDR_GSO_NONE && !xd_headers_is_ipv6(&h) &&
		!p->quirks->tso_of_virtio)
		ask_for_ip_checksum(m, &h);
	/* The driver's own conditions, such as the least size of a segment. */
	rte_spinlock_lock(&p->txqs[queue].lock);
	ready = rte_eth_tx_prepare(p->port_id, queue, &m, 1);
	rte_spinlock_unlock(&p->txqs[queue].lock);
	if (ready == 1)
		return m;
	rte_pktmbuf_free(m);
	return NULL;
}

/* All segments of a frame, at most XD_SEGMENTS_MAX, or none. */
static enum xd_drop
make_segments(struct xd_ethdev_port *p, struct xd_frame *f, struct rte_mbuf **mbufs, uint16_t *n)
{
	struct xd_segmenter segmenter;
	struct xd_frame *segment;

	*n = 0;
	if (xd_segment_begin(&segmenter, f) != 0)
		return XD_DROP_UNFINISHED_OFFLOAD;
	while ((segment = xd_segment_next(&segmenter)) != NULL) {
		mbufs[*n] = xd_frame_copy_to_mbuf(segment, p->pool);
		if (unlikely(mbufs[*n] == NULL)) {
			rte_pktmbuf_free_bulk(mbufs, *n);
			return XD_DROP_NO_BUFFER;
		}
		++*n;
	}
	return XD_DROP_REASONS;
}

/* Returns how many went. */
static uint16_t
send_segments(struct xd_ethdev_port *p, uint16_t queue, struct rte_mbuf **mbufs, uint16_t n)
{
	uint16_t sent = 0, took;

	for (unsigned retries = 0; sent < n && retries < SEGMENT_TX_RETRIES;) {
		rte_spinlock_lock(&p->txqs[queue].lock);
		took = rte_eth_tx_burst(p->port_id, queue, mbufs + sent, n - sent);
		rte_spinlock_unlock(&p->txqs[queue].lock);
		if (took == 0 && sent == 0)
			break;
		sent += took;
		if (took == 0) {
			retries++;
			rte_pause();
		}
	}
	return sent;
}

uint16_t
xd_ethdev_segment(struct xd_ethdev_port *p, uint16_t queue, struct xd_frame *f,
	struct xd_counters *counters, struct xd_drops *drops)
{
	struct rte_mbuf *mbufs[XD_SEGMENTS_MAX];
	enum xd_drop reason;
	uint16_t n, sent;

	reason = make_segments(p, f, mbufs, &n);
	if (unlikely(reason != XD_DROP_REASONS)) {
		xd_drop(drops, reason, 1);
		return 1;
	}
	sent = send_segments(p, queue, mbufs, n);
	if (unlikely(sent < n))
		rte_pktmbuf_free_bulk(mbufs + sent, n - sent);
	if (unlikely(sent == 0))
		return 0;
	counters->segmented++;
	if (unlikely(sent < n)) {
		xd_drop(drops, XD_DROP_RING_FULL, 1);
	} else {
		counters->tx_frames++;
		counters->tx_bytes += f->len;
	}
	return 1;
}

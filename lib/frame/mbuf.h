/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames in DPDK's packet buffers, for drivers of devices that have those: the four halves of rx,
 * release and tx that know frames, beside those that know the device.
 *
 *     rx       n = receive_burst(device, mbufs, XD_BATCH);
 *              taken = xd_batch_from_mbufs(batch, mbufs, n, &port->drops[queue]);
 *              keep those from taken on, for the next rx
 *              return batch->n;
 *     release  xd_batch_free_mbufs(batch);
 *     tx       mbufs[i] = xd_frame_to_mbuf(frames[i], pool);  for each, then
 *              sent = send_burst(device, mbufs, n);
 *              xd_frame_mbuf_sent(frames[i], mbufs[i]);       for those before sent,
 *              xd_frame_mbuf_kept(frames[i], mbufs[i]);       for the others
 *
 * All calls: the worker that is inside the driver's call. None waits, allocates from anywhere but
 * the pool, or locks.
 */
#ifndef XD_FRAME_MBUF_H
#define XD_FRAME_MBUF_H

#include "base/api.h"
#include "frame/frame.h"
#include "stats/counters.h"

XD_API_BEGIN

struct rte_mempool;
struct xd_headers;

/*
 * Makes a batch of n received mbufs, at most XD_BATCH, and takes them: each is behind a frame
 * (frame->mbuf) or, when it cannot be one, counted in drops and freed (runt; too-long, or in more
 * than 255 buffers; bad-offload: it is said to need a checksum that is not to be found; no-buffer:
 * no room for a VLAN tag that the device has taken off). Checksums that the device has seen or left
 * undone (RTE_MBUF_F_RX_L4_CKSUM_*) become the frame's offload. Sets all that rx has to set
 * (port/port.h). Returns how many it took, at least one of any: the others, behind long chains,
 * stay the caller's, for a batch of their own.
 */
uint16_t xd_batch_from_mbufs(
	struct xd_batch *batch, struct rte_mbuf **mbufs, uint16_t n, struct xd_drops *drops);
/* Frees what of it nobody has taken: release. */
void xd_batch_free_mbufs(struct xd_batch *batch);

/* A copy of the frame in mbufs of the pool, whatever it lies in: the caller's. NULL: the pool is
 * empty. */
struct rte_mbuf *xd_frame_copy_to_mbuf(struct xd_frame *f, struct rte_mempool *pool);
/* Of one that came in an mbuf: that, or a copy where it cannot be shared; as xd_frame_to_mbuf,
 * which calls it. NULL: the pool is empty. It is the caller's until one of the two below. */
struct rte_mbuf *xd_frame_reuse_mbuf(struct xd_frame *f, struct rte_mempool *pool);

/*
 * The frame as it is to be sent: the mbuf it came in, with its head as it is now, or a copy. What
 * the frame needs (frame->offload) is not in it: finish the checksum before
 * (xd_frame_finish_checksum, frame/offload.h), or tell the device. NULL: the pool is empty. It
 * is the caller's until one of the two below, which must follow. Called again for the same frame it
 * does the same.
 */
static inline struct rte_mbuf *
xd_frame_to_mbuf(struct xd_frame *f, struct rte_mempool *pool)
{
	if (f->mbuf == NULL)
		return xd_frame_copy_to_mbuf(f, pool);
	if (f->nb_dst == 1 && !f->dirty)
		return f->mbuf;
	return xd_frame_reuse_mbuf(f, pool);
}

/* The device has taken m, and frees it. */
static inline void
xd_frame_mbuf_sent(struct xd_frame *f, const struct rte_mbuf *m)
{
	if (m == f->mbuf && f->nb_dst == 1)
		f->mbuf = NULL;
}

/* The device has not taken m; the frame is as before. */
void xd_frame_mbuf_kept(const struct xd_frame *f, struct rte_mbuf *m);

/*
 * Has m, which holds the frame and is nobody else's, ask a device for what the frame needs, where
 * that is plain (xd_offload_is_plain) and not to segment UDP, for which DPDK 22.11 has no flag:
 * RTE_MBUF_F_TX_TCP_CKSUM, _UDP_CKSUM or _TCP_SEG with _IPV4 or _IPV6, l2_len, l3_len, l4_len and
 * tso_segsz; of one to be segmented the length comes out of the pseudo-header's sum.
 * RTE_MBUF_F_TX_IP_CKSUM, which segments of IPv4 need, is the caller's. h: of the frame as it is
 * now; all headers lie in m's first buffer.
 */
void xd_mbuf_tell_offload(struct rte_mbuf *m, const struct xd_frame *f, const struct xd_headers *h);

XD_API_END

#endif

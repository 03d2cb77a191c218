/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * mbufs as frames where they lie, and frames as mbufs. One becomes the other in one of three ways:
 *
 *   whole    the mbuf it came in, when this is its only receiver. An edited head is written into it
 *            first, if the mbuf has the room and nobody else holds it.
 *   shared   the same mbuf with one more reference, when others get it too, its head unchanged.
 *   copied   else, head and segments, into mbufs of the receiver's pool.
 */
#include <rte_branch_prediction.h>
#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "frame/copy.h"
#include "frame/headers.h"
#include "frame/mbuf.h"
#include "frame/offload.h"

/* ---- Received ---- */

#define PREFETCH_AHEAD 4

/* Segments of a frame beyond these cannot be told by nb_segs. */
#define FRAME_SEGS_MAX UINT8_MAX

static_assert(FRAME_SEGS_MAX <= XD_BATCH_SEGS, "an empty batch holds any frame");

/* A frame in one buffer, which is nearly every frame. */
static inline void
head_of_one(struct xd_frame *f, const struct rte_mbuf *m, const uint8_t *data)
{
	uint32_t len = m->data_len;

	/* Whole lines, where the buffer has them: what lies behind the frame is not looked at. */
	if (likely(m->data_off + XD_HEAD <= m->buf_len)) {
		xd_copy_line(f->buf + XD_HEADROOM, data);
		if (len > 64)
			xd_copy_line(f->buf + XD_HEADROOM + 64, data + 64);
	} else {
		rte_memcpy(f->buf + XD_HEADROOM, data, RTE_MIN(len, (uint32_t)XD_HEAD));
	}
	f->head_len = (uint8_t)RTE_MIN(len, (uint32_t)XD_HEAD);
	f->len = len;
}

/* False: more pieces than the batch can tell. */
static bool
fill_chain(struct xd_batch *batch, struct xd_frame *f, const struct rte_mbuf *m)
{
	uint32_t head = 0, total = 0, nb_segs = 0;

	for (; m != NULL; m = m->next) {
		const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);
		uint32_t len = m->data_len;
		uint32_t take = RTE_MIN(len, XD_HEAD - head);

		rte_memcpy(f->buf + XD_HEADROOM + head, data, take);
		head += take;
		total += len;
		if (take == len)
			continue;
		if (batch->nb_segs + nb_segs == XD_BATCH_SEGS || nb_segs == FRAME_SEGS_MAX)
			return false;
		batch->segs[batch->nb_segs + nb_segs++] = (struct xd_seg){data + take, len - take};
	}
	f->head_len = (uint8_t)head;
	f->len = total;
	f->nb_segs = (uint8_t)nb_segs;
	batch->nb_segs += (uint16_t)nb_segs;
	return true;
}

static inline bool
fill(struct xd_batch *batch, struct xd_frame *f, const struct rte_mbuf *m)
{
	f->start = XD_HEADROOM;
	f->nb_segs = 0;
	f->dirty = false;
	f->offload.word = 0;
	f->segs = &batch->segs[batch->nb_segs];
	if (unlikely(m->nb_segs > 1))
		return fill_chain(batch, f, m);

	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);

	head_of_one(f, m, data);
	if (f->len > XD_HEAD) {
		if (unlikely(batch->nb_segs == XD_BATCH_SEGS))
			return false;
		batch->segs[batch->nb_segs++] = (struct xd_seg){data + XD_HEAD, f->len - XD_HEAD};
		f->nb_segs = 1;
	}
	return true;
}

/* What the device says of the checksum. A frame that was sent without one, as virtio devices do,
 * still needs it. False: it does, but where it belongs cannot be told. */
static inline bool
fill_offload(struct xd_frame *f, const struct rte_mbuf *m)
{
	struct xd_headers h;

	if (likely((m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD)) {
		/* Of a tunnel it may be the inner one. */
		if (!(m->packet_type & RTE_PTYPE_TUNNEL_MASK))
			f->offload.flags = VIRTIO_NET_HDR_F_DATA_VALID;
		return true;
	}
	if ((m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) != RTE_MBUF_F_RX_L4_CKSUM_NONE)
		return true;
	if (!xd_headers_parse_segment(f, &h))
		return false;
	f->offload.csum_start = h.l4;
	f->offload.csum_offset = xd_headers_is_udp(&h) ? XD_UDP_CSUM_OFFSET : XD_TCP_CSUM_OFFSET;
	f->offload.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	return true;
}

/* Makes the next frame of the batch of a received mbuf, or drops it. False: the batch has no room
 * for its pieces; an empty one has, and m stays as it is. */
static inline bool
receive(struct xd_batch *batch, struct xd_drops *drops, struct rte_mbuf *m)
{
	struct xd_frame *f = &batch->frames[batch->n];
	enum xd_drop reason;

	/* The bridge wants tags where they were on the wire. */
	if (unlikely(m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) && rte_vlan_insert(&m) != 0) {
		reason = XD_DROP_NO_BUFFER;
		goto drop;
	}
	if (unlikely(m->pkt_len < XD_FRAME_MIN)) {
		reason = XD_DROP_RUNT;
		goto drop;
	}
	if (unlikely(m->pkt_len > XD_FRAME_MAX || !fill(batch, f, m))) {
		if (m->pkt_len <= XD_FRAME_MAX && m->nb_segs <= FRAME_SEGS_MAX)
			return false;
		reason = XD_DROP_TOO_LONG;
		goto drop;
	}
	if (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK && unlikely(!fill_offload(f, m))) {
		batch->nb_segs -= f->nb_segs;
		reason = XD_DROP_BAD_OFFLOAD;
		goto drop;
	}
	/* What a driver said of it on receive is no order for the one that will send it. */
	m->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
	f->mbuf = m;
	batch->bytes += f->len;
	batch->n++;
	return true;

drop:
	xd_drop(drops, reason, 1);
	rte_pktmbuf_free(m);
	return true;
}

uint16_t
xd_batch_from_mbufs(
	struct xd_batch *batch, struct rte_mbuf **mbufs, uint16_t n, struct xd_drops *drops)
{
	uint16_t i;

	batch->n = batch->nb_segs = 0;
	batch->bytes = 0;
	for (i = 0; i < n && i < PREFETCH_AHEAD; i++)
		rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], void *));
	for (i = 0; i < n; i++) {
		if (i + PREFETCH_AHEAD < n)
			rte_prefetch0(rte_pktmbuf_mtod(mbufs[i + PREFETCH_AHEAD], void *));
		if (unlikely(!receive(batch, drops, mbufs[i])))
			break;
	}
	batch->nb_done = batch->n;
	return i;
}

void
xd_batch_free_mbufs(struct xd_batch *batch)
{
	struct rte_mbuf *mbufs[XD_BATCH];
	unsigned n = 0;

	for (uint16_t i = 0; i < batch->n; i++) {
		if (batch->frames[i].mbuf != NULL)
			mbufs[n++] = batch->frames[i].mbuf;
		batch->frames[i].mbuf = NULL;
	}
	if (n != 0)
		rte_pktmbuf_free_bulk(mbufs, n);
	batch->nb_done = 0;
}

/* ---- Transmitted ---- */

/* Where a copy has come to. */
struct cursor {
	struct rte_mbuf *first;
	struct rte_mbuf *last;
	struct rte_mempool *pool;
};

/* Appends bytes, in further buffers when one is full; false: the pool is empty. */
static bool
append(struct cursor *to, const uint8_t *data, uint32_t len)
{
	while (len != 0) {
		uint32_t take = RTE_MIN(len, (uint32_t)rte_pktmbuf_tailroom(to->last));
		uint8_t *at;

		if (take == 0) {
			struct rte_mbuf *next = rte_pktmbuf_alloc(to->pool);

			if (next == NULL)
				return false;
			to->last->next = next;
			to->last = next;
			to->first->nb_segs++;
			continue;
		}
		at = rte_pktmbuf_mtod_offset(to->last, uint8_t *, to->last->data_len);
		rte_memcpy(at, data, take);
		to->last->data_len += (uint16_t)take;
		to->first->pkt_len += take;
		data += take;
		len -= take;
	}
	return true;
}

struct rte_mbuf *
xd_frame_copy_to_mbuf(struct xd_frame *f, struct rte_mempool *pool)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct cursor to = {m, m, pool};
	bool ok;

	if (unlikely(m == NULL))
		return NULL;
	ok = append(&to, xd_frame_data(f), f->head_len);
	for (unsigned i = 0; ok && i < f->nb_segs; i++)
		ok = append(&to, f->segs[i].addr, f->segs[i].len);
	if (unlikely(!ok)) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	return m;
}

/* Writes an edited head into the frame's own mbuf; false: it cannot be done in place. Done again,
 * as when the device was full, it changes nothing. */
static bool
edit_in_place(struct xd_frame *f)
{
	struct rte_mbuf *m = f->mbuf;
	int32_t growth = (int32_t)(f->len - m->pkt_len);

	if (!RTE_MBUF_DIRECT(m) || rte_mbuf_refcnt_read(m) != 1)
		return false;
	/* All of the head must lie in the first buffer. */
	if (m->data_len + growth < f->head_len || growth > rte_pktmbuf_headroom(m))
		return false;
	if (growth > 0)
		rte_pktmbuf_prepend(m, (uint16_t)growth);
	else if (growth < 0)
		rte_pktmbuf_adj(m, (uint16_t)-growth);
	rte_memcpy(rte_pktmbuf_mtod(m, uint8_t *), xd_frame_data(f), f->head_len);
	return true;
}

struct rte_mbuf *
xd_frame_reuse_mbuf(struct xd_frame *f, struct rte_mempool *pool)
{
	struct rte_mbuf *m = f->mbuf;

	if (f->nb_dst == 1 && (!f->dirty || edit_in_place(f)))
		return m;
	if (f->nb_dst != 1 && !f->dirty) {
		rte_pktmbuf_refcnt_update(m, 1);
		return m;
	}
	return xd_frame_copy_to_mbuf(f, pool);
}

void
xd_frame_mbuf_kept(const struct xd_frame *f, struct rte_mbuf *m)
{
	/* A copy goes, and so does the reference that a shared one got. */
	if (m != f->mbuf || f->nb_dst != 1)
		rte_pktmbuf_free(m);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receive, of buffers that are an indirect table of a few descriptors (virtio 1.2, 2.7.5.3 and
 * 2.8.7), as Linux sends every frame that is more than one piece: TCP, whose headers and payload
 * lie apart. From ring to table to frame is three cache misses, each of which waits for the one
 * before; so tables are read ahead like descriptors, a turn's together: all of them are asked for,
 * then read, and their frames asked for.
 *
 * Whatever is unusual of a table is left to the walk in chain.c, which reads it again, and to which
 * alone it is known what breaks a rule.
 */
#include <rte_branch_prediction.h>
#include <rte_prefetch.h>

#include "frame/copy.h"
#include "virtqueue/dequeue.h"
#include "virtqueue/net_header.h"

static_assert(XD_BATCH <= 32, "a bit for each buffer");

/* Bytes of a descriptor, in a table as in a ring. */
#define DESC_BYTES sizeof(struct xd_vring_desc)

/* Where len bytes at a guest's address are, or NULL: not in one region. hot: a copy of vq->hot, in
 * registers. */
static __rte_always_inline uint8_t *
find(struct xd_vq *vq, struct xd_guest_region *hot, uint64_t addr, uint32_t len)
{
	const uint64_t offset = addr - hot->guest_addr;
	uint64_t contiguous;
	uint8_t *at;

	if (likely(offset < hot->size && len <= hot->size - offset))
		return hot->host + offset;
	at = xd_vq_ptr(vq, addr, &contiguous);
	*hot = vq->hot;
	return at && len <= contiguous ? at : NULL;
}

/* Finds the tables of those buffers that are a short one, and asks for them. */
static inline void
find_tables(struct xd_vq *vq, uint32_t slots, const void **tables)
{
	const struct xd_vq_table *const t = vq->tables;
	const uint32_t entries = RTE_MIN(vq->size, (uint32_t)XD_VQ_TABLE_MAX);
	const uint32_t most = vq->indirect ? entries * DESC_BYTES : 0;
	struct xd_guest_region hot = vq->hot;

	for (; slots; slots &= slots - 1) {
		const unsigned i = (unsigned)__builtin_ctz(slots);
		const struct xd_vq_desc d = t[i].desc;
		const uint8_t *at = NULL;

		if (likely(d.flags == XD_VRING_DESC_F_INDIRECT && d.len <= most &&
			    d.len % DESC_BYTES == 0 && d.len))
			at = find(vq, &hot, d.addr, d.len);
		/* Descriptors are read in words. */
		if (unlikely((uintptr_t)at % sizeof(uint64_t)))
			at = NULL;
		tables[i] = at;
		if (unlikely(!at))
			continue;
		rte_prefetch0(at);
		rte_prefetch0(at + d.len - 1);
	}
}

/* Entry k of n, read once. False: it is not just a piece for us to read, with the next entry behind
 * it unless it is the last. */
static __rte_always_inline bool
read_entry(const void *table, uint32_t k, uint32_t n, struct xd_vq_desc *d, const bool packed)
{
	uint16_t all_flags;

	if (packed) {
		/* These go by order, and NEXT means nothing: 2.8.7. */
		*d = xd_packed_read((const struct xd_packed_desc *)table + k, &all_flags);
		return !(d->flags & ~XD_VRING_DESC_F_NEXT);
	}
	*d = xd_split_read((const struct xd_vring_desc *)table + k);
	if (k + 1 == n)
		return d->flags == 0;
	return d->flags == XD_VRING_DESC_F_NEXT && d->next == k + 1;
}

/* Asks for what of a piece can go into the snapshot. */
static __rte_always_inline void
prefetch_piece(const uint8_t *at, uint32_t len)
{
	rte_prefetch0(at);
	rte_prefetch0(at + RTE_MIN(len, (uint32_t)XD_HEAD) - 1);
	if (len > XD_COPY_LINE)
		rte_prefetch0(at + XD_COPY_LINE);
}

/* Reads a table of n entries into t, whose frame has *len bytes. Returns the number of its pieces,
 * or 0: it is left to the walk. */
static __rte_always_inline uint8_t
read_table(struct xd_vq *vq, struct xd_guest_region *hot, struct xd_vq_table *t, const void *table,
	uint32_t *len, const bool packed)
{
	const uint32_t n = t->desc.len / DESC_BYTES;
	struct xd_seg *piece = t->pieces;
	uint32_t sum = 0, header = XD_VQ_HDR_BYTES;

	for (uint32_t k = 0; k < n; k++) {
		struct xd_vq_desc d;
		uint8_t *at;

		if (unlikely(!read_entry(table, k, n, &d, packed)))
			return 0;
		at = find(vq, hot, d.addr, d.len);
		if (unlikely(!at || d.len - 1 >= XD_VQ_HDR_BYTES + XD_FRAME_MAX || d.len < header))
			return 0;
		if (header) {
			t->header = at;
			rte_prefetch0(at);
			at += header;
			d.len -= header;
			header = 0;
			if (d.len == 0)
				continue;
		}
		prefetch_piece(at, d.len);
		*piece++ = (struct xd_seg){at, d.len};
		sum += d.len;
	}
	*len = sum;
	return sum >= XD_FRAME_MIN && sum <= XD_FRAME_MAX ? (uint8_t)(piece - t->pieces) : 0;
}

static __rte_always_inline void
read_tables(struct xd_vq *vq, uint32_t slots, const bool packed)
{
	struct xd_vq_ahead *a = &vq->ahead;
	struct xd_guest_region hot;
	const void *tables[XD_BATCH];

	find_tables(vq, slots, tables);
	hot = vq->hot;
	for (; slots; slots &= slots - 1) {
		const unsigned i = (unsigned)__builtin_ctz(slots);
		struct xd_vq_table *t = &vq->tables[i];

		t->nb_pieces = likely(tables[i] != NULL)
				       ? read_table(vq, &hot, t, tables[i], &a->len[i], packed)
				       : 0;
	}
}

static __rte_noinline void
read_packed_tables(struct xd_vq *vq, uint32_t slots)
{
	read_tables(vq, slots, true);
}

void
xd_vq_read_tables(struct xd_vq *vq, uint32_t slots)
{
	if (vq->packed)
		read_packed_tables(vq, slots);
	else
		read_tables(vq, slots, false);
}

/* One frame in pieces, with its segments, whose number is returned. */
static __rte_always_inline uint8_t
take_pieces(const struct xd_vq_table *t, uint32_t len, struct xd_frame *f, struct xd_seg *segs)
{
	uint32_t head = 0;
	uint8_t n = 0;

	for (unsigned k = 0; k < t->nb_pieces; k++)
		xd_copy_piece(f, segs, &head, &n, t->pieces[k].addr, t->pieces[k].len);
	xd_frame_init(f, len, (uint8_t)head, n);
	f->segs = segs;
	return n;
}

uint16_t
xd_vq_dequeue_tables(struct xd_vq *vq, struct xd_batch *batch)
{
	const struct xd_vq_ahead *a = &vq->ahead;
	const uint16_t limit = a->n;
	const uint8_t offloads =
		vq->offloads; /* 0: what the guest asks for means nothing, 5.1.6.2 */
	struct xd_frame *f = &batch->frames[batch->n];
	struct xd_seg *segs = &batch->segs[batch->nb_segs];
	struct xd_seg *const last = &batch->segs[XD_BATCH_SEGS - XD_VQ_TABLE_MAX];
	uint32_t bytes = batch->bytes;
	uint16_t at = a->at;

	/* What the loop advances is in registers: through memory it would wait for itself. */
	for (; at < limit && bytes < XD_BATCH_BYTES; at++) {
		const struct xd_vq_table *t = &vq->tables[at];
		uint8_t n;

		if (unlikely(a->data[at] || t->nb_pieces == 0 || segs > last))
			break;
		n = take_pieces(t, a->len[at], f, segs);
		if (offloads) {
			struct xd_net_header header = xd_net_header_read(t->header);

			if (xd_net_header_asks(header) &&
				unlikely(!xd_net_header_take(f, header, offloads))) {
				xd_vq_no_frame(batch, at, XD_DROP_BAD_OFFLOAD);
				continue;
			}
		}
		bytes += a->len[at];
		segs += n;
		f++;
	}
	batch->n = (uint16_t)(f - batch->frames);
	batch->nb_segs = (uint16_t)(segs - batch->segs);
	batch->bytes = bytes;
	return at;
}

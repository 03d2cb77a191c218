/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Buffers of more than one descriptor: the walk along a chain, each descriptor of which is checked.
 * Virtio 1.2, 2.7.5, 2.7.5.3 (indirect), 2.8.6 and 2.8.7 (packed).
 */
#include "virtqueue/buffer.h"

void
xd_vq_walk_begin(const struct xd_vq *vq, struct xd_vq_walk *walk, uint16_t head, uint16_t descs,
	bool writable)
{
	*walk = (struct xd_vq_walk){
		.table = vq->desc,
		.entries = vq->size,
		.left = vq->packed ? descs : vq->size,
		.next = head,
		.more = true,
		.writable = writable,
	};
}

int
xd_packed_chain(struct xd_vq *vq, uint16_t pos, uint16_t *id)
{
	const uint16_t size = vq->size;
	uint16_t flags;

	for (uint16_t n = 1; n <= size; n++) {
		*id = xd_packed_read(&vq->ring[xd_packed_index(pos)], &flags).next;
		if (!(flags & XD_VRING_DESC_F_NEXT))
			return n;
		pos = xd_packed_add(pos, 1, size);
	}
	return xd_vq_break(vq, XD_VQ_LOOP);
}

/* Moves into the indirect table that d describes. */
static int
enter_indirect(struct xd_vq *vq, struct xd_vq_walk *walk, const struct xd_vq_desc *d)
{
	const uint32_t entry = sizeof(struct xd_vring_desc);
	uint64_t contiguous;
	uint8_t *table;

	/* 2.7.5.3.1: no nesting, nothing after it in the chain; only when negotiated. */
	if (!vq->indirect || walk->in_indirect || (d->flags & XD_VRING_DESC_F_NEXT))
		return xd_vq_break(vq, XD_VQ_BAD_INDIRECT);
	if (d->len == 0 || d->len % entry || d->len / entry > XD_VQ_SIZE_MAX)
		return xd_vq_break(vq, XD_VQ_BAD_INDIRECT);
	table = xd_vq_ptr(vq, d->addr, &contiguous);
	if (!table || d->len > contiguous)
		return xd_vq_break(vq, XD_VQ_BAD_ADDRESS);
	/* Descriptors are read in words. No driver puts its table elsewhere, though none has to. */
	if ((uintptr_t)table % sizeof(uint64_t))
		return xd_vq_break(vq, XD_VQ_BAD_INDIRECT);
	walk->table = table;
	walk->entries = d->len / entry;
	/* A chain is never longer than the ring, indirect or not: 2.7.5.3.1. */
	if (vq->packed && walk->entries > vq->size)
		return xd_vq_break(vq, XD_VQ_LOOP);
	walk->left = RTE_MIN(walk->entries, (uint32_t)vq->size);
	walk->next = 0;
	walk->in_indirect = true;
	return 0;
}

/* One read of the walk's next descriptor, and on to the one after it. */
static struct xd_vq_desc
read_desc(const struct xd_vq *vq, struct xd_vq_walk *walk)
{
	struct xd_vq_desc d;
	uint16_t all_flags;

	if (!vq->packed) {
		d = xd_split_read((const struct xd_vring_desc *)walk->table + walk->next);
		walk->next = d.next;
		walk->more = d.flags & XD_VRING_DESC_F_NEXT;
		return d;
	}
	/* Which descriptors there are was decided when the chain was found, or by the table. */
	d = xd_packed_read((const struct xd_packed_desc *)walk->table + walk->next, &all_flags);
	walk->next = walk->next + 1u < walk->entries ? walk->next + 1 : 0;
	walk->more = walk->left > 0;
	return d;
}

/* Reads the next descriptor of the chain into walk->addr and len. */
static int
next_desc(struct xd_vq *vq, struct xd_vq_walk *walk)
{
	struct xd_vq_desc d;

	for (;;) {
		if (walk->left == 0)
			return xd_vq_break(vq, XD_VQ_LOOP);
		walk->left--;
		if (walk->next >= walk->entries)
			return xd_vq_break(vq, XD_VQ_BAD_INDEX);
		d = read_desc(vq, walk);
		if (!(d.flags & XD_VRING_DESC_F_INDIRECT))
			break;
		if (enter_indirect(vq, walk, &d) < 0)
			return -1;
	}
	if (!!(d.flags & XD_VRING_DESC_F_WRITE) != walk->writable)
		return xd_vq_break(vq, XD_VQ_BAD_DIRECTION);
	if (d.len == 0)
		return xd_vq_break(vq, XD_VQ_EMPTY_DESC);
	walk->addr = d.addr;
	walk->len = d.len;
	return 0;
}

int
xd_vq_walk_next(struct xd_vq *vq, struct xd_vq_walk *walk, struct xd_seg *seg)
{
	uint64_t contiguous;
	uint8_t *p;

	walk->pieces++;
	if (walk->len == 0) {
		if (!walk->more)
			return 0;
		if (next_desc(vq, walk) < 0)
			return -1;
	}
	p = xd_vq_ptr(vq, walk->addr, &contiguous);
	if (!p)
		return xd_vq_break(vq, XD_VQ_BAD_ADDRESS);
	seg->addr = p;
	seg->len = RTE_MIN((uint64_t)walk->len, contiguous);
	/* Guest addresses that wrap end here too: nothing is mapped at the top of the space. */
	walk->addr += seg->len;
	walk->len -= seg->len;
	return 1;
}

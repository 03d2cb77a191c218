/* SPDX-License-Identifier: BSD-3-Clause */
/* Walking chains of descriptors: virtio 1.2, 2.7.5 and 2.7.5.3 (indirect). */
#include "virtqueue/split_device.h"

void
xd_vq_walk_begin(const struct xd_vq *vq, struct xd_vq_walk *walk, uint16_t head, bool writable)
{
	*walk = (struct xd_vq_walk){
		.table = vq->desc,
		.entries = vq->size,
		.left = vq->size,
		.next = head,
		.more = true,
		.writable = writable,
	};
}

/* Moves into the indirect table that d describes. */
static int
enter_indirect(struct xd_vq *vq, struct xd_vq_walk *walk, const struct xd_vring_desc *d)
{
	uint64_t contiguous;
	uint8_t *table;

	/* 2.7.5.3.1: no nesting, nothing after it in the chain; only when negotiated. */
	if (!vq->indirect || walk->in_indirect || (d->flags & XD_VRING_DESC_F_NEXT))
		return xd_vq_break(vq, XD_VQ_BAD_INDIRECT);
	if (d->len == 0 || d->len % sizeof(*d) || d->len / sizeof(*d) > XD_VQ_SIZE_MAX)
		return xd_vq_break(vq, XD_VQ_BAD_INDIRECT);
	table = xd_vq_ptr(vq, d->addr, &contiguous);
	if (!table || d->len > contiguous)
		return xd_vq_break(vq, XD_VQ_BAD_ADDRESS);
	walk->table = (const struct xd_vring_desc *)(const void *)table;
	walk->entries = d->len / sizeof(*d);
	walk->left = RTE_MIN(walk->entries, (uint32_t)vq->size);
	walk->next = 0;
	walk->in_indirect = true;
	return 0;
}

/* Reads the next descriptor of the chain into walk->addr and len. */
static int
next_desc(struct xd_vq *vq, struct xd_vq_walk *walk)
{
	struct xd_vring_desc d;

	for (;;) {
		if (walk->left == 0)
			return xd_vq_break(vq, XD_VQ_LOOP);
		walk->left--;
		if (walk->next >= walk->entries)
			return xd_vq_break(vq, XD_VQ_BAD_INDEX);
		d = xd_vq_read_desc(&walk->table[walk->next]);
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
	walk->next = d.next;
	walk->more = d.flags & XD_VRING_DESC_F_NEXT;
	return 0;
}

int
xd_vq_walk_next(struct xd_vq *vq, struct xd_vq_walk *walk, struct xd_seg *seg)
{
	uint64_t contiguous;
	uint8_t *p;

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

/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "virtqueue/split_device.h"

static const char *const fault_texts[XD_VQ_FAULTS] = {
	[XD_VQ_OK] = "none",
	[XD_VQ_AVAIL_JUMP] = "available index jumped by more than the ring holds",
	[XD_VQ_BAD_INDEX] = "descriptor index beyond the table",
	[XD_VQ_BAD_ADDRESS] = "buffer address outside the shared memory",
	[XD_VQ_LOOP] = "descriptor chain longer than the ring",
	[XD_VQ_BAD_DIRECTION] = "descriptor of the wrong direction",
	[XD_VQ_EMPTY_DESC] = "descriptor of length zero",
	[XD_VQ_SHORT_BUFFER] = "buffer shorter than the virtio-net header",
	[XD_VQ_BAD_INDIRECT] = "indirect table malformed, nested or not negotiated",
};

const char *
xd_vq_fault_text(enum xd_vq_fault fault)
{
	return fault < XD_VQ_FAULTS ? fault_texts[fault] : "unknown";
}

/* A part of the ring: aligned as virtio 1.2, 2.7 asks, and wholly inside one region. */
static void *
ring_part(const struct xd_guest_memory *mem, const char *what, uint64_t addr, uint64_t bytes,
	uint64_t align, struct xd_error *err)
{
	void *p;

	if (addr & (align - 1)) {
		xd_fail(err, -EINVAL, "%s ring at 0x%llx is not aligned to %llu bytes", what,
			(unsigned long long)addr, (unsigned long long)align);
		return NULL;
	}
	p = xd_guest_user_ptr(mem, addr, bytes);
	if (!p)
		xd_fail(err, -EFAULT, "%s ring at 0x%llx, %llu bytes, is outside the shared memory",
			what, (unsigned long long)addr, (unsigned long long)bytes);
	else if ((uintptr_t)p & (align - 1)) {
		/* The region itself may have been mapped at an odd address. */
		xd_fail(err, -EINVAL, "%s ring is not aligned in the shared memory", what);
		return NULL;
	}
	return p;
}

int
xd_vq_setup(struct xd_vq *vq, const struct xd_guest_memory *mem, const struct xd_vq_setup *setup,
	struct xd_error *err)
{
	uint64_t n = setup->size;

	memset(vq, 0, sizeof(*vq));
	vq->call_fd = -1;
	if (n == 0 || n > XD_VQ_SIZE_MAX || (n & (n - 1)))
		return xd_fail(err, -EINVAL, "ring of %u entries: not a power of two up to %u",
			setup->size, XD_VQ_SIZE_MAX);
	vq->desc = ring_part(mem, "descriptor", setup->desc_addr, 16 * n, 16, err);
	vq->avail =
		vq->desc ? ring_part(mem, "available", setup->avail_addr, 6 + 2 * n, 2, err) : NULL;
	vq->used = vq->avail ? ring_part(mem, "used", setup->used_addr, 6 + 8 * n, 4, err) : NULL;
	if (!vq->used)
		return -EFAULT;
	vq->mem = mem;
	vq->size = setup->size;
	vq->mask = setup->size - 1;
	vq->hdr_bytes = setup->hdr_bytes;
	vq->event_idx = setup->event_idx;
	vq->indirect = setup->indirect;
	vq->mergeable = setup->mergeable;
	vq->call_fd = setup->call_fd;
	vq->last_avail = setup->base;
	vq->avail_seen = setup->base;
	/* Buffers are given back in order, so the used index stands where the available one does:
	 * unless buffers were lent when the last back end died; then what it had not returned is
	 * taken up again from its used index, which is the one it published. */
	vq->used_idx = __atomic_load_n(&vq->used->idx, __ATOMIC_RELAXED);
	if (vq->used_idx != setup->base) {
		vq->last_avail = vq->used_idx;
		vq->avail_seen = vq->used_idx;
	}
	vq->told_idx = vq->used_idx;
	vq->hot = mem->regions[0];
	rte_spinlock_init(&vq->lock);
	xd_vq_disarm(vq);
	return 0;
}

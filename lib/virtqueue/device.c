/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Setting a queue up: size, alignment and addresses of its ring are checked together against the
 * guest's memory, and its position is where the last device stopped.
 */
#include <errno.h>
#include <string.h>

#include <rte_cycles.h>

#include "virtqueue/packed_ring.h"
#include "virtqueue/split_ring.h"

static const char *const fault_texts[XD_VQ_FAULTS] = {
	[XD_VQ_OK] = "none",
	[XD_VQ_AVAIL_JUMP] = "available index jumped by more than the ring holds",
	[XD_VQ_BAD_INDEX] = "descriptor index beyond the table",
	[XD_VQ_BAD_ADDRESS] = "buffer address outside the shared memory",
	[XD_VQ_LOOP] = "descriptor chain longer than the ring",
	[XD_VQ_BAD_DIRECTION] = "descriptor of the wrong direction",
	[XD_VQ_EMPTY_DESC] = "descriptor of length zero",
	[XD_VQ_SHORT_BUFFER] = "buffer shorter than the virtio-net header",
	[XD_VQ_BAD_INDIRECT] = "indirect table malformed, unaligned, nested or not negotiated",
};

const char *
xd_vq_fault_text(enum xd_vq_fault fault)
{
	return fault < XD_VQ_FAULTS ? fault_texts[fault] : "unknown";
}

void
xd_vq_lock_wait(struct xd_vq *vq, struct xd_counters *counters)
{
	uint64_t start = rte_rdtsc();

	rte_spinlock_lock(&vq->lock);
	counters->lock_cycles += rte_rdtsc() - start;
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

/* The three areas, whose names depend on the kind of ring. */
static int
map_areas(struct xd_vq *vq, const struct xd_guest_memory *mem, const struct xd_vq_setup *setup,
	struct xd_error *err)
{
	const uint64_t n = setup->size;
	const bool packed = setup->packed;
	void *desc, *driver = NULL, *device = NULL;

	desc = ring_part(mem, "descriptor", setup->desc_addr, 16 * n, 16, err);
	if (desc)
		driver = ring_part(mem, packed ? "driver event" : "available", setup->avail_addr,
			packed ? sizeof(struct xd_packed_event) : 6 + 2 * n,
			packed ? XD_PACKED_EVENT_ALIGN : 2, err);
	if (driver)
		device = ring_part(mem, packed ? "device event" : "used", setup->used_addr,
			packed ? sizeof(struct xd_packed_event) : 6 + 8 * n, 4, err);
	if (!device)
		return -EFAULT;
	if (packed) {
		vq->ring = desc;
		vq->driver_event = driver;
		vq->device_event = device;
	} else {
		vq->desc = desc;
		vq->avail = driver;
		vq->used = device;
	}
	return 0;
}

/* The part of the ring that we write, by its guest physical address, for the dirty log. */
static void
log_ring(struct xd_vq *vq, const struct xd_guest_memory *mem, const struct xd_vq_setup *setup)
{
	if (!setup->log || !setup->log_ring)
		return;
	if (!setup->packed) {
		vq->log_ring_addr = setup->log_used_addr;
		vq->log_ring_bytes = 6 + 8 * (uint32_t)setup->size;
		return;
	}
	for (unsigned i = 0; i < mem->n; i++) {
		const struct xd_guest_region *r = &mem->regions[i];
		uint64_t offset = setup->desc_addr - r->user_addr;

		if (offset >= r->size)
			continue;
		vq->log_ring_addr = r->guest_addr + offset;
		vq->log_ring_bytes = 16 * (uint32_t)setup->size;
	}
}

/* Where to go on. Buffers are given back in order, so the next one to be marked used is also the
 * next to be taken: buffers that the last device had taken when it died are taken again. */
static void
resume(struct xd_vq *vq, uint16_t base)
{
	/* A split ring itself says what was given back. */
	vq->used_idx = vq->packed ? base : __atomic_load_n(&vq->used->idx, __ATOMIC_RELAXED);
	vq->last_avail = vq->used_idx;
}

static int
check_size(const struct xd_vq_setup *setup, struct xd_error *err)
{
	const uint16_t n = setup->size;

	if (n == 0 || n > XD_VQ_SIZE_MAX || (!setup->packed && (n & (n - 1))))
		return xd_fail(err, -EINVAL, "%s ring of %u entries: not %s up to %u",
			setup->packed ? "packed" : "split", n,
			setup->packed ? "a number" : "a power of two", XD_VQ_SIZE_MAX);
	if (setup->packed && (setup->base & (XD_PACKED_WRAP - 1)) >= n)
		return xd_fail(err, -EINVAL, "packed ring of %u entries at entry %u", n,
			setup->base & (XD_PACKED_WRAP - 1));
	return 0;
}

int
xd_vq_setup(struct xd_vq *vq, const struct xd_guest_memory *mem, const struct xd_vq_setup *setup,
	struct xd_error *err)
{
	const uint64_t frames = vq->frames, bytes = vq->bytes;
	int ret;

	memset(vq, 0, sizeof(*vq));
	vq->call_fd = -1;
	vq->frames = frames;
	vq->bytes = bytes;
	ret = check_size(setup, err);
	if (ret == 0)
		ret = map_areas(vq, mem, setup, err);
	if (ret < 0)
		return ret;
	vq->mem = mem;
	vq->drops = setup->drops;
	vq->size = setup->size;
	vq->mask = setup->size - 1;
	vq->packed = setup->packed;
	vq->event_idx = setup->event_idx;
	vq->indirect = setup->indirect;
	vq->mergeable = setup->mergeable;
	vq->in_order = setup->in_order;
	vq->offloads = setup->offloads;
	vq->call_fd = setup->call_fd;
	vq->record = setup->record;
	vq->log = setup->log;
	log_ring(vq, mem, setup);
	vq->hot = mem->regions[0];
	resume(vq, setup->base);
	vq->avail_seen = vq->last_avail;
	vq->notified_idx = vq->used_idx;
	rte_spinlock_init(&vq->lock);
	xd_vq_disarm(vq);
	return 0;
}

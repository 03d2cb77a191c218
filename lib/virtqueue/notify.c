/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Notifications: interrupts that the guest gets for buffers given back, unless it suppresses them,
 * and kicks that we get from it while a worker sleeps. Virtio 1.2, 2.7.7 and 2.7.10 (split), 2.8.10
 * and 2.8.14 (packed).
 */
#include <rte_cycles.h>

#include "virtqueue/packed_ring.h"
#include "virtqueue/split_ring.h"

/* Whether the guest wants an interrupt for used entries from old up to new. */
static bool
wanted(const struct xd_vq *vq, uint16_t old, uint16_t new)
{
	uint16_t flags, off_wrap;
	uint32_t event;

	if (!vq->packed) {
		if (vq->event_idx)
			return xd_vring_need_event(
				__atomic_load_n(&vq->avail->ring[vq->size], __ATOMIC_RELAXED), new,
				old);
		return !(__atomic_load_n(&vq->avail->flags, __ATOMIC_RELAXED) &
			 XD_VRING_AVAIL_F_NO_INTERRUPT);
	}
	/* Both fields at once: one of them says whether the other counts. */
	event = __atomic_load_n((const uint32_t *)(const void *)vq->driver_event, __ATOMIC_RELAXED);
	off_wrap = (uint16_t)event;
	flags = (uint16_t)(event >> 16);
	/* A whole lap or more passes the event, wherever that is. */
	if (flags == XD_PACKED_EVENT_DESC && vq->event_idx && vq->since_notified < vq->size)
		return xd_packed_need_event(off_wrap, new, old, vq->size);
	return flags != XD_PACKED_EVENT_DISABLE;
}

/* Tells a guest, and how long that took: each waiter on the descriptor costs, and a guest's side
 * may have any number of them. */
static void
tell(struct xd_vq *vq, struct xd_counters *counters, struct xd_guard_slot *slot)
{
	uint64_t start = rte_rdtsc();

	if (vq->call_fd >= 0) {
		if (!__atomic_load_n(&vq->told, __ATOMIC_RELAXED))
			__atomic_store_n(&vq->told, true, __ATOMIC_RELAXED);
		xd_guard_write(slot, vq->call_fd);
	}
	counters->notify_cycles += rte_rdtsc() - start;
}

/* Whether an interrupt is due for the buffers that were given back since the last call. */
static bool
due(struct xd_vq *vq, struct xd_counters *counters)
{
	bool tell;

	if (vq->used_idx == vq->notified_idx && vq->since_notified == 0)
		return false;
	tell = wanted(vq, vq->notified_idx, vq->used_idx);
	vq->notified_idx = vq->used_idx;
	vq->since_notified = 0;
	if (tell)
		counters->notify_sent++;
	else
		counters->notify_suppressed++;
	return tell;
}

void
xd_vq_notify_released(struct xd_vq *vq, struct xd_counters *counters, struct xd_guard_slot *slot)
{
	if (__atomic_load_n(&vq->live, __ATOMIC_RELAXED) && due(vq, counters))
		tell(vq, counters, slot);
}

void
xd_vq_notify_enqueued(struct xd_vq *vq, struct xd_counters *counters, struct xd_guard_slot *slot)
{
	bool is_due;

	if (!__atomic_load_n(&vq->live, __ATOMIC_RELAXED))
		return;
	xd_vq_lock(vq, counters);
	is_due = due(vq, counters);
	xd_vq_unlock(vq);
	if (is_due)
		tell(vq, counters, slot);
}

static void
set_device_event(struct xd_vq *vq, uint16_t off_wrap, uint16_t flags)
{
	__atomic_store_n((uint32_t *)(void *)vq->device_event, off_wrap | (uint32_t)flags << 16,
		__ATOMIC_RELAXED);
}

bool
xd_vq_arm(struct xd_vq *vq)
{
	if (!__atomic_load_n(&vq->live, __ATOMIC_RELAXED))
		return false;
	if (vq->packed) {
		set_device_event(vq, vq->last_avail,
			vq->event_idx ? XD_PACKED_EVENT_DESC : XD_PACKED_EVENT_ENABLE);
	} else {
		if (vq->event_idx)
			__atomic_store_n(xd_vring_avail_event(vq->used, vq->size), vq->last_avail,
				__ATOMIC_RELAXED);
		__atomic_store_n(&vq->used->flags, 0, __ATOMIC_RELAXED);
	}
	/* The guest publishes, then looks at what we wrote; we wrote, and now look at what it
	 * published: one of the two sees the other. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (vq->packed)
		return xd_packed_avail_at(vq, vq->last_avail) || xd_packed_skip_used(vq);
	return xd_split_avail_idx(vq) != vq->last_avail;
}

void
xd_vq_disarm(struct xd_vq *vq)
{
	if (vq->packed)
		set_device_event(vq, 0, XD_PACKED_EVENT_DISABLE);
	/* With an event index, the one written last simply falls behind. */
	else if (!vq->event_idx)
		__atomic_store_n(&vq->used->flags, XD_VRING_USED_F_NO_NOTIFY, __ATOMIC_RELAXED);
}

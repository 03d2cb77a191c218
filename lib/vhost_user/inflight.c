/* SPDX-License-Identifier: BSD-3-Clause */
/* See inflight.h: sizes and offsets in the inflight region. */
#include "vhost_user/inflight.h"
#include "virtqueue/packed_layout.h"

/* While it is being written a region says that there is nothing in it. */
static void
begin(uint16_t *version)
{
	__atomic_store_n(version, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

void
xd_inflight_reset_split(struct xd_inflight_split *r, uint16_t queue_size, uint16_t used_idx)
{
	begin(&r->version);
	for (unsigned i = 0; i < queue_size; i++)
		r->desc[i].inflight = 0;
	r->features = 0;
	r->desc_num = queue_size;
	r->last_batch_head = 0;
	__atomic_store_n(&r->used_idx, used_idx, __ATOMIC_RELAXED);
	__atomic_store_n(&r->version, XD_INFLIGHT_VERSION, __ATOMIC_RELEASE);
}

void
xd_inflight_reset_packed(struct xd_inflight_packed *r, uint16_t queue_size, uint16_t position)
{
	uint16_t idx = position & 0x7fff;
	uint8_t wrap = position >> 15;

	begin(&r->version);
	for (unsigned i = 0; i < queue_size; i++) {
		r->desc[i].inflight = 0;
		r->desc[i].next = (uint16_t)(i + 1);
	}
	r->features = 0;
	r->desc_num = queue_size;
	r->free_head = r->old_free_head = 0;
	r->at = (struct xd_packed_position){idx, idx, wrap, wrap, 0};
	__atomic_store_n(&r->version, XD_INFLIGHT_VERSION, __ATOMIC_RELEASE);
}

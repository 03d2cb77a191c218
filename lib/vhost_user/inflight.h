/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory in which a back end notes what it has taken from rings and not given back, for the
 * back end that comes after it (vhost-user specification, "Inflight I/O tracking").
 *
 * Our devices give buffers back in the order in which they were made available. So nothing but the
 * position up to which they are given back is ever noted: no buffer is marked as in flight, and who
 * takes the ring up, at that position, finds all that is left in the ring itself.
 *
 * The reverse has a limit: a back end that gave buffers back in another order left holes. Those
 * whose place in a packed ring it has overwritten are known to the region alone, and are lost to
 * the guest until its driver is reset; in a split ring, some are done twice and some not at all.
 * For a network card that is frames dropped and doubled; no network back end is known to do so.
 *
 * Control. The memory is the front end's too: what is read is checked by who uses it.
 */
#ifndef XD_VHOST_USER_INFLIGHT_H
#define XD_VHOST_USER_INFLIGHT_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtqueue/device.h"

#define XD_INFLIGHT_VERSION 1
#define XD_INFLIGHT_ALIGN   64 /* bytes; of a queue's region, as in other back ends */

struct xd_inflight_desc_split {
	uint8_t inflight;
	uint8_t padding[5];
	uint16_t next;
	uint64_t counter;
};

struct xd_inflight_split {
	uint64_t features;
	uint16_t version; /* 0: not initialised */
	uint16_t desc_num;
	uint16_t last_batch_head;
	uint16_t used_idx;
	struct xd_inflight_desc_split desc[];
};

struct xd_inflight_desc_packed {
	uint8_t inflight;
	uint8_t padding;
	uint16_t next;
	uint16_t last;
	uint16_t num;
	uint64_t counter;
	uint16_t id;
	uint16_t flags;
	uint32_t len;
	uint64_t addr;
};

/*
 * Where a packed ring stands: used_idx, and `old` of what was given back for certain, in case the
 * device died on the way from one to the other. All of it can be written at once, as 64 bits.
 */
struct xd_packed_position {
	uint16_t used_idx;
	uint16_t old_used_idx;
	uint8_t used_wrap;
	uint8_t old_used_wrap;
	uint16_t padding;
};

struct xd_inflight_packed {
	uint64_t features;
	uint16_t version;
	uint16_t desc_num;
	uint16_t free_head;
	uint16_t old_free_head;
	struct xd_packed_position at;
	uint64_t padding;
	struct xd_inflight_desc_packed desc[];
};

static_assert(sizeof(struct xd_inflight_desc_split) == 16, "specification: DescStateSplit");
static_assert(sizeof(struct xd_inflight_desc_packed) == 32, "specification: DescStatePacked");
static_assert(offsetof(struct xd_inflight_split, used_idx) == 14, "QueueRegionSplit");
static_assert(offsetof(struct xd_inflight_split, desc) == 16, "QueueRegionSplit");
static_assert(offsetof(struct xd_inflight_packed, at) == 16, "QueueRegionPacked");
static_assert(offsetof(struct xd_inflight_packed, desc) == 32, "QueueRegionPacked");
static_assert(sizeof(struct xd_packed_position) == 8, "one store");

/* Bytes of one queue's region. */
static inline uint64_t
xd_inflight_queue_bytes(bool packed, uint16_t queue_size)
{
	uint64_t bytes = packed ? sizeof(struct xd_inflight_packed) +
					  queue_size * sizeof(struct xd_inflight_desc_packed)
				: sizeof(struct xd_inflight_split) +
					  queue_size * sizeof(struct xd_inflight_desc_split);

	return (bytes + XD_INFLIGHT_ALIGN - 1) & ~(uint64_t)(XD_INFLIGHT_ALIGN - 1);
}

/*
 * What a turn is going to give back, for a packed ring (struct xd_vq_record.intent). The region has
 * no place for it, so in regions of our making it lies behind those of all queues.
 */
#define XD_INTENT_SLOTS 352 /* XD_VQ_INTENT, in whole cache lines */

static_assert(XD_VQ_INTENT <= XD_INTENT_SLOTS, "room for an intent");

struct xd_intent {
	uint16_t slots[XD_INTENT_SLOTS];
};

#define XD_INFLIGHT_TAIL_MAGIC 0x31746e65746e6964ull /* "dintent1" */

struct xd_inflight_tail {
	uint64_t magic;
	uint64_t padding[7];
	struct xd_intent intents[];
};

/* Makes a region say that all was given back up to a position: of a split ring its used index, of a
 * packed ring with the wrap counter in bit 15. queue_size is what the front end said of regions. */
void xd_inflight_reset_split(struct xd_inflight_split *r, uint16_t queue_size, uint16_t used_idx);
void xd_inflight_reset_packed(struct xd_inflight_packed *r, uint16_t queue_size, uint16_t position);

#endif

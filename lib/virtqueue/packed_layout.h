/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The packed virtqueue as it lies in shared memory: virtio 1.2, section 2.8. All fields are little-
 * endian; Crossdock runs on little-endian hosts only, so they are plain integers here.
 */
#ifndef XD_VIRTQUEUE_PACKED_LAYOUT_H
#define XD_VIRTQUEUE_PACKED_LAYOUT_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XD_PACKED_SIZE_MAX 32768 /* entries; any number up to it (section 2.8.10.1) */

/* Alignment of the three areas in bytes (section 2.8.10.1). */
#define XD_PACKED_DESC_ALIGN  16
#define XD_PACKED_EVENT_ALIGN 4

/* xd_packed_desc.flags: NEXT, WRITE and INDIRECT as in the split ring, and (section 2.8.1): */
#define XD_PACKED_DESC_F_AVAIL 0x0080 /* available when equal to the wrap counter */
#define XD_PACKED_DESC_F_USED  0x8000 /* and this is not; used when both are */

/* xd_packed_event.flags (section 2.8.14) */
#define XD_PACKED_EVENT_ENABLE  0
#define XD_PACKED_EVENT_DISABLE 1
#define XD_PACKED_EVENT_DESC    2 /* at off_wrap; only with VIRTIO_F_EVENT_IDX */

/* A position: a descriptor's number in bits 0 to 14, and the wrap counter, as in off_wrap. */
#define XD_PACKED_WRAP 0x8000u

#define XD_VIRTIO_F_RING_PACKED 34
#define XD_VIRTIO_F_IN_ORDER    35

struct xd_packed_desc {
	uint64_t addr; /* guest physical */
	uint32_t len;  /* bytes */
	uint16_t id;   /* of the buffer; valid in its last descriptor */
	uint16_t flags;
};

/* The driver's (device event suppression) and the device's (driver event suppression) area. */
struct xd_packed_event {
	uint16_t off_wrap; /* position in bits 0 to 14, wrap counter in 15 */
	uint16_t flags;
};

static_assert(sizeof(struct xd_packed_desc) == 16, "section 2.8.13");
static_assert(sizeof(struct xd_packed_event) == 4, "section 2.8.14");

static inline size_t
xd_packed_desc_bytes(uint32_t size)
{
	return sizeof(struct xd_packed_desc) * (size_t)size;
}

static inline uint16_t
xd_packed_index(uint16_t pos)
{
	return pos & (XD_PACKED_WRAP - 1);
}

/* The position n descriptors further on a ring of `size`; n is at most size. */
static inline uint16_t
xd_packed_add(uint16_t pos, uint16_t n, uint16_t size)
{
	uint32_t index = (uint32_t)xd_packed_index(pos) + n;
	uint16_t wrap = pos & XD_PACKED_WRAP;

	return index < size ? (uint16_t)(index | wrap)
			    : (uint16_t)((index - size) | (wrap ^ XD_PACKED_WRAP));
}

/* Whether a descriptor with these flags is available to a device whose wrap counter is `wrap`. */
static inline bool
xd_packed_is_avail(uint16_t flags, bool wrap)
{
	return !!(flags & XD_PACKED_DESC_F_AVAIL) == wrap &&
	       !!(flags & XD_PACKED_DESC_F_USED) != wrap;
}

/* Whether it is used for a driver whose used wrap counter is `wrap`. */
static inline bool
xd_packed_is_used(uint16_t flags, bool wrap)
{
	return !!(flags & XD_PACKED_DESC_F_AVAIL) == wrap &&
	       !!(flags & XD_PACKED_DESC_F_USED) == wrap;
}

/*
 * Whether moving from position `old` to `new` (positions with their wrap counters in bit 15, on a
 * ring of `size`) passed the event at off_wrap (section 2.8.10, as 2.7.7.2 for the split ring).
 */
static inline bool
xd_packed_need_event(uint16_t off_wrap, uint16_t new_pos, uint16_t old_pos, uint16_t size)
{
	uint16_t new_idx = new_pos & 0x7fff, old_idx = old_pos & 0x7fff, event = off_wrap & 0x7fff;

	/* All three on one line that grows: what has the other wrap counter lies a lap behind. */
	if ((off_wrap ^ new_pos) & 0x8000)
		event -= size;
	if (new_idx <= old_idx && (new_pos ^ old_pos) & 0x8000)
		old_idx -= size;
	return (uint16_t)(new_idx - event - 1) < (uint16_t)(new_idx - old_idx);
}

#endif

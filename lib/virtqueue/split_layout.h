/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The split virtqueue as it lies in shared memory: virtio 1.2, section 2.7. All fields are little-
 * endian; Crossdock runs on little-endian hosts only, so they are plain integers here.
 */
#ifndef XD_VIRTQUEUE_SPLIT_LAYOUT_H
#define XD_VIRTQUEUE_SPLIT_LAYOUT_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "virtio rings are little-endian; this host is not"
#endif

#define XD_VRING_SIZE_MAX 32768 /* entries; a power of two (section 2.7) */

/* Alignment of the three areas in bytes (section 2.7). */
#define XD_VRING_DESC_ALIGN  16
#define XD_VRING_AVAIL_ALIGN 2
#define XD_VRING_USED_ALIGN  4

/* xd_vring_desc.flags (section 2.7.5) */
#define XD_VRING_DESC_F_NEXT     1 /* the chain goes on at `next` */
#define XD_VRING_DESC_F_WRITE    2 /* the device writes the buffer; else it reads it */
#define XD_VRING_DESC_F_INDIRECT 4 /* the buffer is a table of descriptors */

#define XD_VRING_AVAIL_F_NO_INTERRUPT 1 /* xd_vring_avail.flags: the driver polls */
#define XD_VRING_USED_F_NO_NOTIFY     1 /* xd_vring_used.flags: the device polls */

/* Ring feature bits (section 6) */
#define XD_VIRTIO_RING_F_INDIRECT_DESC 28
#define XD_VIRTIO_RING_F_EVENT_IDX     29
#define XD_VIRTIO_F_VERSION_1          32

struct xd_vring_desc {
	uint64_t addr; /* guest physical */
	uint32_t len;  /* bytes */
	uint16_t flags;
	uint16_t next; /* valid with XD_VRING_DESC_F_NEXT */
};

struct xd_vring_avail { /* the driver writes */
	uint16_t flags;
	uint16_t idx; /* free running; entry idx % size is the next to be written */
	uint16_t ring[];
	/* uint16_t used_event behind ring[size - 1] */
};

struct xd_vring_used_elem {
	uint32_t id;  /* head of the chain that is given back */
	uint32_t len; /* bytes the device wrote into it */
};

struct xd_vring_used { /* the device writes */
	uint16_t flags;
	uint16_t idx;
	struct xd_vring_used_elem ring[];
	/* uint16_t avail_event behind ring[size - 1] */
};

static_assert(sizeof(struct xd_vring_desc) == 16, "section 2.7.5");
static_assert(offsetof(struct xd_vring_avail, ring) == 4, "section 2.7.6");
static_assert(offsetof(struct xd_vring_used, ring) == 4, "section 2.7.8");
static_assert(sizeof(struct xd_vring_used_elem) == 8, "section 2.7.8");

/* Bytes of each area for `size` entries, the event fields included (they are part of the areas
 * whether or not VIRTIO_F_EVENT_IDX was negotiated). */
static inline size_t
xd_vring_desc_bytes(uint32_t size)
{
	return sizeof(struct xd_vring_desc) * (size_t)size;
}

static inline size_t
xd_vring_avail_bytes(uint32_t size)
{
	return sizeof(struct xd_vring_avail) + sizeof(uint16_t) * ((size_t)size + 1);
}

static inline size_t
xd_vring_used_bytes(uint32_t size)
{
	return sizeof(struct xd_vring_used) + sizeof(struct xd_vring_used_elem) * (size_t)size +
	       sizeof(uint16_t);
}

/* The driver writes it: interrupt me when used idx moves past this entry (section 2.7.7). */
static inline uint16_t *
xd_vring_used_event(const struct xd_vring_avail *avail, uint32_t size)
{
	return (uint16_t *)(uintptr_t)&avail->ring[size];
}

/* The device writes it: kick me when avail idx moves past this entry (section 2.7.10). */
static inline uint16_t *
xd_vring_avail_event(const struct xd_vring_used *used, uint32_t size)
{
	return (uint16_t *)(uintptr_t)&used->ring[size];
}

/* Whether an index that moved from old_idx to new_idx passed the event the peer asked for; all
 * modulo 65536 (section 2.7.7.2). */
static inline bool
xd_vring_need_event(uint16_t event, uint16_t new_idx, uint16_t old_idx)
{
	return (uint16_t)(new_idx - event - 1) < (uint16_t)(new_idx - old_idx);
}

#endif

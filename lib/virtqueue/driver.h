/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The driver side of a virtqueue of either kind, for tests and tools that treat both alike. The
 * calls are those of split_driver.h and packed_driver.h.
 */
#ifndef XD_VIRTQUEUE_DRIVER_H
#define XD_VIRTQUEUE_DRIVER_H

#include "virtqueue/packed_driver.h"
#include "virtqueue/split_driver.h"

struct xd_vq_driver {
	bool packed;
	union {
		struct xd_split_driver split;
		struct xd_packed_driver ring;
	};
};

static inline size_t
xd_vq_driver_bytes(uint32_t size, bool packed)
{
	return packed ? xd_packed_driver_bytes(size) : xd_split_driver_bytes(size);
}

static inline int
xd_vq_driver_init(struct xd_vq_driver *d, void *memory, uint32_t size, bool packed, bool event_idx,
	bool in_order)
{
	int rc = packed ? xd_packed_driver_init(&d->ring, memory, size, event_idx)
			: xd_split_driver_init(&d->split, memory, size, event_idx);

	d->packed = packed;
	if (!rc && in_order && packed)
		xd_packed_driver_in_order(&d->ring);
	else if (!rc && in_order)
		xd_split_driver_in_order(&d->split);
	return rc;
}

static inline void
xd_vq_driver_fini(struct xd_vq_driver *d)
{
	if (d->packed)
		xd_packed_driver_fini(&d->ring);
	else
		xd_split_driver_fini(&d->split);
}

/* Where the three areas lie, as SET_VRING_ADDR names them: descriptors, driver area, device area.
 */
static inline void
xd_vq_driver_areas(struct xd_vq_driver *d, void **desc, void **driver, void **device)
{
	*desc = d->packed ? (void *)d->ring.ring : (void *)d->split.desc;
	*driver = d->packed ? (void *)d->ring.driver_event : (void *)d->split.avail;
	*device = d->packed ? (void *)d->ring.device_event : (void *)d->split.used;
}

/* Free descriptors. */
static inline unsigned
xd_vq_driver_free(const struct xd_vq_driver *d)
{
	return d->packed ? d->ring.nb_free : d->split.nb_free;
}

static inline int
xd_vq_driver_add(
	struct xd_vq_driver *d, const struct xd_split_piece *pieces, unsigned n, void *cookie)
{
	return d->packed ? xd_packed_driver_add(&d->ring, pieces, n, cookie)
			 : xd_split_driver_add(&d->split, pieces, n, cookie);
}

/* `table` has room for n descriptors, which have 16 bytes in either kind of ring. */
static inline int
xd_vq_driver_add_indirect(struct xd_vq_driver *d, const struct xd_split_piece *pieces, unsigned n,
	void *table, uint64_t table_addr, void *cookie)
{
	return d->packed ? xd_packed_driver_add_indirect(
				   &d->ring, pieces, n, table, table_addr, cookie)
			 : xd_split_driver_add_indirect(
				   &d->split, pieces, n, table, table_addr, cookie);
}

static inline bool
xd_vq_driver_publish(struct xd_vq_driver *d)
{
	return d->packed ? xd_packed_driver_publish(&d->ring) : xd_split_driver_publish(&d->split);
}

static inline int
xd_vq_driver_get(struct xd_vq_driver *d, void **cookie, uint32_t *len)
{
	return d->packed ? xd_packed_driver_get(&d->ring, cookie, len)
			 : xd_split_driver_get(&d->split, cookie, len);
}

static inline bool
xd_vq_driver_interrupts_on(struct xd_vq_driver *d)
{
	return d->packed ? xd_packed_driver_interrupts_on(&d->ring)
			 : xd_split_driver_interrupts_on(&d->split);
}

static inline void
xd_vq_driver_interrupts_off(struct xd_vq_driver *d)
{
	if (d->packed)
		xd_packed_driver_interrupts_off(&d->ring);
	else
		xd_split_driver_interrupts_off(&d->split);
}

static inline unsigned
xd_vq_driver_outstanding(const struct xd_vq_driver *d)
{
	return d->packed ? xd_packed_driver_outstanding(&d->ring)
			 : xd_split_driver_outstanding(&d->split);
}

#endif

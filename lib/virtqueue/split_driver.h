/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The driver (guest) side of a split virtqueue: virtio 1.2, section 2.7.
 *
 * Chains of any shape, direct or indirect, are added and then published together; what the device
 * has used comes back in any order. Kicks and interrupts are suppressed as was negotiated: by flags
 * or by the event index. It is for tests, tools and guests; the generator's hot loop has a ring of
 * its own, traffic/port/virtio_ring.h, whose buffers are offered again and again.
 *
 *     xd_split_driver_add(d, pieces, n, cookie);
 *     if (xd_split_driver_publish(d))
 *             eventfd_write(kick_fd, 1);
 *     ...
 *     while (xd_split_driver_get(d, &cookie, &len) == 1)
 *
 * One thread per queue. The device may be another thread or process; what it writes is checked.
 */
#ifndef XD_VIRTQUEUE_SPLIT_DRIVER_H
#define XD_VIRTQUEUE_SPLIT_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtqueue/split_layout.h"

/* A buffer of a chain. */
struct xd_split_piece {
	uint64_t addr; /* guest physical */
	uint32_t len;  /* bytes */
	bool write;    /* the device writes it; such pieces come after all that it reads */
};

/* Whether n pieces make a chain for a ring of `size`: none that is read follows one that is written
 * (section 2.7.4.2). */
static inline bool
xd_split_pieces_valid(uint16_t size, const struct xd_split_piece *pieces, unsigned n)
{
	if (n == 0 || n > size)
		return false;
	for (unsigned i = 1; i < n; i++)
		if (pieces[i - 1].write && !pieces[i].write)
			return false;
	return true;
}

struct xd_split_driver {
	struct xd_vring_desc *desc; /* shared memory, as are the next two */
	struct xd_vring_avail *avail;
	struct xd_vring_used *used;
	uint16_t size, mask;
	bool event_idx, in_order;
	uint16_t nb_free;   /* descriptors */
	uint16_t free_head; /* of their list, linked by tokens[].next */
	uint16_t avail_idx; /* next entry of the available ring; published up to `published` */
	uint16_t published;
	uint16_t used_idx;  /* next entry of the used ring to look at */
	uint16_t used_head; /* in order: the oldest chain that the device has */
	uint16_t batch;     /* in order: chains known to be used and not returned yet */
	uint32_t batch_len; /* bytes that the device wrote into the last of them */
	struct xd_split_token {
		void *cookie;
		uint32_t room; /* bytes that the device may write */
		uint16_t
			next; /* of the free list, or of the chain: never read from shared memory */
		uint16_t nb_descs; /* of the chain that begins here; 0: none does */
	} * tokens;                /* by descriptor */
};

/* Bytes of shared memory that a queue of `size` entries takes, and how it lies there: descriptors,
 * available ring, used ring, each from a multiple of its alignment on. */
size_t xd_split_driver_bytes(uint32_t size);

/* A queue in zeroed shared memory that is aligned to 16 bytes. -EINVAL: size is not a power of two
 * from 1 to XD_VRING_SIZE_MAX; -ENOMEM. */
int xd_split_driver_init(struct xd_split_driver *d, void *memory, uint32_t size, bool event_idx);
void xd_split_driver_fini(struct xd_split_driver *d);
/* VIRTIO_F_IN_ORDER was negotiated (section 2.7.9): right after init. Descriptors are then taken in
 * the order of the table. */
void xd_split_driver_in_order(struct xd_split_driver *d);

/* Adds a chain of n pieces under a cookie; not yet seen by the device. -ENOSPC: fewer than n
 * descriptors are free; -EINVAL: n is 0 or greater than size, or a piece that is read follows one
 * that is written (section 2.7.4.2). */
int xd_split_driver_add(
	struct xd_split_driver *d, const struct xd_split_piece *pieces, unsigned n, void *cookie);
/* The same in one descriptor, with the chain in an indirect table of the caller's: n entries at
 * `table`, guest physical table_addr, which the device reads until it gives the chain back. Only
 * when VIRTIO_F_INDIRECT_DESC was negotiated. */
int xd_split_driver_add_indirect(struct xd_split_driver *d, const struct xd_split_piece *pieces,
	unsigned n, struct xd_vring_desc *table, uint64_t table_addr, void *cookie);

/* Lets the device see what was added. True: it asks to be kicked. Contains a full fence. */
bool xd_split_driver_publish(struct xd_split_driver *d);

/* Takes back one chain: 1 with its cookie and the bytes that the device wrote (of one that was
 * skipped in order: all that it could write); 0: none is there; -EPROTO: the device gave back what
 * it cannot have, and the queue is of no use any more. */
int xd_split_driver_get(struct xd_split_driver *d, void **cookie, uint32_t *len);

/* Asks the device to interrupt when it uses the next chain. True: one was used meanwhile, do not
 * wait for the interrupt. Contains a full fence. */
bool xd_split_driver_interrupts_on(struct xd_split_driver *d);
/* Asks it not to, as well as that can be asked: with the event index, for the next 65535 chains. */
void xd_split_driver_interrupts_off(struct xd_split_driver *d);

/* Chains that the device has. */
static inline unsigned
xd_split_driver_outstanding(const struct xd_split_driver *d)
{
	return (uint16_t)(d->published - d->used_idx);
}

#endif

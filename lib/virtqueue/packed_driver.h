/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The driver (guest) side of a packed virtqueue: virtio 1.2, section 2.8. What split_driver.h is to
 * the split ring, with the same calls:
 *
 *     xd_packed_driver_add(d, pieces, n, cookie);
 *     if (xd_packed_driver_publish(d))
 *             eventfd_write(kick_fd, 1);
 *     ...
 *     while (xd_packed_driver_get(d, &cookie, &len) == 1)
 *
 * Chains lie in the ring one behind the other. The flags of the first descriptor that is not yet
 * published are held back: the device stops there, so everything behind it can be written at once.
 *
 * One thread per queue. The device may be another thread or process; what it writes is checked.
 */
#ifndef XD_VIRTQUEUE_PACKED_DRIVER_H
#define XD_VIRTQUEUE_PACKED_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virtqueue/packed_layout.h"
#include "virtqueue/split_driver.h"

struct xd_packed_driver {
	struct xd_packed_desc *ring;          /* shared memory, as are the next two */
	struct xd_packed_event *driver_event; /* when we want to be interrupted; ours to write */
	struct xd_packed_event *device_event; /* when the device wants to be kicked */
	uint16_t size;
	bool event_idx, in_order;
	uint16_t nb_free; /* descriptors */
	uint16_t free_id; /* of the list of buffer ids, linked by tokens[].next */
	/* Positions: a descriptor's number, and the wrap counter in bit 15. */
	uint16_t avail_pos;    /* next descriptor to write */
	uint16_t used_pos;     /* next one to be given back */
	uint16_t published;    /* avail_pos that the device may see */
	uint64_t held;         /* length, id and flags of the descriptor at `published`, when it
				* is behind avail_pos */
	uint32_t added;        /* chains, free running */
	uint32_t nb_published; /* of these */
	uint32_t returned;     /* of these, by get */
	uint32_t batch;        /* in order: chains known to be used and not returned yet */
	uint32_t batch_len;    /* bytes that the device wrote into the last of them */
	struct xd_packed_token {
		void *cookie;
		uint32_t number;   /* `added` when it was */
		uint32_t room;     /* bytes that the device may write */
		uint16_t nb_descs; /* in the ring; 0: not in use */
		uint16_t next;
	} * tokens; /* by buffer id */
};

/* Bytes of shared memory that a queue of `size` entries takes: descriptors, and the two event
 * areas behind them on a cache line each. */
size_t xd_packed_driver_bytes(uint32_t size);

/* A queue in zeroed shared memory that is aligned to 16 bytes. -EINVAL: size is not 1 to
 * XD_PACKED_SIZE_MAX (it need not be a power of two); -ENOMEM. */
int xd_packed_driver_init(struct xd_packed_driver *d, void *memory, uint32_t size, bool event_idx);
void xd_packed_driver_fini(struct xd_packed_driver *d);
/* VIRTIO_F_IN_ORDER was negotiated (section 2.8.8): right after init. */
void xd_packed_driver_in_order(struct xd_packed_driver *d);

/* Adds a chain of n pieces under a cookie; not yet seen by the device. -ENOSPC: fewer than n
 * descriptors are free; -EINVAL: n is 0 or greater than size, or a piece that is read follows one
 * that is written (section 2.8.17). */
int xd_packed_driver_add(
	struct xd_packed_driver *d, const struct xd_split_piece *pieces, unsigned n, void *cookie);
/* The same in one descriptor, with the chain in an indirect table of the caller's: n entries at
 * `table`, guest physical table_addr, which the device reads until it gives the chain back. Only
 * when VIRTIO_F_INDIRECT_DESC was negotiated. */
int xd_packed_driver_add_indirect(struct xd_packed_driver *d, const struct xd_split_piece *pieces,
	unsigned n, struct xd_packed_desc *table, uint64_t table_addr, void *cookie);

/* Lets the device see what was added. True: it asks to be kicked. Contains a full fence. */
bool xd_packed_driver_publish(struct xd_packed_driver *d);

/* Takes back one chain: 1 with its cookie and the bytes that the device wrote (of one that was
 * skipped in order: all that it could write); 0: none is there; -EPROTO: the device gave back what
 * it cannot have, or wrote more than it may, and the queue is of no use any more. */
int xd_packed_driver_get(struct xd_packed_driver *d, void **cookie, uint32_t *len);

/* Asks the device to interrupt when it uses the next chain: with the event index for the descriptor
 * it will write, else for any. True: one was used meanwhile, do not wait for the interrupt.
 * Contains a full fence. */
bool xd_packed_driver_interrupts_on(struct xd_packed_driver *d);
/* Asks it not to. */
void xd_packed_driver_interrupts_off(struct xd_packed_driver *d);

/* Chains that the device has. */
static inline unsigned
xd_packed_driver_outstanding(const struct xd_packed_driver *d)
{
	return d->nb_published - d->returned;
}

#endif

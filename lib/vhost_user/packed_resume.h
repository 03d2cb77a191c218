/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where to take up a packed ring whose device died: unlike a split ring, it has no index that says
 * so. A note of the position was kept (struct xd_packed_position), and the ring must agree with it.
 *
 * Behind the position lie descriptors that were used in this lap, or made available for the next
 * one since: in both cases their USED flag is the lap's wrap counter. From the position on, they
 * are available in this lap, or still as the last one left them: USED is the opposite. Only
 * descriptors that the device does not mark differ: of a chain all but the first, and with
 * VIRTIO_F_IN_ORDER all but the first of what one turn has read. A note that is out of date
 * (another device had the ring meanwhile) does not agree; and a ring that was set up anew, after a
 * reset, has no USED flag at all, because no device has seen it.
 *
 * The device may have died inside a turn: then the ring is ahead of the note, by some or all of the
 * buffers that the turn had said it would give back (its intent).
 *
 * Control; the ring is the guest's memory and may say anything.
 */
#ifndef XD_VHOST_USER_PACKED_RESUME_H
#define XD_VHOST_USER_PACKED_RESUME_H

#include <stdbool.h>
#include <stdint.h>

#include "vhost_user/inflight.h"
#include "virtqueue/packed_layout.h"

struct xd_packed_note {
	const struct xd_packed_position *at; /* in shared memory, 8-byte aligned */
	const struct xd_intent *intent;      /* in shared memory; NULL: not known */
	bool first_only; /* of a turn's buffers only the first is marked: IN_ORDER, read by us */
};

/* Whether the ring of `size` descriptors agrees with what was noted; *position is then where the
 * device stands, with the wrap counter in bit 15. */
bool xd_packed_resume(const struct xd_packed_desc *ring, uint32_t size,
	const struct xd_packed_note *note, uint16_t *position);

#endif

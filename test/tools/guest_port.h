/* SPDX-License-Identifier: BSD-3-Clause */
/* A small guest on a vhost-user port: one receive and one transmit queue, a frame at a time. */
#ifndef TEST_GUEST_PORT_H
#define TEST_GUEST_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "vhost_user/frontend.h"
#include "virtqueue/split_driver.h"

#define GUEST_BASE      0x100000000ull /* guest physical address of the memory */
#define GUEST_FRAME_MAX 65536
#define GUEST_HEADER    12 /* bytes of the virtio-net header */
#define GUEST_RX        0
#define GUEST_TX        1

struct guest_options {
	char path[108];
	char file[108]; /* that memory lies in; "": a memfd */
	bool server, event_idx, mergeable, indirect;
	bool no_kick, crowd; /* no kick descriptors; as many waiters for them as there can be */
	unsigned size;
};

struct guest {
	struct guest_options options;    /* asked for */
	struct xd_vu_frontend *frontend; /* NULL: closed */
	uint64_t features;
	bool mergeable, indirect; /* negotiated */
	uint8_t *memory;
	size_t bytes;
	int fd;
	struct xd_split_driver rings[2];
	int kick_fds[2], call_fds[2];
	uint8_t *rx_buffers;
	uint32_t rx_room; /* bytes of each */
	uint8_t *tx_area; /* headers, frames and indirect tables */
	uint64_t interrupts;
	uint8_t header[GUEST_HEADER]; /* of the frame received last */
};

/* Connects, shares memory, starts both rings and offers receive buffers. */
int guest_open(struct guest *g, const struct guest_options *options, struct xd_error *err);
void guest_close(struct guest *g); /* keeps the options */

/* Sends a frame in buffers of the sizes given, the first bytes of which are the virtio-net header;
 * n 0: the header in one and the frame in another. With indirect, the chain lies in a table.
 * Returns 0, or -ENOSPC, -EINVAL. Does not wait. */
int guest_send(struct guest *g, const uint8_t *frame, size_t len, const unsigned *split, unsigned n,
	bool indirect);
/* Waits until the device has given back all that was sent. -ETIMEDOUT, -EPROTO. */
int guest_wait_sent(struct guest *g, unsigned ms);
/* Sends the same frame count times; returns how many the device gave back, or negative. */
int64_t guest_blast(struct guest *g, const uint8_t *frame, size_t len, uint64_t count);

/* The next frame received, into frame (of GUEST_FRAME_MAX bytes): its length; -EAGAIN: none came
 * within ms; -EPROTO: the device broke the ring; -EPIPE: it hung up while waiting. */
int guest_receive(struct guest *g, uint8_t *frame, unsigned ms);

/* How often the device has interrupted. */
uint64_t guest_interrupts(struct guest *g);

/* Damages a ring in the named way and kicks; -ENOENT: no such way. */
int guest_corrupt(struct guest *g, const char *kind);
/* The name of way i; NULL behind the last. */
const char *guest_corrupt_kind(unsigned i);

void guest_kick(struct guest *g, unsigned ring);

static inline uint64_t
guest_addr(const struct guest *g, const void *p)
{
	return GUEST_BASE + (uint64_t)((const uint8_t *)p - g->memory);
}

#endif

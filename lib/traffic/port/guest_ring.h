/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rings as a guest's driver has them: Linux's drivers/virtio/virtio_ring.c and
 * drivers/net/virtio_net.c, and with ids in order DPDK's drivers/net/virtio. A part of
 * virtio_ring.h; inside lib/traffic/port only.
 *
 *   guest_ring.c    memory, and what is written before the first frame
 *   guest_ids.h     the free list of ids, and what came back
 *   guest_send.h    frames of a burst that is sent
 *   guest_receive.h the same when receiving, and buffers for the next
 *   guest_split.c   split rings
 *   guest_packed.c  packed rings
 *   guest_pool.h    where buffers come from
 *
 * What makes it a guest's, and unlike static rings:
 *
 * - Ids are taken from a free list, last in, first out, to which the device's buffers return in
 *   the order in which it used them; or (lifo=false) first in, first out.
 * - Every buffer is another piece of memory each time, so that descriptor, available entry and
 *   virtio-net header are written for each frame.
 * - A frame that is sent lies where Linux has it: headroom of NET_SKB_PAD, the IP header aligned to
 *   16 bytes, and the virtio-net header right before the frame. All that was used is taken back
 *   before each burst, as free_old_xmit_skbs does.
 * - TCP that the device cuts has its headers in one piece and its payload in pages of 32 KiB, in an
 *   indirect table that is made for each frame (section 2.7.5.3).
 * - A receive ring is filled up when more than half of 64 buffers are free. Mergeable buffers are
 *   pieces of pages of 32 KiB, the header first, as long as the average frame (1536 bytes to 4096);
 *   without them a buffer holds one frame, behind NET_SKB_PAD.
 *
 * Unlike a guest it publishes a burst at once, and not each frame: at saturation the device sees no
 * difference.
 */
#ifndef XD_TRAFFIC_PORT_GUEST_RING_H
#define XD_TRAFFIC_PORT_GUEST_RING_H

#include "traffic/port/guest_pool.h"
#include "traffic/port/virtio_ring.h"

#define XD_GUEST_SKB_PAD     64    /* NET_SKB_PAD of Linux on x86 */
#define XD_GUEST_SHARED_INFO 320   /* bytes of skb_shared_info behind the data, in whole lines */
#define XD_GUEST_FRAME_AT    82    /* of its buffer: NET_SKB_PAD, 32 bytes of headroom, less 14 */
#define XD_GUEST_TCP_AT      266   /* MAX_TCP_HEADER, less Ethernet, IPv4 and TCP */
#define XD_GUEST_FRAME_MIN   1518  /* bytes of frame that a receive buffer holds at least */
#define XD_GUEST_PIECES_PAGE 32768 /* bytes of the pages that fragments are cut from */
#define XD_GUEST_HEAD_BYTES  1024  /* kmalloc's, of headers without payload; the payload is next */
#define XD_GUEST_TABLE_BYTES 64    /* of an indirect table, as kmalloc has it */

#define XD_PACKED_LINE 4 /* descriptors of a packed ring in a cache line */

/* A buffer that the device has. */
struct xd_guest_buffer {
	uint32_t line;  /* lines from guest->memory on; `lead` bytes behind it is the header */
	uint32_t bytes; /* from the header on; 0: the device does not have it */
};

/* A buffer that came back filled. */
struct xd_guest_arrival {
	struct xd_guest_buffer buffer;
	uint32_t id;
	uint32_t len; /* bytes that the device wrote, header included */
};

struct xd_guest_ring {
	struct xd_guest_pool pool;
	uint8_t *memory;     /* its page 0 */
	uint64_t guest_addr; /* the same, as descriptors have it */
	uint32_t lead;       /* bytes before the virtio-net header in a buffer */
	uint32_t average;    /* bytes of a received frame: an EWMA of weight 64 */
	/* Of ids that are free, the next to be taken and the next to be given: running freely
	 * with lifo=false, else first is 0. */
	uint16_t first, last;
	bool lifo;
	uint16_t *ids;                     /* free list */
	struct xd_guest_buffer *buffers;   /* by id */
	struct xd_guest_arrival *arrivals; /* receiving: by position, used_idx to looked */
	uint16_t looked;                   /* positions up to here were looked at, */
	uint16_t seen;                     /* split: and up to here they are known to be used */
	/* packed: of a burst that is not published yet, the descriptors in the line of its first */
	uint64_t held[XD_PACKED_LINE][2];
	/* Frames in several pieces. */
	bool pieces;     /* the stream has such */
	uint8_t *tables; /* indirect tables, by page; NULL: there are none, and no pieces */
	uint64_t tables_addr;
};

/* Bytes of shared memory for buffers, from a page boundary on. */
size_t xd_guest_ring_bytes(const struct xd_virtio_ring_opts *opts);
/* Makes r->guest; r is initialised else. A receive ring is not filled yet. -ENOMEM. */
int xd_guest_ring_init(struct xd_virtio_ring *r, const struct xd_virtio_ring_opts *opts,
	uint8_t *memory, uint64_t guest_addr);
void xd_guest_ring_fini(struct xd_virtio_ring *r);
/* Writes every buffer of a sending ring, none of which the device has. */
void xd_guest_ring_load(struct xd_virtio_ring *r, struct xd_stream *stream);

extern const struct xd_virtio_ring_ops xd_guest_split_ops, xd_guest_packed_ops;

#endif

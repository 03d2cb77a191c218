/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A frame where it lies, and the batch of frames that one turn works on.
 *
 * A receive does not copy frames. It takes a snapshot of the first bytes of each (`head`), once,
 * into the worker's own memory, and says where the rest lies (`segs`). Every decision rests on
 * the snapshot, so that a guest that rewrites its buffer meanwhile changes nothing but its own
 * payload. Transmit writes the snapshot, then the rest from where it lies.
 *
 * What a frame points at is lent by the port that received it until that port's release() in the
 * same turn. Whoever wants to keep a frame copies it.
 *
 * All calls: the worker that owns the batch, before release.
 */
#ifndef XD_FRAME_FRAME_H
#define XD_FRAME_FRAME_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/api.h"

XD_API_BEGIN

struct rte_mbuf;

#define XD_HEADROOM    64           /* bytes before the head, for tags and tunnel headers */
#define XD_HEAD        128          /* bytes of a frame that are looked at */
#define XD_BATCH       32           /* frames in a turn */
#define XD_BATCH_SEGS  256          /* descriptors in a turn */
#define XD_BATCH_BYTES (128 * 1024) /* bytes in a turn: once reached, the turn ends */
#define XD_FRAME_MIN   14           /* an Ethernet header */
#define XD_FRAME_MAX   65597        /* 64 KiB behind an IPv6 header and two tags */

/* A host-contiguous piece of a frame. */
struct xd_seg {
	const uint8_t *addr; /* of the port that received it: memory that its sender may change */
	uint32_t len;        /* bytes */
};

/* What the sender left to be done, or is known of the frame: virtio 1.2, 5.1.6. It was checked
 * against the frame when it was received: offload.h. All zeroes for most frames. */
union xd_offload {
	__extension__ struct {
		uint16_t csum_start;  /* bytes from where the frame began when it was received */
		uint16_t csum_offset; /* bytes from csum_start */
		uint16_t gso_size;    /* bytes of payload in each segment */
		uint8_t gso_type;     /* VIRTIO_NET_HDR_GSO_*; 0: none */
		uint8_t flags;        /* VIRTIO_NET_HDR_F_NEEDS_CSUM or _DATA_VALID */
	};
	uint64_t word; /* all of it at once */
};

struct xd_frame {
	/* Headroom and snapshot. The frame starts at buf[start]. */
	uint8_t buf[XD_HEADROOM + XD_HEAD];

	/* Written by the receiving driver, at best as one word: xd_frame_init. */
	union {
		__extension__ struct {
			uint32_t len;     /* bytes on the wire, without FCS */
			uint8_t start;    /* XD_HEADROOM unless a header was pushed or pulled */
			uint8_t head_len; /* bytes of the frame that lie in buf */
			uint8_t nb_segs;
			bool dirty; /* buf was edited and no longer equals what lies in the mbuf */
		};
		uint64_t shape;
	};
	/* Written by the bridge, likewise. */
	union {
		__extension__ struct {
			uint16_t in_port; /* index of the port that received it */
			uint16_t vlan;    /* that it was classified into; 0 is "none" */
			bool tagged;      /* buf holds a tag for this VLAN */
			uint8_t nb_dst;   /* ports that the frame goes to */
			union {
				uint16_t member; /* of what a bond sends itself: the driver's */
				__extension__ struct {
					uint8_t priority; /* of a popped tag, as it lay there */
					bool service; /* the VLAN's tag is 802.1ad's, TPID 0x88a8 */
				};
			};
		};
		uint64_t route;
	};
	const struct xd_seg *segs; /* what follows buf, nb_segs pieces; unset when there are none */
	struct rte_mbuf *mbuf;     /* when a port with mbufs received it; else NULL */
	union xd_offload offload;
} __attribute__((aligned(64)));

/* One line of metadata beside three of bytes: a 64-byte frame touches two lines of the worker's. */
static_assert(sizeof(struct xd_frame) == 256, "struct xd_frame is four cache lines");
static_assert(offsetof(struct xd_frame, len) == 192, "metadata has a cache line of its own");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "shape and route are put together so");

/* A turn's frames. Owned by one worker and reused; written by rx, read by the stages after it. */
struct xd_batch {
	uint16_t n;       /* frames */
	uint16_t nb_segs; /* used of segs */
	uint16_t worker;  /* index of the worker that owns the batch: its slot in counters */
	uint16_t nb_done; /* the receiving driver's: buffers to give back, at least n */
	uint32_t bytes;
	struct xd_frame frames[XD_BATCH];
	struct xd_seg segs[XD_BATCH_SEGS]; /* what frames' segs point to */
	/* the receiving driver's: buffers to give back in release, */
	uint16_t done[XD_BATCH];
	uint16_t done_descs[XD_BATCH]; /* descriptors of each (packed rings), */
	uint32_t no_frame;             /* and which of them brought no frame, a bit each */
	uint8_t reasons[XD_BATCH];     /* why it did not: enum xd_drop */
	uint16_t first;                /* the receiving driver's */
};

/* Fills in everything about a received frame but its bytes and segments, without an mbuf: len
 * bytes, of which head_len lie in buf. */
static inline void
xd_frame_init(struct xd_frame *f, uint32_t len, uint8_t head_len, uint8_t nb_segs)
{
	f->shape = len | (uint64_t)XD_HEADROOM << 32 | (uint64_t)head_len << 40 |
		   (uint64_t)nb_segs << 48;
	f->mbuf = NULL;
	f->offload.word = 0;
}

/* The route of an untagged frame on its way from one port to one other: the number that belongs
 * into frame->route. */
static inline uint64_t
xd_frame_route(uint16_t in_port, uint16_t vlan)
{
	return in_port | (uint64_t)vlan << 16 | 1ull << 40;
}

/* The same where the VLAN is a service provider's: its tags are 802.1ad's. */
#define XD_FRAME_ROUTE_SERVICE (1ull << 56)

/* Bytes of the frame as it was received: a header pushed or popped since has moved its start. */
static inline uint32_t
xd_frame_received_len(const struct xd_frame *f)
{
	return f->len + f->start - XD_HEADROOM;
}

/* Where the frame begins now, in its buf: head_len bytes that nobody else changes. The frame's. */
static inline uint8_t *
xd_frame_data(struct xd_frame *f)
{
	return f->buf + f->start;
}

/* Makes room for bytes in front of the frame; returns the new start, in the frame's buf, or NULL
 * without headroom. */
static inline uint8_t *
xd_frame_push(struct xd_frame *f, uint8_t bytes)
{
	if (bytes > f->start)
		return NULL;
	f->start -= bytes;
	f->head_len += bytes;
	f->len += bytes;
	f->dirty = true;
	return f->buf + f->start;
}

/* Takes bytes off the front; the caller knows that head_len holds them. Returns the new start, in
 * the frame's buf. */
static inline uint8_t *
xd_frame_pop(struct xd_frame *f, uint8_t bytes)
{
	f->start += bytes;
	f->head_len -= bytes;
	f->len -= bytes;
	f->dirty = true;
	return f->buf + f->start;
}

/* Copies the whole frame to dst, which is the caller's and has room for f->len bytes. */
void xd_frame_gather(struct xd_frame *f, uint8_t *dst);

XD_API_END

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments of a TCP connection that follow each other become one frame to be segmented, as Linux's
 * GRO makes them, for a receiver that takes such (VIRTIO_NET_F_GUEST_TSO4 and _TSO6, or a tap
 * interface): it handles one frame where there were many. Nothing is copied but headers, and what
 * comes of segmenting the frame are the segments that it was made of.
 *
 * A frame continues those before it when its headers are the same byte for byte, link layer, tags
 * and TCP's options with them, but for lengths, checksums, IPv4's identification, the sequence
 * number, FIN and PSH. Of TCP over IPv4 without options and IPv6 without extension headers:
 *
 *   payload    as long as the first one's; a shorter one is the last; at least XD_GSO_SIZE_MIN
 *   sequence   without a gap; acknowledgement number and window do not change
 *   flags      ACK, and ECE; FIN and PSH (unless `pushed`) end the run; no other
 *   IPv4's ID  counts up, or with DF stays as it is (RFC 6864, 4.1)
 *   checksums  IPv4's is right; TCP's is, too, or is still to be finished (NEEDS_CSUM). Where
 *              nobody has said so (DATA_VALID), the frame is summed
 *
 * Whatever is not so stays as it is, in its place: no frame overtakes another.
 */
#ifndef XD_FRAME_COALESCE_H
#define XD_FRAME_COALESCE_H

#include "frame/offload.h"

/* The longest that comes of it: what IP has 16 bits for, behind an Ethernet header. */
#define XD_COALESCED_MAX (XD_FRAME_MIN + 65535)

struct xd_coalesce_rules {
	uint32_t max_frame; /* bytes; a longer frame stays as it is */
	uint8_t takes;      /* XD_OFFLOAD_*: what the receiver does */
	bool pushed;        /* PSH does not end a run; the whole has it when any segment had */
};

/* What came of frames. Its pointers are into itself and the frames. */
struct xd_coalesced {
	uint16_t n;
	uint16_t nb_wholes, nb_segs;
	struct xd_frame *frames[XD_BATCH]; /* in their order: as they were, or one for several */
	uint16_t first[XD_BATCH];          /* the number of the frame that each begins with */
	struct xd_frame wholes[XD_BATCH / 2];
	struct xd_seg segs[XD_BATCH_SEGS + XD_BATCH];
};

/* Fills *c of n frames, at most XD_BATCH, which stay as they are. The worker that owns the batch,
 * before release: what is summed is read where it lies. */
void xd_coalesce(struct xd_coalesced *c, struct xd_frame *const *frames, uint16_t n,
	const struct xd_coalesce_rules *rules);

#endif

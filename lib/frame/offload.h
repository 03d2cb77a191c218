/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Offloads: checksums and segmentation that a sender left to be done. They travel with the frame,
 * and are done in software for a receiver that cannot: virtio 1.2, 5.1.6.2 and 5.1.6.4.
 *
 *   offload.c   what a sender asked for, checked against the frame
 *   checksum.c  the Internet checksum (RFC 1071) over a frame in pieces
 *   segment.c   one long frame into many: TCP (RFC 9293) and UDP over IPv4 (RFC 791), IPv6 (8200)
 *
 * All calls: any thread that owns the frame; no state but what is passed in.
 */
#ifndef XD_FRAME_OFFLOAD_H
#define XD_FRAME_OFFLOAD_H

#include "base/api.h"
#include "frame/headers.h"

XD_API_BEGIN

/* Virtio 1.2, 5.1.6, as linux/virtio_net.h has them, which C++ cannot read, nor has every system's
 * all of them. */
#define VIRTIO_NET_HDR_F_NEEDS_CSUM 1
#define VIRTIO_NET_HDR_F_DATA_VALID 2
#define VIRTIO_NET_HDR_GSO_NONE     0
#define VIRTIO_NET_HDR_GSO_TCPV4    1
#define VIRTIO_NET_HDR_GSO_UDP      3
#define VIRTIO_NET_HDR_GSO_TCPV6    4
#define VIRTIO_NET_HDR_GSO_UDP_L4   5
#define VIRTIO_NET_HDR_GSO_ECN      0x80

/* What a sender may leave to be done, or a receiver takes as it is. */
#define XD_OFFLOAD_CSUM 0x01 /* checksum not finished */
#define XD_OFFLOAD_TSO4 0x02 /* TCP over IPv4, to be segmented */
#define XD_OFFLOAD_TSO6 0x04
#define XD_OFFLOAD_ECN  0x08 /* such with the CWR flag set (RFC 3168) */
#define XD_OFFLOAD_USO4 0x10 /* UDP over IPv4, to be segmented */
#define XD_OFFLOAD_USO6 0x20

#define XD_SEGMENTS_MAX 1024 /* that one frame may be segmented into in software */
#define XD_SEGMENT_HEAD 160  /* bytes of headers at most: tags, IP and TCP with all options */
#define XD_GSO_SIZE_MIN 8    /* bytes of payload in a segment */

#define XD_TCP_CSUM_OFFSET 16 /* of the checksum in the TCP header: RFC 9293 */
#define XD_UDP_CSUM_OFFSET 6  /* and in the UDP header: RFC 768 */

/* What a sender asked for, as it was read once from its virtio-net header. hdr_len is a hint that
 * nobody needs, so it is not here. */
struct xd_offload_request {
	uint8_t flags;        /* VIRTIO_NET_HDR_F_* */
	uint8_t gso_type;     /* VIRTIO_NET_HDR_GSO_* */
	uint16_t gso_size;    /* bytes of payload in each segment */
	uint16_t csum_start;  /* bytes from the beginning of the frame */
	uint16_t csum_offset; /* bytes from csum_start */
};

/*
 * Checks a request against a frame that was just received (head, len and segs are set) and what
 * its sender may ask for (XD_OFFLOAD_*), and fills f->offload. 0, or -1 when it does not fit: the
 * frame is to be dropped. Headers are parsed from the snapshot alone; a frame to be segmented must
 * be what its gso_type says, with its checksum where the protocol has it, so that no receiver has
 * to trust a stranger's numbers. The checksum must lie behind the Ethernet header and its tags, so
 * that finishing it cannot change what the bridge decided on.
 *
 * A frame that is one segment already needs its checksum only. Flags other than NEEDS_CSUM are
 * ignored (5.1.6.2.1), DATA_VALID too: what a sender says of its own checksum proves nothing.
 */
int xd_offload_check(struct xd_frame *f, const struct xd_offload_request *request, uint8_t may);

/* A checksum that begins here or behind has every header it could spoil in front of it: an Ethernet
 * header and two tags. */
#define XD_CSUM_START_PLAIN 22

/* What nearly every frame of a guest's stack asks for, its TCP or UDP checksum, at once. csum_start
 * and csum_offset: bytes, as in the virtio-net header (virtio 1.2, 5.1.6.2); may: as of
 * xd_offload_check. True: f->offload is set; else xd_offload_check is to look at it. */
static inline bool
xd_offload_take_checksum(struct xd_frame *f, uint32_t csum_start, uint32_t csum_offset, uint8_t may)
{
	if (!(may & XD_OFFLOAD_CSUM) || csum_start < XD_CSUM_START_PLAIN ||
		csum_start + csum_offset + 2 > f->len)
		return false;
	f->offload.word = csum_start | (uint64_t)csum_offset << 16 |
			  (uint64_t)VIRTIO_NET_HDR_F_NEEDS_CSUM << 56;
	return true;
}

/* The same as xd_offload_check, of may too, with the short way for checksums. 0, or -1 when it does
 * not fit. */
static inline int
xd_offload_take(struct xd_frame *f, const struct xd_offload_request *request, uint8_t may)
{
	if (request->flags == VIRTIO_NET_HDR_F_NEEDS_CSUM &&
		request->gso_type == VIRTIO_NET_HDR_GSO_NONE &&
		xd_offload_take_checksum(f, request->csum_start, request->csum_offset, may))
		return 0;
	return xd_offload_check(f, request, may);
}

/*
 * For frames of a stack that leaves checksums to a device, and of which nothing tells which: where
 * the field of a TCP or UDP header holds the pseudo-header's sum, which is what such a stack leaves
 * there, the frame needs its checksum (NEEDS_CSUM). A finished checksum that is equal to that by
 * chance comes out as it was: what both are sums of is the same. The worker that owns the batch.
 */
void xd_offload_guess(struct xd_frame *f);

/* Returns the XD_OFFLOAD_* that a receiver must take for this frame to pass as it is. Of UDP, whose
 * gso_type does not tell IPv4 from IPv6, both. */
uint8_t xd_offload_needs(union xd_offload offload);

/* Where the checksummed part of the frame begins, in bytes from where the frame begins now: tags
 * may have been pushed or popped since it was received. */
static inline uint16_t
xd_offload_start(const struct xd_frame *f)
{
	return (uint16_t)(f->offload.csum_start + XD_HEADROOM - f->start);
}

/* Bytes of all headers of a frame to be segmented, and so of what each segment repeats; of one
 * that is not, of what lies before csum_start; 0 without NEEDS_CSUM. For hdr_len. */
uint16_t xd_offload_header_bytes(const struct xd_frame *f);

/* Whether what the frame needs is the checksum that its TCP or UDP header has, right behind IP: not
 * an inner one, nor another protocol's, nor one past extension headers, which not every device
 * finds. h: of the frame as it is now, a segment (xd_headers_is_segment). */
bool xd_offload_is_plain(const struct xd_frame *f, const struct xd_headers *h);

/* Whether it is longer than a receiver takes, which is max_frame bytes: of a frame to be segmented,
 * the length of its segments counts. */
static inline bool
xd_frame_is_too_long(const struct xd_frame *f, uint32_t max_frame)
{
	return __builtin_expect(f->len > max_frame, 0) &&
	       (f->offload.gso_type == VIRTIO_NET_HDR_GSO_NONE ||
		       xd_offload_header_bytes(f) + (uint32_t)f->offload.gso_size > max_frame);
}

/*
 * Writes the checksum that the frame needs (NEEDS_CSUM) into its head and clears f->offload; a UDP
 * checksum of zero becomes 0xffff (RFC 768). A frame that needs none stays as it is. 0, or -1 when
 * the field does not lie in the head, or the frame is to be segmented. The worker that owns the
 * batch, before release: the frame is read where it lies.
 */
int xd_frame_finish_checksum(struct xd_frame *f);

/* The sum, in the order in which it is stored, of the pseudo-header of TCP or UDP: RFC 9293, 3.1;
 * RFC 8200, 8.1. Without a routing header, which has another destination. */
uint16_t xd_offload_pseudo(struct xd_frame *f, const struct xd_headers *h);

/* The Internet checksum's sum (not complemented), in 16 bits and in the order in which it is
 * stored, over len bytes of the frame from offset on, added to `sum`. */
uint32_t xd_frame_sum(struct xd_frame *f, uint32_t offset, uint32_t len, uint32_t sum);

/*
 * A frame being segmented. Each segment is a frame of its own: in its head lie the headers, and
 * what of the payload lies in the whole frame's head; the rest of the payload stays where it is.
 * Lengths, IPv4 identification (RFC 6864), sequence numbers, flags (FIN and PSH on the last, CWR on
 * the first only) and all checksums are those of the segment, complete. The pseudo-header's sum is
 * taken from the whole frame's checksum field, where the sender put it (virtio 1.2, 5.1.6.2), and
 * its length exchanged: so it holds with routing headers too.
 */
struct xd_segmenter {
	struct xd_frame *whole; /* the caller's, until the last segment was used */
	uint16_t header_bytes;
	uint16_t nb_segments;
	uint16_t next;         /* number of the next segment */
	uint32_t offset;       /* of its payload in the whole frame */
	uint32_t piece_offset; /* and in the piece of the whole frame, */
	uint16_t piece;        /* whose number this is */
	/* Set between begin and the first segment: segments have the pseudo-header's sum where
	 * their checksum belongs, and need it (NEEDS_CSUM). */
	bool leave_checksums;
	/* parsed once */
	uint16_t l3, l4; /* bytes to the IP and the TCP or UDP header */
	bool ipv6, udp;  /* else IPv4, TCP */
	uint32_t pseudo; /* sum of the pseudo-header without its length, as stored */
	uint8_t header[XD_SEGMENT_HEAD]; /* of the whole frame, as it leaves */
	/* the segment at hand */
	struct xd_frame frame;
	struct xd_seg segs[UINT8_MAX];
};

/* Begins to segment a frame. 0, or -1: it cannot be segmented (headers too long, or more than
 * XD_SEGMENTS_MAX segments). The worker that owns the batch, as for the next; whole stays as it is.
 */
int xd_segment_begin(struct xd_segmenter *s, struct xd_frame *whole);
/* The next segment, valid until the next call; NULL after the last. */
struct xd_frame *xd_segment_next(struct xd_segmenter *s);

XD_API_END

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What hooks and stages do with the bytes of a frame: write to its snapshot, translate its
 * addresses, look at what lies behind. All calls: the worker that owns the batch, before release.
 */
#ifndef XD_FRAME_EDIT_H
#define XD_FRAME_EDIT_H

#include "base/api.h"
#include "frame/frame.h"
#include "frame/headers.h"

XD_API_BEGIN

/* For writing: len bytes of the snapshot from offset on, both counted from where the frame begins
 * now. It is the worker's until release. NULL: they do not all lie in it. Checksums are the
 * caller's to move along. */
static inline uint8_t *
xd_frame_edit(struct xd_frame *f, uint32_t offset, uint32_t len)
{
	if (offset > f->head_len || len > f->head_len - offset)
		return NULL;
	f->dirty = true;
	return xd_frame_data(f) + offset;
}

/* Copies len bytes from offset on, wherever they lie, for statistics and the like: what is behind
 * the snapshot its sender can still change, so the receiver may get something else. 0; -EINVAL: the
 * frame has not so many bytes. */
int xd_frame_peek(const struct xd_frame *f, uint32_t offset, void *to, uint32_t len);

/* What of a frame is to be another, a mask. */
#define XD_REWRITE_SRC      0x1
#define XD_REWRITE_DST      0x2
#define XD_REWRITE_SRC_PORT 0x4
#define XD_REWRITE_DST_PORT 0x8
/* The identifier of an ICMP query or its answer (RFC 792, RFC 4443, 4.1 and 4.2): src_port. */
#define XD_REWRITE_ICMP_ID  0x10

struct xd_rewrite {
	uint32_t what;     /* XD_REWRITE_* */
	uint16_t src_port; /* as in the header: the high byte first */
	uint16_t dst_port;
	uint8_t src[16], dst[16]; /* of IPv4 the first four bytes */
};

/*
 * Writes IP addresses and TCP or UDP ports, and moves the checksums along by what changes (RFC
 * 1624, equation 3): of the IPv4 header, of TCP, UDP, ICMP and ICMPv6. A checksum that the sender
 * left to be finished, also of a frame to be segmented, holds the pseudo-header's sum, which ports
 * are not in. UDP without a checksum stays so. h: of the frame as it is now (xd_headers_parse). Of
 * IPv6 with a routing header the destination is not translated rightly.
 *
 *   -EINVAL   neither IPv4 nor IPv6, or ports (an identifier) of a frame that shows none: a
 *             later fragment, another protocol; nothing was changed
 *   -ENOTSUP  ports of SCTP, whose checksum covers all of the packet (RFC 9260, 6.8); likewise
 */
int xd_frame_rewrite(struct xd_frame *f, const struct xd_headers *h, const struct xd_rewrite *r);
/* The same of the packet that an ICMP error is about (RFC 792; RFC 4443, 3; RFC 5508, 4.2), with
 * its checksums as far as they lie in the snapshot, and the error's own. -EINVAL: it is no ICMP,
 * or the packet in it has no whole header, or no ports, in the snapshot; nothing was changed. */
int xd_frame_rewrite_inner(
	struct xd_frame *f, const struct xd_headers *h, const struct xd_rewrite *r);

XD_API_END

#endif

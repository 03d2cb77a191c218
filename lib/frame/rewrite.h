/* SPDX-License-Identifier: BSD-3-Clause */
/* What edit.h's xd_frame_rewrite does, for those in lib/ that have all of it at hand. */
#ifndef XD_FRAME_REWRITE_H
#define XD_FRAME_REWRITE_H

#include "frame/frame.h"
#include "frame/headers.h"

/* Both addresses (source, destination) and both ports of an IPv4 frame that shows TCP or UDP, each
 * as they follow each other in its header. Checksums are moved along. The worker that owns the
 * batch, before release. */
void xd_frame_rewrite_ipv4(
	struct xd_frame *f, const struct xd_headers *h, uint64_t addresses, uint32_t ports);

#endif

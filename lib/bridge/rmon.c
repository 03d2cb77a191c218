/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts the frames received by kind and size, as RMON does (RFC 2819, 5): the stage after count.c,
 * for ports with `counters: detailed` only. */
#include "bridge/bridge.h"

#define FCS_BYTES 4
#define GROUP     1ull /* in the first byte of an address */
#define MAC_MASK  0xffffffffffffull

static inline uint64_t
destination(const struct xd_frame *f)
{
	uint64_t word;

	memcpy(&word, f->buf + f->start, sizeof(word));
	return word & MAC_MASK;
}

void
xd_bridge_rmon(const struct xd_turn *turn)
{
	struct xd_rmon *rmon = &turn->in->rmon[turn->batch->worker];
	uint32_t group = 0, broadcast = 0;

	for (uint16_t i = 0; i < turn->batch->n; i++) {
		const struct xd_frame *f = &turn->batch->frames[i];
		uint64_t mac = destination(f);

		group += mac & GROUP;
		broadcast += mac == MAC_MASK;
		rmon->sizes[xd_rmon_size(xd_frame_received_len(f) + FCS_BYTES)]++;
	}
	rmon->unicast += turn->batch->n - group;
	rmon->multicast += group - broadcast;
	rmon->broadcast += broadcast;
}

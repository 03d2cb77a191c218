/* SPDX-License-Identifier: BSD-3-Clause */
/* A fragment, by its headers: of which datagram it is, and which bytes of that. */
#ifndef XD_CONNTRACK_PART_H
#define XD_CONNTRACK_PART_H

#include "conntrack/index.h"

struct ct_part {
	/* Addresses, protocol and identification in canonical order, and the order. */
	struct ct_lookup id;
	uint8_t addr[32];
	uint32_t from, len; /* bytes of the datagram */
	bool last;
};

/* Of a frame whose headers were parsed and say that it is a fragment. false: they contradict
 * themselves. Any thread. */
bool ct_part_read(const struct xd_ct *ct, const struct xd_frame *f, const struct xd_headers *h,
	uint16_t zone, struct ct_part *part);

#endif

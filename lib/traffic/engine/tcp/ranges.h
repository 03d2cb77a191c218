/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A few ranges of sequence numbers, in order, apart from each other: what has arrived with gaps
 * before it, or what the peer says has (RFC 2018). Numbers are compared modulo 2^32, so all of them
 * lie within 2^31 of each other. One thread.
 */
#ifndef XD_TRAFFIC_ENGINE_TCP_RANGES_H
#define XD_TRAFFIC_ENGINE_TCP_RANGES_H

#include "traffic/engine/tcp/segment.h"

#define XD_TCP_RANGES 8

struct xd_tcp_ranges {
	uint32_t n;
	struct xd_tcp_block at[XD_TCP_RANGES];
};

static inline bool
xd_tcp_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* Adds what is not empty; false, and nothing is changed, when that would take one range too many.
 */
bool xd_tcp_ranges_add(struct xd_tcp_ranges *r, uint32_t begin, uint32_t end);
/* Removes what is before `from`. */
void xd_tcp_ranges_trim(struct xd_tcp_ranges *r, uint32_t from);
/* The first part of begin to end that is in no range; false: all of it is. */
bool xd_tcp_ranges_gap(
	const struct xd_tcp_ranges *r, uint32_t begin, uint32_t end, struct xd_tcp_block *gap);
/* The range that `at` lies in, or NULL. */
const struct xd_tcp_block *xd_tcp_ranges_find(const struct xd_tcp_ranges *r, uint32_t at);
/* Numbers in the ranges that are before `to`. */
uint32_t xd_tcp_ranges_below(const struct xd_tcp_ranges *r, uint32_t to);

#endif

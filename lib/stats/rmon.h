/* SPDX-License-Identifier: BSD-3-Clause */
/* What came in by a port, by kind and size: the etherStats group of RMON, RFC 2819, 5. */
#ifndef XD_STATS_RMON_H
#define XD_STATS_RMON_H

#include <stdint.h>

#include "base/api.h"

XD_API_BEGIN

/* Classes of sizes in bytes on the wire, with FCS, as RMON has them: a frame of 60 bytes in a ring
 * is one of 64. Shorter ones, which Ethernet does not know and guests send, are in the first. */
enum xd_rmon_size {
	XD_RMON_64,
	XD_RMON_65_TO_127,
	XD_RMON_128_TO_255,
	XD_RMON_256_TO_511,
	XD_RMON_512_TO_1023,
	XD_RMON_1024_TO_1518,
	XD_RMON_1519_TO_MAX, /* jumbo frames, and those that are yet to be segmented */
	XD_RMON_SIZES
};

/* "65_to_127" and the like, static text. Any thread. */
const char *xd_rmon_size_name(enum xd_rmon_size size);

/* Frames; those that were dropped for what they were are among them. Of a worker, which alone
 * writes it. */
struct xd_rmon {
	uint64_t unicast;              /* to one station */
	uint64_t multicast;            /* group addresses but broadcast */
	uint64_t broadcast;            /* to all */
	uint64_t sizes[XD_RMON_SIZES]; /* all of them, by class */
} __attribute__((aligned(64)));

/* The class of a frame of so many bytes, with FCS. Any thread. */
static inline enum xd_rmon_size
xd_rmon_size(uint32_t bytes)
{
	if (bytes <= 64)
		return XD_RMON_64;
	if (bytes > 1518)
		return XD_RMON_1519_TO_MAX;
	return (enum xd_rmon_size)(26 - __builtin_clz(bytes)); /* one a power of two, from 64 on */
}

/* sum += each of n workers'. Any thread; figures are at most one turn old. */
void xd_rmon_sum(struct xd_rmon *sum, const struct xd_rmon *per_worker, unsigned n);

XD_API_END

#endif

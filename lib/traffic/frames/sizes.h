/* SPDX-License-Identifier: BSD-3-Clause */
/* Sizes of frames and messages as people type them, binary (1k = 1024). Errors (-EINVAL) name the
 * text and say what would do. Any thread. */
#ifndef XD_TRAFFIC_FRAMES_SIZES_H
#define XD_TRAFFIC_FRAMES_SIZES_H

#include <stdint.h>

#include "base/error.h"

#define XD_SIZES_MAX 256
#define XD_MIX_MAX   16

/* Sizes that are sent in turn, each `weight` times in a round, spread over it. One size is a mix of
 * one. */
struct xd_size_mix {
	char name[48]; /* as given: "imix", "60x7+590x4+1514x1"; empty for one size */
	unsigned n;
	uint32_t bytes[XD_MIX_MAX]; /* without FCS */
	uint32_t weight[XD_MIX_MAX];
};

struct xd_sizes {
	unsigned n;
	struct xd_size_mix mix[XD_SIZES_MAX];
};

/* "64", "64,128,1518", "64:1518:*2" (doubling), "64:1518:+64" (a range ends with its last size even
 * if no step meets it), "imix" (60x7+590x4+1514x1: the simple mix of 64, 594 and 1518 bytes with
 * FCS, 7:4:1), "60x7+590x4+1514x1", and lists of all of them. Each size is min to max. */
int xd_sizes_parse(
	const char *text, uint32_t min, uint32_t max, struct xd_sizes *sizes, struct xd_error *err);
/* Mean length of a round's frames in bytes, and the longest of all sizes. */
double xd_size_mix_mean(const struct xd_size_mix *mix);
uint32_t xd_sizes_max(const struct xd_sizes *sizes);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Quantities as people type them. Sizes are binary (1k = 1024), rates and counts decimal. Errors
 * (-EINVAL) name the text and say what would do. Any thread. */
#ifndef XD_TRAFFIC_FRAMES_UNITS_H
#define XD_TRAFFIC_FRAMES_UNITS_H

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
int xd_units_sizes(
	const char *text, uint32_t min, uint32_t max, struct xd_sizes *sizes, struct xd_error *err);
/* Mean length of a round's frames in bytes, and the longest of all sizes. */
double xd_size_mix_mean(const struct xd_size_mix *mix);
uint32_t xd_sizes_max(const struct xd_sizes *sizes);

enum xd_rate_kind { XD_RATE_MAX, XD_RATE_PPS, XD_RATE_L2_BPS, XD_RATE_L1_BPS, XD_RATE_PERCENT };

struct xd_rate_limit {
	enum xd_rate_kind kind;
	double value; /* frames/s; bit/s of frames without FCS (L2), or with preamble, FCS and gap
		       * (L1); percent of the line rate */
};

/* "max", "5Mpps", "100kpps", "10Gbit" or "10Gbps" (L2), "10Gbitl1" or "10Gbpsl1" (L1), "80%". */
int xd_units_rate(const char *text, struct xd_rate_limit *rate, struct xd_error *err);
/* Frames per second of such a rate for frames of a mean length; 0: as many as go. line_rate_bps:
 * L1, of use for percent only. */
double xd_rate_limit_pps(
	const struct xd_rate_limit *rate, double mean_frame_bytes, double line_rate_bps);
/* "10Gbit", "25Gbit": a line rate, bit/s of L1. */
int xd_units_line_rate(const char *text, double *bps, struct xd_error *err);

/* "2", "0.3", "500ms", "1m": seconds; at most a day. */
int xd_units_seconds(const char *text, double *seconds, struct xd_error *err);
/* "1000", "10k", "1M", from min to max. */
int xd_units_count(
	const char *text, uint64_t min, uint64_t max, uint64_t *count, struct xd_error *err);

#endif

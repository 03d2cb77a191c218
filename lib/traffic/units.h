/* SPDX-License-Identifier: BSD-3-Clause */
/* Quantities as people type them. Sizes are binary (1k = 1024), rates and counts decimal. Errors
 * (-EINVAL) name the text and say what would do. Any thread. */
#ifndef XD_TRAFFIC_UNITS_H
#define XD_TRAFFIC_UNITS_H

#include <stdint.h>

#include "base/error.h"

#define XD_SIZES_MAX 256

struct xd_sizes {
	unsigned n;
	uint32_t bytes[XD_SIZES_MAX];
};

/* "64", "64,128,1518", "64:1518:*2" (doubling) or "64:1518:+64"; a range ends with its last size
 * even if no step meets it. Each size is min to max. */
int xd_units_sizes(
	const char *text, uint32_t min, uint32_t max, struct xd_sizes *sizes, struct xd_error *err);

enum xd_rate_kind { XD_RATE_MAX, XD_RATE_PPS, XD_RATE_BPS };

struct xd_rate_limit {
	enum xd_rate_kind kind;
	double value; /* frames/s, or bit/s of frames without FCS */
};

/* "max", "5Mpps", "100kpps", "10Gbit", "2.5Gbit"; "10Gbps" is the same as "10Gbit". */
int xd_units_rate(const char *text, struct xd_rate_limit *rate, struct xd_error *err);
/* Frames per second of such a rate at one size; 0: as many as go. */
double xd_rate_limit_pps(const struct xd_rate_limit *rate, uint32_t frame_bytes);

/* "2", "0.3", "500ms", "1m": seconds; at most a day. */
int xd_units_seconds(const char *text, double *seconds, struct xd_error *err);
/* "1000", "10k", "1M", from min to max. */
int xd_units_count(
	const char *text, uint64_t min, uint64_t max, uint64_t *count, struct xd_error *err);

#endif

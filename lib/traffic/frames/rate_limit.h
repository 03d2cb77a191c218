/* SPDX-License-Identifier: BSD-3-Clause */
/* Rates as people type them, decimal (1k = 1000). Errors (-EINVAL) name the text and say what would
 * do. Any thread. */
#ifndef XD_TRAFFIC_FRAMES_RATE_LIMIT_H
#define XD_TRAFFIC_FRAMES_RATE_LIMIT_H

#include "base/error.h"

enum xd_rate_kind { XD_RATE_MAX, XD_RATE_PPS, XD_RATE_L2_BPS, XD_RATE_L1_BPS, XD_RATE_PERCENT };

struct xd_rate_limit {
	enum xd_rate_kind kind;
	double value; /* frames/s; bit/s of frames without FCS (L2), or with preamble, FCS and gap
		       * (L1); percent of the line rate */
};

/* "max", "5Mpps", "100kpps", "10Gbit" or "10Gbps" (L2), "10Gbitl1" or "10Gbpsl1" (L1), "80%". */
int xd_rate_limit_parse(const char *text, struct xd_rate_limit *rate, struct xd_error *err);
/* Frames per second of such a rate for frames of a mean length; 0: as many as go. line_rate_bps:
 * L1, of use for percent only. */
double xd_rate_limit_pps(
	const struct xd_rate_limit *rate, double mean_frame_bytes, double line_rate_bps);
/* "10Gbit", "25Gbit": a line rate, bit/s of L1. */
int xd_line_rate_parse(const char *text, double *bps, struct xd_error *err);

#endif

/* SPDX-License-Identifier: BSD-3-Clause */
/* Times and counts as people type them, and what is common to quantities with a unit: sizes.h,
 * rate_limit.h. Errors (-EINVAL) name the text and say what would do. Any thread. */
#ifndef XD_TRAFFIC_FRAMES_UNITS_H
#define XD_TRAFFIC_FRAMES_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* "2", "0.3", "500ms", "1m": seconds; at most a day. */
int xd_units_seconds(const char *text, double *seconds, struct xd_error *err);
/* "1000", "10k", "1M", from min to max. */
int xd_units_count(
	const char *text, uint64_t min, uint64_t max, uint64_t *count, struct xd_error *err);

/* ---- For the parsers of other quantities ---- */

struct xd_unit {
	const char *name;
	double factor;
};

/* Splits "2.5Gbit" into a number and its unit. False when it begins with no number. */
bool xd_unit_split(const char *text, double *number, const char **unit);
/* The unit's factor, or -EINVAL with the nearest one's name; what: the quantity, for the error.
 * units ends with a NULL name. */
int xd_unit_find(const char *what, const char *text, const char *name, const struct xd_unit *units,
	double *factor, struct xd_error *err);
/* What is a whole number but for the rounding of its decimal fraction, as 2.01M is. */
bool xd_unit_whole(double *number);

#endif

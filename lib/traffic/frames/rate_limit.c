/* SPDX-License-Identifier: BSD-3-Clause */
/* Rates from their text, and what they come to in frames per second. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "traffic/frames/rate_limit.h"
#include "traffic/frames/units.h"

#define L1_OVERHEAD 24 /* bytes: preamble, FCS and gap */

static const struct xd_unit bit_units[] = {{"bit", 1}, {"kbit", 1e3}, {"Mbit", 1e6}, {"Gbit", 1e9},
	{"Tbit", 1e12}, {"bps", 1}, {"kbps", 1e3}, {"Mbps", 1e6}, {"Gbps", 1e9}, {"Tbps", 1e12},
	{NULL, 0}};

/* The factor of "Gbit", and of "Gbitl1", which sets *l1. False when it is neither. */
static bool
find_bits(const char *name, double *factor, bool *l1)
{
	size_t len = strlen(name);

	*l1 = len > 2 && (!strcmp(name + len - 2, "l1") || !strcmp(name + len - 2, "L1"));
	if (*l1)
		len -= 2;
	for (const struct xd_unit *u = bit_units; u->name; u++)
		if (strlen(u->name) == len && !strncmp(u->name, name, len)) {
			*factor = u->factor;
			return true;
		}
	return false;
}

int
xd_rate_limit_parse(const char *text, struct xd_rate_limit *rate, struct xd_error *err)
{
	/* Those of bits are found before; they are here to be named when none is found. */
	static const struct xd_unit units[] = {{"pps", 1}, {"kpps", 1e3}, {"Mpps", 1e6},
		{"Gpps", 1e9}, {"%", 1}, {"bit", 0}, {"kbit", 0}, {"Mbit", 0}, {"Gbit", 0},
		{"Mbps", 0}, {"Gbps", 0}, {"Mbitl1", 0}, {"Gbitl1", 0}, {"Mbpsl1", 0},
		{"Gbpsl1", 0}, {NULL, 0}};
	double number, factor;
	const char *unit;
	bool l1;
	int rc;

	*rate = (struct xd_rate_limit){.kind = XD_RATE_MAX};
	if (!strcmp(text, "max"))
		return 0;
	if (!xd_unit_split(text, &number, &unit))
		return xd_fail(err, -EINVAL,
			"rate %s: give max, or such as 5Mpps, 10Gbit, 10Gbitl1 or 80%%", text);
	if (find_bits(unit, &factor, &l1)) {
		rate->kind = l1 ? XD_RATE_L1_BPS : XD_RATE_L2_BPS;
	} else {
		rc = xd_unit_find("rate", text, unit, units, &factor, err);
		if (rc)
			return rc;
		rate->kind = unit[0] == '%' ? XD_RATE_PERCENT : XD_RATE_PPS;
	}
	rate->value = number * factor;
	if (rate->kind == XD_RATE_PERCENT && (rate->value <= 0 || rate->value > 100))
		return xd_fail(err, -EINVAL, "rate %s: above 0%% and at most 100%%", text);
	if (rate->kind != XD_RATE_PERCENT && rate->value < 1)
		return xd_fail(err, -EINVAL, "rate %s: at least 1pps or 1bit", text);
	return 0;
}

double
xd_rate_limit_pps(const struct xd_rate_limit *rate, double mean_frame_bytes, double line_rate_bps)
{
	double l1_bits = 8 * (mean_frame_bytes + L1_OVERHEAD);

	switch (rate->kind) {
	case XD_RATE_PPS:
		return rate->value;
	case XD_RATE_L2_BPS:
		return rate->value / (8 * mean_frame_bytes);
	case XD_RATE_L1_BPS:
		return rate->value / l1_bits;
	case XD_RATE_PERCENT:
		return rate->value / 100 * line_rate_bps / l1_bits;
	case XD_RATE_MAX:
		break;
	}
	return 0;
}

int
xd_line_rate_parse(const char *text, double *bps, struct xd_error *err)
{
	double number, factor;
	const char *unit;
	bool l1;
	int rc;

	if (!xd_unit_split(text, &number, &unit))
		return xd_fail(err, -EINVAL, "line rate %s: give such as 10Gbit or 25Gbit", text);
	if (!find_bits(unit, &factor, &l1)) {
		rc = xd_unit_find("line rate", text, unit, bit_units, &factor, err);
		if (rc)
			return rc;
	}
	*bps = number * factor;
	if (*bps < 1)
		return xd_fail(err, -EINVAL, "line rate %s: at least 1bit", text);
	return 0;
}

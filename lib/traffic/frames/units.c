/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "base/suggest.h"
#include "traffic/frames/units.h"

#define UNITS_MAX   16   /* of one quantity */
#define WEIGHT_MAX  1000 /* of a size in a mix */
#define L1_OVERHEAD 24   /* bytes: preamble, FCS and gap */
#define IMIX        "60x7+590x4+1514x1"

struct unit {
	const char *name;
	double factor;
};

/* Splits "2.5Gbit" into a number and its unit. False when it begins with no number. */
static bool
split(const char *text, double *number, const char **unit)
{
	char *end;

	if (!isdigit((unsigned char)text[0]) && text[0] != '.')
		return false;
	if (text[0] == '0' && tolower((unsigned char)text[1]) == 'x')
		return false;
	*number = strtod(text, &end);
	*unit = end;
	return end != text && isfinite(*number);
}

/* The unit's factor, or an error with the nearest one's name. units ends with a NULL name. */
static int
find_unit(const char *what, const char *text, const char *name, const struct unit *units,
	double *factor, struct xd_error *err)
{
	const char *names[UNITS_MAX + 1];
	char hint[160];
	unsigned n = 0;

	for (const struct unit *u = units; u->name; u++) {
		if (!strcmp(u->name, name)) {
			*factor = u->factor;
			return 0;
		}
		if (u->name[0] && n < UNITS_MAX)
			names[n++] = u->name;
	}
	names[n] = NULL;
	return xd_fail(err, -EINVAL, "%s %s: unknown unit %s%s", what, text,
		name[0] ? name : "\"\"", xd_suggest_hint(name, names, hint, sizeof(hint)));
}

/* What is a whole number but for the rounding of its decimal fraction, as 2.01M is. */
static bool
make_whole(double *number)
{
	double whole = round(*number);

	if (fabs(*number - whole) > whole * 4 * DBL_EPSILON)
		return false;
	*number = whole;
	return true;
}

static int
parse_size(const char *text, size_t len, uint32_t min, uint32_t max, uint32_t *bytes,
	struct xd_error *err)
{
	static const struct unit units[] = {{"", 1}, {"k", 1024}, {"K", 1024}, {NULL, 0}};
	char word[32];
	double number, factor;
	const char *unit;
	int rc;

	if (len == 0 || len >= sizeof(word))
		return xd_fail(err, -EINVAL,
			"size \"%.*s\": give bytes, such as 64 or 64,1518 or 64:1518:*2", (int)len,
			text);
	memcpy(word, text, len);
	word[len] = '\0';
	if (!split(word, &number, &unit))
		return xd_fail(err, -EINVAL,
			"size %s is no number; give bytes, such as 64 or 64,1518 or 64:1518:*2",
			word);
	rc = find_unit("size", word, unit, units, &factor, err);
	if (rc)
		return rc;
	number *= factor;
	if (!make_whole(&number) || number < min || number > max)
		return xd_fail(err, -EINVAL, "size %s: frames have %u to %u bytes", word, min, max);
	*bytes = (uint32_t)number;
	return 0;
}

static struct xd_size_mix *
add_mix(struct xd_sizes *sizes, struct xd_error *err)
{
	struct xd_size_mix *mix;

	if (sizes->n == XD_SIZES_MAX) {
		xd_fail(err, -EINVAL, "more than %u sizes; take a larger step", XD_SIZES_MAX);
		return NULL;
	}
	mix = &sizes->mix[sizes->n++];
	memset(mix, 0, sizeof(*mix));
	return mix;
}

static int
add_size(struct xd_sizes *sizes, uint32_t bytes, struct xd_error *err)
{
	struct xd_size_mix *mix = add_mix(sizes, err);

	if (!mix)
		return -EINVAL;
	mix->n = 1;
	mix->bytes[0] = bytes;
	mix->weight[0] = 1;
	return 0;
}

/* "BYTESxWEIGHT" */
static int
parse_part(const char *text, size_t len, uint32_t min, uint32_t max, struct xd_size_mix *mix,
	struct xd_error *err)
{
	const char *x = memchr(text, 'x', len);
	uint64_t weight = 0;
	char word[16];
	size_t digits = x ? (size_t)(text + len - x - 1) : 0;

	if (digits > 0 && digits < sizeof(word)) {
		memcpy(word, x + 1, digits);
		word[digits] = '\0';
		if (xd_number_parse(word, 1, WEIGHT_MAX, &weight))
			weight = 0;
	}
	if (!weight || x == text)
		return xd_fail(err, -EINVAL,
			"size %.*s: a mix is BYTESxWEIGHT+BYTESxWEIGHT..., such as "
			"60x7+590x4+1514x1, with weights of 1 to %u",
			(int)len, text, WEIGHT_MAX);
	if (mix->n == XD_MIX_MAX)
		return xd_fail(err, -EINVAL,
			"a mix of more than %u sizes; leave some out or give "
			"them as a list, with commas",
			XD_MIX_MAX);
	mix->weight[mix->n] = (uint32_t)weight;
	return parse_size(text, (size_t)(x - text), min, max, &mix->bytes[mix->n++], err);
}

/* Parts of "60x7+590x4+1514x1"; `name` is what it is called. */
static int
parse_mix(const char *text, size_t len, const char *name, size_t name_len, uint32_t min,
	uint32_t max, struct xd_sizes *sizes, struct xd_error *err)
{
	struct xd_size_mix *mix = add_mix(sizes, err);
	const char *end = text + len;
	int rc = mix ? 0 : -EINVAL;

	while (!rc) {
		const char *plus = memchr(text, '+', (size_t)(end - text));

		rc = parse_part(text, (size_t)((plus ? plus : end) - text), min, max, mix, err);
		if (!plus)
			break;
		text = plus + 1;
	}
	if (rc)
		return rc;
	if (mix->n > 1 && name_len < sizeof(mix->name))
		snprintf(mix->name, sizeof(mix->name), "%.*s", (int)name_len, name);
	else if (mix->n > 1)
		snprintf(mix->name, sizeof(mix->name), "%.*s...", (int)sizeof(mix->name) - 4, name);
	return 0;
}

/* "FIRST:LAST:*N" or "FIRST:LAST:+N" */
static int
parse_range(const char *text, size_t len, uint32_t min, uint32_t max, struct xd_sizes *sizes,
	struct xd_error *err)
{
	const char *colon = memchr(text, ':', len);
	const char *second = memchr(colon + 1, ':', len - (size_t)(colon + 1 - text));
	uint32_t first, last;
	unsigned long step;
	char *end;
	int rc;

	if (!second || (second[1] != '*' && second[1] != '+'))
		return xd_fail(err, -EINVAL,
			"size %.*s: a range is FIRST:LAST:*FACTOR or FIRST:LAST:+STEP", (int)len,
			text);
	rc = parse_size(text, (size_t)(colon - text), min, max, &first, err);
	if (!rc)
		rc = parse_size(colon + 1, (size_t)(second - colon - 1), min, max, &last, err);
	if (rc)
		return rc;
	step = isdigit((unsigned char)second[2]) ? strtoul(second + 2, &end, 10) : 0;
	if (step < (second[1] == '*' ? 2 : 1) || step > max || end != text + len || last < first)
		return xd_fail(err, -EINVAL,
			"size %.*s: a range goes up, by *2 or more or +1 or more", (int)len, text);
	for (uint64_t at = first; at < last && !rc; at = second[1] == '*' ? at * step : at + step)
		rc = add_size(sizes, (uint32_t)at, err);
	return rc ? rc : add_size(sizes, last, err);
}

static int
parse_item(const char *text, size_t len, uint32_t min, uint32_t max, struct xd_sizes *sizes,
	struct xd_error *err)
{
	uint32_t bytes;
	int rc;

	if (memchr(text, ':', len))
		return parse_range(text, len, min, max, sizes, err);
	if (len == 4 && !strncasecmp(text, "imix", len))
		return parse_mix(IMIX, strlen(IMIX), "imix", 4, min, max, sizes, err);
	/* 0x40 is a hexadecimal number and no mix. */
	if (memchr(text, '+', len) || (memchr(text, 'x', len) && strncmp(text, "0x", 2)))
		return parse_mix(text, len, text, len, min, max, sizes, err);
	rc = parse_size(text, len, min, max, &bytes, err);
	return rc ? rc : add_size(sizes, bytes, err);
}

int
xd_units_sizes(
	const char *text, uint32_t min, uint32_t max, struct xd_sizes *sizes, struct xd_error *err)
{
	sizes->n = 0;
	for (;;) {
		size_t len = strcspn(text, ",");
		int rc = parse_item(text, len, min, max, sizes, err);

		if (rc || text[len] == '\0')
			return rc;
		text += len + 1;
	}
}

double
xd_size_mix_mean(const struct xd_size_mix *mix)
{
	double bytes = 0, frames = 0;

	for (unsigned i = 0; i < mix->n; i++) {
		bytes += (double)mix->bytes[i] * mix->weight[i];
		frames += mix->weight[i];
	}
	return frames > 0 ? bytes / frames : 0;
}

uint32_t
xd_sizes_max(const struct xd_sizes *sizes)
{
	uint32_t max = 0;

	for (unsigned i = 0; i < sizes->n; i++)
		for (unsigned k = 0; k < sizes->mix[i].n; k++)
			if (sizes->mix[i].bytes[k] > max)
				max = sizes->mix[i].bytes[k];
	return max;
}

static const struct unit bit_units[] = {{"bit", 1}, {"kbit", 1e3}, {"Mbit", 1e6}, {"Gbit", 1e9},
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
	for (const struct unit *u = bit_units; u->name; u++)
		if (strlen(u->name) == len && !strncmp(u->name, name, len)) {
			*factor = u->factor;
			return true;
		}
	return false;
}

int
xd_units_rate(const char *text, struct xd_rate_limit *rate, struct xd_error *err)
{
	/* Those of bits are found before; they are here to be named when none is found. */
	static const struct unit units[] = {{"pps", 1}, {"kpps", 1e3}, {"Mpps", 1e6}, {"Gpps", 1e9},
		{"%", 1}, {"bit", 0}, {"kbit", 0}, {"Mbit", 0}, {"Gbit", 0}, {"Mbps", 0},
		{"Gbps", 0}, {"Mbitl1", 0}, {"Gbitl1", 0}, {"Mbpsl1", 0}, {"Gbpsl1", 0}, {NULL, 0}};
	double number, factor;
	const char *unit;
	bool l1;
	int rc;

	*rate = (struct xd_rate_limit){.kind = XD_RATE_MAX};
	if (!strcmp(text, "max"))
		return 0;
	if (!split(text, &number, &unit))
		return xd_fail(err, -EINVAL,
			"rate %s: give max, or such as 5Mpps, 10Gbit, 10Gbitl1 or 80%%", text);
	if (find_bits(unit, &factor, &l1)) {
		rate->kind = l1 ? XD_RATE_L1_BPS : XD_RATE_L2_BPS;
	} else {
		rc = find_unit("rate", text, unit, units, &factor, err);
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
xd_units_line_rate(const char *text, double *bps, struct xd_error *err)
{
	double number, factor;
	const char *unit;
	bool l1;
	int rc;

	if (!split(text, &number, &unit))
		return xd_fail(err, -EINVAL, "line rate %s: give such as 10Gbit or 25Gbit", text);
	if (!find_bits(unit, &factor, &l1)) {
		rc = find_unit("line rate", text, unit, bit_units, &factor, err);
		if (rc)
			return rc;
	}
	*bps = number * factor;
	if (*bps < 1)
		return xd_fail(err, -EINVAL, "line rate %s: at least 1bit", text);
	return 0;
}

int
xd_units_seconds(const char *text, double *seconds, struct xd_error *err)
{
	static const struct unit units[] = {
		{"", 1}, {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"m", 60}, {"h", 3600}, {NULL, 0}};
	const char *unit;
	double factor;
	int rc;

	if (!split(text, seconds, &unit))
		return xd_fail(
			err, -EINVAL, "time %s: give seconds, such as 2 or 0.3 or 500ms", text);
	rc = find_unit("time", text, unit, units, &factor, err);
	if (rc)
		return rc;
	*seconds *= factor;
	if (*seconds > 86400)
		return xd_fail(err, -EINVAL, "time %s: at most a day", text);
	return 0;
}

int
xd_units_count(const char *text, uint64_t min, uint64_t max, uint64_t *count, struct xd_error *err)
{
	static const struct unit units[] = {
		{"", 1}, {"k", 1e3}, {"K", 1e3}, {"M", 1e6}, {"G", 1e9}, {NULL, 0}};
	double number, factor;
	const char *unit;
	int rc;

	if (!split(text, &number, &unit))
		return xd_fail(
			err, -EINVAL, "%s is no number; give such as 1000 or 10k or 1M", text);
	rc = find_unit("count", text, unit, units, &factor, err);
	if (rc)
		return rc;
	number *= factor;
	if (!make_whole(&number) || number < (double)min || number > (double)max)
		return xd_fail(err, -EINVAL, "%s: a whole number from %llu to %llu", text,
			(unsigned long long)min, (unsigned long long)max);
	*count = (uint64_t)number;
	return 0;
}

/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/words.h"
#include "traffic/units.h"

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
	const char *names[16];
	char hint[160];
	unsigned n = 0;

	for (const struct unit *u = units; u->name; u++) {
		if (!strcmp(u->name, name)) {
			*factor = u->factor;
			return 0;
		}
		if (u->name[0] && n < 15)
			names[n++] = u->name;
	}
	names[n] = NULL;
	return xd_fail(err, -EINVAL, "%s %s: unknown unit %s%s", what, text,
		name[0] ? name : "\"\"", xd_words_hint(name, names, hint, sizeof(hint)));
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
	if (number < min || number > max || number != floor(number))
		return xd_fail(err, -EINVAL, "size %s: frames have %u to %u bytes", word, min, max);
	*bytes = (uint32_t)number;
	return 0;
}

static int
add_size(struct xd_sizes *sizes, uint32_t bytes, struct xd_error *err)
{
	if (sizes->n == XD_SIZES_MAX)
		return xd_fail(
			err, -EINVAL, "more than %u sizes; take a larger step", XD_SIZES_MAX);
	sizes->bytes[sizes->n++] = bytes;
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

int
xd_units_sizes(
	const char *text, uint32_t min, uint32_t max, struct xd_sizes *sizes, struct xd_error *err)
{
	sizes->n = 0;
	for (;;) {
		size_t len = strcspn(text, ",");
		uint32_t bytes;
		int rc;

		if (memchr(text, ':', len)) {
			rc = parse_range(text, len, min, max, sizes, err);
		} else {
			rc = parse_size(text, len, min, max, &bytes, err);
			if (!rc)
				rc = add_size(sizes, bytes, err);
		}
		if (rc || text[len] == '\0')
			return rc;
		text += len + 1;
	}
}

int
xd_units_rate(const char *text, struct xd_rate_limit *rate, struct xd_error *err)
{
	static const struct unit units[] = {{"pps", 1}, {"kpps", 1e3}, {"Mpps", 1e6}, {"Gpps", 1e9},
		{"bit", -1}, {"kbit", -1e3}, {"Mbit", -1e6}, {"Gbit", -1e9}, {"Tbit", -1e12},
		{"bps", -1}, {"kbps", -1e3}, {"Mbps", -1e6}, {"Gbps", -1e9}, {NULL, 0}};
	double number, factor;
	const char *unit;
	int rc;

	*rate = (struct xd_rate_limit){.kind = XD_RATE_MAX};
	if (!strcmp(text, "max"))
		return 0;
	if (!split(text, &number, &unit))
		return xd_fail(err, -EINVAL, "rate %s: give max, or such as 5Mpps or 10Gbit", text);
	rc = find_unit("rate", text, unit, units, &factor, err);
	if (rc)
		return rc;
	rate->kind = factor > 0 ? XD_RATE_PPS : XD_RATE_BPS;
	rate->value = number * fabs(factor);
	if (rate->value < 1)
		return xd_fail(err, -EINVAL, "rate %s: at least 1pps or 1bit", text);
	return 0;
}

double
xd_rate_limit_pps(const struct xd_rate_limit *rate, uint32_t frame_bytes)
{
	if (rate->kind == XD_RATE_MAX)
		return 0;
	return rate->kind == XD_RATE_PPS ? rate->value : rate->value / (8.0 * frame_bytes);
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
	if (number < (double)min || number > (double)max || number != floor(number))
		return xd_fail(err, -EINVAL, "%s: from %llu to %llu", text, (unsigned long long)min,
			(unsigned long long)max);
	*count = (uint64_t)number;
	return 0;
}

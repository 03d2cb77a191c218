/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers with a unit: taken apart, and the unit looked up; times and counts. */
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "traffic/frames/units.h"

#define UNITS_MAX 16 /* of one quantity */

bool
xd_unit_split(const char *text, double *number, const char **unit)
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

int
xd_unit_find(const char *what, const char *text, const char *name, const struct xd_unit *units,
	double *factor, struct xd_error *err)
{
	const char *names[UNITS_MAX + 1];
	char hint[160];
	unsigned n = 0;

	for (const struct xd_unit *u = units; u->name; u++) {
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

bool
xd_unit_whole(double *number)
{
	double whole = round(*number);

	if (fabs(*number - whole) > whole * 4 * DBL_EPSILON)
		return false;
	*number = whole;
	return true;
}

int
xd_units_seconds(const char *text, double *seconds, struct xd_error *err)
{
	static const struct xd_unit units[] = {
		{"", 1}, {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"m", 60}, {"h", 3600}, {NULL, 0}};
	const char *unit;
	double factor;
	int rc;

	if (!xd_unit_split(text, seconds, &unit))
		return xd_fail(
			err, -EINVAL, "time %s: give seconds, such as 2 or 0.3 or 500ms", text);
	rc = xd_unit_find("time", text, unit, units, &factor, err);
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
	static const struct xd_unit units[] = {
		{"", 1}, {"k", 1e3}, {"K", 1e3}, {"M", 1e6}, {"G", 1e9}, {NULL, 0}};
	double number, factor;
	const char *unit;
	int rc;

	if (!xd_unit_split(text, &number, &unit))
		return xd_fail(
			err, -EINVAL, "%s is no number; give such as 1000 or 10k or 1M", text);
	rc = xd_unit_find("count", text, unit, units, &factor, err);
	if (rc)
		return rc;
	number *= factor;
	if (!xd_unit_whole(&number) || number < (double)min || number > (double)max)
		return xd_fail(err, -EINVAL, "%s: a whole number from %llu to %llu", text,
			(unsigned long long)min, (unsigned long long)max);
	*count = (uint64_t)number;
	return 0;
}

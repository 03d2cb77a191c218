/* SPDX-License-Identifier: BSD-3-Clause */
/* Options about time: how long a trial takes, how often it is repeated. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "option_table.h"
#include "traffic/frames/units.h"

int
take_time(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	int rc = xd_units_seconds(text, &o->time_s, err);

	(void)row;
	if (!rc && o->time_s < 0.001)
		rc = xd_fail(err, -EINVAL, "--time %s: at least 1ms", text);
	return rc;
}

int
take_warmup(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	(void)row;
	return xd_units_seconds(text, &o->warmup_s, err);
}

int
take_trials(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	uint64_t n;
	int rc = xd_units_count(text, 1, 1000000, &n, err);

	(void)row;
	if (!rc)
		o->trials = (unsigned)n;
	return rc;
}

int
take_count(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	(void)row;
	return xd_units_count(text, 1, UINT32_MAX, &o->count, err);
}

/* Seconds that are not none. */
static int
take_some(const struct option_row *row, const char *text, double *seconds, struct xd_error *err)
{
	int rc = xd_units_seconds(text, seconds, err);

	if (!rc && *seconds < 0.00001 - 1e-12)
		rc = xd_fail(err, -EINVAL, "--%s %s: at least 0.01ms", row->name, text);
	return rc;
}

int
take_wait(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	return take_some(row, text, &o->wait_s, err);
}

int
take_pause(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	return take_some(row, text, &o->interval_s, err);
}

int
take_timeout(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	double seconds;
	int rc = xd_units_seconds(text, &seconds, err);

	(void)row;
	if (!rc)
		o->timeout_ms = (unsigned)ceil(seconds * 1000);
	return rc;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Options that only one engine has: latency's way, searches, pairs. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "option_table.h"
#include "traffic/frames/units.h"

int
take_way(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	int i = option_word(row, text, err);

	if (i < 0)
		return i;
	o->way = (enum xd_latency_way)i;
	return 0;
}

int
take_method(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	int i = option_word(row, text, err);

	if (i < 0)
		return i;
	o->search.method = (enum xd_search_method)i;
	return 0;
}

/* The times of a search. */
int
take_seconds(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	const struct {
		const char *name;
		double *seconds;
	} times[] = {{"final", &o->search.final_s}, {"trial", &o->search.trial_s},
		{"latency-trial", &o->search.latency_s}, {"settle", &o->search.settle_s},
		{"search-timeout", &o->search.timeout_s}};
	unsigned i = 0;
	int rc;

	while (strcmp(times[i].name, row->name))
		i++;
	rc = xd_units_seconds(text, times[i].seconds, err);
	if (!rc && *times[i].seconds < 0.001 && strcmp(row->name, "settle"))
		rc = xd_fail(err, -EINVAL, "--%s %s: at least 1ms", row->name, text);
	return rc;
}

/* "0.5%" or "0.005" */
int
take_resolution(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	char *end;
	double share = strtod(text, &end);

	(void)row;
	if (*end == '%') {
		share /= 100;
		end++;
	}
	if (!isdigit((unsigned char)text[0]) || *end || !(share >= 1e-6 && share <= 0.5))
		return xd_fail(err, -EINVAL,
			"--resolution %s: give a share, such as 0.5%% or 0.005, up to 50%%", text);
	o->search.resolution = share;
	return 0;
}

/* Frames per second, for options to which bits mean nothing. */
static int
take_pps(const struct option_row *row, const char *text, double *pps, struct xd_error *err)
{
	struct xd_rate_limit rate;
	int rc = xd_rate_limit_parse(text, &rate, err);

	if (rc)
		return rc;
	if (rate.kind != XD_RATE_PPS)
		return xd_fail(err, -EINVAL, "--%s %s: give frames per second, such as 1kpps",
			row->name, text);
	*pps = rate.value;
	return 0;
}

int
take_min(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	return take_pps(row, text, &o->search.min_pps, err);
}

int
take_latency_rate(
	struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	if (!strcmp(text, "0")) {
		o->latency_pps = 0;
		return 0;
	}
	return take_pps(row, text, &o->latency_pps, err);
}

int
take_repeat(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	uint64_t n;
	int rc = xd_units_count(text, 1, 100000, &n, err);

	(void)row;
	if (!rc)
		o->search.repeat = (unsigned)n;
	return rc;
}

/* The first one takes the place of the defaults. */
int
take_goal(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	struct xd_search_opts *s = &o->search;
	int rc;

	if (!options_given(o, row->name))
		s->nb_goals = 0;
	if (s->nb_goals == XD_SEARCH_GOALS_MAX)
		return xd_fail(err, -EINVAL, "at most %u goals", XD_SEARCH_GOALS_MAX);
	rc = xd_search_goal_parse(text, &s->goals[s->nb_goals], err);
	if (!rc)
		s->nb_goals++;
	return rc;
}

/* ---- --vms ---- */

static int
refuse_vms(const char *text, struct xd_error *err)
{
	return xd_fail(err, -EINVAL, "--vms %s: give 2 to %u, such as 2,4,8 or 2:14:+2", text,
		XD_GEN_PORTS_MAX);
}

static int
add_vms(struct options *o, const char *text, uint64_t n, struct xd_error *err)
{
	if (o->nb_vms == XD_GEN_PORTS_MAX)
		return xd_fail(
			err, -EINVAL, "--vms %s: at most %u numbers", text, XD_GEN_PORTS_MAX);
	o->vms[o->nb_vms++] = (unsigned)n;
	return 0;
}

/* A number, and what follows it. */
static bool
number(const char **text, uint64_t min, uint64_t *n)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return false;
	*n = strtoull(*text, &end, 10);
	*text = end;
	return *n >= min && *n <= XD_GEN_PORTS_MAX;
}

int
take_vms(struct options *o, const struct option_row *row, const char *text, struct xd_error *err)
{
	uint64_t first, last, step;
	const char *at = text;
	int rc = 0;

	(void)row;
	o->nb_vms = 0;
	for (;; at++) {
		if (!number(&at, 2, &first))
			return refuse_vms(text, err);
		last = first;
		step = 1;
		if (*at == ':') {
			at++;
			if (!number(&at, first, &last) || strncmp(at, ":+", 2))
				return refuse_vms(text, err);
			at += 2;
			if (!number(&at, 1, &step))
				return refuse_vms(text, err);
		}
		for (; first <= last && !rc; first += step)
			rc = add_vms(o, text, first, err);
		if (rc || *at == '\0')
			return rc;
		if (*at != ',')
			return refuse_vms(text, err);
	}
}

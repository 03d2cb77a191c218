/* SPDX-License-Identifier: BSD-3-Clause */
/* Search methods by name, and the goals of MLRsearch from their text, such as "ndr:loss=0". */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/suggest.h"
#include "traffic/engine/search/search.h"
#include "traffic/frames/units.h"

/* FD.io's, which published results have. */
static const struct xd_search_goal ndr = {
	.name = "NDR",
	.loss_ratio = 0,
	.exceed_ratio = 0.5,
	.initial_trial_s = 1,
	.final_trial_s = 1,
	.duration_sum_s = 21,
	.width = 0.005,
};

/* In the order of enum xd_search_method. */
static const char *const methods[] = {
	"throughput", "latency", "frame-loss", "back-to-back", "mlr", "profile", NULL};

const char *
xd_search_method_name(enum xd_search_method method)
{
	return methods[method];
}

int
xd_search_method_parse(const char *text, enum xd_search_method *method, struct xd_error *err)
{
	char hint[160];

	for (unsigned i = 0; methods[i]; i++)
		if (!strcmp(text, methods[i])) {
			*method = (enum xd_search_method)i;
			return 0;
		}
	return xd_fail(err, -EINVAL, "unknown search method %s%s", text,
		xd_suggest_hint(text, methods, hint, sizeof(hint)));
}

void
xd_search_defaults(struct xd_search_opts *opts)
{
	opts->final_s = 60;
	opts->trial_s = 0;
	opts->latency_s = 0;
	opts->settle_s = 7;
	opts->resolution = 0.005;
	opts->min_pps = 1000;
	opts->repeat = 0;
	opts->timeout_s = 0;
	opts->nb_goals = 2;
	opts->goals[0] = opts->goals[1] = ndr;
	snprintf(opts->goals[1].name, sizeof(opts->goals[1].name), "PDR");
	opts->goals[1].loss_ratio = 0.005;
}

/* "0.5%" or "0.005", below 1. */
static int
parse_share(const char *key, const char *text, double *share, struct xd_error *err)
{
	char *end;
	double number = strtod(text, &end);
	bool percent = *end == '%';

	if (percent)
		number /= 100;
	if (end == text || end[percent] || !isdigit((unsigned char)end[-1]) || !isfinite(number) ||
		!(isdigit((unsigned char)text[0]) || text[0] == '.'))
		return xd_fail(
			err, -EINVAL, "goal: %s=%s is no share; give such as 0.5%%", key, text);
	if (number >= 1)
		return xd_fail(err, -EINVAL, "goal: %s=%s must be less than 100%%", key, text);
	*share = number;
	return 0;
}

static int
parse_time(const char *key, const char *text, double *seconds, struct xd_error *err)
{
	struct xd_error why = {0};

	if (xd_units_seconds(text, seconds, &why))
		return xd_fail(err, -EINVAL, "goal: %s: %s", key, why.text);
	if (*seconds <= 0)
		return xd_fail(err, -EINVAL, "goal: %s=%s must be more than 0", key, text);
	return 0;
}

static int
parse_name(const char *text, struct xd_search_goal *goal, struct xd_error *err)
{
	if (!text[0] || strlen(text) >= sizeof(goal->name))
		return xd_fail(err, -EINVAL, "goal: name=%s: give 1 to %zu characters", text,
			sizeof(goal->name) - 1);
	snprintf(goal->name, sizeof(goal->name), "%s", text);
	return 0;
}

static int
parse_pair(char *pair, struct xd_search_goal *goal, struct xd_error *err)
{
	static const char *const keys[] = {
		"name", "loss", "exceed", "initial", "final", "sum", "width", NULL};
	char *value = strchr(pair, '=');
	char hint[160];

	if (!value)
		return xd_fail(err, -EINVAL,
			"goal: %s; give ndr, pdr, or name=X,loss=0.1%%,exceed=50%%,initial=1,"
			"final=1,sum=21,width=0.5%%",
			pair[0] ? pair : "nothing is given");
	*value++ = '\0';
	if (!strcmp(pair, "name"))
		return parse_name(value, goal, err);
	if (!strcmp(pair, "loss"))
		return parse_share(pair, value, &goal->loss_ratio, err);
	if (!strcmp(pair, "exceed"))
		return parse_share(pair, value, &goal->exceed_ratio, err);
	if (!strcmp(pair, "width"))
		return parse_share(pair, value, &goal->width, err);
	if (!strcmp(pair, "initial"))
		return parse_time(pair, value, &goal->initial_trial_s, err);
	if (!strcmp(pair, "final"))
		return parse_time(pair, value, &goal->final_trial_s, err);
	if (!strcmp(pair, "sum"))
		return parse_time(pair, value, &goal->duration_sum_s, err);
	return xd_fail(err, -EINVAL, "goal: unknown %s%s", pair,
		xd_suggest_hint(pair, keys, hint, sizeof(hint)));
}

static int
check(const char *text, const struct xd_search_goal *goal, struct xd_error *err)
{
	if (goal->width <= 0)
		return xd_fail(err, -EINVAL, "goal %s: width must be more than 0%%", text);
	if (goal->initial_trial_s > goal->final_trial_s)
		return xd_fail(err, -EINVAL,
			"goal %s: trials of initial=%g s are longer than those of final=%g s; give "
			"a larger final",
			text, goal->initial_trial_s, goal->final_trial_s);
	return 0;
}

int
xd_search_goal_parse(const char *text, struct xd_search_goal *goal, struct xd_error *err)
{
	struct xd_search_goal g = ndr;
	char copy[256], *save, *pair;
	int rc = 0;

	if (!strcasecmp(text, "ndr") || !strcasecmp(text, "pdr")) {
		*goal = g;
		goal->loss_ratio = strcasecmp(text, "pdr") ? 0 : 0.005;
		goal->name[0] = goal->loss_ratio > 0 ? 'P' : 'N';
		return 0;
	}
	if (strlen(text) >= sizeof(copy))
		return xd_fail(err, -EINVAL, "goal %.32s... is too long", text);
	g.name[0] = '\0';
	g.initial_trial_s = 0;
	strcpy(copy, text);
	pair = strtok_r(copy, ",", &save);
	if (!pair)
		pair = copy;
	for (; pair && !rc; pair = strtok_r(NULL, ",", &save))
		rc = parse_pair(pair, &g, err);
	if (rc)
		return rc;
	/* What is not named is as in NDR, but no trial is longer than the final one. */
	if (g.initial_trial_s <= 0)
		g.initial_trial_s = fmin(ndr.initial_trial_s, g.final_trial_s);
	if (!g.name[0])
		snprintf(g.name, sizeof(g.name), "%.*g%%", 4, g.loss_ratio * 100);
	rc = check(text, &g, err);
	if (!rc)
		*goal = g;
	return rc;
}

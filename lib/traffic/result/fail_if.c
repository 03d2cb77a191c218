/* SPDX-License-Identifier: BSD-3-Clause */
/* The figures that a condition can be about, conditions from text, and whether a row meets one. An
 * engine's own figures come from its list (engine.h). */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "traffic/result/fail_if.h"

#define NAMES_MAX 64

/* Frames that a row lost, and how many should have come. Round trips one at a time are counted
 * among the times. */
static void
row_loss(const struct xd_row *row, double *lost, double *expected)
{
	if (row->timed && !row->paced) {
		*lost = (double)row->latency.lost;
		*expected = *lost + (double)row->latency.count;
	} else {
		*lost = (double)row->rate.lost_frames;
		*expected = *lost + (double)row->rate.received_frames;
	}
}

static bool
get_loss(const struct xd_row *row, double *value)
{
	double expected;

	row_loss(row, value, &expected);
	return true;
}

static bool
get_loss_percent(const struct xd_row *row, double *value)
{
	double lost, expected;

	row_loss(row, &lost, &expected);
	*value = 100 * lost / expected;
	return expected > 0;
}

static bool
get_rate(const struct xd_row *row, double figure, double unit, double *value)
{
	*value = figure / unit;
	return xd_row_is_rated(row);
}

static bool
get_pps(const struct xd_row *row, double *value)
{
	return get_rate(row, row->rate.pps, 1, value);
}

static bool
get_mpps(const struct xd_row *row, double *value)
{
	return get_rate(row, row->rate.pps, 1e6, value);
}

static bool
get_l2_gbps(const struct xd_row *row, double *value)
{
	return get_rate(row, row->rate.l2_bps, 1e9, value);
}

static bool
get_l1_gbps(const struct xd_row *row, double *value)
{
	return get_rate(row, row->rate.l1_bps, 1e9, value);
}

static bool
get_sent_pps(const struct xd_row *row, double *value)
{
	return get_rate(row, row->rate.sent_pps, 1, value);
}

static bool
get_cycles(const struct xd_row *row, double *value)
{
	*value = row->dut.busy_cycles_per_frame;
	return row->dut.known && row->dut.frames;
}

/* From when frames should have been sent, if that is known. */
static const struct xd_times *
row_times(const struct xd_row *row)
{
	const struct xd_latency_figures *f = &row->latency;

	return f->planned.count ? &f->planned : &f->actual;
}

/* Whether a percentile is about the switch. */
static bool
row_sound(const struct xd_row *row, double percentile)
{
	return !row->latency.planned.count || percentile <= row->pacing.sound_percentile;
}

#define GET_TIME(name, field, percentile)                                                          \
	static bool get_##name(const struct xd_row *row, double *value)                            \
	{                                                                                          \
		*value = row_times(row)->field / 1e3;                                              \
		return row->timed && row_times(row)->count && row_sound(row, percentile);          \
	}

GET_TIME(mean_us, mean_ns, 0)
GET_TIME(p50_us, p50_ns, 50)
GET_TIME(p95_us, p95_ns, 95)
GET_TIME(p99_us, p99_ns, 99)
GET_TIME(p99_9_us, p99_9_ns, 99.9)
GET_TIME(p99_99_us, p99_99_ns, 99.99)
GET_TIME(max_us, max_ns, 0)

static bool
get_reordered(const struct xd_row *row, double *value)
{
	*value = (double)row->flow_figures.reordered;
	return row->tracked;
}

static bool
get_duplicated(const struct xd_row *row, double *value)
{
	*value = (double)row->flow_figures.duplicated;
	return row->tracked;
}

static bool
get_wrong_payload(const struct xd_row *row, double *value)
{
	*value = (double)row->flow_figures.wrong_payload;
	return row->tracked && row->flow_figures.checked;
}

static bool
get_void(const struct xd_row *row, double *value)
{
	*value = row->is_void;
	return true;
}

static bool
get_partial(const struct xd_row *row, double *value)
{
	*value = row->partial;
	return true;
}

static bool
get_steal_s(const struct xd_row *row, double *value)
{
	*value = row->steal_s;
	return true;
}

/* Of all engines; each adds its own. */
static const struct xd_condition_figure figures[] = {
	{"loss", get_loss},
	{"loss_percent", get_loss_percent},
	{"pps", get_pps},
	{"mpps", get_mpps},
	{"l2_gbps", get_l2_gbps},
	{"l1_gbps", get_l1_gbps},
	{"sent_pps", get_sent_pps},
	{"cycles", get_cycles},
	{"mean_us", get_mean_us},
	{"p50_us", get_p50_us},
	{"p95_us", get_p95_us},
	{"p99_us", get_p99_us},
	{"p99_9_us", get_p99_9_us},
	{"p99_99_us", get_p99_99_us},
	{"max_us", get_max_us},
	{"reordered", get_reordered},
	{"duplicated", get_duplicated},
	{"wrong_payload", get_wrong_payload},
	{"void", get_void},
	{"partial", get_partial},
	{"steal_s", get_steal_s},
	{NULL, NULL},
};

static const struct xd_condition_figure *
find_in(const struct xd_condition_figure *list, const char *name)
{
	for (; list && list->name; list++)
		if (!strcmp(list->name, name))
			return list;
	return NULL;
}

static bool
is_figure(const char *name, const struct xd_engine *const *engines)
{
	if (find_in(figures, name))
		return true;
	for (; *engines; engines++)
		if (find_in((*engines)->conditions, name))
			return true;
	return false;
}

static unsigned
add_names(const char **names, unsigned n, const struct xd_condition_figure *list)
{
	for (; list && list->name && n < NAMES_MAX; list++)
		names[n++] = list->name;
	return n;
}

static int
unknown_figure(const char *text, const char *name, const struct xd_engine *const *engines,
	struct xd_error *err)
{
	const char *names[NAMES_MAX + 1] = {NULL};
	unsigned n = add_names(names, 0, figures);
	char hint[280];

	for (; *engines; engines++)
		n = add_names(names, n, (*engines)->conditions);
	return xd_fail(err, -EINVAL, "--fail-if %s: unknown figure \"%s\"%s", text, name,
		xd_suggest_hint(name, names, hint, sizeof(hint)));
}

static int
parse_value(const char *at, struct xd_fail_if *c, struct xd_error *err)
{
	static const char suffixes[] = "kMG%";
	double factors[] = {1e3, 1e6, 1e9, strcmp(c->figure, "loss_percent") ? 0.01 : 1};
	const char *digits = at + (*at == '-'), *suffix;
	char *end;

	/* Neither hexadecimal numbers nor words such as "inf". */
	if (strspn(digits, "0123456789.") == 0 || digits[1] == 'x' || digits[1] == 'X')
		return xd_fail(err, -EINVAL, "--fail-if %s: a number is to follow %s", c->text,
			c->relation);
	c->value = strtod(at, &end);
	suffix = *end ? strchr(suffixes, *end) : NULL;
	if (suffix) {
		c->value *= factors[suffix - suffixes];
		end++;
	}
	end += strspn(end, " ");
	if (*end || !isfinite(c->value))
		return xd_fail(err, -EINVAL,
			"--fail-if %s: give a number such as 20, 1.5k, 5M or 0.1%%", c->text);
	return 0;
}

int
xd_fail_if_parse(const char *text, const struct xd_engine *const *engines, struct xd_fail_if *c,
	struct xd_error *err)
{
	static const char *const relations[] = {">=", "<=", "==", "!=", ">", "<"};
	const char *at = text + strspn(text, " ");
	size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789_");

	memset(c, 0, sizeof(*c));
	if (strlen(text) >= sizeof(c->text) || len >= sizeof(c->figure))
		return xd_fail(err, -EINVAL,
			"--fail-if %.40s...: too long; give such as loss>0 or p99_us>20", text);
	strcpy(c->text, text);
	memcpy(c->figure, at, len);
	if (len == 0)
		return xd_fail(err, -EINVAL, "--fail-if %s: give such as loss>0 or p99_us>20",
			text[0] ? text : "\"\"");
	if (!is_figure(c->figure, engines))
		return unknown_figure(text, c->figure, engines, err);
	at += len + strspn(at + len, " ");
	if (!*at && (!strcmp(c->figure, "void") || !strcmp(c->figure, "partial"))) {
		strcpy(c->relation, "!=");
		return 0;
	}
	for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]) && !c->relation[0]; i++)
		if (!strncmp(at, relations[i], strlen(relations[i])))
			strcpy(c->relation, relations[i]);
	if (!c->relation[0])
		return xd_fail(err, -EINVAL,
			"--fail-if %s: one of > >= < <= == != is to follow %s, such as %s>0", text,
			c->figure, c->figure);
	at += strlen(c->relation);
	return parse_value(at + strspn(at, " "), c, err);
}

static bool
holds(double value, const char *relation, double than)
{
	bool equal = fabs(value - than) <= 1e-12 * fabs(than);

	switch (relation[0]) {
	case '>':
		return relation[1] ? value > than || equal : value > than && !equal;
	case '<':
		return relation[1] ? value < than || equal : value < than && !equal;
	case '=':
		return equal;
	}
	return !equal;
}

/* Whether the row has the figure. Trials of a search are steps on the way to its result: that they
 * lose frames is what they are for. */
static bool
row_value(const struct xd_fail_if *c, const struct xd_row *row, double *value)
{
	const struct xd_condition_figure *figure = find_in(figures, c->figure);

	if (!figure)
		figure = find_in(row->engine->conditions, c->figure);
	if (!figure || row->search.is_trial)
		return false;
	if (row->is_void && figure->get != get_void)
		return false;
	return figure->get(row, value);
}

int
xd_fail_if_meet(const struct xd_fail_if *conditions, unsigned n, const struct xd_results *results,
	char *text, size_t size)
{
	bool had[XD_FAIL_IF_MAX] = {false};
	double value;

	n = n < XD_FAIL_IF_MAX ? n : XD_FAIL_IF_MAX;
	for (unsigned i = 0; i < results->n; i++) {
		const struct xd_row *row = &results->rows[i];

		for (unsigned k = 0; k < n; k++) {
			const struct xd_fail_if *c = &conditions[k];

			if (!row_value(c, row, &value))
				continue;
			had[k] = true;
			if (!holds(value, c->relation, c->value))
				continue;
			snprintf(text, size, "row %u (%s, %u bytes): %s is %.6g: --fail-if '%s'",
				i + 1, row->engine->name, row->size, c->figure, value, c->text);
			return (int)i;
		}
	}
	for (unsigned k = 0; k < n; k++)
		if (!had[k]) {
			snprintf(text, size,
				"no row has %s, which --fail-if '%s' is about: void ones do not "
				"count",
				conditions[k].figure, conditions[k].text);
			return -2;
		}
	return -1;
}

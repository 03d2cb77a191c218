/* SPDX-License-Identifier: BSD-3-Clause */
/* What a search's results lack of the RFC that it follows, such as sizes, lengths of trials and
 * repetitions, as text for its row. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "traffic/engine/search/missing.h"
#include "traffic/result/result.h"

#define SHORT_S        2   /* a trial that is not final; the longest burst (section 26.4) */
#define FULL_S         60  /* RFC 2544, section 24 */
#define LATENCY_S      120 /* section 26.2 */
#define LATENCY_REPEAT 20  /* section 26.2 */
#define BURST_REPEAT   50  /* section 26.4 */
#define SETTLE_S       7   /* section 23: 2 for frames on their way, 5 for the switch to settle */
#define FCS_BYTES      4

double
xd_search_early_s(const struct xd_search_opts *opts)
{
	double s = opts->trial_s > 0 ? opts->trial_s : SHORT_S;

	return fmin(s, opts->final_s);
}

double
xd_search_burst_s(const struct xd_search_opts *opts)
{
	return opts->trial_s > 0 ? opts->trial_s : SHORT_S;
}

double
xd_search_full_s(const struct xd_search_opts *opts)
{
	if (opts->method == XD_SEARCH_FRAME_LOSS && opts->trial_s > 0)
		return opts->trial_s;
	return opts->final_s;
}

double
xd_search_latency_s(const struct xd_search_opts *opts)
{
	return opts->latency_s > 0 ? opts->latency_s : 2 * opts->final_s;
}

unsigned
xd_search_repeats(const struct xd_search_opts *opts)
{
	if (opts->repeat)
		return opts->repeat;
	return opts->method == XD_SEARCH_BACK_TO_BACK ? BURST_REPEAT : LATENCY_REPEAT;
}

double
xd_search_settle_s(const struct xd_search_opts *opts)
{
	if (opts->method == XD_SEARCH_MLR || xd_search_full_s(opts) < FULL_S)
		return 0;
	return opts->settle_s;
}

void
xd_search_missing_add(char *missing, const char *fmt, ...)
{
	static const char more[] = "; ...";
	size_t used = strlen(missing);
	char item[XD_RESULT_TEXT];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(item, sizeof(item), fmt, args);
	va_end(args);
	if (used && !strcmp(missing + used - (used < 5 ? used : 5), more))
		return;
	/* Room for the item, and for more behind it. */
	if (len < 0 || used + 2 + (size_t)len + sizeof(more) > XD_RESULT_TEXT) {
		strcat(missing, more);
		return;
	}
	strcat(missing, used ? "; " : "");
	strcat(missing, item);
}

static bool
has_size(const struct xd_sizes *sizes, uint32_t bytes)
{
	for (unsigned i = 0; i < sizes->n; i++)
		if (sizes->mix[i].n == 1 && sizes->mix[i].bytes[0] == bytes)
			return true;
	return false;
}

/* "RFC 2544 section" the first time, then "section". */
struct rfc2544 {
	char *missing;
	bool said;
};

static const char *
section(struct rfc2544 *r)
{
	bool said = r->said;

	r->said = true;
	return said ? "section" : "RFC 2544 section";
}

static void
add_sizes(const struct xd_search_opts *opts, struct rfc2544 *r)
{
	static const uint32_t with_fcs[] = {64, 128, 256, 512, 1024, 1280, 1518};
	char list[96] = "";
	size_t used = 0;

	for (unsigned i = 0; i < sizeof(with_fcs) / sizeof(with_fcs[0]); i++)
		if (opts->traffic.capture ||
			!has_size(&opts->traffic.sizes, with_fcs[i] - FCS_BYTES))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%u",
				used ? ", " : "", with_fcs[i]);
	if (used)
		xd_search_missing_add(
			r->missing, "%s 9.1: without %s bytes (with FCS)", section(r), list);
}

static void
add_goals(const struct xd_search_opts *opts, char *missing)
{
	for (unsigned i = 0; i < opts->nb_goals; i++)
		if (opts->goals[i].duration_sum_s < opts->goals[i].final_trial_s)
			xd_search_missing_add(missing,
				"RFC 9971, Goal Duration Sum: %s's %g s are less than a final "
				"trial of %g s",
				opts->goals[i].name, opts->goals[i].duration_sum_s,
				opts->goals[i].final_trial_s);
}

static void
add_latency(const struct xd_search_opts *opts, struct rfc2544 *r)
{
	double trial_s = xd_search_latency_s(opts);
	unsigned repeats = xd_search_repeats(opts);

	if (trial_s < LATENCY_S)
		xd_search_missing_add(r->missing,
			"%s 26.2: trials of %g s instead of at least %d s", section(r), trial_s,
			LATENCY_S);
	if (repeats < LATENCY_REPEAT)
		xd_search_missing_add(r->missing, "%s 26.2: %u instead of %d repeats", section(r),
			repeats, LATENCY_REPEAT);
}

static void
add_bursts(const struct xd_search_opts *opts, struct rfc2544 *r)
{
	double limit_s = xd_search_burst_s(opts);
	unsigned repeats = xd_search_repeats(opts);

	if (repeats < BURST_REPEAT)
		xd_search_missing_add(r->missing, "%s 26.4: %u instead of %d repeats", section(r),
			repeats, BURST_REPEAT);
	if (limit_s < SHORT_S)
		xd_search_missing_add(r->missing, "%s 26.4: bursts up to %g s instead of %d s",
			section(r), limit_s, SHORT_S);
}

void
xd_search_missing(const struct xd_search_opts *opts, char *missing)
{
	struct rfc2544 r = {.missing = missing};
	double full_s = xd_search_full_s(opts), settle_s = xd_search_settle_s(opts);

	if (opts->method == XD_SEARCH_MLR) {
		add_goals(opts, missing);
		return;
	}
	if (full_s < FULL_S)
		xd_search_missing_add(missing, "%s 24: %s of %g s instead of at least %d s",
			section(&r),
			opts->method == XD_SEARCH_FRAME_LOSS ? "trials" : "final trial", full_s,
			FULL_S);
	if (opts->method == XD_SEARCH_LATENCY)
		add_latency(opts, &r);
	if (opts->method == XD_SEARCH_BACK_TO_BACK)
		add_bursts(opts, &r);
	if (settle_s < SETTLE_S)
		xd_search_missing_add(missing, "%s 23: waits of %g s instead of %d s", section(&r),
			settle_s, SETTLE_S);
	add_sizes(opts, &r);
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* Back-to-back frames (RFC 2544, 26.4, as RFC 9004 has it): the longest burst of which nothing is
 * lost. Its length is doubled until frames are lost, then halved; all of it several times. */
#include <math.h>

#include "traffic/engine/search/rules.h"

#define FIRST_FRAMES 64
#define MORE_TIME    2   /* a burst may take so many times as long as at the maximum rate, */
#define EXTRA_S      0.1 /* and this */

/* Tries one burst. */
static int
try_burst(const struct xd_search_bench *bench, const struct xd_burst_rule *rule, uint64_t frames,
	struct xd_search_outcome *out)
{
	struct xd_search_load load = {
		.pps = rule->pps,
		.frames = frames,
		.time_s = MORE_TIME * (double)frames / rule->rate_pps + EXTRA_S,
	};

	return bench->run(bench->ctx, &load, out);
}

static uint64_t
next_burst(const struct xd_burst_found *found, uint64_t lo, uint64_t hi)
{
	if (hi)
		return lo + (hi - lo) / 2;
	if (!lo)
		return FIRST_FRAMES < found->limit ? FIRST_FRAMES : found->limit;
	return lo * 2 < found->limit ? lo * 2 : found->limit;
}

/* Doubles until frames are lost, then halves. *longest is 0 when no burst came through whole. A
 * burst that could not be offered says nothing of the switch's buffer: then *known is false. */
static int
seek(const struct xd_search_bench *bench, const struct xd_burst_rule *rule,
	struct xd_burst_found *found, uint64_t *longest, bool *known)
{
	uint64_t lo = 0, hi = 0;

	while (lo < found->limit && (!hi || hi - lo > 1)) {
		uint64_t frames = next_burst(found, lo, hi);
		struct xd_search_outcome out;
		int rc;

		if (hi && (double)(hi - lo) <= rule->resolution * (double)hi)
			break;
		rc = try_burst(bench, rule, frames, &out);
		if (rc)
			return rc;
		if (out.is_void) {
			*known = false;
			return 0;
		}
		if (out.loss_ratio > 0) {
			hi = frames;
			continue;
		}
		lo = frames;
		found->trial = out.trial;
	}
	*longest = lo;
	return 0;
}

/* One more value: mean and spread by Welford's recurrence. */
static void
add(struct xd_burst_found *f, uint64_t frames, double *squares)
{
	double off = (double)frames - f->mean;

	f->repeats++;
	f->mean += off / f->repeats;
	*squares += off * ((double)frames - f->mean);
	f->stddev = f->repeats > 1 ? sqrt(*squares / (f->repeats - 1)) : 0;
	if (f->repeats == 1 || frames < f->min)
		f->min = frames;
	if (frames > f->max)
		f->max = frames;
	f->at_limit |= frames >= f->limit;
}

int
xd_search_burst(const struct xd_search_bench *bench, const struct xd_burst_rule *rule,
	struct xd_burst_found *found)
{
	/* Doublings and halvings of a search, about. */
	unsigned trials = 4 + (unsigned)ceil(log2(1 / rule->resolution));
	double squares = 0;
	int rc = 0;

	*found = (struct xd_burst_found){.limit = (uint64_t)(rule->rate_pps * rule->limit_s)};
	if (!found->limit)
		found->limit = 1;
	for (unsigned i = 0; i < rule->repeat && !rc; i++) {
		unsigned left = (rule->repeat - i) * trials;
		uint64_t longest = 0;
		bool known = true;

		bench->left(bench->ctx, left * EXTRA_S, left);
		rc = seek(bench, rule, found, &longest, &known);
		if (!rc && known)
			add(found, longest, &squares);
	}
	found->corrected = found->mean * fmax(0, 1 - rule->throughput_pps / rule->rate_pps);
	return rc;
}

/* SPDX-License-Identifier: BSD-3-Clause */
/* A row of a search's result: what the rule found, the mean of repeated trials, how the search
 * ended, and what it lacks. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "traffic/engine/search/missing.h"
#include "traffic/engine/search/result.h"

/* One figure of `times` is the mean of what n rows have there. */
#define AVERAGE(sum, add, n, field) ((sum)->field += (add)->field / (n))

static void
average_times(struct xd_times *sum, const struct xd_times *add, unsigned n)
{
	if (!add->count)
		return;
	sum->min_ns = sum->count ? fmin(sum->min_ns, add->min_ns) : add->min_ns;
	sum->max_ns = fmax(sum->max_ns, add->max_ns);
	sum->count += add->count;
	AVERAGE(sum, add, n, mean_ns);
	AVERAGE(sum, add, n, p50_ns);
	AVERAGE(sum, add, n, p95_ns);
	AVERAGE(sum, add, n, p99_ns);
	AVERAGE(sum, add, n, p99_9_ns);
	AVERAGE(sum, add, n, p99_99_ns);
}

/* RFC 2544, section 26.2: "the reported value being the average of the recorded values". */
static void
average(const struct xd_search_run *run, const struct xd_repeat_found *found,
	struct xd_latency_figures *f)
{
	struct xd_latency_figures sum = {.way = f->way};

	for (unsigned i = 0; i < found->n; i++) {
		const struct xd_latency_figures *one = &run->rows[found->trials[i] - 1].latency;

		sum.count += one->count;
		sum.lost += one->lost;
		average_times(&sum.actual, &one->actual, found->n);
		average_times(&sum.planned, &one->planned, found->n);
		AVERAGE(&sum, one, found->n, half_mean_ns);
		AVERAGE(&sum, one, found->n, jitter);
		AVERAGE(&sum, one, found->n, rfc3550_jitter_ns);
	}
	*f = sum;
}

static void
add_end(const struct xd_search_run *run, int rc, char *missing)
{
	if (run->timed_out)
		xd_search_missing_add(
			missing, "ended after %g s, as asked for", run->opts->timeout_s);
	else if (rc == -EINTR)
		xd_search_missing_add(missing, "interrupted");
	else if (rc)
		xd_search_missing_add(missing, "cut short: %.80s",
			run->err && run->err->text[0] ? run->err->text : strerror(-rc));
	if (run->void_loads)
		xd_search_missing_add(missing,
			"trials at %.6g pps%s were void (the generator fell behind) and not "
			"counted",
			run->void_pps, run->void_loads > 1 ? " and more" : "");
}

static void
fill_bursts(struct xd_search_figures *f, const struct xd_burst_found *burst)
{
	f->burst_frames = (uint64_t)(burst->mean + 0.5);
	f->burst_min_frames = burst->min;
	f->burst_max_frames = burst->max;
	f->burst_stddev_frames = burst->stddev;
	f->corrected_burst_frames = burst->corrected;
	f->repeats = burst->repeats;
}

int
xd_search_result_row(struct xd_search_run *run, const struct xd_search_result *result, int rc)
{
	struct xd_row row = run->rows[(result->trial ? result->trial : run->n) - 1];
	struct xd_search_figures *f = &row.search;

	memset(f, 0, sizeof(*f));
	snprintf(f->method, sizeof(f->method), "%s", xd_search_method_name(run->opts->method));
	snprintf(f->goal, sizeof(f->goal), "%s", result->goal);
	snprintf(row.name, sizeof(row.name), "%s", result->name);
	f->found_pps = result->found_pps;
	f->lower_pps = result->lower_pps;
	f->upper_pps = result->upper_pps;
	f->loss_ratio = result->loss_ratio;
	f->trial_s = result->trial_s;
	f->trials = run->n;
	f->total_s = xd_search_run_elapsed(run);
	if (run->opts->method == XD_SEARCH_BACK_TO_BACK)
		fill_bursts(f, &result->burst);
	if (result->repeats && result->repeats->n) {
		average(run, result->repeats, &row.latency);
		f->repeats = result->repeats->n;
	}
	snprintf(f->missing, sizeof(f->missing), "%s", result->missing);
	add_end(run, rc, f->missing);
	xd_search_missing(run->opts, f->missing);
	row.partial = rc != 0;
	f->complete = !row.partial && !f->missing[0];
	return xd_gen_keep_row(run->gen, &row, 0, run->err);
}

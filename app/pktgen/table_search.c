/* SPDX-License-Identifier: BSD-3-Clause */
/* The table on the screen for searches: a short line for each trial, and the result. */
#include <stdio.h>

#include "table_parts.h"

static void
print_head(struct table *table, const struct xd_row *row)
{
	char head[160], units[160], title[96];
	static const char columns[] = "%7s %-12s %-10s %8s %8s %8s %8s %8s %9s %7s %6s %7s";

	snprintf(title, sizeof(title), "search: %s, touch %s", row->search.method,
		xd_touch_name(row->touch));
	snprintf(head, sizeof(head), columns, "size", "", "goal", "asked", "found", "lower",
		"upper", "came", "loss", "trial", "trials", "took");
	snprintf(units, sizeof(units), columns, "bytes", "", "", "Mpps", "Mpps", "Mpps", "Mpps",
		"Mpps", "%", "s", "", "s");
	table_head(table, row, title, head, units);
}

static void
print_trial(const struct xd_row *row)
{
	const struct xd_search_figures *f = &row->search;
	char asked[24], size[16];

	printf("%7s %-12s %-10s %8s %8s %8s %8s %8.3f %9.5f %7.3g  lost %lld of %llu, %s%s%s\n",
		table_size(row, size, sizeof(size)), "  trial", f->goal,
		table_mpps(row->rate.asked_pps, "max", asked, sizeof(asked)), "", "", "",
		row->rate.pps / 1e6, 100 * f->loss_ratio, f->trial_s,
		(long long)row->rate.lost_frames, (unsigned long long)row->rate.sent_frames,
		xd_bottleneck_name(row->rate.bottleneck), row->is_void ? "  VOID" : "",
		row->partial ? "  (partial)" : "");
}

static void
print_bursts(const struct xd_search_figures *f)
{
	if (!f->burst_frames)
		return;
	printf("        longest burst without loss: %llu frames (%llu to %llu, deviation %.1f)",
		(unsigned long long)f->burst_frames, (unsigned long long)f->burst_min_frames,
		(unsigned long long)f->burst_max_frames, f->burst_stddev_frames);
	if (f->corrected_burst_frames > 0)
		printf("; corrected as RFC 9004 has it: %.1f", f->corrected_burst_frames);
	putchar('\n');
}

static void
print_times(const struct xd_latency_figures *f)
{
	const struct xd_times *t = f->planned.count ? &f->planned : &f->actual;

	if (t->count)
		printf("        %s from %s, us: mean %.2f, P50 %.2f, P95 %.2f, P99 %.2f, P99.9 "
		       "%.2f, P99.99 %.2f, max %.2f\n",
			f->way == XD_TIMES_ONE_WAY ? "one way" : "round trips",
			f->planned.count ? "the planned time" : "when sent", t->mean_ns / 1e3,
			t->p50_ns / 1e3, t->p95_ns / 1e3, t->p99_ns / 1e3, t->p99_9_ns / 1e3,
			t->p99_99_ns / 1e3, t->max_ns / 1e3);
}

static void
print_result(const struct xd_row *row)
{
	const struct xd_search_figures *f = &row->search;
	char asked[24], found[24], lower[24], upper[24], size[16];

	printf("%7s %-12s %-10s %8s %8s %8s %8s %8.3f %9.5f %7.3g %6u %7.1f",
		table_size(row, size, sizeof(size)), f->method, f->goal,
		table_mpps(row->rate.asked_pps, "max", asked, sizeof(asked)),
		table_mpps(f->found_pps, "-", found, sizeof(found)),
		table_mpps(f->lower_pps, "-", lower, sizeof(lower)),
		table_mpps(f->upper_pps, "-", upper, sizeof(upper)), row->rate.pps / 1e6,
		100 * f->loss_ratio, f->trial_s, f->trials, f->total_s);
	table_tail(row);
	if (f->complete)
		printf("        COMPLETE\n");
	else
		printf("        not complete: %s\n", f->missing);
	print_bursts(f);
	if (row->timed)
		print_times(&row->latency);
	table_notes(row);
}

void
table_search_row(struct table *table, const struct xd_row *row)
{
	print_head(table, row);
	if (row->search.is_trial)
		print_trial(row);
	else
		print_result(row);
}

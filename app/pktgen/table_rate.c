/* SPDX-License-Identifier: BSD-3-Clause */
/* The table on the screen for rows of rates: one stream, VMs at once, the generator itself. */
#include <stdio.h>

#include "engine.h"
#include "table_parts.h"

static void
print_times(const char *what, const struct xd_times *t)
{
	if (t->count)
		printf("        %s us: mean %.2f, P50 %.2f, P95 %.2f, P99 %.2f, P99.9 %.2f, P99.99 "
		       "%.2f, max %.2f\n",
			what, t->mean_ns / 1e3, t->p50_ns / 1e3, t->p95_ns / 1e3, t->p99_ns / 1e3,
			t->p99_9_ns / 1e3, t->p99_99_ns / 1e3, t->max_ns / 1e3);
}

void
table_rate_row(struct table *table, const struct xd_row *row)
{
	const struct xd_rate_figures *f = &row->rate;
	char head[160], units[160], flows[24], asked[24], size[16], pattern[24];
	static const char columns[] = "%7s %11s %-10s %-5s %7s %8s %8s %8s %8s %9s %-17s";

	snprintf(head, sizeof(head), columns, "size", "flows", "pattern", "touch", "asked", "sent",
		"received", "L2", "L1", "lost", "limit");
	snprintf(units, sizeof(units), columns, "bytes", "", "", "", "Mpps", "Mpps", "Mpps",
		"Gbit/s", "Gbit/s", "frames", "");
	table_head(table, row, engine_of(row)->report.is_alone ? "the generator by itself" : "rate",
		head, units);
	table_name(table, row);
	if (f->nb_ports == 0) { /* nothing was sent: a look at the core */
		table_notes(row);
		return;
	}
	snprintf(flows, sizeof(flows), "%u %s", row->flows, xd_flow_kind_name(row->flow_kind));
	snprintf(pattern, sizeof(pattern), "%s%s", xd_pattern_name(row->pattern),
		row->pattern == XD_PATTERN_PAIRS && row->direction == XD_DIRECTION_BOTH ? " both"
											: "");
	printf("%7s %11s %-10s %-5s %7s %8.3f %8.3f %8.3f %8.3f %9lld %-17s",
		table_size(row, size, sizeof(size)), flows, pattern, xd_touch_name(row->touch),
		table_mpps(f->asked_pps, "max", asked, sizeof(asked)), f->sent_pps / 1e6,
		f->pps / 1e6, f->l2_bps / 1e9, f->l1_bps / 1e9, (long long)f->lost_frames,
		xd_bottleneck_name(f->bottleneck));
	table_tail(row);
	if (row->timed) {
		print_times("from the planned time,", &row->latency.planned);
		print_times("from when it was sent,", &row->latency.actual);
	}
	table_notes(row);
}

void
table_pairs_row(struct table *table, const struct xd_row *row)
{
	const struct xd_rate_figures *f = &row->rate;
	const struct xd_pairs_figures *p = &row->pairs;
	const bool fan_in = row->pattern == XD_PATTERN_FAN_IN;
	char head[160], units[160], title[96], size[16], asked[24], jain[16] = "-", times[16] = "-";
	static const char columns[] = "%7s %3s %5s %7s %8s %8s %8s %8s %8s %6s %6s %9s %-17s";

	snprintf(title, sizeof(title), "%s, touch %s",
		fan_in ? "senders to one" : "pairs of VMs at once", xd_touch_name(row->touch));
	snprintf(head, sizeof(head), columns, "size", "VMs", fan_in ? "from" : "pairs", "asked",
		"total", "L2", "slowest", "mean", "fastest", "Jain", "single", "lost", "limit");
	snprintf(units, sizeof(units), columns, "bytes", "", "", "Mpps", "Mpps", "Gbit/s", "Mpps",
		"Mpps", "Mpps", "", "times", "frames", "");
	table_head(table, row, title, head, units);
	table_name(table, row);
	if (p->jain > 0)
		snprintf(jain, sizeof(jain), "%.4f", p->jain);
	if (p->of_baseline > 0)
		snprintf(times, sizeof(times), "%.3f", p->of_baseline);
	printf("%7s %3u %5u %7s %8.3f %8.3f %8.3f %8.3f %8.3f %6s %6s %9lld %-17s",
		table_size(row, size, sizeof(size)), p->vms, p->pairs,
		table_mpps(f->asked_pps, "max", asked, sizeof(asked)), f->pps / 1e6,
		f->l2_bps / 1e9, p->min_pps / 1e6, p->mean_pps / 1e6, p->max_pps / 1e6, jain, times,
		(long long)f->lost_frames, xd_bottleneck_name(f->bottleneck));
	table_tail(row);
	print_times("round trip of one frame at a time,", &p->unloaded);
	if (row->timed) {
		print_times("while loaded, from the planned time,", &row->latency.planned);
		print_times("while loaded, from when it was sent,", &row->latency.actual);
	}
	table_notes(row);
}

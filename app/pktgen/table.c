/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>

#include "table.h"
#include "traffic/placement.h"

#define BAR 30

void
table_progress(struct table *table, const char *what, double share)
{
	int full;

	if (!table->terminal)
		return;
	full = (int)(BAR * (share < 0 ? 0 : share > 1 ? 1 : share));
	printf("\r\033[K%-10s %.*s%.*s", what, full, "##############################", BAR - full,
		"..............................");
	fflush(stdout);
	table->progress = true;
}

void
table_clear_progress(struct table *table)
{
	if (!table->progress)
		return;
	printf("\r\033[K");
	fflush(stdout);
	table->progress = false;
}

/* What every engine's row ends with. */
static void
print_tail(const struct xd_row *row)
{
	char cycles[16] = "-", busy[16] = "-", ns[32] = "-";

	if (row->dut.known && row->dut.frames) {
		snprintf(cycles, sizeof(cycles), "%.1f", row->dut.busy_cycles_per_frame);
		snprintf(busy, sizeof(busy), "%.0f%%", 100 * row->dut.busy_share);
	}
	if (row->placement_before_ns > 0 || row->placement_after_ns > 0)
		snprintf(ns, sizeof(ns), "%.0f/%.0f", row->placement_before_ns,
			row->placement_after_ns);
	printf(" %7s %5s  %-7s %-7s %6.2f %6.2f%s\n", cycles, busy,
		xd_placement_class(row->placement_before_ns, row->placement_after_ns), ns,
		row->cpu_s, row->steal_s, row->partial ? "  (partial)" : "");
}

static void
print_rate(struct table *table, const struct xd_row *row)
{
	const struct xd_rate_figures *f = &row->rate;
	char flows[24], asked[24] = "max";

	if (!table->headed)
		printf("%6s %11s %-4s %-9s %-5s %8s %8s %8s %8s %8s %10s %-9s %7s %5s  %-7s %-7s "
		       "%6s %6s\n",
			"size", "flows", "dir", "pattern", "touch", "asked", "sent", "received",
			"L2", "L1", "lost", "limit", "cycles", "busy", "cores", "RTT", "CPU",
			"steal");
	if (!table->headed)
		printf("%6s %11s %-4s %-9s %-5s %8s %8s %8s %8s %8s %10s %-9s %7s %5s  %-7s %-7s "
		       "%6s %6s\n",
			"bytes", "", "", "", "", "Mpps", "Mpps", "Mpps", "Gbit/s", "Gbit/s",
			"frames", "", "/frame", "", "", "ns", "s", "s");
	snprintf(flows, sizeof(flows), "%u %s", row->flows, xd_flow_kind_name(row->flow_kind));
	if (f->asked_pps > 0)
		snprintf(asked, sizeof(asked), "%.4g", f->asked_pps / 1e6);
	printf("%6u %11s %-4s %-9s %-5s %8s %8.3f %8.3f %8.3f %8.3f %10lld %-9s", row->size, flows,
		xd_direction_name(row->direction), xd_pattern_name(row->pattern),
		xd_touch_name(row->touch), asked, f->sent_pps / 1e6, f->pps / 1e6, f->l2_bps / 1e9,
		f->l1_bps / 1e9, (long long)f->lost_frames, xd_bottleneck_name(f->bottleneck));
	print_tail(row);
	if (f->learn_lost_frames)
		printf("       %llu of %llu frames were lost while the switch learned\n",
			(unsigned long long)f->learn_lost_frames,
			(unsigned long long)f->learned_frames);
}

static void
print_latency(struct table *table, const struct xd_row *row)
{
	const struct xd_latency_figures *f = &row->latency;

	if (!table->headed)
		printf("%6s %-5s %10s %5s %8s %8s %8s %8s %8s %8s %8s %8s %8s %7s %5s  %-7s %-7s "
		       "%6s %6s\n",
			"size", "touch", "count", "lost", "min", "mean", "P50", "P95", "P99",
			"P99.9", "P99.99", "max", "mean/2", "cycles", "busy", "cores", "RTT", "CPU",
			"steal");
	if (!table->headed)
		printf("%6s %-5s %10s %5s %8s %8s %8s %8s %8s %8s %8s %8s %8s %7s %5s  %-7s %-7s "
		       "%6s %6s\n",
			"bytes", "", "", "", "us", "us", "us", "us", "us", "us", "us", "us", "us",
			"/frame", "", "", "ns", "s", "s");
	printf("%6u %-5s %10llu %5llu %8.2f %8.2f %8.2f %8.2f %8.2f %8.2f %8.2f %8.1f %8.2f",
		row->size, xd_touch_name(row->touch), (unsigned long long)f->count,
		(unsigned long long)f->lost, f->min_ns / 1e3, f->mean_ns / 1e3, f->p50_ns / 1e3,
		f->p95_ns / 1e3, f->p99_ns / 1e3, f->p99_9_ns / 1e3, f->p99_99_ns / 1e3,
		f->max_ns / 1e3, f->half_mean_ns / 1e3);
	print_tail(row);
}

void
table_row(struct table *table, const struct xd_row *row)
{
	table_clear_progress(table);
	if (row->engine == XD_ENGINE_RATE)
		print_rate(table, row);
	else
		print_latency(table, row);
	table->headed = true;
	fflush(stdout);
}

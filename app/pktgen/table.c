/* SPDX-License-Identifier: BSD-3-Clause */
/* What all tables on the screen share: heads, columns, times, and the line of progress below them.
 * Which table a row belongs to, its engine says. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "engine.h"
#include "suite/clock.h"
#include "table.h"
#include "table_parts.h"
#include "traffic/host/placement.h"

#define BAR 30

/* Before so much is done, and so long has passed, nobody knows how long the rest takes. */
#define GUESS_SHARE 0.03
#define GUESS_S     0.5

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
print_time_left(double elapsed_s, double done, double rest)
{
	double left_s;
	char text[16];

	if (done < GUESS_SHARE || elapsed_s < GUESS_S)
		return;
	left_s = elapsed_s * rest / done;
	printf(" %s left", suite_clock_text(left_s, text, sizeof(text)));
}

/* Behind the bar: how far a suite is that this is a step of. */
static void
print_suite(struct table *table, double now)
{
	const struct table_suite *s = table->suite;
	double step_s;
	char text[16];

	if (!s)
		return;
	if (table->begun_s <= 0)
		table->begun_s = now;
	step_s = s->step_s - (now - table->begun_s);
	printf("; step %u of %u, %s left in all", s->step, s->steps,
		suite_clock_text((step_s > 0 ? step_s : 0) + s->later_s, text, sizeof(text)));
}

void
table_progress(struct table *table, const char *what, double share)
{
	double now = now_s();
	int full;

	if (!table->terminal)
		return;
	share = share > 0 ? share : 0; /* NaN too */
	share = share < 1 ? share : 1;
	if (strncmp(table->what, what, sizeof(table->what) - 1) || share < table->at) {
		snprintf(table->what, sizeof(table->what), "%s", what);
		table->since_s = now;
		table->first = share;
	}
	table->at = share;
	full = (int)(BAR * share);
	printf("\r\033[K%-12s %.*s%.*s", what, full, "##############################", BAR - full,
		"..............................");
	print_time_left(now - table->since_s, share - table->first, 1 - share);
	print_suite(table, now);
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

void
table_head(struct table *table, const struct xd_row *row, const char *title, const char *head,
	const char *units)
{
	char whole[sizeof(table->title)], rings[XD_RINGS_TEXT];

	xd_rings_text(&row->rings, rings, sizeof(rings));
	snprintf(whole, sizeof(whole), "%s%s%s", title, rings[0] ? ", " : "", rings);
	if (!strcmp(table->title, whole))
		return;
	printf("%s%s\n", table->title[0] ? "\n" : "", whole);
	printf("%s %7s %5s  %-7s %-7s %6s %6s  %s\n", head, "cycles", "busy", "cores", "RTT", "CPU",
		"steal", "NUMA");
	printf("%s %7s %5s  %-7s %-7s %6s %6s  %s\n", units, "/frame", "", "", "ns", "s", "s",
		"mem/core/guest");
	snprintf(table->title, sizeof(table->title), "%s", whole);
	table->name[0] = '\0';
}

void
table_name(struct table *table, const struct xd_row *row)
{
	if (row->name[0] && strcmp(table->name, row->name))
		printf("  %s\n", row->name);
	snprintf(table->name, sizeof(table->name), "%s", row->name);
}

const char *
table_size(const struct xd_row *row, char *text, size_t size)
{
	if (row->mix[0] && strlen(row->mix) <= 7)
		snprintf(text, size, "%s", row->mix);
	else
		snprintf(text, size, "%s%u", row->mix[0] ? "~" : "", row->size);
	return text;
}

const char *
table_mpps(double pps, const char *zero, char *text, size_t size)
{
	if (pps > 0)
		snprintf(text, size, pps < 1e4 ? "%.2g" : "%.4g", pps / 1e6);
	else
		snprintf(text, size, "%s", zero);
	return text;
}

void
table_tail(const struct xd_row *row)
{
	char cycles[16] = "-", busy[16] = "-", ns[32] = "-", numa[XD_NUMA_TEXT];

	if (row->dut.known && row->dut.frames) {
		snprintf(cycles, sizeof(cycles), "%.1f", row->dut.busy_cycles_per_frame);
		snprintf(busy, sizeof(busy), "%.0f%%", 100 * row->dut.busy_share);
	}
	if (row->placement_before_ns > 0 || row->placement_after_ns > 0)
		snprintf(ns, sizeof(ns), "%.0f/%.0f", row->placement_before_ns,
			row->placement_after_ns);
	printf(" %7s %5s  %-7s %-7s %6.2f %6.2f  %s%s%s%s\n", cycles, busy,
		xd_placement_class(row->placement_before_ns, row->placement_after_ns), ns,
		row->cpu_s, row->steal_s, xd_numa_text(&row->numa, numa, sizeof(numa)),
		row->numa.remote ? "  REMOTE" : "", row->is_void ? "  VOID" : "",
		row->partial ? "  (partial)" : "");
}

#define SOUND 99.9 /* percentile: what is said of the switch up to there needs no note */

static void
print_pacing(const struct xd_pacing_figures *f)
{
	printf("        schedule: ");
	if (f->lateness.count)
		printf("%.2f%% within 500 ns; late by P50 %.3f, P99 %.3f, P99.9 %.3f, max %.3f "
		       "us; ",
			100 * f->within_500ns, f->lateness.p50_ns / 1e3, f->lateness.p99_ns / 1e3,
			f->lateness.p99_9_ns / 1e3, f->lateness.max_ns / 1e3);
	printf("at most %u at once; frames late %llu, blocked %llu, skipped %llu, missed %llu\n",
		f->max_burst, (unsigned long long)f->late_frames,
		(unsigned long long)f->blocked_frames, (unsigned long long)f->skipped_frames,
		(unsigned long long)f->missed_frames);
	if (f->sound_percentile < SOUND)
		printf("        the generator itself was late with %.2f%% of the frames: from the "
		       "plan, what is beyond P%.4g is about it\n",
			100 - f->sound_percentile, f->sound_percentile);
}

static void
print_flows(const struct xd_flow_figures *f)
{
	printf("        %u flow%s: lost %llu, reordered %llu, duplicated %llu", f->flows,
		f->flows == 1 ? "" : "s", (unsigned long long)f->lost,
		(unsigned long long)f->reordered, (unsigned long long)f->duplicated);
	if (f->checked)
		printf(", wrong payload %llu", (unsigned long long)f->wrong_payload);
	if (f->flows_with_loss)
		printf("; %u lost some, flow %u most: %llu", f->flows_with_loss, f->worst_flow,
			(unsigned long long)f->worst_lost);
	if (f->impaired_lost || f->impaired_dup || f->impaired_reordered)
		printf("; impaired on purpose: lost %llu, duplicated %llu, reordered %llu",
			(unsigned long long)f->impaired_lost, (unsigned long long)f->impaired_dup,
			(unsigned long long)f->impaired_reordered);
	putchar('\n');
}

void
table_notes(const struct xd_row *row)
{
	const struct xd_rate_figures *f = &row->rate;

	if (row->paced)
		print_pacing(&row->pacing);
	if (row->tracked)
		print_flows(&row->flow_figures);
	if (f->learn_lost_frames)
		printf("        %llu of %llu frames were lost while the switch learned\n",
			(unsigned long long)f->learn_lost_frames,
			(unsigned long long)f->learned_frames);
	if (row->numa.remote)
		puts("        REMOTE: frames lie on another NUMA node than the core that drives "
		     "their port");
	if (row->is_void)
		printf("        VOID, not a result: %s\n", row->void_reason);
}

void
table_row(struct table *table, const struct xd_row *row)
{
	void (*show)(struct table *, const struct xd_row *);

	table_clear_progress(table);
	show = engine_of(row)->show;
	(show ? show : table_own_row)(table, row);
	fflush(stdout);
}

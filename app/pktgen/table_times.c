/* SPDX-License-Identifier: BSD-3-Clause */
/* The table on the screen for rows of times: round trips, and frames on a schedule. */
#include <stdio.h>
#include <string.h>

#include "table_parts.h"
#include "traffic/engine/message/message.h"

/* The eight columns of a distribution. */
#define TIMES_HEAD " %7s %7s %7s %7s %7s %7s %7s %8s"

const char *
table_us(double ns, char *text, size_t size)
{
	const double us = ns / 1e3;

	snprintf(text, size, "%.*f", us < 1000 ? 2 : us < 10000 ? 1 : 0, us);
	return text;
}

static void
print_times(const struct xd_times *t)
{
	const double figures[] = {t->min_ns, t->mean_ns, t->p50_ns, t->p95_ns, t->p99_ns,
		t->p99_9_ns, t->p99_99_ns, t->max_ns};

	for (unsigned i = 0; i < 8; i++) {
		const int width = i < 7 ? 7 : 8;
		char text[32];

		printf(" %*s", width, t->count ? table_us(figures[i], text, sizeof(text)) : "-");
	}
}

static void
print_round_trips(struct table *table, const struct xd_row *row)
{
	const struct xd_latency_figures *f = &row->latency;
	char head[160], units[160], size[16];
	static const char columns[] = "%7s %-5s %10s %5s" TIMES_HEAD " %7s";

	snprintf(head, sizeof(head), columns, "size", "touch", "count", "lost", "min", "mean",
		"P50", "P95", "P99", "P99.9", "P99.99", "max", "mean/2");
	snprintf(units, sizeof(units), columns, "bytes", "", "", "", "us", "us", "us", "us", "us",
		"us", "us", "us", "us");
	table_head(table, row, "round trips, one at a time", head, units);
	table_name(table, row);
	printf("%7s %-5s %10llu %5llu", table_size(row, size, sizeof(size)),
		xd_touch_name(row->touch), (unsigned long long)f->count,
		(unsigned long long)f->lost);
	print_times(&f->actual);
	printf(" %7.2f", f->half_mean_ns / 1e3);
	table_tail(row);
}

/* From when frames should have been sent, and below it from when they were. */
static void
print_scheduled(struct table *table, const struct xd_row *row)
{
	const struct xd_latency_figures *f = &row->latency;
	const bool planned = f->planned.count > 0;
	const bool one_way = f->way == XD_TIMES_ONE_WAY;
	char head[160], units[160], size[16], asked[24];
	static const char columns[] = "%7s %-5s %7s %9s %6s %-7s" TIMES_HEAD;

	snprintf(head, sizeof(head), columns, "size", "touch", "asked", "timed", "lost", "from",
		"min", "mean", "P50", "P95", "P99", "P99.9", "P99.99", "max");
	snprintf(units, sizeof(units), columns, "bytes", "", "Mpps", "frames", "frames", "", "us",
		"us", "us", "us", "us", "us", "us", "us");
	table_head(table, row, one_way ? "one way, on a schedule" : "round trips, on a schedule",
		head, units);
	table_name(table, row);
	printf("%7s %-5s %7s %9llu %6lld %-7s", table_size(row, size, sizeof(size)),
		xd_touch_name(row->touch),
		table_mpps(row->rate.asked_pps, "max", asked, sizeof(asked)),
		(unsigned long long)f->count, (long long)row->rate.lost_frames,
		planned ? "planned" : "sent");
	print_times(planned ? &f->planned : &f->actual);
	table_tail(row);
	if (planned) {
		printf("%46s%-7s", "", "sent");
		print_times(&f->actual);
		putchar('\n');
	}
	printf("        jitter: P99/P50 %.2f", f->jitter);
	if (one_way)
		printf(", RFC 3550 %.0f ns", f->rfc3550_jitter_ns);
	else
		printf("; mean / 2: %.2f us", f->half_mean_ns / 1e3);
	printf("; %.4f Mpps sent, %.4f came, limit %s\n", row->rate.sent_pps / 1e6,
		row->rate.pps / 1e6, xd_bottleneck_name(row->rate.bottleneck));
}

void
table_latency_row(struct table *table, const struct xd_row *row)
{
	if (row->paced)
		print_scheduled(table, row);
	else
		print_round_trips(table, row);
	table_notes(row);
}

static void
print_answers(struct table *table, const struct xd_row *row)
{
	struct xd_message_figures f;
	char head[160], units[160];
	static const char columns[] = "%10s %7s %10s" TIMES_HEAD " %7s";

	memcpy(&f, row->own, sizeof(f));
	snprintf(head, sizeof(head), columns, "message", "streams", "messages", "min", "mean",
		"P50", "P95", "P99", "P99.9", "P99.99", "max", "mean/2");
	snprintf(units, sizeof(units), columns, "bytes", "", "1/s", "us", "us", "us", "us", "us",
		"us", "us", "us", "us");
	table_head(table, row, "messages and their answers", head, units);
	table_name(table, row);
	printf("%10llu %7u %10.0f", (unsigned long long)f.message_bytes, f.streams, f.messages_s);
	print_times(&row->latency.actual);
	printf(" %7.2f", row->latency.half_mean_ns / 1e3);
	table_tail(row);
	if (row->latency.lost)
		printf("      %llu not answered in time\n", (unsigned long long)row->latency.lost);
	table_notes(row);
}

void
table_message_row(struct table *table, const struct xd_row *row)
{
	if (row->timed)
		print_answers(table, row);
	else
		table_own_frames_row(table, row);
}

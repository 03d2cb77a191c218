/* SPDX-License-Identifier: BSD-3-Clause */
/* The table on the screen for transactions. */
#include <stdio.h>
#include <string.h>

#include "table_parts.h"
#include "traffic/engine/rr/rr.h"

#define TIMES 10 /* columns */

static void
print_transaction_times(const struct xd_row *row, const struct xd_rr_figures *f)
{
	const struct xd_times *t = &row->latency.actual;
	const double ns[TIMES] = {t->min_ns, t->mean_ns, t->p50_ns, f->p90_ns, t->p95_ns, t->p99_ns,
		t->p99_9_ns, t->p99_99_ns, t->max_ns, f->stddev_ns};
	char text[16];

	for (unsigned i = 0; i < TIMES; i++)
		printf(" %7s", f->asks && t->count ? table_us(ns[i], text, sizeof(text)) : "-");
}

void
table_rr_row(struct table *table, const struct xd_row *row)
{
	static const char columns[] = "%-7s %4s %8s %8s %7s %11s %7s %7s %7s %7s %7s %7s %7s %7s "
				      "%7s %7s";
	struct xd_rr_figures f;
	char head[192], units[192];

	memcpy(&f, row->own, sizeof(f));
	snprintf(head, sizeof(head), columns, "test", "out", "request", "response", "streams",
		"transact.", "min", "mean", "P50", "P90", "P95", "P99", "P99.9", "P99.99", "max",
		"stddev");
	snprintf(units, sizeof(units), columns, "", "", "bytes", "bytes", "", "1/s", "us", "us",
		"us", "us", "us", "us", "us", "us", "us", "us");
	table_head(table, row, "transactions", head, units);
	table_name(table, row);
	printf("%-7s %4u %8llu %8llu %7u %11.0f", f.test, f.outstanding,
		(unsigned long long)f.request_bytes, (unsigned long long)f.response_bytes,
		f.streams, f.transactions_s);
	print_transaction_times(row, &f);
	table_tail(row);
	printf("        requests %.2f Mbit/s, answers %.2f Mbit/s; limit %s", f.request_bps / 1e6,
		f.response_bps / 1e6, f.limit);
	if (!f.is_udp)
		printf("; %llu segments sent again\n", (unsigned long long)f.path.retransmitted);
	else if (f.asks)
		printf("; %llu answers lost, %llu late\n", (unsigned long long)f.lost,
			(unsigned long long)f.late);
	else
		putchar('\n');
}

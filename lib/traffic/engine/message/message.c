/* SPDX-License-Identifier: BSD-3-Clause */
/* What the rows of engines that send messages say, beside what each engine adds. */
#include <string.h>

#include "traffic/engine/message/message.h"

_Static_assert(sizeof(struct xd_message_figures) <= sizeof(((struct xd_row *)0)->own),
	"the figures do not fit a row");

bool
xd_message_is_verified(const struct xd_row *row)
{
	struct xd_message_figures f;

	memcpy(&f, row->own, sizeof(f));
	return f.verified;
}

const char *
xd_message_way_name(enum xd_message_way way)
{
	static const char *const names[] = {"forward", "reverse", "both"};

	return names[way];
}

const char *
xd_message_test_name(enum xd_message_test test)
{
	static const char *const names[] = {"bandwidth", "latency"};

	return names[test];
}

void
xd_message_times(struct xd_row *row, const struct xd_histogram *h)
{
	struct xd_latency_figures *f = &row->latency;

	row->timed = true;
	f->way = XD_TIMES_ROUND_TRIP;
	f->count = xd_histogram_count(h);
	xd_times_of(&f->actual, h);
	f->half_mean_ns = f->actual.mean_ns / 2;
	f->jitter = f->actual.p50_ns > 0 ? f->actual.p99_ns / f->actual.p50_ns : 0;
}

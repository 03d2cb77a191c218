/* SPDX-License-Identifier: BSD-3-Clause */
/* What the rows of engines that send messages say, beside what each engine adds. */
#include <string.h>

#include "traffic/engine/message/message.h"

_Static_assert(sizeof(struct xd_message_figures) <= sizeof(((struct xd_row *)0)->own),
	"the figures do not fit a row");

static struct xd_message_figures
figures_of(const struct xd_row *row)
{
	struct xd_message_figures f;

	memcpy(&f, row->own, sizeof(f));
	return f;
}

bool
xd_message_is_verified(const struct xd_row *row)
{
	return figures_of(row).verified;
}

bool
xd_message_gbps(const struct xd_row *row, double *value)
{
	*value = figures_of(row).bps / 1e9;
	return true;
}

bool
xd_message_rate(const struct xd_row *row, double *value)
{
	*value = figures_of(row).messages_s;
	return true;
}

bool
xd_message_wrong_bytes(const struct xd_row *row, double *value)
{
	*value = (double)figures_of(row).wrong_bytes;
	return figures_of(row).verified;
}

int
xd_message_run_rows(const struct xd_gen *gen, const struct xd_message_opts *opts,
	int (*run_row)(void *ctx, enum xd_message_test test, uint64_t bytes, unsigned trial,
		struct xd_error *err),
	void *ctx, struct xd_error *err)
{
	int rc = 0;

	for (unsigned test = 0; test < XD_MESSAGE_TESTS; test++)
		for (unsigned i = 0; i < opts->sizes.n && !xd_gen_cancelled(gen); i++)
			for (unsigned n = 1; opts->tests[test] && n <= opts->trials && !rc; n++)
				rc = run_row(ctx, test, opts->sizes.mix[i].bytes[0], n, err);
	return rc;
}

void
xd_message_merge(struct xd_message_figures *f, const struct xd_message_figures *far)
{
	f->wrong_bytes += far->wrong_bytes;
	f->messages += far->messages;
	f->messages_s += far->messages_s;
	f->bps += far->bps;
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

/* SPDX-License-Identifier: BSD-3-Clause */
/* What results know of the rr engine. */
#include <string.h>

#include "traffic/engine/rr/rr.h"

#define FIGURE(name, kind_, ...)                                                                   \
	{                                                                                          \
		.key = #name, .kind = kind_,                                                       \
		.offset = offsetof(struct xd_row, own) + offsetof(struct xd_rr_figures, name),     \
		.size = sizeof(((struct xd_rr_figures *)0)->name), __VA_ARGS__                     \
	}

static struct xd_rr_figures
figures_of(const struct xd_row *row)
{
	struct xd_rr_figures f;

	memcpy(&f, row->own, sizeof(f));
	return f;
}

static bool
is_verified(const struct xd_row *row)
{
	return figures_of(row).verified;
}

static bool
asks(const struct xd_row *row)
{
	return figures_of(row).asks;
}

static bool
asks_by_udp(const struct xd_row *row)
{
	return figures_of(row).asks && figures_of(row).is_udp;
}

static bool
is_udp(const struct xd_row *row)
{
	return figures_of(row).is_udp;
}

static bool
is_tcp(const struct xd_row *row)
{
	return !figures_of(row).is_udp;
}

static const struct xd_figure figures[] = {
	FIGURE(test, XD_FIGURE_TEXT, .head = "test", .role = XD_FIGURE_ASKED),
	FIGURE(outstanding, XD_FIGURE_UNSIGNED, .head = "outstanding", .role = XD_FIGURE_ASKED),
	FIGURE(streams, XD_FIGURE_UNSIGNED, .head = "streams", .role = XD_FIGURE_ASKED),
	FIGURE(request_bytes, XD_FIGURE_COUNT, .head = "request", .unit = "B",
		.role = XD_FIGURE_ASKED),
	FIGURE(response_bytes, XD_FIGURE_COUNT, .head = "response", .unit = "B",
		.role = XD_FIGURE_ASKED),
	FIGURE(verified, XD_FIGURE_FLAG, .role = XD_FIGURE_ASKED),
	FIGURE(wrong_bytes, XD_FIGURE_COUNT, .has = is_verified),
	FIGURE(transactions, XD_FIGURE_COUNT),
	FIGURE(transactions_s, XD_FIGURE_REAL, .head = "transactions", .unit = "1/s"),
	FIGURE(request_bps, XD_FIGURE_REAL, .head = "requests", .unit = "Mbit/s", .scale = 1e6),
	FIGURE(response_bps, XD_FIGURE_REAL, .head = "responses", .unit = "Mbit/s", .scale = 1e6),
	FIGURE(p90_ns, XD_FIGURE_REAL, .has = asks, .head = "P90", .unit = "us", .scale = 1e3),
	FIGURE(stddev_ns, XD_FIGURE_REAL, .has = asks, .head = "stddev", .unit = "us",
		.scale = 1e3),
	FIGURE(limit, XD_FIGURE_TEXT, .or_null = true, .head = "limit"),
	FIGURE(lost, XD_FIGURE_COUNT, .has = asks_by_udp, .head = "lost"),
	FIGURE(late, XD_FIGURE_COUNT, .has = asks_by_udp),
	FIGURE(strange, XD_FIGURE_COUNT, .has = is_udp),
	XD_TCP_PATH_FIGURES(struct xd_rr_figures, path, is_tcp),
	{.key = NULL},
};

static bool
get_transactions_s(const struct xd_row *row, double *value)
{
	*value = figures_of(row).transactions_s;
	return true;
}

static bool
get_retransmitted(const struct xd_row *row, double *value)
{
	*value = (double)figures_of(row).path.retransmitted;
	return is_tcp(row);
}

static bool
get_wrong_bytes(const struct xd_row *row, double *value)
{
	*value = (double)figures_of(row).wrong_bytes;
	return is_verified(row);
}

static bool
get_lost(const struct xd_row *row, double *value)
{
	*value = (double)figures_of(row).lost;
	return asks_by_udp(row);
}

static const struct xd_condition_figure conditions[] = {
	{"transactions_s", get_transactions_s},
	{"retransmitted", get_retransmitted},
	{"wrong_bytes", get_wrong_bytes},
	{"lost_answers", get_lost},
	{NULL, NULL},
};

const struct xd_engine xd_rr_engine = {
	.name = "rr",
	.section = "rr",
	.figures = figures,
	.conditions = conditions,
};

const char *
xd_rr_test_name(enum xd_rr_test test)
{
	static const char *const names[] = {"tcp_rr", "tcp_crr", "udp_rr"};

	return names[test];
}

_Static_assert(sizeof(struct xd_rr_figures) <= sizeof(((struct xd_row *)0)->own),
	"the figures do not fit a row");

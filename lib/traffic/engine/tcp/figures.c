/* SPDX-License-Identifier: BSD-3-Clause */
/* What results know of the tcp engine. */
#include <string.h>

#include "traffic/engine/tcp/tcp.h"

#define FIGURE(name, kind_, ...)                                                                   \
	{                                                                                          \
		.key = #name, .kind = kind_,                                                       \
		.offset = offsetof(struct xd_row, own) + offsetof(struct xd_tcp_figures, name),    \
		__VA_ARGS__                                                                        \
	}
#define HEAD .head

static const struct xd_figure figures[] = {
	XD_MESSAGE_FIGURES,
	FIGURE(mss, XD_FIGURE_UNSIGNED),
	FIGURE(segment_bytes, XD_FIGURE_REAL, HEAD = "segment", .unit = "B"),
	FIGURE(retransmitted, XD_FIGURE_COUNT, HEAD = "resent", .unit = "segments"),
	FIGURE(limited_receiver, XD_FIGURE_REAL, HEAD = "receiver", .unit = "%", .scale = 0.01),
	FIGURE(limited_congestion, XD_FIGURE_REAL, HEAD = "congestion", .unit = "%", .scale = 0.01),
	FIGURE(limited_core, XD_FIGURE_REAL, HEAD = "core", .unit = "%", .scale = 0.01),
	FIGURE(wrong_frames, XD_FIGURE_COUNT),
	FIGURE(failed, XD_FIGURE_COUNT),
	FIGURE(impaired_lost, XD_FIGURE_COUNT),
	FIGURE(impaired_dup, XD_FIGURE_COUNT),
	FIGURE(impaired_reordered, XD_FIGURE_COUNT),
	{.key = NULL},
};

static struct xd_tcp_figures
figures_of(const struct xd_row *row)
{
	struct xd_tcp_figures f;

	memcpy(&f, row->own, sizeof(f));
	return f;
}

static bool
get_gbps(const struct xd_row *row, double *value)
{
	*value = figures_of(row).message.bps / 1e9;
	return true;
}

static bool
get_messages_s(const struct xd_row *row, double *value)
{
	*value = figures_of(row).message.messages_s;
	return true;
}

static bool
get_retransmitted(const struct xd_row *row, double *value)
{
	*value = (double)figures_of(row).retransmitted;
	return true;
}

static bool
get_wrong_bytes(const struct xd_row *row, double *value)
{
	*value = (double)figures_of(row).message.wrong_bytes;
	return figures_of(row).message.verified;
}

static const struct xd_condition_figure conditions[] = {
	{"message_gbps", get_gbps},
	{"messages_s", get_messages_s},
	{"retransmitted", get_retransmitted},
	{"wrong_bytes", get_wrong_bytes},
	{NULL, NULL},
};

const struct xd_engine xd_tcp_engine = {
	.name = "tcp",
	.section = "tcp",
	.figures = figures,
	.conditions = conditions,
};

_Static_assert(sizeof(struct xd_tcp_figures) <= sizeof(((struct xd_row *)0)->own),
	"the figures do not fit a row");

/* SPDX-License-Identifier: BSD-3-Clause */
/* What results know of the tcp engine. */
#include <string.h>

#include "traffic/engine/tcp/tcp.h"

static const struct xd_figure figures[] = {
	XD_MESSAGE_FIGURES,
	XD_TCP_PATH_FIGURES(struct xd_tcp_figures, path, NULL),
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
	*value = (double)figures_of(row).path.retransmitted;
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

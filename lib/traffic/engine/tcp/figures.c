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
get_retransmitted(const struct xd_row *row, double *value)
{
	*value = (double)figures_of(row).path.retransmitted;
	return true;
}

static const struct xd_condition_figure conditions[] = {
	{"message_gbps", xd_message_gbps},
	{"messages_s", xd_message_rate},
	{"retransmitted", get_retransmitted},
	{"wrong_bytes", xd_message_wrong_bytes},
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
